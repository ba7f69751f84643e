//! The count of a directory on this machine. A mount may hang for ever, and a hanging read cannot be called
//! off: each walk has a thread of its own, there is at most one on a path, and a poll waits for it only for a
//! while. A walk that is longer than that goes on, and the next poll takes its result.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use super::walk::{self, Walked};
use crate::clock::Clock;
use crate::domain::count::{CountSource, FileCount};
use crate::domain::source::{Failure, FailureClass};
use crate::domain::units;

/// A walk that has not moved since the last poll is waited for only this long.
const STUCK_PATIENCE: Duration = Duration::from_secs(1);

/// Paths with a walk under way, of all environments.
static WALKED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A path's place in [`WALKED`], given back when the walk's thread ends.
struct Claim(PathBuf);

impl Claim {
    fn of(path: &Path) -> Option<Self> {
        let mut walked = WALKED.lock().unwrap_or_else(PoisonError::into_inner);
        walked.insert(path.to_owned()).then(|| Self(path.to_owned()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        WALKED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// What a walk's thread sends back.
struct Ended {
    result: Result<Walked, Failure>,
    took: TimeDelta,
}

/// A walk under way.
struct Walk {
    ended: oneshot::Receiver<Ended>,
    /// Entries seen so far.
    seen: Arc<AtomicU64>,
    /// `seen` when a poll looked last.
    seen_before: Option<u64>,
    /// Start, on the environment's clock.
    started_at: DateTime<Utc>,
}

/// Counts a directory.
pub(super) struct PathCounter {
    directory: PathBuf,
    recursive: bool,
    require_mount: bool,
    walk: Option<Walk>,
}

impl PathCounter {
    pub(super) fn new(directory: PathBuf, recursive: bool, require_mount: bool) -> Self {
        Self { directory, recursive, require_mount, walk: None }
    }

    /// The count, if it is there within `patience`.
    pub(super) async fn count(
        &mut self,
        now: DateTime<Utc>,
        patience: Duration,
    ) -> Result<FileCount, Failure> {
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => self.start(now)?,
        };
        let seen = walk.seen.load(Ordering::Relaxed);
        let stuck = walk.seen_before == Some(seen);
        let patience = if stuck { patience.min(STUCK_PATIENCE) } else { patience };
        match tokio::time::timeout(patience, &mut walk.ended).await {
            Ok(Ok(ended)) => {
                let at = walk.started_at + ended.took;
                ended.result.map(|walked| self.counted(walked, ended.took, at))
            }
            Ok(Err(_)) => Err(Failure::new(FailureClass::Other, "the count ended without a result")),
            Err(_) => {
                let failure = self.still_running(&walk, now, stuck);
                walk.seen_before = Some(walk.seen.load(Ordering::Relaxed));
                self.walk = Some(walk);
                Err(failure)
            }
        }
    }

    fn start(&self, now: DateTime<Utc>) -> Result<Walk, Failure> {
        let directory = self.directory.clone();
        let Some(claim) = Claim::of(&directory) else {
            let text = format!("an earlier count of {} is still running", directory.display());
            return Err(Failure::new(FailureClass::Timeout, text));
        };
        let (recursive, require_mount) = (self.recursive, self.require_mount);
        let (sender, ended) = oneshot::channel();
        let seen = Arc::new(AtomicU64::new(0));
        let progress = Arc::clone(&seen);
        let work = move || {
            let elapsed = Clock::stopwatch();
            // Nobody waits any more when the source is gone.
            let wanted = |entries| {
                progress.store(entries, Ordering::Relaxed);
                !sender.is_closed()
            };
            let result = walk::walk(&directory, recursive, require_mount, wanted);
            let took = TimeDelta::from_std(elapsed()).unwrap_or(TimeDelta::MAX);
            drop(claim);
            let _ = sender.send(Ended { result, took });
        };
        std::thread::Builder::new()
            .name("count".into())
            .spawn(work)
            .map_err(|e| Failure::new(FailureClass::Other, format!("no thread to count in: {e}")))?;
        Ok(Walk { ended, seen, seen_before: None, started_at: now })
    }

    fn counted(&self, walked: Walked, took: TimeDelta, at: DateTime<Utc>) -> FileCount {
        FileCount {
            files: walked.files,
            directories: Some(walked.directories),
            recursive: Some(self.recursive),
            took_ms: u64::try_from(took.num_milliseconds()).ok(),
            source: CountSource::Path,
            at,
            largest: walked.largest,
        }
    }

    fn still_running(&self, walk: &Walk, now: DateTime<Utc>, stuck: bool) -> Failure {
        let path = self.directory.display();
        let seen = walk.seen.load(Ordering::Relaxed);
        if seen == 0 || stuck {
            let since = units::duration(now - walk.started_at);
            let text = if walk.seen_before.is_none() {
                format!("{path} does not answer")
            } else {
                format!("{path} does not answer since {since}, does the mount hang?")
            };
            return Failure::new(FailureClass::Timeout, text);
        }
        let seen = units::thousands(seen);
        Failure::new(
            FailureClass::Timeout,
            format!("the count of {path} is still running, {seen} entries so far"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_directory_that_hangs_holds_neither_the_poll_nor_a_second_thread() {
        // Opening a FIFO's directory entry does not hang, so the hang is a claim that is held.
        let dir = tempfile::tempdir().unwrap();
        let held = Claim::of(dir.path()).unwrap();
        let mut counter = PathCounter::new(dir.path().to_owned(), true, false);
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let failure = counter.count(now, Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Timeout);
        assert!(failure.text.contains("an earlier count"), "{}", failure.text);
        drop(held);
        let count = counter.count(now, Duration::from_secs(5)).await.unwrap();
        assert_eq!((count.files, count.directories), (0, Some(1)));
        assert!(count.at >= now && count.at < now + TimeDelta::seconds(5));
        assert!(Claim::of(dir.path()).is_some(), "the path is free again");
    }

    #[tokio::test]
    async fn a_walk_longer_than_the_patience_is_finished_by_a_later_poll() {
        let dir = tempfile::tempdir().unwrap();
        let mut counter = PathCounter::new(dir.path().to_owned(), true, false);
        let (sender, ended) = oneshot::channel();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let seen = Arc::new(AtomicU64::new(7_000));
        counter.walk = Some(Walk { ended, seen: Arc::clone(&seen), seen_before: None, started_at: now });
        let patience = Duration::from_millis(10);
        let running = counter.count(now, patience).await.unwrap_err();
        assert!(running.text.ends_with("still running, 7 000 entries so far"), "{}", running.text);
        let stuck = counter.count(now + TimeDelta::seconds(90), patience).await.unwrap_err();
        assert!(
            stuck.text.ends_with("does not answer since 1 min 30 s, does the mount hang?"),
            "{}",
            stuck.text
        );
        let walked = Walked { files: 6_999, directories: 1, largest: Vec::new() };
        let took = TimeDelta::seconds(100);
        assert!(sender.send(Ended { result: Ok(walked), took }).is_ok());
        let count = counter.count(now + TimeDelta::seconds(120), patience).await.unwrap();
        assert_eq!((count.files, count.at), (6_999, now + took));
        assert_eq!(count.took_ms, Some(100_000));
    }
}
