//! Auto mode: observe, ask the rules and the guardrails, let the operator veto, apply, follow, verify. One change
//! at a time, disarmed at every start, and disarmed again by itself when changes do no good.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::domain::guardrail::{Guardrail, guardrails, name};
use crate::domain::journal::{Entry, EntryKind, NewEntry};
use crate::domain::plan::Plan;
use crate::domain::planner;
use crate::domain::price::PriceList;
use crate::domain::recommendation::{Recommendation, Severity};
use crate::domain::rules::{Evaluated, Input, Signals, evaluate};
use crate::domain::snapshot::Mode;
use crate::domain::units::delta;
use crate::domain::verification::Verdict;
use crate::domain::world::World;
use crate::store::Query;

use super::executor::{Executor, Outcome, Report};
use super::eyes::{Eyes, OneShot};
use super::ids::Ids;
use super::recovery::Rest;
use super::verify::Effect;

/// Who an automatic change is approved by.
pub const AUTO: &str = "auto";
/// Failed changes in a row after which auto mode disarms itself.
const FAILURES: u32 = 2;
/// How far back the guardrails look into the journal.
const HISTORY: TimeDelta = TimeDelta::hours(24);
/// Evaluations kept for noisy signals.
const SIGNALS: usize = 64;

/// What the operator holds in hand while auto mode runs.
#[derive(Debug, Default)]
pub struct Brakes {
    armed: AtomicBool,
    veto: Notify,
    kill: Notify,
}

impl Brakes {
    /// Whether changes are applied without asking.
    pub fn armed(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
    }

    /// Vetoes the change whose countdown runs.
    pub fn veto(&self) {
        self.veto.notify_waiters();
    }

    /// Disarms at once and ends a countdown that runs. What has been sent stays sent.
    pub fn kill(&self) {
        self.armed.store(false, Ordering::SeqCst);
        self.kill.notify_waiters();
    }
}

/// How one evaluation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Nothing is to be done that auto mode may do.
    Nothing,
    /// Something is to be done, and auto mode is disarmed.
    Disarmed,
    /// Something is to be done, and a guardrail holds it back.
    Held(Outcome),
    /// The operator said no in time.
    Vetoed,
    /// A change was applied, or an open one finished; with the verdict where its effect was watched.
    Applied {
        /// How it went.
        outcome: Outcome,
        /// What its effect was.
        verdict: Option<Verdict>,
        /// Whether it was taken back.
        rolled_back: bool,
    },
}

impl Turn {
    /// Exit code of `autopilot --once`.
    pub fn exit(&self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Disarmed | Self::Vetoed => 4,
            Self::Applied { rolled_back: true, .. } | Self::Applied { verdict: Some(Verdict::Worse), .. } => {
                1
            }
            Self::Held(outcome) | Self::Applied { outcome, .. } => outcome.exit(),
        }
    }
}

/// Everything of one evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// What was observed.
    pub world: World,
    /// When.
    pub at: DateTime<Utc>,
    /// What the rules say.
    pub evaluated: Evaluated,
    /// The journal's entries that the guardrails looked at.
    pub history: Vec<Entry>,
}

/// The loop of auto mode.
pub struct Autopilot {
    executor: Arc<Executor>,
    eyes: Arc<dyn Eyes>,
    /// Without a screen there is nobody to veto, and no countdown.
    headless: bool,
    /// Whether the effect of a change is watched.
    verifies: bool,
    brakes: Arc<Brakes>,
    signals: Signals,
    /// Guardrails written down last, by recommendation: a refusal is journaled when it changes.
    said: BTreeMap<String, Vec<String>>,
    failures: u32,
    ids: Ids,
}

impl Autopilot {
    /// Disarmed.
    pub fn new(executor: Arc<Executor>, prices: PriceList, headless: bool, verifies: bool) -> Self {
        let eyes = OneShot { setup: executor.setup(), clock: executor.clock.clone(), prices };
        let ids = Ids::of(&executor.holder, "");
        Self {
            executor,
            eyes: Arc::new(eyes),
            headless,
            verifies,
            brakes: Arc::default(),
            signals: Signals::default(),
            said: BTreeMap::new(),
            failures: 0,
            ids,
        }
    }

    /// Looks at the world through `eyes` instead of polling every source at each evaluation.
    #[must_use]
    pub fn seeing(self, eyes: Arc<dyn Eyes>) -> Self {
        Self { eyes, ..self }
    }

    /// The operator's brakes.
    pub fn brakes(&self) -> Arc<Brakes> {
        Arc::clone(&self.brakes)
    }

    /// Arms, in the name of whoever confirmed it.
    ///
    /// # Errors
    /// Why not, in words.
    pub async fn arm(&mut self, by: &str, report: Report<'_>) -> Result<(), String> {
        if self.executor.actuator.is_none() {
            return Err("started with --read-only".to_owned());
        }
        self.write(EntryKind::Armed, None, by, json!({}), report).await?;
        self.failures = 0;
        self.brakes.armed.store(true, Ordering::SeqCst);
        Ok(())
    }

    /// Disarms and says why.
    pub async fn disarm(&self, by: &str, reason: &str, report: Report<'_>) {
        if !self.brakes.armed() {
            return;
        }
        // Disarmed also where the journal cannot be written.
        self.brakes.kill();
        if let Err(why) = self.write(EntryKind::Disarmed, None, by, json!({ "reason": reason }), report).await
        {
            tracing::warn!(reason, "disarmed, but it could not be written down: {why}");
        }
    }

    async fn write(
        &self,
        event: EntryKind,
        rule: Option<&str>,
        by: &str,
        detail: Json,
        report: Report<'_>,
    ) -> Result<(), String> {
        let entry = NewEntry {
            at: self.executor.clock.now(),
            environment: self.executor.environment.name.clone(),
            change: None,
            rule: rule.map(str::to_owned),
            event,
            by: by.to_owned(),
            step: None,
            detail,
        };
        let entry = self.executor.journal.append(entry).await.map_err(|e| e.to_string())?;
        report(entry);
        Ok(())
    }

    /// Observes and asks the rules.
    ///
    /// # Errors
    /// The journal cannot be read: without its history no guardrail can be judged.
    pub async fn evaluate(&mut self) -> Result<Evaluation, Outcome> {
        let executor = &self.executor;
        let (world, at) = self.eyes.look().await;
        let query = Query {
            environment: Some(executor.environment.name.clone()),
            since: Some(at - HISTORY),
            ..Query::default()
        };
        let history = executor
            .journal
            .read(&query)
            .await
            .map_err(|e| Outcome::refused(name::JOURNAL, e.to_string()))?;
        let evaluated = evaluate(&self.input(&world, at), &history);
        if let Some(desired) = evaluated.desired {
            self.signals.desired.push_back((at, desired));
            while self.signals.desired.len() > SIGNALS {
                self.signals.desired.pop_front();
            }
        }
        Ok(Evaluation { world, at, evaluated, history })
    }

    fn input<'a>(&'a self, world: &'a World, now: DateTime<Utc>) -> Input<'a> {
        Input {
            world,
            policy: &self.executor.policy,
            signals: &self.signals,
            environment: &self.executor.environment.name,
            now,
        }
    }

    /// One evaluation and at most one change, followed until it has converged and, where asked for, verified.
    ///
    /// A noisy signal is acted on only once as many evaluations agree as the policy asks for, and evaluations are
    /// those of this process. So a single turn (`autopilot --once`) repairs lists and adds mount targets, for which
    /// one complete reading is enough, and holds `scale-out-service` back by the guardrail `evaluations` unless the
    /// policy is content with one: a load seen once is a load that may be over.
    pub async fn turn(&mut self, report: Report<'_>) -> Turn {
        if self.brakes.armed() {
            match self.executor.recover(Rest::Finish, AUTO, report).await {
                Err(held) => return self.held("recovery", None, held, report).await,
                Ok(recovered) => {
                    if let Some(last) = recovered.into_iter().last()
                        && !matches!(last.outcome, Outcome::Refused { .. })
                    {
                        self.count(&last.outcome, report).await;
                        return Turn::Applied { outcome: last.outcome, verdict: None, rolled_back: false };
                    }
                }
            }
        }
        let evaluation = match self.evaluate().await {
            Ok(evaluation) => evaluation,
            Err(held) => return self.held("evaluation", None, held, report).await,
        };
        self.publish(&evaluation, report).await;
        let mut first = Turn::Nothing;
        let due: Vec<_> = evaluation
            .evaluated
            .recommendations
            .iter()
            .filter(|r| if r.change.is_some() { r.auto_allowed } else { r.severity == Severity::High })
            .collect();
        self.said.retain(|id, _| due.iter().any(|r| r.id == *id));
        for recommendation in due {
            if !self.brakes.armed() {
                return Turn::Disarmed;
            }
            let turn = self.consider(&evaluation, recommendation, report).await;
            match turn {
                Turn::Held(_) if first == Turn::Nothing => first = turn,
                Turn::Held(_) => {}
                turn => return turn,
            }
        }
        first
    }

    /// Publishes what was counted here, where there is no console that does.
    async fn publish(&self, seen: &Evaluation, report: Report<'_>) {
        if self.headless
            && self.brakes.armed()
            && let Some(count) = self.executor.to_publish(&seen.world)
            && let Some(why) = self.executor.publish(&count, &seen.world, &seen.history, AUTO, report).await
        {
            tracing::warn!("{why}");
        }
    }

    async fn consider(&mut self, seen: &Evaluation, rec: &Recommendation, report: Report<'_>) -> Turn {
        // What cannot be done and must not be left as it is: the journal asks a human.
        if rec.change.is_none() {
            let guardrail = rec.blocked_by.first().map_or(name::NOT_AVAILABLE, String::as_str);
            let held = Outcome::refused(guardrail, rec.reason.clone());
            return self.held(&rec.id, Some(&rec.rule), held, report).await;
        }
        let rails: Vec<Guardrail> =
            guardrails(&self.input(&seen.world, seen.at), rec, &seen.history, Mode::Auto)
                .into_iter()
                .filter(|g| g.holds)
                .collect();
        if let Some(rail) = rails.first() {
            if let Some(lambda) = rails.iter().find(|g| g.name == name::FORMER_LAMBDA) {
                self.disarm(AUTO, &lambda.detail, report).await;
            }
            let held = Outcome::Refused {
                guardrail: rail.name.clone(),
                why: rails.iter().map(|g| g.detail.clone()).collect(),
            };
            let names = rails.iter().map(|g| g.name.clone()).collect();
            return self.say(&rec.id, names, Some(&rec.rule), held, report).await;
        }
        let change = self.ids.next(seen.at);
        let plan = match planner::plan(&self.input(&seen.world, seen.at), rec, change) {
            Ok(plan) => plan,
            Err(why) => {
                let held = Outcome::refused(name::NOT_AVAILABLE, why);
                return self.held(&rec.id, Some(&rec.rule), held, report).await;
            }
        };
        if !self.headless
            && let Some(turn) = self.count_down(&plan, report).await
        {
            return turn;
        }
        self.said.remove(&rec.id);
        let outcome = self.executor.apply(&plan, AUTO, report).await;
        if let Outcome::Refused { .. } = outcome {
            return Turn::Held(outcome);
        }
        self.count(&outcome, report).await;
        if outcome != Outcome::Converged || !self.verifies {
            return Turn::Applied { outcome, verdict: None, rolled_back: false };
        }
        self.watch(&plan, &seen.world, report).await
    }

    /// Watches the effect; what made it worse is taken back where it can be.
    async fn watch(&mut self, plan: &Plan, before: &World, report: Report<'_>) -> Turn {
        let effect = Effect { plan, before, eyes: self.eyes.as_ref() };
        let verification = match self.executor.verify(effect, AUTO, report).await {
            Ok(verification) => verification,
            Err(outcome) => return Turn::Applied { outcome, verdict: None, rolled_back: false },
        };
        let verdict = Some(verification.verdict);
        if verification.verdict != Verdict::Worse {
            return Turn::Applied { outcome: Outcome::Converged, verdict, rolled_back: false };
        }
        if plan.rollback.is_none() || !self.brakes.armed() {
            self.disarm(AUTO, "a change made it worse and was not taken back; decide what becomes of it before it is armed again", report).await;
            return Turn::Applied { outcome: Outcome::Converged, verdict, rolled_back: false };
        }
        let id = self.ids.next(self.executor.clock.now());
        let outcome = self.executor.roll_back(&plan.change, id, AUTO, report).await;
        let reason = match &outcome {
            Outcome::Converged => "a change made it worse and was taken back; find out why".to_owned(),
            other => {
                format!("a change made it worse and could not be taken back ({}); decide", other.why())
            }
        };
        self.disarm(AUTO, &format!("{reason} before it is armed again"), report).await;
        Turn::Applied { rolled_back: outcome == Outcome::Converged, outcome, verdict }
    }

    /// Shows the change and gives the operator time to veto it.
    async fn count_down(&self, plan: &Plan, report: Report<'_>) -> Option<Turn> {
        let veto = self.executor.policy.veto;
        let until = self.executor.clock.now() + delta(veto);
        let detail = json!({ "plan": plan, "veto_until": until });
        if let Err(why) = self.executor.write(plan, EntryKind::Proposed, AUTO, detail, report).await {
            return Some(Turn::Held(Outcome::refused(name::JOURNAL, why)));
        }
        let (kind, reason, turn) = tokio::select! {
            () = self.executor.clock.sleep(veto) => return None,
            () = self.brakes.veto.notified() => (EntryKind::Vetoed, "vetoed by the operator", Turn::Vetoed),
            () = self.brakes.kill.notified() => (EntryKind::Cancelled, "auto mode was disarmed", Turn::Disarmed),
        };
        if let Err(why) = self.executor.write(plan, kind, AUTO, json!({ "reason": reason }), report).await {
            tracing::warn!(change = plan.change, reason, "a veto could not be written down: {why}");
        }
        Some(turn)
    }

    async fn count(&mut self, outcome: &Outcome, report: Report<'_>) {
        match outcome {
            Outcome::Converged => self.failures = 0,
            Outcome::Failed { .. } | Outcome::NotConverged { .. } | Outcome::Unknown { .. } => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    let (n, why) = (self.failures, outcome.why());
                    let why = format!(
                        "{n} changes failed one after the other, the last one because {why}; find out why \
                         before it is armed again"
                    );
                    self.disarm(AUTO, &why, report).await;
                }
            }
            Outcome::Refused { .. } | Outcome::Cancelled => {}
        }
    }

    async fn held(&mut self, what: &str, rule: Option<&str>, held: Outcome, report: Report<'_>) -> Turn {
        let names = match &held {
            Outcome::Refused { guardrail, .. } => vec![guardrail.clone()],
            _ => Vec::new(),
        };
        self.say(what, names, rule, held, report).await
    }

    /// Writes a refusal down where it is not the one written before.
    async fn say(
        &mut self,
        what: &str,
        names: Vec<String>,
        rule: Option<&str>,
        held: Outcome,
        report: Report<'_>,
    ) -> Turn {
        if self.said.get(what) != Some(&names) {
            let detail = json!({ "recommendation": what, "guardrails": names, "reason": held.why() });
            match self.write(EntryKind::Refused, rule, AUTO, detail, report).await {
                Ok(()) => drop(self.said.insert(what.to_owned(), names)),
                Err(why) => tracing::warn!(what, "a refusal could not be written down: {why}"),
            }
        }
        Turn::Held(held)
    }

    /// Evaluates every `every` until `cancel`; a change under way is followed to its end first.
    pub async fn run(&mut self, every: Duration, cancel: &CancellationToken, report: Report<'_>) {
        while !cancel.is_cancelled() {
            let turn = self.turn(report).await;
            tracing::debug!(?turn, "evaluated");
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.executor.clock.sleep(every) => {}
            }
        }
    }
}
