//! Floor 2: the tuning guide's tests on a directory: files created, read and deleted, and bytes moved.
//!
//! What they leave behind is nothing, however they end. The throughput test works on a file without a name where
//! the file system has such files; where names are needed they stand in a directory of their own, and another
//! process ([`workspace`]), which outlives this one, makes that directory and takes it away.
//!
//! All of it blocks, on a mount that hangs for ever: it runs in a thread of its own, and who waits for that thread
//! looks at its [`Watch`].

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock::Clock;

mod block;
pub mod files;
mod latency;
pub mod place;
mod scratch;
pub mod throughput;
pub mod workspace;

/// Why a test did not take place or could not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}; {remedy}")]
pub struct BenchError {
    /// What happened, a lower-case fragment.
    pub text: String,
    /// What to do.
    pub remedy: String,
    /// Whose fault it is.
    pub kind: ErrorKind,
}

/// Kinds of [`BenchError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Bad usage: it is to be asked for differently.
    Usage,
    /// Refused before anything was written.
    Refused,
    /// It failed.
    Failed,
}

impl BenchError {
    fn new(kind: ErrorKind, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { text: text.into(), remedy: remedy.into(), kind }
    }

    /// A call to the operating system that failed.
    fn os(what: impl std::fmt::Display, error: impl Into<io::Error>) -> Self {
        let error = error.into();
        let remedy = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                "take a directory that this user may write in, or become another user"
            }
            io::ErrorKind::ReadOnlyFilesystem => "mount it for writing, or take another directory",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "ask for less (--files, --size), or make room"
            }
            io::ErrorKind::NotFound => "correct the path",
            io::ErrorKind::StaleNetworkFileHandle => "mount it anew",
            _ => "try again, and look at the file system's health",
        };
        Self::new(ErrorKind::Failed, format!("{what}: {error}"), remedy)
    }
}

/// What ended a test early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Somebody asked for it.
    Interrupted,
    /// Its time was over.
    Deadline(Duration),
}

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Interrupted => f.write_str("interrupted"),
            Self::Deadline(after) => {
                write!(f, "the deadline of {} passed", humantime::format_duration(*after))
            }
        }
    }
}

/// How far a test is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: &'static str,
    /// Of `total`.
    pub done: u64,
    /// Files or bytes.
    pub total: u64,
    /// Operations of any kind since the start; stands still while the file system does not answer.
    pub beats: u64,
}

/// What a test shares with who waits for it: how far it is, and whether it is to go on.
pub struct Watch {
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    deadline: Duration,
    interrupted: AtomicBool,
    phases: &'static [&'static str],
    phase: AtomicUsize,
    done: AtomicU64,
    total: AtomicU64,
    beats: AtomicU64,
}

impl Watch {
    /// Of a test that starts now, with its phases in order, and is to end within `deadline`.
    pub fn new(phases: &'static [&'static str], deadline: Duration) -> Self {
        Self {
            elapsed: Box::new(Clock::stopwatch()),
            deadline,
            interrupted: AtomicBool::new(false),
            phases,
            phase: AtomicUsize::new(0),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            beats: AtomicU64::new(0),
        }
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }

    /// Asks the test to end.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Whether the test is to end, and why.
    pub fn stopped(&self) -> Option<Stopped> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some(Stopped::Interrupted);
        }
        (self.elapsed() >= self.deadline).then_some(Stopped::Deadline(self.deadline))
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let phase = self.phase.load(Ordering::Relaxed);
        Progress {
            phase: self.phases.get(phase).copied().unwrap_or("cleaning up"),
            done: self.done.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
            beats: self.beats.load(Ordering::Relaxed),
        }
    }

    /// Begins the phase of that number; a number too high is that of cleaning up.
    fn begin(&self, phase: usize, total: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.phase.store(phase, Ordering::Relaxed);
        self.beat();
    }

    /// One more operation is done.
    fn step(&self, amount: u64) {
        self.done.fetch_add(amount, Ordering::Relaxed);
        self.beat();
    }

    fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_says_how_far_it_is_and_why_it_stops() {
        let watch = Watch::new(&["write", "read"], Duration::from_secs(3600));
        watch.begin(1, 10);
        watch.step(4);
        let progress = watch.progress();
        assert_eq!((progress.phase, progress.done, progress.total), ("read", 4, 10));
        assert!(progress.beats > 0);
        watch.begin(2, 1);
        assert_eq!((watch.progress().phase, watch.progress().done), ("cleaning up", 0));
        assert_eq!(watch.stopped(), None);
        watch.interrupt();
        assert_eq!(watch.stopped(), Some(Stopped::Interrupted));
        let late = Watch::new(&["write"], Duration::ZERO);
        assert_eq!(late.stopped().unwrap().to_string(), "the deadline of 0s passed");
    }

    #[test]
    fn each_failure_of_the_system_has_its_remedy() {
        for (errno, remedy) in [
            (rustix::io::Errno::ACCESS, "may write"),
            (rustix::io::Errno::ROFS, "for writing"),
            (rustix::io::Errno::NOSPC, "--files"),
            (rustix::io::Errno::DQUOT, "--size"),
            (rustix::io::Errno::STALE, "anew"),
            (rustix::io::Errno::IO, "health"),
        ] {
            let error = BenchError::os("/mnt", errno);
            assert!(error.remedy.contains(remedy), "{error}");
            assert!(error.text.starts_with("/mnt: "), "{error}");
        }
    }
}
