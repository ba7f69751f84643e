//! The journal of one environment as far as a console needs it: its newest entries, what is in flight, what auto
//! mode has announced.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::app::changes::Progress;
use crate::domain::bench::Measured;
use crate::domain::guardrail::Past;
use crate::domain::journal::{ChangeState, Entry, EntryKind, Phase, fold};
use crate::engine::autopilot::AUTO;

/// Entries that are kept: what guardrails and decisions look back to.
pub(super) const KEPT: usize = 5000;

/// Entries in order of position.
#[derive(Default)]
pub(super) struct Diary {
    entries: Vec<Entry>,
    /// What follows from the entries.
    past: Past,
    progress: Option<Progress>,
    measured: Measured,
}

impl Diary {
    /// Position of the newest entry.
    pub(super) fn last(&self) -> i64 {
        self.entries.last().map_or(0, |e| e.seq)
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The changes and decisions that the entries tell of.
    pub(super) fn past(&self) -> &Past {
        &self.past
    }

    /// Where the change in flight is.
    pub(super) fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }

    /// What tests and changes measured.
    pub(super) fn measured(&self) -> Measured {
        self.measured
    }

    /// Draws the conclusions, after entries were taken in.
    pub(super) fn conclude(&mut self, environment: &str) {
        self.past = Past::of(&self.entries, environment);
        self.progress = self.in_progress();
        self.measured = Measured::of(&self.entries);
    }

    /// Takes in the next entry.
    pub(super) fn push(&mut self, entry: Entry) {
        // Trimmed rarely, because each time everything moves.
        if self.entries.len() >= KEPT + KEPT / 4 {
            self.entries.drain(..KEPT / 4);
        }
        self.entries.push(entry);
    }

    /// Id and last event of every change that may be in flight, cheaply; notes do not count.
    fn last_events(&self) -> BTreeMap<&str, &Entry> {
        let told = self.entries.iter().filter(|e| e.event != EntryKind::Note);
        told.filter_map(|e| Some((e.change.as_deref()?, e))).collect()
    }

    /// The change in flight, with its story.
    fn in_flight(&self) -> Option<ChangeState> {
        use EntryKind::{Approved, Failed, Started, Succeeded, Unknown};
        let open = self
            .last_events()
            .into_iter()
            .filter(|(_, e)| matches!(e.event, Approved | Started | Succeeded | Failed | Unknown));
        let (change, _) = open.max_by_key(|(_, e)| e.seq)?;
        let entries = self.entries.iter().filter(|e| e.change.as_deref() == Some(change));
        fold(entries).remove(change).filter(|state| state.phase.in_flight())
    }

    fn in_progress(&self) -> Option<Progress> {
        let state = self.in_flight()?;
        let plan = state.plan.as_ref()?;
        let (step, words) = match state.phase {
            Phase::InStep(n) => (n, String::new()),
            Phase::Between(n) => (n, self.waits_for(&state.change).unwrap_or_default()),
            Phase::Unknown(n) => (n, "whether the call took effect: its answer was lost".to_owned()),
            Phase::Failed(n) => (n, "another try: the call was refused".to_owned()),
            _ => (1, "the first step".to_owned()),
        };
        let approved = state.approved_at.unwrap_or(state.begun_at);
        Some(Progress {
            step,
            of: u32::try_from(plan.steps.len()).unwrap_or(u32::MAX),
            since: state.steps.get(&step).and_then(|s| s.started_at).unwrap_or(approved),
            waiting_for: words,
            title: plan.title.clone(),
            started_at: approved,
            change: state.change,
            here: false,
        })
    }

    /// What the newest note of a change says it waits for, if nothing was told since.
    fn waits_for(&self, change: &str) -> Option<String> {
        let newest = self.entries.iter().rev().find(|e| e.change.as_deref() == Some(change))?;
        (newest.event == EntryKind::Note)
            .then(|| Some(newest.detail.get("progress")?.as_str()?.to_owned()))
            .flatten()
    }

    /// The change that auto mode has announced and not begun: its title, and until when it can be vetoed.
    pub(super) fn announced(&self, now: DateTime<Utc>) -> Option<(String, DateTime<Utc>)> {
        let newest = self.last_events().into_values().max_by_key(|e| e.seq)?;
        if newest.event != EntryKind::Proposed || newest.by != AUTO {
            return None;
        }
        let until: DateTime<Utc> = newest.detail.get("veto_until")?.as_str()?.parse().ok()?;
        let title = newest.detail.pointer("/plan/title")?.as_str()?.to_owned();
        (until > now).then_some((title, until))
    }

    /// Whether what auto mode did last has reached its targets, and only its effect is watched.
    pub(super) fn watched_by_auto(&self) -> bool {
        let newest = self.last_events().into_values().filter(|e| e.by == AUTO).max_by_key(|e| e.seq);
        newest.is_some_and(|e| e.event == EntryKind::Converged)
    }

    /// Why auto mode is not armed, by the newest entry about that.
    pub(super) fn disarmed(&self) -> Option<String> {
        let about = |e: &&Entry| matches!(e.event, EntryKind::Armed | EntryKind::Disarmed);
        let newest = self.entries.iter().rev().find(about)?;
        let reason = newest.detail.get("reason")?.as_str()?;
        (newest.event == EntryKind::Disarmed).then(|| reason.to_owned())
    }
}
