//! A journal in memory: for the demo, whose world ends with it, and for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::check::{self, Standing};
use super::{Advance, Journal, JournalError, Query};
use crate::domain::journal::{Entry, NewEntry};

/// An empty journal.
pub fn memory(advance: Advance) -> Arc<dyn Journal> {
    Arc::new(Memory { advance, kept: Mutex::default() })
}

struct Memory {
    advance: Advance,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    entries: Vec<Entry>,
    changes: BTreeMap<String, Standing>,
    leases: BTreeMap<String, (String, DateTime<Utc>)>,
}

impl Memory {
    /// Every change of what is kept is one assignment, so that a panic elsewhere leaves it whole.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for Memory {
    async fn append(&self, entry: NewEntry) -> Result<Entry, JournalError> {
        check::form(&entry)?;
        check::nanoseconds(entry.at)?;
        let mut kept = self.kept();
        let standing = entry.change.as_ref().and_then(|change| kept.changes.get(change)).cloned();
        if let (Some(phase), Some(change)) = (check::legal(self.advance, standing, &entry)?, &entry.change) {
            let standing = Standing { environment: entry.environment.clone(), phase };
            kept.changes.insert(change.clone(), standing);
        }
        let seq = kept.entries.last().map_or(1, |newest| newest.seq + 1);
        let entry = check::placed(seq, entry);
        kept.entries.push(entry.clone());
        Ok(entry)
    }

    async fn read(&self, query: &Query) -> Result<Vec<Entry>, JournalError> {
        let kept = self.kept();
        // Position n stands at index n - 1.
        let index = |seq: i64| usize::try_from(seq).unwrap_or(0).min(kept.entries.len());
        let from = index(query.after.unwrap_or(0));
        let to = query.before.map_or(kept.entries.len(), |before| index(before.saturating_sub(1)));
        let wanted = kept.entries.get(from..to).unwrap_or_default().iter().filter(|e| {
            query.environment.as_ref().is_none_or(|name| e.environment == *name)
                && query.change.as_ref().is_none_or(|change| e.change.as_ref() == Some(change))
                && query.since.is_none_or(|since| e.at >= since)
        });
        let limit = query.limit.map_or(usize::MAX, |n| n as usize);
        if query.oldest_first() {
            return Ok(wanted.take(limit).cloned().collect());
        }
        let mut newest: Vec<Entry> = wanted.rev().take(limit).cloned().collect();
        newest.reverse();
        Ok(newest)
    }

    async fn open_changes(&self, environment: &str) -> Result<Vec<String>, JournalError> {
        let kept = self.kept();
        let open = kept.changes.iter().filter(|(_, s)| s.environment == environment && s.phase.in_flight());
        Ok(open.map(|(change, _)| change.clone()).collect())
    }

    async fn lease(
        &self,
        environment: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, JournalError> {
        check::names(&[("environment", Some(environment)), ("holder", Some(holder))])?;
        let mut kept = self.kept();
        if kept.leases.get(environment).is_some_and(|(other, end)| other != holder && *end > now) {
            return Ok(false);
        }
        kept.leases.insert(environment.to_owned(), (holder.to_owned(), until));
        Ok(true)
    }

    async fn release(&self, environment: &str, holder: &str) -> Result<(), JournalError> {
        let mut kept = self.kept();
        if kept.leases.get(environment).is_some_and(|(own, _)| own == holder) {
            kept.leases.remove(environment);
        }
        Ok(())
    }

    async fn holder(
        &self,
        environment: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, DateTime<Utc>)>, JournalError> {
        Ok(self.kept().leases.get(environment).filter(|(_, until)| *until > now).cloned())
    }
}
