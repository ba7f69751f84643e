//! `redeploy-service`: tasks run by an older list than the published one.

use std::collections::BTreeMap;

use super::lists::Versions;
use super::look::{blank, evidence, plural};
use super::{Input, Rule};
use crate::domain::ecs::MountsBy;
use crate::domain::recommendation::{Change, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;
use crate::domain::units::duration;

/// The rule.
pub(super) struct RedeployService;

const NAME: &str = "redeploy-service";

impl Rule for RedeployService {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        judge(input).unwrap_or_else(Finding::NotEnoughEvidence)
    }
}

fn judge(input: &Input<'_>) -> Result<Finding, String> {
    let (tasks_at, service) = input.service()?;
    let listed_at = input.read_at(SourceId::SSM)?;
    match service.mounts_by {
        MountsBy::Volume => return Ok(Finding::Fine),
        MountsBy::Unknown => return Err("how the tasks mount could not be read".into()),
        MountsBy::List => {}
    }
    let published = input.world.published.as_ref().ok_or("the published list is not known")?;
    let Some(published) = published else { return Ok(Finding::Fine) };
    if input.world.tasks.is_none() {
        return Err("the tasks are not known".into());
    }
    let (current, changed_at) = (published.current.version, published.current.changed_at);
    let versions = Versions::of(published);
    let (mut old, mut unknown, mut live) = (BTreeMap::<i64, usize>::new(), 0, 0);
    for task in input.world.live_tasks() {
        live += 1;
        match task.created_at.and_then(|created| versions.of_task(created, task.started_at)) {
            Some(version) if version == current => {}
            Some(version) => *old.entry(version).or_default() += 1,
            None => unknown += 1,
        }
    }
    let stale: usize = old.values().sum();
    if stale == 0 {
        // A task of unknown version is younger than the change, or older than the known history; only the
        // latter says nothing at all, and a restart is no way to find out.
        return if live > 0 && unknown == live && service.steady() {
            Err("by which list the tasks run cannot be told: the parameter's history does not reach back"
                .into())
        } else {
            Ok(Finding::Fine)
        };
    }
    let replacing = service.primary().filter(|d| {
        service.rollout_state() == Some("IN_PROGRESS") && d.created_at.is_some_and(|at| at > changed_at)
    });
    if let Some(started) = replacing.and_then(|d| d.created_at) {
        let patience = chrono::TimeDelta::from_std(input.policy.rollout_deadline).unwrap_or_default();
        if input.now - started <= patience {
            return Ok(Finding::Fine);
        }
    }
    let which: Vec<String> = old.iter().map(|(v, n)| format!("{n} by v{v}")).collect();
    let runs = plural(stale, "task runs", "tasks run");
    Ok(Finding::Act(vec![Recommendation {
        title: format!("redeploy {} (restart only)", service.name),
        reason: format!(
            "{runs} by an older list ({}) than v{current}, published {} ago: they route paths to other targets than \
             the {} that know it.",
            which.join(", "),
            duration(input.now - changed_at),
            live - stale
        ),
        evidence: vec![
            evidence("tasks by an older list", stale, "Count", Some(tasks_at), SourceId::ECS),
            evidence("tasks", live, "Count", Some(tasks_at), SourceId::ECS),
            evidence("tasks of unknown list", unknown, "Count", Some(tasks_at), SourceId::ECS),
            evidence("parameter version", current, "", Some(listed_at), SourceId::SSM),
        ],
        change: Some(Change { from: which.join(", ").into(), to: format!("all by v{current}").into() }),
        effect: "Every task is replaced by one that reads the current list; nothing else changes.".into(),
        risk: "Restart only: all tasks restart, caches are cold, and paths are routed by the current list."
            .into(),
        cost_usd_per_month: Some(0.0),
        reversible: false,
        rollback: "restart only: there is no earlier revision to return to".into(),
        intent: Intent::Redeploy,
        ..blank(NAME, Severity::Medium)
    }]))
}
