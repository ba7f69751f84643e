//! The journal: what was proposed, decided, done and found out about each change. Append-only; the state of a
//! change is derived from its entries, and an entry that the state does not allow is an error.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What an entry says, in the words of `history --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the contract")]
pub enum EntryKind {
    Proposed,
    Approved,
    Rejected,
    Snoozed,
    Expired,
    Refused,
    Armed,
    Disarmed,
    Vetoed,
    Cancelled,
    /// A step's request is about to be sent; `detail` holds the filled request.
    Started,
    /// A step's call was answered, or found done by reading.
    Succeeded,
    /// A step's call was refused, or found not done by reading.
    Failed,
    /// A step's call has no known outcome yet.
    Unknown,
    /// All targets are reached.
    Converged,
    /// The effect was watched; `detail` holds the verdict.
    Verified,
    RolledBack,
    NeedsHuman,
    Note,
}

/// An entry to be appended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Environment's name.
    pub environment: String,
    /// The change it belongs to; `None` for armed, disarmed and notes about none.
    pub change: Option<String>,
    /// The rule.
    pub rule: Option<String>,
    /// What.
    pub event: EntryKind,
    /// Who: user and host, or `auto`.
    pub by: String,
    /// Step number, from 1.
    pub step: Option<u32>,
    /// The plan (with proposed or approved), the request (started), the answer, the reason.
    pub detail: serde_json::Value,
}

/// An entry as it stands in the journal; one line of `history --json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in NewEntry")]
pub struct Entry {
    /// Position; grows by one.
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub environment: String,
    pub change: Option<String>,
    pub rule: Option<String>,
    pub event: EntryKind,
    pub by: String,
    pub step: Option<u32>,
    pub detail: serde_json::Value,
}

/// Where a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waits for a decision.
    Proposed,
    /// Put off.
    Snoozed,
    /// Approved, not begun.
    Approved,
    /// A step's call is under way (or was, when the process ended).
    InStep(u32),
    /// Between steps.
    Between(u32),
    /// A step's outcome is not known.
    Unknown(u32),
    /// A step failed.
    Failed(u32),
    /// Targets reached, effect not yet judged.
    Converged,
    /// Waits for a human.
    NeedsHuman,
    /// Over: verified, rejected, refused, expired, vetoed, cancelled, rolled back.
    Ended(EntryKind),
}

impl Phase {
    /// Whether calls may have left and nothing else may be applied in the environment.
    pub fn in_flight(self) -> bool {
        matches!(
            self,
            Self::Approved | Self::InStep(_) | Self::Between(_) | Self::Unknown(_) | Self::Failed(_)
        )
    }
}
