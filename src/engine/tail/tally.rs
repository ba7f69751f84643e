//! What the tail of an environment costs and how its groups are doing, counted where calls are made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::aws::meter::Metered;
use crate::domain::source::{Failure, FailureClass};

/// See the module.
#[derive(Debug, Default)]
pub struct Tally {
    counted: Mutex<Counted>,
    changed: Notify,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Calls and billed units since the last time this was taken.
    pub metered: Metered,
    /// Calls that failed since then, for groups that exist.
    pub failed: u64,
    /// How long the last call took, in real time.
    pub took: Duration,
    /// By log group.
    pub groups: BTreeMap<Arc<str>, Health>,
}

/// How the calls for a group end.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// The last answer.
    pub answered_at: Option<DateTime<Utc>>,
    /// Why the last call failed; cleared by an answer.
    pub failure: Option<Failure>,
}

impl Tally {
    /// A call ended.
    pub fn add(&self, metered: Metered, took: Duration) {
        self.change(|counted| {
            counted.metered.calls += metered.calls;
            for (unit, n) in metered.usage {
                *counted.metered.usage.entry(unit).or_default() += n;
            }
            counted.took = took;
        });
    }

    /// Something is billed that is no call.
    pub fn add_billed(&self, metered: Metered) {
        let took = self.change(|counted| counted.took);
        self.add(metered, took);
    }

    /// Whether a call has ended for each of `groups`.
    pub fn knows<'g>(&self, mut groups: impl Iterator<Item = &'g Arc<str>>) -> bool {
        self.change(|counted| groups.all(|group| counted.groups.contains_key(group)))
    }

    /// Those of `groups` that have answered.
    pub fn there<'g>(&self, groups: impl Iterator<Item = &'g Arc<str>>) -> Vec<Arc<str>> {
        self.change(|counted| {
            let there = |group: &&Arc<str>| {
                let missing = |f: &Failure| f.class == FailureClass::NotFound;
                let health = counted.groups.get(*group);
                health.is_some_and(|h| h.answered_at.is_some() && !h.failure.as_ref().is_some_and(missing))
            };
            groups.filter(there).cloned().collect()
        })
    }

    /// A page of a group came.
    pub fn answered(&self, group: &str, at: DateTime<Utc>) {
        self.group(group, |health| *health = Health { answered_at: Some(at), failure: None });
    }

    /// Live Tail has told what a group took in until now. That says nothing about calls that fail.
    pub fn heard(&self, group: &str, at: DateTime<Utc>) {
        self.group(group, |health| {
            if health.failure.is_none() {
                health.answered_at = Some(at);
            }
        });
    }

    /// A call for a group failed.
    pub fn failed(&self, group: &str, failure: &Failure) {
        self.change(|counted| counted.failed += u64::from(failure.class != FailureClass::NotFound));
        self.group(group, |health| health.failure = Some(failure.clone()));
    }

    /// What was counted since the last time, and how the groups are doing.
    pub fn take(&self) -> Counted {
        self.change(|counted| {
            let taken = counted.clone();
            (counted.metered, counted.failed) = (Metered::default(), 0);
            taken
        })
    }

    /// Waits until a call for a group has ended since the last time this ended.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn group(&self, group: &str, change: impl FnOnce(&mut Health)) {
        self.change(|counted| {
            if let Some(health) = counted.groups.get_mut(group) {
                change(health);
            } else {
                change(counted.groups.entry(Arc::from(group)).or_default());
            }
        });
        self.changed.notify_one();
    }

    fn change<T>(&self, change: impl FnOnce(&mut Counted) -> T) -> T {
        change(&mut self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
