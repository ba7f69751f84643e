//! One thread of the load: starts every n-th request at its intended time on connections of its own.
//!
//! Nothing waits in a queue: a request that cannot start yet is only a number that has not been reached. So
//! memory is bounded by what is under way at once, and a stall of the target is seen by every request that was
//! meant to start in it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::line::Line;
use super::mix::Mix;
use super::pacer::Pacer;
use super::plan::{Plan, Start};
use super::reason::Reason;
use super::sources::Sources;
use super::tally::Tally;
use super::target::{Ask, Target};
use crate::clock::Clock;

/// Shortest sleep between two looks at the plan. At high rates the requests of so long start together.
const QUANTUM: Duration = Duration::from_micros(250);
/// Requests that start in a row before connections get their turn.
const BURST: usize = 64;
/// Connections of a worker that may be open, or opening, without an answer yet, where connections are used again.
/// A pool that grows by one for each request in a stall would bury the target, and itself, in connections.
const UNPROVEN: usize = 64;

/// What all workers of a load share.
pub struct Shared {
    /// When what starts.
    pub plan: Plan,
    /// Who asks what.
    pub mix: Mix,
    /// Targets with their addresses, which may change while the load runs.
    pub targets: Vec<(Target, watch::Receiver<Vec<SocketAddr>>)>,
    /// Where connections come from.
    pub sources: Sources,
    /// Connections are used again.
    pub keep_alive: bool,
    /// From the intended start to the complete answer.
    pub timeout: Duration,
    /// How late this program may start a request before it says that it did not offer it.
    pub max_lag: Duration,
    /// When the load begins.
    pub epoch: Instant,
    /// Workers.
    pub workers: u64,
    /// No request starts any more.
    pub stop: CancellationToken,
    /// Nothing is waited for any more.
    pub abandon: CancellationToken,
}

/// Keeps a timer that goes off before that of any new request. Without one, each first timer makes tokio call the
/// system. Never ends.
async fn pulse(every: Duration) {
    loop {
        tokio::time::sleep(every.max(Duration::from_millis(1))).await;
    }
}

/// Open connections without a request to one target; the last used is used next.
#[derive(Default)]
struct Idle {
    lines: Mutex<Vec<Line>>,
    returned: Notify,
}

/// One worker's state, seen from outside.
pub struct Lane {
    shared: Arc<Shared>,
    tally: Mutex<Tally>,
    /// By target.
    idle: Vec<Idle>,
    /// Places for connections that have not brought an answer yet.
    unproven: Semaphore,
    under_way: AtomicUsize,
    /// Most requests under way at once.
    most: usize,
    /// The pacer waits for a place.
    blocked: AtomicBool,
    freed: Notify,
}

/// A lock is only held for a few instructions that cannot panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lane {
    /// A worker that has not begun, with at most `most` requests under way at once.
    pub fn new(shared: Arc<Shared>, most: usize) -> Self {
        let idle = shared.targets.iter().map(|_| Idle::default()).collect();
        let unproven = if shared.keep_alive { UNPROVEN } else { Semaphore::MAX_PERMITS };
        Self {
            shared,
            tally: Mutex::default(),
            idle,
            unproven: Semaphore::new(unproven),
            under_way: AtomicUsize::new(0),
            most: most.max(1),
            blocked: AtomicBool::new(false),
            freed: Notify::new(),
        }
    }

    /// Hands over what was counted since the last time.
    pub fn take(&self) -> Tally {
        lock(&self.tally).take()
    }

    /// Requests under way.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Runs the `index`-th worker until its last request is over.
    ///
    /// # Errors
    /// The runtime or the timer cannot be made.
    pub fn run(self: &Arc<Self>, index: u64) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let tracker = TaskTracker::new();
            let (own, tasks) = (Arc::clone(self), tracker.clone());
            // A task, since waking up the future of `block_on` costs a system call each time.
            let pace = tracker.spawn(async move { own.pace(index, &tasks).await });
            tracker.close();
            tokio::select! {
                () = tracker.wait() => {}
                () = self.shared.abandon.cancelled() => pace.abort(),
                () = pulse(self.shared.timeout / 2) => {}
            }
            let paced = match pace.await {
                Ok(paced) => paced,
                Err(gone) if gone.is_cancelled() => Ok(()),
                Err(panicked) => Err(io::Error::other(panicked)),
            };
            for idle in &self.idle {
                lock(&idle.lines).clear();
            }
            paced
        })
        // What is still under way is dropped with the runtime, and counted as it goes (`UnderWay`).
    }

    async fn pace(self: &Arc<Self>, index: u64, tracker: &TaskTracker) -> io::Result<()> {
        let shared = &self.shared;
        let pacer = Pacer::new()?;
        let mut n = index;
        // Requests wait because too many are under way: the target is slow, not this program.
        let mut held_up = false;
        let mut burst = 0;
        while let Some(start) = shared.plan.start(n) {
            if shared.stop.is_cancelled() {
                break;
            }
            let now = self.elapsed();
            if start.at > now {
                held_up = false;
                burst = 0;
                tokio::select! {
                    waited = pacer.wait(start.at.saturating_sub(now).max(QUANTUM)) => waited?,
                    () = shared.stop.cancelled() => {}
                }
                continue;
            }
            let late = now.saturating_sub(start.at);
            held_up |= self.under_way() >= self.most;
            if held_up && late >= shared.timeout {
                self.end(start, Err(Reason::NotStarted));
            } else if self.under_way() >= self.most {
                self.place(shared.timeout.saturating_sub(late)).await;
                continue;
            } else if !held_up && late >= shared.max_lag.min(shared.timeout) {
                self.not_offered(start);
            } else {
                let lag = (start.counted && !held_up).then_some(late);
                self.begin(n, start, lag, tracker);
            }
            n += shared.workers;
            burst += 1;
            if burst % BURST == 0 {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Waits until a request may start: one that was under way is over, or `at_most` has passed.
    async fn place(&self, at_most: Duration) {
        self.blocked.store(true, Ordering::Relaxed);
        tokio::select! {
            () = self.freed.notified() => {}
            () = tokio::time::sleep(at_most) => {}
            () = self.shared.stop.cancelled() => {}
        }
        self.blocked.store(false, Ordering::Relaxed);
    }

    fn elapsed(&self) -> Duration {
        Clock::instant().saturating_duration_since(self.shared.epoch)
    }

    fn not_offered(&self, start: Start) {
        if start.counted {
            lock(&self.tally).not_offered += 1;
        }
    }

    fn end(&self, start: Start, end: Result<u16, Reason>) {
        let latency = self.elapsed().saturating_sub(start.at);
        // This thread itself may have been late to look at an answer that lay there.
        let end = if end.is_ok() && latency > self.shared.timeout { Err(Reason::Timeout) } else { end };
        lock(&self.tally).note(start.counted, end, latency);
    }

    fn begin(self: &Arc<Self>, n: u64, start: Start, lag: Option<Duration>, tracker: &TaskTracker) {
        if let Some(lag) = lag {
            lock(&self.tally).started(lag);
        }
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let mut under_way = UnderWay { lane: Arc::clone(self), start, end: Err(Reason::Interrupted) };
        let deadline = self.shared.epoch + start.at + self.shared.timeout;
        tracker.spawn(async move {
            let answer = timeout_at(deadline, under_way.lane.answer(n)).await;
            under_way.ended(answer.unwrap_or(Err(Reason::Timeout)));
        });
    }

    /// The `n`-th request from connecting to the end of its answer.
    async fn answer(&self, n: u64) -> Result<u16, Reason> {
        let shared = &self.shared;
        let which = usize::try_from(n % shared.targets.len() as u64).unwrap_or_default();
        let (target, addresses) = shared.targets.get(which).ok_or(Reason::Failed)?;
        let ask: Ask = target.ask(shared.mix.kind(n)).ok_or(Reason::Failed)?;
        let idle = self.idle.get(which).ok_or(Reason::Failed)?;
        let (mut line, place) = loop {
            if let Some(line) = self.used(idle) {
                break (line, None);
            }
            tokio::select! {
                biased;
                place = self.unproven.acquire() => break (self.open(n, addresses).await?, Some(place)),
                () = idle.returned.notified() => {}
            }
        };
        let status = line.ask(ask).await?;
        drop(place);
        if shared.keep_alive && line.is_open() {
            lock(&idle.lines).push(line);
            idle.returned.notify_one();
        }
        Ok(status)
    }

    /// An open connection without a request. Those that the other side has closed meanwhile are dropped.
    fn used(&self, idle: &Idle) -> Option<Line> {
        if !self.shared.keep_alive {
            return None;
        }
        let mut lines = lock(&idle.lines);
        std::iter::from_fn(|| lines.pop()).find_map(|mut line| line.is_open().then_some(line))
    }

    async fn open(&self, n: u64, addresses: &watch::Receiver<Vec<SocketAddr>>) -> Result<Line, Reason> {
        let address = {
            let addresses = addresses.borrow();
            let turn = n / self.shared.targets.len() as u64 % addresses.len().max(1) as u64;
            usize::try_from(turn).ok().and_then(|i| addresses.get(i).copied())
        };
        let address = address.ok_or(Reason::Unreachable)?;
        let stream = self.shared.sources.connect(address).await.map_err(|e| Reason::from(&e))?;
        lock(&self.tally).opened += 1;
        Line::open(stream).await
    }
}

/// A request under way. However its task ends, it is counted once and frees its place.
struct UnderWay {
    lane: Arc<Lane>,
    start: Start,
    end: Result<u16, Reason>,
}

impl UnderWay {
    fn ended(&mut self, end: Result<u16, Reason>) {
        self.end = end;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.lane.end(self.start, self.end);
        self.lane.under_way.fetch_sub(1, Ordering::Relaxed);
        if self.lane.blocked.load(Ordering::Relaxed) {
            self.lane.freed.notify_one();
        }
    }
}
