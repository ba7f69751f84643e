//! A connection to the event log that only reads, and gives up what takes too long.

use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, MySqlConnection, Row, SqliteConnection};

use super::sql::Dialect;
use crate::clock::Clock;
use crate::config::model::Datasource;
use crate::domain::impressions::Cost;
use crate::domain::source::{Failure, FailureClass};
use crate::store::mysql_options;

/// Longest that the database works on a statement. It stops by itself.
const BUDGET: Duration = Duration::from_millis(500);
/// Longest that an answer is waited for; then the statement is killed from outside.
const ANSWER: Duration = Duration::from_secs(2);
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(4);
/// How long SQLite waits for a writer that keeps readers out.
const BUSY: Duration = Duration::from_millis(300);
/// Instructions of SQLite between two looks at the time: well below a millisecond.
const INSTRUCTIONS: i32 = 4_000;

/// One row, every column as text.
pub(super) type Line = Vec<Option<String>>;

/// Where the event log is, and the connection to it.
pub(super) struct Database {
    shown: String,
    target: Target,
    link: Option<Link>,
    /// Version of the server.
    pub(super) version: String,
    /// What has been asked since the last look.
    pub(super) cost: Cost,
}

enum Target {
    MySql { options: Box<MySqlConnectOptions>, zone: Option<String> },
    Sqlite(Box<SqliteConnectOptions>),
}

enum Link {
    MySql { connection: Box<MySqlConnection>, id: u64 },
    Sqlite { connection: Box<SqliteConnection>, limit: Arc<Limit> },
}

/// Until when SQLite may work on a statement.
struct Limit {
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    until_ms: AtomicU64,
}

impl Limit {
    fn new() -> Self {
        Self { elapsed: Box::new(Clock::stopwatch()), until_ms: AtomicU64::new(u64::MAX) }
    }

    fn set(&self, budget: Duration) {
        self.until_ms.store(milliseconds((self.elapsed)() + budget), Relaxed);
    }

    fn keeps(&self) -> bool {
        milliseconds((self.elapsed)()) < self.until_ms.load(Relaxed)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Database {
    /// Understands a URL; nothing is connected yet.
    ///
    /// # Errors
    /// What is wrong with it, without its password.
    pub(super) fn new(source: &Datasource) -> Result<Self, String> {
        let shown = source.shown();
        let target = if source.url.starts_with("sqlite:") {
            SqliteConnectOptions::from_str(&source.url).map_err(|e| e.to_string()).map(|options| {
                let options = options
                    .read_only(true)
                    .create_if_missing(false)
                    .busy_timeout(BUSY)
                    .thread_name(|n| format!("eventlog-read-{n}"))
                    .disable_statement_logging();
                Target::Sqlite(Box::new(options))
            })
        } else {
            mysql_options::of(&source.url)
                .map(|(options, zone)| Target::MySql { options: Box::new(options), zone })
        };
        let target = target.map_err(|why| format!("{shown} cannot be used: {why}"))?;
        Ok(Self { shown, target, link: None, version: String::new(), cost: Cost::default() })
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self.target {
            Target::MySql { .. } => Dialect::MySql,
            Target::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Connects, where there is no connection. Whether it did.
    pub(super) async fn connect(&mut self) -> Result<bool, Failure> {
        if self.link.is_some() {
            return Ok(false);
        }
        let connected = tokio::time::timeout(CONNECT, open(&self.target)).await;
        let (link, version) = match connected {
            Ok(Ok(open)) => open,
            Ok(Err(error)) => return Err(self.failed(&error)),
            Err(_) => {
                let text = format!("{} does not answer within {} s", self.shown, CONNECT.as_secs());
                return Err(Failure::new(FailureClass::Timeout, text));
            }
        };
        self.link = Some(link);
        self.version = version;
        Ok(true)
    }

    /// Asks. A statement that takes longer than its budget is stopped where it runs; a connection that does not
    /// answer is given up.
    pub(super) async fn ask(&mut self, sql: String) -> Result<Vec<Line>, Failure> {
        self.connect().await?;
        let Some(link) = self.link.as_mut() else {
            return Err(Failure::new(FailureClass::Unreachable, "there is no connection"));
        };
        let took = Clock::stopwatch();
        let answer = tokio::time::timeout(ANSWER, link.ask(sql)).await;
        self.cost.statements += 1;
        self.cost.took_ms += milliseconds(took());
        match answer {
            Ok(Ok(lines)) => Ok(lines),
            Ok(Err(error)) => {
                let failure = self.failed(&error);
                if !matches!(error, sqlx::Error::Database(_)) {
                    self.link = None;
                }
                Err(failure)
            }
            Err(_) => {
                self.kill().await;
                let text = format!(
                    "{} gave no answer to a statement within {} s; it was killed",
                    self.shown,
                    ANSWER.as_secs()
                );
                Err(Failure::new(FailureClass::Timeout, text))
            }
        }
    }

    /// Ends what runs on the connection, and the connection. A server notices that its client has gone only when it
    /// answers, so it is told by another connection.
    async fn kill(&mut self) {
        let link = self.link.take();
        let (Some(Link::MySql { id, connection }), Target::MySql { options, .. }) = (link, &self.target)
        else {
            return;
        };
        drop(connection);
        let told = async {
            let mut other = options.connect().await?;
            sqlx::raw_sql(AssertSqlSafe(format!("KILL {id}"))).execute(&mut other).await
        };
        // If even that does not get through, the server's own budget ends it.
        if !matches!(tokio::time::timeout(ANSWER, told).await, Ok(Ok(_))) {
            tracing::debug!("a statement on {} may still run until its budget ends", self.shown);
        }
    }

    fn failed(&self, error: &sqlx::Error) -> Failure {
        let class = match error {
            sqlx::Error::Database(of) => match of.try_downcast_ref::<MySqlDatabaseError>() {
                Some(of) => by_number(of.number()),
                None => by_code(of.code().and_then(|c| c.parse().ok()).unwrap_or(1)),
            },
            sqlx::Error::Io(_) => FailureClass::Unreachable,
            sqlx::Error::Protocol(_) | sqlx::Error::Decode(_) => FailureClass::Malformed,
            _ => FailureClass::Other,
        };
        let text = match (class, error) {
            (FailureClass::Timeout, _) => format!(
                "{} stopped a statement that took longer than its budget of {} ms",
                self.shown,
                BUDGET.as_millis()
            ),
            (_, sqlx::Error::Database(of)) => format!("{}: {}", self.shown, of.message()),
            _ => format!("{}: {error}", self.shown),
        };
        Failure::new(class, text)
    }
}

/// By error number (mariadb.com/kb/en/mariadb-error-codes).
fn by_number(number: u16) -> FailureClass {
    match number {
        1044 | 1045 | 1142 | 1143 | 1227 | 1698 => FailureClass::Denied,
        1049 | 1146 => FailureClass::NotFound,
        // max_statement_time, max_execution_time, killed.
        1969 | 3024 | 1317 => FailureClass::Timeout,
        1040 | 1203 | 1226 => FailureClass::Throttled,
        1053 | 1927 => FailureClass::Unreachable,
        _ => FailureClass::Other,
    }
}

/// By result code (sqlite.org/rescode.html); its last byte is the kind.
fn by_code(code: i32) -> FailureClass {
    match code & 0xff {
        9 => FailureClass::Timeout,
        3 | 23 => FailureClass::Denied,
        14 => FailureClass::NotFound,
        5 | 6 => FailureClass::Throttled,
        11 | 26 => FailureClass::Malformed,
        _ => FailureClass::Other,
    }
}

async fn open(target: &Target) -> Result<(Link, String), sqlx::Error> {
    match target {
        Target::MySql { options, zone } => {
            let mut connection = options.connect().await?;
            let hello = "SELECT CONNECTION_ID(), VERSION()";
            let row = sqlx::raw_sql(hello).fetch_one(&mut connection).await?;
            let id = row.try_get_unchecked::<String, _>(0)?.parse().unwrap_or_default();
            let version: String = row.try_get_unchecked(1)?;
            let maria = version.contains("MariaDB");
            let mut session = "SET SESSION TRANSACTION READ ONLY".to_owned();
            if let Some(zone) = zone {
                session.extend([";SET SESSION time_zone = '", zone, "'"]);
            }
            sqlx::raw_sql(AssertSqlSafe(session)).execute(&mut connection).await?;
            let budget = if maria {
                format!("SET SESSION max_statement_time = {}", BUDGET.as_secs_f64())
            } else {
                format!("SET SESSION max_execution_time = {}", BUDGET.as_millis())
            };
            // A compatible server need not know it; then the client's own deadline is all there is.
            _ = sqlx::raw_sql(AssertSqlSafe(budget)).execute(&mut connection).await;
            let number = version.split('-').next().unwrap_or_default();
            let version = format!("{} {number}", if maria { "MariaDB" } else { "MySQL" });
            Ok((Link::MySql { connection: Box::new(connection), id }, version))
        }
        Target::Sqlite(options) => {
            let mut connection = options.connect().await?;
            let limit = Arc::new(Limit::new());
            let held = Arc::clone(&limit);
            connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || held.keeps());
            let row = sqlx::raw_sql("SELECT sqlite_version()").fetch_one(&mut connection).await?;
            let version = format!("SQLite {}", row.try_get_unchecked::<String, _>(0)?);
            Ok((Link::Sqlite { connection: Box::new(connection), limit }, version))
        }
    }
}

impl Link {
    async fn ask(&mut self, sql: String) -> Result<Vec<Line>, sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::MySql { connection, .. } => {
                sql.fetch_all(&mut **connection).await?.iter().map(line).collect()
            }
            Self::Sqlite { connection, limit } => {
                limit.set(BUDGET);
                sql.fetch_all(&mut **connection).await?.iter().map(line).collect()
            }
        }
    }
}

/// Statements without parameters are answered in text, whatever the column's type is.
fn line<R>(row: &R) -> Result<Line, sqlx::Error>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> Option<String>: sqlx::Decode<'r, R::Database>,
{
    (0..row.len()).map(|at| row.try_get_unchecked::<Option<String>, usize>(at)).collect()
}
