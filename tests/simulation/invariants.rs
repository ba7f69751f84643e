//! What must hold after every event, checked on the journal and on the world's own record of what it was asked.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use miharu::domain::journal::{Entry, EntryKind, NewEntry, Phase, advance, fold};
use miharu::domain::policy::Policy;
use miharu::domain::request::{Operation, published_text};
use miharu::simulated::{Taken, Truth};

pub(crate) const ONE_IN_FLIGHT: &str = "more than one change in flight";
pub(crate) const WRITTEN_FIRST: &str = "a call without its entry";
pub(crate) const NOT_TWICE: &str = "applied twice";
pub(crate) const LIMITS: &str = "a limit is exceeded";
pub(crate) const ONE_A_ZONE: &str = "two targets in a zone";
pub(crate) const TRUE_STORY: &str = "the journal's story is not the world's";
pub(crate) const CONVERGES: &str = "it neither converges nor asks a human";

/// Every one of them.
pub(crate) const ALL: [&str; 7] =
    [ONE_IN_FLIGHT, WRITTEN_FIRST, NOT_TWICE, LIMITS, ONE_A_ZONE, TRUE_STORY, CONVERGES];

fn new(e: &Entry) -> NewEntry {
    NewEntry {
        at: e.at,
        environment: e.environment.clone(),
        change: e.change.clone(),
        rule: e.rule.clone(),
        event: e.event,
        by: e.by.clone(),
        step: e.step,
        detail: serde_json::Value::Null,
    }
}

fn started(entries: &[Entry]) -> Vec<(&Entry, Operation)> {
    entries
        .iter()
        .filter(|e| e.event == EntryKind::Started)
        .map(|e| (e, serde_json::from_value(e.detail["operation"].clone()).unwrap()))
        .collect()
}

/// What must hold at any moment.
pub(crate) fn always(entries: &[Entry], truth: &Truth, policy: &Policy) -> Result<(), String> {
    // After every entry, not only after the last.
    let mut phases: BTreeMap<&str, Phase> = BTreeMap::new();
    for entry in entries {
        let Some(id) = entry.change.as_deref() else { continue };
        if let Ok(phase) = advance(phases.get(id).copied(), &new(entry)) {
            phases.insert(id, phase);
        }
        let open: Vec<&&str> = phases.iter().filter(|(_, p)| p.in_flight()).map(|(id, _)| id).collect();
        if open.len() > 1 {
            return Err(format!("{ONE_IN_FLIGHT}: {open:?} at entry {}", entry.seq));
        }
    }
    let changes = fold(entries);
    for (id, change) in &changes {
        if !change.misfits.is_empty() {
            return Err(format!("{ONE_IN_FLIGHT}: {id}: {:?}", change.misfits));
        }
    }
    let begun = started(entries);
    // Each call the world received has its own entry, written before.
    let mut used = BTreeSet::new();
    let mut later: Vec<&Operation> = Vec::new();
    for call in &truth.received {
        // A call that takes effect later is recorded when it comes and when it does.
        if let Some(i) = later.iter().position(|o| **o == call.operation && call.taken != Taken::Later) {
            later.remove(i);
            continue;
        }
        if call.taken == Taken::Later {
            later.push(&call.operation);
        }
        let entry = begun
            .iter()
            .find(|(e, operation)| *operation == call.operation && e.at <= call.at && !used.contains(&e.seq));
        match entry {
            Some((e, _)) => drop(used.insert(e.seq)),
            None if begun.iter().any(|(e, o)| *o == call.operation && e.at <= call.at) => {
                return Err(format!("{NOT_TWICE}: {:?} was sent more often than written", call.operation));
            }
            None => return Err(format!("{WRITTEN_FIRST}: {:?}", call.operation)),
        }
    }
    // A step that took effect is not done again, whatever the journal says of it.
    let mut effects: BTreeMap<(&str, u32), u32> = BTreeMap::new();
    for call in truth.received.iter().filter(|r| r.taken == Taken::Applied) {
        let begun = begun.iter().rev().find(|(e, o)| *o == call.operation && e.at <= call.at);
        let Some((entry, operation)) = begun else { continue };
        let n = effects.entry((entry.change.as_deref().unwrap(), entry.step.unwrap())).or_default();
        *n += 1;
        if *n > 1 {
            return Err(format!("{NOT_TWICE}: {operation:?}"));
        }
    }
    for call in &truth.received {
        if let Operation::UpdateDesiredCount { desired_count, .. } = &call.operation
            && !(policy.min_tasks..=policy.max_tasks).contains(desired_count)
        {
            return Err(format!("{LIMITS}: {desired_count} tasks"));
        }
    }
    if let Some((zone, n)) = truth.most_targets.iter().find(|(_, n)| **n > 1) {
        return Err(format!("{ONE_A_ZONE}: {n} in {zone}"));
    }
    Ok(())
}

/// What must hold once nothing is under way: what is called done was done, and what is called not done was not.
pub(crate) fn story(entries: &[Entry], truth: &Truth) -> Result<(), String> {
    let mut applied: Vec<_> = truth.received.iter().filter(|r| r.taken == Taken::Applied).collect();
    let mut last: BTreeMap<(&str, u32), (&Entry, Operation)> = BTreeMap::new();
    for entry in entries {
        let (Some(change), Some(step)) = (entry.change.as_deref(), entry.step) else { continue };
        match entry.event {
            EntryKind::Started => {
                let operation = serde_json::from_value(entry.detail["operation"].clone()).unwrap();
                last.insert((change, step), (entry, operation));
            }
            EntryKind::Succeeded => {
                let (begun, operation) = &last[&(change, step)];
                let found = applied
                    .iter()
                    .position(|r| r.operation == *operation && (begun.at..=entry.at).contains(&r.at));
                let ours = found.map(|i| applied.remove(i).at);
                let told = if entry.detail["found_by_reading"] == true {
                    read_truly(begun, operation, entry, ours, truth)
                } else {
                    ours.map(|_| ()).ok_or_else(|| "its call took no effect before that".to_owned())
                };
                told.map_err(|why| format!("{TRUE_STORY}: {operation:?} is called done: {why}"))?;
            }
            EntryKind::Failed if entry.detail["found_by_reading"] == true => {
                let (begun, operation) = &last[&(change, step)];
                let next = entries.iter().find(|e| e.seq > entry.seq && e.event == EntryKind::Started);
                let until = next.map_or(truth.at, |e| e.at);
                if applied.iter().any(|r| r.operation == *operation && r.at >= begun.at && r.at < until) {
                    return Err(format!("{TRUE_STORY}: {operation:?} is called not done"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether what was found by reading was there by then and was not there before, whoever made it; and whether it
/// was another's where the entry says so. `ours`: when our own call took effect.
fn read_truly(
    begun: &Entry,
    operation: &Operation,
    entry: &Entry,
    ours: Option<DateTime<Utc>>,
    truth: &Truth,
) -> Result<(), String> {
    let output = |name: &str| entry.detail["outputs"][name].as_str().unwrap_or_default().to_owned();
    let before = &begun.detail["before"];
    let made = |what: &[(DateTime<Utc>, String)], id: &str| {
        what.iter().find(|(at, made)| made == id && *at <= entry.at).map(|(at, _)| *at)
    };
    let at = match operation {
        Operation::CreateMountTarget { .. } => {
            let id = output("mount_target_id");
            let old = before["mount_targets"].as_array().unwrap();
            let old = old.iter().any(|line| line.as_str().unwrap().starts_with(&id));
            made(&truth.targets, &id).filter(|_| !old)
        }
        Operation::ForceNewDeployment { .. } => {
            let old = before["primary_deployment"].as_str().unwrap();
            let id = output("deployment_id");
            made(&truth.deployments, &id).filter(|at| made(&truth.deployments, old) < Some(*at))
        }
        Operation::PutParameter { .. } => {
            let version: i64 = output("version").parse().unwrap_or(-1);
            let text = request_text(operation);
            let written = truth.list.iter().find(|v| v.version == version && v.value == text);
            let new = before["parameter_version"].as_i64().unwrap() < version;
            written.filter(|v| new && v.changed_at <= entry.at).map(|v| v.changed_at)
        }
        Operation::UpdateDesiredCount { desired_count, .. } => {
            let last = truth.desired.iter().rev().find(|(at, _)| *at <= entry.at);
            last.filter(|(_, desired)| desired == desired_count).map(|(at, _)| *at)
        }
        other => panic!("{other:?} is not in the simulation"),
    };
    let at = at.ok_or("what it was to bring about was not there")?;
    if entry.detail["whose"] == "another's" && ours == Some(at) {
        return Err("it is called another's".to_owned());
    }
    Ok(())
}

fn request_text(operation: &Operation) -> String {
    match operation {
        Operation::PutParameter { text: Some(text), .. } => text.clone(),
        Operation::PutParameter { entries, .. } => published_text(entries),
        _ => String::new(),
    }
}

/// What must hold at the end, when nothing goes wrong any more.
pub(crate) fn at_the_end(
    entries: &[Entry],
    truth: &Truth,
    drift: &[String],
    steady: bool,
) -> Result<(), String> {
    let changes = fold(entries);
    if let Some((id, change)) = changes.iter().find(|(_, c)| c.phase.in_flight()) {
        return Err(format!("{CONVERGES}: {id} is {}", change.phase));
    }
    let says = |e: &&Entry, what: &str| e.detail["reason"].as_str().is_some_and(|r| r.contains(what));
    let asked =
        entries.iter().any(|e| e.event == EntryKind::NeedsHuman && e.change.is_some() && says(&e, ""));
    // Disarmed now, not once upon a time, and with what is to be done about it.
    let disarmed = entries
        .iter()
        .rev()
        .find(|e| matches!(e.event, EntryKind::Armed | EntryKind::Disarmed))
        .is_some_and(|e| e.event == EntryKind::Disarmed && says(&e, "before it is armed again"));
    // Somebody took the last mount target away: only a human can say where there should be one.
    let nothing_left = !truth.mount_targets.iter().any(miharu::domain::efs::MountTarget::is_available)
        && entries.iter().any(|e| {
            e.event == EntryKind::Refused
                && e.rule.as_deref() == Some("publish-mount-targets")
                && says(&e, "No mount target is available")
        });
    if asked || disarmed || nothing_left || (drift.is_empty() && steady) {
        return Ok(());
    }
    Err(format!("{CONVERGES}: steady {steady}, {drift:?}"))
}
