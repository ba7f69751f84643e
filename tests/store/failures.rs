//! What a SQLite file can be that is no journal to write: each case in words, and nothing altered.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::*;
use miharu::store::Query;
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

/// Another program at the same file.
async fn other(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

pub(super) async fn run(path: &Path, statements: &'static str) -> Result<(), sqlx::Error> {
    let mut connection = other(path).await;
    let done = sqlx::raw_sql(statements).execute(&mut connection).await.map(|_| ());
    connection.close().await.unwrap();
    done
}

/// Whether this process holds a file descriptor of a file.
fn is_open(path: &Path) -> bool {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    descriptors.filter_map(|d| fs::read_link(d.ok()?.path()).ok()).any(|file| file == path)
}

/// A journal with a few entries, closed.
pub(super) async fn journal_in(home: &tempfile::TempDir) -> std::path::PathBuf {
    let path = home.path().join("journal.db");
    let journal = open(&file(&path)).await;
    for n in 0..50 {
        journal.append(NewEntry { detail: "x".repeat(2000).into(), ..note(n, "prod") }).await.unwrap();
    }
    drop(journal);
    // Its connections close behind it. SQLite hands a file that is still open in this process to the next
    // connection, whatever its permissions are meanwhile.
    let closed = async {
        while is_open(&path) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), closed).await.unwrap();
    // The last one takes the write-ahead log away; two that close at once both leave it to the other.
    run(&path, "SELECT COUNT(*) FROM sqlite_master").await.unwrap();
    assert!(!path.with_extension("db-wal").exists());
    path
}

/// Runs `test` without the right of root to pass by the permissions of files.
pub(super) fn bound_by_permissions(test: impl AsyncFnOnce() + Send + 'static) {
    // Threads that this one starts have its rights.
    let bound = std::thread::spawn(move || {
        let mut rights = capabilities(None).unwrap();
        rights.effective -= CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
        set_capabilities(None, rights).unwrap();
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test());
    });
    bound.join().unwrap();
}

pub(super) fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_read_only_file() {
    bound_by_permissions(async || {
        let home = tempfile::tempdir().unwrap();
        let path = journal_in(&home).await;
        permit(&path, 0o444);
        says(&refusal(&file(&path)).await, "journal.db is read-only", "the right to write");
    });
}

#[test]
fn a_journal_in_a_directory_that_became_read_only() {
    bound_by_permissions(async || {
        let home = tempfile::tempdir().unwrap();
        let path = journal_in(&home).await;
        permit(home.path(), 0o555);
        let error = refusal(&file(&path)).await;
        permit(home.path(), 0o755);
        says(&error, "journal.db", "the right to write");
    });
}

#[test]
fn a_read_only_directory() {
    bound_by_permissions(async || {
        let home = tempfile::tempdir().unwrap();
        permit(home.path(), 0o555);
        let new_file = refusal(&file(&home.path().join("journal.db"))).await;
        let new_directory = refusal(&file(&home.path().join("a/b/journal.db"))).await;
        permit(home.path(), 0o755);
        says(&new_file, "journal.db cannot be used: it cannot be made", "the right to write");
        says(&new_directory, "a/b cannot be made", "the right to write");
    });
}

#[test]
fn a_file_that_may_not_be_read() {
    bound_by_permissions(async || {
        let home = tempfile::tempdir().unwrap();
        let path = journal_in(&home).await;
        permit(&path, 0o000);
        says(&refusal(&file(&path)).await, "journal.db cannot be opened", "the right to write");
    });
}

#[tokio::test]
async fn a_new_journal_is_for_its_user_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("state/journal.db");
    open(&file(&path)).await.append(note(0, "prod")).await.unwrap();
    for (path, mode) in
        [(path.clone(), 0o600), (path.with_extension("db-wal"), 0o600), (home.path().join("state"), 0o700)]
    {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
}

#[tokio::test]
async fn a_locked_journal() {
    let home = tempfile::tempdir().unwrap();
    let path = journal_in(&home).await;
    let journal = open(&file(&path)).await;
    let mut holder = other(&path).await;
    let held = holder.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let location = file(&path);
    let (append, lease, opening) = tokio::join!(
        journal.append(note(0, "prod")),
        journal.lease("prod", "a", at(0), at(1)),
        refusal(&location)
    );
    for error in [append.unwrap_err(), lease.unwrap_err(), opening] {
        says(&error, "journal.db is locked", "end the process that holds it");
    }
    assert_eq!(journal.read(&Query::default()).await.unwrap().len(), 50, "reading goes on");
    held.rollback().await.unwrap();
    assert_eq!(journal.append(note(0, "prod")).await.unwrap().seq, 51);
}

#[tokio::test]
async fn what_is_no_journal() {
    let home = tempfile::tempdir().unwrap();
    let text = home.path().join("text.db");
    fs::write(&text, "this is no database\n".repeat(500)).unwrap();
    says(&refusal(&file(&text)).await, "text.db is corrupt, or not a journal", "restore it");
    assert!(fs::read_to_string(&text).unwrap().starts_with("this is no database"), "left as it was");
    let foreign = home.path().join("foreign.db");
    run(&foreign, "CREATE TABLE journal_entries (x)").await.unwrap();
    says(&refusal(&file(&foreign)).await, "foreign.db is a database of another program", "another path");
    says(&refusal(&file(home.path())).await, "is not a file", "path of a file");
    says(&refusal(&file(Path::new(""))).await, "no home directory", "XDG_STATE_HOME");
    let below = text.join("journal.db");
    says(&refusal(&file(&below)).await, "cannot be used", "correct the path");
}

#[tokio::test]
async fn a_corrupt_journal() {
    let home = tempfile::tempdir().unwrap();
    let path = journal_in(&home).await;
    run(&path, "PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let (from, to) = (bytes.len() / 3, bytes.len());
    bytes[from..to].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let journal = open(&file(&path)).await;
    let read = journal.read(&Query::default()).await.unwrap_err();
    says(&read, "journal.db is corrupt", "restore it from a backup");
    let cut = home.path().join("cut.db");
    fs::write(&cut, &fs::read(&path).unwrap()[..5000]).unwrap();
    says(&refusal(&file(&cut)).await, "cut.db is corrupt", "restore it from a backup");
}

#[tokio::test]
async fn a_row_that_miharu_did_not_write() {
    let home = tempfile::tempdir().unwrap();
    let path = journal_in(&home).await;
    run(
        &path,
        "INSERT INTO journal_entries VALUES (99, 0, 0, 'prod', NULL, NULL, 'guessed', 'x', NULL, '{}')",
    )
    .await
    .unwrap();
    let error = open(&file(&path)).await.read(&Query::default()).await.unwrap_err();
    says(&error, "journal.db is corrupt", "restore it from a backup");
}

#[tokio::test]
async fn a_journal_of_a_newer_version() {
    let home = tempfile::tempdir().unwrap();
    let path = journal_in(&home).await;
    run(
        &path,
        "INSERT INTO journal_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', 1, x'00', 0)",
    )
    .await
    .unwrap();
    says(
        &refusal(&file(&path)).await,
        "from a newer version of miharu (its format is 9999)",
        "run that version",
    );
}

#[tokio::test]
async fn entries_cannot_be_altered() {
    let home = tempfile::tempdir().unwrap();
    let path = journal_in(&home).await;
    for statement in [
        "UPDATE journal_entries SET actor = 'nobody' WHERE seq = 1",
        "DELETE FROM journal_entries WHERE seq = 1",
        "REPLACE INTO journal_entries SELECT seq, 0, 0, environment, change_id, rule, event, actor, step, detail \
         FROM journal_entries WHERE seq = 1",
    ] {
        let error = run(&path, statement).await.unwrap_err().to_string();
        assert!(error.contains("the journal is append-only"), "{statement}: {error}");
    }
    let journal = open(&file(&path)).await;
    assert_eq!(
        journal.read(&Query { limit: Some(1), after: Some(0), ..Query::default() }).await.unwrap()[0].at,
        at(0)
    );
}

#[tokio::test]
async fn a_journal_that_is_replaced_while_it_is_open() {
    let home = tempfile::tempdir().unwrap();
    let path = journal_in(&home).await;
    let journal = open(&file(&path)).await;
    fs::rename(&path, home.path().join("away.db")).unwrap();
    says(&journal.append(note(0, "prod")).await.unwrap_err(), "it cannot be found", "correct the path");
    let replaced = open(&file(&path)).await;
    replaced.append(note(0, "prod")).await.unwrap();
    let lease = journal.lease("prod", "a", at(0), at(1)).await.unwrap_err();
    says(&lease, "journal.db was replaced while it was open", "start miharu again");
}
