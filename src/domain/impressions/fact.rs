//! What the source of impressions tells: rows that the event log got, and answers that were given meanwhile.
//!
//! All instants here are those of the service's clock, the machine's own: load runs in real time, also where the
//! clock of an environment does not.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::latency::Latency;
use crate::domain::slo::{Counts, Objective};

/// What the service is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Share of requests that shall succeed.
    pub objective: Objective,
    /// Seconds of the rolling window that it holds for.
    pub window_s: u32,
}

impl Default for Terms {
    /// 99.90 % of 30 days.
    fn default() -> Self {
        Self { objective: Objective::default(), window_s: 30 * 86_400 }
    }
}

impl Terms {
    /// The rolling window.
    pub fn window(self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.window_s))
    }
}

/// One reading of the event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// When the rows were counted.
    pub at: DateTime<Utc>,
    /// How exactly `at` is known: the statement saw the log at some time within so many milliseconds of it.
    pub within_ms: u64,
    /// The database and its version: `MariaDB 11.4.2`, `SQLite 3.50.4`.
    pub database: String,
    /// Milliseconds by which the database's clock is ahead of the service's.
    pub clock_ahead_ms: i64,
    /// The database's own time of the reading, UTC.
    pub database_now: DateTime<Utc>,
    /// The newest `at` of a row, UTC by the database's clock; `None`: the log is empty.
    pub newest_at: Option<DateTime<Utc>>,
    /// Complete counts of these seconds of the database's clock; each replaces what was said of it before.
    pub seconds: Vec<Second>,
    /// Rows counted since the first reading, those that appeared late included.
    pub total: u64,
    /// Readings whose totals can be compared bear the same number; it grows when the log was emptied or another
    /// one, and when rows had to be left out.
    pub era: u64,
    /// Highest id that was read.
    pub watermark: u64,
    /// Ids above the watermark that are left for the next readings, at most; 0: everything there was is counted.
    pub behind: u64,
    /// What the reading cost the database.
    pub cost: Cost,
    /// What happened to the log since the reading before, in words: emptied, another server, rows that came late.
    pub notes: Vec<String>,
}

/// Rows of a second.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Second {
    /// The second, by the database's clock, UTC.
    pub at: DateTime<Utc>,
    /// Rows by name. The names of the most rows; the rest stands together under [`OTHER_NAMES`].
    pub by_name: BTreeMap<String, u64>,
}

/// Stands for all names beyond those that are told apart.
pub const OTHER_NAMES: &str = "…";

/// What a reading cost the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Statements.
    pub statements: u32,
    /// Rows that were read by their primary key.
    pub rows: u64,
    /// Milliseconds that the statements took, all together.
    pub took_ms: u64,
}

/// Answers between two readings of the counters of hakaru and kakeru.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// The later reading.
    pub at: DateTime<Utc>,
    /// Milliseconds between the two.
    pub over_ms: u64,
    /// What the instances of the service answered; `None` if none of them could be asked.
    pub service: Option<Answers>,
    /// What the load got for an answer; `None` if no load could be asked.
    pub load: Option<Answers>,
    /// All instances that are configured or were seen.
    pub instances: Vec<Instance>,
    /// What no instance told of: those that answered before and not now took answers with them that nobody counted.
    pub incomplete: bool,
}

/// Answers of an interval, of all instances together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Answers {
    /// Succeeded.
    pub good: u64,
    /// Failed, by reason: `503`, `timed out`, …
    pub bad: BTreeMap<String, u64>,
    /// How long they took.
    pub latency: Latency,
    /// Requests a second that the load was asked to offer; `None` of the service.
    pub asked_per_s: Option<f64>,
    /// Impressions that lie in a spool, acknowledged and not yet in the database; `None` where there is none.
    pub waiting: Option<u64>,
}

impl Answers {
    /// As succeeded and failed.
    pub fn counts(&self) -> Counts {
        Counts { good: self.good, bad: self.bad.values().fold(0, |sum, n| sum.saturating_add(*n)) }
    }
}

/// What an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It measures impressions.
    Hakaru,
    /// It makes load.
    Kakeru,
    /// It has not answered yet.
    Unknown,
}

/// One instance of the service, or one load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// `host:port`, with the label `instance` behind it where one page tells of several.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its answers of the interval; `None` where there is nothing to compare with: the first reading.
    pub counts: Option<Counts>,
    /// Why it could not be asked.
    pub error: Option<String>,
    /// Impressions that wait for a place in a batch.
    pub queue: Option<f64>,
    /// Room for them.
    pub queue_limit: Option<f64>,
    /// Share of one processor that it used in the interval.
    pub processor: Option<f64>,
    /// Whether its database takes impressions.
    pub database_up: Option<bool>,
    /// Whether its health check passes.
    pub healthy: Option<bool>,
    /// When the process began.
    pub started_at: Option<DateTime<Utc>>,
}
