//! What was logged: the newest lines of each log group. A line that is dated in the future is there, but nobody
//! gets to see it before its time.

use std::collections::{BTreeMap, VecDeque};
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::Simulated;
use super::world::World;
use crate::aws::{EventQuery, Page};
use crate::domain::log::LogEvent;

mod pattern;

pub(super) use pattern::Pattern;

/// Lines that a group keeps; older ones go.
const KEPT: usize = 20_000;
/// Minutes of which a group knows how many lines CloudWatch took in.
const MINUTES: usize = 24 * 60;
/// Lines that a page is looked for in. So a page can be empty and not the last, as with AWS.
const SCANNED: usize = 1000;

#[derive(Debug, Clone)]
struct Line {
    number: u64,
    stream: String,
    at: DateTime<Utc>,
    ingested_at: DateTime<Utc>,
    message: String,
}

impl Line {
    fn place(&self) -> Place {
        Place { at_ms: self.at.timestamp_millis(), number: self.number }
    }
}

/// The order of lines, and the token of a page: the last line that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    at_ms: i64,
    number: u64,
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at_ms, number) = text.split_once('/').ok_or(())?;
        Ok(Self { at_ms: at_ms.parse().map_err(drop)?, number: number.parse().map_err(drop)? })
    }
}

/// The lines of all groups.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    groups: BTreeMap<String, VecDeque<Line>>,
    /// Lines by the minute in which CloudWatch took them in, also those that are not kept any more.
    taken_in: BTreeMap<String, BTreeMap<DateTime<Utc>, u64>>,
    logged: u64,
}

impl Lines {
    fn count(&mut self, group: &str, ingested_at: DateTime<Utc>) {
        let minute = ingested_at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(ingested_at);
        let minutes = self.taken_in.entry(group.to_owned()).or_default();
        *minutes.entry(minute).or_default() += 1;
        if minutes.len() > MINUTES {
            minutes.pop_first();
        }
    }

    /// Names of the groups that took lines in.
    pub(super) fn groups(&self) -> impl Iterator<Item = &str> {
        self.taken_in.keys().map(String::as_str)
    }

    /// Lines that a group took in, of each minute that begins in `[from, to)` and had some.
    pub(super) fn taken_in(
        &self,
        group: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> impl Iterator<Item = (DateTime<Utc>, u64)> {
        // An empty range may not be turned round.
        let minutes = self.taken_in.get(group).filter(|_| from < to);
        minutes.into_iter().flat_map(move |minutes| minutes.range(from..to).map(|(at, n)| (*at, *n)))
    }
}

impl World {
    /// Something is logged at `at`, and CloudWatch gets it at `ingested_at`. A group that does not exist is
    /// made, as the agents do.
    pub(super) fn log(
        &mut self,
        group: &str,
        stream: &str,
        (at, ingested_at): (DateTime<Utc>, DateTime<Utc>),
        message: impl Into<String>,
    ) {
        self.log_groups.entry(group.to_owned()).or_default();
        self.lines.logged += 1;
        let number = self.lines.logged;
        self.lines.count(group, ingested_at);
        let lines = self.lines.groups.entry(group.to_owned()).or_default();
        if lines.len() >= KEPT {
            lines.pop_front();
        }
        lines.push_back(Line { number, stream: stream.to_owned(), at, ingested_at, message: message.into() });
    }

    /// `FilterLogEvents`: a page from behind `after`, oldest first.
    pub(super) fn log_events(
        &self,
        group: &str,
        query: &EventQuery,
        pattern: &Pattern,
        after: Option<Place>,
    ) -> Page<LogEvent> {
        // AWS compares milliseconds, both ends included.
        let (from, until) = (query.from.timestamp_millis(), query.until.map(|u| u.timestamp_millis()));
        let days = self.log_groups.get(group).copied().flatten();
        let kept_from = days.map(|days| self.now - TimeDelta::days(i64::from(days)));
        let mut lines: Vec<&Line> = self
            .lines
            .groups
            .get(group)
            .into_iter()
            .flatten()
            .filter(|line| line.ingested_at <= self.now && kept_from.is_none_or(|from| line.at >= from))
            .filter(|line| {
                let place = line.place();
                place.at_ms >= from
                    && until.is_none_or(|until| place.at_ms <= until)
                    && after.is_none_or(|after| place > after)
            })
            .collect();
        lines.sort_unstable_by_key(|line| line.place());
        let more = lines.len() > SCANNED;
        lines.truncate(SCANNED);
        let next = lines.last().filter(|_| more).map(|line| {
            let Place { at_ms, number } = line.place();
            format!("{at_ms}/{number}")
        });
        let items = lines.into_iter().filter(|line| pattern.matches(&line.message));
        let group: Arc<str> = Arc::from(group);
        Page { items: items.map(|line| event(&group, line)).collect(), next }
    }
}

impl World {
    /// What groups took in after an instant, in that order, as Live Tail gives it: without ids.
    pub(super) fn taken_in(&self, groups: &[Arc<str>], after: DateTime<Utc>) -> Vec<LogEvent> {
        let mut out = Vec::new();
        for group in groups {
            let lines = self.lines.groups.get(&**group).into_iter().flatten();
            let new = lines.filter(|line| line.ingested_at > after && line.ingested_at <= self.now);
            out.extend(new.map(|line| (line.ingested_at, line.number, event(group, line))));
        }
        out.sort_by_key(|(at, number, _)| (*at, *number));
        out.into_iter().map(|(.., event)| LogEvent { id: String::new(), ..event }).collect()
    }
}

fn event(group: &Arc<str>, line: &Line) -> LogEvent {
    LogEvent {
        // 56 digits, of which the first say when.
        id: format!("3{:015}{:040}", line.at.timestamp_millis(), line.number),
        group: Arc::clone(group),
        stream: line.stream.clone(),
        at: line.at,
        ingested_at: line.ingested_at,
        message: line.message.clone(),
    }
}

impl Simulated {
    /// Logs a line: something in this world said `message` at `at`, and CloudWatch got it now. A group that
    /// does not exist is made; each keeps its newest 20 000 lines.
    pub fn log(&self, group: &str, stream: &str, at: DateTime<Utc>, message: &str) {
        self.change(|world| world.log(group, stream, (at, world.now), message));
    }
}
