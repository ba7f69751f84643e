//! The count of a directory on this machine. A mount may hang for ever, and a hanging read cannot be called off:
//! a count has threads of its own, there is at most one on a path, and a poll waits for it only for a while. A
//! count that takes longer goes on, and the next poll takes its result.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use super::shared::{self, Claim, Manner};
use crate::config::model::Files;
use crate::count::layer::Layer;
use crate::count::{Count, Disk, Ended, NotMounted, Options, RootError, expects_mount};
use crate::domain::count::{CountSource, Counted, Counting, FileCount};
use crate::domain::source::{Failure, FailureClass};
use crate::domain::units;

/// A count that has not moved since the last poll is waited for only this long.
const STUCK_PATIENCE: Duration = Duration::from_secs(1);

/// A count under way.
struct Running<L: Layer> {
    count: Count<L>,
    ended: oneshot::Receiver<Ended>,
    /// What it had seen when a poll looked last.
    before: Option<Counted>,
    /// Start, on the environment's clock.
    started_at: DateTime<Utc>,
}

/// Counts a directory.
pub(super) struct PathCounter<L: Layer = Disk> {
    directory: PathBuf,
    manner: Manner,
    options: Options,
    fresh_for: Duration,
    layer: Box<dyn Fn() -> L + Send + Sync>,
    running: Option<Running<L>>,
}

impl PathCounter {
    pub(super) fn new(directory: &Path, files: &Files) -> Self {
        let (path, crosses, required) = (directory.to_owned(), files.cross_file_systems, files.require_mount);
        // The table of file systems is looked up each time: it may be corrected meanwhile.
        let layer = move || Disk::new(&path, crosses, required || expects_mount(&path));
        let options = Options {
            recursive: files.recursive,
            concurrency: usize::try_from(files.concurrency).unwrap_or(usize::MAX),
            operations_per_s: Some(f64::from(files.operations_per_s)),
            ..Options::default()
        };
        Self {
            directory: directory.to_owned(),
            manner: Manner { recursive: files.recursive, crosses },
            options,
            fresh_for: files.fresh_for,
            layer: Box::new(layer),
            running: None,
        }
    }
}

impl<L: Layer> PathCounter<L> {
    /// Whether the next call of [`Self::count`] starts one.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.running.is_none() && shared::fresh(&self.directory, self.manner, now, self.fresh_for).is_none()
    }

    /// The count under way.
    pub(super) fn counting(&self) -> Option<Counting> {
        let running = self.running.as_ref()?;
        Some(Counting {
            counted: running.count.counted(),
            took_ms: u64::try_from(running.count.elapsed().as_millis()).unwrap_or(u64::MAX),
            expected: shared::last(&self.directory, self.manner).map(|last| last.files),
        })
    }

    /// The count, if it is there within `patience`. A new one holds back by `percent_of_limit`, how near the
    /// file system is to its I/O limit.
    pub(super) async fn count(
        &mut self,
        now: DateTime<Utc>,
        patience: Duration,
        percent_of_limit: Option<f64>,
    ) -> Result<FileCount, Failure> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => match shared::fresh(&self.directory, self.manner, now, self.fresh_for) {
                Some(count) => return Ok(count),
                None => self.start(now, percent_of_limit)?,
            },
        };
        let stuck = running.before == Some(running.count.counted());
        let patience = if stuck { patience.min(STUCK_PATIENCE) } else { patience };
        match tokio::time::timeout(patience, &mut running.ended).await {
            Ok(Ok(ended)) => {
                let count = self.judge(&ended, running.started_at)?;
                shared::remember(&self.directory, self.manner, &count);
                Ok(count)
            }
            Ok(Err(_)) => Err(Failure::new(FailureClass::Other, "the count ended without a result")),
            Err(_) => {
                let failure = self.still_running(&running, now, stuck);
                running.before = Some(running.count.counted());
                self.running = Some(running);
                Err(failure)
            }
        }
    }

    fn start(&self, now: DateTime<Utc>, percent_of_limit: Option<f64>) -> Result<Running<L>, Failure> {
        let Some(claim) = Claim::of(&self.directory) else {
            let text = format!("an earlier count of {} is still running", self.directory.display());
            return Err(Failure::new(FailureClass::Timeout, text));
        };
        let (sender, ended) = oneshot::channel();
        let options = self.options.clone().under_pressure(percent_of_limit.unwrap_or(0.0));
        let when_ended = move |result| {
            drop(claim);
            // Nobody waits any more when the source is gone.
            let _ = sender.send(result);
        };
        let count = Count::start((self.layer)(), &options, when_ended)
            .map_err(|e| Failure::new(FailureClass::Other, format!("no thread to count in: {e}")))?;
        Ok(Running { count, ended, before: None, started_at: now })
    }

    /// A count without a part of the tree would be a number that is too small: it is none. What vanished
    /// meanwhile is not there any more, and not missing.
    fn judge(&self, ended: &Ended, started_at: DateTime<Utc>) -> Result<FileCount, Failure> {
        let path = self.directory.display();
        if let Some(why) = ended.no_data() {
            return Err(Failure::new(class(ended), format!("{path} {why}")));
        }
        let unread = ended.counted.unread;
        if unread > 0 || !ended.whole {
            let first = ended.listed_errors().into_iter().next();
            let first = first.map(|e| format!("; {} {}", e.path, e.error)).unwrap_or_default();
            let text = format!(
                "the count of {path} is too low: {} below could not be read, {} files in the rest{first}",
                units::thousands(unread),
                units::thousands(ended.counted.files),
            );
            return Err(Failure::new(FailureClass::Other, text));
        }
        Ok(FileCount {
            files: ended.counted.files,
            directories: Some(ended.counted.directories),
            recursive: Some(self.options.recursive),
            took_ms: u64::try_from(ended.took.as_millis()).ok(),
            source: CountSource::Path,
            at: started_at + TimeDelta::from_std(ended.took).unwrap_or_default(),
            largest: ended.listed_largest(),
            calls: Some(ended.counted.calls),
        })
    }

    fn still_running(&self, running: &Running<L>, now: DateTime<Utc>, stuck: bool) -> Failure {
        let path = self.directory.display();
        let counted = running.count.counted();
        let text = if stuck {
            let since = units::duration(now - running.started_at);
            format!("the count of {path} does not move, {since} after its start: does the mount hang?")
        } else if counted == Counted::default() {
            format!("{path} does not answer")
        } else {
            let seen = units::thousands(counted.files);
            format!("the count of {path} is still running, {seen} files so far")
        };
        Failure::new(FailureClass::Timeout, text)
    }
}

/// A directory that is simply not on this machine is no complaint where another origin has a count; one that is
/// expected to be a mount is.
fn class(ended: &Ended) -> FailureClass {
    match &ended.root {
        Some(RootError::Failed(error)) if error.get_ref().is_some_and(|e| e.is::<NotMounted>()) => {
            FailureClass::Other
        }
        Some(RootError::Failed(error)) => match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => FailureClass::NotFound,
            std::io::ErrorKind::TimedOut => FailureClass::Timeout,
            _ => FailureClass::Other,
        },
        Some(RootError::Silent) => FailureClass::Timeout,
        None => FailureClass::Other,
    }
}
