//! What is said where there are no lines to show, or where a log group cannot be read: what, why, and what to do.

use crate::app::state::Logs;
use crate::config::theme::Role;
use crate::domain::log::batch::{GroupStatus, TailState};
use crate::domain::source::{FailureClass, SourceId};
use crate::domain::units;
use crate::ui::text::printable;
use crate::ui::view::{View, plural};

use super::LogDesk;

/// A line in own words, in its role.
pub(super) type Said = (Role, String);

/// Why the tail of a group does not go on, with the remedy.
pub fn complaint(status: &GroupStatus) -> Option<String> {
    let TailState::Failing { failure, again, .. } = &status.state else { return None };
    let group = printable(&status.group);
    let again = again.format("%H:%M:%S");
    Some(match failure.class {
        FailureClass::NotFound => {
            format!(
                "{group} does not exist; nothing has logged to it yet, or its name is wrong. Next try {again}"
            )
        }
        class => {
            format!("{group} {}: {}; {}. Next try {again}", class.word(), failure.line(), failure.remedy())
        }
    })
}

/// How the groups are doing, in a few words for the title.
pub(super) fn groups(logs: &Logs) -> Said {
    let n = logs.groups.len();
    let failing = logs.groups.values().filter(|g| matches!(g.state, TailState::Failing { .. })).count();
    let behind = logs.groups.values().filter_map(|g| match g.state {
        TailState::CatchingUp { behind_s } => Some(behind_s),
        _ => None,
    });
    if failing > 0 {
        return (Role::Stale, format!("{failing} of {} failing", plural(n, "group", "groups")));
    }
    match behind.max() {
        Some(s) => {
            let left = units::duration(chrono::TimeDelta::seconds(s));
            (Role::Stale, format!("{}, {left} of log time still to be read", plural(n, "group", "groups")))
        }
        None if n == 0 => (Role::Muted, "no groups".to_owned()),
        None => (Role::Text, plural(n, "group", "groups")),
    }
}

impl LogDesk {
    /// What is said in place of lines.
    pub(super) fn nothing(&self, view: &View<'_>, undo: &str) -> Vec<Said> {
        let logs = &view.env.logs;
        let totals = &self.facts.totals;
        if self.ring.ends().is_some() {
            if self.unsettled || totals.unsettled > 0 {
                return vec![(
                    Role::Unknown,
                    format!("filtering, {} lines to go", units::thousands(totals.unsettled)),
                )];
            }
            let mut out = vec![(
                Role::Warn,
                format!("the filters hide all {} lines that are held", units::thousands(totals.held)),
            )];
            let hiding = self.facts.filters.iter().filter(|f| f.filter.enabled && f.hides > 0);
            for fact in hiding {
                let words = super::filters::in_words(&fact.filter.condition, self.zone, view.now);
                out.push((Role::Text, format!("{} hidden: {words}", units::thousands(fact.hides))));
            }
            out.push((Role::Muted, undo.to_owned()));
            return out;
        }
        if let Some(why) = &logs.none {
            return vec![(Role::Muted, format!("no log group is followed: {why}"))];
        }
        if logs.groups.is_empty() {
            let waits = format!("waiting to hear which log groups there are{}", view.look.glyphs.ellipsis);
            let mut out = vec![(Role::Unknown, waits)];
            // Which groups there are follows from the service, which only a known caller may read: the first of
            // these that fails is why.
            let ids = [SourceId::IDENTITY, SourceId::ECS, SourceId::LOGS].into_iter();
            let why = ids.filter_map(|id| view.source(id)).find_map(|s| view.complaint_of(s));
            out.extend(why.map(|words| (Role::Stale, words)));
            return out;
        }
        logs.groups.values().map(|group| quiet(group, view)).collect()
    }
}

/// What is said of a group that has given no line.
fn quiet(status: &GroupStatus, view: &View<'_>) -> Said {
    let group = printable(&status.group);
    match &status.state {
        TailState::Starting => {
            (Role::Unknown, format!("{group}: waiting for the first answer{}", view.look.glyphs.ellipsis))
        }
        TailState::Following => {
            let since = view.clock(status.read_until);
            (
                Role::Muted,
                format!("{group}: no line yet, read up to {since}; new ones show here as they come"),
            )
        }
        TailState::CatchingUp { behind_s } => {
            let left = units::duration(chrono::TimeDelta::seconds(*behind_s));
            (Role::Unknown, format!("{group}: {left} of log time still to be read"))
        }
        TailState::Failing { .. } => (Role::Bad, complaint(status).unwrap_or_default()),
    }
}
