//! hakaru, the impression service: `GET /hakaru?name=…&value=…` records an impression, and an answer of 200 means that
//! it is recorded durably.
//!
//! ```text
//! connection ─ service ──▶ queue ──▶ lanes ──▶ database        one INSERT a batch, answered after the commit
//!                            │          └────▶ spool ──▶ replay ──▶ database       while the database is away
//!                            └ full, or too slow: 503 with Retry-After
//! ```

mod capacity;
mod connection;
mod database;
mod lane;
mod log;
mod metrics;
mod query;
mod queue;
mod replay;
mod server;
mod service;
mod shared;
mod spool;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::model::Datasource;
use capacity::Capacity;
use database::Database;
use lane::Lane;
use log::Log;
use queue::Queue;
use shared::Shared;
use spool::Spool;

pub use log::Out;

/// Between two looks at the queue, and the exactness of the deadlines of connections.
const LOOK: Duration = Duration::from_millis(50);
/// Between two lines about refused requests.
const SAID: Duration = Duration::from_secs(1);
/// How long the spool is replayed at the end; what is left stays in it.
const FLUSH: Duration = Duration::from_secs(5);

/// How hakaru is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where it records.
    pub database: Datasource,
    /// Directory of the spool, if there is to be one.
    pub spool: Option<PathBuf>,
    /// Bytes that the spool may have.
    pub spool_limit: u64,
    /// Impressions that may wait.
    pub queue: usize,
    /// Longest that one may wait.
    pub patience: Duration,
    /// Connections to a server that record at once.
    pub lanes: u32,
    /// Longest that connections are waited for at the end.
    pub drain: Duration,
    /// Requests a second that it serves at most, as a task with little processor; `None`: as many as it can.
    pub capacity: Option<f64>,
    /// As the original: 200 also for what was not recorded, and not a word about it.
    pub original: bool,
}

/// Why hakaru did not run, or did not end well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// What was asked for is not possible: exit code 2.
    Usage(String),
    /// Something failed: exit code 1.
    Failed(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Usage(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for Error {}

/// Runs until `stop`, then drains, flushes and ends. Says what it does to `events`, and where `lines` is given a line
/// for each request to that.
///
/// # Errors
/// See [`Error`].
pub async fn run(
    options: Options,
    clock: Clock,
    events: Out,
    lines: Option<Out>,
    stop: CancellationToken,
) -> Result<(), Error> {
    let database = Database::new(&options.database, options.spool.is_some()).map_err(Error::Usage)?;
    let lanes = database.lanes(options.lanes);
    let spool = match &options.spool {
        Some(dir) => {
            // 63 bits: the column has a sign.
            let spool = Spool::open(dir, rand::random::<u64>() >> 1, options.spool_limit);
            let failed = |e| Error::Failed(format!("the spool {} cannot be used: {e}", dir.display()));
            Some(Arc::new(spool.map_err(failed)?))
        }
        None => None,
    };
    let room = server::room_for_connections();
    let failed = |e| Error::Failed(format!("{} cannot be listened on: {e}", options.listen));
    let listener = server::bind(options.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;

    let (log, writer) = Log::start(clock, events, lines);
    let queue = Queue::new(options.queue, options.patience);
    let mut shared = Shared::new(queue, options.queue, database, spool.clone(), log);
    (shared.capacity, shared.original) = (options.capacity.map(Capacity::new), options.original);
    let shared = Arc::new(shared);
    let place = shared.database.shown();
    shared.log.say("INFO", &format!("listening on http://{address}, for {place}"));
    let (looking, recording) = (TaskTracker::new(), TaskTracker::new());
    let (look_end, replay_end) = (CancellationToken::new(), CancellationToken::new());
    looking.spawn(look(Arc::clone(&shared), look_end.clone()));
    for number in 0..lanes {
        recording.spawn(Lane::new(Arc::clone(&shared), number).run());
    }
    if let Some(spool) = &spool {
        looking.spawn(replay::run(Arc::clone(&shared), Arc::clone(spool), replay_end.clone()));
    }

    let cut = server::serve(listener, &shared, room, &stop, options.drain).await;
    shared.queue.close();
    recording.close();
    recording.wait().await;
    if let Some(spool) = &spool {
        flush(&shared, spool).await;
    }
    replay_end.cancel();
    look_end.cancel();
    looking.close();
    looking.wait().await;
    shared.log.say("INFO", "stopped");
    // The writer of lines ends with the log.
    drop(shared);
    if let Some(writer) = writer {
        // A panic of it has been said by its own thread.
        _ = tokio::task::spawn_blocking(move || writer.join()).await;
    }
    match cut {
        0 => Ok(()),
        cut => Err(Error::Failed(format!("{cut} connections did not end in time and were cut off"))),
    }
}

async fn look(shared: Arc<Shared>, end: CancellationToken) {
    let passed = Clock::stopwatch();
    let mut said = Clock::instant();
    loop {
        tokio::select! {
            () = end.cancelled() => break,
            () = tokio::time::sleep(LOOK) => {}
        }
        if let Some(capacity) = &shared.capacity
            && Clock::instant().saturating_duration_since(said) >= SAID
        {
            said = Clock::instant();
            say_refused(&shared, capacity);
        }
        // Never 0, which says that there is no mark.
        let ticks = u64::try_from(passed().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        shared.ticks.store(ticks, Relaxed);
        shared.queue.look();
    }
}

/// One line for all that were refused: more would be more work just when there is too much of it.
fn say_refused(shared: &Shared, capacity: &Capacity) {
    let refused = capacity.refused();
    if refused > 0 && !shared.original {
        let per_s = capacity.per_s();
        let text = format!("{refused} requests refused in a second: at the capacity of {per_s} a second");
        shared.log.say("WARN", &text);
    }
}

/// What can be replayed soon is; the rest is on the disk.
async fn flush(shared: &Shared, spool: &Spool) {
    let empty = async {
        while spool.holding() {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(FLUSH, empty).await.is_err() {
        let bytes = spool.bytes();
        shared
            .log
            .say("WARN", &format!("{bytes} bytes stay in the spool and are replayed by the next start"));
    }
}
