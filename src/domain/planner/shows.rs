//! Whether the world already shows what a call brings about: how a lost answer is resolved, and what still has to
//! be taken back.

use crate::domain::request::{Operation, Value, published_text};
use crate::domain::world::World;

/// Whether the world shows what the operation brings about. `None`: it cannot be told, because it has not been
/// read, or because nothing that is observed tells it (a forced deployment leaves no mark of its own).
pub fn shows(world: &World, operation: &Operation) -> Option<bool> {
    match operation {
        Operation::CreateMountTarget { subnet_id, .. } => {
            let targets = world.mount_targets.as_ref()?;
            Some(
                targets.iter().any(|t| {
                    t.subnet_id == *subnet_id && !matches!(t.state.as_str(), "deleting" | "deleted")
                }),
            )
        }
        Operation::DeleteMountTarget { mount_target_id } => {
            let targets = world.mount_targets.as_ref()?;
            Some(!targets.iter().any(|t| t.mount_target_id == *mount_target_id && t.state != "deleted"))
        }
        Operation::PutParameter { entries, text, .. } => {
            let published = world.published.as_ref()?.as_ref();
            let born = |v: &Value| v.known().is_none();
            if text.is_none() && entries.iter().any(|e| born(&e.mount_target_id) || born(&e.ip_address)) {
                return None;
            }
            let wanted = text.clone().unwrap_or_else(|| published_text(entries));
            Some(published.is_some_and(|p| p.current.value == wanted))
        }
        Operation::ForceNewDeployment { .. }
        | Operation::RegisterTaskDefinition { .. }
        | Operation::PutMetricData { .. } => None,
        Operation::UpdateDesiredCount { desired_count, .. } => {
            Some(world.service.as_ref()?.desired == *desired_count)
        }
        Operation::UpdateTaskDefinition { task_definition, .. } => {
            let wanted = task_definition.known()?;
            Some(world.service.as_ref()?.task_definition == wanted)
        }
        Operation::UpdateCapacityProviders { fargate_base, spot_weight, .. } => {
            let mut wanted: Vec<_> = crate::domain::request::capacity_providers(*fargate_base, *spot_weight)
                .into_iter()
                .map(|(name, base, weight)| (name.to_owned(), base, weight))
                .collect();
            let mut present = world.service.as_ref()?.capacity_providers.clone();
            wanted.sort();
            present.sort();
            Some(wanted == present)
        }
        Operation::RegisterScalableTarget { min_capacity, max_capacity, .. } => {
            let target = world.scalable.as_ref()?.as_ref();
            Some(target.is_some_and(|t| (t.min, t.max) == (*min_capacity, *max_capacity)))
        }
        Operation::UpdateFileSystem { throughput_mode, provisioned_mibps, .. } => {
            let fs = world.file_system.as_ref()?;
            let rate = throughput_mode != "provisioned" || fs.provisioned_mibps == *provisioned_mibps;
            Some(fs.throughput_mode == *throughput_mode && rate)
        }
        Operation::PutLifecycleConfiguration { policies, .. } => {
            let (mut wanted, mut present) = (policies.clone(), world.lifecycle.clone()?);
            wanted.sort();
            present.sort();
            Some(wanted == present)
        }
        Operation::PutRetentionPolicy { log_group, days } => {
            let groups = world.log_groups.as_ref()?;
            Some(groups.iter().any(|(name, kept)| name == log_group && *kept == Some(*days)))
        }
    }
}
