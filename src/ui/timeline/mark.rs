//! What is marked on the time axis.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::config::theme::Role;
use crate::domain::alarm::AlarmState;
use crate::domain::journal::EntryKind;
use crate::language::say;
use crate::ui::history;
use crate::ui::view::{View, revision, rollout};

/// What kind of thing a mark is of: a row of the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A deployment of the service.
    Deployment,
    /// A step of a change that alters what runs.
    Change,
    /// An alarm entered another state.
    Alarm,
    /// Error lines in the logs.
    Errors,
    /// The error budget burned.
    Burn,
}

impl Kind {
    /// All, as the rows stand.
    pub const ALL: [Self; 5] = [Self::Deployment, Self::Change, Self::Alarm, Self::Errors, Self::Burn];

    /// What one of it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Change => "change",
            Self::Alarm => "alarm",
            Self::Errors => "log errors",
            Self::Burn => "budget burn",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The same thing has the same key as long as it can be seen.
    pub key: String,
    /// When, by the environment's clock.
    pub at: DateTime<Utc>,
    /// How it stands.
    pub role: Role,
    /// What, in a few words of the screen's language.
    pub words: String,
    /// Of what kind.
    pub kind: Kind,
}

impl Mark {
    fn new(kind: Kind, id: &str, at: DateTime<Utc>, (role, words): (Role, String)) -> Self {
        Self { key: format!("{} {id}", kind.word()), at, role, words, kind }
    }

    /// Of something that goes on for a while; `slot` is its beginning on the axis.
    pub(super) fn run(kind: Kind, slot: i64, at: DateTime<Utc>, words: (Role, String)) -> Self {
        Self::new(kind, &slot.to_string(), at, words)
    }
}

/// Deployments of the service and steps of changes that alter what runs, oldest first.
pub fn marks(view: &View<'_>) -> Vec<Mark> {
    let service = view.world.service.iter();
    let deployments = service.flat_map(|s| &s.deployments).filter_map(|d| {
        let state = d.rollout_state.as_deref().unwrap_or("");
        let words = format!("{} {} {state}", say("deployment"), revision(&d.task_definition));
        Some(Mark::new(Kind::Deployment, &d.id, d.created_at?, (rollout(state), words.trim_end().to_owned())))
    });
    let changes = view.env.changes.journal.iter().filter_map(|entry| {
        let change = entry.change.as_deref()?;
        let name = entry.rule.as_deref().unwrap_or(change);
        let (role, word) = match entry.event {
            EntryKind::Started if entry.step.unwrap_or(1) == 1 => (Role::Text, "began"),
            EntryKind::Converged | EntryKind::RolledBack | EntryKind::NeedsHuman => {
                history::kind(entry.event)
            }
            _ => return None,
        };
        let words = format!("{name} {}", say(word));
        Some(Mark::new(Kind::Change, &entry.seq.to_string(), entry.at, (role, words)))
    });
    let mut out: Vec<Mark> = deployments.chain(changes).collect();
    out.sort_by_key(|m| m.at);
    out
}

/// What the alarms did, as far as it was seen, oldest first.
pub(super) fn alarms(view: &View<'_>) -> impl Iterator<Item = Mark> {
    view.world.alarm_history.iter().map(|change| {
        let role = match change.state {
            AlarmState::Alarm => Role::Bad,
            AlarmState::Ok => Role::Ok,
            AlarmState::InsufficientData => Role::Muted,
        };
        let words = match change.state {
            AlarmState::Alarm => say(format!("{} rings", change.name)),
            AlarmState::Ok => say(format!("{} turned ok", change.name)),
            AlarmState::InsufficientData => say(format!("{} lost its data", change.name)),
        };
        let id = format!("{} {}", change.at.timestamp_millis(), change.name);
        Mark::new(Kind::Alarm, &id, change.at, (role, words.into_owned()))
    })
}
