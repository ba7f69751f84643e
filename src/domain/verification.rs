//! The effect of a change, watched after it has converged.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// What the change was for has improved, nothing else has suffered.
    Better,
    /// Nothing has suffered.
    Same,
    /// A limit was broken that held before.
    Worse,
    /// Not enough data to say.
    CannotTell,
}

/// One value beside its limit, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// `CPUUtilization`, `running tasks`, `5xx`, …
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Before the change.
    pub before: Option<f64>,
    /// After it.
    pub after: Option<f64>,
    /// At most (or at least, see `at_least`).
    pub limit: f64,
    /// Whether the limit is a lower one.
    pub at_least: bool,
    /// Whether this is what the change was to improve.
    pub goal: bool,
}

/// What the window showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// Begin of the window.
    pub from: DateTime<Utc>,
    /// End.
    pub to: DateTime<Utc>,
    /// The checks.
    pub checks: Vec<Check>,
    /// The verdict.
    pub verdict: Verdict,
}
