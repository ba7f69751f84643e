//! Parameter Store: every write is a version, the last hundred are kept.

use std::collections::BTreeMap;

use super::PARAMETER;
use super::efs::TargetState;
use super::world::World;
use crate::domain::published::{ParameterVersion, PublishedList, PublishedTarget};

/// Parameter Store keeps this many versions.
const KEPT: usize = 100;

/// Parameters by name, versions oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters(BTreeMap<String, Vec<ParameterVersion>>);

impl Parameters {
    /// All kept versions, oldest first; empty where the parameter does not exist.
    pub(super) fn history(&self, name: &str) -> &[ParameterVersion] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The current version.
    pub(super) fn current(&self, name: &str) -> Option<&ParameterVersion> {
        self.history(name).last()
    }
}

impl World {
    /// `PutParameter` with overwriting; gives the new version.
    pub(super) fn put_parameter(&mut self, name: &str, value: &str) -> i64 {
        let versions = self.parameters.0.entry(name.to_owned()).or_default();
        let version = versions.last().map_or(0, |v| v.version) + 1;
        versions.push(ParameterVersion { version, changed_at: self.now, value: value.to_owned() });
        if versions.len() > KEPT {
            versions.remove(0);
        }
        version
    }

    /// The published list as tasks can read it now.
    pub(super) fn published(&self) -> Option<(i64, PublishedList)> {
        let current = self.parameters.current(PARAMETER)?;
        Some((current.version, PublishedList::parse(&current.value).ok()?))
    }

    /// The text that publishes all available targets: entries that stay keep their place, new ones follow.
    pub(super) fn list_of_available(&self) -> String {
        let available = || self.efs.targets.iter().filter(|t| t.state == TargetState::Available);
        let mut entries: Vec<PublishedTarget> =
            self.published().map(|(_, list)| list.mount_targets).unwrap_or_default();
        entries.retain(|e| available().any(|t| t.id == e.mount_target_id));
        for target in available() {
            if !entries.iter().any(|e| e.mount_target_id == target.id) {
                entries.push(PublishedTarget {
                    mount_target_id: target.id.clone(),
                    ip_address: target.address.clone(),
                    availability_zone: target.zone.clone(),
                    subnet_id: target.subnet.clone(),
                });
            }
        }
        serde_json::to_string(&PublishedList { mount_targets: entries }).unwrap_or_default()
    }
}
