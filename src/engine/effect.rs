//! Whether a call took effect, told from the world alone, with the outputs that its lost answer would have had.

use crate::actuators::Outputs;
use crate::domain::efs::MountTarget;
use crate::domain::plan::Fingerprint;
use crate::domain::planner::shows;
use crate::domain::published::ParameterVersion;
use crate::domain::request::{Operation, published_text};
use crate::domain::world::World;

/// What reading says about a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// What it was to bring about is there.
    Done(Outputs),
    /// It is not there.
    NotDone(String),
    /// It cannot be told from what can be read.
    CannotTell(String),
}

fn outputs<const N: usize>(pairs: [(&str, Option<String>); N]) -> Outputs {
    pairs.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))).collect()
}

/// Whether a mount target is there or on its way.
pub(super) fn stands(target: &MountTarget) -> bool {
    !matches!(target.state.as_str(), "deleting" | "deleted")
}

/// Reads a filled operation back. `before` is what its plan depended on immediately before it was sent.
pub(super) fn read_back(operation: &Operation, before: &Fingerprint, world: &World) -> Found {
    match operation {
        Operation::CreateMountTarget { subnet_id, .. } => created(subnet_id, before, world),
        Operation::PutParameter { name, entries, text } => {
            let text = text.clone().unwrap_or_else(|| published_text(entries));
            written(name, &text, before, world)
        }
        Operation::ForceNewDeployment { .. } => deployed(before, world),
        Operation::UpdateTaskDefinition { .. } | Operation::UpdateCapacityProviders { .. } => {
            let primary = world.service.as_ref().and_then(|s| s.primary()).map(|d| d.id.clone());
            shown(operation, world, outputs([("deployment_id", primary)]))
        }
        other => shown(other, world, Outputs::new()),
    }
}

fn shown(operation: &Operation, world: &World, outputs: Outputs) -> Found {
    let (_, name) = operation.api();
    match shows(world, operation) {
        Some(true) => Found::Done(outputs),
        Some(false) => Found::NotDone(format!("nothing shows an effect of {name}")),
        None => Found::CannotTell(format!("nothing that can be read tells whether {name} took effect")),
    }
}

/// A target in the subnet that was not there before.
fn created(subnet_id: &str, before: &Fingerprint, world: &World) -> Found {
    let Some(targets) = &world.mount_targets else {
        return Found::CannotTell("the mount targets could not be read".to_owned());
    };
    let known =
        |id: &str| before.mount_targets.iter().flatten().any(|line| line.split(' ').next() == Some(id));
    match targets.iter().find(|t| t.subnet_id == subnet_id && stands(t) && !known(&t.mount_target_id)) {
        Some(t) => Found::Done(outputs([
            ("mount_target_id", Some(t.mount_target_id.clone())),
            ("ip_address", t.ip_address.clone()),
            ("availability_zone", t.availability_zone.clone()),
        ])),
        None => Found::NotDone(format!("{subnet_id} has no new mount target")),
    }
}

/// The first version after the call began whose text is what was sent, also where it is not the current one.
fn written(name: &str, text: &str, before: &Fingerprint, world: &World) -> Found {
    let Some(published) = &world.published else {
        return Found::CannotTell(format!("{name} could not be read"));
    };
    let Some(published) = published else { return Found::NotDone(format!("{name} does not exist")) };
    let Some(old) = before.parameter_version else {
        return Found::CannotTell(format!("which version of {name} stood before is not known"));
    };
    let ours = |v: &&ParameterVersion| v.version > old && v.value == text;
    match published.history.iter().chain([&published.current]).find(ours) {
        Some(version) => Found::Done(outputs([("version", Some(version.version.to_string()))])),
        None => Found::NotDone(format!(
            "{name} is at version {}, and no version after {old} has this text",
            published.current.version
        )),
    }
}

/// A PRIMARY deployment that is not the one before.
fn deployed(before: &Fingerprint, world: &World) -> Found {
    let Some(service) = &world.service else {
        return Found::CannotTell("the service could not be read".to_owned());
    };
    let Some(old) = &before.primary_deployment else {
        return Found::CannotTell("which deployment was PRIMARY before is not known".to_owned());
    };
    match service.primary().filter(|d| d.id != *old) {
        Some(d) => Found::Done(outputs([("deployment_id", Some(d.id.clone()))])),
        None => Found::NotDone(format!("{old} is still the PRIMARY deployment")),
    }
}
