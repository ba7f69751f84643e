//! What is taken in, and what follows from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::domain::facts::Facts;
use crate::domain::metric::{MetricKey, MetricSeries};
use crate::domain::slo::Objective;
use crate::domain::source::{Failure, FailureClass, Reading};
use crate::domain::world::World;

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of a test")]
fn at(s: f64) -> DateTime<Utc> {
    let base = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    base + TimeDelta::milliseconds((s * 1000.0).round() as i64)
}

fn recorded(s: f64, total: u64) -> Recorded {
    Recorded {
        at: at(s),
        within_ms: 1,
        database: "SQLite 3".into(),
        clock_ahead_ms: 0,
        database_now: at(s),
        newest_at: Some(at(s.floor())),
        seconds: Vec::new(),
        total,
        era: 0,
        watermark: total,
        behind: 0,
        cost: Cost::default(),
        notes: Vec::new(),
    }
}

fn second(s: f64, names: &[(&str, u64)]) -> Second {
    Second { at: at(s), by_name: names.iter().map(|(n, k)| ((*n).to_owned(), *k)).collect() }
}

fn answers(good: u64, bad: u64) -> Answers {
    let bad = if bad > 0 { BTreeMap::from([("503".to_owned(), bad)]) } else { BTreeMap::new() };
    let latency = Latency { buckets: [(bound_ns(0.01), good)].into() };
    Answers { good, bad, latency, ..Answers::default() }
}

fn flow(s: f64, service: Option<Answers>, load: Option<Answers>) -> Flow {
    Flow { at: at(s), over_ms: 2000, service, load, instances: Vec::new(), incomplete: false }
}

fn known(facts: &[Facts]) -> Impressions {
    let mut impressions = Impressions::new(Terms { objective: Objective::default(), window_s: 7200 });
    for fact in facts {
        match fact {
            Facts::Recorded(r) => impressions.learn_recorded(r),
            Facts::Flow(f) => impressions.learn_flow(f),
            Facts::Metrics(m) => impressions.learn_balancer(m.iter()),
            other => panic!("{other:?}"),
        }
    }
    impressions
}

fn reading(s: f64, result: Result<Vec<Facts>, Failure>) -> Reading {
    Reading {
        source: SourceId::IMPRESSIONS,
        started_at: at(s),
        at: at(s),
        took_ms: 1,
        calls: 0,
        cost_usd: Some(0.0),
        next_at: at(s + 2.0),
        result,
        partial: vec![],
        warnings: vec![],
    }
}

#[test]
fn the_recorded_rate_is_that_of_ten_seconds_in_one_era() {
    let mut log = RecordedLog::default();
    assert_eq!(log.per_s(), None);
    log.learn(&recorded(0.0, 0));
    assert_eq!(log.per_s(), None, "one reading is no rate");
    log.learn(&recorded(2.0, 40_000));
    assert_eq!(log.per_s(), Some((20_000.0, TimeDelta::seconds(2))));
    for i in 2..=10_u32 {
        log.learn(&recorded(f64::from(i) * 2.0, 40_000 + u64::from(i - 1) * 100));
    }
    assert_eq!(log.per_s(), Some((50.0, TimeDelta::seconds(10))), "what is older has no part in it");
    log.learn(&Recorded { era: 1, ..recorded(22.0, 5) });
    assert_eq!(log.per_s(), None, "totals of two eras are not compared");
    log.learn(&Recorded { era: 1, ..recorded(52.0, 305) });
    assert_eq!(log.per_s(), Some((10.0, TimeDelta::seconds(30))), "a pause lengthens the time");
}

#[test]
fn seconds_are_replaced_and_minutes_follow() {
    let mut log = RecordedLog::default();
    let with = |s, seconds| Recorded { seconds, ..recorded(s, 0) };
    log.learn(&with(61.0, vec![second(58.0, &[("open", 9), ("purchase", 1)]), second(60.0, &[("open", 4)])]));
    assert_eq!(log.minutes[&at(0.0)], 10);
    // One row of second 58 came late; second 60 was still filling.
    log.learn(&with(
        63.0,
        vec![second(58.0, &[("open", 10), ("purchase", 1)]), second(60.0, &[("open", 7)])],
    ));
    assert_eq!((log.minutes[&at(0.0)], log.minutes[&at(60.0)]), (11, 7));
    let (newest, rows) = log.by_second(6).unwrap();
    assert_eq!(newest, at(62.0));
    assert_eq!(rows, [None, Some(11), Some(0), Some(7), Some(0), Some(0)]);
    let names = log.by_name();
    assert_eq!(names[0].0, "open");
    // Seconds 58 to 61 are complete and known.
    assert!((names[0].1 - 17.0 / 5.0).abs() < 1e-9, "{names:?}");
    for i in 0..3000 {
        log.learn(&with(f64::from(i) + 100.0, vec![second(f64::from(i) + 99.0, &[("a", 1)])]));
    }
    assert_eq!((log.seconds.len(), log.samples.len()), (900, 300), "memory is bounded");
}

#[test]
fn the_load_tells_before_the_service_and_is_waited_for() {
    let both = |s, service, load| Facts::Flow(Box::new(flow(s, service, load)));
    let i = known(&[
        both(2.0, Some(answers(100, 0)), Some(answers(90, 20))),
        both(4.0, Some(answers(100, 0)), None),
        both(6.0, Some(answers(100, 0)), Some(answers(180, 20))),
    ]);
    let points: Vec<_> = i.flow.points.iter().map(|p| (p.origin, p.counts.good)).collect();
    assert_eq!(points, [(Origin::Load, 90), (Origin::Load, 180)]);
    assert_eq!(i.flow.series.counts(at(6.0), TimeDelta::hours(1)).unwrap().total(), 310);
    let i = known(&[
        both(2.0, Some(answers(1, 0)), Some(answers(90, 0))),
        both(20.0, Some(answers(100, 0)), None),
        both(22.0, Some(answers(50, 0)), Some(answers(0, 0))),
    ]);
    let points: Vec<_> = i.flow.points.iter().map(|p| (p.origin, p.counts.good)).collect();
    assert_eq!(points, [(Origin::Load, 90), (Origin::Service, 100), (Origin::Service, 50)]);
    let rate = i.accepted_per_s(at(22.0)).unwrap();
    assert_eq!((rate.value, rate.origin, rate.at), (37.5, Origin::Service, at(22.0)));
}

#[test]
fn an_interval_counts_in_all_slots_that_it_spans() {
    let i = known(&[
        Facts::Flow(Box::new(flow(2.0, Some(answers(2001, 3)), None))),
        Facts::Flow(Box::new(flow(4.0, Some(answers(2000, 0)), None))),
    ]);
    let slots: Vec<_> = i.flow.series.slots(at(4.0), TimeDelta::hours(1)).collect();
    let counts: Vec<_> = slots.iter().map(|(begin, c)| (*begin, c.good, c.bad)).collect();
    assert_eq!(counts, [(at(1.0), 1000, 1), (at(2.0), 1001, 2), (at(3.0), 1000, 0), (at(4.0), 1000, 0)]);
    assert_eq!(i.budget(at(4.0)).unwrap().measured, TimeDelta::seconds(4), "all of the time was measured");
}

#[test]
fn no_request_is_no_success_and_no_budget() {
    let i = known(&[Facts::Flow(Box::new(flow(2.0, Some(answers(0, 0)), None)))]);
    assert_eq!(i.accepted_per_s(at(2.0)).map(|m| m.value), Some(0.0));
    assert_eq!((i.success_ratio(at(2.0)), i.slo(at(2.0)), i.loss(at(2.0))), (None, None, None));
    let nothing = Impressions::default();
    assert_eq!((nothing.out(at(0.0)), nothing.series(at(0.0)).is_some()), (None, false));
}

#[test]
fn loss_is_what_was_acknowledged_and_neither_recorded_nor_spooled() {
    let pairs = |rows_a_poll: u64, waiting: u64| {
        let mut facts = Vec::new();
        for n in 0..=30_u64 {
            let s = n as f64 * 2.0;
            let service = Answers { waiting: Some(n * waiting), ..answers(1000, 0) };
            facts.push(Facts::Flow(Box::new(flow(s, Some(service), None))));
            facts.push(Facts::Recorded(Box::new(recorded(s + 0.01, n * rows_a_poll))));
        }
        known(&facts).loss(at(60.0)).unwrap()
    };
    let none = pairs(1000, 0);
    assert_eq!((none.accepted, none.recorded, none.lost), (30_000, 30_000, 0));
    assert_eq!((none.certain(), none.ratio()), (false, Some(0.0)));
    assert!(none.plus_minus > 0 && none.plus_minus < 40, "{none:?}");
    let lossy = pairs(900, 0);
    assert_eq!((lossy.lost, lossy.certain(), lossy.ratio()), (3000, true, Some(0.1)));
    let late = pairs(900, 100);
    assert_eq!((late.waiting, late.lost, late.ratio()), (3000, 0, Some(0.0)));
    let foreign = pairs(1100, 0);
    assert_eq!((foreign.lost, foreign.ratio()), (-3000, Some(0.0)), "others write too");
}

#[test]
fn loss_is_not_told_of_counts_that_are_not_complete() {
    let poll = |s: f64, good, total| {
        [
            Facts::Flow(Box::new(flow(s, Some(answers(good, 0)), None))),
            Facts::Recorded(Box::new(recorded(s, total))),
        ]
    };
    let mut facts: Vec<Facts> = [poll(0.0, 0, 0), poll(2.0, 100, 50)].concat();
    assert_eq!(known(&facts).loss(at(2.0)).map(|l| l.lost), Some(50));
    let Facts::Recorded(behind) = &mut facts[3] else { panic!() };
    behind.behind = 1;
    assert_eq!(known(&facts).loss(at(2.0)), None, "rows are left to be read");
    let mut facts: Vec<Facts> = [poll(0.0, 0, 0), poll(2.0, 100, 50)].concat();
    let Facts::Flow(flow) = &mut facts[2] else { panic!() };
    flow.incomplete = true;
    assert_eq!(known(&facts).loss(at(2.0)), None, "an instance took its count with it");
}

fn metric(name: &str, points: &[(f64, f64)]) -> MetricSeries {
    MetricSeries {
        key: MetricKey {
            namespace: "AWS/ApplicationELB".into(),
            name: name.into(),
            statistic: "Sum".into(),
            dimensions: BTreeMap::new(),
        },
        unit: "Count".into(),
        period_s: 60,
        points: points.iter().map(|(s, n)| (at(*s), *n)).collect(),
    }
}

#[test]
fn minutes_of_the_balancer_stand_in_where_nothing_is_scraped() {
    let metrics = vec![
        metric("HTTPCode_Target_2XX_Count", &[(0.0, 6000.0), (60.0, 5880.0), (120.0, 10.0)]),
        metric("HTTPCode_Target_5XX_Count", &[(60.0, 100.0)]),
        metric("HTTPCode_ELB_5XX_Count", &[(60.0, 20.0)]),
        metric("RequestCount", &[(0.0, 9.0)]),
    ];
    let mut i = known(&[Facts::Metrics(metrics)]);
    let now = at(150.0);
    let rate = i.accepted_per_s(now).unwrap();
    assert_eq!((rate.value, rate.origin, rate.at), (98.0, Origin::Balancer, at(120.0)));
    assert_eq!(i.success_ratio(now).map(|m| m.value), Some(0.98));
    assert_eq!(i.accepted_per_s(at(1000.0)), None, "an old minute is not now");
    let slo = i.slo(now).unwrap();
    assert_eq!((slo.objective, slo.window_s), (0.999, 7200));
    assert_eq!(i.series(now).map(|s| s.0), Some(Origin::Balancer));
    // Two clocks, two seconds apart; the minute from 60 s on is complete.
    let rows = |s: f64| second(s + 2.0, &[("open", 90)]);
    let seconds = (0..260).map(|s| rows(f64::from(s))).collect();
    let log = Recorded { seconds, clock_ahead_ms: 2000, database_now: at(262.5), ..recorded(260.5, 0) };
    i.learn_recorded(&log);
    let loss = i.loss(at(260.0)).unwrap();
    assert_eq!((loss.from, loss.to, loss.origin), (at(0.0), at(120.0), Origin::Balancer));
    assert_eq!((loss.accepted, loss.recorded), (11_880, 10_800));
    assert!(loss.certain() && loss.plus_minus >= 396, "{loss:?}");
}

#[test]
fn capacity_is_the_most_that_an_instance_held_and_a_limit_once_it_failed() {
    let seen = |n: u32, good, bad, database_up| {
        let instance = Instance {
            name: "127.0.0.1:8081".into(),
            kind: Kind::Hakaru,
            counts: Some(Counts { good, bad }),
            error: None,
            queue: None,
            queue_limit: None,
            processor: None,
            database_up,
            healthy: None,
            started_at: None,
        };
        let service = Some(answers(good, bad));
        Facts::Flow(Box::new(Flow { instances: vec![instance], ..flow(f64::from(n) * 2.0, service, None) }))
    };
    let with = |n, good, bad| seen(n, good, bad, None);
    let mut facts: Vec<Facts> = (0..4).map(|n| with(n, 1000, 0)).collect();
    assert_eq!(known(&facts).flow.capacity, None, "eight seconds are not ten");
    facts.extend((4..10).map(|n| with(n, 1000, 0)));
    let capacity = known(&facts).flow.capacity.unwrap();
    assert_eq!((capacity.per_s, capacity.limit), (500.0, false));
    let mut locked = facts.clone();
    locked.extend((10..20).map(|n| seen(n, 990, 400, Some(false))));
    assert_eq!(known(&locked).flow.capacity, Some(capacity), "the database failed, and not the instance");
    facts.extend((10..20).map(|n| with(n, 1800, 400)));
    let capacity = known(&facts).flow.capacity.unwrap();
    assert_eq!((capacity.per_s, capacity.limit), (900.0, true));
}

#[test]
fn a_world_tells_its_clock_from_the_services() {
    let mut world = World::new([(SourceId::IMPRESSIONS, TimeDelta::seconds(2))]);
    let terms = Terms { objective: Objective::default(), window_s: 7200 };
    let facts = |s: f64, total| {
        vec![
            Facts::Terms(terms),
            Facts::Flow(Box::new(flow(s, Some(answers(2000, 2)), None))),
            Facts::Recorded(Box::new(recorded(s, total))),
        ]
    };
    // The environment's clock is 1000 s behind.
    world.merge(&reading(-1000.0, Ok(facts(0.0, 0))));
    let before = Arc::clone(&world.impressions);
    world.merge(&reading(-998.0, Ok(facts(2.0, 2000))));
    assert_eq!(before.flow.points.len(), 1, "who looked before keeps what was seen");
    let i = &world.impressions;
    assert_eq!(i.recorded_per_s().map(|m| (m.value, m.at)), Some((1000.0, at(-998.0))));
    assert_eq!(i.service_now(at(-997.0)), at(3.0));
    assert_eq!(i.terms, terms);
    assert!(i.burn(at(-998.0), TimeDelta::seconds(10)).unwrap() > 0.9);
    world.merge(&reading(-990.0, Err(Failure::new(FailureClass::Timeout, "no answer"))));
    assert_eq!(world.impressions.recorded_per_s().map(|m| m.at), Some(at(-998.0)), "age grows, value stays");
    // Another window starts the history anew, the log stays.
    world.merge(&reading(-980.0, Ok(vec![Facts::Terms(Terms { window_s: 60, ..terms })])));
    assert!(world.impressions.flow.points.is_empty() && world.impressions.recorded.last.is_some());
}

#[test]
fn a_fire_in_the_windows_of_a_short_period_is_not_forgotten_between_two_polls() {
    let facts: Vec<Facts> = (1..=20)
        .map(|i| Facts::Flow(Box::new(flow(f64::from(i) * 2.0, Some(answers(500, 500)), None))))
        .collect();
    let burning = known(&facts);
    for after in [0.0, 0.5, 1.9, 4.0, 9.0] {
        let alarm = burning.alarm(at(40.0 + after)).expect("half of all requests fail");
        assert_eq!(alarm.urgency, crate::domain::burn::Urgency::Page, "{after} s after a poll");
    }
    let later = burning.alarm(at(40.0 + 60.0)).map(|rule| rule.urgency);
    assert_ne!(later, Some(crate::domain::burn::Urgency::Page), "nothing is known of the last minute");
}
