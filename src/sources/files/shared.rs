//! What all environments know of the directories that are counted on this machine: which is being counted, and
//! what the last count of each was.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

pub(super) use crate::count::known::Manner;
use crate::domain::count::FileCount;

static COUNTS: Mutex<BTreeMap<PathBuf, Known>> = Mutex::new(BTreeMap::new());

#[derive(Debug, Default)]
struct Known {
    /// A count is under way, or hangs.
    running: bool,
    last: Option<(Manner, FileCount)>,
}

fn counts() -> MutexGuard<'static, BTreeMap<PathBuf, Known>> {
    COUNTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to count a directory: there is one at a time, given back when this is dropped.
pub(super) struct Claim(PathBuf);

impl Claim {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let mut counts = counts();
        let known = counts.entry(path.to_owned()).or_default();
        (!std::mem::replace(&mut known.running, true)).then(|| Self(path.to_owned()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(known) = counts().get_mut(&self.0) {
            known.running = false;
        }
    }
}

/// Keeps a count for those who ask next.
pub(super) fn remember(path: &Path, manner: Manner, count: &FileCount) {
    counts().entry(path.to_owned()).or_default().last = Some((manner, count.clone()));
}

/// The last count, if it is not older than `fresh_for`.
pub(super) fn fresh(
    path: &Path,
    manner: Manner,
    now: DateTime<Utc>,
    fresh_for: Duration,
) -> Option<FileCount> {
    let last = last(path, manner)?;
    let age = (now - last.at).to_std().ok()?;
    (age < fresh_for).then_some(last)
}

/// The last count, however old.
pub(super) fn last(path: &Path, manner: Manner) -> Option<FileCount> {
    let counts = counts();
    let (of, count) = counts.get(path)?.last.as_ref()?;
    (*of == manner).then(|| count.clone())
}
