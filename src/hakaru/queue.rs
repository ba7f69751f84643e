//! The bounded queue between requests and the database: what is in it has not been answered yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::query::Impression;
use crate::clock::Clock;

/// From here on more wait than a lane takes at once.
const BACKLOG: usize = 1000;
/// While a lane records, another one takes what is at least so much, since a commit costs the database much the same
/// for one row as for hundreds, …
const WORTHWHILE: usize = 500;
/// … or what has waited so long at a look: that lane may hang.
const OVERDUE: Duration = Duration::from_millis(20);

/// What a request is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is recorded durably.
    Recorded,
    /// The database does not take this one, and why.
    Refused(String),
    /// It is not known to be recorded; the reason.
    Unavailable(String),
}

/// An impression on its way.
#[derive(Debug)]
pub struct Pending {
    /// What is recorded.
    pub impression: Impression,
    /// When it was accepted, seconds since 1970.
    pub accepted: i64,
    since: Instant,
    reply: oneshot::Sender<Answer>,
}

impl Pending {
    /// Answers the request, if it still waits.
    pub fn answer(self, answer: Answer) {
        // Who has gone needs no answer.
        _ = self.reply.send(answer);
    }
}

/// Why an impression was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// In words.
    pub reason: &'static str,
    /// When to try again, seconds.
    pub retry_after: u64,
}

/// See the module. Shared by all requests and lanes.
#[derive(Debug)]
pub struct Queue {
    inner: Mutex<Inner>,
    ready: Notify,
    most: usize,
    patience: Duration,
}

#[derive(Debug)]
struct Inner {
    rows: VecDeque<Pending>,
    open: bool,
    /// Lanes that record.
    recording: usize,
    /// What waits is not left to the lane that records.
    overdue: bool,
    /// Since when nothing can be recorded.
    down: Option<Instant>,
    /// Rows recorded a second while there was a backlog; `None` while there is none.
    rate: Option<f64>,
    /// Whether there was a backlog at the last look.
    backlog: bool,
    /// Rows recorded since the last look.
    recorded: u64,
    looked: Instant,
}

impl Queue {
    /// A queue of at most `most` impressions, none of which waits longer than `patience`.
    pub fn new(most: usize, patience: Duration) -> Self {
        let inner = Inner {
            rows: VecDeque::new(),
            open: true,
            recording: 0,
            overdue: false,
            down: None,
            rate: None,
            backlog: false,
            recorded: 0,
            looked: Clock::instant(),
        };
        Self { inner: Mutex::new(inner), ready: Notify::new(), most, patience }
    }

    /// Lets an impression in.
    ///
    /// # Errors
    /// There is no room, or the wait would be longer than the patience.
    pub fn offer(&self, impression: Impression, accepted: i64) -> Result<oneshot::Receiver<Answer>, Busy> {
        let (reply, answer) = oneshot::channel();
        let since = Clock::instant();
        let mut inner = self.lock();
        inner.admits(self.most, self.patience, since)?;
        inner.rows.push_back(Pending { impression, accepted, since, reply });
        let ready = inner.rows.len() == if inner.recording == 0 { 1 } else { WORTHWHILE };
        drop(inner);
        if ready {
            self.ready.notify_one();
        }
        Ok(answer)
    }

    /// Waits for impressions and takes the oldest, at most `most`, with a turn that is kept until they are recorded;
    /// `None` when the queue is closed and empty.
    pub async fn take(&self, most: usize) -> Option<(Vec<Pending>, Turn<'_>)> {
        loop {
            let ready = self.ready.notified();
            {
                let mut inner = self.lock();
                if inner.is_due() {
                    let count = inner.rows.len().min(most);
                    let taken = inner.rows.drain(..count).collect();
                    inner.recording += 1;
                    inner.overdue = false;
                    let rest = inner.is_due();
                    drop(inner);
                    if rest {
                        self.ready.notify_one();
                    }
                    return Some((taken, Turn(self)));
                }
                if !inner.open && inner.rows.is_empty() {
                    return None;
                }
            }
            ready.await;
        }
    }

    /// Nothing comes any more: lanes end when what is here is taken.
    pub fn close(&self) {
        self.lock().open = false;
        self.ready.notify_waiters();
        self.ready.notify_one();
    }

    /// Whether [`Queue::close`] was called.
    pub fn closed(&self) -> bool {
        !self.lock().open
    }

    /// Says that `rows` were recorded.
    pub fn recorded(&self, rows: usize) {
        let mut inner = self.lock();
        inner.recorded += rows as u64;
        inner.down = None;
    }

    /// Says that nothing can be recorded from now on, or that it can again.
    pub fn down(&self, down: bool) {
        let mut inner = self.lock();
        inner.down = down.then(|| inner.down.unwrap_or_else(Clock::instant));
    }

    /// Longest that an impression waits.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Impressions that wait.
    pub fn waiting(&self) -> usize {
        self.lock().rows.len()
    }

    /// Whether the next impression would be let in.
    ///
    /// # Errors
    /// As [`Queue::offer`].
    pub fn admits(&self) -> Result<(), Busy> {
        self.lock().admits(self.most, self.patience, Clock::instant())
    }

    /// Measures the rate and answers those that have waited too long. Called a few times a second.
    pub fn look(&self) {
        let mut late = Vec::new();
        let mut inner = self.lock();
        let now = Clock::instant();
        let passed = now.saturating_duration_since(inner.looked).as_secs_f64();
        // Only with a backlog from one look to the next is what is recorded what could be recorded.
        let backlog = inner.rows.len() > BACKLOG;
        if passed > 0.0 && backlog && inner.backlog {
            let rate = inner.recorded as f64 / passed;
            inner.rate = Some(inner.rate.map_or(rate, |before| before * 0.8 + rate * 0.2));
        } else if !backlog {
            inner.rate = None;
        }
        inner.backlog = backlog;
        inner.looked = now;
        inner.recorded = 0;
        while inner.rows.front().is_some_and(|p| now.saturating_duration_since(p.since) > self.patience) {
            late.extend(inner.rows.pop_front());
        }
        inner.overdue = inner.rows.front().is_some_and(|p| now.saturating_duration_since(p.since) >= OVERDUE);
        let due = inner.is_due();
        drop(inner);
        if due {
            self.ready.notify_one();
        }
        for pending in late {
            pending.answer(Answer::Unavailable("it waited too long for the database".into()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lane's time of recording.
#[derive(Debug)]
pub struct Turn<'a>(&'a Queue);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.recording -= 1;
        let due = inner.is_due();
        drop(inner);
        if due {
            self.0.ready.notify_one();
        }
    }
}

impl Inner {
    fn is_due(&self) -> bool {
        let least = if self.recording == 0 || self.overdue || !self.open { 1 } else { WORTHWHILE };
        self.rows.len() >= least
    }

    fn admits(&self, most: usize, patience: Duration, now: Instant) -> Result<(), Busy> {
        let busy = |reason, retry_after| Err(Busy { reason, retry_after });
        if !self.open {
            return busy("hakaru is stopping", 1);
        }
        if self.down.is_some_and(|since| now.saturating_duration_since(since) > patience) {
            return busy("nothing can be recorded at the moment", 2);
        }
        if self.rows.len() >= most {
            return busy("the queue is full", 1);
        }
        let waiting = self.rows.len() as f64;
        if self.rate.is_some_and(|rate| waiting > rate.max(1.0) * patience.as_secs_f64()) {
            return busy("the wait would be too long", 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impression(value: u32) -> Impression {
        Impression { name: "open".into(), value }
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_come_first_and_the_end_is_seen_by_all() {
        let queue = Queue::new(10, Duration::from_secs(2));
        for value in 0..5 {
            queue.offer(impression(value), 0).unwrap();
        }
        let values =
            |(taken, _): (Vec<Pending>, _)| taken.iter().map(|p| p.impression.value).collect::<Vec<_>>();
        assert_eq!(values(queue.take(3).await.unwrap()), [0, 1, 2]);
        queue.close();
        assert!(queue.offer(impression(9), 0).unwrap_err().reason.contains("stopping"));
        assert_eq!(values(queue.take(3).await.unwrap()), [3, 4]);
        let (a, b) = tokio::join!(queue.take(3), queue.take(3));
        assert!(a.is_none() && b.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_lane_takes_what_is_worth_it_or_has_waited() {
        let queue = Queue::new(10_000, Duration::from_secs(2));
        let offer = |n| (0..n).for_each(|_| _ = queue.offer(impression(0), 0).unwrap());
        let size = |taken: &Option<(Vec<Pending>, Turn<'_>)>| taken.as_ref().map(|(rows, _)| rows.len());
        let soon = |most| tokio::time::timeout(Duration::from_millis(1), queue.take(most));
        offer(2);
        let first = queue.take(100).await;
        assert_eq!(size(&first), Some(2));
        offer(3);
        assert!(soon(100).await.is_err(), "left to the lane that records");
        offer(WORTHWHILE - 3);
        let second = soon(WORTHWHILE - 1).await.unwrap();
        assert_eq!(size(&second), Some(WORTHWHILE - 1));
        assert!(soon(100).await.is_err());
        queue.look();
        assert!(soon(100).await.is_err());
        tokio::time::sleep(OVERDUE).await;
        queue.look();
        assert_eq!(size(&soon(100).await.unwrap()), Some(1), "it has waited for long enough");
        offer(1);
        assert!(soon(100).await.is_err());
        drop((first, second));
        assert_eq!(size(&soon(100).await.unwrap()), Some(1), "nobody records any more");
        let _third = {
            offer(1);
            queue.take(100).await
        };
        offer(1);
        queue.close();
        assert_eq!(size(&soon(100).await.unwrap()), Some(1), "the end waits for nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_refuses_and_old_ones_are_told() {
        let queue = Queue::new(2, Duration::from_secs(2));
        let first = queue.offer(impression(1), 0).unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let mut second = queue.offer(impression(2), 0).unwrap();
        assert_eq!(queue.offer(impression(3), 0).unwrap_err().reason, "the queue is full");
        tokio::time::sleep(Duration::from_millis(600)).await;
        queue.look();
        assert!(matches!(first.await.unwrap(), Answer::Unavailable(_)));
        assert!(second.try_recv().is_err(), "the second still waits");
        assert!(queue.offer(impression(3), 0).is_ok(), "there is room again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_would_be_too_long_is_refused_at_once() {
        let queue = Queue::new(100_000, Duration::from_secs(2));
        let offer = |n| (0..n).filter(|_| queue.offer(impression(0), 0).is_ok()).count();
        assert_eq!(offer(1200), 1200);
        queue.look();
        queue.recorded(1000);
        tokio::time::sleep(Duration::from_secs(1)).await;
        queue.look();
        // 1 000 a second are recorded: 2 000 wait two seconds.
        assert_eq!(offer(5000), 801);
        assert_eq!(queue.admits().unwrap_err().reason, "the wait would be too long");
        queue.take(1900).await.unwrap();
        queue.look();
        assert_eq!(offer(5000), 5000, "without a backlog nothing is known");
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_bridged_for_as_long_as_one_waits() {
        let queue = Queue::new(10, Duration::from_secs(2));
        queue.down(true);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(queue.offer(impression(1), 0).is_ok());
        queue.down(true);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(queue.admits().unwrap_err().reason, "nothing can be recorded at the moment");
        queue.recorded(1);
        assert!(queue.admits().is_ok());
    }
}
