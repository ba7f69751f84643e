//! What the journal says of earlier changes, as far as guardrails need it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::decided::{Decision, Frozen};
use super::kind::{Direction, Thing};
use crate::domain::journal::{Entry, EntryKind};
use crate::domain::recommendation::Recommendation;

/// An earlier change.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) id: String,
    pub(super) rule: String,
    /// What its last entry says, notes aside.
    pub(super) last: EntryKind,
    pub(super) last_at: DateTime<Utc>,
    /// When the effect was judged.
    pub(super) verified: Option<DateTime<Utc>>,
    /// When all targets were reached.
    pub(super) converged: Option<DateTime<Utc>>,
    /// A step failed, it was rolled back, or a human was asked for.
    pub(super) failed: bool,
    /// Approved by a person.
    pub(super) by_person: bool,
    /// Desired count that its plan was made from.
    pub(super) desired: Option<u32>,
}

impl Change {
    /// End of a change that succeeded: verified, else converged.
    pub(super) fn done(&self) -> Option<DateTime<Utc>> {
        self.verified.or(self.converged).filter(|_| self.last != EntryKind::RolledBack)
    }

    pub(super) fn direction(&self) -> Direction {
        Direction::of(&self.rule)
    }

    /// Whether calls may have left, or may leave at any time.
    pub(super) fn in_flight(&self) -> bool {
        use EntryKind::{Approved, Failed, Started, Succeeded, Unknown};
        matches!(self.last, Approved | Started | Succeeded | Failed | Unknown)
    }
}

/// What the journal says of an environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// Oldest first.
    pub(super) changes: Vec<Change>,
    /// The operator's freeze that was set last and not ended.
    pub(super) frozen: Option<Frozen>,
    /// The newest decision about each recommendation.
    pub(super) decisions: BTreeMap<String, Decision>,
}

impl Past {
    /// Reads entries, which are in order of position; those of other environments are left out.
    pub fn of(history: &[Entry], environment: &str) -> Self {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut changes: Vec<Change> = Vec::new();
        let (mut frozen, mut decisions) = (None, BTreeMap::new());
        for entry in history.iter().filter(|e| e.environment == environment) {
            if let Some(said) = Frozen::said(entry) {
                frozen = said;
            }
            Decision::note(&mut decisions, entry);
            let Some(id) = entry.change.as_deref() else { continue };
            let place = *places.entry(id).or_insert_with(|| {
                changes.push(Change {
                    id: id.to_owned(),
                    rule: String::new(),
                    last: entry.event,
                    last_at: entry.at,
                    verified: None,
                    converged: None,
                    failed: false,
                    by_person: false,
                    desired: None,
                });
                changes.len() - 1
            });
            if let Some(change) = changes.get_mut(place) {
                change.note(entry);
            }
        }
        Self { changes, frozen, decisions }
    }

    /// The operator's freeze, if one holds at `now`.
    pub fn frozen(&self, now: DateTime<Utc>) -> Option<&Frozen> {
        self.frozen.as_ref().filter(|f| now < f.until)
    }

    /// What an operator decided about a recommendation, as far as it still holds at `now`.
    pub fn decision(&self, rec: &Recommendation, now: DateTime<Utc>) -> Option<&Decision> {
        self.decisions.get(&rec.id).filter(|d| d.holds(rec, now))
    }

    /// A change that is in flight.
    pub(super) fn in_flight(&self) -> Option<&Change> {
        self.changes.iter().find(|c| c.in_flight())
    }

    /// A change that waits for a human, unless a person has had another one applied since.
    pub(super) fn needs_human(&self) -> Option<&Change> {
        self.changes.iter().rev().filter(|c| c.last == EntryKind::NeedsHuman).find(|open| {
            !self.changes.iter().any(|c| c.by_person && c.done().is_some_and(|at| at > open.last_at))
        })
    }

    /// End of the newest change that succeeded and that `wanted` picks.
    pub(super) fn newest(&self, wanted: impl Fn(&Change) -> bool) -> Option<(&Change, DateTime<Utc>)> {
        self.changes
            .iter()
            .filter(|c| wanted(c))
            .filter_map(|c| Some((c, c.done()?)))
            .max_by_key(|(_, at)| *at)
    }

    /// How many changes in a row failed last, and when the last of them did; repairs are not counted.
    pub fn failures(&self) -> (u32, Option<DateTime<Utc>>) {
        let mut ended: Vec<&Change> = self
            .changes
            .iter()
            .filter(|c| c.direction() != Direction::Repair && (c.failed || c.done().is_some()))
            .collect();
        ended.sort_by_key(|c| c.last_at);
        let failed = ended.iter().rev().take_while(|c| c.failed && c.done().is_none());
        let n = u32::try_from(failed.count()).unwrap_or(u32::MAX);
        (n, ended.last().filter(|_| n > 0).map(|c| c.last_at))
    }

    /// Ends and directions of what moved `thing` since `since`, oldest first.
    pub(super) fn moves(&self, thing: Thing, since: DateTime<Utc>) -> Vec<(DateTime<Utc>, Direction)> {
        let of =
            |c: &Change| (Thing::of(&c.rule) == Some(thing)).then(|| Some((c.done()?, c.direction())))?;
        let mut moves: Vec<_> = self.changes.iter().filter_map(of).filter(|(at, _)| *at >= since).collect();
        moves.sort_by_key(|(at, _)| *at);
        moves
    }
}

impl Change {
    fn note(&mut self, entry: &Entry) {
        if let Some(rule) = &entry.rule {
            self.rule.clone_from(rule);
        }
        match entry.event {
            EntryKind::Note => return,
            EntryKind::Approved => self.by_person = entry.by != "auto",
            EntryKind::Converged => self.converged = Some(entry.at),
            EntryKind::Verified => self.verified = Some(entry.at),
            EntryKind::Failed | EntryKind::RolledBack | EntryKind::NeedsHuman => self.failed = true,
            _ => {}
        }
        if matches!(entry.event, EntryKind::Proposed | EntryKind::Approved) {
            let from = ["/fingerprint/desired_count", "/plan/fingerprint/desired_count"];
            let count = from.iter().find_map(|path| entry.detail.pointer(path)?.as_u64());
            self.desired = count.and_then(|n| u32::try_from(n).ok()).or(self.desired);
        }
        (self.last, self.last_at) = (entry.event, entry.at);
    }
}
