//! The file system and its mount targets: `creating` for 30 to 90 s, then `available`; one in each zone.

use chrono::{DateTime, TimeDelta, Utc};

use super::ids;
use super::scenario;
use super::seeded::{dice, seconds};
use super::world::{Event, Refusal, World};
use crate::domain::efs::{FileSystem, LifecyclePolicy, MountTarget};

/// Average size of a file, metadata included.
pub(super) const FILE_BYTES: f64 = 24.0 * 1024.0;

/// State of a mount target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetState {
    /// On the way.
    Creating,
    /// Can be mounted.
    Available,
    /// On the way out.
    Deleting,
    /// It could not be created.
    Error,
}

impl TargetState {
    fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Deleting => "deleting",
            Self::Error => "error",
        }
    }
}

/// A mount target.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) zone: String,
    pub(super) subnet: String,
    pub(super) address: String,
    /// Security groups.
    pub(super) groups: Vec<String>,
    pub(super) state: TargetState,
}

/// What comes next for a mount target.
#[derive(Debug, Clone)]
pub(super) enum TargetStep {
    /// It becomes available.
    Available(String),
    /// Its creation fails.
    Error(String),
    /// It is gone.
    Gone(String),
}

/// Amazon EFS.
#[derive(Debug, Clone)]
pub(super) struct Efs {
    pub(super) file_system_id: String,
    /// In the order of creation.
    pub(super) targets: Vec<Target>,
    /// Metered size; EFS counts again every quarter of an hour here.
    pub(super) size_bytes: f64,
    /// The lifecycle configuration.
    pub(super) lifecycle: Vec<LifecyclePolicy>,
    /// Fewest and most seconds that a creation takes.
    pub(super) creation_s: (f64, f64),
    /// How many of the next creations will fail.
    pub(super) bad_creations: u32,
    /// When the throughput was last raised or its mode changed.
    pub(super) throughput_changed_at: Option<DateTime<Utc>>,
}

impl Efs {
    pub(super) fn new(settings: &scenario::World, seed: u64) -> Self {
        Self {
            file_system_id: ids::resource(&mut dice(seed, "file system", 0), "fs"),
            targets: Vec::new(),
            size_bytes: settings.files as f64 * FILE_BYTES,
            lifecycle: Vec::new(),
            creation_s: (30.0, 90.0),
            bad_creations: 0,
            throughput_changed_at: None,
        }
    }

    /// The mount target of a zone.
    pub(super) fn target_in(&self, zone: &str) -> Option<&Target> {
        self.targets.iter().find(|t| t.zone == zone)
    }

    /// Whether a mount target can be mounted.
    pub(super) fn is_available(&self, id: &str) -> bool {
        self.targets.iter().any(|t| t.id == id && t.state == TargetState::Available)
    }
}

impl World {
    /// `CreateMountTarget`: gives the id of a target that is `creating`. Without groups it gets the VPC's
    /// default one.
    pub(super) fn create_mount_target(&mut self, subnet: &str, groups: &[String]) -> Result<String, Refusal> {
        let Some(zone) = self.network.zone_of(subnet).map(str::to_owned) else {
            return Err(Refusal::new("SubnetNotFound", format!("The subnet ID '{subnet}' does not exist")));
        };
        let known = [&self.network.nfs_group, &self.network.default_group];
        if let Some(group) = groups.iter().find(|g| !known.contains(g)) {
            let text = format!("The SecurityGroup ID '{group}' does not exist");
            return Err(Refusal::new("SecurityGroupNotFound", text));
        }
        if self.efs.target_in(&zone).is_some() {
            return Err(Refusal::new("MountTargetConflict", "mount target already exists in this AZ"));
        }
        let mut rng = self.roll("mount target");
        let id = ids::resource(&mut rng, "fsmt");
        let Some(address) = self.network.take(subnet, &mut rng) else {
            return Err(Refusal::new("NoFreeAddressesInSubnet", "There are no free addresses in the subnet"));
        };
        let (subnet, state) = (subnet.to_owned(), TargetState::Creating);
        let groups =
            if groups.is_empty() { vec![self.network.default_group.clone()] } else { groups.to_vec() };
        self.ledger.targets.push((self.now, id.clone()));
        self.efs.targets.push(Target { id: id.clone(), zone: zone.clone(), subnet, address, groups, state });
        self.ledger.note_targets(&zone, self.efs.targets.iter().filter(|t| t.zone == zone).count());
        let (from, to) = self.efs.creation_s;
        let ready = self.now + seconds(&mut rng, from, to);
        let step = if self.efs.bad_creations > 0 {
            self.efs.bad_creations -= 1;
            TargetStep::Error(id.clone())
        } else {
            TargetStep::Available(id.clone())
        };
        self.schedule(ready, Event::Target(step));
        Ok(id)
    }

    /// `DeleteMountTarget`: tasks that have it mounted hang on it from now on.
    pub(super) fn delete_mount_target(&mut self, id: &str) -> Result<(), Refusal> {
        let now = self.now;
        let mut rng = self.roll("mount target deletion");
        let Some(target) = self.efs.targets.iter_mut().find(|t| t.id == id) else {
            let text = format!("Mount target '{id}' does not exist.");
            return Err(Refusal::new("MountTargetNotFound", text));
        };
        if target.state == TargetState::Deleting {
            return Ok(());
        }
        target.state = TargetState::Deleting;
        self.schedule(now + seconds(&mut rng, 20.0, 60.0), Event::Target(TargetStep::Gone(id.to_owned())));
        self.mount_lost(id);
        Ok(())
    }

    /// A mount target goes on.
    pub(super) fn step_target(&mut self, step: &TargetStep) {
        match step {
            TargetStep::Available(id) => {
                let target = self.efs.targets.iter_mut().find(|t| t.id == *id);
                if let Some(target) = target.filter(|t| t.state == TargetState::Creating) {
                    target.state = TargetState::Available;
                }
            }
            TargetStep::Error(id) => {
                let target = self.efs.targets.iter_mut().find(|t| t.id == *id);
                if let Some(target) = target.filter(|t| t.state == TargetState::Creating) {
                    target.state = TargetState::Error;
                }
            }
            TargetStep::Gone(id) => {
                if let Some(i) = self.efs.targets.iter().position(|t| t.id == *id) {
                    let target = self.efs.targets.remove(i);
                    self.network.release(&target.subnet, &target.address);
                }
            }
        }
    }

    /// EFS counts its size again.
    pub(super) fn meter_size(&mut self, at: DateTime<Utc>) {
        if (at.timestamp() / 60) % 15 == 0 {
            self.efs.size_bytes = self.load.files(at) as f64 * FILE_BYTES;
        }
    }

    /// What `DescribeFileSystems` tells.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes are not negative")]
    pub(super) fn file_system(&self) -> FileSystem {
        FileSystem {
            id: self.efs.file_system_id.clone(),
            name: Some("efs-mount-autoscaling".into()),
            lifecycle_state: "available".into(),
            performance_mode: "generalPurpose".into(),
            throughput_mode: self.settings.throughput_mode.clone(),
            provisioned_mibps: self
                .settings
                .provisioned_mibps
                .filter(|_| self.settings.throughput_mode == "provisioned"),
            size_bytes: self.efs.size_bytes as u64,
            one_zone: None,
        }
    }

    /// What `DescribeMountTargets` tells.
    pub(super) fn mount_targets(&self) -> Vec<MountTarget> {
        self.efs
            .targets
            .iter()
            .map(|t| MountTarget {
                mount_target_id: t.id.clone(),
                ip_address: Some(t.address.clone()),
                availability_zone: Some(t.zone.clone()),
                subnet_id: t.subnet.clone(),
                vpc_id: Some(self.network.vpc_id.clone()),
                state: t.state.word().into(),
            })
            .collect()
    }
}

/// How long a hard NFS mount of a lost target goes unnoticed by health checks: three of them, 30 s apart.
pub(super) const UNHEALTHY_AFTER: TimeDelta = TimeDelta::seconds(90);
