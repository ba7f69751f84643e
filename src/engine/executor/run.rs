//! One change from its first look to its last target.

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::actuators::Outputs;
use crate::domain::guardrail::name;
use crate::domain::journal::{ChangeState, EntryKind};
use crate::domain::plan::{Fingerprint, Plan, Step, Until};
use crate::domain::planner;
use crate::domain::request::{Operation, StepOutputs};
use crate::domain::rules::{Input, Signals, evaluate};
use crate::domain::source::SourceId;
use crate::domain::units::delta;
use crate::domain::world::World;
use crate::engine::convergence::{Progress, progress};
use crate::engine::observer::{Observer, measured, sources_of};

use super::lease::Lease;
use super::{Executor, Pen, STALE_PLAN, Stop, checks};

/// Looks before a step that may fail one after the other before the change is given up.
const LOOKS: u32 = 6;

/// A change under way.
pub(in crate::engine) struct Run<'a> {
    pub(super) executor: &'a Executor,
    pub(super) plan: &'a Plan,
    pub(super) pen: &'a Pen<'a>,
    pub(super) lease: &'a mut Lease,
    pub(super) brake: CancellationToken,
    pub(super) observer: Observer,
    /// Everything the plan depends on.
    wanted: Vec<SourceId>,
    /// Outputs of the steps that are done.
    pub(super) born: StepOutputs,
    /// A reading that is as new as can be, used once.
    seen: Option<World>,
    /// Steps whose call is done.
    done: Vec<(u32, Operation, Outputs)>,
}

impl<'a> Run<'a> {
    pub(in crate::engine) fn new(
        executor: &'a Executor,
        plan: &'a Plan,
        pen: &'a Pen<'a>,
        lease: &'a mut Lease,
    ) -> Self {
        Self {
            executor,
            plan,
            pen,
            lease,
            brake: executor.release_brake(),
            observer: executor.observer(),
            wanted: wanted(plan, executor.policy.expected_account.is_some()),
            born: StepOutputs::new(),
            seen: None,
            done: Vec::new(),
        }
    }

    /// Goes on where the journal says that the change stands.
    pub(in crate::engine) fn resume(&mut self, state: &ChangeState) {
        for (n, step) in &state.steps {
            if step.outcome == Some(EntryKind::Succeeded)
                && let Some(operation) = &step.operation
            {
                self.note_done(*n, operation, step.outputs.clone());
            }
        }
    }

    /// Until when the plan may be begun.
    pub(in crate::engine) fn expires_at(&self) -> DateTime<Utc> {
        self.plan.expires_at
    }

    /// Remembers that a step is done.
    pub(super) fn note_done(&mut self, n: u32, operation: &Operation, outputs: Outputs) {
        self.born.insert(n, outputs.clone());
        self.done.push((n, operation.clone(), outputs));
        self.seen = None;
    }

    /// Steps that are not done.
    pub(in crate::engine) fn left(&self) -> usize {
        self.plan.steps.iter().filter(|s| !self.born.contains_key(&s.n)).count()
    }

    /// What the steps that are left depend on, as it is in `world`.
    pub(super) fn standing(&self, world: &World) -> Fingerprint {
        let left = self.plan.steps.iter().filter(|s| !self.born.contains_key(&s.n));
        planner::fingerprint(world, left.map(|s| &s.operation))
    }

    /// Whether the change may begin.
    pub(super) async fn admit(&mut self) -> Result<(), Stop> {
        let world = self.look().await?;
        checks::admitted(&self.executor.policy, &world, self.executor.clock.now())?;
        self.seen = Some(world);
        Ok(())
    }

    /// Whether the rule that asked for the change asks for the same now: what was measured leaves no fingerprint.
    /// A change that takes another one back was asked for by nobody's measurements.
    pub(in crate::engine) async fn asked_for(&mut self) -> Result<(), Stop> {
        let Some(sources) = measured(&self.plan.rule).filter(|_| self.plan.undoes.is_none()) else {
            return Ok(());
        };
        let mut wait = self.executor.pace.poll;
        let mut look = 0;
        loop {
            self.hold().await?;
            // What was read to begin with is no longer the newest.
            self.seen = None;
            let world = self.observer.look(sources).await;
            let signals = Signals::default();
            let input = Input {
                world: &world,
                policy: &self.executor.policy,
                signals: &signals,
                environment: &self.executor.environment.name,
                now: self.executor.clock.now(),
            };
            let told = evaluate(&input, &[]);
            let Some((_, why)) = told.not_enough.iter().find(|(rule, _)| *rule == self.plan.rule) else {
                return planner::still_recommended(&input, &told.recommendations, self.plan)
                    .map_err(|why| Stop::Refused { guardrail: STALE_PLAN, why: vec![why] });
            };
            look += 1;
            if look == LOOKS {
                return Err(Stop::Refused { guardrail: name::DATA_FRESHNESS, why: vec![why.clone()] });
            }
            self.rest(wait).await?;
            wait *= 2;
        }
    }

    /// Everything the plan depends on, read anew and equal to what it was made from.
    pub(super) async fn look(&mut self) -> Result<World, Stop> {
        if let Some(seen) = self.seen.take() {
            return Ok(seen);
        }
        let mut wait = self.executor.pace.poll;
        let mut failed = String::new();
        for look in 0..LOOKS {
            self.hold().await?;
            if look > 0 {
                self.rest(wait).await?;
                wait *= 2;
            }
            match self.observer.read(&self.wanted).await {
                Ok(world) => {
                    let why = planner::expected(self.plan, &self.born).differences(&self.standing(&world));
                    if why.is_empty() {
                        return Ok(world);
                    }
                    return Err(Stop::Refused { guardrail: STALE_PLAN, why });
                }
                Err(failure) => failed = failure.line(),
            }
        }
        Err(Stop::Refused { guardrail: name::DATA_FRESHNESS, why: vec![failed] })
    }

    pub(super) async fn hold(&mut self) -> Result<(), Stop> {
        self.executor.hold(self.lease).await
    }

    /// Waits, unless the operator stops the change.
    pub(super) async fn rest(&self, wait: std::time::Duration) -> Result<(), Stop> {
        tokio::select! {
            () = self.executor.clock.sleep(wait) => Ok(()),
            () = self.brake.cancelled() => Err(Stop::Cancelled),
        }
    }

    /// Every step that is not done, each with its wait; first the wait of the one done last.
    pub(in crate::engine) async fn carry_out(&mut self) -> Result<(), Stop> {
        let plan = self.plan;
        if let Some((n, operation, outputs)) = self.done.last().cloned()
            && let Some(step) = plan.steps.iter().find(|s| s.n == n)
        {
            self.wait(step, &operation, &outputs).await?;
        }
        for step in &plan.steps {
            if self.born.contains_key(&step.n) {
                continue;
            }
            let (operation, outputs) = self.step(step).await?;
            self.wait(step, &operation, &outputs).await?;
        }
        self.pen.write(EntryKind::Converged, None, json!({ "steps": plan.steps.len() })).await?;
        Ok(())
    }

    /// Follows what a call is to bring about, until it is there, lost or late.
    async fn wait(&mut self, step: &Step, operation: &Operation, outputs: &Outputs) -> Result<(), Stop> {
        if step.until == Until::Answered {
            return Ok(());
        }
        let clock = &self.executor.clock;
        let end = clock.now() + delta(step.deadline);
        let mut said = String::new();
        loop {
            self.hold().await?;
            let text = match self.observer.read(sources_of(operation)).await {
                Ok(world) => match progress(&step.until, operation, outputs, &world) {
                    Progress::Reached => return Ok(()),
                    Progress::Lost(why) => return Err(Stop::Lost { step: step.n, why }),
                    Progress::Waiting(text) => text,
                },
                Err(failure) => failure.line(),
            };
            if self.executor.clock.now() >= end {
                let within = humantime::format_duration(step.deadline);
                return Err(Stop::Late { step: step.n, why: format!("not within {within}: {text}") });
            }
            if text != said {
                self.pen.write(EntryKind::Note, Some(step.n), json!({ "progress": text })).await?;
                said = text;
            }
            self.rest(self.executor.pace.poll).await?;
        }
    }
}

/// Sources that the plan's steps and its fingerprint depend on.
fn wanted(plan: &Plan, account: bool) -> Vec<SourceId> {
    let print = &plan.fingerprint;
    let mut wanted: Vec<SourceId> =
        plan.steps.iter().flat_map(|s| sources_of(&s.operation)).copied().collect();
    let service = print.primary_deployment.is_some()
        || print.desired_count.is_some()
        || print.task_definition.is_some();
    for (needed, source) in [
        (print.mount_targets.is_some() || print.throughput.is_some(), SourceId::EFS),
        (print.parameter_version.is_some(), SourceId::SSM),
        (service, SourceId::ECS),
        (print.scalable.is_some(), SourceId::AUTOSCALING),
        (account, SourceId::IDENTITY),
    ] {
        if needed {
            wanted.push(source);
        }
    }
    wanted.sort();
    wanted.dedup();
    wanted
}
