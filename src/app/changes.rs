//! What of recommendations, changes and brakes the screens show, and the question that is open about one.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::domain::guardrail::{Binds, Decision, Guardrail, name};
use crate::domain::journal::Entry;
use crate::domain::plan::Plan;
use crate::domain::recommendation::Recommendation;
use crate::domain::snapshot::Mode;

use super::event::EnvironmentIndex;

/// Entries of the journal that are kept for the screen.
pub const ENTRIES_KEPT: usize = 2000;

/// One recommendation with what holds it back and how it would be done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proposal {
    /// What and why.
    pub recommendation: Recommendation,
    /// What holds it back, and what does not.
    pub guardrails: Vec<Guardrail>,
    /// How, or why there is no plan.
    pub plan: Result<Plan, String>,
    /// What an operator decided about it, while that holds.
    pub decision: Option<Decision>,
}

impl Proposal {
    /// The guardrails that hold it back whoever wants it.
    pub fn held_by(&self) -> impl Iterator<Item = &Guardrail> {
        self.guardrails.iter().filter(|g| g.holds && g.binds == Binds::All)
    }

    /// The guardrails that say that a noisy signal has not settled yet.
    pub fn settling(&self) -> impl Iterator<Item = &Guardrail> {
        self.guardrails
            .iter()
            .filter(|g| g.holds && [name::EVALUATIONS, name::STABILISATION].contains(&g.name.as_str()))
    }

    /// Whether it waits for the operator: there is a plan, nothing holds it back, it has settled, and nobody has
    /// decided yet.
    pub fn waits(&self) -> bool {
        self.plan.is_ok()
            && self.decision.is_none()
            && self.settling().next().is_none()
            && self.held_by().next().is_none()
            && self.recommendation.blocked_by.is_empty()
    }
}

/// Whether two plans do the same to the same: all but their ids and times.
pub fn same_substance(a: &Plan, b: &Plan) -> bool {
    a.recommendation == b.recommendation
        && a.environment == b.environment
        && a.steps == b.steps
        && a.fingerprint == b.fingerprint
        && a.rollback == b.rollback
        && a.restart_only == b.restart_only
}

/// Where the change in flight is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Its id in the journal.
    pub change: String,
    /// A line.
    pub title: String,
    /// Step it is in, from 1.
    pub step: u32,
    /// Steps in all.
    pub of: u32,
    /// Since when it is in this step.
    pub since: DateTime<Utc>,
    /// What the step waits for, in words; empty: for the answer.
    pub waiting_for: String,
    /// When the change began.
    pub started_at: DateTime<Utc>,
    /// Whether it is this process that applies it.
    pub here: bool,
}

/// What holds all changes of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Brakes {
    /// Observe, approve or auto.
    pub mode: Mode,
    /// Whether auto mode applies by itself now.
    pub armed: bool,
    /// Why it does not.
    pub why_not_armed: Option<String>,
    /// The change that auto mode is about to apply, and until when it can be vetoed.
    pub veto: Option<(String, DateTime<Utc>)>,
    /// An operator has frozen all changes.
    pub frozen_by_operator: bool,
    /// Who did, and when the freeze ends by itself.
    pub frozen: Option<(String, DateTime<Utc>)>,
    /// Failures in a row.
    pub failures: u32,
}

/// Recommendations, journal, change in flight and brakes of one environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// The most severe first, as the last evaluation gave them.
    pub proposals: Vec<Proposal>,
    /// When they were evaluated; `None`: not yet.
    pub evaluated_at: Option<DateTime<Utc>>,
    /// Rules that could not tell, and why.
    pub not_enough: Vec<(String, String)>,
    /// Newest last; each position once.
    pub journal: VecDeque<Entry>,
    /// The change that is being applied.
    pub in_flight: Option<Progress>,
    /// What holds all changes.
    pub brakes: Brakes,
    /// The operator asked for a freeze and the brakes have not said so yet.
    pub freeze_asked: bool,
    /// Why the journal cannot be written or read. Nothing is applied without it.
    pub journal_error: Option<String>,
}

impl Changes {
    /// Nothing is known yet but the configured mode.
    pub fn new(mode: Mode) -> Self {
        Self { brakes: Brakes { mode, ..Brakes::default() }, ..Self::default() }
    }

    /// The proposal of that recommendation.
    pub fn proposal(&self, recommendation: &str) -> Option<&Proposal> {
        self.proposals.iter().find(|p| p.recommendation.id == recommendation)
    }

    /// Takes an entry in at its place; one that is there already changes nothing.
    pub(super) fn journaled(&mut self, entry: Entry) {
        let place = self.journal.partition_point(|e| e.seq < entry.seq);
        if self.journal.get(place).is_none_or(|e| e.seq != entry.seq) {
            self.journal.insert(place, entry);
        }
        while self.journal.len() > ENTRIES_KEPT {
            self.journal.pop_front();
        }
    }
}

/// What the operator is asked before something is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Apply this plan; it is the one that was on the screen.
    Approve {
        /// Id of the recommendation.
        recommendation: String,
        /// What will be submitted, byte for byte.
        plan: Box<Plan>,
    },
    /// Why it is rejected: a text.
    Reject {
        /// Id of the recommendation.
        recommendation: String,
    },
    /// For how many minutes it is put off: a text.
    Snooze {
        /// Id of the recommendation.
        recommendation: String,
    },
    /// Arm auto mode: the environment's name is to be typed.
    Arm,
    /// The name was typed; a last confirmation, so that a pasted line end arms nothing.
    ArmNamed,
    /// Stop the change in flight after its step.
    CancelChange {
        /// Its id.
        change: String,
    },
    /// Take a change back.
    RollBack {
        /// Its id.
        change: String,
    },
    /// End the operator's freeze.
    Thaw,
    /// Leave while this process applies a change.
    Quit,
}

impl Question {
    /// Whether the answer is a text rather than a key.
    pub fn wants_text(&self) -> bool {
        matches!(self, Self::Reject { .. } | Self::Snooze { .. } | Self::Arm)
    }
}

/// A question that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Asking {
    /// About which environment.
    pub environment: EnvironmentIndex,
    /// What is asked.
    pub question: Question,
    /// Answers that come earlier do not count and postpone this.
    pub ready_at: DateTime<Utc>,
    /// Why the last answer was not taken.
    pub told: Option<String>,
}

/// What the operator answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The key for yes.
    Confirm,
    /// The text that was typed.
    Text(String),
    /// No.
    Cancel,
    /// Some other key: no answer, but a sign that keys come by themselves.
    Other,
}
