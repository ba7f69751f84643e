//! `remove-mount-target:<zone>`: files far below the threshold for long, or a target in a zone that nobody uses.
//! What is deleted does not come back, so it is never automatic.

use serde_json::json;

use super::add_mount_target::fresh_count;
use super::free_zones::Zones;
use super::look::{blank, evidence, plural, short};
use super::{Input, Rule, cost};
use crate::domain::ecs::MountsBy;
use crate::domain::efs::MountTarget;
use crate::domain::recommendation::{Change, Evidence, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;
use crate::domain::units::{delta, duration, thousands};

/// The rule.
pub(super) struct RemoveMountTarget;

const NAME: &str = "remove-mount-target";

/// Targets that stay where tasks mount every one of them: the loss of one zone must not take them all.
const LEAST: usize = 2;

impl Rule for RemoveMountTarget {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        judge(input).unwrap_or_else(Finding::NotEnoughEvidence)
    }
}

fn judge(input: &Input<'_>) -> Result<Finding, String> {
    let zones = Zones::of(input)?;
    let fs = input.world.file_system.as_ref().ok_or("the file system is not known")?;
    if fs.one_zone.is_some() || zones.taken.len() < 2 {
        return Ok(Finding::Fine);
    }
    match input.mounts_by() {
        MountsBy::Unknown => Err("how the tasks mount could not be read".into()),
        MountsBy::Volume => unused(input, &zones),
        MountsBy::List if zones.taken.len() <= LEAST => Ok(Finding::Fine),
        MountsBy::List => few_files(input, &zones),
    }
}

/// Tasks in the zone, and whether the service places tasks there.
fn used(input: &Input<'_>, zone: &str) -> (usize, bool) {
    let world = input.world;
    let tasks = world.live_tasks().filter(|t| t.availability_zone.as_deref() == Some(zone)).count();
    let placed = world
        .service
        .iter()
        .flat_map(|s| &s.subnets)
        .any(|id| world.subnets.iter().flatten().any(|s| s.id == *id && s.availability_zone == zone));
    (tasks, placed)
}

/// Mounted by volume, a target serves the tasks of its own zone and nobody else of the service.
fn unused(input: &Input<'_>, zones: &Zones<'_>) -> Result<Finding, String> {
    let (at, service) = input.service()?;
    let known = |id: &String| input.world.subnets.iter().flatten().any(|s| s.id == *id);
    if input.world.tasks.is_none() || service.subnets.is_empty() || !service.subnets.iter().all(known) {
        return Err("in which zones the service places tasks is not known".into());
    }
    let found = zones.taken.iter().filter(|(zone, _)| used(input, zone) == (0, false)).map(|(zone, target)| {
        let reason = format!(
            "Tasks mount by volume through the target of their own zone; in {} there is none, and the service \
             places none there.",
            short(zone)
        );
        let facts = vec![evidence(&format!("tasks in {}", short(zone)), 0, "Count", Some(at), SourceId::ECS)];
        remove(input, zones, zone, target, reason, facts)
    });
    // One after the other: never all at once.
    Ok(found.take(1).collect::<Vec<_>>()).map(|f| if f.is_empty() { Finding::Fine } else { Finding::Act(f) })
}

fn few_files(input: &Input<'_>, zones: &Zones<'_>) -> Result<Finding, String> {
    let count = fresh_count(input)?;
    let policy = input.policy;
    let low = policy.file_count_threshold as f64 * policy.file_count_low_ratio.clamp(0.0, 1.0);
    if count.files as f64 >= low {
        return Ok(Finding::Fine);
    }
    let long = delta(policy.file_count_low_for);
    let since = input.now.checked_sub_signed(long).ok_or("the time the files have to be few is too long")?;
    let mut within = input.world.count_history.iter().filter(|(at, _)| *at >= since);
    if within.any(|(_, files)| *files as f64 >= low) {
        return Ok(Finding::Fine);
    }
    let known_from = input.world.count_history.front().map_or(input.now, |(at, _)| *at);
    if known_from > since {
        return Err(format!(
            "files are few, but counts reach back only {}, not {}",
            duration(input.now - known_from),
            duration(long)
        ));
    }
    // The zone with the fewest tasks; of equal ones the last entry, so that the others keep their place.
    let list =
        input.world.published().and_then(|p| p.list().ok()).map(|l| l.mount_targets).unwrap_or_default();
    let place = |t: &MountTarget| list.iter().position(|e| e.mount_target_id == t.mount_target_id);
    let least = zones.taken.iter().min_by_key(|(zone, target)| {
        let (tasks, placed) = used(input, zone);
        (placed, tasks, std::cmp::Reverse(place(target)), *zone)
    });
    let Some((zone, target)) = least else { return Ok(Finding::Fine) };
    let reason = format!(
        "{} files have been below {} ({:.0} % of the threshold of {}) for {}; {} are more than they need.",
        thousands(count.files),
        low,
        policy.file_count_low_ratio * 100.0,
        thousands(policy.file_count_threshold),
        duration(long),
        plural(zones.taken.len(), "mount target", "mount targets")
    );
    let facts = vec![
        evidence("files", count.files, "Count", Some(count.at), SourceId::FILES),
        evidence("few since", known_from.max(since).to_rfc3339(), "", Some(count.at), SourceId::FILES),
    ];
    Ok(Finding::Act(vec![remove(input, zones, zone, target, reason, facts)]))
}

fn remove(
    input: &Input<'_>,
    zones: &Zones<'_>,
    zone: &str,
    target: &MountTarget,
    reason: String,
    mut facts: Vec<Evidence>,
) -> Recommendation {
    let n = zones.taken.len();
    facts.push(evidence("mount targets", n, "Count", Some(zones.targets_at), SourceId::EFS));
    let from: Vec<&str> = zones.taken.iter().map(|(z, _)| *z).collect();
    let to: Vec<&str> = from.iter().copied().filter(|z| *z != zone).collect();
    let by_volume = input.mounts_by() == MountsBy::Volume;
    let id = &target.mount_target_id;
    Recommendation {
        id: format!("{NAME}:{zone}"),
        title: format!("remove the mount target in {}", short(zone)),
        reason,
        evidence: facts,
        change: Some(Change {
            from: json!({ "mount_targets": n }),
            to: json!({ "mount_targets": n - 1, "without": id }),
        }),
        effect: if by_volume {
            format!("{id} is deleted; tasks of other zones do not use it.")
        } else {
            format!(
                "{id} is taken out of the list, every task is restarted, and once no task of the old list is left it \
                 is deleted. {} of {n} paths are routed to another target, so caches are cold.",
                n - 1
            )
        },
        risk: format!(
            "Whoever else mounts {id} loses the file system: NFS mounts through a deleted target break."
        ),
        cost_usd_per_month: if by_volume { Some(0.0) } else { cost::cross_zone(input, &from, &to) },
        reversible: false,
        rollback: "none: a target created again has another id and address".into(),
        intent: Intent::RemoveMountTarget { mount_target_id: id.clone() },
        ..blank(NAME, Severity::Low)
    }
}
