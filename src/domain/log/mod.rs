//! Log events, as CloudWatch Logs keeps them, and the lines that are held of them.
//!
//! ```text
//!  LogEvent ── Intake (off the screen's thread) ──► Batch ──► Ring (beside the recorded state)
//!              level, secrets, JSON keys, order               filters, search, marks, bookmarks, patterns
//! ```
//!
//! A [`Batch`](batch::Batch) is ready to be held: its text is one piece, its lines are in order, secrets are
//! out of it. So the thread that draws only copies. What costs more, matching a filter or a search against a
//! million lines, is done by [`Ring::work`](ring::Ring::work) in slices between two keys.

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub mod batch;
pub mod block;
pub mod bookmark;
mod chunk;
pub mod filter;
pub mod histogram;
pub mod intake;
pub mod json;
pub mod level;
pub mod line;
pub mod mark;
pub mod matching;
pub mod pattern;
pub mod redact;
pub mod ring;
pub mod seek;

/// A line (or several) that something logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// CloudWatch's id, which no other event of the account has.
    pub id: String,
    /// Log group.
    pub group: Arc<str>,
    /// Log stream.
    pub stream: String,
    /// When it was logged, by the clock of whoever logged it.
    pub at: DateTime<Utc>,
    /// When CloudWatch got it: the later of the two, as a rule.
    pub ingested_at: DateTime<Utc>,
    /// The text as it was sent.
    pub message: String,
}
