//! What a held line is: where it stands, where it came from, what is known about it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::level::Level;

/// Where a line stands, for good: lines are in the order of their keys, whatever is inserted or dropped around
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineKey {
    /// When it was logged, milliseconds since 1970.
    pub at_ms: i64,
    /// The order of arrival decides among lines of one millisecond.
    pub seq: u64,
}

impl LineKey {
    /// Before every line of that instant.
    pub fn at(at: DateTime<Utc>) -> Self {
        Self { at_ms: at.timestamp_millis(), seq: 0 }
    }
}

/// Where lines come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Log group.
    pub group: Arc<str>,
    /// Log stream.
    pub stream: Arc<str>,
}

/// A held line, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct LineRef<'a> {
    /// Where it stands.
    pub key: LineKey,
    /// Where it came from.
    pub origin: &'a Origin,
    /// How bad it says it is.
    pub level: Level,
    /// The text as it came, without secrets. Not fit for a terminal: it may hold escape sequences.
    pub text: &'a str,
    /// How long CloudWatch took to get it, milliseconds; `None` for marks.
    pub delay_ms: Option<i32>,
    /// It came after younger lines of its group had been shown.
    pub late: bool,
    /// A remark of miharu's own: a gap, a loss.
    pub mark: bool,
    /// The text is a JSON object.
    pub json: bool,
    /// Something secret was taken out of it.
    pub redacted: bool,
}

impl LineRef<'_> {
    /// When it was logged.
    pub fn at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.key.at_ms).unwrap_or_default()
    }
}

/// One bit each, in a line's flags.
pub(super) mod flag {
    /// Came after younger lines of its group.
    pub(in super::super) const LATE: u8 = 1;
    /// A remark of miharu's own.
    pub(in super::super) const MARK: u8 = 2;
    /// A JSON object.
    pub(in super::super) const JSON: u8 = 4;
    /// A secret was taken out.
    pub(in super::super) const REDACTED: u8 = 8;
    /// What is seen of it differs from what it holds: escape sequences, controls, invisible characters.
    pub(in super::super) const ODD: u8 = 16;
}
