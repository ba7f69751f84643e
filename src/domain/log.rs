//! Log events, as CloudWatch Logs keeps them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A line (or several) that something logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEvent {
    /// CloudWatch's id, which no other event of the account has.
    pub id: String,
    /// Log group.
    pub group: String,
    /// Log stream.
    pub stream: String,
    /// When it was logged, by the clock of whoever logged it.
    pub at: DateTime<Utc>,
    /// When CloudWatch got it: the later of the two, as a rule.
    pub ingested_at: DateTime<Utc>,
    /// The text as it was sent.
    pub message: String,
}
