//! An endpoint as bad as they come: it delivers late, twice, out of order, in many pages with one timestamp and
//! in empty ones, throttles, hangs, fails, forgets its tokens, leaves lines out of a page, and never gives some.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use miharu::aws::{Answer, EventQuery, LiveTail, LogGroup, Logs, Page};
use miharu::clock::Clock;
use miharu::domain::log::LogEvent;
use miharu::domain::source::{Failure, FailureClass};
use miharu::engine::tail::incoming::Incoming;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// An event and what becomes of it.
#[derive(Debug, Clone)]
pub struct Sent {
    pub event: LogEvent,
    /// From when on it is given.
    pub visible: DateTime<Utc>,
    /// It never is.
    pub never: bool,
}

pub struct Fake {
    pub clock: Clock,
    /// By group, in the order of time and id.
    pub sent: BTreeMap<String, Vec<Sent>>,
    /// While these last nothing is answered.
    pub outages: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// Out of 1000 calls, so many are throttled.
    pub throttled: u32,
    pub calls: Mutex<Vec<DateTime<Utc>>>,
    /// Lines of a page at most.
    pub page: usize,
    pub rng: Mutex<ChaCha8Rng>,
}

impl Fake {
    /// Two groups that log for `minutes` from `start` on.
    pub fn seeded(seed: u64, clock: Clock, start: DateTime<Utc>, minutes: i64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut sent = BTreeMap::new();
        let mut number = 0;
        for group in ["/ecs/files", "/aws/lambda/count"] {
            let mut lines = Vec::new();
            while lines.len() < 200 {
                let at = start + TimeDelta::milliseconds(rng.random_range(0..minutes * 60_000));
                // A burst in one millisecond now and then.
                let n = if rng.random_ratio(1, 100) { rng.random_range(30..90) } else { 1 };
                for _ in 0..n {
                    number += 1;
                    lines.push(line(number, group, at, &mut rng));
                }
            }
            lines.sort_by(|a, b| (a.event.at, &a.event.id).cmp(&(b.event.at, &b.event.id)));
            sent.insert(group.to_owned(), lines);
        }
        let outages = (0..rng.random_range(0..3))
            .map(|_| {
                let from = start + TimeDelta::seconds(rng.random_range(0..minutes * 60));
                (from, from + TimeDelta::seconds(rng.random_range(30..900)))
            })
            .collect();
        let (throttled, page) = (rng.random_range(0..200), rng.random_range(15..100));
        Self { clock, sent, outages, throttled, calls: Mutex::default(), page, rng: Mutex::new(rng) }
    }

    fn draw(&self, below: u32) -> u32 {
        self.rng.lock().unwrap().random_range(0..below)
    }
}

fn line(number: usize, group: &str, at: DateTime<Utc>, rng: &mut ChaCha8Rng) -> Sent {
    let delay = match rng.random_range(0..100) {
        0..80 => rng.random_range(0..2_000),
        80..95 => rng.random_range(2_000..50_000),
        95..99 => rng.random_range(50_000..600_000),
        _ => rng.random_range(600_000..1_500_000),
    };
    let ingested_at = at + TimeDelta::milliseconds(delay);
    let level = ["INFO", "INFO", "INFO", "WARN", "ERROR"][rng.random_range(0..5)];
    let event = LogEvent {
        id: format!("{:056}", rng.random_range(0..u128::from(u64::MAX)) << 32 | number as u128),
        group: group.into(),
        stream: format!("task/{}", rng.random_range(0..7)),
        at,
        ingested_at,
        message: format!("{level} line <{number}> 日本語 mount target in 1{}", ['a', 'c', 'd'][number % 3]),
    };
    let visible = ingested_at + TimeDelta::milliseconds(rng.random_range(0..3_000));
    Sent { event, visible, never: rng.random_ratio(1, 100) }
}

fn failure(class: FailureClass) -> Failure {
    Failure::new(class, "as the test wants it")
}

#[async_trait]
impl Logs for Fake {
    async fn log_groups(&self, _: &str, _: Option<String>) -> Answer<Page<LogGroup>> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn live_tail(&self, _: &[Arc<str>]) -> Answer<Box<dyn LiveTail + '_>> {
        Err(failure(FailureClass::Other))
    }

    async fn events(&self, group: &str, query: &EventQuery, token: Option<String>) -> Answer<Page<LogEvent>> {
        self.calls.lock().unwrap().push(self.clock.now());
        self.clock.sleep(Duration::from_millis(u64::from(self.draw(150)))).await;
        let now = self.clock.now();
        if self.outages.iter().any(|(from, until)| (*from..*until).contains(&now)) {
            return Err(failure(FailureClass::Unreachable));
        }
        match self.draw(1_000) {
            n if n < self.throttled => return Err(failure(FailureClass::Throttled)),
            970..980 => return Err(failure(FailureClass::Server)),
            980..985 => std::future::pending::<()>().await,
            985..=988 if token.is_some() => return Err(failure(FailureClass::Other)),
            _ => {}
        }
        let after: usize = token.as_ref().map_or(0, |t| t.rsplit('/').next().unwrap().parse().unwrap());
        let all: Vec<&Sent> = self.sent[group]
            .iter()
            .filter(|s| s.event.at >= query.from && query.until.is_none_or(|until| s.event.at <= until))
            .collect();
        let until = (after + self.page).min(all.len());
        let mut items: Vec<LogEvent> = Vec::new();
        if self.draw(10) == 0 {
            // An empty page that is not the last one.
            let next = format!("{}/{after}", self.draw(u32::MAX));
            return Ok(Page { items, next: Some(next) });
        }
        // Twice: a few of the page before come again.
        let from = if self.draw(4) == 0 { after.saturating_sub(3) } else { after };
        for sent in &all[from.min(until)..until] {
            let left_out = sent.never || sent.visible > now || self.draw(500) == 0;
            if !left_out {
                items.push(sent.event.clone());
                if self.draw(50) == 0 {
                    items.push(sent.event.clone());
                }
            }
        }
        if self.draw(3) == 0 {
            let by = self.draw(1_000) as usize;
            let n = items.len().max(1);
            items.rotate_left(by % n);
            items.reverse();
        }
        let next = (until < all.len()).then(|| format!("{}/{until}", self.draw(u32::MAX)));
        Ok(Page { items, next })
    }
}

#[async_trait]
impl Incoming for Fake {
    async fn incoming(
        &self,
        group: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Answer<Vec<(DateTime<Utc>, u64)>> {
        if self.draw(10) == 0 {
            return Err(failure(FailureClass::Throttled));
        }
        let mut minutes: BTreeMap<DateTime<Utc>, u64> = BTreeMap::new();
        for sent in &self.sent[group] {
            let at = sent.event.ingested_at;
            if at >= from && at < to && at <= self.clock.now() {
                *minutes.entry(at.duration_trunc(TimeDelta::minutes(1)).unwrap()).or_default() += 1;
            }
        }
        Ok(minutes.into_iter().collect())
    }
}
