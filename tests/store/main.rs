//! The journal and the lease on real SQLite files, a real MariaDB, and in memory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test ends where it fails, waits for real processes, and its children report on stdout"
)]

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::config::model::Datasource;
use miharu::domain::journal::{EntryKind, NewEntry, Phase};
use miharu::store::{self, Journal, JournalError, Location};
use serde_json::json;

mod behaviour;
mod competition;
mod failures;
mod failures_of_servers;
#[path = "../support/mariadb.rs"]
mod mariadb;
mod size;
mod to_read;

/// A state machine of the test's own: what the journal asks, not what is right, is what is tested here.
fn advance(phase: Option<Phase>, entry: &NewEntry) -> Result<Phase, String> {
    use EntryKind as K;
    let step = entry.step.unwrap_or(0);
    match (phase, entry.event) {
        (None, K::Proposed) => Ok(Phase::Proposed),
        (Some(phase), K::Note) => Ok(phase),
        (Some(Phase::Proposed), K::Approved) => Ok(Phase::Approved),
        (Some(Phase::Proposed), K::Rejected) => Ok(Phase::Ended(K::Rejected)),
        (Some(Phase::Approved | Phase::Between(_)), K::Started) => Ok(Phase::InStep(step)),
        (Some(Phase::InStep(n)), K::Succeeded) if n == step => Ok(Phase::Between(n)),
        (Some(Phase::InStep(n)), K::Unknown) if n == step => Ok(Phase::Unknown(n)),
        (Some(Phase::Between(_)), K::Converged) => Ok(Phase::Converged),
        (Some(Phase::Converged), K::Verified) => Ok(Phase::Ended(K::Verified)),
        (phase, event) => Err(format!("{event:?} is not allowed in {phase:?}")),
    }
}

/// So many seconds after a fixed time.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 123_456_789).unwrap() + TimeDelta::seconds(seconds)
}

/// An entry of `prod`.
fn entry(event: EntryKind, change: &str, step: Option<u32>) -> NewEntry {
    NewEntry {
        at: at(0),
        environment: "prod".into(),
        change: Some(change.into()),
        rule: Some("add-mount-target".into()),
        event,
        by: "ops@bastion".into(),
        step,
        detail: json!({ "b": 1, "a": ["テスト", null, 0.25] }),
    }
}

/// A note about no change.
fn note(seconds: i64, environment: &str) -> NewEntry {
    NewEntry {
        at: at(seconds),
        environment: environment.into(),
        change: None,
        rule: None,
        step: None,
        detail: json!({ "text": seconds }),
        ..entry(EntryKind::Note, "", None)
    }
}

fn file(path: &Path) -> Location {
    Location::File(path.to_path_buf())
}

fn server(url: &str) -> Location {
    Location::Server(Datasource { url: url.to_owned() })
}

async fn open(location: &Location) -> Arc<dyn Journal> {
    store::open(location, advance).await.unwrap_or_else(|e| panic!("{e}"))
}

/// What opening says.
async fn refusal(location: &Location) -> JournalError {
    match store::open(location, advance).await {
        Ok(_) => panic!("{location} opened"),
        Err(error) => error,
    }
}

/// Holds an error to its words: what happened, what to do, no password.
fn says(error: &JournalError, text: &str, remedy: &str) {
    let whole = error.to_string();
    assert!(error.text.contains(text), "{whole:?} does not say {text:?}");
    assert!(error.remedy.contains(remedy), "{whole:?} does not say {remedy:?}");
    assert!(!whole.contains(mariadb::PASSWORD), "a password: {whole}");
    assert!(!error.conflict, "no conflict: {whole}");
}
