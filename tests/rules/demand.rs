//! Impressions in rules and guardrails: measured capacity, a budget that burns, and data that is missing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use miharu::domain::facts::Facts;
use miharu::domain::freshness::SourceState;
use miharu::domain::guardrail::{Binds, blocked_by, guardrails};
use miharu::domain::impressions::{Answers, Flow, Instance, Kind, Terms};
use miharu::domain::slo::{Counts, Objective};
use miharu::domain::snapshot::Mode;
use miharu::domain::source::{Reading, SourceId};

use super::stage::{Stage, at};

/// Half a minute of answers of each task, well and failed, up to `end` seconds before now.
fn measured(stage: &mut Stage, tasks: usize, each: (u64, u64), end: i64) {
    let id = SourceId::IMPRESSIONS;
    stage.world.sources.entry(id).or_insert_with(|| SourceState::new(id, TimeDelta::seconds(2)));
    for back in (0..15).rev() {
        let now = at(-end - back * 2);
        let n = tasks as u64;
        let counts = Counts { good: each.0 * 2, bad: each.1 * 2 };
        let service = Answers {
            good: counts.good * n,
            bad: BTreeMap::from([("503".to_owned(), counts.bad * n)]),
            ..Answers::default()
        };
        let instance = |n: usize| Instance {
            name: format!("127.0.0.1:{n}"),
            kind: Kind::Hakaru,
            counts: Some(counts),
            error: None,
            queue: None,
            queue_limit: None,
            processor: None,
            database_up: None,
            healthy: None,
            started_at: None,
        };
        let flow = Flow {
            at: now,
            over_ms: 2000,
            service: Some(service),
            load: None,
            instances: (0..tasks).map(instance).collect(),
            incomplete: false,
        };
        let terms = Terms { objective: Objective::default(), window_s: 7200 };
        stage.world.merge(&Reading {
            source: id,
            started_at: now,
            at: now,
            took_ms: 1,
            calls: 1,
            cost_usd: Some(0.0),
            next_at: now + TimeDelta::seconds(2),
            result: Ok(vec![Facts::Terms(terms), Facts::Flow(Box::new(flow))]),
            partial: Vec::new(),
            warnings: Vec::new(),
        });
    }
}

/// Four tasks with a calm processor.
fn calm() -> Stage {
    let mut stage = Stage::new();
    stage.tasks(4);
    stage.load(60.0, 60.0);
    stage
}

#[test]
fn tasks_at_their_measured_limit_ask_for_more_whatever_the_processor_says() {
    let mut stage = calm();
    assert!(!stage.ids().contains(&"scale-out-service".to_owned()), "{:?}", stage.ids());
    // Each takes 1000 a second, and fails 250 more.
    measured(&mut stage, 4, (1000, 250), 0);
    let rec = stage.get("scale-out-service");
    assert_eq!(rec.change.as_ref().unwrap().to, 5, "a step at a time: {rec:?}");
    assert!(rec.reason.contains("impressions per task"), "{}", rec.reason);
    let evidence = rec.evidence.iter().find(|e| e.name == "impressions per task").unwrap();
    assert_eq!((evidence.source.as_str(), evidence.value.as_f64()), ("impressions", Some(1250.0)));
    assert!(rec.evidence.iter().any(|e| e.name == "error budget burn rate"), "{rec:?}");
}

#[test]
fn what_was_not_seen_to_fail_is_no_limit_and_others_tasks_are_not_these() {
    let mut stage = calm();
    measured(&mut stage, 4, (1000, 0), 0);
    assert!(!stage.ids().contains(&"scale-out-service".to_owned()), "at least 1000 is no limit");
    let mut stage = calm();
    measured(&mut stage, 3, (1000, 250), 0);
    assert!(!stage.ids().contains(&"scale-out-service".to_owned()), "three instances are not four tasks");
}

#[test]
fn neither_a_burning_budget_nor_missing_data_takes_tasks_away() {
    let mut stage = calm();
    stage.load(10.0, 10.0);
    let shrinks = |stage: &Stage| stage.ids().contains(&"scale-in-service".to_owned());
    assert!(shrinks(&stage), "{:?}", stage.ids());
    measured(&mut stage, 3, (1000, 250), 0);
    assert!(!shrinks(&stage), "the budget burns");
    let mut stage = calm();
    stage.load(10.0, 10.0);
    measured(&mut stage, 4, (1000, 250), 0);
    stage.stale(SourceId::IMPRESSIONS);
    assert!(!shrinks(&stage), "what was measured is not any more");
}

#[test]
fn a_budget_that_burns_holds_auto_back_but_not_the_remedy_and_not_the_operator() {
    let rail = |stage: &Stage, id: &str| {
        let all = guardrails(&stage.input(), &stage.get(id), &stage.history, Mode::Auto);
        let rail = all.iter().find(|r| r.name == "error-budget").unwrap().clone();
        (rail, blocked_by(&all, Mode::Auto), blocked_by(&all, Mode::Approve))
    };
    let add = "add-mount-target:ap-northeast-1d";
    let mut stage = calm();
    stage.files(100_001);
    let (unmeasured, ..) = rail(&stage, add);
    assert!(!unmeasured.holds && unmeasured.detail.contains("not measured yet"));
    measured(&mut stage, 4, (1000, 250), 0);
    let (burning, auto, approve) = rail(&stage, add);
    assert!(burning.holds && burning.binds == Binds::Auto, "{burning:?}");
    assert!(burning.detail.contains("times as fast"), "{burning:?}");
    assert!(auto.contains(&"error-budget".to_owned()) && !approve.contains(&"error-budget".to_owned()));
    let (remedy, ..) = rail(&stage, "scale-out-service");
    assert!(!remedy.holds && remedy.detail.contains("remedy"), "{remedy:?}");
    let mut calm = calm();
    calm.files(100_001);
    measured(&mut calm, 4, (1000, 0), 0);
    let (sound, ..) = rail(&calm, add);
    assert!(!sound.holds && sound.detail.contains("100.0 % of the error budget is left"), "{sound:?}");
    // It was measured, and is not any more: what is left is not known.
    let mut late = super::demand::calm();
    late.files(100_001);
    measured(&mut late, 4, (1000, 0), 60);
    let (stale, ..) = rail(&late, add);
    assert!(stale.holds && stale.detail.contains("not read now"), "{stale:?}");
}
