//! What has to be there before a change can be applied: the journal, the right to write, nothing left open.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::cli::acting;
use crate::cli::apply::HISTORY;
use crate::config::journal::Location;
use crate::config::model::{Config, Environment};
use crate::domain::identity::Identity;
use crate::domain::journal::{Entry, EntryKind};
use crate::domain::source::{Failure, FailureClass};
use crate::store::{self, Journal, JournalError, Query};

use super::Check;

/// The place of the journal: found, readable, of this version; writable, not locked, on a disk of this machine.
/// Where there is none yet, whether one can be made; nothing is.
pub(super) async fn journal(config: &Config) -> Check {
    let place = match &config.journal {
        Location::File(path) => path.display().to_string(),
        server @ Location::Server(_) => server.to_string(),
    };
    match told(config).await {
        Ok(how) => Check::ok("journal", format!("{place}: {how}")),
        Err(JournalError { text, remedy, .. }) => {
            Check::fail("journal", format!("{text}; nothing can be applied"), remedy)
        }
    }
}

async fn told(config: &Config) -> Result<&'static str, JournalError> {
    if acting::journal_to_read(config).await?.is_none() {
        store::could_be_made(&config.journal)?;
        return Ok("not there yet, the first change makes it");
    }
    if config.read_only {
        return Ok("can be read");
    }
    // Opening it to write looks for everything that an append needs, and appends nothing.
    acting::journal(config).await.map(|_| "can be written")
}

/// What the journal tells of an environment: a change that is open, who is at work, a permission that was missing.
pub(super) async fn environment(
    config: &Config,
    environment: &Environment,
    identity: Option<&Identity>,
    now: DateTime<Utc>,
) -> Vec<Check> {
    let mut denied = None;
    let mut out = Vec::new();
    // Why it cannot be read is said of the machine.
    if let Ok(Some(journal)) = acting::journal_to_read(config).await {
        out.extend(open(journal.as_ref(), environment, now).await);
        let query = Query {
            environment: Some(environment.name.clone()),
            since: Some(now - HISTORY),
            ..Query::default()
        };
        denied = journal.read(&query).await.ok().and_then(|entries| missing(&entries));
    }
    out.push(permissions(config.read_only, identity, denied));
    out
}

async fn open(journal: &dyn Journal, environment: &Environment, now: DateTime<Utc>) -> Option<Check> {
    let name = &environment.name;
    let open = journal.open_changes(name).await.ok()?;
    let holder = journal.holder(name, now).await.ok()?;
    Some(match (open.is_empty(), holder) {
        (true, None) => Check::ok("changes", "none is under way"),
        (_, Some((holder, until))) => {
            let until = until.format("%H:%M:%S UTC");
            Check::ok("changes", format!("{holder} is at work, at least until {until}"))
        }
        (false, None) => Check::warn(
            "changes",
            format!("{} is open, and nobody is at work", open.join(", ")),
            "any command that changes something first reads back what became of it: miharu apply ID (miharu history \
             tells which)",
        ),
    })
}

/// The permission that the newest call was missing which none of the same kind has had since.
fn missing(entries: &[Entry]) -> Option<Failure> {
    let mut denied: Option<(Failure, Value)> = None;
    let mut begun = Value::Null;
    for entry in entries {
        match entry.event {
            EntryKind::Started => {
                begun = entry.detail.pointer("/request/operation").cloned().unwrap_or_default();
            }
            EntryKind::Failed => {
                let failure = entry.detail.get("failure").and_then(|f| Failure::deserialize(f).ok());
                if let Some(failure) = failure.filter(|f| f.class == FailureClass::Denied) {
                    denied = Some((failure, begun.clone()));
                }
            }
            EntryKind::Succeeded if denied.as_ref().is_some_and(|(_, of)| *of == begun) => denied = None,
            _ => {}
        }
    }
    denied.map(|(failure, _)| failure)
}

/// Whether a call would be allowed shows only when it is made, and doctor makes none.
fn permissions(read_only: bool, identity: Option<&Identity>, denied: Option<Failure>) -> Check {
    let what = "permissions";
    if read_only {
        return Check::off(what, "started with --read-only: nothing is changed");
    }
    if let Some(failure) = denied {
        return Check::fail(
            what,
            format!("within the last day a change was denied: {}", failure.line()),
            format!("{}; miharu iam prints the whole policy", failure.remedy()),
        );
    }
    if identity.is_some_and(|i| i.arn.ends_with(":root")) {
        return Check::warn(
            what,
            "the account's root user may do everything",
            "use a role with the policy that miharu iam prints",
        );
    }
    Check::off(what, "what may be changed shows only when it is tried; miharu iam prints the policy it takes")
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use serde_json::json;

    fn entry(event: EntryKind, detail: Value) -> Entry {
        Entry {
            seq: 1,
            at: DateTime::UNIX_EPOCH,
            environment: "e".into(),
            change: Some("c".into()),
            rule: None,
            event,
            by: "b".into(),
            step: Some(1),
            detail,
        }
    }

    #[test]
    fn a_denied_change_is_said_until_the_same_call_was_allowed() {
        let started =
            |operation: &str| entry(EntryKind::Started, json!({"request": {"operation": operation}}));
        let action = Some("ssm:PutParameter".to_owned());
        let failure = Failure { action, ..Failure::new(FailureClass::Denied, "no") };
        let failed = entry(EntryKind::Failed, json!({"reason": "no", "failure": failure}));
        let done = entry(EntryKind::Succeeded, json!({"outputs": {}}));
        let mut entries = vec![started("PutParameter"), failed, started("UpdateService"), done.clone()];
        let check = permissions(false, None, missing(&entries));
        assert_eq!(check.verdict, Verdict::Fail);
        assert!(check.remedy.unwrap().starts_with("allow ssm:PutParameter"));
        entries.extend([started("PutParameter"), done]);
        assert_eq!(permissions(false, None, missing(&entries)).verdict, Verdict::Off);
    }
}
