//! After a change has converged: its effect is watched, judged, and taken back where it is worse and can be.

use std::time::Duration;

use serde_json::json;

use crate::domain::guardrail::name;
use crate::domain::journal::EntryKind;
use crate::domain::plan::Plan;
use crate::domain::planner;
use crate::domain::rules::{Input, Signals};
use crate::domain::verification::{Verdict, Verification, checks_since, verdict};
use crate::domain::world::World;

use super::executor::{Executor, Outcome, Pen, Report};
use super::eyes::Eyes;
use super::observer::sources_of_all;

/// Longest wait for a complete observation.
pub const OBSERVATION: Duration = Duration::from_secs(30);
/// Observations at the end of the window before its verdict is given on what could be read.
const TRIES: u32 = 3;

/// A converged change and the world before it.
#[derive(Clone, Copy)]
pub struct Effect<'a> {
    /// The change.
    pub plan: &'a Plan,
    /// As it was observed before the change was applied.
    pub before: &'a World,
    /// What looks at it afterwards.
    pub eyes: &'a dyn Eyes,
}

impl Executor {
    /// Watches the effect of a converged change for the policy's window and writes the verdict down.
    ///
    /// # Errors
    /// The verdict could not be written.
    pub async fn verify(
        &self,
        effect: Effect<'_>,
        by: &str,
        report: Report<'_>,
    ) -> Result<Verification, Outcome> {
        let Effect { plan, before, eyes } = effect;
        let from = self.clock.now();
        self.clock.sleep(self.policy.verification).await;
        let mut after = eyes.look().await;
        for _ in 1..TRIES {
            if after.0.sources.values().all(|s| s.error.is_none()) {
                break;
            }
            self.clock.sleep(self.pace.second_look).await;
            after = eyes.look().await;
        }
        let (after, to) = after;
        let checks = checks_since(before, &after, plan, from);
        let verification = Verification { from, to, verdict: verdict(&checks), checks };
        let pen = Pen::of(self, plan, by, report);
        pen.write(EntryKind::Verified, None, json!({ "verification": verification }))
            .await
            .map_err(|e| Outcome::Unknown { why: format!("the verdict could not be written down: {e}") })?;
        if verification.verdict == Verdict::Worse && plan.rollback.is_none() {
            let reason = "the effect is worse, and the change cannot be taken back";
            if let Err(error) = pen.write(EntryKind::NeedsHuman, None, json!({ "reason": reason })).await {
                tracing::warn!(change = plan.change, "the call for a human could not be written: {error}");
            }
        }
        Ok(verification)
    }

    /// Takes a change back: a plan of its own with the id `change`, whose entries name the change they undo.
    pub async fn roll_back(&self, undone: &str, change: String, by: &str, report: Report<'_>) -> Outcome {
        let (plan, _) = match self.story(undone).await {
            Ok(story) => story,
            Err(why) => return Outcome::refused(name::JOURNAL, why),
        };
        let operations: Vec<_> = plan.rollback.iter().flatten().map(|s| s.operation.clone()).collect();
        let world = match self.observer().read(&sources_of_all(&operations)).await {
            Ok(world) => world,
            Err(failure) => return Outcome::refused(name::DATA_FRESHNESS, failure.line()),
        };
        let input = Input {
            world: &world,
            policy: &self.policy,
            signals: &Signals::default(),
            environment: &self.environment.name,
            now: self.clock.now(),
        };
        let back = match planner::rollback(&input, &plan, change) {
            Ok(back) => back,
            Err(why) => return Outcome::refused(name::NOT_AVAILABLE, why),
        };
        let outcome = self.apply(&back, by, report).await;
        if outcome == Outcome::Converged {
            let pen = Pen::of(self, &plan, by, report);
            let detail = json!({ "by_change": back.change });
            if let Err(error) = pen.write(EntryKind::RolledBack, None, detail).await {
                return Outcome::Unknown { why: error.to_string() };
            }
        }
        outcome
    }
}
