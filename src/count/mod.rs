//! Floor 2: the file counter. Directory reads only, many at once where they are slow, in bounded memory.
//!
//! ```text
//!  layer     what is read: the disk, or a simulated tree        disk     openat2(2), getdents(2)
//!  crew      threads that read, and wake one another             queue    what waits, what is kept
//!  limit     how many reads are in flight (pure)                 budget   how many a second (pure)
//!  apart     a count in a process of its own                     mounts   what the tables of mounts say
//!  known     what earlier counts found
//! ```
//!
//! - A file is never looked at where its directory entry says what it is.
//! - A link is never followed, the root alone excepted; another file system is entered only when asked for.
//! - A read that hangs cannot be called off. Its thread is left alone, the others go on, and the result names its
//!   directory; what belongs to the count (see [`Count::of`]) is kept until that thread ends. On a mount that may
//!   hang the count is a process of its own ([`apart`]), so that this one can end whatever happens.
//! - What waits is bounded in bytes. A directory that names more is read on later; only where more than
//!   [`Bounds::suspended`] of them do so at once are directories left out, and the result says it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::count::Counted;

pub mod apart;
mod budget;
mod crew;
mod disk;
pub mod known;
mod largest;
pub mod layer;
mod limit;
mod mounts;
mod place;
mod pressure;
mod progress;
mod queue;
mod words;

use crew::Crew;
pub use disk::{Disk, NotMounted, on_network_file_system};
use layer::Layer;
pub use mounts::expects_mount;
pub use words::{Reason, listed};

/// Directories listed as the largest, where nothing else is said.
pub const TOP: usize = 10;
/// Most directory reads in flight, where nothing else is said.
pub const CONCURRENCY: usize = 32;

/// How to count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Subdirectories too.
    pub recursive: bool,
    /// So many of the directories with the most files are named.
    pub top: usize,
    /// The ceiling of directory reads in flight; at least one.
    pub concurrency: usize,
    /// Most operations (open, read, stat) a second; `None`: as many as help.
    pub operations_per_s: Option<f64>,
    /// Bounds of memory.
    pub bounds: Bounds,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            recursive: true,
            top: TOP,
            concurrency: CONCURRENCY,
            operations_per_s: None,
            bounds: Bounds::default(),
        }
    }
}

/// What bounds the memory of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Bytes of waiting directories above which a directory that names more is put back.
    pub waiting: usize,
    /// Directories that are open and put back, each with a file descriptor.
    pub suspended: usize,
    /// Bytes of waiting directories above which no more are remembered, where none can be put back any more.
    pub most_waiting: usize,
    /// Directories that could not be read, listed by name.
    pub errors: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { waiting: 2 << 20, suspended: 128, most_waiting: 24 << 20, errors: 100 }
    }
}

/// Something that could not be read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// Path below the root; empty for the root.
    pub path: PathBuf,
    /// Why.
    pub reason: Reason,
}

/// Why there is no count at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RootError {
    /// The root cannot be opened, or nothing in it can be read.
    Failed(Reason),
    /// It has not answered yet.
    Silent,
}

/// What a count has found.
#[derive(Debug, Clone)]
pub struct Ended {
    /// Numbers.
    pub counted: Counted,
    /// Directories with the most files directly in them, largest first, and those files; paths below the root,
    /// which is `.`.
    pub largest: Vec<(PathBuf, u64)>,
    /// What could not be read or vanished: the first [`Bounds::errors`] of them.
    pub errors: Vec<Unread>,
    /// Why there is no count at all.
    pub root: Option<RootError>,
    /// Directories that did not answer until now, paths below the root.
    pub hanging: Vec<PathBuf>,
    /// Whether it came to its end: it was not cancelled, and nothing hangs.
    pub whole: bool,
    /// Time from start to end.
    pub took: Duration,
}

/// Told what a count has found, once.
type WhenEnded = Box<dyn FnOnce(Ended) + Send>;

/// What counts: threads of this process, or another process.
trait Work: Send + Sync {
    /// What was counted so far.
    fn counted(&self) -> Counted;
    /// Time since the start.
    fn elapsed(&self) -> Duration;
    /// Lets it end.
    fn cancel(&self);
    /// What it would end with, if it ended now.
    fn so_far(&self) -> Ended;
}

/// The directory to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its path; links in it are followed.
    pub path: PathBuf,
    /// Whether other file systems that are mounted below are entered.
    pub crosses: bool,
    /// Whether it has to be on a network file system: an empty mount point would be a small, fresh count.
    pub require_mount: bool,
}

/// A running count. It is called off when this is dropped.
pub struct Count {
    work: Arc<dyn Work>,
}

impl Count {
    /// Starts to count a directory of this machine; on a mount that may hang in a process of its own, where
    /// [`apart::allow`] was called. `when_ended` is called once, on another thread, when the count is over or was
    /// called off and its last thread ends; it is kept as long as a read hangs, and so is what it owns.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn of(
        target: &Target,
        options: &Options,
        when_ended: impl FnOnce(Ended) + Send + 'static,
    ) -> io::Result<Self> {
        if apart::allowed() && mounts::may_hang(&target.path) {
            return Ok(Self { work: apart::Apart::start(target, options, Box::new(when_ended))? });
        }
        Self::start(Disk::new(target), options, when_ended)
    }

    /// Starts to count what a layer holds, by threads of this process; else as [`Count::of`].
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start<L: Layer>(
        layer: L,
        options: &Options,
        when_ended: impl FnOnce(Ended) + Send + 'static,
    ) -> io::Result<Self> {
        Ok(Self { work: Crew::start(layer, options, Box::new(when_ended))? })
    }

    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        self.work.counted()
    }

    /// Time since its start.
    pub fn elapsed(&self) -> Duration {
        self.work.elapsed()
    }

    /// Calls it off: no further directory is read.
    pub fn cancel(&self) {
        self.work.cancel();
    }

    /// What there is so far, and the directories that are being read, or hang.
    pub fn so_far(&self) -> Ended {
        self.work.so_far()
    }

    /// Calls it off and takes what there is.
    pub fn abandon(self) -> Ended {
        let so_far = self.so_far();
        self.cancel();
        so_far
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.cancel();
    }
}
