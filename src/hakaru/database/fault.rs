//! What goes wrong with a statement, and what that means for its rows.

use sqlx::mysql::MySqlDatabaseError;

/// What is known of a statement that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A row of it is not taken; the statement did nothing, its transaction goes on.
    Row,
    /// Another transaction was in the way; it did nothing and may be tried again.
    Again,
    /// The database cannot; it did nothing.
    Cannot,
    /// The connection is gone; whether it did anything is unknown.
    Lost,
}

/// A failed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it means.
    pub kind: Kind,
    /// In words, without a password.
    pub text: String,
}

impl Fault {
    /// A fault that is told by its kind.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(of) = &error else {
            let kind = match error {
                sqlx::Error::Configuration(_) | sqlx::Error::Tls(_) => Kind::Cannot,
                _ => Kind::Lost,
            };
            return Self::new(kind, error.to_string());
        };
        let code = of.code().unwrap_or_default();
        let kind = match of.try_downcast_ref::<MySqlDatabaseError>() {
            Some(of) => mysql(of.number(), &code),
            // An extended result code; its last byte is the code (sqlite.org/rescode.html).
            None => sqlite(code.parse().unwrap_or(1) & 0xff),
        };
        Self::new(kind, of.message())
    }
}

/// By error number and SQLSTATE (mariadb.com/kb/en/mariadb-error-codes).
fn mysql(number: u16, state: &str) -> Kind {
    match number {
        // Deadlock, lock wait timeout, certification failure of a cluster.
        1205 | 1213 | 1047 => Kind::Again,
        // The server goes away in the middle of it: shutdown, killed.
        1053 | 1317 | 1927 | 3169 => Kind::Lost,
        // No number is left for the row, or a row has it: no fault of the one who asked.
        1062 | 1467 => Kind::Cannot,
        // A string that the column's character set does not have has a state of its own in MySQL.
        1366 => Kind::Row,
        _ if ["22", "23", "45"].iter().any(|class| state.starts_with(class)) => Kind::Row,
        _ => Kind::Cannot,
    }
}

fn sqlite(code: i32) -> Kind {
    match code {
        // Constraint (also of a trigger), too big, mismatch.
        18..=20 => Kind::Row,
        5 | 6 => Kind::Again,
        // The disk failed: what it holds is unknown.
        10 => Kind::Lost,
        _ => Kind::Cannot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_rows_own_fault_is_held_against_it() {
        assert_eq!(mysql(1366, "22007"), Kind::Row);
        assert_eq!(mysql(1366, "HY000"), Kind::Row);
        assert_eq!(mysql(4025, "23000"), Kind::Row, "a check of MariaDB");
        assert_eq!(mysql(1644, "45000"), Kind::Row, "a trigger says no");
        assert_eq!(mysql(1062, "23000"), Kind::Cannot);
        assert_eq!(mysql(1114, "HY000"), Kind::Cannot, "the disk is full");
        assert_eq!(mysql(1290, "HY000"), Kind::Cannot, "read-only");
        assert_eq!(mysql(1213, "40001"), Kind::Again);
        assert_eq!(mysql(1053, "08S01"), Kind::Lost);
        assert_eq!(
            (sqlite(19), sqlite(5), sqlite(13), sqlite(10)),
            (Kind::Row, Kind::Again, Kind::Cannot, Kind::Lost)
        );
    }
}
