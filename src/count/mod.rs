//! Floor 2: the file counter. Directory reads only, many at once where they are slow, in bounded memory.
//!
//! ```text
//!  layer     what is read: the disk, or a simulated tree        disk     openat2(2), getdents(2)
//!  crew      threads that read, and wake one another             queue    what waits, what is kept
//!  limit     how many reads are in flight (pure)                 budget   how many a second (pure)
//! ```
//!
//! - A file is never looked at where its directory entry says what it is.
//! - A link is never followed, the root alone excepted; another file system is entered only when asked for.
//! - A read that hangs cannot be called off. Its thread is left alone, the others go on, and the result names its
//!   directory; what belongs to the count (see [`Count::start`]) is kept until that thread ends.
//! - What waits is bounded in bytes. A directory that names more is read on later; only where more than
//!   [`Bounds::suspended`] of them do so at once are directories left out, and the result says it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::count::Counted;

mod budget;
mod crew;
mod disk;
mod fstab;
mod largest;
pub mod layer;
mod limit;
mod place;
mod pressure;
mod progress;
mod queue;
mod words;

use crew::Crew;
pub use disk::{Disk, NotMounted, on_network_file_system};
pub use fstab::expects_mount;
use layer::Layer;
pub use words::{listed, why};

/// Directories listed as the largest, where nothing else is said.
pub const TOP: usize = 10;
/// Most directory reads in flight, where nothing else is said.
pub const CONCURRENCY: usize = 32;

/// How to count.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
#[derive(Debug)]
pub struct Unread {
    /// Path below the root; empty for the root.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// Why there is no count at all.
#[derive(Debug)]
pub enum RootError {
    /// The root cannot be opened, or nothing in it can be read. [`NotMounted`] is among the reasons.
    Failed(io::Error),
    /// It has not answered yet.
    Silent,
}

/// What a count has found.
#[derive(Debug)]
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

/// A running count. It is called off when this is dropped.
pub struct Count<L: Layer> {
    crew: Arc<Crew<L>>,
}

impl<L: Layer> Count<L> {
    /// Starts to count. `when_ended` is called once, on another thread, when the count is over or was called off
    /// and its last thread ends; it is kept as long as a read hangs, and so is what it owns.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(
        layer: L,
        options: &Options,
        when_ended: impl FnOnce(Ended) + Send + 'static,
    ) -> io::Result<Self> {
        Ok(Self { crew: Crew::start(layer, options, Box::new(when_ended))? })
    }

    /// What was counted so far.
    pub fn counted(&self) -> Counted {
        self.crew.progress().counted()
    }

    /// Time since its start.
    pub fn elapsed(&self) -> Duration {
        self.crew.elapsed()
    }

    /// Calls it off: no further directory is read.
    pub fn cancel(&self) {
        self.crew.cancel();
    }

    /// Calls it off and takes what there is, the directories that hang among it.
    pub fn abandon(self) -> Ended {
        self.cancel();
        self.crew.result()
    }
}

impl<L: Layer> Drop for Count<L> {
    fn drop(&mut self) {
        self.cancel();
    }
}
