//! What a plan's requests depend on, and how the plan's own steps change it.

use std::collections::BTreeSet;

use crate::domain::plan::{Fingerprint, Plan};
use crate::domain::request::{Operation, StepOutputs};
use crate::domain::world::World;

/// A part of the world that requests are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Targets,
    Parameter,
    Primary,
    Desired,
    Definition,
    Throughput,
    Scalable,
    Lifecycle,
    Retention,
}

/// Exactly what an operation depends on.
fn parts(operation: &Operation) -> &'static [Part] {
    match operation {
        Operation::CreateMountTarget { .. } | Operation::DeleteMountTarget { .. } => &[Part::Targets],
        // An earlier text depends on no target that came later.
        Operation::PutParameter { text: Some(_), .. } => &[Part::Parameter],
        Operation::PutParameter { text: None, .. } => &[Part::Targets, Part::Parameter],
        Operation::ForceNewDeployment { .. } | Operation::UpdateCapacityProviders { .. } => &[Part::Primary],
        Operation::UpdateDesiredCount { .. } => &[Part::Desired],
        Operation::UpdateTaskDefinition { .. } => &[Part::Primary, Part::Definition],
        Operation::RegisterTaskDefinition { .. } => &[Part::Definition],
        Operation::RegisterScalableTarget { .. } => &[Part::Scalable],
        Operation::UpdateFileSystem { .. } => &[Part::Throughput],
        Operation::PutLifecycleConfiguration { .. } => &[Part::Lifecycle],
        Operation::PutRetentionPolicy { .. } => &[Part::Retention],
        // A value more; it replaces nothing.
        Operation::PutMetricData { .. } => &[],
    }
}

fn all_parts<'a>(operations: impl Iterator<Item = &'a Operation>) -> BTreeSet<Part> {
    operations.flat_map(parts).copied().collect()
}

/// The fingerprint of what the operations depend on, in the world as it is. What has not been read is `None`.
pub fn fingerprint<'a>(
    world: &World,
    operations: impl IntoIterator<Item = &'a Operation, IntoIter: Clone>,
) -> Fingerprint {
    let operations = operations.into_iter();
    let groups: Vec<&str> = operations
        .clone()
        .filter_map(|o| match o {
            Operation::PutRetentionPolicy { log_group, .. } => Some(log_group.as_str()),
            _ => None,
        })
        .collect();
    masked(now(world, &groups), &all_parts(operations))
}

/// Everything, as it is.
fn now(world: &World, groups: &[&str]) -> Fingerprint {
    let service = world.service.as_ref();
    Fingerprint {
        mount_targets: world.mount_targets.as_ref().map(|targets| {
            let mut list: Vec<String> =
                targets.iter().map(|t| format!("{} {}", t.mount_target_id, t.state)).collect();
            list.sort();
            list
        }),
        parameter_version: world.published.as_ref().map(|p| p.as_ref().map_or(0, |p| p.current.version)),
        primary_deployment: service.map(|s| s.primary().map_or_else(|| "none".to_owned(), |d| d.id.clone())),
        desired_count: service.map(|s| s.desired),
        task_definition: service.map(|s| s.task_definition.clone()),
        throughput: world
            .file_system
            .as_ref()
            .map(|fs| throughput(&fs.throughput_mode, fs.provisioned_mibps)),
        scalable: world.scalable.as_ref().and_then(Option::as_ref).map(|t| (t.min, t.max)),
        lifecycle: world.lifecycle.as_ref().map(|policies| lifecycle(policies)),
        log_groups: world.log_groups.as_ref().map(|known| {
            known
                .iter()
                .filter(|(name, _)| groups.contains(&name.as_str()))
                .map(|(name, days)| retention(name, *days))
                .collect()
        }),
    }
}

fn masked(full: Fingerprint, parts: &BTreeSet<Part>) -> Fingerprint {
    fn keep<T>(value: Option<T>, wanted: bool) -> Option<T> {
        value.filter(|_| wanted)
    }
    let has = |part| parts.contains(&part);
    Fingerprint {
        mount_targets: keep(full.mount_targets, has(Part::Targets)),
        parameter_version: keep(full.parameter_version, has(Part::Parameter)),
        primary_deployment: keep(full.primary_deployment, has(Part::Primary)),
        desired_count: keep(full.desired_count, has(Part::Desired)),
        task_definition: keep(full.task_definition, has(Part::Definition)),
        throughput: keep(full.throughput, has(Part::Throughput)),
        scalable: keep(full.scalable, has(Part::Scalable)),
        lifecycle: keep(full.lifecycle, has(Part::Lifecycle)),
        log_groups: keep(full.log_groups, has(Part::Retention)),
    }
}

/// What the fingerprint of the steps still to come should be, once the steps in `done` have taken effect: the
/// plan's own, moved by what those steps did. Compare it before each write with [`fingerprint`] of the same steps.
///
/// Where a step's output would be needed and is not there, that part is not compared.
pub fn expected(plan: &Plan, done: &StepOutputs) -> Fingerprint {
    let mut print = plan.fingerprint.clone();
    for step in &plan.steps {
        if let Some(outputs) = done.get(&step.n) {
            let output = |name: &str| outputs.get(name).cloned();
            effect(&mut print, &step.operation, &output, done);
        }
    }
    let rest = plan.steps.iter().filter(|step| !done.contains_key(&step.n)).map(|step| &step.operation);
    masked(print, &all_parts(rest))
}

fn effect(
    print: &mut Fingerprint,
    operation: &Operation,
    output: &dyn Fn(&str) -> Option<String>,
    done: &StepOutputs,
) {
    match operation {
        Operation::CreateMountTarget { .. } => {
            print.mount_targets =
                print.mount_targets.take().zip(output("mount_target_id")).map(|(mut list, id)| {
                    list.push(format!("{id} available"));
                    list.sort();
                    list
                });
        }
        Operation::DeleteMountTarget { mount_target_id } => {
            if let Some(list) = &mut print.mount_targets {
                list.retain(|t| t.split(' ').next() != Some(mount_target_id));
            }
        }
        Operation::PutParameter { .. } => {
            let told = output("version").and_then(|v| v.parse().ok());
            print.parameter_version = print.parameter_version.map(|before| told.unwrap_or(before + 1));
        }
        Operation::ForceNewDeployment { .. } | Operation::UpdateCapacityProviders { .. } => {
            print.primary_deployment = output("deployment_id");
        }
        Operation::UpdateTaskDefinition { task_definition, .. } => {
            print.primary_deployment = output("deployment_id");
            print.task_definition =
                task_definition.fill(done).ok().and_then(|value| value.known().map(str::to_owned));
        }
        Operation::UpdateDesiredCount { desired_count, .. } => print.desired_count = Some(*desired_count),
        // A new revision changes nothing until a service uses it.
        Operation::RegisterTaskDefinition { .. } | Operation::PutMetricData { .. } => {}
        Operation::RegisterScalableTarget { min_capacity, max_capacity, .. } => {
            print.scalable = Some((*min_capacity, *max_capacity));
        }
        Operation::UpdateFileSystem { throughput_mode, provisioned_mibps, .. } => {
            print.throughput = Some(throughput(throughput_mode, *provisioned_mibps));
        }
        Operation::PutLifecycleConfiguration { policies, .. } => print.lifecycle = Some(lifecycle(policies)),
        Operation::PutRetentionPolicy { log_group, days } => {
            let start = format!("{log_group} ");
            for known in print.log_groups.iter_mut().flatten().filter(|k| k.starts_with(&start)) {
                *known = retention(log_group, Some(*days));
            }
        }
    }
}

fn throughput(mode: &str, mibps: Option<f64>) -> String {
    match mibps {
        Some(mibps) if mode == "provisioned" => format!("{mode} {mibps} MiB/s"),
        _ => mode.to_owned(),
    }
}

fn lifecycle(policies: &[(String, String)]) -> Vec<String> {
    let mut list: Vec<String> = policies.iter().map(|(key, value)| format!("{key} {value}")).collect();
    list.sort();
    list
}

fn retention(name: &str, days: Option<u32>) -> String {
    match days {
        Some(days) => format!("{name} {days} days"),
        None => format!("{name} for ever"),
    }
}
