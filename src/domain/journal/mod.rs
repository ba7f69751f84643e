//! The journal: what was proposed, decided, done and found out about each change. Append-only; the state of a
//! change is derived from its entries, and an entry that the state does not allow is an error.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

mod advance;
mod fold;

pub use advance::advance;
pub use fold::{ChangeState, StepState, fold};

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

impl EntryKind {
    /// Every kind, in the order of a change's life.
    pub const ALL: [Self; 19] = [
        Self::Proposed,
        Self::Approved,
        Self::Rejected,
        Self::Snoozed,
        Self::Expired,
        Self::Refused,
        Self::Armed,
        Self::Disarmed,
        Self::Vetoed,
        Self::Cancelled,
        Self::Started,
        Self::Succeeded,
        Self::Failed,
        Self::Unknown,
        Self::Converged,
        Self::Verified,
        Self::RolledBack,
        Self::NeedsHuman,
        Self::Note,
    ];

    /// The word of `history --json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Snoozed => "snoozed",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::Armed => "armed",
            Self::Disarmed => "disarmed",
            Self::Vetoed => "vetoed",
            Self::Cancelled => "cancelled",
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Converged => "converged",
            Self::Verified => "verified",
            Self::RolledBack => "rolled_back",
            Self::NeedsHuman => "needs_human",
            Self::Note => "note",
        }
    }
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

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Proposed => f.write_str("proposed"),
            Self::Snoozed => f.write_str("snoozed"),
            Self::Approved => f.write_str("approved and not begun"),
            Self::InStep(n) => write!(f, "in step {n}"),
            Self::Between(n) => write!(f, "after step {n}"),
            Self::Unknown(n) => write!(f, "without a known outcome of step {n}"),
            Self::Failed(n) => write!(f, "failed in step {n}"),
            Self::Converged => f.write_str("converged"),
            Self::NeedsHuman => f.write_str("waiting for a human"),
            Self::Ended(kind) => write!(f, "over ({})", kind.word()),
        }
    }
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
