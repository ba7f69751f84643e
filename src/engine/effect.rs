//! What reading tells of a call whose answer was lost, with the outputs that the answer would have had.
//!
//! AWS marks nothing with who made it: a mount target, a text, a deployment that was not there before may be ours,
//! or somebody's who wanted the same at the same time. So reading speaks of the *effect*: [`Found::Done`] is "what
//! the call was to bring about is there, and was not before it", and that is what the steps that follow need. It
//! says besides what is known of whose it is, which the journal repeats: only where the time of it rules our call
//! out is it called another's, and it is never called ours. To stop there instead and ask a human whose it is
//! would leave him with a question that neither he can answer nor anything depends on.
//!
//! What a later hand has overwritten is another matter: then the effect is not there, and whether it ever was
//! cannot be told ([`Found::Overwritten`]); somebody works on the same thing, and a human is asked.

use chrono::{DateTime, TimeDelta, Utc};

use crate::actuators::Outputs;
use crate::domain::ecs::{Deployment, Service};
use crate::domain::efs::MountTarget;
use crate::domain::plan::Fingerprint;
use crate::domain::planner::{fingerprint, shows};
use crate::domain::published::{ParameterVersion, Published};
use crate::domain::request::{Operation, published_text};
use crate::domain::world::World;

/// What reading says about a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// What it was to bring about is there, and was not before it.
    Done(Outputs, Whose),
    /// It is not there, and nothing has changed that it would have changed.
    NotDone(String),
    /// It is not there, and what it would have changed has been changed otherwise: waiting will not tell more.
    Overwritten(String),
    /// It cannot be told from what can be read now.
    CannotTell(String),
}

/// Whose an effect is that was found by reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Our call's, or that of somebody who wanted the same meanwhile.
    NotTold,
    /// Not our call's: it was made at another time than our call can have arrived.
    Another,
}

impl Whose {
    /// As the journal says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::NotTold => "not told by what can be read",
            Self::Another => "another's",
        }
    }
}

/// When a call can have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// When it was sent.
    pub(super) from: DateTime<Utc>,
    /// Until when it may still have taken effect.
    pub(super) to: DateTime<Utc>,
}

/// By how much AWS's clock and ours may differ.
const SKEW: TimeDelta = TimeDelta::seconds(60);

impl Window {
    pub(super) fn rules_out(self, at: DateTime<Utc>) -> bool {
        at < self.from - SKEW || at > self.to + SKEW
    }

    fn whose(self, at: Option<DateTime<Utc>>) -> Whose {
        if at.is_some_and(|at| self.rules_out(at)) { Whose::Another } else { Whose::NotTold }
    }
}

fn outputs<const N: usize>(pairs: [(&str, Option<String>); N]) -> Outputs {
    pairs.into_iter().filter_map(|(k, v)| Some((k.to_owned(), v?))).collect()
}

/// Whether a mount target is there or on its way.
pub(super) fn stands(target: &MountTarget) -> bool {
    !matches!(target.state.as_str(), "deleting" | "deleted")
}

/// Reads a filled operation back. `before` is what its plan depended on immediately before it was sent, `window`
/// when it can have arrived.
pub(super) fn read_back(operation: &Operation, before: &Fingerprint, window: Window, world: &World) -> Found {
    match operation {
        Operation::CreateMountTarget { subnet_id, .. } => created(subnet_id, before, world),
        Operation::DeleteMountTarget { mount_target_id } => deleted(mount_target_id, world),
        Operation::PutParameter { name, entries, text } => {
            let text = text.clone().unwrap_or_else(|| published_text(entries));
            written(name, &text, before, window, world)
        }
        Operation::ForceNewDeployment { .. } => deployed(before, window, world),
        Operation::UpdateTaskDefinition { .. } | Operation::UpdateCapacityProviders { .. } => {
            let primary = world.service.as_ref().and_then(|s| s.primary()).map(|d| d.id.clone());
            shown(operation, before, world, outputs([("deployment_id", primary)]))
        }
        other => shown(other, before, world, Outputs::new()),
    }
}

fn shown(operation: &Operation, before: &Fingerprint, world: &World, outputs: Outputs) -> Found {
    let (_, name) = operation.api();
    match shows(world, operation) {
        Some(true) => Found::Done(outputs, Whose::NotTold),
        Some(false) if moved(operation, before, world) => {
            Found::Overwritten(format!("what {name} was to set is neither as before nor as asked"))
        }
        Some(false) => Found::NotDone(format!("nothing shows an effect of {name}")),
        None => Found::CannotTell(format!("nothing that can be read tells whether {name} took effect")),
    }
}

/// Whether what an operation depends on is another than before, as far as both are known.
fn moved(operation: &Operation, before: &Fingerprint, world: &World) -> bool {
    fn differ<T: PartialEq>(then: Option<&T>, now: Option<&T>) -> bool {
        matches!((then, now), (Some(then), Some(now)) if then != now)
    }
    let now = fingerprint(world, [operation]);
    differ(before.desired_count.as_ref(), now.desired_count.as_ref())
        || differ(before.task_definition.as_ref(), now.task_definition.as_ref())
        || differ(before.primary_deployment.as_ref(), now.primary_deployment.as_ref())
        || differ(before.throughput.as_ref(), now.throughput.as_ref())
        || differ(before.scalable.as_ref(), now.scalable.as_ref())
        || differ(before.lifecycle.as_ref(), now.lifecycle.as_ref())
        || differ(before.log_groups.as_ref(), now.log_groups.as_ref())
}

/// A target in the subnet that was not there before. One that is being deleted counts: it was made, and the wait
/// for it says that it will not come.
fn created(subnet_id: &str, before: &Fingerprint, world: &World) -> Found {
    let Some(targets) = &world.mount_targets else {
        return Found::CannotTell("the mount targets could not be read".to_owned());
    };
    let Some(old) = &before.mount_targets else {
        return Found::CannotTell("which mount targets stood before is not known".to_owned());
    };
    let known = |id: &str| old.iter().any(|line| line.split(' ').next() == Some(id));
    let mut new = targets.iter().filter(|t| t.subnet_id == subnet_id && !known(&t.mount_target_id));
    let first = new.clone().next();
    match new.find(|t| stands(t)).or(first) {
        Some(t) => Found::Done(
            outputs([
                ("mount_target_id", Some(t.mount_target_id.clone())),
                ("ip_address", t.ip_address.clone()),
                ("availability_zone", t.availability_zone.clone()),
            ]),
            Whose::NotTold,
        ),
        None => Found::NotDone(format!("{subnet_id} has no new mount target")),
    }
}

fn deleted(mount_target_id: &str, world: &World) -> Found {
    let Some(targets) = &world.mount_targets else {
        return Found::CannotTell("the mount targets could not be read".to_owned());
    };
    match targets.iter().find(|t| t.mount_target_id == mount_target_id && stands(t)) {
        Some(t) => Found::NotDone(format!("{mount_target_id} is {}", t.state)),
        None => Found::Done(Outputs::new(), Whose::NotTold),
    }
}

/// The first version after the call began whose text is what was sent, also where it is not the current one.
fn written(name: &str, text: &str, before: &Fingerprint, window: Window, world: &World) -> Found {
    let Some(published) = &world.published else {
        return Found::CannotTell(format!("{name} could not be read"));
    };
    let Some(published) = published else { return Found::NotDone(format!("{name} does not exist")) };
    let Some(old) = before.parameter_version else {
        return Found::CannotTell(format!("which version of {name} stood before is not known"));
    };
    let ours = |v: &&ParameterVersion| v.version > old && v.value == text;
    let current = published.current.version;
    match published.history.iter().chain([&published.current]).find(ours) {
        Some(v) => {
            let version = outputs([("version", Some(v.version.to_string()))]);
            Found::Done(version, window.whose(Some(v.changed_at)))
        }
        None if told_since(published, old) => Found::NotDone(format!(
            "{name} is at version {current}, and no version after {old} has this text"
        )),
        None => Found::CannotTell(format!("not every version of {name} after {old} can be read")),
    }
}

/// Whether every version after `old` is known.
fn told_since(published: &Published, old: i64) -> bool {
    (old + 1..published.current.version).all(|n| published.history.iter().any(|v| v.version == n))
}

/// A deployment that is newer than the one that was PRIMARY before: every task of it starts anew.
fn deployed(before: &Fingerprint, window: Window, world: &World) -> Found {
    let Some(service) = &world.service else {
        return Found::CannotTell("the service could not be read".to_owned());
    };
    let Some(old) = &before.primary_deployment else {
        return Found::CannotTell("which deployment was PRIMARY before is not known".to_owned());
    };
    match newer(service, old, window) {
        Some(d) => Found::Done(outputs([("deployment_id", Some(d.id.clone()))]), window.whose(d.created_at)),
        None => Found::NotDone(format!("{old} is still the PRIMARY deployment")),
    }
}

/// Of the deployments newer than `old` the one that can be ours, else the PRIMARY one. Also one that has failed
/// or been superseded: whether it leads to its end, the wait says.
fn newer<'a>(service: &'a Service, old: &str, window: Window) -> Option<&'a Deployment> {
    let since = service.deployments.iter().find(|d| d.id == old).map_or(Some(window.from), |d| d.created_at);
    let new: Vec<&Deployment> = service
        .deployments
        .iter()
        .filter(|d| d.id != old && (d.status == "PRIMARY" || d.created_at > since))
        .collect();
    let possible = new.iter().find(|d| d.created_at.is_some_and(|at| !window.rules_out(at)));
    possible.or(new.iter().find(|d| d.status == "PRIMARY")).or(new.first()).copied()
}
