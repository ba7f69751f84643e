//! The log groups of an environment as a source of the console: which they are, how often they are looked at, what
//! that costs and how it ends. The other sources answer when they are asked; this one follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc::{self, Receiver};
use tokio::sync::{Notify, watch};

use crate::app::event::{EnvironmentIndex, Event};
use crate::aws::meter::metered;
use crate::aws::{Answer, CloudWatch, LIVE_GROUPS, Logs};
use crate::clock::Clock;
use crate::domain::facts::Facts;
use crate::domain::log::batch::Batch;
use crate::domain::price::{PriceList, Usage};
use crate::domain::source::{Failure, FailureClass, Reading, SourceId};
use crate::domain::units::delta;
use crate::engine::backoff::after_failure;
use crate::engine::poller::{BACKGROUND, NUDGE_GAP};
use crate::engine::tasks::Tasks;
use crate::sources::{self, Setup};

use super::incoming::IncomingMetric;
use super::limiter::Limiters;
use super::live::LiveFeed;
use super::settings::TailSettings;
use super::tally::{Counted, Tally};
use super::{Pace, Tail};

/// Batches that wait for room in the inbox; then the tail waits.
const BATCHES: usize = 4;
/// In the time between two looks, how they end is told at most so often.
const TOLD: u32 = 3;
/// A revision of the service may log elsewhere: its groups are looked up again after this time.
const LOOKED_UP_AGAIN: Duration = Duration::from_secs(600);

/// See the module.
pub struct LogSource {
    /// Where its events belong.
    pub environment: EnvironmentIndex,
    /// Settings and outside world.
    pub setup: Setup,
    /// The region the environment ended up in.
    pub region: String,
    /// The environment's time.
    pub clock: Clock,
    /// Prices of its region.
    pub prices: Arc<PriceList>,
    /// Asks for a look now; nudges coalesce.
    pub nudge: Arc<Notify>,
    /// The environment that is shown.
    pub focus: watch::Receiver<EnvironmentIndex>,
    /// The limits of all accounts.
    pub limiters: Arc<Limiters>,
    /// Where events go, and where the tail of each group runs.
    pub tasks: Tasks,
    /// Seed of the waits.
    pub seed: u64,
}

/// What the source tells of itself, and what it has told.
struct Told {
    tally: Arc<Tally>,
    /// As of when the groups were read.
    answered: Option<DateTime<Utc>>,
    /// The last one told was a failure.
    failing: bool,
    /// What was billed since then.
    usage: Usage,
    since: DateTime<Utc>,
}

impl Told {
    fn new(now: DateTime<Utc>) -> Self {
        Self { tally: Arc::default(), answered: None, failing: false, usage: Usage::new(), since: now }
    }

    fn take(&mut self) -> Counted {
        let counted = self.tally.take();
        for (unit, n) in &counted.metered.usage {
            *self.usage.entry(unit).or_default() += n;
        }
        counted
    }
}

impl LogSource {
    /// Follows the groups until cancelled.
    pub async fn run(mut self) {
        if !self.setup.environment.logs.enabled {
            let why = "switched off (logs.enabled = false)".to_owned();
            let off = vec![(SourceId::LOGS, why.clone())];
            let event = Event::Prepared { environment: self.environment, on: Vec::new(), off };
            if self.tasks.report(event).await {
                let groups = Err(why);
                self.tasks.report(Event::Tailed { environment: self.environment, groups }).await;
            }
            return;
        }
        let settings = TailSettings::of(&self.setup.environment);
        let mut pace = Pace { period: self.period(), asked: 0, shown: self.shown() };
        if !self.prepared(pace.period).await {
            return;
        }
        let mut told = Told::new(self.clock.now());
        let Some(mut groups) = self.first_groups(&mut told).await else { return };
        let (paced, paces) = watch::channel(pace);
        let (out, batches) = mpsc::channel(BATCHES);
        let forward = forward(self.environment, batches, self.tasks.clone());
        self.tasks.spawn(format!("log lines of {}", self.setup.environment.name), forward);
        let aws = &self.setup.outside.aws;
        let tail = Tail {
            logs: Arc::clone(aws) as Arc<dyn Logs>,
            incoming: Some(Arc::new(IncomingMetric(Arc::clone(aws) as Arc<dyn CloudWatch>))),
            clock: self.clock.clone(),
            limiter: self.limiter().await,
            out,
            settings,
            pace: paces,
            tally: Arc::clone(&told.tally),
        };
        self.follow(&tail, &groups, 0);
        let mut look_up = self.clock.now() + delta(LOOKED_UP_AGAIN);
        let mut nudged = Clock::stopwatch();
        loop {
            let focused = *self.focus.borrow_and_update() == self.environment;
            let period = self.period();
            if period != pace.period || focused != pace.shown {
                pace.shown = focused;
                // What is shown again is up to date at once.
                pace.asked += u64::from(period < pace.period);
                pace.period = period;
                paced.send_replace(pace);
                if !self.prepared(period).await {
                    return;
                }
            }
            let gap = NUDGE_GAP.saturating_sub(nudged());
            tokio::select! {
                () = async { self.clock.sleep(period / TOLD).await; told.tally.changed().await } => {}
                () = async { tokio::time::sleep(gap).await; self.nudge.notified().await } => {
                    nudged = Clock::stopwatch();
                    pace.asked += 1;
                    paced.send_replace(pace);
                }
                changed = self.focus.changed(), if !focused => if changed.is_err() { return },
            }
            if !self.tell(&mut told, period).await {
                return;
            }
            if self.clock.now() >= look_up {
                look_up = self.clock.now() + delta(LOOKED_UP_AGAIN);
                if !self.new_groups(&tail, &mut groups, &told.tally).await {
                    return;
                }
            }
        }
    }

    /// Time between two looks: longer while another environment is shown.
    fn period(&self) -> Duration {
        let period = self.setup.environment.every(SourceId::LOGS);
        if self.shown() { period } else { period * BACKGROUND }
    }

    fn shown(&self) -> bool {
        *self.focus.borrow() == self.environment
    }

    async fn prepared(&self, period: Duration) -> bool {
        let on = vec![(SourceId::LOGS, u64::try_from(period.as_millis()).unwrap_or(u64::MAX))];
        self.tasks.report(Event::Prepared { environment: self.environment, on, off: Vec::new() }).await
    }

    /// Follows groups, the first of which is group `first`.
    fn follow(&self, tail: &Tail, groups: &[Arc<str>], first: u32) {
        let draw = |n: u32| ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(u64::from(n)));
        let mut index = first;
        for some in groups.chunks(LIVE_GROUPS) {
            let mut heard = BTreeMap::new();
            if self.setup.environment.logs.live {
                let parts = (Arc::clone(&tail.logs), self.clock.clone(), Arc::clone(&tail.tally));
                let (feed, hear) = LiveFeed::new(parts, tail.settings.deadline, tail.pace.clone(), some);
                self.tasks.spawn("Live Tail", feed.run(draw(index | 1 << 31)));
                heard = hear;
            }
            for group in some {
                let live = heard.remove(group);
                let follow = tail.clone().follow(Arc::clone(group), index, live, draw(index));
                self.tasks.spawn(format!("tail of {group}"), follow);
                index += 1;
            }
        }
    }

    /// The groups, as soon as it can be told which they are; `None`: nobody listens any more.
    async fn first_groups(&self, told: &mut Told) -> Option<Vec<Arc<str>>> {
        let mut failures = 0;
        loop {
            match self.counted(&told.tally, groups(&self.setup)).await {
                Ok(groups) => {
                    let event = Event::Tailed { environment: self.environment, groups: Ok(groups.clone()) };
                    return self.tasks.report(event).await.then_some(groups);
                }
                Err(failure) => {
                    failures += 1;
                    let wait = after_failure(failure.class, failures, self.period());
                    let result = Err(failure);
                    let counted = told.take();
                    let reading = self.reading(told, &counted, self.clock.now(), (result, wait));
                    if !self.report(reading).await {
                        return None;
                    }
                    tokio::select! {
                        () = self.clock.sleep(wait) => {}
                        () = self.nudge.notified() => {}
                    }
                }
            }
        }
    }

    /// Follows groups that were not there before, too.
    async fn new_groups(&self, tail: &Tail, known: &mut Vec<Arc<str>>, tally: &Tally) -> bool {
        // A failure says nothing about the groups that are followed.
        let Ok(found) = self.counted(tally, groups(&self.setup)).await else { return true };
        let new: Vec<Arc<str>> = found.into_iter().filter(|group| !known.contains(group)).collect();
        if new.is_empty() {
            return true;
        }
        self.follow(tail, &new, u32::try_from(known.len()).unwrap_or(u32::MAX));
        known.extend(new);
        let groups = Ok(known.clone());
        self.tasks.report(Event::Tailed { environment: self.environment, groups }).await
    }

    /// The account's limit. An identity that cannot be asked is told from others by what is configured.
    async fn limiter(&self) -> Arc<super::limiter::Limiter> {
        let environment = &self.setup.environment;
        let asked = self.setup.outside.aws.caller_identity();
        let account = match tokio::time::timeout(environment.deadline(SourceId::LOGS), asked).await {
            Ok(Ok(identity)) => identity.account,
            _ => environment
                .expected_account
                .clone()
                .unwrap_or_else(|| format!("profile {}", environment.profile.as_deref().unwrap_or_default())),
        };
        self.limiters.of(&account, &self.region, &self.clock, environment.logs.calls_per_s)
    }

    async fn counted<T>(&self, tally: &Tally, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let deadline = self.setup.environment.deadline(SourceId::LOGS);
        let began = Clock::stopwatch();
        let (answer, metered) = metered(tokio::time::timeout(deadline, call)).await;
        tally.add(metered, began());
        answer.unwrap_or_else(|_| {
            let text = format!("no answer within {}", humantime::format_duration(deadline));
            Err(Failure::new(FailureClass::Timeout, text))
        })
    }

    /// Tells how the calls since the last time ended; `false` when nobody listens any more.
    async fn tell(&self, told: &mut Told, period: Duration) -> bool {
        let counted = told.take();
        let missing = |failure: &Failure| failure.class == FailureClass::NotFound;
        let failing = counted.groups.iter().find_map(|(group, health)| {
            let failure = health.failure.as_ref().filter(|failure| !missing(failure))?;
            Some(Failure { text: format!("{group}: {}", failure.text), ..failure.clone() })
        });
        if let Some(failure) = failing {
            // Each failure is told once; until there is an answer the source grows older.
            if counted.failed == 0 {
                return true;
            }
            told.failing = true;
            return self.report(self.reading(told, &counted, self.clock.now(), (Err(failure), period))).await;
        }
        // As old as the group that was read the longest ago. A group that does not exist is none that could be.
        let there = counted.groups.values().filter(|h| !h.failure.as_ref().is_some_and(missing));
        let all_missing = there.clone().next().is_none() && !counted.groups.is_empty();
        let at =
            if all_missing { Some(self.clock.now()) } else { there.map(|h| h.answered_at).min().flatten() };
        let Some(at) = at.filter(|at| told.failing || Some(*at) > told.answered) else { return true };
        (told.answered, told.failing) = (Some(at), false);
        let warnings: Vec<Failure> = counted
            .groups
            .iter()
            .filter_map(|(group, health)| {
                let failure = health.failure.as_ref()?;
                Some(Failure { text: format!("{group}: {}", failure.text), ..failure.clone() })
            })
            .collect();
        let reading = Reading { warnings, ..self.reading(told, &counted, at, (Ok(Vec::new()), period)) };
        self.report(reading).await
    }

    fn reading(
        &self,
        told: &Told,
        counted: &Counted,
        at: DateTime<Utc>,
        (result, wait): (Result<Vec<Facts>, Failure>, Duration),
    ) -> Reading {
        // Not every look costs something: of what all have cost, the share of one.
        let passed = (self.clock.now() - told.since).max(delta(TailSettings::default().audit));
        let share = wait.as_secs_f64() * 1000.0 / passed.num_milliseconds().max(1) as f64;
        let took_ms = u64::try_from(counted.took.as_millis()).unwrap_or(u64::MAX);
        Reading {
            source: SourceId::LOGS,
            started_at: at - TimeDelta::try_milliseconds(took_ms.cast_signed()).unwrap_or_default(),
            at,
            took_ms,
            calls: counted.metered.calls,
            cost_usd: self.prices.cost(&told.usage).map(|usd| usd * share),
            next_at: self.clock.now() + delta(wait),
            result,
            partial: Vec::new(),
            warnings: Vec::new(),
        }
    }

    async fn report(&self, reading: Reading) -> bool {
        if let Err(failure) = &reading.result {
            tracing::warn!(source = %SourceId::LOGS, class = ?failure.class, "{}", failure.line());
        }
        self.tasks.report(Event::Observed { environment: self.environment, reading: Box::new(reading) }).await
    }
}

/// Hands batches on. A full inbox delays the tail, and loses nothing.
async fn forward(environment: EnvironmentIndex, mut batches: Receiver<Batch>, tasks: Tasks) {
    while let Some(batch) = batches.recv().await {
        if !tasks.report(Event::Logged { environment, batch: Arc::new(batch) }).await {
            return;
        }
    }
}

/// The configured groups, or else those that the service logs to.
async fn groups(setup: &Setup) -> Answer<Vec<Arc<str>>> {
    let configured = &setup.environment.logs.groups;
    let names =
        if configured.is_empty() { sources::logs::of_service(setup).await? } else { configured.clone() };
    let mut seen = BTreeSet::new();
    Ok(names.into_iter().filter(|name| seen.insert(name.clone())).map(Arc::from).collect())
}
