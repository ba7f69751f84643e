//! The statements that are asked of the event log. Each reads by primary key alone, and a bounded part of it: there
//! is no index on `at`, and the table grows by tens of thousands of rows a second.

/// What the databases say differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// MySQL, MariaDB, and what speaks like them.
    MySql,
    /// SQLite.
    Sqlite,
}

/// Ids above `after`, up to and with `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Below the first one.
    pub after: u64,
    /// The last one.
    pub to: u64,
}

impl Span {
    /// How many ids.
    pub fn width(self) -> u64 {
        self.to.saturating_sub(self.after)
    }
}

/// Stands for a row: what must be the same as long as it is the same row.
fn mark_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => "CONCAT_WS('|', at, name, value)",
        Dialect::Sqlite => "coalesce(at || '|', '') || name || coalesce('|' || value, '')",
    }
}

/// The highest id, the session's time, the time in UTC, and which row has `mark` for its id.
pub fn head(dialect: Dialect, mark: u64) -> String {
    let (local, utc) = match dialect {
        Dialect::MySql => ("NOW(6)", "UTC_TIMESTAMP(6)"),
        // hakaru writes UTC there.
        Dialect::Sqlite => ("strftime('%Y-%m-%d %H:%M:%f', 'now')", "strftime('%Y-%m-%d %H:%M:%f', 'now')"),
    };
    let row = mark_of(dialect);
    format!(
        "SELECT (SELECT MAX(id) FROM eventlog), {local}, {utc}, \
         (SELECT {row} FROM eventlog WHERE id = {mark})"
    )
}

/// Which row has `id`.
pub fn mark(dialect: Dialect, id: u64) -> String {
    format!("SELECT {} FROM eventlog WHERE id = {id}", mark_of(dialect))
}

/// Rows of a span by second and name.
pub fn groups(span: Span) -> String {
    let Span { after, to } = span;
    format!("SELECT at, name, COUNT(*) FROM eventlog WHERE id > {after} AND id <= {to} GROUP BY at, name")
}

/// Rows of each `size` ids of a span.
pub fn counts(dialect: Dialect, span: Span, size: u64) -> String {
    let Span { after, to } = span;
    let (first, by) = (after.saturating_add(1), size.max(1));
    let part = match dialect {
        Dialect::MySql => format!("(id - {first}) DIV {by}"),
        Dialect::Sqlite => format!("(id - {first}) / {by}"),
    };
    format!("SELECT {part} AS part, COUNT(*) FROM eventlog WHERE id > {after} AND id <= {to} GROUP BY part")
}

/// The first id above `after`.
pub fn next_id(after: u64) -> String {
    format!("SELECT id FROM eventlog WHERE id > {after} ORDER BY id LIMIT 1")
}
