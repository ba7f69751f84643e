//! What is marked on the time axis: deployments and changes.

use chrono::{DateTime, Utc};

use crate::config::theme::Role;
use crate::domain::journal::EntryKind;
use crate::language::say;
use crate::ui::history::kind;
use crate::ui::view::{View, revision, rollout};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When, by the environment's clock.
    pub at: DateTime<Utc>,
    /// How it stands.
    pub role: Role,
    /// What, in a few words of the screen's language.
    pub words: String,
    /// Whether it is a deployment.
    pub deployment: bool,
}

/// Deployments of the service and steps of changes that alter what runs, oldest first.
pub fn marks(view: &View<'_>) -> Vec<Mark> {
    let service = view.world.service.iter();
    let deployments = service.flat_map(|s| &s.deployments).filter_map(|d| {
        let state = d.rollout_state.as_deref().unwrap_or("");
        let words = format!("{} {} {state}", say("deployment"), revision(&d.task_definition));
        Some(Mark {
            at: d.created_at?,
            role: rollout(state),
            words: words.trim_end().to_owned(),
            deployment: true,
        })
    });
    let changes = view.env.changes.journal.iter().filter_map(|entry| {
        let change = entry.change.as_deref()?;
        let name = entry.rule.as_deref().unwrap_or(change);
        let (role, word) = match entry.event {
            EntryKind::Started if entry.step.unwrap_or(1) == 1 => (Role::Text, "began"),
            EntryKind::Converged | EntryKind::RolledBack | EntryKind::NeedsHuman => kind(entry.event),
            _ => return None,
        };
        Some(Mark { at: entry.at, role, words: format!("{name} {}", say(word)), deployment: false })
    });
    let mut out: Vec<Mark> = deployments.chain(changes).collect();
    out.sort_by_key(|m| m.at);
    out
}
