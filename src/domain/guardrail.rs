//! Guardrails: what holds a change back, each with its reason and, where there is one, the end of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The names, as they stand in `blocked_by` and in the journal's refusals.
pub mod name {
    /// Another change of the environment is in flight, or needs a human.
    pub const CHANGE_IN_FLIGHT: &str = "change-in-flight";
    /// Too soon after the change before.
    pub const COOL_DOWN: &str = "cool-down";
    /// Not enough evaluations agree yet.
    pub const EVALUATIONS: &str = "evaluations";
    /// On the way down the largest answer of the window counts.
    pub const STABILISATION: &str = "stabilisation";
    /// The limit of tasks is reached.
    pub const LIMIT: &str = "limit";
    /// Too many changes of direction.
    pub const FLAP_BUDGET: &str = "flap-budget";
    /// A freeze window, or the operator's freeze.
    pub const FREEZE: &str = "freeze";
    /// The error budget burns too fast.
    pub const ERROR_BUDGET: &str = "error-budget";
    /// What the change rests on is not fresh.
    pub const DATA_FRESHNESS: &str = "data-freshness";
    /// The identity is not of the expected account.
    pub const EXPECTED_ACCOUNT: &str = "expected-account";
    /// A deployment is in progress.
    pub const DEPLOYMENT_IN_PROGRESS: &str = "deployment-in-progress";
    /// Every zone has a mount target.
    pub const NO_FREE_ZONE: &str = "no-free-zone";
    /// No security group is known for a new mount target.
    pub const NO_SECURITY_GROUP: &str = "no-security-group";
    /// The former Lambda function still runs.
    pub const FORMER_LAMBDA: &str = "former-lambda";
    /// The journal cannot be written.
    pub const JOURNAL: &str = "journal";
    /// Started with `--read-only`.
    pub const READ_ONLY: &str = "read-only";
    /// The file system or subnet is not in the state the change needs.
    pub const NOT_AVAILABLE: &str = "not-available";
}

/// Whom a guardrail binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Binds {
    /// Everybody.
    All,
    /// Auto mode; an operator sees it and decides.
    Auto,
}

/// A guardrail as it stands for a recommendation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guardrail {
    /// One of [`name`].
    pub name: String,
    /// Whether it holds the change back now.
    pub holds: bool,
    /// Whom it binds.
    pub binds: Binds,
    /// A sentence with the numbers.
    pub detail: String,
    /// When it ends by itself.
    pub until: Option<DateTime<Utc>>,
}
