//! What the world was asked to change and what became of it, for those who check that a story told of it is true.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::PARAMETER;
use super::world::World;
use crate::domain::ecs::{Service, Task};
use crate::domain::efs::MountTarget;
use crate::domain::published::ParameterVersion;
use crate::domain::request::Operation;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It took effect.
    Applied,
    /// AWS refused it, with this code.
    Refused(String),
    /// It had no effect: it did not arrive, or AWS failed before.
    Lost,
    /// It will take effect later.
    Later,
}

/// A call that was to change something.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// When it took effect, or was refused.
    pub at: DateTime<Utc>,
    /// The call.
    pub operation: Operation,
    /// What became of it.
    pub taken: Taken,
    /// Whether the caller was told.
    pub answered: bool,
}

/// What the world keeps a record of.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    pub(super) received: Vec<Received>,
    pub(super) deployments: Vec<(DateTime<Utc>, String)>,
    pub(super) targets: Vec<(DateTime<Utc>, String)>,
    pub(super) desired: Vec<(DateTime<Utc>, u32)>,
    most_targets: BTreeMap<String, usize>,
}

impl Ledger {
    /// So many mount targets stand in a zone now.
    pub(super) fn note_targets(&mut self, zone: &str, n: usize) {
        let most = self.most_targets.entry(zone.to_owned()).or_default();
        *most = n.max(*most);
    }
}

/// The world as it really is, and everything that was done to it.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Its time.
    pub at: DateTime<Utc>,
    /// Mount targets that stand, in any state.
    pub mount_targets: Vec<MountTarget>,
    /// Most mount targets that ever stood in a zone at the same time.
    pub most_targets: BTreeMap<String, usize>,
    /// Versions of the published list, oldest first; the last hundred.
    pub list: Vec<ParameterVersion>,
    /// The service.
    pub service: Option<Service>,
    /// Tasks, running and stopped, with what they really read: the version of the list at their start.
    pub tasks: Vec<(Task, Option<i64>)>,
    /// Every deployment ever started, by whomever, with its start.
    pub deployments: Vec<(DateTime<Utc>, String)>,
    /// Every mount target ever made, by whomever, with its time.
    pub targets: Vec<(DateTime<Utc>, String)>,
    /// Every desired count ever set, by whomever, with its time.
    pub desired: Vec<(DateTime<Utc>, u32)>,
    /// Calls that came by the actuator, in their order.
    pub received: Vec<Received>,
}

impl Truth {
    /// How often an operation of the actuator took effect, by the API's name.
    pub fn applied(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for received in self.received.iter().filter(|r| r.taken == Taken::Applied) {
            *counts.entry(super::writes::call_of(&received.operation).name).or_default() += 1;
        }
        counts
    }
}

impl World {
    pub(super) fn truth(&self) -> Truth {
        let tasks = self.ecs.tasks.iter().filter_map(|t| Some((self.describe_task(&t.id)?, t.list_version)));
        Truth {
            at: self.now,
            mount_targets: self.mount_targets(),
            most_targets: self.ledger.most_targets.clone(),
            list: self.parameters.history(PARAMETER).to_vec(),
            service: self.service(),
            tasks: tasks.collect(),
            deployments: self.ledger.deployments.clone(),
            targets: self.ledger.targets.clone(),
            desired: self.ledger.desired.clone(),
            received: self.ledger.received.clone(),
        }
    }
}
