//! kakeru: open-loop load for hakaru, or for anything that answers `GET` over HTTP/1.1.
//!
//! Beside the floors: it imports `domain`, `config` and `clock` only.
//!
//! - **Open loop.** [`plan`] fixes when each request is meant to start, whatever the answers. A latency counts
//!   from that moment, so a target that stalls is seen by everybody who would have come meanwhile (no coordinated
//!   omission), and a wait inside this program is never hidden.
//! - **Honest about itself.** What the program could not take up in time is not offered and said; how late it
//!   was at its starts is a histogram of its own; a place, a port or a descriptor that was missing is a failure
//!   with that name.
//! - **Bounded.** Counts, histograms and at most [`Load::most`] requests under way; no queue ([`worker`]).
//! - A thread a worker, each with a runtime, connections and counts of its own; the caller's runtime only adds
//!   up once a second ([`Totals`]).

pub mod follow;
pub mod instances;
pub mod line;
pub mod metrics;
pub mod mix;
pub mod pacer;
pub mod plan;
pub mod reason;
pub mod report;
pub mod sources;
pub mod tally;
pub mod target;
pub mod worker;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use plan::Plan;
use sources::Sources;
use tally::Tally;
use target::{Target, TargetError};
use worker::{Lane, Shared};

/// Requests a second that one worker is given at most, where there are processors for more workers.
const PER_WORKER: f64 = 8_000.0;
/// Descriptors left for everything but connections.
const OTHER_FILES: u64 = 64;
/// Most requests under way at once unless told otherwise: about half a GB of connections in the worst case.
const MOST_NEW: usize = 16_384;
/// The same with connections that are used again: more of them cost both sides more than they bring.
const MOST_KEPT: usize = 1_024;
/// From the decision to start to the first intended start: threads need a moment.
const RUN_UP: Duration = Duration::from_millis(50);
/// How often progress is told.
const TICK: Duration = Duration::from_secs(1);
/// How often the targets' names are looked up again: a balancer that grows gets more addresses.
const LOOKUP: Duration = Duration::from_secs(30);

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Load {
    /// Where to, in turns.
    pub targets: Vec<Target>,
    /// Where the targets are, where that is told while the load runs; `None`: their names are looked up.
    pub addresses: Option<watch::Receiver<Vec<SocketAddr>>>,
    /// When.
    pub plan: Plan,
    /// Use connections again instead of one a request.
    pub keep_alive: bool,
    /// From the intended start to the complete answer.
    pub timeout: Duration,
    /// How late this program itself may start a request; one that it could not start by then was not offered.
    pub max_lag: Duration,
    /// Most requests under way at once; `None`: as many as files may be open, up to 16 384 (1 024 kept alive).
    pub most: Option<usize>,
    /// Source addresses on this machine; `None`: enough for the rate.
    pub sources: Option<u32>,
    /// Threads; `None`: by rate and processors.
    pub workers: Option<usize>,
    /// Who asks what.
    pub seed: u64,
}

/// Why a load could not be put on.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A target that leads nowhere.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Threads, timers or descriptors are missing.
    #[error("the load could not be started: {0}")]
    System(#[from] io::Error),
    /// A worker ended before its time.
    #[error("a worker ended before its time; what it did is not known")]
    Worker,
}

/// What happened up to now.
#[derive(Debug, Clone)]
pub struct Live {
    /// Since the first intended start.
    pub elapsed: Duration,
    /// Everything since then.
    pub total: Tally,
    /// The last second.
    pub recent: Tally,
    /// How long `recent` is.
    pub recent_for: Duration,
    /// Requests under way.
    pub under_way: usize,
}

/// The newest [`Live`], for `/metrics`.
pub type Totals = Arc<Mutex<Option<Live>>>;

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// Everything that was counted.
    pub total: Tally,
    /// From the first intended start of the report to the last answer.
    pub took: Duration,
    /// It was told to stop before its end.
    pub stopped: bool,
}

/// The two ways to end early.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// No request starts any more; those under way may end.
    pub stop: CancellationToken,
    /// Those under way are not waited for either.
    pub abandon: CancellationToken,
}

impl Load {
    /// Most requests under way at once, of all workers: what was asked for, as far as files may be open. Raises the
    /// soft limit of open files to the hard one.
    pub fn most(&self) -> usize {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        // Refused: the soft limit stays, and is the bound.
        let limit = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
        let files = limit
            .map_or(usize::MAX, |n| usize::try_from(n.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX));
        let wanted = self.most.unwrap_or(if self.keep_alive { MOST_KEPT } else { MOST_NEW });
        wanted.min(files).max(1)
    }

    /// Source addresses used on this machine.
    fn sources(&self, most: usize) -> Sources {
        let per_s = if self.keep_alive { 0.0 } else { self.plan.peak_per_s() };
        let count = self.sources.unwrap_or_else(|| Sources::enough_for(per_s, most));
        // A prime apart for each process.
        Sources::new(count, u64::from(std::process::id()).wrapping_mul(1_000_003))
    }

    /// Threads used.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from float saturates"
    )]
    fn workers(&self, most: usize) -> usize {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let needed = (self.plan.peak_per_s() / PER_WORKER).ceil() as usize;
        self.workers.unwrap_or_else(|| needed.clamp(1, processors)).clamp(1, most)
    }
}

/// Puts `load` on its targets and calls `progress` every second. Ends when every request that started is over:
/// at the latest one timeout after the last intended start, or when told by `stop`.
///
/// # Errors
/// A target cannot be looked up, or the system gives no threads or timers. Failed requests are no errors.
pub async fn run(load: &Load, stop: &Stop, mut progress: impl FnMut(&Live)) -> Result<Ended, LoadError> {
    let most = load.most();
    let workers = load.workers(most);
    // Whoever drops this future ends the threads too; the caller's own tokens stay as they are.
    let (halt, abandon) = (stop.stop.child_token(), stop.abandon.child_token());
    let _end = (halt.clone().drop_guard(), abandon.clone().drop_guard());
    let mut targets = Vec::new();
    let mut lookups = Vec::new();
    for target in &load.targets {
        if let Some(addresses) = &load.addresses {
            targets.push((target.clone(), addresses.clone()));
            continue;
        }
        let (sender, receiver) = watch::channel(target.addresses().await?);
        targets.push((target.clone(), receiver));
        lookups.push((target.clone(), sender));
    }
    let shared = Arc::new(Shared {
        plan: load.plan.clone(),
        mix: mix::Mix::new(load.seed),
        targets,
        sources: load.sources(most),
        keep_alive: load.keep_alive,
        timeout: load.timeout,
        max_lag: load.max_lag,
        epoch: Clock::instant() + RUN_UP,
        workers: workers as u64,
        stop: halt,
        abandon,
    });
    let (lanes, ended) = start(&shared, workers, most)?;
    let mut sum = Sum { lanes, shared, total: Tally::default(), told: Duration::ZERO };
    tokio::select! {
        all = all_ended(ended, workers) => all?,
        () = tick(&mut sum, &mut progress) => {}
        () = look_up_again(&lookups) => {}
    }
    let live = sum.take();
    progress(&live);
    let warming: Duration = load.plan.phases().filter(|p| !p.counted).map(|p| p.duration).sum();
    Ok(Ended {
        took: live.elapsed.saturating_sub(warming),
        total: live.total,
        stopped: stop.stop.is_cancelled(),
    })
}

/// How each thread ended.
type Ends = mpsc::Receiver<io::Result<()>>;

/// Starts the threads. Each says how it ended.
fn start(shared: &Arc<Shared>, workers: usize, most: usize) -> io::Result<(Vec<Arc<Lane>>, Ends)> {
    let (say, ended) = mpsc::channel(workers);
    let mut lanes = Vec::new();
    for index in 0..workers {
        // The first ones take what does not divide.
        let share = most / workers + usize::from(index < most % workers);
        let lane = Arc::new(Lane::new(Arc::clone(shared), share));
        let (own, say) = (Arc::clone(&lane), say.clone());
        let run = move || {
            let end = own.run(index as u64);
            // Nobody listens only if the whole load was given up.
            let _ = say.try_send(end);
        };
        // Those that run already end with `run`.
        thread::Builder::new().name(format!("kakeru-{index}")).spawn(run)?;
        lanes.push(lane);
    }
    Ok((lanes, ended))
}

async fn all_ended(mut ended: Ends, workers: usize) -> Result<(), LoadError> {
    for _ in 0..workers {
        // The channel closes early only if a thread ended without a word.
        ended.recv().await.ok_or(LoadError::Worker)??;
    }
    Ok(())
}

async fn tick(sum: &mut Sum, progress: &mut impl FnMut(&Live)) {
    let mut ticks = interval_at(sum.shared.epoch + TICK, TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        progress(&sum.take());
    }
}

/// Never ends. An answer that is missing leaves the addresses as they are.
async fn look_up_again(lookups: &[(Target, watch::Sender<Vec<SocketAddr>>)]) {
    loop {
        tokio::time::sleep(LOOKUP).await;
        for (target, sender) in lookups {
            if let Ok(found) = target.addresses().await {
                sender.send_replace(found);
            }
        }
    }
}

/// Adds up what the workers count.
struct Sum {
    lanes: Vec<Arc<Lane>>,
    shared: Arc<Shared>,
    total: Tally,
    told: Duration,
}

impl Sum {
    fn take(&mut self) -> Live {
        let mut recent = Tally::default();
        for lane in &self.lanes {
            recent.add(&lane.take());
        }
        self.total.add(&recent);
        let elapsed = Clock::instant().saturating_duration_since(self.shared.epoch);
        let recent_for = elapsed.saturating_sub(self.told);
        self.told = elapsed;
        let under_way = self.lanes.iter().map(|l| l.under_way()).sum();
        Live { elapsed, total: self.total.clone(), recent, recent_for, under_way }
    }
}

/// Keeps the newest state for `/metrics`.
pub fn keep(totals: &Totals, live: &Live) {
    *totals.lock().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
}
