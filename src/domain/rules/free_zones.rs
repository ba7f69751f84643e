//! Zones in which a mount target could be created, the most useful first.

use chrono::{DateTime, Utc};

use super::Input;
use crate::domain::ecs::MountsBy;
use crate::domain::efs::MountTarget;
use crate::domain::network::Subnet;
use crate::domain::source::SourceId;

/// A zone without a mount target.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FreeZone<'a> {
    /// `ap-northeast-1d`.
    pub(super) zone: &'a str,
    /// Subnet that the target would get: one of the service's where there is one, then the one with the most free
    /// addresses. `None`: no subnet of the zone has an address left.
    pub(super) subnet: Option<&'a Subnet>,
    /// Tasks in it that have not ended.
    pub(super) tasks: usize,
    /// Whether the service places tasks there.
    pub(super) of_service: bool,
}

/// Zones of the VPC by whether they have a mount target.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Zones<'a> {
    /// Without one, the most useful first.
    pub(super) free: Vec<FreeZone<'a>>,
    /// Zone of each target that stands, in the world's order. EFS allows one a zone, whatever its state.
    pub(super) taken: Vec<(&'a str, &'a MountTarget)>,
    /// When the mount targets were read.
    pub(super) targets_at: DateTime<Utc>,
    /// When the subnets were read.
    pub(super) subnets_at: DateTime<Utc>,
}

/// A target that is really gone.
fn gone(target: &MountTarget) -> bool {
    target.state == "deleted"
}

impl<'a> Zones<'a> {
    /// What can be told of the zones.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn of(input: &Input<'a>) -> Result<Self, String> {
        let world = input.world;
        let targets_at = input.read_at(SourceId::EFS)?;
        let subnets_at = input.read_at(SourceId::SUBNETS)?;
        let targets = world.mount_targets.as_ref().ok_or("the mount targets are not known")?;
        let subnets = world.subnets.as_ref().ok_or("the subnets are not known")?;
        let mut taken = Vec::new();
        for target in targets.iter().filter(|t| !gone(t)) {
            let zone = target.availability_zone.as_deref().or_else(|| {
                subnets.iter().find(|s| s.id == target.subnet_id).map(|s| s.availability_zone.as_str())
            });
            let zone = zone.ok_or_else(|| format!("the zone of {} is not known", target.mount_target_id))?;
            taken.push((zone, target));
        }
        let vpc = taken.iter().find_map(|(_, t)| t.vpc_id.as_deref());
        let mut free: Vec<FreeZone<'a>> = Vec::new();
        for subnet in subnets.iter().filter(|s| vpc.is_none_or(|vpc| s.vpc_id == vpc)) {
            let zone = subnet.availability_zone.as_str();
            if taken.iter().any(|(taken, _)| *taken == zone) {
                continue;
            }
            let of_service = places_in(input, subnet);
            let usable = subnet.free_addresses != Some(0);
            if !free.iter().any(|f| f.zone == zone) {
                free.push(FreeZone { zone, subnet: None, tasks: 0, of_service: false });
            }
            let Some(entry) = free.iter_mut().find(|f| f.zone == zone) else { continue };
            entry.of_service |= of_service;
            if usable && entry.subnet.is_none_or(|before| rank(input, subnet) > rank(input, before)) {
                entry.subnet = Some(subnet);
            }
        }
        if !free.is_empty() {
            for task in world.live_tasks() {
                let zone = task.availability_zone.as_deref();
                if let Some(entry) = free.iter_mut().find(|f| Some(f.zone) == zone) {
                    entry.tasks += 1;
                }
            }
        }
        free.sort_by(|a, b| {
            let key = |f: &FreeZone<'_>| (f.subnet.is_none(), std::cmp::Reverse(f.tasks), !f.of_service);
            key(a).cmp(&key(b)).then_with(|| a.zone.cmp(b.zone))
        });
        Ok(Self { free, taken, targets_at, subnets_at })
    }

    /// The target that is being created, if one is.
    pub(super) fn creating(&self) -> Option<&'a MountTarget> {
        self.taken.iter().find(|(_, t)| t.state == "creating").map(|(_, t)| *t)
    }

    /// Zones of the service's subnets or with tasks of it that have no target, where tasks mount by volume:
    /// tasks cannot start there.
    pub(super) fn needed_by_volume(&self, input: &Input<'_>) -> Vec<&FreeZone<'a>> {
        if input.mounts_by() != MountsBy::Volume {
            return Vec::new();
        }
        self.free.iter().filter(|f| f.of_service || f.tasks > 0).collect()
    }
}

/// Whether the service places tasks in the subnet.
fn places_in(input: &Input<'_>, subnet: &Subnet) -> bool {
    input.world.service.as_ref().is_some_and(|s| s.subnets.contains(&subnet.id))
}

/// The greater the better; the id makes it the same every time.
fn rank<'a>(input: &Input<'_>, subnet: &'a Subnet) -> (bool, u32, std::cmp::Reverse<&'a str>) {
    (places_in(input, subnet), subnet.free_addresses.unwrap_or(0), std::cmp::Reverse(subnet.id.as_str()))
}
