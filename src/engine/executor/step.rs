//! One step: written down, sent once, and read back where the answer was lost.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::actuators::{Outputs, Sent};
use crate::domain::guardrail::name;
use crate::domain::journal::EntryKind;
use crate::domain::plan::{Fingerprint, Step};
use crate::domain::request::{Operation, render};
use crate::domain::source::FailureClass;
use crate::domain::units::delta;
use crate::engine::effect::{Found, Window, read_back};
use crate::engine::observer::sources_of;

use super::run::Run;
use super::story::Begun;
use super::{Stop, checks};

impl Run<'_> {
    /// Does one step; gives the filled call and its outputs. A throttled call is considered again only after
    /// everything it depends on has been read again.
    pub(super) async fn step(&mut self, step: &Step) -> Result<(Operation, Outputs), Stop> {
        let mut wait = self.executor.pace.back_off;
        for attempt in 1.. {
            if self.brake.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            let world = self.look().await?;
            let filled = step
                .operation
                .fill(&self.born)
                .map_err(|why| Stop::Refused { guardrail: name::NOT_AVAILABLE, why: vec![why] })?;
            checks::permitted(&filled, &self.executor.policy, &world)?;
            let before = self.standing(&world);
            self.hold().await?;
            let begun = Begun { request: render(&filled), operation: filled, before };
            let started_at = self.executor.clock.now();
            self.write(EntryKind::Started, step, json!(begun)).await?;
            let Begun { operation, before, .. } = begun;
            let failure = match self.executor.send_once(&operation).await {
                Sent::Done(outputs) => {
                    self.write(EntryKind::Succeeded, step, json!({ "outputs": outputs })).await?;
                    self.note_done(step.n, &operation, outputs.clone());
                    return Ok((operation, outputs));
                }
                Sent::Unknown(failure) => {
                    self.write(EntryKind::Unknown, step, json!({ "reason": failure.line() })).await?;
                    let outputs = self.read_back(step.n, &operation, &before, started_at).await?;
                    return Ok((operation, outputs));
                }
                Sent::Refused(failure) => failure,
            };
            let why = failure.line();
            self.write(EntryKind::Failed, step, json!({ "reason": why, "failure": failure })).await?;
            if failure.class != FailureClass::Throttled || attempt >= self.executor.pace.attempts {
                return Err(Stop::Failed { step: step.n, why });
            }
            self.rest(wait).await?;
            wait *= 2;
        }
        Err(Stop::Cancelled)
    }

    async fn write(&self, event: EntryKind, step: &Step, detail: serde_json::Value) -> Result<(), Stop> {
        Ok(self.pen.write(event, Some(step.n), detail).await?)
    }

    /// Finds out by reading whether a call took effect, and writes it down. Only two looks apart, both after the
    /// time in which it could still arrive, say that it did not.
    pub(in crate::engine) async fn read_back(
        &mut self,
        n: u32,
        operation: &Operation,
        before: &Fingerprint,
        started_at: DateTime<Utc>,
    ) -> Result<Outputs, Stop> {
        let pace = self.executor.pace;
        let settled = started_at + delta(pace.settle);
        let end = self.executor.clock.now().max(settled) + delta(pace.give_up);
        let mut missing: Option<DateTime<Utc>> = None;
        loop {
            self.hold().await?;
            let found = self.found(operation, before, Window { from: started_at, to: settled }).await;
            let now = self.executor.clock.now();
            let text = match found {
                Found::Done(outputs, whose) => {
                    let detail =
                        json!({ "outputs": outputs, "found_by_reading": true, "whose": whose.word() });
                    self.pen.write(EntryKind::Succeeded, Some(n), detail).await?;
                    self.note_done(n, operation, outputs.clone());
                    return Ok(outputs);
                }
                Found::NotDone(why) if now >= settled => {
                    if missing.is_some_and(|first| now - first >= delta(pace.second_look)) {
                        let detail = json!({ "reason": why, "found_by_reading": true });
                        self.pen.write(EntryKind::Failed, Some(n), detail).await?;
                        return Err(Stop::Failed { step: n, why });
                    }
                    missing.get_or_insert(now);
                    why
                }
                Found::Overwritten(why) if now >= settled => {
                    let why = format!("whether the call took effect cannot be told: {why}");
                    return Err(Stop::Unknown { step: n, why });
                }
                Found::NotDone(why) | Found::Overwritten(why) => why,
                Found::CannotTell(why) => {
                    missing = None;
                    why
                }
            };
            if now >= end {
                let why = format!("whether the call took effect could not be found out: {text}");
                return Err(Stop::Unknown { step: n, why });
            }
            // Not to be stopped: a change whose outcome nobody knows helps nobody.
            self.executor.clock.sleep(pace.second_look).await;
        }
    }

    async fn found(&self, operation: &Operation, before: &Fingerprint, window: Window) -> Found {
        if let Operation::RegisterTaskDefinition { from, cpu, memory } = operation {
            return self.registered(from, cpu, memory, window).await;
        }
        match self.observer.read(sources_of(operation)).await {
            Ok(world) => read_back(operation, before, window, &world),
            Err(failure) => Found::CannotTell(failure.line()),
        }
    }
}
