//! The executor: the only place that changes something, one change at a time, each step written down before it
//! is sent, sent once, and read back where the answer was lost.
//!
//! ```text
//! approve ─ lease ─ read, compare ─ Started ─ send ─┬─ Succeeded ─ wait ─ next step … Converged
//!                       ▲                           ├─ Failed ── throttled: back-off, read again
//!                       └───────────────────────────┘
//!                                                   └─ Unknown ─ read back ─ Succeeded │ Failed │ needs a human
//! ```

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::actuators::Actuator;
use crate::aws::Outside;
use crate::clock::Clock;
use crate::config::apply::Apply;
use crate::config::model::Environment;
use crate::domain::guardrail::name;
use crate::domain::journal::{Entry, EntryKind, NewEntry};
use crate::domain::plan::Plan;
use crate::domain::policy::Policy;
use crate::sources::Setup;
use crate::store::{Journal, JournalError};

use super::observer::Observer;

mod checks;
mod holder;
mod lease;
mod publish;
mod revision;
mod run;
mod step;
mod story;

pub use holder::{Alive, alive, holder};
pub use story::Begun;
pub(super) use story::before;

use lease::Lease;
pub(super) use run::Run;

/// Hears every entry that is appended, after it is durable.
pub type Report<'a> = &'a (dyn Fn(Entry) + Send + Sync);

/// How an answer, a wait and a lost outcome are timed; on the environment's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two looks at something that takes time.
    pub poll: Duration,
    /// An answer that has not come by then is lost.
    pub answer: Duration,
    /// After a lost answer the call may still take effect for this long.
    pub settle: Duration,
    /// Between the two looks that together say that it did not.
    pub second_look: Duration,
    /// A lost outcome that reading has not found by then is a human's.
    pub give_up: Duration,
    /// The lease is taken for this long, and renewed when half of it is over.
    pub lease: Duration,
    /// Wait before a throttled call is considered again; doubles.
    pub back_off: Duration,
    /// A throttled call is considered this many times.
    pub attempts: u32,
}

/// A throttled call is considered this many times.
const ATTEMPTS: u32 = 4;

impl Default for Pace {
    fn default() -> Self {
        Apply::default().into()
    }
}

impl From<Apply> for Pace {
    fn from(apply: Apply) -> Self {
        let Apply { poll, answer, settle, second_look, give_up, lease, back_off, evaluate_every: _ } = apply;
        Self { poll, answer, settle, second_look, give_up, lease, back_off, attempts: ATTEMPTS }
    }
}

/// How an attempt to apply a plan ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// Every step is done and every target reached.
    Converged,
    /// A guardrail or a difference held it back.
    Refused {
        /// Name of the guardrail; `stale-plan` and `expired` besides those of [`name`].
        guardrail: String,
        /// A sentence each.
        why: Vec<String>,
    },
    /// A step was refused by AWS, or what it was to bring about will not come.
    Failed {
        /// Why.
        why: String,
    },
    /// The operator stopped it between steps.
    Cancelled,
    /// The deadline of a wait passed.
    NotConverged {
        /// What was still missing.
        why: String,
    },
    /// Whether a call took effect could not be found out, or the journal or the lease was lost on the way.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The plan's world is no longer the world.
pub const STALE_PLAN: &str = "stale-plan";
/// The plan was not applied in time.
pub const EXPIRED: &str = "expired";

impl Outcome {
    /// Exit code of the command.
    pub fn exit(&self) -> u8 {
        match self {
            Self::Converged => 0,
            Self::Failed { .. } | Self::Cancelled => 1,
            Self::Refused { .. } => 4,
            Self::NotConverged { .. } | Self::Unknown { .. } => 5,
        }
    }

    /// Refused by a guardrail, in one sentence.
    pub fn refused(guardrail: &str, why: impl Into<String>) -> Self {
        Self::Refused { guardrail: guardrail.to_owned(), why: vec![why.into()] }
    }

    /// Why, in one line; empty where there is nothing to explain.
    pub fn why(&self) -> String {
        match self {
            Self::Converged | Self::Cancelled => String::new(),
            Self::Refused { guardrail, why } => format!("{guardrail}: {}", why.join("; ")),
            Self::Failed { why } | Self::NotConverged { why } | Self::Unknown { why } => why.clone(),
        }
    }
}

/// Applies plans in one environment.
pub struct Executor {
    /// Where everything is written before it is done.
    pub journal: Arc<dyn Journal>,
    /// What sends; `None`: read-only, everything is refused.
    pub actuator: Option<Arc<dyn Actuator>>,
    /// What is read before and after.
    pub outside: Outside,
    /// The environment's time.
    pub clock: Clock,
    /// Its settings.
    pub environment: Arc<Environment>,
    /// What may be done.
    pub policy: Arc<Policy>,
    /// Who holds the lease: unique to this process, see [`holder()`].
    pub holder: String,
    /// Whether the process of this machine that holds the lease is still there.
    pub alive: Alive,
    /// Timing.
    pub pace: Pace,
    published: Mutex<publish::Published>,
    /// Cancels the change that is under way.
    brake: Mutex<CancellationToken>,
}

impl Executor {
    /// An executor with the timing of the environment.
    pub fn new(
        journal: Arc<dyn Journal>,
        actuator: Option<Arc<dyn Actuator>>,
        setup: Setup,
        clock: Clock,
        policy: Arc<Policy>,
        holder: String,
    ) -> Self {
        let Setup { environment, outside } = setup;
        let (pace, brake, published) = (environment.apply.into(), Mutex::default(), Mutex::default());
        Self { journal, actuator, outside, clock, environment, policy, holder, alive, pace, published, brake }
    }

    /// Stops the change that is under way before its next call. What has been sent stays sent.
    pub fn cancel(&self) {
        self.brake.lock().unwrap_or_else(PoisonError::into_inner).cancel();
    }

    /// A new brake for a new change.
    fn release_brake(&self) -> CancellationToken {
        let token = CancellationToken::new();
        *self.brake.lock().unwrap_or_else(PoisonError::into_inner) = token.clone();
        token
    }

    pub(super) fn observer(&self) -> Observer {
        Observer::new(self.setup(), self.clock.clone())
    }

    /// What sources are built from.
    pub fn setup(&self) -> Setup {
        Setup { environment: Arc::clone(&self.environment), outside: self.outside.clone() }
    }

    /// Appends an entry about a change.
    ///
    /// # Errors
    /// Why the journal does not take it, in words.
    pub async fn write(
        &self,
        plan: &Plan,
        event: EntryKind,
        by: &str,
        detail: Json,
        report: Report<'_>,
    ) -> Result<(), String> {
        let pen = Pen::of(self, plan, by, report);
        pen.write(event, None, detail).await.map_err(|e| e.to_string())
    }

    /// Approves `plan` in the name of `by` and carries it out, until it has converged or cannot go on. Returns
    /// only when the journal holds how it ended, or cannot be written.
    pub async fn apply(&self, plan: &Plan, by: &str, report: Report<'_>) -> Outcome {
        let pen = Pen::of(self, plan, by, report);
        if self.actuator.is_none() {
            return pen.refuse(name::READ_ONLY, vec!["started with --read-only".to_owned()]).await;
        }
        if self.clock.now() > plan.expires_at {
            let why = format!("the plan was to be applied before {}", plan.expires_at.format("%H:%M:%S UTC"));
            return pen.refuse(EXPIRED, vec![why]).await;
        }
        let mut lease = match self.lease().await {
            Ok(lease) => lease,
            Err(why) => return pen.refuse(name::CHANGE_IN_FLIGHT, vec![why]).await,
        };
        let outcome = self.begin(plan, &pen, &mut lease).await;
        self.give_back(lease).await;
        outcome
    }

    /// With the lease: nothing else may be open, then the change is approved and run.
    async fn begin(&self, plan: &Plan, pen: &Pen<'_>, lease: &mut Lease) -> Outcome {
        match self.journal.open_changes(&self.environment.name).await {
            Ok(open) if open.is_empty() => {}
            Ok(open) => {
                let why = format!("{} is not over: it is to be resolved or finished first", open.join(", "));
                return pen.refuse(name::CHANGE_IN_FLIGHT, vec![why]).await;
            }
            Err(error) => return Outcome::refused(name::JOURNAL, error.to_string()),
        }
        let mut run = Run::new(self, plan, pen, lease);
        // Compared before anything is written, so that a stale plan is refused, not approved and given up.
        if let Err(stop) = run.admit().await {
            return pen.stop(stop).await;
        }
        if let Err(stop) = run.asked_for().await {
            return pen.stop(stop).await;
        }
        if let Err(error) = pen.write(EntryKind::Approved, None, json!({ "plan": plan })).await {
            return Outcome::refused(name::JOURNAL, error.to_string());
        }
        match run.carry_out().await {
            Ok(()) => Outcome::Converged,
            Err(stop) => pen.stop(stop).await,
        }
    }
}

/// Why a run does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// The journal cannot be written: nothing may be done any more.
    Journal(JournalError),
    /// Somebody else may be at work.
    Lease(String),
    /// Held back; nothing of the next step has left.
    Refused { guardrail: &'static str, why: Vec<String> },
    /// AWS refused a step for good; the journal says so already.
    Failed { step: u32, why: String },
    /// A target will not be reached.
    Lost { step: u32, why: String },
    /// A target was not reached in time.
    Late { step: u32, why: String },
    /// Reading did not tell whether a call took effect.
    Unknown { step: u32, why: String },
    /// Stopped by the operator.
    Cancelled,
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// Writes the entries of one change.
pub(super) struct Pen<'a> {
    pub(super) executor: &'a Executor,
    pub(super) change: &'a str,
    pub(super) rule: &'a str,
    /// The change that this one takes back: each of its entries names it.
    pub(super) undoes: Option<&'a str>,
    pub(super) by: &'a str,
    pub(super) report: Report<'a>,
}

impl<'a> Pen<'a> {
    pub(super) fn of(executor: &'a Executor, plan: &'a Plan, by: &'a str, report: Report<'a>) -> Self {
        let (change, rule, undoes) = (&plan.change, &plan.rule, plan.undoes.as_deref());
        Self { executor, change, rule, undoes, by, report }
    }

    pub(super) async fn write(
        &self,
        event: EntryKind,
        step: Option<u32>,
        mut detail: Json,
    ) -> Result<(), JournalError> {
        if let (Some(undone), Some(members)) = (self.undoes, detail.as_object_mut()) {
            members.insert("undoes".to_owned(), undone.into());
        }
        let entry = NewEntry {
            at: self.executor.clock.now(),
            environment: self.executor.environment.name.clone(),
            change: Some(self.change.to_owned()),
            rule: Some(self.rule.to_owned()),
            event,
            by: self.by.to_owned(),
            step,
            detail,
        };
        let entry = self.executor.journal.append(entry).await?;
        (self.report)(entry);
        Ok(())
    }

    /// Writes a refusal. A change that another process has ended meanwhile takes none, which is as well.
    async fn refuse(&self, guardrail: &str, why: Vec<String>) -> Outcome {
        let kind = if guardrail == EXPIRED { EntryKind::Expired } else { EntryKind::Refused };
        if let Err(error) = self
            .write(
                kind,
                None,
                json!({ "guardrail": guardrail, "reason": why.join("; "), "differences": why }),
            )
            .await
        {
            tracing::warn!(change = self.change, guardrail, "a refusal could not be written: {error}");
        }
        Outcome::Refused { guardrail: guardrail.to_owned(), why }
    }

    /// Writes down how a run ended, and says it.
    pub(super) async fn stop(&self, stop: Stop) -> Outcome {
        let (kind, step, detail, outcome) = match stop {
            Stop::Refused { guardrail, why } => return self.refuse(guardrail, why).await,
            Stop::Journal(error) => return Outcome::Unknown { why: error.to_string() },
            Stop::Lease(why) => return Outcome::Unknown { why },
            Stop::Cancelled => (
                EntryKind::Cancelled,
                None,
                json!({ "reason": "stopped by the operator" }),
                Outcome::Cancelled,
            ),
            Stop::Failed { step, why } => {
                let detail =
                    json!({ "reason": format!("step {step} failed, what is left is offered anew: {why}") });
                (EntryKind::Cancelled, None, detail, Outcome::Failed { why })
            }
            Stop::Lost { step, why } => {
                // It was answered, and what it was to bring about did not come.
                let failed = self.write(EntryKind::Failed, Some(step), json!({ "reason": why })).await;
                if let Err(error) = failed {
                    return Outcome::Unknown { why: error.to_string() };
                }
                (EntryKind::NeedsHuman, Some(step), json!({ "reason": why }), Outcome::Failed { why })
            }
            Stop::Late { step, why } => {
                (EntryKind::NeedsHuman, Some(step), json!({ "reason": why }), Outcome::NotConverged { why })
            }
            Stop::Unknown { step, why } => {
                (EntryKind::NeedsHuman, Some(step), json!({ "reason": why }), Outcome::Unknown { why })
            }
        };
        match self.write(kind, step, detail).await {
            Ok(()) => outcome,
            Err(error) => Outcome::Unknown { why: error.to_string() },
        }
    }
}
