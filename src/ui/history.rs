//! Words about the journal that more than one panel uses.

use crate::config::theme::Role;
use crate::domain::journal::{Entry, EntryKind};

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

/// Members of a detail that say most, in that order.
const TELLING: &[&str] =
    &["title", "reason", "why", "verdict", "error", "text", "guardrail", "cli", "operation"];

/// The detail in a line: the member that says most, else the JSON.
pub fn summary(entry: &Entry) -> String {
    let detail = &entry.detail;
    match detail {
        serde_json::Value::Null => String::new(),
        serde_json::Value::Object(members) if members.is_empty() => String::new(),
        serde_json::Value::Object(members) => {
            let inner = members.get("plan").or_else(|| members.get("request")).unwrap_or(detail);
            let told = TELLING.iter().find_map(|name| detail.get(name).or_else(|| inner.get(name)));
            told.map_or_else(|| detail.to_string(), plain)
        }
        other => plain(other),
    }
}
