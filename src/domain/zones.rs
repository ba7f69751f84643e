//! Zone lanes: what of the file service stands in which Availability Zone.

use std::collections::{BTreeMap, BTreeSet};

use super::ecs::MountsBy;
use super::efs::MountTarget;
use super::published::PublishedList;
use super::world::World;

/// One Availability Zone of the VPC.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone<'a> {
    /// `ap-northeast-1a`.
    pub name: String,
    /// Subnets in it.
    pub subnets: Vec<&'a str>,
    /// Its mount target (EFS allows one a zone).
    pub mount_target: Option<&'a MountTarget>,
    /// Tasks in it that have not ended.
    pub tasks: usize,
    /// Share of these tasks' file system traffic that stays in the zone; `None` without tasks or where
    /// the way of mounting is not known.
    pub local_io_ratio: Option<f64>,
}

impl World {
    /// Zones in which tasks are to run and no mount target is available: where tasks mount by volume, each zone of
    /// the service's subnets (tasks cannot start there); else each zone with tasks. `None`: not known.
    pub fn unserved_zones(&self) -> Option<Vec<Zone<'_>>> {
        self.mount_targets.as_ref()?;
        let service = self.service.as_ref()?;
        let unserved = |z: &Zone<'_>| !z.mount_target.is_some_and(MountTarget::is_available);
        let wanted = |z: &Zone<'_>| match service.mounts_by {
            MountsBy::Volume => {
                z.tasks > 0 || z.subnets.iter().any(|id| service.subnets.iter().any(|s| s == id))
            }
            _ => z.tasks > 0,
        };
        Some(self.zones().into_iter().filter(|z| unserved(z) && wanted(z)).collect())
    }

    /// All zones that subnets, mount targets or tasks name, in order.
    pub fn zones(&self) -> Vec<Zone<'_>> {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut subnets: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for subnet in self.subnets.iter().flatten() {
            names.insert(&subnet.availability_zone);
            subnets.entry(&subnet.availability_zone).or_default().push(&subnet.id);
        }
        for target in self.mount_targets.iter().flatten() {
            if let Some(zone) = &target.availability_zone {
                names.insert(zone);
                let list = subnets.entry(zone).or_default();
                if !list.contains(&target.subnet_id.as_str()) {
                    list.push(&target.subnet_id);
                }
            }
        }
        names.extend(self.live_tasks().filter_map(|t| t.availability_zone.as_deref()));
        let list = self.published().and_then(|p| p.list().ok());
        names
            .into_iter()
            .map(|name| {
                let tasks =
                    self.live_tasks().filter(|t| t.availability_zone.as_deref() == Some(name)).count();
                let mount_target = self
                    .mount_targets
                    .iter()
                    .flatten()
                    .find(|m| m.availability_zone.as_deref() == Some(name));
                Zone {
                    name: name.to_owned(),
                    subnets: subnets.get(name).cloned().unwrap_or_default(),
                    mount_target,
                    tasks,
                    local_io_ratio: self.local_io_ratio(name, tasks, mount_target, list.as_ref()),
                }
            })
            .collect()
    }

    /// With the published list every task spreads over all N entries, so the local share is the zone's
    /// entries ÷ N; mounted by volume, all traffic goes through the zone's own target.
    fn local_io_ratio(
        &self,
        zone: &str,
        tasks: usize,
        target: Option<&MountTarget>,
        list: Option<&PublishedList>,
    ) -> Option<f64> {
        if tasks == 0 || self.mount_targets.is_none() {
            return None;
        }
        match self.service.as_ref()?.mounts_by {
            MountsBy::Unknown => None,
            MountsBy::Volume => Some(if target.is_some_and(MountTarget::is_available) { 1.0 } else { 0.0 }),
            MountsBy::List => {
                let entries = &list?.mount_targets;
                let local = entries.iter().filter(|e| e.availability_zone == zone).count();
                (!entries.is_empty()).then(|| local as f64 / entries.len() as f64)
            }
        }
    }
}
