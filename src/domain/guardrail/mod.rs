//! Guardrails: what holds a change back, each with its reason and, where there is one, the end of it.
//!
//! [`guardrails`] gives every one that has to do with a recommendation, holding or not, so that the brakes can be
//! seen. The operators' freeze and decisions come from the journal. What only the executor knows (the lease, the
//! journal, `--read-only`, the veto) is added there.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

mod decided;
mod kind;
mod observed;
mod past;
mod paused;
mod steadied;

pub use decided::{Decision, FREEZE_LASTS, Frozen, REJECTION_LASTS};
pub use kind::Direction;
pub use past::Past;

use super::journal::Entry;
use super::recommendation::Recommendation;
use super::rules::Input;
use super::snapshot::Mode;

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
    /// An operator rejected it or put it off.
    pub const DECIDED: &str = "decided";
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

impl Guardrail {
    /// Whether it stops a change that is applied in `mode`.
    pub fn stops(&self, mode: Mode) -> bool {
        self.holds && (self.binds == Binds::All || mode == Mode::Auto)
    }

    fn new(name: &str, binds: Binds, holds: bool, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), holds, binds, detail: detail.into(), until: None }
    }

    fn until(self, until: Option<DateTime<Utc>>) -> Self {
        Self { until, ..self }
    }
}

/// Every guardrail that has to do with `rec`, those that stop it in `mode` first.
///
/// `history` holds entries of the environment in order of position, without those of the change that is about to
/// be applied; cool-downs and the flap budget look back an hour and more.
pub fn guardrails(input: &Input<'_>, rec: &Recommendation, history: &[Entry], mode: Mode) -> Vec<Guardrail> {
    with_past(input, rec, &Past::of(history, input.environment), mode)
}

/// As [`guardrails`], with the history read once for many recommendations.
pub fn with_past(input: &Input<'_>, rec: &Recommendation, past: &Past, mode: Mode) -> Vec<Guardrail> {
    // Where nothing can be done, only the reason for that is worth saying.
    let mut rails: Vec<Guardrail> = rec
        .blocked_by
        .iter()
        .filter(|name| of_rules(name))
        .map(|name| Guardrail::new(name, Binds::All, true, rec.reason.clone()))
        .collect();
    if rec.change.is_none() {
        return rails;
    }
    rails.extend(paused::rails(input, rec, past));
    rails.extend(observed::rails(input, rec));
    rails.extend(steadied::rails(input, rec));
    rails.sort_by_key(|rail| (!rail.stops(mode), !rail.holds));
    rails
}

/// The guardrail that keeps a count of files from being published: the wrong account, a freeze, or the former
/// function, which publishes its own under the same name.
pub fn publishing(input: &Input<'_>, past: &Past) -> Option<Guardrail> {
    let rails =
        [Some(paused::freeze(input, past)), observed::account(input), Some(observed::former_lambda(input))];
    rails.into_iter().flatten().find(|rail| rail.holds)
}

/// Guardrails that the rules themselves find.
fn of_rules(name: &str) -> bool {
    [name::NO_FREE_ZONE, name::NO_SECURITY_GROUP, name::LIMIT, name::NOT_AVAILABLE].contains(&name)
}

/// Names of the guardrails that stop a change in `mode`, each once: `Auto` for all that hold, any other mode for
/// those that bind everybody.
pub fn blocked_by(rails: &[Guardrail], mode: Mode) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for rail in rails.iter().filter(|rail| rail.stops(mode)) {
        if !names.contains(&rail.name) {
            names.push(rail.name.clone());
        }
    }
    names
}
