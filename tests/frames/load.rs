//! States in which impressions are read: what the event log and the counters tell over the last minutes.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use miharu::app::event::Event;
use miharu::app::state::State;
use miharu::app::update::update;
use miharu::domain::facts::Facts;
use miharu::domain::impressions::{
    Answers, Cost, Flow, Instance, Kind, Latency, Recorded, Second, Terms, bound_ns,
};
use miharu::domain::journal::{Entry, EntryKind};
use miharu::domain::price::PriceList;
use miharu::domain::slo::{Counts, Objective};
use miharu::domain::source::{Failure, FailureClass, Reading, SourceId};

use crate::parts::{ago, now, series};
use crate::scenes;

/// Seconds between two readings, and how far back they reach.
const EVERY: i64 = 5;
const BACK: i64 = 1200;

/// What differs from scene to scene; the times are seconds ago.
struct Traffic {
    /// Requests a second.
    offered: fn(i64) -> f64,
    /// Share of them that fails.
    failing: fn(i64) -> f64,
    /// Share of the accepted ones that is recorded.
    kept: f64,
    /// Factor of all latencies.
    slow: f64,
    /// Instances of hakaru.
    instances: fn(i64) -> u64,
    log: bool,
    counters: bool,
    load: bool,
}

const STEADY: Traffic = Traffic {
    offered: |back| 28_951.0 + 400.0 * (back as f64 / 70.0).sin(),
    failing: |back| if (415..430).contains(&back) { 0.02 } else { 0.000_04 },
    kept: 1.0,
    slow: 1.0,
    instances: |_| 6,
    log: true,
    counters: true,
    load: true,
};

/// A count of a rate over `EVERY` seconds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of a scene")]
fn whole(n: f64) -> u64 {
    n.round().max(0.0) as u64
}

fn latency(count: u64, slow: f64) -> Latency {
    let shares = [(0.001, 0.30), (0.0025, 0.40), (0.005, 0.20), (0.01, 0.08), (0.05, 0.019), (0.25, 0.001)];
    let buckets = shares.map(|(s, share)| (bound_ns(s * slow), whole(count as f64 * share)));
    Latency { buckets: buckets.into() }
}

fn instance(n: u64, good: u64, bad: u64) -> Instance {
    Instance {
        name: format!("10.0.{}.{}:8081", n % 3 + 1, n + 20),
        kind: Kind::Hakaru,
        counts: Some(Counts { good, bad }),
        error: None,
        queue: Some(if bad > good / 100 { 980.0 } else { 40.0 }),
        queue_limit: Some(1000.0),
        processor: Some(0.71 + 0.01 * n as f64),
        database_up: Some(true),
        healthy: Some(true),
        started_at: Some(ago(3 * 3600)),
    }
}

fn counters(traffic: &Traffic, back: i64) -> Flow {
    let total = (traffic.offered)(back) * EVERY as f64;
    let bad = whole(total * (traffic.failing)(back));
    let good = whole(total) - bad;
    let answers = |asked_per_s, waiting| Answers {
        good,
        bad: if bad > 0 {
            BTreeMap::from([("503".to_owned(), bad - bad / 5), ("timed out".to_owned(), bad / 5)])
        } else {
            BTreeMap::new()
        },
        latency: latency(good, traffic.slow),
        asked_per_s,
        waiting,
    };
    let all = (traffic.instances)(back);
    let mut instances: Vec<Instance> = (0..all).map(|n| instance(n, good / all, bad / all)).collect();
    if traffic.load {
        instances.push(Instance {
            name: "10.0.9.9:9100".into(),
            kind: Kind::Kakeru,
            queue: None,
            queue_limit: None,
            database_up: None,
            healthy: None,
            ..instance(0, good, bad)
        });
    }
    Flow {
        at: ago(back + 1),
        over_ms: 1000 * u64::try_from(EVERY).unwrap(),
        service: Some(answers(None, Some(0))),
        load: traffic.load.then(|| answers(Some((traffic.offered)(back)), None)),
        instances,
        incomplete: false,
    }
}

fn rows(traffic: &Traffic, back: i64, total: u64) -> Recorded {
    let second = |b: i64| {
        let rows = whole((traffic.offered)(b) * (1.0 - (traffic.failing)(b)) * traffic.kept);
        let by_name =
            BTreeMap::from([("open".to_owned(), rows - rows / 10), ("purchase".to_owned(), rows / 10)]);
        Second { at: ago(b + 2), by_name }
    };
    let seconds: Vec<Second> =
        (back..back + EVERY).map(second).filter(|s| s.by_name.values().sum::<u64>() > 0).collect();
    let newest = seconds.iter().map(|s| s.at).max();
    Recorded {
        at: ago(back + 1),
        within_ms: 2,
        database: "MariaDB 11.4.2".into(),
        clock_ahead_ms: 0,
        database_now: ago(back + 1),
        newest_at: newest,
        seconds,
        total,
        era: 0,
        watermark: 812_345_678 + total,
        behind: 0,
        cost: Cost { statements: 3, rows: 57_900, took_ms: 31 },
        notes: Vec::new(),
    }
}

fn observe(state: &mut State, back: i64, result: Result<Vec<Facts>, Failure>, warnings: Vec<Failure>) {
    let at = ago(back + 1);
    let reading = Reading {
        source: SourceId::IMPRESSIONS,
        started_at: at - TimeDelta::milliseconds(40),
        at,
        took_ms: 40,
        calls: 0,
        cost_usd: Some(0.0),
        next_at: at + TimeDelta::seconds(2),
        result,
        partial: vec![],
        warnings,
    };
    update(state, Event::Observed { environment: 0, reading: Box::new(reading) }, now());
}

fn prepared() -> State {
    let mut state = scenes::calm();
    let usd = [("fargate_vcpu_hour", 0.05056), ("fargate_gb_hour", 0.00553)];
    let prices = PriceList {
        as_of: "2026-11-20".into(),
        usd: usd.into_iter().map(|(unit, price)| (unit.to_owned(), price)).collect(),
    };
    state.prices = std::sync::Arc::new(BTreeMap::from([("ap-northeast-1".to_owned(), prices)]));
    let on = vec![(SourceId::IMPRESSIONS, 2000)];
    update(&mut state, Event::Prepared { environment: 0, on, off: vec![] }, now());
    state
}

fn of(traffic: &Traffic) -> State {
    let mut state = prepared();
    let terms = Terms { objective: Objective::default(), window_s: 7200 };
    let mut total = 0;
    for n in (0..BACK / EVERY).rev() {
        let back = n * EVERY;
        let mut facts = vec![Facts::Terms(terms)];
        let flow = counters(traffic, back);
        total += whole(flow.service.as_ref().unwrap().good as f64 * traffic.kept);
        if traffic.log {
            facts.push(Facts::Recorded(Box::new(rows(traffic, back, total))));
        }
        if traffic.counters {
            facts.push(Facts::Flow(Box::new(flow)));
        }
        observe(&mut state, back, Ok(facts), vec![]);
    }
    state
}

/// A deployment seven minutes ago, a change before it.
fn changed(state: &mut State) {
    let mut service = crate::parts::service(6, miharu::domain::ecs::MountsBy::List);
    service.deployments[0].created_at = Some(ago(440));
    service.deployments[0].updated_at = Some(ago(330));
    let tasks = state.environments[0].world.tasks.clone().unwrap();
    crate::parts::read_service(state, 0, service, tasks);
    scaled_out(state, 700, 610);
}

/// A change that began and converged so many seconds ago.
fn scaled_out(state: &mut State, began: i64, converged: i64) {
    for (seq, seconds, event) in [(1, began, EntryKind::Started), (2, converged, EntryKind::Converged)] {
        let entry = Entry {
            seq,
            at: ago(seconds),
            environment: "prod".into(),
            change: Some("c-1".into()),
            rule: Some("scale-out-service".into()),
            event,
            by: "taro@bastion".into(),
            step: (event == EntryKind::Started).then_some(1),
            detail: serde_json::Value::Null,
        };
        update(state, Event::Journaled { environment: 0, entry }, now());
    }
}

/// Near the goal, all of it recorded; a few requests failed in a deployment.
pub fn healthy() -> State {
    let mut state = of(&STEADY);
    changed(&mut state);
    state
}

/// More comes than the instances can take, for four minutes.
pub fn burning() -> State {
    let mut state = of(&Traffic {
        offered: |back| if back < 240 { 3000.0 } else { 1100.0 },
        failing: |back| if back < 240 { 0.12 } else { 0.0 },
        slow: 30.0,
        instances: |_| 2,
        ..STEADY
    });
    changed(&mut state);
    state
}

/// More users than three tasks can serve, who can each take fifty a second; then somebody approved a fourth.
pub fn surge() -> State {
    let mut state = of(&Traffic {
        offered: |back| if back < 145 { 180.0 } else { 75.0 },
        failing: |back| if (85..145).contains(&back) { 1.0 / 6.0 } else { 0.0 },
        slow: 8.0,
        instances: |back| if back < 85 { 4 } else { 3 },
        ..STEADY
    });
    scaled_out(&mut state, 100, 80);
    state
}

/// Answers of success for impressions that are not in the event log.
pub fn lossy() -> State {
    of(&Traffic { offered: |_| 2000.0, failing: |_| 0.0, kept: 0.93, instances: |_| 2, ..STEADY })
}

/// Everything is read, and nobody comes.
pub fn nobody() -> State {
    of(&Traffic { offered: |_| 0.0, failing: |_| 0.0, load: false, instances: |_| 2, ..STEADY })
}

fn refused() -> Failure {
    Failure {
        class: FailureClass::Unreachable,
        action: Some("eventlog".into()),
        code: None,
        text: "connection refused by db.internal:3306".into(),
        request_id: None,
    }
}

/// The source worked and fails now.
pub fn source_failed() -> State {
    let mut state = of(&STEADY);
    for n in 1..5 {
        observe(&mut state, -10 * n, Err(refused()), vec![]);
    }
    update(&mut state, Event::Tick, now() + TimeDelta::seconds(62));
    state
}

/// It never worked.
pub fn never_read() -> State {
    let mut state = prepared();
    observe(&mut state, 0, Err(refused()), vec![]);
    state
}

/// Only counters are configured.
pub fn counters_only() -> State {
    of(&Traffic { log: false, load: false, ..STEADY })
}

/// Only the event log is configured, and the balancer is known by CloudWatch.
pub fn log_and_balancer() -> State {
    let mut state = of(&Traffic { counters: false, offered: |_| 400.0, failing: |_| 0.0, ..STEADY });
    let metric = |name, f: fn(f64) -> f64| series("AWS/ApplicationELB", name, "Sum", "Count", 60, f);
    let metrics = vec![
        metric("HTTPCode_Target_2XX_Count", |_| 24_000.0),
        metric("HTTPCode_Target_5XX_Count", |_| 12.0),
    ];
    let facts = vec![Facts::Metrics(metrics)];
    crate::parts::observe(&mut state, 0, SourceId::CLOUDWATCH, 3, Ok(facts));
    state
}

/// Nothing of it is configured.
pub fn unconfigured() -> State {
    let mut state = scenes::calm();
    let why = "no event log and no counters configured: set hakaru.datasource (or the variable \
               HAKARU_DATASOURCENAME), hakaru.metrics";
    let off = vec![(SourceId::IMPRESSIONS, why.to_owned())];
    update(&mut state, Event::Prepared { environment: 0, on: vec![], off }, now());
    state
}

/// Names and errors that try to leave their cells, more names than fit.
pub fn hostile_names() -> State {
    let nasty =
        "\u{1b}[2J\u{1b}]0;owned\u{7}evil\u{202e}txt\u{200b}\r\nsecond 日本語のとても長い名前 👩\u{200d}👩";
    let mut state = of(&Traffic { offered: |_| 700.0, instances: |_| 3, ..STEADY });
    let mut flow = counters(&STEADY, -2);
    flow.at = ago(-1);
    for i in &mut flow.instances {
        i.name = format!("{nasty}{}", i.name);
        i.error = Some(nasty.repeat(9));
    }
    if let Some(load) = &mut flow.load {
        load.bad = BTreeMap::from([(nasty.repeat(3), 100)]);
    }
    let mut log = rows(&STEADY, -2, 900_000);
    log.database = nasty.into();
    log.notes = vec![nasty.repeat(5)];
    for second in &mut log.seconds {
        second.by_name = (0..40).map(|n| (format!("{nasty}{n}"), 40 - n)).collect();
    }
    observe(
        &mut state,
        -2,
        Ok(vec![Facts::Recorded(Box::new(log)), Facts::Flow(Box::new(flow))]),
        vec![refused()],
    );
    state
}
