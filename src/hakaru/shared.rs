//! What requests, lanes and the replay share.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::capacity::Capacity;
use super::database::{Database, Facts};
use super::log::Log;
use super::metrics::{Gauges, Metrics};
use super::queue::Queue;
use super::spool::Spool;

/// See the module.
pub struct Shared {
    /// What waits.
    pub queue: Queue,
    /// Room in it.
    pub room: usize,
    /// What is counted.
    pub metrics: Metrics,
    /// What is said.
    pub log: Log,
    /// Where impressions go.
    pub database: Database,
    /// Where they go while the database is away.
    pub spool: Option<Arc<Spool>>,
    /// Milliseconds since the start, moved on by the look: exact enough for deadlines, and free.
    pub ticks: AtomicU64,
    /// Open connections.
    pub connections: AtomicUsize,
    /// How much it can do, where that is limited.
    pub capacity: Option<Capacity>,
    /// 200 whatever happened.
    pub original: bool,
    draining: AtomicBool,
    database_up: AtomicBool,
    /// Why nothing can be recorded; `None` while it can.
    trouble: Mutex<Option<String>>,
    facts: Mutex<Option<Facts>>,
    started: f64,
}

impl Shared {
    /// Everything at its beginning: the database has not been seen.
    pub fn new(queue: Queue, room: usize, database: Database, spool: Option<Arc<Spool>>, log: Log) -> Self {
        let started = log.now().timestamp_millis() as f64 / 1000.0;
        // With a spool everything can be taken from the first moment on.
        let trouble = spool.is_none().then(|| "the database has not been reached yet".to_owned());
        Self {
            queue,
            room,
            metrics: Metrics::default(),
            log,
            database,
            spool,
            ticks: AtomicU64::new(1),
            connections: AtomicUsize::new(0),
            capacity: None,
            original: false,
            draining: AtomicBool::new(false),
            database_up: AtomicBool::new(false),
            trouble: Mutex::new(trouble),
            facts: Mutex::new(None),
            started,
        }
    }

    /// From now on hakaru is stopping.
    pub fn drain(&self) {
        self.draining.store(true, Relaxed);
    }

    /// Whether it is.
    pub fn draining(&self) -> bool {
        self.draining.load(Relaxed)
    }

    /// Whether the database recorded what it was last given.
    pub fn database_is_up(&self) -> bool {
        self.database_up.load(Relaxed)
    }

    /// The database was reached; says so when that is news, or when what it is has changed.
    pub fn reached(&self, facts: &Facts) {
        let mut known = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref() == Some(facts) {
            return;
        }
        let place = self.database.shown();
        self.log.say("INFO", &format!("recording into {place} ({})", facts.text));
        if let Some(warning) = &facts.warning {
            self.log.say("WARN", warning);
        }
        if let Some(why) = &facts.no_batches {
            self.log.say(
                "WARN",
                &format!(
                    "at least once: the table hakaru_batches cannot be written ({why}), so an impression that is \
                     replayed after an outage may be recorded twice; grant CREATE, SELECT, INSERT, UPDATE and DELETE on it"
                ),
            );
        } else if self.spool.is_some() {
            self.log
                .say("INFO", "exactly once: batches are known by their number in the table hakaru_batches");
        }
        *known = Some(facts.clone());
    }

    /// Whether a replay is exactly once; `None` where that is not known.
    pub fn exactly_once(&self) -> Option<bool> {
        let known = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().filter(|_| self.spool.is_some()).map(|facts| facts.no_batches.is_none())
    }

    /// The database records.
    pub fn database_up(&self) {
        if !self.database_up.swap(true, Relaxed) {
            self.log.say("INFO", "the database records");
        }
    }

    /// The database does not record, and why.
    pub fn database_down(&self, why: &str) {
        if self.database_up.swap(false, Relaxed) {
            self.log.say("WARN", &format!("{}: {why}", self.database.shown()));
        }
    }

    /// Impressions are taken, wherever they go.
    pub fn well(&self) {
        // Locked only when there is something to take back.
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() {
            self.log.say("INFO", "impressions are taken");
        }
    }

    /// Impressions cannot be taken, and why.
    pub fn unwell(&self, why: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.as_deref() != Some(why) {
            self.log.say("ERROR", &format!("nothing can be recorded: {why}"));
            *trouble = Some(why.to_owned());
        }
    }

    /// Whether a balancer should send requests here.
    ///
    /// # Errors
    /// Why not.
    pub fn ok(&self) -> Result<(), String> {
        if self.draining() {
            return Err("hakaru is stopping".into());
        }
        if self.trouble.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            // What exactly is in the log: a balancer's check is open to everyone.
            return Err("nothing can be recorded at the moment".into());
        }
        self.queue.admits().map_err(|busy| busy.reason.to_owned())?;
        if self.queue.waiting() * 5 > self.room * 4 {
            return Err("the queue is nearly full".into());
        }
        Ok(())
    }

    /// What `/metrics` measures when it is asked.
    pub fn gauges(&self) -> Gauges {
        Gauges {
            waiting: self.queue.waiting(),
            room: self.room,
            connections: self.connections.load(Relaxed),
            healthy: self.ok().is_ok(),
            database: self.database_is_up(),
            spool: self.spool.as_ref().map(|spool| spool.bytes()),
            exactly_once: self.exactly_once(),
            started: self.started,
        }
    }
}
