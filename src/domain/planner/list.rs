//! The list as it should be published.

use crate::domain::efs::MountTarget;
use crate::domain::request::{ListEntry, Value};
use crate::domain::world::World;

/// The available mount targets: those already published first and in their order, because routing is by index,
/// then the others by zone, then `new`; `without` is left out. An unreadable list has no order to keep.
///
/// # Errors
/// A sentence: mount targets or list have not been read, an address is missing, or the list would be empty.
pub fn desired_list(
    world: &World,
    new: Option<ListEntry>,
    without: Option<&str>,
) -> Result<Vec<ListEntry>, String> {
    let targets = world.mount_targets.as_ref().ok_or("the mount targets have not been read")?;
    let published = world.published.as_ref().ok_or("the published list has not been read")?;
    let published =
        published.as_ref().and_then(|p| p.list().ok()).map(|l| l.mount_targets).unwrap_or_default();
    let staying: Vec<&MountTarget> =
        targets.iter().filter(|t| t.is_available() && Some(t.mount_target_id.as_str()) != without).collect();
    let mut ordered: Vec<&MountTarget> = Vec::with_capacity(staying.len());
    for entry in &published {
        let target = staying.iter().find(|t| t.mount_target_id == entry.mount_target_id);
        // An entry that stands twice routes twice as much to one target; it stays once.
        ordered.extend(target.filter(|t| !ordered.contains(t)));
    }
    for target in &staying {
        if !ordered.contains(target) {
            ordered.push(target);
        }
    }
    let mut list = ordered.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    list.extend(new);
    if list.is_empty() {
        return Err("no mount target is available; tasks with an empty list have no storage".to_owned());
    }
    Ok(list)
}

fn entry(target: &MountTarget) -> Result<ListEntry, String> {
    let known = |value: &Option<String>, what: &str| {
        value.clone().ok_or_else(|| format!("{} has no {what} yet", target.mount_target_id))
    };
    Ok(ListEntry {
        mount_target_id: Value::Known(target.mount_target_id.clone()),
        ip_address: Value::Known(known(&target.ip_address, "address")?),
        availability_zone: known(&target.availability_zone, "zone")?,
        subnet_id: target.subnet_id.clone(),
    })
}
