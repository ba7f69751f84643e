//! What counters say between two readings. A counter that is lower than before began anew with its process; one
//! that is there for the first time began with 0, unless its page was never read before, or its instance was missing
//! for a while: what that counted meanwhile is of another time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::page::Sample;
use crate::domain::impressions::{Answers, Instance, Kind, Latency, bound_ns};
use crate::domain::slo::Counts;

/// Labels that tell instances of one page apart, the first that is there.
const INSTANCE: [&str; 3] = ["instance", "task", "pod"];
/// Series that are remembered of a page.
const SERIES: usize = 20_000;
/// Instances that were there and are missing now: so many are known when they come back.
const MISSING: usize = 1_000;

type Key = (String, BTreeMap<String, String>);

/// Counters of one page.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Values of the reading before, as they stood on the page; `None` before the first.
    before: Option<Vec<(Key, f64)>>,
    /// Instances that were there once and not in the reading before.
    missing: BTreeSet<Option<String>>,
}

/// What a page told of an interval.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Told {
    pub(super) service: Option<Answers>,
    pub(super) load: Option<Answers>,
    pub(super) instances: Vec<Instance>,
    /// Something that was there before is not any more, or is back: not all of what was counted is told.
    pub(super) gone: bool,
    /// There was a reading before to compare with.
    pub(super) compared: bool,
}

impl Counters {
    /// Whether the page was ever read.
    pub(super) fn known(&self) -> bool {
        self.before.is_some()
    }

    /// Takes in a reading of the page `name`, `seconds` after the one before.
    pub(super) fn read(&mut self, name: &str, samples: Vec<Sample>, seconds: f64) -> Told {
        let mut now: Vec<(Key, f64)> = samples
            .into_iter()
            .filter(|s| s.value.is_finite())
            .take(SERIES)
            .map(|s| ((s.name, s.labels), s.value))
            .collect();
        let before = self.before.take();
        // As a rule it is the same page with other numbers.
        let same = before.as_ref().is_some_and(|before| keys(before).eq(keys(&now)));
        if !same {
            keep_last(&mut now);
        }
        let olds: Vec<Option<f64>> = match &before {
            Some(before) if same => before.iter().map(|(_, old)| Some(*old)).collect(),
            before => {
                let known: BTreeMap<&Key, f64> =
                    before.iter().flatten().map(|(key, old)| (key, *old)).collect();
                keys(&now).map(|key| known.get(key).copied()).collect()
            }
        };
        let restarted = restarted(&now, &olds);
        let (gone, back) = if same {
            <_>::default()
        } else {
            self.come_and_gone(before.as_deref().unwrap_or_default(), &now)
        };
        let back: BTreeSet<Option<&str>> = back.iter().map(Option::as_deref).collect();
        let mut parts: BTreeMap<Option<&str>, Part> = BTreeMap::new();
        for (((metric, labels), value), old) in now.iter().zip(olds) {
            let instance = instance_of(labels);
            let compared = before.is_some() && !back.contains(&instance);
            let old = compared.then(|| old.filter(|_| !restarted.contains(&instance)).unwrap_or(0.0));
            let grown = old.map(|old| if *value >= old { value - old } else { *value });
            parts.entry(instance).or_default().take(metric, labels, *value, grown);
        }
        let mut told = Told { compared: before.is_some(), gone, ..Told::default() };
        for (label, part) in parts {
            let Some(kind) = part.kind else { continue };
            let compared = told.compared && !back.contains(&label);
            told.instances.push(part.instance(named(name, label), kind, compared, seconds));
            let into = match kind {
                Kind::Hakaru => &mut told.service,
                _ => &mut told.load,
            };
            add(into.get_or_insert_default(), &part);
        }
        self.before = Some(now);
        told
    }

    /// Whether any instance has gone or come back, and those that have come back.
    fn come_and_gone(
        &mut self,
        before: &[(Key, f64)],
        now: &[(Key, f64)],
    ) -> (bool, BTreeSet<Option<String>>) {
        fn instances(of: &[(Key, f64)]) -> BTreeSet<Option<String>> {
            let names: BTreeSet<_> = keys(of).map(|(_, labels)| instance_of(labels)).collect();
            names.into_iter().map(|name| name.map(str::to_owned)).collect()
        }
        let (before, now) = (instances(before), instances(now));
        let gone = !before.is_subset(&now);
        let back: BTreeSet<_> = self.missing.intersection(&now).cloned().collect();
        self.missing.extend(before);
        self.missing.retain(|instance| !now.contains(instance));
        while self.missing.len() > MISSING {
            self.missing.pop_first();
        }
        (gone || !back.is_empty(), back)
    }
}

/// What an instance of the page `page` is called. An address says of itself where it is.
fn named(page: &str, label: Option<&str>) -> String {
    match label {
        Some(address) if address.contains(':') => address.to_owned(),
        Some(label) => format!("{page} {label}"),
        None => page.to_owned(),
    }
}

fn instance_of(labels: &BTreeMap<String, String>) -> Option<&str> {
    INSTANCE.iter().find_map(|label| labels.get(*label)).map(String::as_str)
}

/// Instances whose process is another one than before: some of their counters may be higher than before all the
/// same.
fn restarted<'a>(now: &'a [(Key, f64)], olds: &[Option<f64>]) -> BTreeSet<Option<&'a str>> {
    now.iter()
        .zip(olds)
        .filter(|(((metric, _), start), old)| {
            metric == "process_start_time_seconds" && old.is_some_and(|old| (old - start).abs() > 0.01)
        })
        .map(|(((_, labels), _), _)| instance_of(labels))
        .collect()
}

fn keys(page: &[(Key, f64)]) -> impl Iterator<Item = &Key> {
    page.iter().map(|(key, _)| key)
}

/// A series that a page names twice has its last value.
fn keep_last(page: &mut Vec<(Key, f64)>) {
    let mut later = BTreeSet::new();
    let kept: Vec<bool> = page.iter().rev().map(|(key, _)| later.insert(key)).collect();
    let mut kept = kept.into_iter().rev();
    page.retain(|_| kept.next() == Some(true));
}

/// Adds an instance's answers.
fn add(into: &mut Answers, part: &Part) {
    into.good += part.good;
    for (reason, n) in &part.bad {
        *into.bad.entry(reason.clone()).or_default() += n;
    }
    into.latency.add(&part.latency());
    if let Some(rate) = part.asked_per_s {
        into.asked_per_s = Some(into.asked_per_s.unwrap_or(0.0) + rate);
    }
    if let Some(waiting) = part.waiting() {
        into.waiting = Some(into.waiting.unwrap_or(0) + waiting);
    }
}

/// Adds what another page told.
pub(super) fn join(into: &mut Option<Answers>, other: Option<Answers>) {
    let Some(other) = other else { return };
    let into = into.get_or_insert_default();
    into.good += other.good;
    for (reason, n) in other.bad {
        *into.bad.entry(reason).or_default() += n;
    }
    into.latency.add(&other.latency);
    into.asked_per_s = match (into.asked_per_s, other.asked_per_s) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    };
    into.waiting = match (into.waiting, other.waiting) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    };
}

/// Counters of one instance.
#[derive(Debug, Default)]
struct Part {
    kind: Option<Kind>,
    good: u64,
    bad: BTreeMap<String, u64>,
    /// Answers up to a bound, by the bound.
    up_to: BTreeMap<u64, u64>,
    asked_per_s: Option<f64>,
    /// Impressions that went into the spool, and that came out.
    spooled: Option<(f64, f64)>,
    queue: Option<f64>,
    queue_limit: Option<f64>,
    processor_s: Option<f64>,
    database_up: Option<bool>,
    healthy: Option<bool>,
    started_s: Option<f64>,
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count; a cast saturates")]
fn whole(n: f64) -> u64 {
    n.max(0.0).round() as u64
}

impl Part {
    fn take(&mut self, metric: &str, labels: &BTreeMap<String, String>, value: f64, grown: Option<f64>) {
        let n = whole(grown.unwrap_or(0.0));
        let label = |name: &str| labels.get(name).map_or("", String::as_str);
        if metric.starts_with("hakaru_") {
            self.kind.get_or_insert(Kind::Hakaru);
        } else if metric.starts_with("kakeru_") {
            self.kind = Some(Kind::Kakeru);
        }
        match metric {
            "http_requests_total" if label("handler") == "/hakaru" => {
                self.kind.get_or_insert(Kind::Hakaru);
                match label("code") {
                    code if code.starts_with('2') => self.good += n,
                    // What is asked wrongly is no failure of the service.
                    code if code.starts_with('5') && n > 0 => {
                        *self.bad.entry(code.to_owned()).or_default() += n;
                    }
                    _ => {}
                }
            }
            "kakeru_requests_total" => match label("outcome") {
                "success" => self.good += n,
                reason if n > 0 => *self.bad.entry(reason.to_owned()).or_default() += n,
                _ => {}
            },
            "http_request_duration_seconds_bucket" | "kakeru_request_duration_seconds_bucket" => {
                let bound =
                    if label("le") == "+Inf" { Some(f64::INFINITY) } else { label("le").parse().ok() };
                if let (Some(bound), true) = (bound, ["", "/hakaru"].contains(&label("handler"))) {
                    *self.up_to.entry(bound_ns(bound)).or_default() += n;
                }
            }
            "kakeru_offered_rate" => self.asked_per_s = Some(value),
            "hakaru_spooled_total" => self.spooled.get_or_insert_default().0 += value,
            "hakaru_replayed_total" | "hakaru_replay_skipped_total" | "hakaru_replay_refused_total" => {
                self.spooled.get_or_insert_default().1 += value;
            }
            "hakaru_queue_length" => self.queue = Some(value),
            "hakaru_queue_limit" => self.queue_limit = Some(value),
            "hakaru_database_up" => self.database_up = Some(value != 0.0),
            "hakaru_healthy" => self.healthy = Some(value != 0.0),
            "process_cpu_seconds_total" => self.processor_s = grown,
            "process_start_time_seconds" => self.started_s = Some(value),
            _ => {}
        }
    }

    /// Buckets that do not hold those before them any more.
    fn latency(&self) -> Latency {
        let mut below = 0;
        let mut buckets = BTreeMap::new();
        for (bound, up_to) in &self.up_to {
            buckets.insert(*bound, up_to.saturating_sub(below));
            below = below.max(*up_to);
        }
        Latency { buckets }
    }

    /// A restarted process finds what lay in its spool and counts what comes out alone.
    fn waiting(&self) -> Option<u64> {
        self.spooled.map(|(into, out)| whole(into - out))
    }

    fn instance(&self, name: String, kind: Kind, compared: bool, seconds: f64) -> Instance {
        let bad = self.bad.values().sum();
        Instance {
            name,
            kind,
            counts: compared.then_some(Counts { good: self.good, bad }),
            error: None,
            queue: self.queue,
            queue_limit: self.queue_limit,
            processor: self.processor_s.filter(|_| compared && seconds > 0.0).map(|s| s / seconds),
            database_up: self.database_up,
            healthy: self.healthy,
            started_at: self.started_s.and_then(started),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
fn started(seconds: f64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis((seconds * 1000.0) as i64)
}
