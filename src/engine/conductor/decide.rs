//! The operator's commands: refused in words, or written down and carried out.

use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use crate::app::changes::same_substance;
use crate::domain::guardrail::{Decision, Frozen, Guardrail};
use crate::domain::journal::{EntryKind, NewEntry};
use crate::domain::plan::Plan;
use crate::domain::recommendation::Recommendation;
use crate::domain::snapshot::Mode;

use super::work::Job;
use super::{Command, Conductor};

impl Conductor {
    /// Does what the operator asked for, or says why not.
    pub(super) async fn obey(&mut self, command: Command) {
        let refused = match command {
            Command::Approve { recommendation, plan } => self.approve(&recommendation, plan).await,
            Command::Reject { recommendation, reason } => self.reject(&recommendation, &reason).await,
            Command::Snooze { recommendation, minutes } => self.snooze(&recommendation, minutes).await,
            Command::Arm => self.arm().await,
            Command::Disarm => self.disarm().await,
            Command::Veto => Ok(()), // the brake has it already, and auto mode writes it down
            Command::CancelChange => self.cancel_change(),
            Command::RollBack { change } => self.roll_back(change),
            Command::Freeze { freeze } => self.freeze(freeze).await,
        };
        if let Err(why) = refused {
            self.say(why).await;
        }
        self.follow().await;
        self.evaluate().await;
    }

    /// Why nothing can be changed now.
    fn ready(&self) -> Result<(), String> {
        if self.actuator.is_none() {
            return Err("not done: started with --read-only".to_owned());
        }
        if self.mode == Mode::Observe {
            return Err("not done: mode is observe".to_owned());
        }
        self.writes()?;
        match &self.working {
            Some(work) => Err(format!("not done: {} is under way, one at a time", work.what)),
            None => Ok(()),
        }
    }

    /// Why nothing can be written down now.
    fn writes(&self) -> Result<(), String> {
        match (&self.desk, &self.failed) {
            (_, Some(why)) => Err(format!("not done: no journal, no change: {why}")),
            (None, None) => Err("not done: the journal is still being opened".to_owned()),
            (Some(_), None) => Ok(()),
        }
    }

    async fn approve(&mut self, recommendation: &str, plan: Box<Plan>) -> Result<(), String> {
        self.ready()?;
        // What others wrote and what was read since counts.
        self.follow().await;
        self.evaluate().await;
        let why = match self.board.proposal(recommendation) {
            None => Some(("stale-plan", "it is not recommended any more".to_owned())),
            Some(proposal) => match &proposal.plan {
                Err(why) => Some(("stale-plan", format!("there is no plan any more: {why}"))),
                Ok(now) if !same_substance(now, &plan) => {
                    Some(("stale-plan", "the plan has changed since it was read: read it again".to_owned()))
                }
                Ok(_) => proposal
                    .held_by()
                    .next()
                    .map(|Guardrail { name, detail, .. }| (name.as_str(), detail.clone())),
            },
        };
        if let Some((guardrail, why)) = why {
            let detail = json!({ "guardrail": guardrail, "reason": why, "recommendation": recommendation });
            let words = format!("refused: {guardrail}: {why}");
            let (change, rule) = (plan.change.clone(), plan.rule.clone());
            self.board.used(recommendation);
            self.write(EntryKind::Refused, Some(change), Some(rule), detail).await?;
            return Err(words);
        }
        self.board.used(recommendation);
        let (title, before) = (plan.title.clone(), self.live.world());
        self.say(format!("approved: {title}")).await;
        self.begin(Job::Apply(plan, before), title);
        Ok(())
    }

    async fn reject(&mut self, recommendation: &str, reason: &str) -> Result<(), String> {
        let (rec, change) = self.proposed(recommendation).await?;
        let detail = Decision::rejected(&rec, reason);
        self.write(EntryKind::Rejected, Some(change), Some(rec.rule), detail).await?;
        self.say(format!("rejected: {}", rec.title)).await;
        Ok(())
    }

    async fn snooze(&mut self, recommendation: &str, minutes: u32) -> Result<(), String> {
        let (rec, change) = self.proposed(recommendation).await?;
        let until = self.clock.now() + TimeDelta::minutes(minutes.into());
        let detail = Decision::snoozed(&rec, until);
        self.write(EntryKind::Snoozed, Some(change), Some(rec.rule), detail).await?;
        self.say(format!("put off until {}: {}", until.format("%m-%d %H:%M UTC"), rec.title)).await;
        Ok(())
    }

    /// Writes down what is decided about, as it is proposed now.
    async fn proposed(&mut self, recommendation: &str) -> Result<(Recommendation, String), String> {
        if self.actuator.is_none() {
            return Err("not done: started with --read-only".to_owned());
        }
        self.writes()?;
        let proposal = self.board.proposal(recommendation);
        let Some(proposal) = proposal.cloned() else {
            return Err("not done: it is not recommended any more".to_owned());
        };
        let rec = proposal.recommendation;
        let (change, detail) = match proposal.plan {
            Ok(plan) => (plan.change.clone(), json!({ "recommendation": rec.id, "plan": plan })),
            Err(why) => {
                let id = self.board.id(self.clock.now());
                (id, json!({ "recommendation": rec.id, "title": rec.title, "no_plan": why }))
            }
        };
        self.board.used(recommendation);
        self.write(EntryKind::Proposed, Some(change.clone()), Some(rec.rule.clone()), detail).await?;
        Ok((rec, change))
    }

    async fn arm(&mut self) -> Result<(), String> {
        if self.mode != Mode::Auto {
            return Err("not armed: only auto mode can be armed".to_owned());
        }
        if self.actuator.is_none() {
            return Err("not armed: started with --read-only".to_owned());
        }
        self.writes()?;
        let wrote = Arc::clone(&self.wrote);
        let autopilot = self.desk.as_mut().and_then(|desk| desk.autopilot.as_mut());
        let Some(autopilot) = autopilot else {
            return Err("not armed: auto mode is still ending what it did; try again".to_owned());
        };
        autopilot
            .arm(&self.by, &move |_| wrote.notify_one())
            .await
            .map_err(|why| format!("not armed: {why}"))?;
        (self.armed_written, self.disarmed, self.turn_at) = (true, None, self.clock.now());
        self.say("auto mode is armed").await;
        Ok(())
    }

    /// The brake has been pulled already; what auto mode has under way stops before its next call, or, where it
    /// only watches, at once.
    async fn disarm(&mut self) -> Result<(), String> {
        if let Some(brakes) = self.hand.brakes.load().as_ref() {
            brakes.kill();
        }
        if self.working.as_ref().is_some_and(|w| w.auto) {
            self.follow().await;
            match &self.working {
                Some(work) if self.diary.watched_by_auto() => work.abort.cancel(),
                _ => self.stopping = true,
            }
        }
        let written = self.write_disarmed().await;
        let words = if self.disarmed.is_some() { "auto mode is disarmed" } else { "auto mode was not armed" };
        self.say(words).await;
        written
    }

    /// Writes down that auto mode was disarmed by the operator, where that is not written yet.
    pub(super) async fn write_disarmed(&mut self) -> Result<(), String> {
        if !self.armed_written {
            return Ok(());
        }
        self.armed_written = false;
        self.disarmed = Some(format!("disarmed by {}", self.by));
        let detail = json!({ "reason": "disarmed by the operator" });
        self.write(EntryKind::Disarmed, None, None, detail).await
    }

    fn cancel_change(&mut self) -> Result<(), String> {
        if self.working.is_none() {
            return Err("not stopped: it is another console's change, stop it there".to_owned());
        }
        self.stopping = true;
        Ok(())
    }

    fn roll_back(&mut self, change: String) -> Result<(), String> {
        self.ready()?;
        let now = self.clock.now();
        if let Some(frozen) = self.diary.past().frozen(now) {
            return Err(format!("not done: {} froze all changes", frozen.by));
        }
        let id = self.board.id(now);
        let what = format!("taking back {change}");
        self.begin(Job::RollBack { change, id }, what);
        Ok(())
    }

    /// Written as a note of no change, so that it holds for everybody on the same journal.
    async fn freeze(&mut self, freeze: bool) -> Result<(), String> {
        if self.actuator.is_none() {
            return Err("not done: started with --read-only".to_owned());
        }
        self.writes()?;
        if freeze && let Some(brakes) = self.hand.brakes.load().as_ref() {
            brakes.veto(); // what was announced and has not begun does not begin
        }
        let detail = Frozen::detail(freeze, self.clock.now());
        self.write(EntryKind::Note, None, None, detail).await?;
        let words =
            if freeze { "all changes are frozen, for 24 hours at most" } else { "the freeze is over" };
        self.say(words).await;
        Ok(())
    }

    /// Appends an entry in the operator's name.
    async fn write(
        &mut self,
        event: EntryKind,
        change: Option<String>,
        rule: Option<String>,
        detail: Json,
    ) -> Result<(), String> {
        let Some(journal) = self.desk.as_ref().map(|d| Arc::clone(&d.journal)) else {
            return Err("not written down: the journal is not open".to_owned());
        };
        let entry = NewEntry {
            at: self.clock.now(),
            environment: self.name.clone(),
            change,
            rule,
            event,
            by: self.by.clone(),
            step: None,
            detail,
        };
        match journal.append(entry).await {
            Ok(_) => Ok(()),
            Err(error) => {
                if !error.conflict {
                    self.journal_failed(&error.to_string()).await;
                }
                Err(format!("not written down: {error}"))
            }
        }
    }
}
