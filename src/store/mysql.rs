//! The journal on MySQL or MariaDB, where several machines share one.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, MySqlConnection, MySqlPool};

use super::check::{self, Standing};
use super::sql::{self, journal_on};
use super::{Advance, Journal, JournalError, Query, error, mysql_options};
use crate::config::model::Datasource;
use crate::domain::journal::{Entry, NewEntry};

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/mysql");

/// Longest that a call may take, waiting for others included.
const DEADLINE: Duration = Duration::from_secs(10);
/// A console and its executor; the server serves others too.
const CONNECTIONS: u32 = 4;
/// A writer waits this long for another one. An append takes milliseconds.
const SESSION: &str = "SET SESSION innodb_lock_wait_timeout = 5";

struct MySql {
    /// The server as errors name it, without password.
    place: String,
    pool: MySqlPool,
    advance: Advance,
}

/// Opens the journal on a server, and makes its tables where there are none.
///
/// # Errors
/// The server cannot be reached, refuses the user or its rights, or holds a journal of a newer version.
pub async fn open(server: &Datasource, advance: Advance) -> Result<Arc<dyn Journal>, JournalError> {
    let place = format!("the journal {}", server.shown());
    let options = options(&server.url).map_err(|e| error::mysql(&place, &e))?;
    let migrated = async {
        let mut connection = options.connect().await.map_err(|e| error::mysql(&place, &e))?;
        let migrated = migrate(&place, &mut connection).await;
        let closed = connection.close().await.map_err(|e| error::mysql(&place, &e));
        migrated.and(closed)
    };
    tokio::time::timeout(DEADLINE, migrated).await.unwrap_or_else(|_| Err(error::silent(&place)))?;
    let pool = MySqlPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(DEADLINE)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SESSION).await.map(|_| ()) }))
        .connect_lazy_with(options);
    Ok(Arc::new(MySql { place, pool, advance }))
}

/// Opens the journal on a server for reading alone; `None` where it has no tables of a journal.
///
/// # Errors
/// The server cannot be reached, refuses the user, or holds a journal of a newer version.
pub async fn open_to_read(
    server: &Datasource,
    advance: Advance,
) -> Result<Option<Arc<dyn Journal>>, JournalError> {
    let place = format!("the journal {}", server.shown());
    let failure = |e: sqlx::Error| error::mysql(&place, &e);
    let options = options(&server.url).map_err(failure)?;
    let looked = async {
        let mut connection = options.connect().await.map_err(failure)?;
        let tables: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() \
             AND table_name IN ('journal_entries', 'journal_migrations')",
        )
        .fetch_one(&mut connection)
        .await
        .map_err(failure)?;
        if tables < 2 {
            return Ok(false);
        }
        let versions: Vec<i64> = sqlx::query_scalar("SELECT version FROM journal_migrations")
            .fetch_all(&mut connection)
            .await
            .map_err(failure)?;
        super::known(&place, &MIGRATIONS, &versions)?;
        connection.close().await.map_err(failure)?;
        Ok(true)
    };
    if !tokio::time::timeout(DEADLINE, looked).await.unwrap_or_else(|_| Err(error::silent(&place)))? {
        return Ok(None);
    }
    let pool = MySqlPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(DEADLINE)
        .connect_lazy_with(options);
    Ok(Some(Arc::new(MySql { place, pool, advance })))
}

impl MySql {
    fn failure(&self, error: &sqlx::Error) -> JournalError {
        error::mysql(&self.place, error)
    }

    fn strange(&self) -> JournalError {
        let text = format!("{} holds what miharu did not write", self.place);
        error::failed(text, "restore the tables journal_* from a backup")
    }

    async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, JournalError>> + Send,
    ) -> Result<T, JournalError> {
        tokio::time::timeout(DEADLINE, call).await.unwrap_or_else(|_| Err(error::silent(&self.place)))
    }
}

/// How to connect.
fn options(url: &str) -> Result<MySqlConnectOptions, sqlx::Error> {
    let options = MySqlConnectOptions::from_str(url)?.disable_statement_logging();
    mysql_options::encrypted(options, url).map_err(|why| sqlx::Error::Configuration(why.into()))
}

/// Makes the tables, or finds them, one console at a time: data definition is in no transaction here. The lock ends
/// with the connection. (The migrator's own waits for ever, which MariaDB takes for not at all.)
async fn migrate(place: &str, connection: &mut MySqlConnection) -> Result<(), JournalError> {
    let lock: Option<i64> = sqlx::query_scalar("SELECT GET_LOCK(CONCAT('miharu.', SHA1(DATABASE())), 8)")
        .fetch_one(&mut *connection)
        .await
        .map_err(|e| error::mysql(place, &e))?;
    if lock != Some(1) {
        let text = format!("{place} is locked: another console has been making its tables for too long");
        return Err(error::failed(
            text,
            "wait, or end the connection that holds it (SHOW PROCESSLIST names it)",
        ));
    }
    let migrator = super::migrator(&MIGRATIONS);
    let mut migrated = migrator.run(&mut *connection).await;
    if let Err(MigrateError::Dirty(_)) = migrated {
        // An earlier one ended half way (a right was missing, say). Every statement bears being repeated, and the
        // lock says that nobody else is at it.
        let half = sqlx::query("DELETE FROM journal_migrations WHERE success = FALSE");
        half.execute(&mut *connection).await.map_err(|e| error::mysql(place, &e))?;
        migrated = migrator.run(&mut *connection).await;
    }
    migrated.map_err(|e| error::migration(place, e, |e| error::mysql(place, e)))
}

journal_on!(sqlx::MySql, MySql, begin: "BEGIN", insert: "INSERT IGNORE", hint: |index: &str| format!(" FORCE INDEX ({index})"));
