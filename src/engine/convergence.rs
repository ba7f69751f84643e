//! Whether what a step was to bring about is there: pure, from one reading of the world.

use chrono::{DateTime, Utc};

use crate::actuators::Outputs;
use crate::domain::ecs::{Deployment, MountsBy, Service};
use crate::domain::plan::Until;
use crate::domain::request::Operation;
use crate::domain::world::World;

use super::effect::stands;

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is there.
    Reached,
    /// Not yet, in words with numbers.
    Waiting(String),
    /// It will not come any more, and why.
    Lost(String),
}

fn waiting(text: impl Into<String>) -> Progress {
    Progress::Waiting(text.into())
}

/// How far a step is that was sent as `operation` and answered with `outputs`.
pub(super) fn progress(until: &Until, operation: &Operation, outputs: &Outputs, world: &World) -> Progress {
    match until {
        Until::Answered => Progress::Reached,
        Until::MountTargetAvailable => available(outputs, world),
        Until::MountTargetGone { mount_target_id } => gone(mount_target_id, operation, world),
        Until::Converged => converged(operation, outputs, world),
        Until::ThroughputSet => throughput(operation, world),
    }
}

fn available(outputs: &Outputs, world: &World) -> Progress {
    let Some(id) = outputs.get("mount_target_id") else {
        return Progress::Lost("the answer named no mount target".to_owned());
    };
    let Some(targets) = &world.mount_targets else { return waiting("the mount targets are not read yet") };
    match targets.iter().find(|t| t.mount_target_id == *id) {
        Some(t) if t.is_available() => Progress::Reached,
        Some(t) if !stands(t) || t.state == "error" => Progress::Lost(format!("{id} is {}", t.state)),
        Some(t) => waiting(format!("{id} is {}", t.state)),
        // Just created, it may not be listed yet.
        None => waiting(format!("{id} is not listed yet")),
    }
}

fn gone(mount_target_id: &str, operation: &Operation, world: &World) -> Progress {
    let id = match operation {
        Operation::DeleteMountTarget { mount_target_id } => mount_target_id,
        _ => mount_target_id,
    };
    let Some(targets) = &world.mount_targets else { return waiting("the mount targets are not read yet") };
    match targets.iter().find(|t| t.mount_target_id == id) {
        None => Progress::Reached,
        Some(t) if t.state == "deleted" => Progress::Reached,
        Some(t) if t.state == "error" => Progress::Lost(format!("{id} is {}", t.state)),
        Some(t) => waiting(format!("{id} is {}", t.state)),
    }
}

fn throughput(operation: &Operation, world: &World) -> Progress {
    let Operation::UpdateFileSystem { throughput_mode, provisioned_mibps, .. } = operation else {
        return Progress::Lost("the step changes no throughput".to_owned());
    };
    let Some(fs) = &world.file_system else { return waiting("the file system is not read yet") };
    let same = fs.throughput_mode == *throughput_mode
        && (provisioned_mibps.is_none() || fs.provisioned_mibps == *provisioned_mibps);
    match fs.lifecycle_state.as_str() {
        "available" if same => Progress::Reached,
        "error" => Progress::Lost("the file system is in state error".to_owned()),
        state => waiting(format!("the file system is {state}, throughput {}", fs.throughput_mode)),
    }
}

/// Whether an operation starts tasks anew, so that all of them will have read the newest list.
fn restarts(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::ForceNewDeployment { .. }
            | Operation::UpdateTaskDefinition { .. }
            | Operation::UpdateCapacityProviders { .. }
    )
}

fn converged(operation: &Operation, outputs: &Outputs, world: &World) -> Progress {
    let Some(service) = &world.service else { return waiting("the service is not read yet") };
    let Some(primary) = service.primary() else { return waiting("the service has no PRIMARY deployment") };
    if let Some(lost) = lost(service, primary, operation, outputs) {
        return Progress::Lost(lost);
    }
    if !service.steady() {
        return waiting(format!(
            "rollout {}, {} of {} tasks running, {} pending, {} failed, {} deployments",
            primary.rollout_state.as_deref().unwrap_or("in progress"),
            primary.running,
            service.desired,
            primary.pending,
            primary.failed,
            service.deployments.len(),
        ));
    }
    if restarts(operation)
        && let Some(old) = older_than_list(world)
        && old > 0
    {
        return waiting(format!("{old} tasks are older than the published list"));
    }
    Progress::Reached
}

/// Why a rollout will not come to its end.
fn lost(service: &Service, primary: &Deployment, operation: &Operation, outputs: &Outputs) -> Option<String> {
    let failed = |d: &Deployment| d.rollout_state.as_deref() == Some("FAILED");
    let why = |d: &Deployment| {
        format!("deployment {} FAILED: {}", d.id, d.reason.as_deref().unwrap_or("ECS gives no reason"))
    };
    if let Some(ours) =
        outputs.get("deployment_id").and_then(|id| service.deployments.iter().find(|d| d.id == *id))
        && failed(ours)
    {
        return Some(why(ours));
    }
    if failed(primary) {
        return Some(why(primary));
    }
    // The circuit breaker has gone back to the deployment before; ours may already be off the list.
    if restarts(operation)
        && outputs.get("deployment_id").is_some_and(|id| primary.id != *id)
        && primary.reason.as_deref().is_some_and(|r| r.contains("rolling back"))
    {
        return Some(format!(
            "rolled back to {}: {}",
            primary.id,
            primary.reason.as_deref().unwrap_or_default()
        ));
    }
    if let Operation::UpdateDesiredCount { desired_count, .. } = operation
        && service.desired != *desired_count
    {
        return Some(format!("somebody else set the desired count to {}", service.desired));
    }
    if let Operation::UpdateTaskDefinition { task_definition, .. } = operation
        && primary.task_definition != task_definition.to_string()
    {
        return Some(format!("the service runs {} again", primary.task_definition));
    }
    None
}

/// Live tasks that do not run by the current list; `None` where the list does not route (mounted by volume) or
/// is not known.
fn older_than_list(world: &World) -> Option<usize> {
    if world.service.as_ref()?.mounts_by == MountsBy::Volume {
        return None;
    }
    let current = &world.published()?.current;
    let after = |created: Option<DateTime<Utc>>| created.is_some_and(|at| at >= current.changed_at);
    let old = |t: &&crate::domain::ecs::Task| {
        !after(t.created_at) && world.list_version(t) != Some(current.version)
    };
    Some(world.live_tasks().filter(old).count())
}
