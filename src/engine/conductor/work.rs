//! The worker: one change at a time, in a task of its own.

use std::sync::Arc;

use chrono::TimeDelta;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::domain::plan::Plan;
use crate::domain::snapshot::Mode;
use crate::domain::units::delta;
use crate::domain::world::World;
use crate::engine::autopilot::{Autopilot, Turn};
use crate::engine::executor::{Executor, Outcome};
use crate::engine::live::Watching;
use crate::engine::recovery::{Recovered, Rest};
use crate::engine::verify::Effect;

use super::Conductor;

/// Pause between two looks after a change that somebody left open.
const RECOVER: TimeDelta = TimeDelta::seconds(30);

/// What the worker does.
pub(super) enum Job {
    /// Applies a plan; the world is the one before.
    Apply(Box<Plan>, Arc<World>),
    /// Takes a change back under an id of its own.
    RollBack { change: String, id: String },
    /// One evaluation of auto mode, and at most one change.
    Turn(Box<Autopilot>),
    /// Finds out what became of changes that were left open.
    Recover,
}

/// How it ended.
pub(super) enum Done {
    Applied(Box<Plan>, Arc<World>, Outcome),
    RolledBack(Outcome),
    Turned(Box<Autopilot>, Turn),
    Recovered(Result<Vec<Recovered>, Outcome>),
    /// The worker ended without a word.
    Died,
}

/// The work under way.
pub(super) struct Working {
    done: oneshot::Receiver<Done>,
    /// Whether auto mode is at work.
    pub(super) auto: bool,
    /// Ends the worker where it stands.
    pub(super) abort: CancellationToken,
    /// What it is, in words.
    pub(super) what: String,
}

/// Waits for the end of the work; for ever while there is none.
pub(super) async fn ended(working: &mut Option<Working>) -> Done {
    match working {
        Some(work) => {
            let done = (&mut work.done).await.unwrap_or(Done::Died);
            *working = None;
            done
        }
        None => std::future::pending().await,
    }
}

async fn carry_out(job: Job, executor: Arc<Executor>, by: String, wrote: Arc<tokio::sync::Notify>) -> Done {
    let report = move |_| wrote.notify_one();
    match job {
        Job::Apply(plan, before) => {
            let outcome = executor.apply(&plan, &by, &report).await;
            Done::Applied(plan, before, outcome)
        }
        Job::RollBack { change, id } => Done::RolledBack(executor.roll_back(&change, id, &by, &report).await),
        Job::Turn(mut autopilot) => {
            let turn = autopilot.turn(&report).await;
            Done::Turned(autopilot, turn)
        }
        Job::Recover => Done::Recovered(executor.recover(Rest::Offer, &by, &report).await),
    }
}

impl Conductor {
    /// Starts the worker. Nothing else may be under way.
    pub(super) fn begin(&mut self, job: Job, what: impl Into<String>) {
        let Some(desk) = &self.desk else { return };
        let (sender, done) = oneshot::channel();
        let abort = CancellationToken::new();
        let auto = matches!(job, Job::Turn(_));
        let work = carry_out(job, Arc::clone(&desk.executor), self.by.clone(), Arc::clone(&self.wrote));
        let aborted = abort.clone();
        self.tasks.spawn(format!("changes of {}", self.name), async move {
            tokio::select! {
                () = aborted.cancelled() => {}
                done = work => drop(sender.send(done)),
            }
        });
        self.stopping = false;
        self.working = Some(Working { done, auto, abort, what: what.into() });
    }

    /// Whether anything may be begun at all.
    pub(super) fn able(&self) -> bool {
        self.mode != Mode::Observe && self.actuator.is_some() && self.desk.is_some() && self.failed.is_none()
    }

    /// Begins what nobody has to ask for: a turn of auto mode, a look after an open change.
    pub(super) fn begin_what_is_due(&mut self) {
        if self.working.is_some() {
            if self.stopping
                && let Some(desk) = &self.desk
            {
                // Again and again: the brake of a change exists only once the change has begun.
                desk.executor.cancel();
            }
            return;
        }
        let now = self.clock.now();
        if !self.able() {
            return;
        }
        if (!self.looked || self.diary.progress().is_some()) && now >= self.recover_at {
            (self.looked, self.recover_at) = (true, now + RECOVER);
            self.begin(Job::Recover, "a look after changes that were left open");
            return;
        }
        if self.mode == Mode::Auto && self.armed() && now >= self.turn_at {
            let autopilot = self.desk.as_mut().and_then(|desk| desk.autopilot.take());
            if let Some(autopilot) = autopilot {
                self.begin(Job::Turn(Box::new(autopilot)), "auto mode");
            }
        }
    }

    /// The work has ended.
    pub(super) async fn done(&mut self, done: Done) {
        self.stopping = false;
        self.follow().await;
        match done {
            Done::Applied(plan, before, outcome) => {
                let words = words(&plan.title, &outcome);
                if outcome == Outcome::Converged {
                    self.say(format!("{words}; its effect is being watched")).await;
                    self.verify(plan, before);
                } else {
                    self.say(words).await;
                }
            }
            Done::RolledBack(outcome) => self.say(words("taking the change back", &outcome)).await,
            Done::Turned(autopilot, turn) => {
                tracing::debug!(?turn, "auto mode evaluated");
                let pause = delta(self.every());
                self.turn_at = self.clock.now() + pause;
                let armed = autopilot.brakes().armed();
                if let Some(desk) = &mut self.desk {
                    desk.autopilot = Some(*autopilot);
                }
                if let Turn::Applied { outcome, rolled_back, .. } = &turn {
                    let back = if *rolled_back { ", and taken back" } else { "" };
                    self.say(format!("auto mode: {}{back}", words("a change", outcome))).await;
                }
                if !armed
                    && self.armed_written
                    && let Some(why) = self.diary.disarmed()
                {
                    // By itself, and it has written so.
                    self.say(format!("auto mode disarmed itself: {why}")).await;
                    (self.armed_written, self.disarmed) = (false, Some(why));
                }
            }
            Done::Recovered(Ok(recovered)) => {
                for one in recovered {
                    let words = words(&one.plan.title, &one.outcome);
                    self.say(format!("left open by an earlier run, read back: {words}")).await;
                }
            }
            Done::Recovered(Err(outcome)) => {
                // Told once: another console may be at work on it for long.
                let why = outcome.why();
                if self.told_open.as_ref() != Some(&why) {
                    self.say(format!("an earlier change is open: {why}")).await;
                    self.told_open = Some(why);
                }
            }
            Done::Died => {
                // Auto mode that ended with its task begins anew, disarmed.
                let gone = self.desk.as_ref().filter(|d| d.autopilot.is_none());
                if let Some(executor) = gone.map(|d| Arc::clone(&d.executor)) {
                    let autopilot = self.autopilot(&executor);
                    if let Some(desk) = &mut self.desk {
                        desk.autopilot = Some(autopilot);
                    }
                }
            }
        }
        self.evaluate().await;
    }

    /// Watches the effect of a change beside everything else; the verdict comes by the journal.
    fn verify(&self, plan: Box<Plan>, before: Arc<World>) {
        let Some(desk) = &self.desk else { return };
        let (executor, by, wrote) = (Arc::clone(&desk.executor), self.by.clone(), Arc::clone(&self.wrote));
        let eyes = Watching { live: Arc::clone(&self.live), clock: self.clock.clone() };
        self.tasks.spawn(format!("effect of {}", plan.change), async move {
            let effect = Effect { plan: &plan, before: &before, eyes: &eyes };
            if let Err(outcome) = executor.verify(effect, &by, &move |_| wrote.notify_one()).await {
                tracing::warn!(change = plan.change, "not verified: {}", outcome.why());
            }
        });
    }
}

/// How a change went, in a line.
fn words(title: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Converged => format!("done: {title}"),
        Outcome::Refused { .. } => format!("refused: {title}: {}", outcome.why()),
        Outcome::Failed { why } => format!("failed: {title}: {why}"),
        Outcome::Cancelled => format!("stopped: {title}"),
        Outcome::NotConverged { why } => format!("not converged: {title}: {why}"),
        Outcome::Unknown { why } => format!("outcome unknown: {title}: {why}"),
    }
}
