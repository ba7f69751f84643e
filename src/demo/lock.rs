//! Somebody who holds the event log: a transaction that is not ended, as a forgotten session leaves it. Nobody else
//! can write meanwhile.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// Longest wait for those who write just now.
const BUSY: Duration = Duration::from_secs(10);

/// Holds the event log for a while, in a thread of its own. What goes wrong is said in the program's log.
pub(super) fn hold(database: String, lasts: Duration) {
    let held = std::thread::Builder::new().name("demo lock".into()).spawn(move || {
        if let Err(error) = transaction(&database, lasts) {
            tracing::warn!(error, "the event log could not be locked");
        }
    });
    if let Err(error) = held {
        tracing::warn!(%error, "the event log could not be locked");
    }
}

fn transaction(database: &str, lasts: Duration) -> Result<(), String> {
    let words = |e: sqlx::Error| e.to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.map_err(|e| e.to_string())?.block_on(async {
        let options = SqliteConnectOptions::from_str(database).map_err(words)?;
        let mut connection = options.busy_timeout(BUSY).connect().await.map_err(words)?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.map_err(words)?;
        tokio::time::sleep(lasts).await;
        sqlx::query("ROLLBACK").execute(&mut connection).await.map_err(words)?;
        connection.close().await.map_err(words)
    })
}
