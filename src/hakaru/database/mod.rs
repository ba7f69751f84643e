//! The event log on MySQL, MariaDB or SQLite: connections that record batches, all of a batch or none of it.

mod connect;
mod fault;
mod record;
mod statement;

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection, Row as _, SqliteConnection};

pub use connect::Database;
pub use fault::{Fault, Kind};
pub use record::{Failure, Refused};
pub use statement::{Row, Stamp};

use statement::Dialect;

/// Longest that a connection may take to answer when nothing is asked of it.
const ANSWER: Duration = Duration::from_secs(3);

/// A connection. After [`Kind::Lost`] or [`Kind::Cannot`] it is of no use any more.
pub struct Link {
    engine: Engine,
    /// Bytes that a statement may have.
    most: usize,
    /// What was found out about the database.
    pub facts: Facts,
}

enum Engine {
    MySql(Box<MySqlConnection>),
    Sqlite(Box<SqliteConnection>),
}

/// What is to be said about a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Version, and when a commit is on the disk.
    pub text: String,
    /// What makes an acknowledged impression less durable than it should be.
    pub warning: Option<String>,
    /// Why batch ids cannot be written, where they were asked for.
    pub no_batches: Option<String>,
}

impl Link {
    fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::MySql(_) => Dialect::MySql,
            Engine::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Runs statements; a failed one ends them.
    async fn run(&mut self, sql: impl Into<String>) -> Result<(), Fault> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match &mut self.engine {
            Engine::MySql(connection) => sql.execute(&mut **connection).await.map(|_| ())?,
            Engine::Sqlite(connection) => sql.execute(&mut **connection).await.map(|_| ())?,
        }
        Ok(())
    }

    /// The number that a query answers with, if it answers with a row.
    async fn number(&mut self, sql: impl Into<String>) -> Result<Option<i64>, Fault> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        Ok(match &mut self.engine {
            Engine::MySql(connection) => {
                sql.fetch_optional(&mut **connection).await?.map(|row| row.try_get(0)).transpose()?
            }
            Engine::Sqlite(connection) => {
                sql.fetch_optional(&mut **connection).await?.map(|row| row.try_get(0)).transpose()?
            }
        })
    }

    /// Whether the other side still answers, and would take an impression; that one is never seen by anyone.
    pub async fn probe(&mut self) -> Result<(), Fault> {
        let dialect = self.dialect();
        let insert = dialect.insert(&[Row { name: "", value: 0, at: None }]);
        let undo = match dialect {
            Dialect::MySql => "ROLLBACK",
            // Only a commit shows that there is room on the disk.
            Dialect::Sqlite => "DELETE FROM eventlog WHERE id = last_insert_rowid();COMMIT",
        };
        self.within(format!("{};{insert};{undo}", dialect.begin())).await
    }

    /// Whether the other side still answers.
    pub async fn ping(&mut self) -> Result<(), Fault> {
        self.within("SELECT 1").await
    }

    async fn within(&mut self, sql: impl Into<String>) -> Result<(), Fault> {
        let silent = || Fault::new(Kind::Lost, "the database does not answer");
        tokio::time::timeout(ANSWER, self.run(sql)).await.unwrap_or_else(|_| Err(silent()))
    }

    /// Says goodbye.
    pub async fn close(self) {
        let closed = async {
            match self.engine {
                Engine::MySql(connection) => connection.close().await,
                Engine::Sqlite(connection) => connection.close().await,
            }
        };
        // Everything is committed; a goodbye that is not heard changes nothing.
        _ = tokio::time::timeout(ANSWER, closed).await;
    }
}
