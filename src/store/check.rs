//! What holds for every journal, whatever it is kept on.

use chrono::{DateTime, Utc};

use super::{Advance, JournalError};
use crate::domain::journal::{Entry, EntryKind, NewEntry, Phase};

/// Characters that a name may have: what a server's index takes.
const NAME: usize = 255;
/// Bytes of JSON that an entry may carry: far above any plan, far below any server's packet.
const DETAIL: usize = 1 << 20;

/// Where a change stands, and the environment it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) environment: String,
    pub(super) phase: Phase,
}

/// Checks what does not depend on other entries; gives `detail` as text.
pub(super) fn form(entry: &NewEntry) -> Result<String, JournalError> {
    names(&[
        ("environment", Some(&entry.environment)),
        ("change", entry.change.as_deref()),
        ("rule", entry.rule.as_deref()),
        ("by", Some(&entry.by)),
    ])?;
    if entry.change.is_none() && moves_a_change(entry.event) {
        return Err(refused(format!("a journal entry \"{}\" names its change", word(entry.event)?)));
    }
    let detail = entry.detail.to_string();
    if detail.len() > DETAIL {
        return Err(refused(format!("the detail of a journal entry has at most {DETAIL} bytes")));
    }
    Ok(detail)
}

/// Checks names against what every engine keeps as it is.
pub(super) fn names(names: &[(&str, Option<&str>)]) -> Result<(), JournalError> {
    for (what, name) in names {
        let bad = |n: &str| n.chars().count() > NAME || n.contains('\0') || n.ends_with(' ');
        if name.is_some_and(bad) {
            return Err(refused(format!(
                "the {what} in a journal has at most {NAME} characters, no NUL and no blank at its end"
            )));
        }
    }
    Ok(())
}

/// The phase after `entry`; `None` for an entry of no change.
pub(super) fn legal(
    advance: Advance,
    standing: Option<Standing>,
    entry: &NewEntry,
) -> Result<Option<Phase>, JournalError> {
    let Some(change) = &entry.change else { return Ok(None) };
    if let Some(standing) = &standing
        && standing.environment != entry.environment
    {
        return Err(refused(format!(
            "change {change} belongs to the environment {}, not to {}",
            standing.environment, entry.environment
        )));
    }
    advance(standing.map(|s| s.phase), entry)
        .map(Some)
        .map_err(|why| refused(format!("change {change}: {why}")))
}

/// The entry with its position.
pub(super) fn placed(seq: i64, entry: NewEntry) -> Entry {
    let NewEntry { at, environment, change, rule, event, by, step, detail } = entry;
    Entry { seq, at, environment, change, rule, event, by, step, detail }
}

/// Nanoseconds since 1970, as the tables hold them.
pub(super) fn nanoseconds(at: DateTime<Utc>) -> Result<i64, JournalError> {
    at.timestamp_nanos_opt()
        .ok_or_else(|| refused(format!("the journal holds times from 1678 to 2261, not {}", at.to_rfc3339())))
}

/// An event as the tables hold it: its word in `history --json`.
pub(super) fn word(event: EntryKind) -> Result<String, JournalError> {
    match serde_json::to_value(event) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(refused("an event without a word".into())),
    }
}

fn moves_a_change(event: EntryKind) -> bool {
    use EntryKind as K;
    matches!(
        event,
        K::Approved
            | K::Started
            | K::Succeeded
            | K::Failed
            | K::Unknown
            | K::Converged
            | K::Verified
            | K::RolledBack
            | K::Cancelled
            | K::Vetoed
    )
}

fn refused(text: String) -> JournalError {
    JournalError { text, remedy: "read the journal again and decide anew".into(), conflict: true }
}
