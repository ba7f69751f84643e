//! Words about the journal that more than one panel uses.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::config::theme::Role;
use crate::domain::journal::{Entry, EntryKind};
use crate::language::say;

use super::proposal::plain;

/// Word and role of what an entry says.
pub fn kind(kind: EntryKind) -> (Role, &'static str) {
    match kind {
        EntryKind::Proposed => (Role::Text, "proposed"),
        EntryKind::Approved => (Role::Ok, "approved"),
        EntryKind::Rejected => (Role::Warn, "rejected"),
        EntryKind::Snoozed => (Role::Muted, "put off"),
        EntryKind::Expired => (Role::Warn, "expired"),
        EntryKind::Refused => (Role::Warn, "refused"),
        EntryKind::Armed => (Role::Warn, "armed"),
        EntryKind::Disarmed => (Role::Text, "disarmed"),
        EntryKind::Vetoed => (Role::Warn, "vetoed"),
        EntryKind::Cancelled => (Role::Warn, "cancelled"),
        EntryKind::Started => (Role::Text, "started"),
        EntryKind::Succeeded => (Role::Ok, "succeeded"),
        EntryKind::Failed => (Role::Bad, "FAILED"),
        EntryKind::Unknown => (Role::Unknown, "UNKNOWN"),
        EntryKind::Converged => (Role::Ok, "converged"),
        EntryKind::Verified => (Role::Ok, "verified"),
        EntryKind::RolledBack => (Role::Warn, "rolled back"),
        EntryKind::NeedsHuman => (Role::Bad, "NEEDS HUMAN"),
        EntryKind::Note => (Role::Muted, "note"),
    }
}

/// Members of a detail that say most, in that order, and whether they are words of the program.
const TELLING: &[(&str, bool)] = &[
    ("/progress", true),
    ("/plan/title", true),
    ("/title", true),
    ("/reason", true),
    ("/why", true),
    ("/verification/verdict", true),
    ("/verdict", true),
    ("/error", true),
    ("/text", true),
    ("/request/cli", false),
    ("/cli", false),
    ("/guardrail", false),
    ("/operation", false),
    ("/recommendation", false),
];

/// The detail in a line of the screen's language: what says most, else the JSON.
pub fn summary(entry: &Entry) -> String {
    let (own, told) = told(entry);
    // what a person wrote stays as it was written
    let quoted = !own || matches!(entry.event, EntryKind::Note | EntryKind::Rejected);
    if quoted { told } else { say(told).into_owned() }
}

/// Whether it is the program's own words, and what it is.
fn told(entry: &Entry) -> (bool, String) {
    let detail = &entry.detail;
    match detail {
        Value::Null => return (false, String::new()),
        Value::Object(members) if members.is_empty() => return (false, String::new()),
        Value::Object(_) => {}
        other => return (false, plain(other)),
    }
    if let Some(freeze) = detail.get("freeze").and_then(Value::as_bool) {
        return (true, if freeze { "all changes FROZEN" } else { "the freeze of changes is over" }.into());
    }
    let (text, list) = (|name: &str| detail.get(name).and_then(Value::as_str), detail.get("outputs"));
    if let (EntryKind::Snoozed, Some(until)) = (entry.event, text("until")) {
        let at = until.parse::<DateTime<Utc>>().map(|at| at.format("%m-%d %H:%M UTC").to_string());
        return (true, format!("until {}", at.unwrap_or_else(|_| until.to_owned())));
    }
    if let Some(Value::Object(outputs)) = list {
        let found = if detail.get("found_by_reading").is_some() { "found by reading: " } else { "" };
        let outputs: Vec<String> = outputs.iter().map(|(k, v)| format!("{k} {}", plain(v))).collect();
        return (false, format!("{}{}", say(found), outputs.join(", ")));
    }
    if let (EntryKind::Converged, Some(steps)) = (entry.event, detail.get("steps").and_then(Value::as_u64)) {
        return (true, format!("all {steps} steps have reached their targets"));
    }
    if let (EntryKind::Refused, Some(guardrail), Some(reason)) =
        (entry.event, text("guardrail"), text("reason"))
    {
        return (false, format!("{guardrail}: {}", say(reason)));
    }
    let found = TELLING.iter().find_map(|(path, own)| Some((*own, plain(detail.pointer(path)?))));
    found.unwrap_or_else(|| (false, detail.to_string()))
}
