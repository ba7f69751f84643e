//! `add-mount-target:<zone>`: more files than one mount target should carry, or a zone in which tasks that mount
//! by volume cannot start.

use chrono::TimeDelta;
use serde_json::json;

use super::free_zones::{FreeZone, Zones};
use super::look::{blank, evidence, plural, short};
use super::{Input, Rule, cost};
use crate::domain::count::FileCount;
use crate::domain::ecs::MountsBy;
use crate::domain::guardrail::name;
use crate::domain::recommendation::{Change, Evidence, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;
use crate::domain::units::{duration, thousands};

/// The rule.
pub(super) struct AddMountTarget;

const NAME: &str = "add-mount-target";

/// A count that somebody else made is renewed every five minutes; two of these may pass.
const COUNT_VALID: TimeDelta = TimeDelta::minutes(10);

/// What a mount target does not change.
const NOT_CURED: &str =
    "The file system's own limits (IOPS, throughput) and one overfull directory stay as they are.";

/// The count of files, if it is fresh.
///
/// # Errors
/// Why there is none to reason from.
pub(super) fn fresh_count<'a>(input: &Input<'a>) -> Result<&'a FileCount, String> {
    input.read_at(SourceId::FILES)?;
    let count = input.world.file_count.as_ref().ok_or("the number of files is not known")?;
    let every = input.world.sources.get(&SourceId::FILES).map_or(TimeDelta::zero(), |s| s.every);
    let valid = COUNT_VALID.max(every * 2 + TimeDelta::seconds(5));
    if input.now - count.at > valid {
        return Err(format!("the count of files is {} old", duration(input.now - count.at)));
    }
    Ok(count)
}

impl Rule for AddMountTarget {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        let zones = match Zones::of(input) {
            Ok(zones) => zones,
            Err(why) => return Finding::NotEnoughEvidence(why),
        };
        let Some(file_system) = &input.world.file_system else {
            return Finding::NotEnoughEvidence("the file system is not known".into());
        };
        let count = fresh_count(input);
        let over = count.as_ref().ok().filter(|c| c.files > input.policy.file_count_threshold).copied();
        if let Some(zone) = &file_system.one_zone {
            let Some(count) = over else { return unless_unknown(count) };
            let why = format!("the file system is One Zone in {zone} and has exactly one mount target");
            return Finding::Act(vec![nothing_to_add(input, &zones, count, &why, name::NO_FREE_ZONE)]);
        }
        if let Some(target) = zones.creating() {
            return Finding::NotEnoughEvidence(format!(
                "{} is being created; what it changes is to be seen first",
                target.mount_target_id
            ));
        }
        let mut wanted: Vec<(&FreeZone<'_>, Option<&FileCount>)> =
            zones.needed_by_volume(input).into_iter().map(|zone| (zone, over)).collect();
        if wanted.is_empty() {
            let Some(count) = over else { return unless_unknown(count) };
            let Some(zone) = zones.free.first() else {
                let why = match zones.taken.len() {
                    0 => "no subnet of the VPC is known".to_owned(),
                    n => {
                        format!("each of the {} of the VPC has its mount target", plural(n, "zone", "zones"))
                    }
                };
                return Finding::Act(vec![nothing_to_add(input, &zones, count, &why, name::NO_FREE_ZONE)]);
            };
            wanted.push((zone, Some(count)));
        }
        Finding::Act(wanted.into_iter().map(|(zone, over)| add(input, &zones, zone, over)).collect())
    }
}

/// Nothing above the threshold: fine, unless the count is unknown.
fn unless_unknown(count: Result<&FileCount, String>) -> Finding {
    count.map_or_else(Finding::NotEnoughEvidence, |_| Finding::Fine)
}

fn count_evidence(count: &FileCount) -> Evidence {
    evidence("files", count.files, "Count", Some(count.at), SourceId::FILES)
}

/// The sentence on files and threshold.
fn files_over(input: &Input<'_>, count: &FileCount) -> String {
    let threshold = input.policy.file_count_threshold;
    format!("{} files are above the threshold of {}", thousands(count.files), thousands(threshold))
}

/// What else helps where no target can be added, and where the files are.
fn other_help(count: &FileCount) -> String {
    let largest = count.largest.first().map_or(String::new(), |d| {
        format!(
            " ({} holds {} of them)",
            if d.path.is_empty() { "the root" } else { &d.path },
            thousands(d.files)
        )
    });
    format!(
        "What helps: spread the files over more directories{largest}, delete or archive old ones, \
         watch PercentIOLimit and raise the throughput when it binds, or split the tree over a second file system."
    )
}

fn nothing_to_add(
    input: &Input<'_>,
    zones: &Zones<'_>,
    count: &FileCount,
    why: &str,
    guardrail: &str,
) -> Recommendation {
    Recommendation {
        title: "no mount target can be added".into(),
        reason: format!("{}, but {why}.", files_over(input, count)),
        evidence: vec![
            count_evidence(count),
            evidence("mount targets", zones.taken.len(), "Count", Some(zones.targets_at), SourceId::EFS),
        ],
        effect: other_help(count),
        risk: "none: nothing is changed".into(),
        cost_usd_per_month: Some(0.0),
        rollback: "nothing to take back".into(),
        blocked_by: vec![guardrail.to_owned()],
        ..blank(NAME, Severity::Low)
    }
}

/// The groups of a new target: the configured one, else those that most existing targets have.
fn security_groups(input: &Input<'_>, zones: &Zones<'_>) -> Vec<String> {
    if let Some(group) = &input.policy.security_group_id {
        return vec![group.clone()];
    }
    let Some(known) = &input.world.security_groups else { return Vec::new() };
    let sets: Vec<&Vec<String>> = zones
        .taken
        .iter()
        .filter_map(|(_, t)| known.get(&t.mount_target_id))
        .filter(|g| !g.is_empty())
        .collect();
    let same = |set: &Vec<String>| sets.iter().filter(|other| **other == set).count();
    // Of equally frequent ones the first in the order of zones.
    sets.iter().rev().max_by_key(|set| same(set)).map(|set| (*set).clone()).unwrap_or_default()
}

fn add(
    input: &Input<'_>,
    zones: &Zones<'_>,
    zone: &FreeZone<'_>,
    over: Option<&FileCount>,
) -> Recommendation {
    let (name, n) = (zone.zone, zones.taken.len());
    let mut rec = Recommendation {
        id: format!("{NAME}:{name}"),
        title: format!("add a mount target in {}", short(name)),
        reason: reason(input, zones, zone, over),
        evidence: facts(zones, zone, over, input),
        effect: effect(input, zones, zone, over),
        risk: risk(input, n),
        cost_usd_per_month: monthly(input, zones, name),
        rollback: rollback(input.mounts_by()),
        ..blank(NAME, Severity::High)
    };
    let groups = security_groups(input, zones);
    match zone.subnet {
        None => {
            rec.reason.push_str(" No subnet of the zone has a free address.");
            rec.blocked_by.push(self::name::NOT_AVAILABLE.to_owned());
        }
        Some(_) if groups.is_empty() => {
            rec.reason.push_str(
                " No security group is known for it: set security_group_id (SECURITY_GROUP_ID), or allow \
                 elasticfilesystem:DescribeMountTargetSecurityGroups so that those of the existing targets can be \
                 taken. Without one AWS would attach the VPC's default group, which may be closed to port 2049.",
            );
            rec.blocked_by.push(self::name::NO_SECURITY_GROUP.to_owned());
        }
        Some(subnet) => {
            rec.change = Some(Change {
                from: json!({ "mount_targets": n }),
                to: json!({ "mount_targets": n + 1, "zone": name }),
            });
            rec.intent = Intent::AddMountTarget {
                zone: name.to_owned(),
                subnet_id: subnet.id.clone(),
                security_groups: groups,
                publish: input.mounts_by() != MountsBy::Volume,
            };
        }
    }
    rec
}

fn reason(input: &Input<'_>, zones: &Zones<'_>, zone: &FreeZone<'_>, over: Option<&FileCount>) -> String {
    let (z, tasks) = (short(zone.zone), plural(zone.tasks, "task", "tasks"));
    let by_volume = input.mounts_by() == MountsBy::Volume && (zone.of_service || zone.tasks > 0);
    let mut said = Vec::new();
    if by_volume {
        said.push(format!(
            "Tasks mount by volume through the target of their own zone; {z} is a zone of the service ({tasks} \
             there) and has none, so tasks cannot start there (ResourceInitializationError)."
        ));
    }
    if let Some(count) = over {
        let why = match (zone.tasks, zone.of_service) {
            (0, true) => format!("{z} is a zone of the service's subnets and has no mount target"),
            (0, false) => format!("{z} is a zone of the VPC without one"),
            _ => format!("{z} has {tasks} and no local target"),
        };
        said.push(format!(
            "{} on {}; {why}.",
            files_over(input, count),
            plural(zones.taken.len(), "mount target", "mount targets")
        ));
    }
    said.join(" ")
}

fn facts(
    zones: &Zones<'_>,
    zone: &FreeZone<'_>,
    over: Option<&FileCount>,
    input: &Input<'_>,
) -> Vec<Evidence> {
    let mut out: Vec<Evidence> = over.map(count_evidence).into_iter().collect();
    out.push(evidence("mount targets", zones.taken.len(), "Count", Some(zones.targets_at), SourceId::EFS));
    let free: Vec<&str> = zones.free.iter().map(|f| f.zone).collect();
    out.push(evidence("free zones", free.join(" "), "", Some(zones.subnets_at), SourceId::SUBNETS));
    if let Ok((at, service)) = input.service() {
        let mounts = serde_json::to_value(service.mounts_by).unwrap_or_default();
        out.push(evidence("mounts by", mounts, "", Some(at), SourceId::ECS));
        out.push(evidence(
            &format!("tasks in {}", short(zone.zone)),
            zone.tasks,
            "Count",
            Some(at),
            SourceId::ECS,
        ));
    }
    out
}

/// Entries that tasks route by now.
fn entries(input: &Input<'_>, zones: &Zones<'_>) -> usize {
    let list = input.world.published().and_then(|p| p.list().ok());
    list.map_or_else(
        || zones.taken.iter().filter(|(_, t)| t.is_available()).count(),
        |l| l.mount_targets.len(),
    )
}

fn effect(input: &Input<'_>, zones: &Zones<'_>, zone: &FreeZone<'_>, over: Option<&FileCount>) -> String {
    let z = short(zone.zone);
    let first = match input.mounts_by() {
        MountsBy::Volume if zone.of_service || zone.tasks > 0 => format!(
            "Tasks can start in {z} and use the target of their own zone; tasks of other zones are not relieved. \
             No path is re-routed and nothing is redeployed."
        ),
        MountsBy::Volume => format!(
            "Tasks mount by volume through their own zone, and the service places none in {z}: the target is used \
             only once it does. No path is re-routed and nothing is redeployed."
        ),
        by => {
            let n = entries(input, zones);
            let share = 100.0 * n as f64 / (n as f64 + 1.0);
            let doubt = if by == MountsBy::Unknown {
                " (How the tasks mount could not be read; by the list is assumed.)"
            } else {
                ""
            };
            format!(
                "Access is spread over {} instead of {n}, once every task has restarted. {n} of {} paths \
                 ({share:.0} %) are routed to another target, so caches are cold; no data moves.{doubt}",
                n + 1,
                n + 1
            )
        }
    };
    let left = zones.free.iter().filter(|f| f.zone != zone.zone && f.subnet.is_some()).count();
    let more = match left {
        0 => "After it no zone is left for another one.".to_owned(),
        n => format!("{n} more would be possible after it."),
    };
    let full = over.and_then(|c| c.largest.first()).filter(|d| d.files > input.policy.file_count_threshold);
    let full = full.map_or(String::new(), |d| {
        format!(
            " {} alone holds {} files.",
            if d.path.is_empty() { "The root" } else { &d.path },
            thousands(d.files)
        )
    });
    format!("{first} {NOT_CURED}{full} {more}")
}

fn risk(input: &Input<'_>, targets: usize) -> String {
    let base = "A security group closed to port 2049 makes the new target useless.";
    match input.mounts_by() {
        MountsBy::Volume => base.to_owned(),
        _ if targets == 0 => base.to_owned(),
        _ => format!(
            "{base} The redeployment restarts every task. More traffic crosses zones: with N targets about (N-1)/N of \
             a task's traffic does."
        ),
    }
}

fn rollback(by: MountsBy) -> String {
    match by {
        MountsBy::Volume => "delete the new mount target once no task uses it".to_owned(),
        _ => "restore the list before, redeploy, wait until no task uses the new target, then delete it"
            .to_owned(),
    }
}

/// A mount target itself is free; what crosses zones is not.
fn monthly(input: &Input<'_>, zones: &Zones<'_>, zone: &str) -> Option<f64> {
    if input.mounts_by() == MountsBy::Volume {
        return Some(0.0);
    }
    let from: Vec<&str> = zones.taken.iter().filter(|(_, t)| t.is_available()).map(|(z, _)| *z).collect();
    let to: Vec<&str> = from.iter().copied().chain([zone]).collect();
    cost::cross_zone(input, &from, &to)
}
