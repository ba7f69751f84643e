//! How a plan is taken back. Decided before it is applied; applied as a plan of its own.
//!
//! A mount target that was added stays: it is unpublished and every task leaves it, and deleting it is a change
//! of its own (`remove-mount-target`), because only that cannot be taken back.

use super::steps::{force_new_deployment, service, update_task_definition};
use super::{ANSWER, Steps, delta, fingerprint, operations, shows};
use crate::domain::plan::{Plan, Step, Until};
use crate::domain::published::PublishedList;
use crate::domain::request::{Operation, Value};
use crate::domain::rules::Input;
use crate::domain::world::World;

/// The steps that take `forward` back; `None` where there is nothing to return to.
pub(super) fn steps(input: &Input<'_>, forward: &[Step]) -> Option<Vec<Step>> {
    let world = input.world;
    let mut back = Steps::default();
    // The last one first.
    let forward: Vec<&Operation> = operations(forward).collect();
    let has = |is: fn(&Operation) -> bool| forward.iter().any(|o| is(o));
    if has(|o| matches!(o, Operation::DeleteMountTarget { .. })) {
        return None;
    }
    for operation in &forward {
        match operation {
            // Comes back with the list, or is a restart and nothing else.
            Operation::CreateMountTarget { .. }
            | Operation::ForceNewDeployment { .. }
            | Operation::RegisterTaskDefinition { .. }
            | Operation::DeleteMountTarget { .. } => {}
            Operation::PutParameter { name, .. } => {
                let before = world.published()?;
                publishable(world, &before.current.value).ok()?;
                let text = Some(before.current.value.clone());
                back.push(
                    format!("publish the text of version {} again", before.current.version),
                    Operation::PutParameter { name: name.clone(), entries: Vec::new(), text },
                    Until::Answered,
                    ANSWER,
                );
                if has(|o| matches!(o, Operation::ForceNewDeployment { .. })) {
                    let service = service(input).ok()?;
                    let title = format!("restart every task of {} (forced deployment)", service.name);
                    let deadline = input.policy.rollout_deadline;
                    back.push(title, force_new_deployment(service), Until::Converged, deadline);
                }
            }
            _ => setting(input, &mut back, operation)?,
        }
    }
    (!back.0.is_empty()).then_some(back.0)
}

/// Sets one thing to what it is now; `None` where AWS does not allow that.
fn setting(input: &Input<'_>, back: &mut Steps, operation: &Operation) -> Option<()> {
    let (world, deadline) = (input.world, input.policy.rollout_deadline);
    match operation {
        Operation::UpdateDesiredCount { cluster, service, .. } => {
            let desired_count = world.service.as_ref()?.desired;
            let (cluster, service) = (cluster.clone(), service.clone());
            let title = format!("set the desired count of {service} to {desired_count} again");
            let operation = Operation::UpdateDesiredCount { cluster, service, desired_count };
            back.push(title, operation, Until::Converged, deadline);
        }
        Operation::UpdateTaskDefinition { .. } => {
            let service = world.service.as_ref()?;
            let operation = update_task_definition(service, Value::Known(service.task_definition.clone()));
            let title = format!("roll {} out with the revision before", service.name);
            back.push(title, operation, Until::Converged, deadline);
        }
        Operation::RegisterScalableTarget { cluster, service, .. } => {
            let (min_capacity, max_capacity) = world.scalable.as_ref()?.as_ref().map(|t| (t.min, t.max))?;
            let (cluster, service) = (cluster.clone(), service.clone());
            let title = format!("set the scalable target to {min_capacity}–{max_capacity} tasks again");
            let operation =
                Operation::RegisterScalableTarget { cluster, service, min_capacity, max_capacity };
            back.push(title, operation, Until::Converged, deadline);
        }
        Operation::UpdateCapacityProviders { cluster, service, .. } => {
            // A service of plain launch type returns to the provider that is the same thing.
            if world.service.as_ref()?.capacity_providers.iter().any(|(name, _, _)| name != "FARGATE") {
                return None;
            }
            let (cluster, service) = (cluster.clone(), service.clone());
            let title = format!("run {service} on demand again");
            let operation =
                Operation::UpdateCapacityProviders { cluster, service, fargate_base: 0, spot_weight: 0 };
            back.push(title, operation, Until::Converged, deadline);
        }
        Operation::UpdateFileSystem { file_system_id, throughput_mode, .. } => {
            // Provisioned throughput can neither be lowered nor left for 24 hours.
            if throughput_mode == "provisioned" {
                return None;
            }
            let fs = world.file_system.as_ref()?;
            let operation = Operation::UpdateFileSystem {
                file_system_id: file_system_id.clone(),
                throughput_mode: fs.throughput_mode.clone(),
                provisioned_mibps: fs.provisioned_mibps.filter(|_| fs.throughput_mode == "provisioned"),
            };
            let title = format!("set the throughput of {} to {} again", fs.id, fs.throughput_mode);
            back.push(title, operation, Until::ThroughputSet, super::steps::THROUGHPUT);
        }
        Operation::PutLifecycleConfiguration { file_system_id, .. } => {
            let policies = world.lifecycle.clone()?;
            let operation =
                Operation::PutLifecycleConfiguration { file_system_id: file_system_id.clone(), policies };
            back.push("restore the lifecycle configuration", operation, Until::Answered, ANSWER);
        }
        Operation::PutRetentionPolicy { log_group, days } => {
            let (_, kept) = world.log_groups.as_ref()?.iter().find(|(name, _)| name == log_group)?;
            // A shorter retention has deleted logs; "for ever" is set by another call.
            let before = (*kept).filter(|before| before < days)?;
            let operation = Operation::PutRetentionPolicy { log_group: log_group.clone(), days: before };
            back.push(format!("keep {log_group} {before} days again"), operation, Until::Answered, ANSWER);
        }
        _ => {}
    }
    Some(())
}

/// Makes the plan that takes another one back, from the world as it is after (a part of) that plan was applied:
/// what never happened, or is as before already, is left out.
///
/// # Errors
/// A sentence: it cannot be taken back, there is nothing to take back, or somebody has changed the same thing
/// since and taking back would overwrite that.
pub fn rollback(input: &Input<'_>, plan: &Plan, change: String) -> Result<Plan, String> {
    let restart = if plan.restart_only { ": a restart has nothing to return to" } else { "" };
    let prepared =
        plan.rollback.as_ref().ok_or_else(|| format!("{} cannot be taken back{restart}", plan.change))?;
    let mut back = Steps::default();
    for step in prepared {
        if needed(input.world, plan, &step.operation, !back.0.is_empty())? {
            back.push(step.title.clone(), step.operation.clone(), step.until.clone(), step.deadline);
        }
    }
    if back.0.is_empty() {
        return Err(format!("nothing of {} is left to take back", plan.change));
    }
    Ok(Plan {
        change,
        environment: plan.environment.clone(),
        recommendation: plan.recommendation.clone(),
        rule: plan.rule.clone(),
        title: format!("take back: {}", plan.title),
        fingerprint: fingerprint(input.world, operations(&back.0)),
        steps: back.0,
        created_at: input.now,
        expires_at: input.now + delta(input.policy.approval_ttl),
        rollback: None,
        restart_only: false,
        undoes: Some(plan.change.clone()),
    })
}

/// Whether a step of the rollback has something to do.
fn needed(world: &World, plan: &Plan, operation: &Operation, begun: bool) -> Result<bool, String> {
    match operation {
        Operation::PutParameter { text: Some(text), .. } => {
            let published = world.published().ok_or("the published list has not been read")?;
            if published.current.value == *text {
                return Ok(false);
            }
            let before = plan.fingerprint.parameter_version;
            if before.is_some_and(|before| published.current.version > before + 1) {
                return Err(format!(
                    "{} was written by somebody else since; taking back would overwrite version {}",
                    published.parameter, published.current.version
                ));
            }
            publishable(world, text)?;
            Ok(true)
        }
        // Needed where a list was published, now or by a rollback that did not come to its end.
        Operation::ForceNewDeployment { .. } => {
            let version = world.published().map(|p| p.current.version);
            Ok(begun || version != plan.fingerprint.parameter_version)
        }
        _ => match shows(world, operation) {
            Some(as_before) => {
                ours(world, plan, operation)?;
                Ok(!as_before)
            }
            None => Err("what is to be taken back cannot be read".to_owned()),
        },
    }
}

/// The desired count and the scalable target may be moved by others; what they set is theirs.
fn ours(world: &World, plan: &Plan, back: &Operation) -> Result<(), String> {
    let same_kind = |forward: &&Operation| std::mem::discriminant(*forward) == std::mem::discriminant(back);
    let Some(forward) = operations(&plan.steps).find(same_kind) else { return Ok(()) };
    // The revision that a step registered is known to the journal alone.
    if matches!(forward, Operation::UpdateTaskDefinition { .. }) {
        return Ok(());
    }
    if shows(world, forward) == Some(false) && shows(world, back) == Some(false) {
        return Err("somebody has changed it since; taking back would overwrite that".to_owned());
    }
    Ok(())
}

/// A list may be published again only while everything it names is there.
fn publishable(world: &World, text: &str) -> Result<(), String> {
    let targets = world.mount_targets.as_ref().ok_or("the mount targets have not been read")?;
    let gone = PublishedList::parse(text)?
        .mount_targets
        .into_iter()
        .find(|e| !targets.iter().any(|t| t.mount_target_id == e.mount_target_id && t.is_available()));
    match gone {
        Some(entry) => {
            Err(format!("the list before names {}, which is not available", entry.mount_target_id))
        }
        None => Ok(()),
    }
}
