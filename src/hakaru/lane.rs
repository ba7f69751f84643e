//! A lane takes what waits, records it as one batch, and answers when it is on the disk: in the database, or, while
//! that is away, in the spool. While one batch is being written the next one gathers, so batches are as large as the
//! load makes them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::database::{Failure, Link, Refused, Row, Stamp};
use super::queue::{Answer, Pending};
use super::shared::Shared;
use super::spool::Spool;
use crate::clock::Clock;

/// Impressions of a batch, at most.
const ROWS: usize = 5000;
/// Longest that a batch may take in the database before it counts as failed, unless one may wait for longer.
const STATEMENT: Duration = Duration::from_secs(5);
/// Between two looks at an idle connection.
const IDLE: Duration = Duration::from_secs(2);
/// Between two attempts to connect: at first, at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Before a batch is tried again that another transaction was in the way of.
const AGAIN: Duration = Duration::from_millis(10);

/// See the module.
pub struct Lane {
    shared: Arc<Shared>,
    number: u32,
    /// Batches so far, for stamps.
    batch: u64,
    link: Option<Link>,
    backoff: Duration,
    /// No attempt to connect before.
    rest: Instant,
}

/// What became of a batch in the database.
enum Outcome {
    Recorded(Vec<Refused>),
    Failed(String),
}

impl Lane {
    /// One of several.
    pub fn new(shared: Arc<Shared>, number: u32) -> Self {
        Self { shared, number, batch: 0, link: None, backoff: BACKOFF.0, rest: Clock::instant() }
    }

    /// Records until the queue is closed and empty.
    pub async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            if shared.spool.is_none() && !self.connected().await {
                break;
            }
            let taken = tokio::select! {
                taken = shared.queue.take(ROWS) => taken,
                () = tokio::time::sleep(IDLE) => {
                    self.idle().await;
                    continue;
                }
            };
            let Some((batch, _turn)) = taken else { break };
            match shared.spool.clone() {
                None => self.record(batch).await,
                Some(spool) => self.record_or_spool(batch, &spool).await,
            }
        }
        if let Some(link) = self.link.take() {
            link.close().await;
        }
    }

    /// Connects, however long that takes; `false` when the queue has ended before.
    async fn connected(&mut self) -> bool {
        while self.link.is_none() {
            tokio::time::sleep_until(self.rest).await;
            if self.connect().await {
                self.shared.well();
                self.shared.queue.down(false);
                break;
            }
            self.shared.queue.down(true);
            if self.shared.queue.closed() && self.shared.queue.waiting() == 0 {
                return false;
            }
        }
        true
    }

    /// One attempt. After trouble the database has to take an impression, else a server that has become read-only or
    /// has no room would be taken for well.
    async fn connect(&mut self) -> bool {
        let connected = async {
            let mut link = self.shared.database.connect().await?;
            if !self.shared.database_is_up() {
                link.probe().await?;
            }
            Ok::<_, super::database::Fault>(link)
        };
        match connected.await {
            Ok(link) => {
                self.shared.reached(&link.facts);
                self.shared.database_up();
                self.link = Some(link);
                true
            }
            Err(fault) => {
                self.shared.database_down(&fault.text);
                if self.shared.spool.is_none() {
                    self.shared.unwell(&fault.text);
                }
                self.failed();
                false
            }
        }
    }

    /// After each failure the next attempt comes later, until a batch is recorded.
    fn failed(&mut self) {
        self.rest = Clock::instant() + self.backoff;
        self.backoff = (self.backoff * 2).min(BACKOFF.1);
    }

    /// A connection that was cut while nothing was to be done is found here, not by an impression.
    async fn idle(&mut self) {
        if let Some(link) = &mut self.link
            && let Err(fault) = link.ping().await
        {
            self.shared.database_down(&fault.text);
            self.link = None;
        }
    }

    async fn record(&mut self, batch: Vec<Pending>) {
        let rows = rows(&batch, false);
        let outcome = self.in_database(&rows, None, STATEMENT.max(self.shared.queue.patience())).await;
        match outcome {
            Outcome::Recorded(refused) => answer(batch, refused),
            Outcome::Failed(why) => {
                self.shared.unwell(&why);
                self.shared.queue.down(true);
                let answer = Answer::Unavailable("the database does not record at the moment".into());
                for pending in batch {
                    pending.answer(answer.clone());
                }
            }
        }
    }

    async fn record_or_spool(&mut self, batch: Vec<Pending>, spool: &Arc<Spool>) {
        self.batch += 1;
        let stamp = Stamp { writer: spool.writer(), lane: self.number, batch: self.batch };
        let mut tried = false;
        let gate = loop {
            if !tried && !spool.holding() {
                tried = true;
                if let Some(refused) = self.direct(&batch, stamp).await {
                    self.shared.well();
                    answer(batch, refused);
                    return;
                }
            }
            let gate = spool.gate().read().await;
            // The replay may have ended while it held the gate.
            if tried || spool.holding() {
                break gate;
            }
        };
        let of = Arc::clone(spool);
        // Writing to a disk blocks, and may block for long.
        let appended = tokio::task::spawn_blocking(move || {
            let done = of.append(stamp, &rows(&batch, true));
            (batch, done)
        });
        let Ok((batch, done)) = appended.await else { return };
        drop(gate);
        match done {
            Ok(()) => {
                self.shared.metrics.spooled.add(batch.len());
                self.shared.queue.recorded(batch.len());
                self.shared.well();
                for pending in batch {
                    pending.answer(Answer::Recorded);
                }
            }
            Err(error) => {
                self.shared.unwell(&format!("the spool cannot be written: {error}"));
                for pending in batch {
                    pending.answer(Answer::Unavailable("neither database nor spool can record".into()));
                }
            }
        }
    }

    /// A batch straight into the database, with a spool behind it; `None` where that failed. A database that takes
    /// half of the time that one may wait leaves the other half for the spool, and for those behind this batch.
    async fn direct(&mut self, batch: &[Pending], stamp: Stamp) -> Option<Vec<Refused>> {
        let within = self.shared.queue.patience() / 2;
        if self.link.is_none() {
            if Clock::instant() < self.rest {
                return None;
            }
            if !tokio::time::timeout(within, self.connect()).await.unwrap_or(false) {
                self.failed();
                return None;
            }
        }
        let rows = rows(batch, true);
        let stamp = self.link.as_ref().filter(|link| link.facts.no_batches.is_none()).map(|_| stamp);
        match self.in_database(&rows, stamp, within).await {
            Outcome::Recorded(refused) => Some(refused),
            Outcome::Failed(_) => None,
        }
    }

    /// One batch in the database. Another transaction in the way is waited for; a connection that failed is dropped.
    async fn in_database(&mut self, rows: &[Row<'_>], stamp: Option<Stamp>, deadline: Duration) -> Outcome {
        let Some(mut link) = self.link.take() else {
            return Outcome::Failed("there is no connection".into());
        };
        let took = Clock::stopwatch();
        let recorded = tokio::time::timeout(deadline, async {
            loop {
                match link.record(rows, stamp).await {
                    Err(Failure::Never { again: true, .. }) => tokio::time::sleep(AGAIN).await,
                    other => break other,
                }
            }
        });
        let metrics = &self.shared.metrics;
        let why = match recorded.await {
            Ok(Ok(refused)) => {
                metrics.batch_duration.time(took());
                metrics.batch_rows.rows(rows.len());
                metrics.committed.add(rows.len() - refused.len());
                metrics.refused.add(refused.len());
                self.shared.queue.recorded(rows.len());
                self.link = Some(link);
                self.backoff = BACKOFF.0;
                return Outcome::Recorded(refused);
            }
            Ok(Err(failure)) => failure.text().to_owned(),
            Err(_) => format!("a batch was not recorded within {deadline:?}"),
        };
        metrics.failed_batches.one();
        self.shared.database_down(&why);
        self.failed();
        Outcome::Failed(why)
    }
}

fn answer(batch: Vec<Pending>, refused: Vec<Refused>) {
    let mut refused = refused.into_iter().peekable();
    for (index, pending) in batch.into_iter().enumerate() {
        let reason = refused.next_if(|r| r.index == index).map(|r| r.reason);
        pending.answer(reason.map_or(Answer::Recorded, Answer::Refused));
    }
}

/// Rows of a batch. With a spool they have the time at which they were accepted, whichever way they go.
fn rows(batch: &[Pending], accepted: bool) -> Vec<Row<'_>> {
    let row = |p: &Pending| p.accepted;
    batch
        .iter()
        .map(|p| Row { name: &p.impression.name, value: p.impression.value, at: accepted.then(|| row(p)) })
        .collect()
}
