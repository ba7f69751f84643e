//! What the tail hands over: lines ready to be held, marks, and how each group is doing. One event.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::source::Failure;

use super::block::Block;
use super::mark::MarkChange;

/// Lines in a batch at most, so that taking one in never holds up a key.
pub const BATCH_LINES: usize = 5_000;
/// Late lines in a batch at most: each may belong into another part of the ring, which is rebuilt for it.
pub const LATE_LINES: usize = 100;
/// Bytes of text in a batch, about: one line may be longer.
pub const BATCH_BYTES: usize = 1 << 20;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Lines, the oldest first.
    pub lines: Block,
    /// Changes of marks, in their order.
    pub marks: Vec<MarkChange>,
    /// Groups whose state changed.
    pub status: Vec<GroupStatus>,
}

/// How the tail of one group is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupStatus {
    /// Log group.
    pub group: Arc<str>,
    /// As of when.
    pub at: DateTime<Utc>,
    /// What it does now.
    pub state: TailState,
    /// Time of the newest line.
    pub newest: Option<DateTime<Utc>>,
    /// Everything before was read completely at least once.
    pub read_until: DateTime<Utc>,
    /// Time from logging to CloudWatch of the latest lines: median and longest, milliseconds.
    pub delay_ms: Option<(i64, i64)>,
    /// How Live Tail is doing; `None`: it is not used.
    pub live: Option<LiveState>,
    /// What it has counted.
    pub counts: TailCounts,
}

/// How a session of Live Tail is doing.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveState {
    /// It is being started.
    Starting,
    /// Lines come.
    Streaming {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Nobody looks at the environment, so there is none: it costs money.
    Paused,
    /// It could not be started, or broke. Lines are read all the same, somewhat later.
    Failing {
        /// Why.
        failure: Failure,
        /// When it is tried again.
        again: DateTime<Utc>,
    },
}

/// What the tail of a group does now.
#[derive(Debug, Clone, PartialEq)]
pub enum TailState {
    /// Has not read anything yet.
    Starting,
    /// Up to date.
    Following,
    /// Reads what was not read before, so much of a time is left.
    CatchingUp {
        /// Seconds of log time that are still to be read.
        behind_s: i64,
    },
    /// The last calls failed; it goes on asking.
    Failing {
        /// The last failure.
        failure: Failure,
        /// Since when.
        since: DateTime<Utc>,
        /// Failures in a row.
        failures: u32,
        /// When it asks again.
        again: DateTime<Utc>,
    },
}

/// What the tail of a group has counted since it began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TailCounts {
    /// Lines handed over, each once.
    pub lines: u64,
    /// Of those: came after younger ones of the group had been shown.
    pub late: u64,
    /// Of those: came by Live Tail first.
    pub live: u64,
    /// Updates of Live Tail, one a second, that held a sample of the lines only. The others were read later.
    pub sampled: u64,
    /// Came again and were left out.
    pub repeated: u64,
    /// Taken in by CloudWatch but given by no read. `None`: nobody counts.
    pub lost: Option<u64>,
    /// Spans of time that were never read completely.
    pub spans_never_read: u64,
    /// Calls made.
    pub calls: u64,
    /// Of those: throttled.
    pub throttled: u64,
}
