//! Remarks of miharu's own among the lines: what was not read, and what is missing.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

/// A remark that stands among the lines, at its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The same remark keeps its number when it changes.
    pub id: u64,
    /// Log group it is about.
    pub group: Arc<str>,
    /// Where it stands.
    pub at: DateTime<Utc>,
    /// What it says.
    pub kind: MarkKind,
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// From here until then nothing has been read yet; it will be, after what is new.
    Pending {
        /// The end of it.
        until: DateTime<Utc>,
    },
    /// From here until then not everything was read, and it never will be.
    NeverRead {
        /// The end of it.
        until: DateTime<Utc>,
        /// Why.
        why: NeverRead,
    },
    /// CloudWatch took in more lines in this minute than any read has given.
    Missed {
        /// How many more.
        lines: u64,
    },
}

/// Why a time span is never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NeverRead {
    /// Too many spans were waiting to be read.
    Queue,
    /// So much came since that it is no longer known which lines of it were shown already.
    Memory,
}

/// A mark that is to be put among the lines or taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkChange {
    /// Put it, in place of the one with the same number.
    Put(Mark),
    /// Take the one with this number away.
    Remove(u64),
}

impl fmt::Display for Mark {
    /// What it says; the group stands beside it, as beside every line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.at.format("%H:%M:%S");
        match self.kind {
            MarkKind::Pending { until } => {
                write!(f, "gap: {from} to {} UTC not read yet, being read", until.format("%H:%M:%S"))
            }
            MarkKind::NeverRead { until, why } => {
                let until = until.format("%H:%M:%S");
                let why = match why {
                    NeverRead::Queue => "too many gaps waited to be read",
                    NeverRead::Memory => "too many lines came since",
                };
                write!(f, "gap: {from} to {until} UTC never read completely: {why}")
            }
            MarkKind::Missed { lines } => {
                let at = self.at.format("%H:%M");
                match lines {
                    1 => write!(f, "lost: 1 more line taken in by CloudWatch at {at} UTC than read"),
                    n => write!(f, "lost: {n} more lines taken in by CloudWatch at {at} UTC than read"),
                }
            }
        }
    }
}
