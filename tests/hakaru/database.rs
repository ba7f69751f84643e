//! The event log as the tests see it, beside hakaru.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sqlx::Connection as _;

use super::mariadb::{MariaDb, PASSWORD};

/// A server for all tests that do not harm it; it ends with the last one that has it.
pub fn server() -> Arc<MariaDb> {
    static SERVER: Mutex<Weak<MariaDb>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(MariaDb::start());
        *shared = Arc::downgrade(&server);
        server
    })
}

/// A database of a test's own there, and the Go DSN of it.
pub fn fresh(server: &MariaDb, name: &str, charset: &str) -> String {
    server.sql(&format!(
        "create database {name} character set {charset}; grant all on {name}.* to 'm'@'127.0.0.1'"
    ));
    dsn(server, name)
}

/// The Go DSN of a database.
pub fn dsn(server: &MariaDb, name: &str) -> String {
    let url = server.url_of("m", PASSWORD, name);
    let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap().to_owned();
    format!("m:{PASSWORD}@tcp(127.0.0.1:{port})/{name}")
}

/// Values in the order of their ids.
pub fn values(server: &MariaDb, name: &str) -> Vec<u32> {
    let out = server.sql(&format!("select value from {name}.eventlog order by id"));
    out.lines().map(|l| l.parse().unwrap()).collect()
}

/// The same of a SQLite file.
pub fn sqlite_values(path: &Path) -> Vec<u32> {
    sqlite_rows(path).into_iter().map(|(_, value)| value).collect()
}

/// Names and values of a SQLite file.
pub fn sqlite_rows(path: &Path) -> Vec<(String, u32)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite://{}?mode=rw", path.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let rows =
            sqlx::query_as("SELECT name, value FROM eventlog ORDER BY id").fetch_all(&mut connection).await;
        connection.close().await.unwrap();
        rows.unwrap()
    })
}

/// Every acknowledged value is recorded, and nothing is recorded twice.
pub fn assert_recorded(acknowledged: &[Vec<u32>], recorded: &[u32]) {
    let mut sorted = recorded.to_vec();
    sorted.sort_unstable();
    let all = sorted.len();
    sorted.dedup();
    assert_eq!(all, sorted.len(), "{} impressions are doubled", all - sorted.len());
    let lost: Vec<&u32> =
        acknowledged.iter().flatten().filter(|v| sorted.binary_search(v).is_err()).collect();
    assert!(lost.is_empty(), "{} acknowledged impressions are lost, such as {:?}", lost.len(), lost.first());
}
