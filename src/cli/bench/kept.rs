//! Keeps what a test found in the journal, as a note of the environment that the directory belongs to.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::clock::Clock;
use crate::config::Inputs;
use crate::config::model::{Config, Environment};
use crate::domain::bench::{Kept, Place, Report};
use crate::domain::journal::{EntryKind, NewEntry};

use super::super::acting::{self, Operator};

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fate {
    /// Whether it is in the journal.
    kept: bool,
    /// Its position there.
    seq: Option<i64>,
    /// The environment it counts for.
    environment: Option<String>,
    /// Whether the goals of the environment are measured by it.
    on_mount: bool,
    /// Why it is not kept.
    why: Option<String>,
}

impl Fate {
    pub(super) fn not(why: impl Into<String>) -> Self {
        Self { kept: false, seq: None, environment: None, on_mount: false, why: Some(why.into()) }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.why, &self.environment) {
            (Some(why), _) => write!(f, "not kept in the journal: {why}"),
            (None, Some(environment)) => {
                let goals = if self.on_mount { "" } else { ", not counted for its goals: not on its mount" };
                write!(f, "kept in the journal of the environment {environment}{goals}")
            }
            (None, None) => Ok(()),
        }
    }
}

/// Writes the note. A test is not the less done for a journal that cannot be written: that is said.
pub(super) async fn keep(config: &Config, inputs: &Inputs, report: &Report) -> Fate {
    let place = match report {
        Report::Files(report) => &report.place,
        Report::Throughput(report) => &report.place,
    };
    let Some((environment, on_mount)) = belongs(&config.environments, place) else {
        return Fate::not("no environment is configured");
    };
    let note = NewEntry {
        at: Clock::system().now(),
        environment: environment.name.clone(),
        change: None,
        rule: None,
        event: EntryKind::Note,
        by: Operator::of(&inputs.variables).name,
        step: None,
        detail: json!({ "bench": Kept { on_mount, report: report.clone() } }),
    };
    let appended = match acting::journal(config).await {
        Ok(journal) => journal.append(note).await,
        Err(error) => Err(error),
    };
    match appended {
        Ok(entry) => Fate {
            kept: true,
            seq: Some(entry.seq),
            environment: Some(environment.name.clone()),
            on_mount,
            why: None,
        },
        Err(error) => Fate::not(error.to_string()),
    }
}

/// The environment a directory belongs to, and whether it is on what that one watches: the one with the directory
/// above it, else the first one, to whose goals only a network file system says something.
fn belongs<'a>(environments: &'a [Environment], place: &Place) -> Option<(&'a Environment, bool)> {
    let directory = Path::new(&place.directory);
    let watches = |environment: &&Environment| {
        environment.files.directory.as_ref().is_some_and(|watched| {
            let real = watched.canonicalize().unwrap_or_else(|_| watched.clone());
            directory.starts_with(&real)
        })
    };
    match environments.iter().find(watches) {
        Some(environment) => Some((environment, true)),
        None => environments.first().map(|first| (first, place.network && environments.len() == 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_belongs_to_who_watches_it_else_to_the_only_one() {
        let watching = |name: &str, directory: Option<&Path>| {
            let mut environment = Environment::named(name);
            environment.files.directory = directory.map(Path::to_owned);
            environment
        };
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let two = [watching("a", None), watching("b", Some(&home))];
        let place = |directory: &Path, network| Place {
            directory: directory.display().to_string(),
            file_system: "x".into(),
            network,
        };
        for (environments, place, wanted) in [
            (&two[..], place(&home.join("below"), false), Some(("b", true))),
            (&two[..], place(&home, true), Some(("b", true))),
            (&two[..], place(Path::new("/elsewhere"), true), Some(("a", false))),
            (&two[..1], place(Path::new("/elsewhere"), true), Some(("a", true))),
            (&two[..1], place(Path::new("/elsewhere"), false), Some(("a", false))),
            (&[], place(&home, true), None),
        ] {
            let found = belongs(environments, &place).map(|(e, on_mount)| (e.name.as_str(), on_mount));
            assert_eq!(found, wanted, "{place:?}");
        }
    }

    #[test]
    fn what_became_of_it_is_said() {
        let kept =
            Fate { kept: true, seq: Some(4), environment: Some("prod".into()), on_mount: true, why: None };
        assert_eq!(kept.to_string(), "kept in the journal of the environment prod");
        let elsewhere = Fate { on_mount: false, ..kept };
        assert!(elsewhere.to_string().ends_with("prod, not counted for its goals: not on its mount"));
        assert_eq!(Fate::not("it is locked").to_string(), "not kept in the journal: it is locked");
    }
}
