//! What was under way when a process ended: read back first, then told, then finished or offered.

use serde_json::json;

use crate::domain::guardrail::name;
use crate::domain::journal::{ChangeState, EntryKind, Phase};
use crate::domain::plan::Plan;
use crate::store::JournalError;

use super::executor::{EXPIRED, Executor, Outcome, Pen, Report, Run, STALE_PLAN, Stop, before};

/// What becomes of the steps that are left, once it is known what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// They are done, as far as the world they were planned for still is.
    Finish,
    /// The change ends here; what is left is recommended anew.
    Offer,
}

/// A change that was open, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovered {
    /// Its id.
    pub change: String,
    /// What was approved.
    pub plan: Plan,
    /// How it ended.
    pub outcome: Outcome,
}

fn unreadable(error: &JournalError) -> Outcome {
    Outcome::refused(name::JOURNAL, error.to_string())
}

impl Executor {
    /// Resolves every open change of the environment by reading, then finishes it or gives the rest of it up.
    /// Every writing command begins with this. A process that has no actuator finishes nothing.
    ///
    /// # Errors
    /// Somebody else is at work, or the journal cannot tell what is open.
    pub async fn recover(&self, rest: Rest, by: &str, report: Report<'_>) -> Result<Vec<Recovered>, Outcome> {
        let environment = &self.environment.name;
        if self.journal.open_changes(environment).await.map_err(|e| unreadable(&e))?.is_empty() {
            return Ok(Vec::new());
        }
        let mut lease = self.lease().await.map_err(|why| Outcome::refused(name::CHANGE_IN_FLIGHT, why))?;
        let mut out = Vec::new();
        let mut failed = None;
        // Read again: another process may have finished it before the lease was free.
        match self.journal.open_changes(environment).await {
            Err(error) => failed = Some(unreadable(&error)),
            Ok(changes) => {
                for change in changes {
                    let (plan, state) = match self.story(&change).await {
                        Ok(story) => story,
                        Err(why) => {
                            failed = Some(Outcome::refused(name::JOURNAL, why));
                            break;
                        }
                    };
                    let pen = Pen::of(self, &plan, by, report);
                    let mut run = Run::new(self, &plan, &pen, &mut lease);
                    let outcome = match go_on(&mut run, &pen, &state, rest).await {
                        Ok(()) => Outcome::Converged,
                        Err(stop) => pen.stop(stop).await,
                    };
                    out.push(Recovered { change, plan, outcome });
                }
            }
        }
        self.give_back(lease).await;
        failed.map_or(Ok(out), Err)
    }
}

async fn go_on(run: &mut Run<'_>, pen: &Pen<'_>, state: &ChangeState, rest: Rest) -> Result<(), Stop> {
    run.resume(state);
    match state.phase {
        Phase::InStep(n) => {
            let reason = "the process ended before the answer was written down";
            pen.write(EntryKind::Unknown, Some(n), json!({ "reason": reason })).await?;
            read_back(run, state, n).await?;
        }
        Phase::Unknown(n) => read_back(run, state, n).await?,
        Phase::Failed(step) => {
            let why = "it took no effect, and the process ended before it was tried again".to_owned();
            return Err(Stop::Failed { step, why });
        }
        Phase::Approved if pen.executor.clock.now() > run.expires_at() => {
            let why = vec!["nothing was sent, and the approval is no longer valid".to_owned()];
            return Err(Stop::Refused { guardrail: EXPIRED, why });
        }
        Phase::Approved if rest == Rest::Finish && pen.executor.actuator.is_some() => {
            run.asked_for().await?;
        }
        _ => {}
    }
    let left = run.left();
    if left > 0 && (rest == Rest::Offer || pen.executor.actuator.is_none()) {
        let why = vec![format!("the process ended; {left} steps were not begun and are offered anew")];
        return Err(Stop::Refused { guardrail: STALE_PLAN, why });
    }
    run.carry_out().await
}

async fn read_back(run: &mut Run<'_>, state: &ChangeState, n: u32) -> Result<(), Stop> {
    let step = state.steps.get(&n);
    let (Some(operation), Some(at)) =
        (step.and_then(|s| s.operation.clone()), step.and_then(|s| s.started_at))
    else {
        let why = "the journal does not hold the request that was sent".to_owned();
        return Err(Stop::Unknown { step: n, why });
    };
    let before = before(step.and_then(|s| s.request.as_ref()));
    run.read_back(n, &operation, &before, at).await.map(|_| ())
}
