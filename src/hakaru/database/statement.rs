//! The text of the statements. Names stand in it as hexadecimal digits wherever they hold anything but letters,
//! digits and a few harmless signs, so that no quoting rule and no mode of the server matters.

use std::fmt::Write as _;
use std::ops::Range;

use chrono::DateTime;

/// An impression as a statement records it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: u32,
    /// When it was accepted, seconds since 1970; `None` for the database's own `NOW()`.
    pub at: Option<i64>,
}

/// What the engines say differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// MySQL and MariaDB.
    MySql,
    /// SQLite.
    Sqlite,
}

/// Which batch was recorded last, by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// A number that this process has for itself.
    pub writer: u64,
    /// A lane of it; it records one batch after the other.
    pub lane: u32,
    /// Grows from batch to batch of a lane.
    pub batch: u64,
}

impl Dialect {
    /// Begins a transaction that writes.
    pub const fn begin(self) -> &'static str {
        match self {
            Self::MySql => "BEGIN",
            Self::Sqlite => "BEGIN IMMEDIATE",
        }
    }

    /// Makes the event log: the original's table, or what comes closest.
    pub const fn create(self) -> &'static str {
        match self {
            Self::MySql => {
                "CREATE TABLE IF NOT EXISTS eventlog (id bigint(20) unsigned NOT NULL AUTO_INCREMENT, \
                 at datetime DEFAULT NULL, name varchar(255) NOT NULL, value int(10) unsigned, PRIMARY KEY (id))"
            }
            Self::Sqlite => {
                "CREATE TABLE IF NOT EXISTS eventlog (id INTEGER PRIMARY KEY AUTOINCREMENT, \
                 at datetime DEFAULT NULL, name varchar(255) NOT NULL, value int unsigned)"
            }
        }
    }

    /// Makes the table of batch ids.
    pub const fn create_batches() -> &'static str {
        "CREATE TABLE IF NOT EXISTS hakaru_batches (writer bigint NOT NULL, lane int NOT NULL, \
         batch bigint NOT NULL, PRIMARY KEY (writer, lane))"
    }

    /// Says that a batch is recorded; fails where it, or a later one, already is. So a statement that a server still
    /// executes after its client has given it up and recorded the batch another way records nothing.
    pub fn stamp(self, stamp: Stamp) -> String {
        let Stamp { writer, lane, batch } = stamp;
        let instead = match self {
            Self::MySql => "ON DUPLICATE KEY UPDATE",
            Self::Sqlite => "ON CONFLICT (writer, lane) DO UPDATE SET",
        };
        format!(
            "INSERT INTO hakaru_batches VALUES ({writer},{lane},{batch}) \
             {instead} batch = CASE WHEN batch < {batch} THEN {batch} ELSE NULL END"
        )
    }

    /// Asks which batch of a lane was recorded last, and waits for whoever is recording one.
    pub fn stamped(self, writer: u64, lane: u32) -> String {
        let lock = match self {
            Self::MySql => " FOR UPDATE",
            Self::Sqlite => "",
        };
        format!("SELECT batch FROM hakaru_batches WHERE writer = {writer} AND lane = {lane}{lock}")
    }

    /// Records rows, all or none.
    pub fn insert(self, rows: &[Row<'_>]) -> String {
        let mut sql = String::with_capacity(128 + rows.iter().map(|row| length(*row)).sum::<usize>());
        sql.push_str("INSERT INTO eventlog(at,name,value) ");
        // SQLite would work out the time for every row anew, which costs as much as the rest of the row.
        let once = self == Self::Sqlite && rows.iter().all(|row| row.at.is_none());
        if once {
            sql.push_str("SELECT now,column1,column2 FROM (SELECT datetime('now') AS now) CROSS JOIN (");
        }
        sql.push_str("VALUES");
        for (index, row) in rows.iter().enumerate() {
            sql.push_str(if index == 0 { "(" } else { ",(" });
            if !once {
                self.push_time(&mut sql, row.at);
                sql.push(',');
            }
            self.push_text(&mut sql, row.name);
            _ = write!(sql, ",{})", row.value);
        }
        if once {
            sql.push(')');
        }
        sql
    }

    fn push_time(self, sql: &mut String, at: Option<i64>) {
        let utc = || at.and_then(|at| DateTime::from_timestamp(at, 0));
        match (self, at) {
            (Self::MySql, None) => sql.push_str("NOW()"),
            (Self::MySql, Some(at)) => _ = write!(sql, "FROM_UNIXTIME({at})"),
            (Self::Sqlite, _) => match utc() {
                Some(utc) => _ = write!(sql, "'{}'", utc.format("%F %T")),
                None => sql.push_str("datetime('now')"),
            },
        }
    }

    fn push_text(self, sql: &mut String, text: &str) {
        if text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'_' | b'.' | b'/' | b':'))
        {
            sql.push('\'');
            sql.push_str(text);
            sql.push('\'');
            return;
        }
        sql.push_str(match self {
            Self::MySql => "_utf8mb4 X'",
            Self::Sqlite => "CAST(X'",
        });
        for byte in text.bytes() {
            _ = write!(sql, "{byte:02X}");
        }
        sql.push_str(match self {
            Self::MySql => "'",
            Self::Sqlite => "' AS TEXT)",
        });
    }
}

/// Bytes that a row may take in a statement, at most.
fn length(row: Row<'_>) -> usize {
    64 + 2 * row.name.len()
}

/// Cuts rows into runs whose statements have at most `most` bytes; a longer row stands alone.
pub fn runs(rows: &[Row<'_>], most: usize) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let (mut start, mut bytes) = (0, 128);
    for (index, row) in rows.iter().enumerate() {
        if bytes + length(*row) > most && index > start {
            runs.push(start..index);
            (start, bytes) = (index, 128);
        }
        bytes += length(*row);
    }
    if start < rows.len() {
        runs.push(start..rows.len());
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_quoted() {
        let row = |name| Row { name, value: 120, at: None };
        assert_eq!(
            Dialect::MySql.insert(&[row("open"), row("a'b")]),
            "INSERT INTO eventlog(at,name,value) VALUES(NOW(),'open',120),(NOW(),_utf8mb4 X'612762',120)"
        );
        assert_eq!(
            Dialect::Sqlite.insert(&[row("open"), row("a")]),
            "INSERT INTO eventlog(at,name,value) SELECT now,column1,column2 FROM (SELECT datetime('now') AS now) \
             CROSS JOIN (VALUES('open',120),('a',120))"
        );
        let at = Row { at: Some(1_700_000_000), ..row("\\\0") };
        assert_eq!(
            Dialect::Sqlite.insert(&[at]),
            "INSERT INTO eventlog(at,name,value) VALUES('2023-11-14 22:13:20',CAST(X'5C00' AS TEXT),120)"
        );
    }

    #[test]
    fn runs_hold_every_row_once_and_keep_to_their_size() {
        let name = "x".repeat(100);
        let rows = vec![Row { name: &name, value: 1, at: Some(1_700_000_000) }; 50];
        let cut = runs(&rows, 1000);
        assert_eq!(cut.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
        for run in &cut {
            assert!(Dialect::Sqlite.insert(&rows[run.clone()]).len() <= 1000);
        }
        assert_eq!(runs(&rows, 10).len(), 50, "a long row stands alone");
        assert!(runs(&[], 10).is_empty());
    }
}
