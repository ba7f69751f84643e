//! The threads that read directories.
//!
//! A thread that has read a directory takes the next one itself; one that takes a directory while more wait and
//! more may be read wakes, or starts, one other. So as many threads run as the limit says, one wake-up a
//! directory at most, and none is lost: whoever leaves the lock with work behind it has told somebody.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::budget::Budget;
use super::layer::{Kind, Layer};
use super::limit::{Limit, Took};
use super::place::Place;
use super::progress::Progress;
use super::queue::{Open, Queue, Task};
use super::{Ended, Options, Reason, RootError, WhenEnded, Work};
use crate::clock::Clock;
use crate::domain::count::Counted;

/// Bytes of a thread's buffer: about 2000 entries.
const BUFFER: usize = 64 * 1024;
/// A thread's stack; nothing recurses.
const STACK: usize = 256 * 1024;
/// A thread that waits for the budget looks this often whether the count is still wanted.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// More threads than this do not help where the processor is the limit, and are impolite until latency is known.
const MOST_AT_FIRST: usize = 4;

/// A count and its threads.
pub(super) struct Crew<L: Layer> {
    layer: L,
    recursive: bool,
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    progress: Progress,
    budget: Option<Mutex<Budget>>,
    cancelled: AtomicBool,
    queue: Mutex<Queue<L>>,
    /// There may be something to read, or the count is over.
    changed: Condvar,
    when_ended: Mutex<Option<WhenEnded>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<L: Layer> Crew<L> {
    /// Starts the first thread, which opens the root.
    pub(super) fn start(layer: L, options: &Options, when_ended: WhenEnded) -> io::Result<Arc<Self>> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let limit = Limit::new(processors.min(MOST_AT_FIRST), options.concurrency);
        let crew = Arc::new(Self {
            layer,
            recursive: options.recursive,
            elapsed: Box::new(Clock::stopwatch()),
            progress: Progress::default(),
            budget: options.operations_per_s.map(|n| Mutex::new(Budget::new(n))),
            cancelled: AtomicBool::new(false),
            queue: Mutex::new(Queue::new(limit, options.top, options.bounds)),
            changed: Condvar::new(),
            when_ended: Mutex::new(Some(when_ended)),
        });
        crew.hire(&mut crew.lock())?;
        Ok(crew)
    }

    fn lock(&self) -> MutexGuard<'_, Queue<L>> {
        locked(&self.queue)
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// One thread more.
    fn hire(self: &Arc<Self>, queue: &mut Queue<L>) -> io::Result<()> {
        let number = queue.threads;
        let crew = Arc::clone(self);
        std::thread::Builder::new()
            .name(format!("count-{number}"))
            .stack_size(STACK)
            .spawn(move || crew.work(number))?;
        queue.threads += 1;
        Ok(())
    }

    /// Wakes or starts a thread, where one more may read.
    fn call_on(self: &Arc<Self>, queue: &mut Queue<L>) {
        if queue.is_empty() || queue.reading.len() >= queue.limit.reads() || self.cancelled() {
            return;
        }
        if queue.idle > 0 {
            self.changed.notify_one();
        } else if queue.threads < queue.limit.reads() {
            // Without it the count is slower, not wrong.
            let _ = self.hire(queue);
        }
    }

    fn work(self: &Arc<Self>, number: usize) {
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER];
        while let Some(task) = self.next(number) {
            self.directory(task, &mut buffer);
        }
        let mut queue = self.lock();
        queue.threads -= 1;
        if queue.threads == 0 {
            drop(queue);
            let ended = self.so_far();
            if let Some(when_ended) = locked(&self.when_ended).take() {
                when_ended(ended);
            }
        }
    }

    /// Waits for a directory to read; `None` at the end.
    fn next(self: &Arc<Self>, number: usize) -> Option<Task<L>> {
        let mut queue = self.lock();
        queue.reading.remove(&number);
        loop {
            if queue.is_empty() && queue.reading.is_empty() {
                queue.over = true;
                self.changed.notify_all();
            }
            if queue.over || self.cancelled() {
                return None;
            }
            if let Some(task) = queue.take() {
                queue.reading.insert(number, Arc::clone(task.place()));
                self.call_on(&mut queue);
                return Some(task);
            }
            queue.idle += 1;
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }

    /// Waits until the budget has room for one operation.
    fn pay(&self) {
        let Some(budget) = &self.budget else { return };
        let mut wait = locked(budget).grant(self.elapsed());
        while !wait.is_zero() && !self.cancelled() {
            let step = wait.min(LOOK_EVERY);
            std::thread::sleep(step);
            wait -= step;
        }
    }

    /// Reads a directory to its end, or until too many others wait.
    fn directory(self: &Arc<Self>, task: Task<L>, buffer: &mut [MaybeUninit<u8>]) {
        let (mut open, mut opened) = match task {
            Task::Begun(open) => (open, None),
            Task::New(place) => match self.open(place) {
                Some((open, took)) => (open, Some(took)),
                None => return,
            },
        };
        let mut found = Found::default();
        while !self.cancelled() {
            self.pay();
            let (read, took) = timed(|| {
                let each = |name: &OsStr, kind| found.note(name, kind, self.recursive);
                self.layer.read(&mut open.directory, buffer, each)
            });
            self.ask(&open, &mut found);
            open.files += found.files;
            self.progress.add(&found);
            let more = read.unwrap_or_else(|error| {
                self.failed(&open.place, error);
                false
            });
            match self.hand_over(open, &mut found, more, (opened.take(), took)) {
                Some(same) => open = same,
                None => return,
            }
        }
    }

    fn open(&self, place: Arc<Place>) -> Option<(Open<L>, Took)> {
        self.pay();
        let path = place.path();
        let (opened, took) = timed(|| self.layer.open(&path));
        match opened {
            Ok(Some(directory)) => {
                if place.is_root() {
                    self.progress.root_opened();
                }
                Some((Open { place, directory, files: 0 }, took))
            }
            Ok(None) => None,
            Err(error) => {
                self.failed(&place, error);
                None
            }
        }
    }

    /// Asks for the kinds that the directory did not tell.
    fn ask(&self, open: &Open<L>, found: &mut Found) {
        for name in std::mem::take(&mut found.unknown) {
            if self.cancelled() {
                return;
            }
            self.pay();
            self.progress.asked();
            match self.layer.kind(&open.directory, &name) {
                Ok(kind) => found.note(&name, kind, self.recursive),
                // Gone since it was named: not there.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => self.failed(&open.place.below(name), error),
            }
        }
    }

    /// Gives what a read found to all; the directory comes back where this thread is to read on.
    fn hand_over(
        self: &Arc<Self>,
        open: Open<L>,
        found: &mut Found,
        more: bool,
        (opened, took): (Option<Took>, Took),
    ) -> Option<Open<L>> {
        let now = self.elapsed();
        let mut queue = self.lock();
        let full = queue.reading.len() >= queue.limit.reads();
        if let Some(opened) = opened {
            queue.limit.opened(opened, full);
        }
        queue.limit.ended(took, now, full);
        let left = queue.add(&open.place, &mut found.below);
        if left > 0 {
            self.progress.unread();
            let words = format!("names too many directories: {left} of them were not read");
            queue.list(open.place.path(), Reason::Other(words));
        }
        found.reset();
        self.call_on(&mut queue);
        if more {
            return queue.suspend(open).err();
        }
        queue.largest.note(open.files, || open.place.path());
        None
    }

    fn failed(&self, place: &Place, error: io::Error) {
        if place.is_root() && self.progress.is_nothing() {
            self.lock().root = Some(error.into());
        } else if is_gone(&error) && !place.is_root() {
            self.progress.vanished();
            self.lock().list(place.path(), error.into());
        } else {
            self.progress.unread();
            self.lock().list(place.path(), error.into());
        }
    }
}

impl<L: Layer> Work for Crew<L> {
    fn counted(&self) -> Counted {
        self.progress.counted()
    }

    fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }

    /// Lets every thread end once its read has.
    fn cancel(&self) {
        // Under the lock, so that no thread is between looking at it and waiting.
        let _queue = self.lock();
        self.cancelled.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    fn so_far(&self) -> Ended {
        let queue = self.lock();
        let whole = queue.over;
        let failed = queue.root.clone().map(RootError::Failed);
        let silent = (self.progress.is_nothing() && !whole).then_some(RootError::Silent);
        Ended {
            counted: self.progress.counted(),
            largest: queue.largest.clone().sorted(),
            errors: queue.errors.clone(),
            root: failed.or(silent),
            hanging: queue.reading.values().map(|place| place.path()).collect(),
            whole,
            took: self.elapsed(),
        }
    }
}

/// What one read found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: u64,
    pub(super) directories: u64,
    pub(super) symlinks: u64,
    pub(super) others: u64,
    below: Vec<Box<OsStr>>,
    unknown: Vec<Box<OsStr>>,
}

impl Found {
    fn note(&mut self, name: &OsStr, kind: Kind, recursive: bool) {
        match kind {
            Kind::File => self.files += 1,
            Kind::Directory => {
                self.directories += 1;
                if recursive {
                    self.below.push(name.into());
                }
            }
            Kind::Symlink => self.symlinks += 1,
            Kind::Other => self.others += 1,
            Kind::Unknown => self.unknown.push(name.into()),
        }
    }

    fn reset(&mut self) {
        (self.files, self.directories, self.symlinks, self.others) = (0, 0, 0, 0);
    }
}

/// Whether a directory was removed, or replaced by something else, since it was named.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
        || rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP)
}

/// Does something, and says how it went.
fn timed<T>(call: impl FnOnce() -> T) -> (T, Took) {
    let (elapsed, before) = (Clock::stopwatch(), processor());
    let done = call();
    (done, Took { wall: elapsed(), processor: processor().saturating_sub(before) })
}

/// Processor time of this thread.
fn processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
