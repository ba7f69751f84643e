//! Impressions: rows of the event log, and the counters of hakaru and kakeru, read at the same moments so that they
//! can be compared.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;

use super::{Built, Observation, Pace, Setup, Source, paced};
use crate::aws::meter;
use crate::clock::Clock;
use crate::domain::facts::Facts;
use crate::domain::impressions::{Answers, Flow, Instance, Kind, Recorded, Terms};
use crate::domain::source::{Failure, FailureClass, SourceId};
use crate::domain::units::delta;

mod counters;
mod database;
mod eventlog;
mod holes;
mod inspect;
mod log;
mod page;
mod scrape;
pub mod sql;
#[cfg(test)]
mod tests;

use counters::{Counters, Told};
use database::Database;
use eventlog::EventLog;
pub use inspect::{Inspection, inspect};
use log::Reader;

/// Between the two readings of the first poll: one reading is no rate.
const FIRST_GAP: Duration = Duration::from_secs(2);

struct ImpressionsSource {
    pace: Pace,
    terms: Terms,
    log: Option<Log>,
    pages: Vec<Watched>,
    begun: bool,
}

/// The event log and how far it was read.
struct Log {
    database: Database,
    reader: Reader,
}

/// A page of counters.
struct Watched {
    page: scrape::Page,
    counters: Counters,
    kind: Kind,
    since: Box<dyn Fn() -> Duration + Send + Sync>,
    /// The reading before failed: what the next one tells is of a longer time.
    missed: bool,
}

/// Needs an event log or pages of counters.
///
/// # Errors
/// Neither is configured, or what is cannot be used.
pub fn build(setup: &Setup) -> Built {
    let environment = &setup.environment;
    if environment.datasource.is_none() && environment.scrape.is_empty() {
        return Err("no event log and no counters configured: set hakaru.datasource (or the variable \
                    HAKARU_DATASOURCENAME), hakaru.metrics"
            .to_owned());
    }
    let log = match &environment.datasource {
        Some(source) => Some(Log { database: Database::new(source)?, reader: Reader::default() }),
        None => None,
    };
    let pages = environment
        .scrape
        .iter()
        .map(|url| Ok(Watched::new(scrape::Page::new(url)?)))
        .collect::<Result<_, String>>()?;
    Ok(Box::new(ImpressionsSource {
        pace: Pace::of(setup, SourceId::IMPRESSIONS),
        terms: environment.terms(),
        log,
        pages,
        begun: false,
    }))
}

#[async_trait]
impl Source for ImpressionsSource {
    paced!();

    async fn observe(&mut self, _now: DateTime<Utc>) -> Result<Observation, Failure> {
        let mut seen = self.poll().await?;
        if !self.begun {
            self.begun = true;
            tokio::time::sleep(FIRST_GAP).await;
            let second = self.poll().await?;
            seen.facts.extend(second.facts);
            seen.warnings = second.warnings;
            seen.incomplete = second.incomplete;
        }
        seen.facts.insert(0, Facts::Terms(self.terms));
        Ok(seen)
    }
}

impl ImpressionsSource {
    async fn poll(&mut self) -> Result<Observation, Failure> {
        let rows = async {
            match &mut self.log {
                Some(log) => Some(log.read().await),
                None => None,
            }
        };
        let (rows, flow) = futures_util::future::join(rows, flow(&mut self.pages)).await;
        let mut seen = Observation::default();
        let mut failures = Vec::new();
        match rows {
            Some(Ok(rows)) => seen.facts.push(Facts::Recorded(Box::new(rows))),
            Some(Err(failure)) => failures.push(failure),
            None => {}
        }
        if let Some(Scraped { flow, errors, any }) = flow {
            seen.facts.extend(flow.map(|flow| Facts::Flow(Box::new(flow))));
            // A load that is not running, a task that has ended: its page is not there.
            if any {
                seen.warnings.extend(errors);
            } else {
                failures.extend(errors.into_iter().next());
            }
        }
        let asked = usize::from(self.log.is_some()) + usize::from(!self.pages.is_empty());
        if failures.len() == asked && asked > 0 {
            return Err(failures.swap_remove(0));
        }
        seen.incomplete = failures.into_iter().next();
        Ok(seen)
    }
}

impl Log {
    async fn read(&mut self) -> Result<Recorded, Failure> {
        self.database.cost = <_>::default();
        let clock = Clock::system();
        let from = clock.now();
        let mut timed = Timed { log: EventLog(&mut self.database), clock: &clock, head_at: None };
        let tally = self.reader.read(&mut timed, from).await?;
        let (began, ended) = timed.head_at.unwrap_or((from, from));
        let at = began + (ended - began) / 2;
        let database_now = tally.head.utc.and_utc();
        let mut cost = self.database.cost;
        cost.rows = tally.rows;
        Ok(Recorded {
            at,
            within_ms: u64::try_from((ended - began).num_milliseconds() / 2 + 1).unwrap_or(1),
            database: self.database.version.clone(),
            clock_ahead_ms: (database_now - at).num_milliseconds(),
            database_now,
            newest_at: tally.newest,
            seconds: tally.seconds,
            total: tally.total,
            era: tally.era,
            watermark: tally.watermark,
            behind: tally.behind,
            cost,
            notes: notes(tally.notes, tally.newest, database_now),
        })
    }
}

/// What is to be said, also that the clocks or time zones differ.
fn notes(mut notes: Vec<String>, newest: Option<DateTime<Utc>>, database_now: DateTime<Utc>) -> Vec<String> {
    let early = newest.map_or(TimeDelta::zero(), |at| at - database_now);
    if early > TimeDelta::seconds(2) {
        notes.push(format!(
            "rows bear a time {} ahead of the database's: the service's session has another time zone (time_zone in \
             the datasource)",
            crate::domain::units::duration(early)
        ));
    }
    notes
}

/// What pages told.
struct Scraped {
    flow: Option<Flow>,
    errors: Vec<Failure>,
    /// At least one page was read.
    any: bool,
}

impl Watched {
    fn new(page: scrape::Page) -> Self {
        Self {
            page,
            counters: Counters::default(),
            kind: Kind::Unknown,
            since: Box::new(Clock::stopwatch()),
            missed: false,
        }
    }

    /// Reads the page; with what it told, the seconds that it told of.
    async fn read(&mut self) -> (Result<(Told, f64), Failure>, &mut Self) {
        meter::count_call();
        let fetched = self.page.fetch().await;
        let told = fetched.and_then(|text| {
            let seconds = (self.since)().as_secs_f64();
            self.since = Box::new(Clock::stopwatch());
            let told = self.counters.read(&self.page.name, page::parse(&text), seconds);
            let Some(first) = told.instances.first() else {
                let text = format!("{}: a page without counters of hakaru or kakeru", self.page.name);
                return Err(Failure::new(FailureClass::Malformed, text));
            };
            self.kind = first.kind;
            Ok((told, seconds))
        });
        (told, self)
    }
}

/// Reads all pages at once; `None` without any.
async fn flow(pages: &mut [Watched]) -> Option<Scraped> {
    if pages.is_empty() {
        return None;
    }
    let began = Clock::system().now();
    let read = join_all(pages.iter_mut().map(Watched::read)).await;
    let at = began + (Clock::system().now() - began) / 2;
    let mut sum = Sum::default();
    let mut errors = Vec::new();
    let mut any = false;
    for (told, watched) in read {
        let missed = std::mem::replace(&mut watched.missed, told.is_err());
        let counted = watched.kind == Kind::Hakaru && watched.counters.known();
        sum.incomplete |= counted && (missed || watched.missed);
        match told {
            Ok((told, seconds)) => {
                any = true;
                sum.add(told, seconds);
            }
            Err(failure) => {
                sum.instances.push(absent(&watched.page.name, watched.kind, &failure));
                errors.push(failure);
            }
        }
    }
    Some(Scraped { flow: sum.flow(at), errors, any })
}

fn absent(name: &str, kind: Kind, failure: &Failure) -> Instance {
    Instance {
        name: name.to_owned(),
        kind,
        counts: None,
        error: Some(failure.text.clone()),
        queue: None,
        queue_limit: None,
        processor: None,
        database_up: None,
        healthy: None,
        started_at: None,
    }
}

/// All pages together.
#[derive(Default)]
struct Sum {
    service: Option<Answers>,
    load: Option<Answers>,
    instances: Vec<Instance>,
    incomplete: bool,
    compared: bool,
    /// Answers, and answers a second.
    answers: u64,
    per_s: f64,
    longest_s: f64,
}

impl Sum {
    fn add(&mut self, told: Told, seconds: f64) {
        self.instances.extend(told.instances);
        self.incomplete |= told.gone;
        if !told.compared || seconds <= 0.0 {
            return;
        }
        self.compared = true;
        self.longest_s = self.longest_s.max(seconds);
        for answers in told.service.iter().chain(&told.load) {
            self.answers += answers.counts().total();
            self.per_s += answers.counts().total() as f64 / seconds;
        }
        counters::join(&mut self.service, told.service);
        counters::join(&mut self.load, told.load);
    }

    fn flow(self, at: DateTime<Utc>) -> Option<Flow> {
        if !self.compared {
            return None;
        }
        // Pages that were read at other times before tell of other times: the time in which all of it would have
        // come at the sum of their rates.
        let seconds = if self.per_s > 0.0 { self.answers as f64 / self.per_s } else { self.longest_s };
        let over = delta(Duration::try_from_secs_f64(seconds).unwrap_or_default());
        Some(Flow {
            at,
            over_ms: u64::try_from(over.num_milliseconds()).unwrap_or(0).max(1),
            service: self.service,
            load: self.load,
            instances: self.instances,
            incomplete: self.incomplete,
        })
    }
}

/// Notes when the head of the log was asked for: that is the moment that the reading is of.
struct Timed<'a> {
    log: EventLog<'a>,
    clock: &'a Clock,
    head_at: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

#[async_trait]
impl log::Table for Timed<'_> {
    async fn head(&mut self, mark: u64) -> Result<log::Head, Failure> {
        // Connecting takes time of its own.
        self.log.0.connect().await?;
        let began = self.clock.now();
        let head = self.log.head(mark).await;
        self.head_at = Some((began, self.clock.now()));
        head
    }
    async fn mark(&mut self, id: u64) -> Result<Option<String>, Failure> {
        self.log.mark(id).await
    }
    async fn groups(&mut self, span: sql::Span) -> Result<Vec<log::Group>, Failure> {
        self.log.groups(span).await
    }
    async fn counts(&mut self, span: sql::Span, size: u64) -> Result<Vec<(u64, u64)>, Failure> {
        self.log.counts(span, size).await
    }
    async fn next_id(&mut self, after: u64) -> Result<Option<u64>, Failure> {
        self.log.next_id(after).await
    }
}
