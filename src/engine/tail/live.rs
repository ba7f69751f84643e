//! Live Tail: lines within a second or two, for money by the minute. It samples where there are more than 500 lines
//! a second, ends after three hours, and may break; so the groups are read all the same, only less often, and what
//! it left out is found there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, RngExt};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::watch;

use crate::aws::meter::{Metered, metered};
use crate::aws::{Answer, LIVE_SESSION, LiveTail, LiveUpdate, Logs};
use crate::clock::Clock;
use crate::domain::log::LogEvent;
use crate::domain::log::batch::LiveState;
use crate::domain::price::LIVE_TAIL_MINUTE;
use crate::domain::source::{Failure, FailureClass};
use crate::domain::units::delta;
use crate::engine::backoff::{after_failure, jittered};

use super::tally::Tally;
use super::{Pace, changed};

/// A session is followed by another one so long before its end.
const BEFORE_THE_END: Duration = Duration::from_secs(600);
/// An update comes every second; without one for so long the session is broken.
const SILENCE: Duration = Duration::from_secs(30);
/// Updates that wait for a group whose call is under way.
const UPDATES: usize = 64;
/// What a session tells in its beginning may have been told by the one before.
const OVERLAP: TimeDelta = TimeDelta::seconds(10);
const SECOND: Duration = Duration::from_secs(1);
/// First wait after a failure; it grows.
const AGAIN: Duration = Duration::from_secs(5);

/// What a group is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Live {
    /// Lines were taken in.
    Lines {
        /// The group's events.
        events: Vec<LogEvent>,
        /// They are a sample.
        sampled: bool,
    },
    /// The session is in another state.
    State(LiveState),
}

/// One session after the other, for at most [`crate::aws::LIVE_GROUPS`] groups.
pub struct LiveFeed {
    logs: Arc<dyn Logs>,
    clock: Clock,
    tally: Arc<Tally>,
    deadline: Duration,
    pace: watch::Receiver<Pace>,
    out: BTreeMap<Arc<str>, Sender<Live>>,
    /// The newest line that was told, by the time it was taken in.
    told: Option<DateTime<Utc>>,
}

/// Why a session is no longer read.
enum Ended {
    /// It is to be followed by another one.
    Renew,
    /// It broke.
    Broke(Failure),
    /// Nobody looks at the environment.
    Hidden,
    /// Nobody listens.
    Alone,
}

impl LiveFeed {
    /// A feed of these groups, and what each of them is told.
    pub fn new(
        (logs, clock, tally): (Arc<dyn Logs>, Clock, Arc<Tally>),
        deadline: Duration,
        pace: watch::Receiver<Pace>,
        groups: &[Arc<str>],
    ) -> (Self, BTreeMap<Arc<str>, Receiver<Live>>) {
        let (mut out, mut hear) = (BTreeMap::new(), BTreeMap::new());
        for group in groups {
            let (sender, receiver) = mpsc::channel(UPDATES);
            out.insert(Arc::clone(group), sender);
            hear.insert(Arc::clone(group), receiver);
        }
        (Self { logs, clock, tally, deadline, pace, out, told: None }, hear)
    }

    /// Goes on until nobody listens any more. A session costs money: there is none while nobody looks.
    pub async fn run(mut self, mut draw: impl Rng + Send) {
        let logs = Arc::clone(&self.logs);
        let mut failures = 0;
        loop {
            while !self.pace.borrow_and_update().shown {
                changed(&mut self.pace).await;
            }
            while !self.tally.knows(self.out.keys()) {
                self.clock.sleep(SECOND).await;
            }
            // A group that does not exist lets the whole call fail: reading has found out which there are.
            let there = self.tally.there(self.out.keys());
            let started = if there.is_empty() {
                Err(Failure::new(FailureClass::NotFound, "no log group could be read so far"))
            } else {
                self.start(&*logs, &there).await
            };
            let failure = match started {
                Ok(session) => {
                    failures = 0;
                    match self.read(session, &there).await {
                        Ended::Renew => continue,
                        Ended::Hidden => {
                            self.tell(&there, &Live::State(LiveState::Paused)).await;
                            continue;
                        }
                        Ended::Alone => return,
                        Ended::Broke(failure) => failure,
                    }
                }
                Err(failure) => failure,
            };
            failures += 1;
            let wait = jittered(after_failure(failure.class, failures, AGAIN), draw.random());
            let again = self.clock.now() + delta(wait);
            let all: Vec<Arc<str>> = self.out.keys().cloned().collect();
            if !self.tell(&all, &Live::State(LiveState::Failing { failure, again })).await {
                return;
            }
            self.clock.sleep(wait).await;
        }
    }

    async fn start<'l>(&self, logs: &'l dyn Logs, groups: &[Arc<str>]) -> Answer<Box<dyn LiveTail + 'l>> {
        let began = Clock::stopwatch();
        let call = tokio::time::timeout(self.deadline, logs.live_tail(groups));
        let (answer, metered) = metered(call).await;
        self.tally.add(metered, began());
        answer.unwrap_or_else(|_| {
            let text =
                format!("Live Tail did not start within {}", humantime::format_duration(self.deadline));
            Err(Failure::new(FailureClass::Timeout, text))
        })
    }

    /// Reads a session to its end.
    async fn read(&mut self, mut session: Box<dyn LiveTail + '_>, groups: &[Arc<str>]) -> Ended {
        let since = self.clock.now();
        let end = since + delta(LIVE_SESSION.saturating_sub(BEFORE_THE_END));
        let before = self.told;
        if !self.tell(groups, &Live::State(LiveState::Streaming { since })).await {
            return Ended::Alone;
        }
        let mut minutes = 0;
        loop {
            let now = self.clock.now();
            let passed = (now - since).num_minutes() + 1;
            self.bill(passed - minutes);
            minutes = passed;
            if now >= end {
                return Ended::Renew;
            }
            let mut pace = self.pace.clone();
            let update = tokio::select! {
                update = tokio::time::timeout(SILENCE, session.next()) => update,
                () = changed(&mut pace) => {
                    if !self.pace.borrow_and_update().shown {
                        return Ended::Hidden;
                    }
                    continue;
                }
            };
            let LiveUpdate { mut events, sampled } = match update {
                Ok(Ok(Some(update))) => update,
                Ok(Ok(None)) => return Ended::Renew,
                Ok(Err(failure)) => return Ended::Broke(failure),
                Err(_) => {
                    let text = format!("Live Tail was silent for {} s", SILENCE.as_secs());
                    return Ended::Broke(Failure::new(FailureClass::Timeout, text));
                }
            };
            for group in groups {
                self.tally.heard(group, self.clock.now());
            }
            if now - since < OVERLAP {
                // Reading finds what is left out here; what came twice, nobody could take back.
                events.retain(|event| before.is_none_or(|before| event.ingested_at > before));
            }
            self.told = events.iter().map(|event| event.ingested_at).max().max(self.told);
            if !self.hand_out(events, sampled, groups).await {
                return Ended::Alone;
            }
        }
    }

    async fn hand_out(&self, events: Vec<LogEvent>, sampled: bool, groups: &[Arc<str>]) -> bool {
        let mut by_group: BTreeMap<Arc<str>, Vec<LogEvent>> = BTreeMap::new();
        for event in events {
            by_group.entry(Arc::clone(&event.group)).or_default().push(event);
        }
        for group in groups {
            let events = by_group.remove(group).unwrap_or_default();
            if events.is_empty() && !sampled {
                continue;
            }
            if let Some(out) = self.out.get(group)
                && out.send(Live::Lines { events, sampled }).await.is_err()
            {
                return false;
            }
        }
        true
    }

    async fn tell(&self, groups: &[Arc<str>], live: &Live) -> bool {
        for out in groups.iter().filter_map(|group| self.out.get(group)) {
            if out.send(live.clone()).await.is_err() {
                return false;
            }
        }
        true
    }

    fn bill(&self, minutes: i64) {
        if let Some(minutes) = u64::try_from(minutes).ok().filter(|minutes| *minutes > 0) {
            let usage = [(LIVE_TAIL_MINUTE, minutes)].into();
            self.tally.add_billed(Metered { calls: 0, usage });
        }
    }
}
