//! What is to be said about an event log once: whether it is the table that can be watched, and whether the account
//! could do more than watch.

use super::database::Database;
use super::sql::Dialect;
use crate::config::model::Datasource;
use crate::domain::source::{Failure, FailureClass};

/// Rights with which the log could be changed.
const WRITING: [&str; 9] =
    ["ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "SUPER", "GRANT OPTION"];

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Database and version.
    pub database: String,
    /// Whether `id` is the primary key, by which alone the table is read.
    pub keyed: bool,
    /// Rights that watching does not need; empty where there are none.
    pub rights: Vec<String>,
    /// Whether a reader may make a writer wait: a SQLite file without a write-ahead log.
    pub in_the_way: bool,
}

/// Looks at an event log.
///
/// # Errors
/// It cannot be reached or read; in words, without the password.
pub async fn inspect(source: &Datasource) -> Result<Inspection, Failure> {
    let mut database = Database::new(source).map_err(|why| Failure::new(FailureClass::Other, why))?;
    database.connect().await?;
    let dialect = database.dialect();
    let key = match dialect {
        Dialect::MySql => {
            // Who may only read sees columns there, but no keys elsewhere.
            "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() \
             AND table_name = 'eventlog' AND column_key = 'PRI' ORDER BY ordinal_position"
        }
        Dialect::Sqlite => "SELECT name FROM pragma_table_info('eventlog') WHERE pk > 0 ORDER BY pk",
    };
    let columns: Vec<String> = database.ask(key.to_owned()).await?.into_iter().flatten().flatten().collect();
    // The table is there and may be read.
    database.ask("SELECT id, at, name, value FROM eventlog LIMIT 0".to_owned()).await?;
    let (rights, in_the_way) = match dialect {
        Dialect::MySql => (rights(&database.ask("SHOW GRANTS".to_owned()).await?), false),
        Dialect::Sqlite => {
            let mode = database.ask("PRAGMA journal_mode".to_owned()).await?;
            (Vec::new(), mode.into_iter().flatten().flatten().next().as_deref() != Some("wal"))
        }
    };
    let keyed = columns.first().is_some_and(|c| c.eq_ignore_ascii_case("id"));
    Ok(Inspection { database: database.version, keyed, rights, in_the_way })
}

/// The rights among grants that are more than reading.
fn rights(grants: &[super::database::Line]) -> Vec<String> {
    let mut out = Vec::new();
    for grant in grants.iter().flatten().flatten() {
        // What follows the rights may hold a password's hash.
        let Some((rights, _)) = grant.split_once(" ON ") else { continue };
        let granted = rights.to_uppercase();
        for right in WRITING {
            let named = granted.trim_start_matches("GRANT ").split(", ").any(|one| one.starts_with(right));
            if named && !out.iter().any(|known| known == right) {
                out.push(right.to_owned());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_is_no_right_too_many() {
        for (grant, expected) in [
            ("GRANT USAGE ON *.* TO `r`@`h` IDENTIFIED BY PASSWORD '*AB'", &[][..]),
            ("GRANT SELECT, SHOW VIEW ON `a`.* TO `r`@`h`", &[]),
            ("GRANT SELECT (`id`) ON `a`.`eventlog` TO `r`@`h`", &[]),
            ("GRANT SELECT, INSERT, DELETE ON `a`.* TO `r`@`h`", &["INSERT", "DELETE"]),
            ("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION", &["ALL PRIVILEGES"]),
            ("GRANT PROXY ON ''@'%' TO 'root'@'localhost'", &[]),
            ("GRANT `role` TO `r`@`h`", &[]),
        ] {
            assert_eq!(rights(&[vec![Some(grant.to_owned())]]), expected, "{grant}");
        }
    }
}
