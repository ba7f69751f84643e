//! From a recommendation to a plan: every call in order, what each waits for, what the plan depends on and how it
//! is taken back, all decided before anything is done.

use std::time::Duration;

use super::plan::{Plan, Step, Until};
use super::recommendation::Recommendation;
use super::request::{Operation, Request, render};
use super::rules::Input;
use crate::domain::units::delta;

mod fingerprint;
mod list;
mod rollback;
mod shows;
mod steps;

pub use fingerprint::{expected, fingerprint};
pub use list::desired_list;
pub use rollback::rollback;
pub use shows::shows;
pub use steps::steps;

/// A call that brings about nothing that is waited for has to be answered within this.
const ANSWER: Duration = Duration::from_secs(30);

/// Makes the plan of a recommendation. `change` is the unique id that it will have in the journal.
///
/// # Errors
/// A sentence: nothing can be done, or what was observed does not allow it.
pub fn plan(input: &Input<'_>, rec: &Recommendation, change: String) -> Result<Plan, String> {
    if rec.change.is_none() {
        return Err(format!("{} cannot be applied: {}", rec.id, rec.reason));
    }
    let steps = steps(input, &rec.intent)?;
    let rollback = rollback::steps(input, &steps);
    let restart_only = operations(&steps).all(|o| matches!(o, Operation::ForceNewDeployment { .. }));
    Ok(Plan {
        change,
        environment: input.environment.to_owned(),
        recommendation: rec.id.clone(),
        rule: rec.rule.clone(),
        title: rec.title.clone(),
        fingerprint: fingerprint(input.world, operations(&steps)),
        created_at: input.now,
        expires_at: input.now + delta(input.policy.approval_ttl),
        steps,
        rollback,
        restart_only,
        undoes: None,
    })
}

/// The calls of steps, as the operator reads them.
pub fn requests(steps: &[Step]) -> Vec<Request> {
    steps.iter().map(|step| step.request.clone()).collect()
}

/// Whether the rules still ask for what the plan does; for plans that rest on measurements. `recommendations`
/// are those of a fresh evaluation of `input`.
///
/// # Errors
/// A sentence: it is not recommended any more, or something else is by now.
pub fn still_recommended(
    input: &Input<'_>,
    recommendations: &[Recommendation],
    plan: &Plan,
) -> Result<(), String> {
    let id = &plan.recommendation;
    let Some(rec) = recommendations.iter().find(|rec| rec.id == *id && rec.change.is_some()) else {
        return Err(format!("{id} is not recommended any more"));
    };
    let now = steps(input, &rec.intent)?;
    if operations(&now).eq(operations(&plan.steps)) {
        Ok(())
    } else {
        Err(format!("{id} asks for something else by now: {}", rec.title))
    }
}

fn operations(steps: &[Step]) -> impl Iterator<Item = &Operation> + Clone {
    steps.iter().map(|step| &step.operation)
}

/// Steps in the making, numbered as they come.
#[derive(Debug, Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn push(
        &mut self,
        title: impl Into<String>,
        operation: Operation,
        until: Until,
        deadline: Duration,
    ) -> u32 {
        let n = u32::try_from(self.0.len() + 1).unwrap_or(u32::MAX);
        let request = render(&operation);
        self.0.push(Step { n, title: title.into(), operation, request, until, deadline });
        n
    }
}
