//! The steps of each kind of change. What must hold before them is checked here once more, whatever a rule says.

use std::time::Duration;

use super::{ANSWER, Steps, desired_list};
use crate::domain::ecs::{MountsBy, Service};
use crate::domain::plan::{Step, Until};
use crate::domain::recommendation::Intent;
use crate::domain::request::{ListEntry, Operation, Value};
use crate::domain::rules::Input;

/// The steps that bring an intent about, in order.
///
/// # Errors
/// A sentence: something they need has not been read, or does not allow them.
pub fn steps(input: &Input<'_>, intent: &Intent) -> Result<Vec<Step>, String> {
    let mut steps = Steps::default();
    match intent {
        Intent::AddMountTarget { zone, subnet_id, security_groups, publish } => {
            add_mount_target(input, &mut steps, (zone, subnet_id), security_groups, *publish)?;
        }
        Intent::Publish => publish(input, &mut steps, desired_list(input.world, None, None)?),
        Intent::Redeploy => redeploy(input, &mut steps)?,
        Intent::RemoveMountTarget { mount_target_id } => {
            remove_mount_target(input, &mut steps, mount_target_id)?;
        }
        Intent::Scale { desired } => scale(input, &mut steps, *desired)?,
        Intent::ScaleBounds { min, max } => bounds(input, &mut steps, *min, *max)?,
        Intent::ResizeTask { cpu, memory } => resize(input, &mut steps, cpu, memory)?,
        Intent::Throughput { mode, provisioned_mibps } => {
            throughput(input, &mut steps, mode, *provisioned_mibps)?;
        }
        Intent::Lifecycle => lifecycle(input, &mut steps)?,
        Intent::LogRetention { log_group, days } => retention(input, &mut steps, log_group, *days)?,
        Intent::FargateSpot => spot(input, &mut steps)?,
        Intent::Advice => return Err("this is advice; it is not applied by miharu".to_owned()),
    }
    Ok(steps.0)
}

pub(super) fn service<'a>(input: &Input<'a>) -> Result<&'a Service, String> {
    input.world.service.as_ref().ok_or_else(|| "the service has not been read".to_owned())
}

fn add_mount_target(
    input: &Input<'_>,
    steps: &mut Steps,
    (zone, subnet_id): (&str, &str),
    security_groups: &[String],
    publish_it: bool,
) -> Result<(), String> {
    let world = input.world;
    let fs = world.file_system.as_ref().ok_or("the file system has not been read")?;
    if fs.lifecycle_state != "available" {
        return Err(format!("{} is {}, not available", fs.id, fs.lifecycle_state));
    }
    if let Some(only) = &fs.one_zone {
        return Err(format!(
            "{} is a One Zone file system in {only}; it has exactly one mount target",
            fs.id
        ));
    }
    let targets = world.mount_targets.as_ref().ok_or("the mount targets have not been read")?;
    let taken = targets.iter().find(|t| {
        t.state != "deleted" && (t.availability_zone.as_deref() == Some(zone) || t.subnet_id == subnet_id)
    });
    if let Some(taken) = taken {
        return Err(format!(
            "{zone} has {} ({}); a zone has one mount target",
            taken.mount_target_id, taken.state
        ));
    }
    let subnets = world.subnets.as_ref().ok_or("the subnets have not been read")?;
    let subnet =
        subnets.iter().find(|s| s.id == subnet_id).ok_or_else(|| format!("{subnet_id} is not in the VPC"))?;
    if subnet.availability_zone != zone {
        return Err(format!("{subnet_id} is in {}, not in {zone}", subnet.availability_zone));
    }
    if subnet.free_addresses == Some(0) {
        return Err(format!("{subnet_id} has no free address for a mount target"));
    }
    if security_groups.is_empty() {
        return Err("no security group is known; AWS would attach the VPC's default one".to_owned());
    }
    let create = Operation::CreateMountTarget {
        file_system_id: fs.id.clone(),
        subnet_id: subnet_id.to_owned(),
        security_groups: security_groups.to_vec(),
    };
    let title = format!("create a mount target in {zone}, {subnet_id}");
    let step = steps.push(title, create, Until::MountTargetAvailable, input.policy.creation_deadline);
    if publish_it {
        let born = |output: &str| Value::Born { step, output: output.to_owned() };
        let new = ListEntry {
            mount_target_id: born("mount_target_id"),
            ip_address: born("ip_address"),
            availability_zone: zone.to_owned(),
            subnet_id: subnet_id.to_owned(),
        };
        publish(input, steps, desired_list(world, Some(new), None)?);
        redeploy(input, steps)?;
    }
    Ok(())
}

fn remove_mount_target(input: &Input<'_>, steps: &mut Steps, id: &str) -> Result<(), String> {
    let targets = input.world.mount_targets.as_ref().ok_or("the mount targets have not been read")?;
    let target =
        targets.iter().find(|t| t.mount_target_id == id).ok_or_else(|| format!("{id} does not exist"))?;
    if !targets.iter().any(|t| t.mount_target_id != id && t.is_available()) {
        return Err(format!("{id} is the last available mount target"));
    }
    let published = input.world.published.as_ref().ok_or("the published list has not been read")?;
    if let Some(published) = published {
        // An unreadable list may name it.
        let listed =
            published.list().map_or(true, |l| l.mount_targets.iter().any(|e| e.mount_target_id == id));
        if listed {
            publish(input, steps, desired_list(input.world, None, Some(id))?);
        }
        if service(input)?.mounts_by != MountsBy::Volume && (listed || older_tasks(input)) {
            redeploy(input, steps)?;
        }
    }
    let zone = target.availability_zone.as_deref().unwrap_or("an unknown zone");
    steps.push(
        format!("delete {id} in {zone}"),
        Operation::DeleteMountTarget { mount_target_id: id.to_owned() },
        Until::MountTargetGone { mount_target_id: id.to_owned() },
        input.policy.creation_deadline,
    );
    Ok(())
}

/// Whether a task may run by a list before the current one; what cannot be told counts as yes.
fn older_tasks(input: &Input<'_>) -> bool {
    let world = input.world;
    let current = world.published().map(|p| p.current.version);
    world.tasks.is_none() || world.live_tasks().any(|task| world.list_version(task) != current)
}

fn publish(input: &Input<'_>, steps: &mut Steps, entries: Vec<ListEntry>) {
    let name = input.world.published().map_or(&input.policy.published_parameter, |p| &p.parameter).clone();
    let title = match entries.len() {
        1 => format!("publish 1 mount target in {name}"),
        n => format!("publish {n} mount targets in {name}"),
    };
    steps.push(title, Operation::PutParameter { name, entries, text: None }, Until::Answered, ANSWER);
}

fn redeploy(input: &Input<'_>, steps: &mut Steps) -> Result<(), String> {
    let service = service(input)?;
    let operation = force_new_deployment(service);
    steps.push(
        format!("restart every task of {} (forced deployment)", service.name),
        operation,
        Until::Converged,
        input.policy.rollout_deadline,
    );
    Ok(())
}

pub(super) fn force_new_deployment(service: &Service) -> Operation {
    Operation::ForceNewDeployment { cluster: service.cluster.clone(), service: service.name.clone() }
}

fn scale(input: &Input<'_>, steps: &mut Steps, desired: u32) -> Result<(), String> {
    let service = service(input)?;
    let (now, policy) = (service.desired, input.policy);
    if desired == now {
        return Err(format!("{} has {now} tasks already", service.name));
    }
    if desired > now && desired > policy.max_tasks {
        return Err(format!("{desired} tasks are more than max_tasks = {}", policy.max_tasks));
    }
    if desired < now && desired < policy.min_tasks {
        return Err(format!("{desired} tasks are fewer than min_tasks = {}", policy.min_tasks));
    }
    steps.push(
        format!("set the desired count of {} from {now} to {desired}", service.name),
        Operation::UpdateDesiredCount {
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            desired_count: desired,
        },
        Until::Converged,
        policy.rollout_deadline,
    );
    Ok(())
}

fn bounds(input: &Input<'_>, steps: &mut Steps, min: u32, max: u32) -> Result<(), String> {
    let service = service(input)?;
    let target = input.world.scalable.as_ref().and_then(Option::as_ref);
    let target = target.ok_or("the service is not known to be under Application Auto Scaling")?;
    if min > max {
        return Err(format!("a minimum of {min} is above a maximum of {max}"));
    }
    if (min, max) == (target.min, target.max) {
        return Err(format!("the scalable target is {min} to {max} already"));
    }
    steps.push(
        format!("set the scalable target from {}–{} to {min}–{max} tasks", target.min, target.max),
        Operation::RegisterScalableTarget {
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            min_capacity: min,
            max_capacity: max,
        },
        Until::Converged,
        input.policy.rollout_deadline,
    );
    Ok(())
}

fn resize(input: &Input<'_>, steps: &mut Steps, cpu: &str, memory: &str) -> Result<(), String> {
    let service = service(input)?;
    if input.policy.scale_out_only {
        return Err("scale_out_only = true: tasks keep their size".to_owned());
    }
    if service.task_cpu.as_deref() == Some(cpu) && service.task_memory.as_deref() == Some(memory) {
        return Err(format!("tasks have {cpu} CPU units and {memory} MiB already"));
    }
    let register = Operation::RegisterTaskDefinition {
        from: service.task_definition.clone(),
        cpu: cpu.to_owned(),
        memory: memory.to_owned(),
    };
    let title = format!("register a revision with {cpu} CPU units and {memory} MiB");
    let step = steps.push(title, register, Until::Answered, ANSWER);
    let task_definition = Value::Born { step, output: "task_definition_arn".to_owned() };
    steps.push(
        format!("roll {} out with it", service.name),
        update_task_definition(service, task_definition),
        Until::Converged,
        input.policy.rollout_deadline,
    );
    Ok(())
}

pub(super) fn update_task_definition(service: &Service, task_definition: Value) -> Operation {
    Operation::UpdateTaskDefinition {
        cluster: service.cluster.clone(),
        service: service.name.clone(),
        task_definition,
    }
}

/// A change of throughput is done in the background.
pub(super) const THROUGHPUT: Duration = Duration::from_secs(15 * 60);

fn throughput(input: &Input<'_>, steps: &mut Steps, mode: &str, mibps: Option<f64>) -> Result<(), String> {
    let fs = input.world.file_system.as_ref().ok_or("the file system has not been read")?;
    if fs.lifecycle_state != "available" {
        return Err(format!("{} is {}, not available", fs.id, fs.lifecycle_state));
    }
    if mode == "elastic" && fs.performance_mode != "generalPurpose" {
        return Err(format!(
            "elastic throughput needs General Purpose; {} is {}",
            fs.id, fs.performance_mode
        ));
    }
    let what = match (mode, mibps) {
        ("provisioned", Some(mibps)) if mibps.is_finite() && mibps > 0.0 => format!("{mode}, {mibps} MiB/s"),
        ("provisioned", _) => return Err("provisioned throughput needs a rate".to_owned()),
        _ => mode.to_owned(),
    };
    let mibps = mibps.filter(|_| mode == "provisioned");
    if fs.throughput_mode == mode && fs.provisioned_mibps == mibps {
        return Err(format!("the throughput of {} is {what} already", fs.id));
    }
    steps.push(
        format!("set the throughput of {} from {} to {what}", fs.id, fs.throughput_mode),
        Operation::UpdateFileSystem {
            file_system_id: fs.id.clone(),
            throughput_mode: mode.to_owned(),
            provisioned_mibps: mibps,
        },
        Until::ThroughputSet,
        THROUGHPUT,
    );
    Ok(())
}

/// To Infrequent Access after 30 days, and back on first access.
const LIFECYCLE: &[(&str, &str)] =
    &[("TransitionToIA", "AFTER_30_DAYS"), ("TransitionToPrimaryStorageClass", "AFTER_1_ACCESS")];

fn lifecycle(input: &Input<'_>, steps: &mut Steps) -> Result<(), String> {
    let fs = input.world.file_system.as_ref().ok_or("the file system has not been read")?;
    // The call replaces the whole configuration, so what is there is sent along.
    let mut policies =
        input.world.lifecycle.clone().ok_or("the lifecycle configuration has not been read")?;
    let before = policies.len();
    for (key, value) in LIFECYCLE {
        if !policies.iter().any(|(known, _)| known == key) {
            policies.push(((*key).to_owned(), (*value).to_owned()));
        }
    }
    if policies.len() == before {
        return Err(format!("{} has a lifecycle configuration already", fs.id));
    }
    steps.push(
        format!("let unused files of {} move to Infrequent Access", fs.id),
        Operation::PutLifecycleConfiguration { file_system_id: fs.id.clone(), policies },
        Until::Answered,
        ANSWER,
    );
    Ok(())
}

fn retention(input: &Input<'_>, steps: &mut Steps, log_group: &str, days: u32) -> Result<(), String> {
    let groups = input.world.log_groups.as_ref().ok_or("the log groups have not been read")?;
    let (_, kept) = groups
        .iter()
        .find(|(name, _)| name == log_group)
        .ok_or_else(|| format!("{log_group} does not exist"))?;
    if *kept == Some(days) {
        return Err(format!("{log_group} is kept {days} days already"));
    }
    steps.push(
        format!("keep {log_group} {days} days"),
        Operation::PutRetentionPolicy { log_group: log_group.to_owned(), days },
        Until::Answered,
        ANSWER,
    );
    Ok(())
}

fn spot(input: &Input<'_>, steps: &mut Steps) -> Result<(), String> {
    let service = service(input)?;
    if service.capacity_providers.iter().any(|(name, _, _)| name == "FARGATE_SPOT") {
        return Err(format!("{} uses Fargate Spot already", service.name));
    }
    steps.push(
        format!("run {} on Fargate Spot but for one task", service.name),
        Operation::UpdateCapacityProviders {
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            fargate_base: 1,
            spot_weight: 1,
        },
        Until::Converged,
        input.policy.rollout_deadline,
    );
    Ok(())
}
