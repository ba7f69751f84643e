//! What the threads of a count share: the directories that wait, and what is kept of those that were read.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use super::largest::Largest;
use super::layer::Layer;
use super::limit::Limit;
use super::place::Place;
use super::{Bounds, Reason, Unread};

/// A directory that is open, and read in part.
pub(super) struct Open<L: Layer> {
    pub(super) place: Arc<Place>,
    pub(super) directory: L::Directory,
    /// Files seen directly in it.
    pub(super) files: u64,
}

/// A directory that waits.
pub(super) enum Task<L: Layer> {
    /// To be opened.
    New(Arc<Place>),
    /// To be read on.
    Begun(Open<L>),
}

impl<L: Layer> Task<L> {
    pub(super) fn place(&self) -> &Arc<Place> {
        match self {
            Self::New(place) => place,
            Self::Begun(open) => &open.place,
        }
    }
}

/// Behind the lock of a count.
pub(super) struct Queue<L: Layer> {
    /// The newest at the back is read first, so that few wait; those read in part lie at the front.
    tasks: VecDeque<Task<L>>,
    /// Bytes of the tasks.
    weight: usize,
    /// Directories that are open and wait.
    suspended: usize,
    bounds: Bounds,
    /// Directories being read, by the number of their thread.
    pub(super) reading: BTreeMap<usize, Arc<Place>>,
    /// Threads that have not ended.
    pub(super) threads: usize,
    /// Threads that wait for a directory.
    pub(super) idle: usize,
    /// How many may read.
    pub(super) limit: Limit,
    /// Directories with the most files.
    pub(super) largest: Largest,
    /// Directories that could not be read, the first of them.
    pub(super) errors: Vec<Unread>,
    /// Why there is nothing below the root to count.
    pub(super) root: Option<Reason>,
    /// Everything was read.
    pub(super) over: bool,
}

impl<L: Layer> Queue<L> {
    pub(super) fn new(limit: Limit, top: usize, bounds: Bounds) -> Self {
        let mut queue = Self {
            tasks: VecDeque::new(),
            weight: 0,
            suspended: 0,
            bounds,
            reading: BTreeMap::new(),
            threads: 0,
            idle: 0,
            limit,
            largest: Largest::new(top),
            errors: Vec::new(),
            root: None,
            over: false,
        };
        queue.push(Place::root());
        queue
    }

    /// Whether no directory waits.
    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    fn push(&mut self, place: Arc<Place>) {
        self.weight += place.weight();
        self.tasks.push_back(Task::New(place));
    }

    /// The next directory, where one more may be read.
    pub(super) fn take(&mut self) -> Option<Task<L>> {
        if self.reading.len() >= self.limit.reads() {
            return None;
        }
        let task = self.tasks.pop_back()?;
        self.weight = self.weight.saturating_sub(task.place().weight());
        if matches!(task, Task::Begun(_)) {
            self.suspended -= 1;
        }
        Some(task)
    }

    /// Directories found below `place`; how many of them there was no room for.
    pub(super) fn add(&mut self, place: &Arc<Place>, found: &mut Vec<Box<std::ffi::OsStr>>) -> usize {
        let mut left = 0;
        for name in found.drain(..) {
            if self.weight > self.bounds.most_waiting {
                left += 1;
            } else {
                self.push(place.below(name));
            }
        }
        left
    }

    /// Puts a directory back that names more than may wait; `Err`: it has to be read on now.
    pub(super) fn suspend(&mut self, open: Open<L>) -> Result<(), Open<L>> {
        if self.weight <= self.bounds.waiting || self.suspended >= self.bounds.suspended {
            return Err(open);
        }
        self.suspended += 1;
        self.weight += open.place.weight();
        self.tasks.push_front(Task::Begun(open));
        Ok(())
    }

    /// Lists what could not be read, while there is room.
    pub(super) fn list(&mut self, path: PathBuf, reason: Reason) {
        if self.errors.len() < self.bounds.errors {
            self.errors.push(Unread { path, reason });
        }
    }
}
