//! A journal opened for reading alone: nothing is made, nothing altered, whoever writes it.

use std::fs;
use std::path::PathBuf;

use super::failures::{bound_by_permissions, journal_in, permit, run};
use super::*;
use miharu::store::Query;

async fn to_read(location: &Location) -> Result<Option<Arc<dyn Journal>>, JournalError> {
    store::open_to_read(location, advance).await
}

async fn entries(location: &Location) -> usize {
    let journal = to_read(location).await.unwrap_or_else(|e| panic!("{e}")).unwrap();
    journal.read(&Query::default()).await.unwrap_or_else(|e| panic!("{e}")).len()
}

fn names(home: &tempfile::TempDir) -> Vec<PathBuf> {
    let mut names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn where_there_is_none_none_is_made() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a/b/journal.db");
    assert!(to_read(&file(&path)).await.unwrap().is_none());
    store::could_be_made(&file(&path)).unwrap();
    assert!(names(&home).is_empty());
    fs::write(home.path().join("empty.db"), "").unwrap();
    assert!(to_read(&file(&home.path().join("empty.db"))).await.unwrap().is_none());
    let error = to_read(&file(Path::new(""))).await.err().unwrap();
    says(&error, "no home directory", "XDG_STATE_HOME");
}

#[tokio::test]
async fn beside_one_who_writes() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("journal.db");
    let writer = open(&file(&path)).await;
    writer.append(note(1, "prod")).await.unwrap();
    let reader = to_read(&file(&path)).await.unwrap().unwrap();
    for n in 2..5 {
        assert_eq!(reader.read(&Query::default()).await.unwrap().len(), n - 1);
        writer.append(note(i64::try_from(n).unwrap(), "prod")).await.unwrap();
    }
    says(&reader.append(note(9, "prod")).await.unwrap_err(), "read-only", "the right to write");
    assert!(reader.open_changes("prod").await.unwrap().is_empty());
}

#[test]
fn without_the_right_to_write() {
    bound_by_permissions(async || {
        let home = tempfile::tempdir().unwrap();
        let path = journal_in(&home).await;
        permit(&path, 0o444);
        permit(home.path(), 0o555);
        let found = entries(&file(&path)).await;
        let could = store::could_be_made(&file(&home.path().join("other.db"))).unwrap_err();
        permit(home.path(), 0o755);
        assert_eq!(found, 50);
        says(&could, "cannot be written", "the right to write");
    });
}

#[tokio::test]
async fn what_is_no_journal_of_this_version_is_said() {
    let home = tempfile::tempdir().unwrap();
    let path = journal_in(&home).await;
    run(
        &path,
        "INSERT INTO journal_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', 1, x'00', 0)",
    )
    .await
    .unwrap();
    says(&to_read(&file(&path)).await.err().unwrap(), "its format is 9999", "run that version");
    let other = home.path().join("other.db");
    run(&other, "CREATE TABLE t (a)").await.unwrap();
    says(&to_read(&file(&other)).await.err().unwrap(), "of another program", "another path");
    let text = home.path().join("text.db");
    fs::write(&text, "this is no journal, but it is long enough to be looked at as one").unwrap();
    says(&to_read(&file(&text)).await.err().unwrap(), "corrupt, or not a journal", "backup");
}

#[tokio::test]
async fn on_a_server_with_the_right_to_read_alone() {
    let db = mariadb::MariaDb::start();
    assert!(to_read(&server(&db.url())).await.unwrap().is_none());
    assert_eq!(db.sql("SHOW TABLES IN miharu"), "", "none was made");
    let journal = open(&server(&db.url())).await;
    journal.append(note(1, "prod")).await.unwrap();
    db.sql("create user 'r'@'127.0.0.1' identified by 'r'; grant select on miharu.* to 'r'@'127.0.0.1'");
    assert_eq!(entries(&server(&db.url_of("r", "r", "miharu"))).await, 1);
}
