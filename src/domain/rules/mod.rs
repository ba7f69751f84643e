//! Rules: from what is observed to what should be changed. Pure; one file each and one line in [`registry`].

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::guardrail;
use super::journal::Entry;
use super::policy::Policy;
use super::recommendation::{Finding, Recommendation};
use super::snapshot::Mode;
use super::world::World;

mod add_lifecycle_policy;
mod add_mount_target;
pub(crate) mod cost;
mod demand;
mod free_zones;
mod lists;
mod load;
mod look;
mod publish_mount_targets;
mod raise_throughput;
mod redeploy_service;
mod remove_mount_target;
mod resize_lambda;
mod resize_task;
mod scale_in_service;
mod scale_out_service;
mod set_log_retention;
mod use_fargate_spot;

/// What noisy signals were at the evaluations before, newest last; filled by the caller once an evaluation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signals {
    /// Time and the desired count each evaluation asked for, before dead band and steps.
    pub desired: VecDeque<(DateTime<Utc>, u32)>,
}

/// Everything a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What was observed.
    pub world: &'a World,
    /// What may be done.
    pub policy: &'a Policy,
    /// Earlier evaluations.
    pub signals: &'a Signals,
    /// Name of the environment.
    pub environment: &'a str,
    /// The time of the evaluation.
    pub now: DateTime<Utc>,
}

/// A rule.
pub trait Rule: Sync {
    /// Its name: `add-mount-target`.
    fn name(&self) -> &'static str;
    /// What it says.
    fn evaluate(&self, input: &Input<'_>) -> Finding;
}

/// All rules, in the order of importance: what is broken is repaired before more is added.
pub fn registry() -> &'static [&'static dyn Rule] {
    &[
        &publish_mount_targets::PublishMountTargets,
        &add_mount_target::AddMountTarget,
        &scale_out_service::ScaleOutService,
        &redeploy_service::RedeployService,
        &raise_throughput::RaiseThroughput,
        &scale_in_service::ScaleInService,
        &resize_task::ResizeTask,
        &remove_mount_target::RemoveMountTarget,
        &add_lifecycle_policy::AddLifecyclePolicy,
        &set_log_retention::SetLogRetention,
        &use_fargate_spot::UseFargateSpot,
        &resize_lambda::ResizeLambda,
    ]
}

/// What all rules say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluated {
    /// What is to be done or said, by severity, then in the order of the rules.
    pub recommendations: Vec<Recommendation>,
    /// Rules that cannot tell, and why.
    pub not_enough: Vec<(&'static str, String)>,
    /// The desired count that the load asks for, for [`Signals::desired`]; `None` where it cannot be told.
    pub desired: Option<u32>,
}

/// Asks every rule that is not disabled. `blocked_by` holds the guardrails that bind everybody; those that bind
/// auto mode too come from [`guardrail::blocked_by`].
pub fn evaluate(input: &Input<'_>, history: &[Entry]) -> Evaluated {
    let past = guardrail::Past::of(history, input.environment);
    let mut out =
        Evaluated { desired: load::Load::of(input).ok().map(|l| l.asked()), ..Evaluated::default() };
    for rule in registry() {
        if input.policy.disabled_rules.iter().any(|name| name == rule.name()) {
            continue;
        }
        match rule.evaluate(input) {
            Finding::Fine => {}
            Finding::NotEnoughEvidence(why) => out.not_enough.push((rule.name(), why)),
            Finding::Act(recommendations) => out.recommendations.extend(recommendations),
        }
    }
    for rec in &mut out.recommendations {
        rec.auto_allowed = rec.change.is_some() && input.policy.auto_allows(&rec.rule);
        let rails = guardrail::with_past(input, rec, &past, Mode::Approve);
        rec.blocked_by = guardrail::blocked_by(&rails, Mode::Approve);
    }
    out.recommendations.sort_by_key(|rec| std::cmp::Reverse(rec.severity));
    out
}
