//! From a URL to a connection on which batches can be recorded.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::statement::Dialect;
use super::{ANSWER, Engine, Facts, Fault, Kind, Link};
use crate::config::model::Datasource;
use crate::store::mysql_options;

/// How long a writer of SQLite waits for another one. A batch takes milliseconds.
const BUSY: Duration = Duration::from_secs(3);
/// Bytes of a statement, at most: SQLite takes no more than a million, and a server's limit is seldom lower.
const STATEMENT: usize = 900_000;
/// Pages of the write-ahead log that are moved into the file at once: a long pause now and then is worth fewer writes.
const CHECKPOINT: &str = "4000";

/// Where the event log is.
pub struct Database {
    shown: String,
    target: Target,
    batches: bool,
}

enum Target {
    MySql { options: Box<MySqlConnectOptions>, session: String },
    Sqlite(Box<SqliteConnectOptions>),
}

impl Database {
    /// Understands a URL. `batches`: batch ids will be written, too.
    ///
    /// # Errors
    /// What is wrong with it, without its password.
    pub fn new(source: &Datasource, batches: bool) -> Result<Self, String> {
        let shown = shown(&source.url);
        let target = if source.url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(&source.url)
                .map_err(|e| format!("{shown} cannot be used: {e}"))?
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .pragma("wal_autocheckpoint", CHECKPOINT)
                .busy_timeout(BUSY)
                .thread_name(|n| format!("eventlog-{n}"))
                .disable_statement_logging();
            Target::Sqlite(Box::new(options))
        } else {
            mysql(&source.url).map_err(|why| format!("{shown} cannot be used: {why}"))?
        };
        Ok(Self { shown, target, batches })
    }

    /// The place, without password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// How many connections record at once; a SQLite file has one writer.
    pub fn lanes(&self, wanted: u32) -> u32 {
        match self.target {
            Target::MySql { .. } => wanted.max(1),
            Target::Sqlite(_) => 1,
        }
    }

    /// Connects, and makes the tables where there are none.
    ///
    /// # Errors
    /// In words that say what is wrong with it.
    pub async fn connect(&self) -> Result<Link, Fault> {
        let connected = tokio::time::timeout(ANSWER, async {
            match &self.target {
                Target::MySql { options, session } => self.mysql(options, session).await,
                Target::Sqlite(options) => self.sqlite(options).await,
            }
        });
        let silent = || Fault::new(Kind::Lost, "the database does not answer");
        connected.await.unwrap_or_else(|_| Err(silent()))
    }

    async fn mysql(&self, options: &MySqlConnectOptions, session: &str) -> Result<Link, Fault> {
        let engine = Engine::MySql(Box::new(options.connect().await?));
        let mut link = Link { engine, most: STATEMENT, facts: Facts::empty() };
        link.run(session).await?;
        link.make("SELECT 1 FROM eventlog LIMIT 0", Dialect::MySql.create()).await?;
        link.transactional().await?;
        if self.batches {
            link.batches().await?;
        }
        let packet = link.number("SELECT CAST(@@max_allowed_packet AS SIGNED)").await.ok().flatten();
        let packet = packet.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(STATEMENT);
        link.most = STATEMENT.min(packet.saturating_sub(1024));
        // A compatible server need not know this one.
        let flush =
            link.number("SELECT CAST(@@innodb_flush_log_at_trx_commit AS SIGNED)").await.ok().flatten();
        link.facts.text = flush.map_or_else(String::new, |n| format!("innodb_flush_log_at_trx_commit={n}"));
        if flush.is_some_and(|n| n != 1) {
            let text =
                "a commit is not on the disk when it is acknowledged: set innodb_flush_log_at_trx_commit=1";
            link.facts.warning = Some(text.into());
        }
        Ok(link)
    }

    async fn sqlite(&self, options: &SqliteConnectOptions) -> Result<Link, Fault> {
        if let Some(parent) = options.get_filename().parent().filter(|p| *p != Path::new("")) {
            let made = tokio::fs::create_dir_all(parent).await;
            made.map_err(|e| Fault::new(Kind::Cannot, format!("{} cannot be made: {e}", parent.display())))?;
        }
        let engine = Engine::Sqlite(Box::new(options.connect().await?));
        let mut link = Link { engine, most: STATEMENT, facts: Facts::empty() };
        link.make("SELECT 1 FROM eventlog LIMIT 0", Dialect::Sqlite.create()).await?;
        if self.batches {
            link.batches().await?;
        }
        let full = link.number("PRAGMA synchronous").await?;
        link.facts.text =
            format!("journal_mode=wal synchronous={}", if full == Some(2) { "full" } else { "lower" });
        Ok(link)
    }
}

impl Facts {
    fn empty() -> Self {
        Self { text: String::new(), warning: None, no_batches: None }
    }
}

impl Link {
    /// Makes a table, if asking for it fails: without the right to make one, one that exists will do.
    async fn make(&mut self, ask: &str, create: &str) -> Result<(), Fault> {
        match self.run(ask).await {
            Err(fault) if fault.kind == Kind::Cannot => self.run(create).await,
            other => other,
        }
    }

    async fn batches(&mut self) -> Result<(), Fault> {
        let create = Dialect::create_batches();
        let forget = "DELETE FROM hakaru_batches WHERE writer < 0";
        let made = match self.make("SELECT 1 FROM hakaru_batches LIMIT 0", create).await {
            // Reading it may be allowed and writing not.
            Ok(()) => self.run(forget).await,
            failed => failed,
        };
        match made {
            Err(fault) if fault.kind == Kind::Cannot => {
                self.facts.no_batches = Some(fault.text);
                Ok(())
            }
            other => other,
        }
    }

    /// A table without transactions keeps half of a refused batch.
    async fn transactional(&mut self) -> Result<(), Fault> {
        let asked = "SELECT COUNT(*) FROM information_schema.tables t JOIN information_schema.engines e \
                     ON e.engine = t.engine WHERE t.table_schema = DATABASE() AND t.table_name = 'eventlog' \
                     AND e.transactions <> 'YES'";
        match self.number(asked).await {
            Ok(Some(count)) if count > 0 => {
                let text = "the table eventlog is of an engine without transactions: ALTER TABLE eventlog ENGINE=InnoDB";
                Err(Fault::new(Kind::Cannot, text))
            }
            Err(fault) if fault.kind == Kind::Lost => Err(fault),
            _ => Ok(()),
        }
    }
}

/// The session is the server's own but for what an honest answer needs: the time zone stays, so that `NOW()` is
/// what it was for the original, names arrive as UTF-8, and what the column cannot hold is refused, not bent.
fn mysql(url: &str) -> Result<Target, String> {
    let (options, zone) = mysql_options::of(url)?;
    let options = options.set_names(false);
    let mut session = "SET NAMES utf8mb4; SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), \
                       autocommit = 1, innodb_lock_wait_timeout = 2"
        .to_owned();
    if let Some(zone) = zone {
        session.extend([", time_zone = '", &zone, "'"]);
    }
    Ok(Target::MySql { options: Box::new(options), session })
}

/// The URL with `…` for the password and without parameters, which may hold another.
fn shown(url: &str) -> String {
    Datasource { url: url.to_owned() }.shown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for text in ["m:hunter2@tcp(127.0.0.1:1)/h?tls=sometimes", "mysql://m:hunter2@127.0.0.1/h?tls=x"] {
            let source = crate::config::datasource(text).unwrap();
            let why = Database::new(&source, false).err().unwrap();
            assert!(why.contains("tls is one of") && !why.contains("hunter2"), "{why}");
        }
        let source = crate::config::datasource("m:hunter2@tcp(db:1)/h?time_zone=%27Asia%2FTokyo%27").unwrap();
        let database = Database::new(&source, false).unwrap();
        assert_eq!(database.shown(), "mysql://m:…@db:1/h");
        let Target::MySql { session, .. } = database.target else { panic!("MySQL") };
        assert!(session.ends_with("time_zone = 'Asia/Tokyo'"), "{session}");
    }

    #[test]
    fn a_time_zone_is_no_way_in() {
        let source = crate::config::datasource("m@tcp(db:1)/h?time_zone=%27;DROP").unwrap();
        assert!(Database::new(&source, false).is_err());
    }
}
