//! What is looked at again immediately before a call, whatever the plan says.

use chrono::{DateTime, Utc};

use crate::domain::guardrail::name;
use crate::domain::policy::Policy;
use crate::domain::request::Operation;
use crate::domain::world::World;
use crate::engine::effect::stands;

use super::Stop;

fn refused(guardrail: &'static str, why: String) -> Stop {
    Stop::Refused { guardrail, why: vec![why] }
}

/// Whether anything may be changed now at all.
pub(super) fn admitted(policy: &Policy, world: &World, now: DateTime<Utc>) -> Result<(), Stop> {
    if policy.freeze.iter().any(|w| w.holds(now)) {
        return Err(refused(name::FREEZE, "a freeze window holds".to_owned()));
    }
    if let Some(expected) = &policy.expected_account {
        let account = world.identity.as_ref().map(|i| i.account.as_str());
        if account != Some(expected) {
            let is = account.unwrap_or("not known");
            return Err(refused(name::EXPECTED_ACCOUNT, format!("the account is {is}, not {expected}")));
        }
    }
    Ok(())
}

/// Whether a filled call may leave in this world.
pub(super) fn permitted(operation: &Operation, policy: &Policy, world: &World) -> Result<(), Stop> {
    match operation {
        Operation::CreateMountTarget { subnet_id, .. } => free(subnet_id, world),
        Operation::DeleteMountTarget { mount_target_id } => {
            let list = world.published().and_then(|p| p.list().ok());
            let published =
                list.iter().flat_map(|l| &l.mount_targets).any(|e| e.mount_target_id == *mount_target_id);
            if published {
                let why = format!("{mount_target_id} is still published, and tasks mount it");
                return Err(refused(name::NOT_AVAILABLE, why));
            }
            Ok(())
        }
        Operation::UpdateDesiredCount { desired_count, .. } => within(*desired_count, policy),
        Operation::RegisterScalableTarget { min_capacity, max_capacity, .. } => {
            within(*min_capacity, policy)?;
            within(*max_capacity, policy)
        }
        _ => Ok(()),
    }
}

fn within(tasks: u32, policy: &Policy) -> Result<(), Stop> {
    if (policy.min_tasks..=policy.max_tasks).contains(&tasks) {
        return Ok(());
    }
    let why = format!("{tasks} tasks are not within {} to {}", policy.min_tasks, policy.max_tasks);
    Err(refused(name::LIMIT, why))
}

/// A zone takes one mount target.
fn free(subnet_id: &str, world: &World) -> Result<(), Stop> {
    if let Some(fs) = &world.file_system
        && fs.lifecycle_state != "available"
    {
        return Err(refused(name::NOT_AVAILABLE, format!("{} is {}", fs.id, fs.lifecycle_state)));
    }
    let zone = world.subnets.iter().flatten().find(|s| s.id == subnet_id).map(|s| &s.availability_zone);
    let taken = world
        .mount_targets
        .iter()
        .flatten()
        .filter(|t| stands(t))
        .find(|t| t.subnet_id == subnet_id || (zone.is_some() && t.availability_zone.as_ref() == zone));
    match taken {
        Some(t) => {
            let where_ = zone.map_or(subnet_id, String::as_str);
            Err(refused(name::NO_FREE_ZONE, format!("{where_} already has {}", t.mount_target_id)))
        }
        None => Ok(()),
    }
}
