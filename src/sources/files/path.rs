//! The count of a directory on this machine. A mount may hang for ever, and a hanging read cannot be called off:
//! a count has threads of its own, there is at most one on a path, and a poll waits for it only for a while. A
//! count that takes longer goes on, and the next poll takes its result.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::oneshot;

use super::shared::{self, Claim, Manner};
use crate::config::model::Files;
use crate::count::known;
use crate::count::{Count, Ended, Options, Reason, RootError, Target, expects_mount};
use crate::domain::count::{CountSource, Counted, Counting, FileCount};
use crate::domain::source::{Failure, FailureClass};
use crate::domain::units;

/// A count that has not moved since the last poll is waited for only this long.
const STUCK_PATIENCE: Duration = Duration::from_secs(1);

/// A count under way.
struct Running {
    count: Count,
    ended: oneshot::Receiver<Ended>,
    /// What it had seen when a poll looked last.
    before: Option<Counted>,
    /// Start, on the environment's clock.
    started_at: DateTime<Utc>,
}

/// Starts a count, which sends its end and gives up its claim with its last thread.
type Start = Box<dyn Fn(&Options, Claim, oneshot::Sender<Ended>) -> std::io::Result<Count> + Send + Sync>;

/// Counts a directory.
pub(super) struct PathCounter {
    directory: PathBuf,
    manner: Manner,
    options: Options,
    fresh_for: Duration,
    start: Start,
    running: Option<Running>,
}

impl PathCounter {
    pub(super) fn new(directory: &Path, files: &Files) -> Self {
        let target = Target {
            path: directory.to_owned(),
            crosses: files.cross_file_systems,
            require_mount: files.require_mount,
        };
        let manner = Manner { recursive: files.recursive, crosses: files.cross_file_systems };
        let start: Start = Box::new(move |options, claim, sender| {
            // The table of file systems is looked up each time: it may be corrected meanwhile.
            let require_mount = target.require_mount || expects_mount(&target.path);
            let target = Target { require_mount, ..target.clone() };
            let directory = target.path.clone();
            Count::of(&target, options, move |ended| {
                if ended.is_complete() {
                    known::remember(&directory, manner, ended.counted.files);
                }
                hand_over(ended, claim, sender);
            })
        });
        let options = Options {
            recursive: files.recursive,
            concurrency: usize::try_from(files.concurrency).unwrap_or(usize::MAX),
            operations_per_s: Some(f64::from(files.operations_per_s)),
            ..Options::default()
        };
        Self {
            directory: directory.to_owned(),
            manner,
            options,
            fresh_for: files.fresh_for,
            start,
            running: None,
        }
    }

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
            expected: shared::last(&self.directory, self.manner)
                .map(|last| last.files)
                .or_else(|| known::files(&self.directory, self.manner)),
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

    fn start(&self, now: DateTime<Utc>, percent_of_limit: Option<f64>) -> Result<Running, Failure> {
        let Some(claim) = Claim::of(&self.directory) else {
            let text = format!("an earlier count of {} is still running", self.directory.display());
            return Err(Failure::new(FailureClass::Timeout, text));
        };
        let (sender, ended) = oneshot::channel();
        let options = self.options.clone().under_pressure(percent_of_limit.unwrap_or(0.0));
        let count = (self.start)(&options, claim, sender)
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

    fn still_running(&self, running: &Running, now: DateTime<Utc>, stuck: bool) -> Failure {
        let path = self.directory.display();
        let counted = running.count.counted();
        let text = if stuck {
            let since = units::duration(now - running.started_at);
            format!("the count of {path} does not move, {since} after its start: does the mount hang?")
        } else if counted.calls == 0 {
            format!("{path} does not answer")
        } else {
            let seen = units::thousands(counted.files);
            format!("the count of {path} is still running, {seen} files so far")
        };
        Failure::new(FailureClass::Timeout, text)
    }
}

fn hand_over(ended: Ended, claim: Claim, sender: oneshot::Sender<Ended>) {
    drop(claim);
    // Nobody waits any more when the source is gone.
    let _ = sender.send(ended);
}

/// A directory that is simply not on this machine is no complaint where another origin has a count; one that is
/// expected to be a mount is.
fn class(ended: &Ended) -> FailureClass {
    match &ended.root {
        Some(RootError::Failed(reason)) => class_of(reason),
        Some(RootError::Silent) => FailureClass::Timeout,
        None => FailureClass::Other,
    }
}

/// The class of a directory's failure.
pub(super) fn class_of(reason: &Reason) -> FailureClass {
    match reason.kind() {
        Some(ErrorKind::NotFound | ErrorKind::NotADirectory) => FailureClass::NotFound,
        Some(ErrorKind::TimedOut) => FailureClass::Timeout,
        _ => FailureClass::Other,
    }
}

#[cfg(test)]
#[expect(clippy::await_holding_lock, reason = "a held lock is the hanging mount")]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::io;
    use std::mem::MaybeUninit;
    use std::sync::{Arc, Mutex};

    use crate::config::model::Environment;
    use crate::count::layer::{Kind, Layer};

    /// A directory with three files and an empty directory, which answers once its lock is free.
    #[derive(Default)]
    struct Held {
        root: Arc<Mutex<()>>,
        below: Arc<Mutex<()>>,
    }

    impl Layer for Held {
        type Directory = (bool, bool);
        fn open(&self, path: &Path) -> io::Result<Option<Self::Directory>> {
            Ok(Some((path.as_os_str().is_empty(), true)))
        }
        fn read(
            &self,
            (is_root, first): &mut Self::Directory,
            _: &mut [MaybeUninit<u8>],
            mut each: impl FnMut(&OsStr, Kind),
        ) -> io::Result<bool> {
            drop(if *is_root { self.root.lock().unwrap() } else { self.below.lock().unwrap() });
            if *is_root && *first {
                (0..3).for_each(|_| each(OsStr::new("f"), Kind::File));
                each(OsStr::new("d"), Kind::Directory);
            }
            Ok(std::mem::replace(first, false))
        }
        fn kind(&self, _: &Self::Directory, _: &OsStr) -> io::Result<Kind> {
            Ok(Kind::Other)
        }
    }

    const PATIENCE: Duration = Duration::from_millis(10);
    const LONG: Duration = Duration::from_secs(60);

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn files(fresh_for: Duration) -> Files {
        Files { fresh_for, ..Environment::named("t").files }
    }

    /// A counter of a directory that is nowhere, which hangs as long as the locks are held.
    fn held(name: &str, root: &Arc<Mutex<()>>, below: &Arc<Mutex<()>>) -> PathCounter {
        let (root, below) = (Arc::clone(root), Arc::clone(below));
        let start: Start = Box::new(move |options, claim, sender| {
            let layer = Held { root: Arc::clone(&root), below: Arc::clone(&below) };
            Count::start(layer, options, move |ended| hand_over(ended, claim, sender))
        });
        PathCounter { start, ..PathCounter::new(Path::new(name), &files(Duration::ZERO)) }
    }

    #[tokio::test]
    async fn a_directory_is_counted_once_at_a_time_and_not_while_its_count_is_fresh() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("f"), "").unwrap();
        let claim = Claim::of(dir.path()).unwrap();
        let mut counter = PathCounter::new(dir.path(), &files(Duration::from_secs(30)));
        let failure = counter.count(now(), LONG, None).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Timeout);
        assert!(failure.text.contains("an earlier count"), "{}", failure.text);
        drop(claim);
        let count = counter.count(now(), LONG, None).await.unwrap();
        assert_eq!((count.files, count.directories, count.calls), (1, Some(1), Some(2)));
        assert!(count.at >= now() && count.at < now() + TimeDelta::seconds(60));
        assert!(Claim::of(dir.path()).is_some(), "the path is free again");
        std::fs::write(dir.path().join("g"), "").unwrap();
        let mut other = PathCounter::new(dir.path(), &files(Duration::from_secs(30)));
        let later = count.at + TimeDelta::seconds(29);
        assert!(!other.is_due(later));
        assert_eq!(other.count(later, LONG, None).await.unwrap(), count, "whoever asks");
        let mut flat = PathCounter::new(dir.path(), &Files { recursive: false, ..files(LONG) });
        assert_eq!(flat.count(later, LONG, None).await.unwrap().files, 2, "another question");
        let stale = count.at + TimeDelta::seconds(60);
        assert_eq!(other.count(stale, LONG, None).await.unwrap().files, 2);
    }

    #[tokio::test]
    async fn a_count_longer_than_the_patience_is_finished_by_a_later_poll() {
        let (root, below) = (Arc::<Mutex<()>>::default(), Arc::<Mutex<()>>::default());
        let mut counter = held("/nowhere/long", &root, &below);
        let hold = below.lock().unwrap();
        let running = loop {
            // Patience may be over before the first read.
            let failure = counter.count(now(), PATIENCE, None).await.unwrap_err();
            if counter.counting().unwrap().counted.files == 3 {
                break failure;
            }
        };
        assert_eq!(running.class, FailureClass::Timeout);
        let stuck = counter.count(now() + TimeDelta::seconds(90), PATIENCE, None).await.unwrap_err();
        let stuck = match counter.count(now() + TimeDelta::seconds(90), PATIENCE, None).await {
            Err(failure) => failure,
            Ok(_) => stuck,
        };
        let words = "does not move, 1 min 30 s after its start: does the mount hang?";
        assert!(stuck.text.ends_with(words), "{}", stuck.text);
        assert!(Claim::of(Path::new("/nowhere/long")).is_none(), "no second one beside it");
        drop(hold);
        let count = counter.count(now() + TimeDelta::seconds(120), LONG, None).await.unwrap();
        assert_eq!((count.files, count.directories), (3, Some(2)));
        assert!(counter.counting().is_none());
        let again = counter.count(now(), LONG, None).await.unwrap();
        assert_eq!(again.files, 3);
    }

    #[tokio::test]
    async fn a_directory_that_hangs_keeps_its_claim_also_when_nobody_asks_any_more() {
        let (root, below) = (Arc::<Mutex<()>>::default(), Arc::<Mutex<()>>::default());
        let hold = root.lock().unwrap();
        let mut counter = held("/nowhere/hangs", &root, &below);
        let silent = counter.count(now(), PATIENCE, None).await.unwrap_err();
        assert_eq!(silent.text, "/nowhere/hangs does not answer");
        drop(counter);
        let mut next = held("/nowhere/hangs", &root, &below);
        let failure = next.count(now(), LONG, None).await.unwrap_err();
        assert!(failure.text.contains("an earlier count"), "{}", failure.text);
        drop(hold);
        let freed = async {
            while next.count(now(), LONG, None).await.is_err() {
                tokio::time::sleep(PATIENCE).await;
            }
        };
        tokio::time::timeout(LONG, freed).await.expect("the claim stays");
    }

    #[tokio::test]
    async fn what_is_no_count_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let required = Files { require_mount: true, ..files(LONG) };
        for (path, files, class, words) in [
            (dir.path().join("gone"), files(LONG), FailureClass::NotFound, "does not exist"),
            (file, files(LONG), FailureClass::NotFound, "is not a directory"),
            (
                dir.path().to_owned(),
                required,
                FailureClass::Other,
                "is not on a network file system: no data",
            ),
        ] {
            let failure = PathCounter::new(&path, &files).count(now(), LONG, None).await.unwrap_err();
            assert_eq!(failure.class, class);
            assert_eq!(failure.text, format!("{} {words}", path.display()));
        }
    }
}
