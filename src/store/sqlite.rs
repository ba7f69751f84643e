//! The journal in a SQLite file: no set-up, write-ahead log, every append on the disk before it returns.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool};

use super::check::{self, Standing};
use super::place::{self, Identity};
use super::sql::{self, journal_on};
use super::{Advance, Journal, JournalError, Query, error};
use crate::domain::journal::{Entry, NewEntry};

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// `miha`, in the header of every journal file.
const APPLICATION: i64 = 0x6d69_6861;
/// How long a writer waits for another one. An append takes milliseconds.
const BUSY: Duration = Duration::from_secs(5);
/// Longest that a call may take, waiting for others included.
const DEADLINE: Duration = Duration::from_secs(20);
/// One writes, others read beside it.
const CONNECTIONS: u32 = 4;

struct Sqlite {
    path: PathBuf,
    identity: Identity,
    pool: SqlitePool,
    advance: Advance,
}

/// Opens the journal file at `path`, and makes it where there is none.
///
/// # Errors
/// It is on a network file system, locked, read-only, corrupt, of a newer version; the disk is full.
pub async fn open(path: &Path, advance: Advance) -> Result<Arc<dyn Journal>, JournalError> {
    Ok(Arc::new(Sqlite::open(path, advance, place::statfs, |options| options).await?))
}

/// Opens the journal file at `path` for reading alone; `None` where there is none, or an empty file.
///
/// # Errors
/// It cannot be read, is a database of another program, or of a newer version.
pub async fn open_to_read(path: &Path, advance: Advance) -> Result<Option<Arc<dyn Journal>>, JournalError> {
    let asked = path.to_path_buf();
    let looked = tokio::task::spawn_blocking(move || place::look(&asked));
    let Some(found) = (match tokio::time::timeout(DEADLINE, looked).await {
        Ok(Ok(found)) => found?,
        Ok(Err(_)) | Err(_) => return Err(error::sqlite(path, &sqlx::Error::PoolTimedOut)),
    }) else {
        return Ok(None);
    };
    let failure = |e: sqlx::Error| error::sqlite(path, &e);
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .read_only(true)
        // Without the right to write beside it, a write-ahead log cannot be shared; where nobody has one, the
        // file stands still.
        .immutable(found.still)
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(failure)?;
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master")
        .fetch_one(&mut connection)
        .await
        .map_err(failure)?;
    if tables == 0 {
        return Ok(None);
    }
    ours(path, &mut connection, tables).await?;
    let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM journal_migrations")
        .fetch_all(&mut connection)
        .await
        .map_err(failure)?;
    super::known(&error::file(path), &MIGRATIONS, &versions)?;
    connection.close().await.map_err(failure)?;
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(DEADLINE)
        .connect_lazy_with(options);
    Ok(Some(Arc::new(Sqlite { path: path.to_path_buf(), identity: found.identity, pool, advance })))
}

/// Refuses a database with tables that miharu did not make.
async fn ours(path: &Path, connection: &mut SqliteConnection, tables: i64) -> Result<(), JournalError> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(connection)
        .await
        .map_err(|e| error::sqlite(path, &e))?;
    if tables > 0 && application != APPLICATION {
        let text = format!("{} is a database of another program", error::file(path));
        return Err(error::failed(text, "set journal to another path"));
    }
    Ok(())
}

impl Sqlite {
    /// `statfs` and `options` let tests stand on other disks.
    async fn open(
        path: &Path,
        advance: Advance,
        statfs: place::Statfs,
        options: fn(SqliteConnectOptions) -> SqliteConnectOptions,
    ) -> Result<Self, JournalError> {
        let path = path.to_path_buf();
        let asked = path.clone();
        // A disk may not answer.
        let prepared = tokio::task::spawn_blocking(move || place::prepare(&asked, statfs));
        let identity = match tokio::time::timeout(DEADLINE, prepared).await {
            Ok(Ok(prepared)) => prepared?,
            Ok(Err(_)) | Err(_) => return Err(error::sqlite(&path, &sqlx::Error::PoolTimedOut)),
        };
        let options = options(
            SqliteConnectOptions::new()
                .filename(&path)
                .create_if_missing(false)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY)
                .thread_name(|n| format!("journal-{n}"))
                .disable_statement_logging(),
        );
        let failure = |e: &sqlx::Error| error::sqlite(&path, e);
        // A connection of its own: its error says what is wrong, that of a pool only that it waited.
        let mut connection = options.connect().await.map_err(|e| failure(&e))?;
        let migrated = migrate(&path, &mut connection).await;
        let closed = connection.close().await.map_err(|e| failure(&e));
        migrated.and(closed)?;
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(DEADLINE)
            .connect_lazy_with(options);
        Ok(Self { path, identity, pool, advance })
    }

    fn failure(&self, error: &sqlx::Error) -> JournalError {
        error::sqlite(&self.path, error)
    }

    fn strange(&self) -> JournalError {
        error::corrupt(&error::file(&self.path))
    }

    /// A call. A file that was removed or replaced would go on taking entries that nobody else sees.
    async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, JournalError>> + Send,
    ) -> Result<T, JournalError> {
        if place::identity(&self.path)? != self.identity {
            let text = format!("{} was replaced while it was open", error::file(&self.path));
            return Err(error::failed(text, "start miharu again"));
        }
        let timed_out = |_| Err(self.failure(&sqlx::Error::PoolTimedOut));
        tokio::time::timeout(DEADLINE, call).await.unwrap_or_else(timed_out)
    }
}

/// Makes the tables, or finds them. Everything in one transaction that takes the right to write at once: a journal
/// that is read-only or locked says so now, and two that open a new file at once do not make it twice.
async fn migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), JournalError> {
    let failure = |e: sqlx::Error| error::sqlite(path, &e);
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failure)?;
    let tables: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master")
        .fetch_one(&mut *tx)
        .await
        .map_err(failure)?;
    ours(path, &mut tx, tables).await?;
    let migrator = super::migrator(&MIGRATIONS);
    let failed = |e| error::migration(&error::file(path), e, |e| error::sqlite(path, e));
    migrator.run(&mut *tx).await.map_err(failed)?;
    // The right to write is granted on a read-only file too; only writing tells.
    sqlx::query("UPDATE journal_head SET seq = seq").execute(&mut *tx).await.map_err(failure)?;
    tx.commit().await.map_err(failure)
}

journal_on!(sqlx::Sqlite, Sqlite, begin: "BEGIN IMMEDIATE", insert: "INSERT OR IGNORE", hint: |_: &str| "");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::{EntryKind, Phase};

    fn note() -> NewEntry {
        NewEntry {
            at: DateTime::UNIX_EPOCH,
            environment: "prod".into(),
            change: None,
            rule: None,
            event: EntryKind::Note,
            by: "ops".into(),
            step: None,
            detail: "x".repeat(2000).into(),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the form of a state machine")]
    fn advance(_: Option<Phase>, _: &NewEntry) -> Result<Phase, String> {
        Ok(Phase::Proposed)
    }

    /// Every append is on the disk before it returns, on each connection of the pool.
    #[tokio::test]
    async fn every_connection_writes_through() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let journal = Sqlite::open(&path, advance, place::statfs, |options| options).await.unwrap();
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = journal.pool.acquire().await.unwrap();
            let full: i64 =
                sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await.unwrap();
            let mode: String =
                sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
            assert_eq!((full, mode.as_str()), (2, "wal"));
            held.push(connection);
        }
    }

    /// SQLite answers a full disk and its own limit of pages with the same code.
    #[tokio::test]
    async fn a_full_disk() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let small = |options: SqliteConnectOptions| options.pragma("max_page_count", "60");
        let journal = Sqlite::open(&path, advance, place::statfs, small).await.unwrap();
        let mut written = 0;
        let error = loop {
            match journal.append(note()).await {
                Ok(_) => written += 1,
                Err(error) => break error,
            }
        };
        assert!(written > 10, "{written}");
        assert!(error.text.contains("journal.db cannot be written: the disk is full"), "{error}");
        assert!(error.remedy.contains("make room") && !error.conflict, "{error}");
        assert_eq!(journal.read(&Query::default()).await.unwrap().len(), written, "reading goes on");
        let roomy = open(&path, advance).await.unwrap();
        assert_eq!(roomy.append(note()).await.unwrap().seq, i64::try_from(written).unwrap() + 1);
    }

    #[tokio::test]
    async fn a_network_file_system() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("journal.db");
        let opened = Sqlite::open(&path, advance, |_| Ok(0x6969), |options| options).await;
        let error = opened.err().unwrap();
        assert!(error.text.contains("network file system (NFS)") && !path.exists(), "{error}");
    }
}
