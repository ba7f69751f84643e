//! Guardrails: what they hold, whom they bind, and until when.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use miharu::domain::guardrail::{Binds, Guardrail, blocked_by, guardrails};
use miharu::domain::identity::Identity;
use miharu::domain::journal::{Entry, EntryKind};
use miharu::domain::policy::FreezeWindow;
use miharu::domain::snapshot::Mode;

use super::stage::{Stage, at, list, published};

const ADD_1D: &str = "add-mount-target:ap-northeast-1d";

fn entry(stage: &mut Stage, t: i64, change: &str, rule: &str, event: EntryKind, by: &str) {
    stage.history.push(Entry {
        seq: i64::try_from(stage.history.len()).unwrap() + 1,
        at: at(t),
        environment: "prod".into(),
        change: Some(change.into()),
        rule: Some(rule.into()),
        event,
        by: by.into(),
        step: None,
        detail: serde_json::json!({}),
    });
}

/// A change that was approved by auto, converged and verified.
fn done(stage: &mut Stage, t: i64, change: &str, rule: &str) {
    entry(stage, t - 100, change, rule, EntryKind::Approved, "auto");
    entry(stage, t - 50, change, rule, EntryKind::Converged, "auto");
    entry(stage, t, change, rule, EntryKind::Verified, "auto");
}

fn rail(stage: &Stage, id: &str, name: &str) -> Guardrail {
    let all = guardrails(&stage.input(), &stage.get(id), &stage.history, Mode::Auto);
    let found = all.iter().filter(|r| r.name == name).max_by_key(|r| r.holds);
    found.unwrap_or_else(|| panic!("no {name} in {all:?}")).clone()
}

fn holds(stage: &Stage, id: &str, name: &str) -> (bool, Option<DateTime<Utc>>) {
    let rail = rail(stage, id, name);
    (rail.holds, rail.until)
}

fn over() -> Stage {
    let mut stage = Stage::new();
    stage.files(100_001);
    stage
}

fn busy() -> Stage {
    let mut stage = Stage::new();
    stage.load(79.0, 60.0);
    stage
}

#[test]
fn nothing_holds_back_a_change_in_a_calm_world() {
    let stage = over();
    let all = guardrails(&stage.input(), &stage.get(ADD_1D), &[], Mode::Auto);
    assert_eq!(blocked_by(&all, Mode::Auto), Vec::<String>::new());
    let names: Vec<&str> = all.iter().map(|r| r.name.as_str()).collect();
    for name in [
        "change-in-flight",
        "freeze",
        "cool-down",
        "flap-budget",
        "data-freshness",
        "former-lambda",
        "error-budget",
    ] {
        assert!(names.contains(&name), "{name} cannot be seen: {names:?}");
    }
    assert!(rail(&stage, ADD_1D, "error-budget").detail.contains("not measured yet"));
}

#[test]
fn one_change_is_in_flight_until_it_has_ended() {
    for (event, flying) in [
        (EntryKind::Proposed, false),
        (EntryKind::Approved, true),
        (EntryKind::Started, true),
        (EntryKind::Succeeded, true),
        (EntryKind::Failed, true),
        (EntryKind::Unknown, true),
        (EntryKind::Converged, false),
        (EntryKind::Refused, false),
    ] {
        let mut stage = over();
        entry(&mut stage, -9000, "c1", "publish-mount-targets", event, "auto");
        entry(&mut stage, -8990, "c1", "publish-mount-targets", EntryKind::Note, "auto");
        assert_eq!(rail(&stage, ADD_1D, "change-in-flight").holds, flying, "{event:?}");
        assert_eq!(stage.get(ADD_1D).blocked_by.contains(&"change-in-flight".to_owned()), flying);
        stage.history.iter_mut().for_each(|e| e.environment = "other".into());
        assert!(!rail(&stage, ADD_1D, "change-in-flight").holds, "another environment");
    }
}

#[test]
fn what_needs_a_human_stops_auto_until_a_person_has_acted() {
    let mut stage = over();
    entry(&mut stage, -9000, "c1", "add-mount-target", EntryKind::NeedsHuman, "auto");
    let held = rail(&stage, ADD_1D, "change-in-flight");
    assert_eq!((held.holds, held.binds), (true, Binds::Auto));
    assert_eq!(stage.get(ADD_1D).blocked_by, Vec::<String>::new(), "an operator is the human");
    done(&mut stage, -8000, "c2", "publish-mount-targets");
    assert!(rail(&stage, ADD_1D, "change-in-flight").holds, "auto did that");
    entry(&mut stage, -7000, "c3", "publish-mount-targets", EntryKind::Approved, "ann@bastion");
    entry(&mut stage, -6900, "c3", "publish-mount-targets", EntryKind::Converged, "ann@bastion");
    assert!(!rail(&stage, ADD_1D, "change-in-flight").holds);
}

#[test]
fn cool_downs_count_from_verified_else_converged_and_bind_auto_only() {
    let mut stage = over();
    done(&mut stage, -299, "c1", "scale-out-service");
    assert_eq!(holds(&stage, ADD_1D, "cool-down"), (true, Some(at(1))));
    assert_eq!(stage.get(ADD_1D).blocked_by, Vec::<String>::new());
    let rails = guardrails(&stage.input(), &stage.get(ADD_1D), &stage.history, Mode::Auto);
    assert_eq!(blocked_by(&rails, Mode::Auto), ["cool-down"]);
    stage.history.pop();
    assert_eq!(holds(&stage, ADD_1D, "cool-down"), (false, None), "converged 349 s ago");
    // What takes away waits longer, and for both; what adds does not wait for what took away.
    let mut stage = Stage::new();
    stage.load(20.0, 20.0);
    done(&mut stage, -400, "c1", "scale-out-service");
    assert_eq!(holds(&stage, "scale-in-service", "cool-down"), (true, Some(at(500))));
    let mut stage = over();
    done(&mut stage, -10, "c1", "scale-in-service");
    assert!(!holds(&stage, ADD_1D, "cool-down").0);
}

#[test]
fn repairs_neither_wait_nor_make_others_wait() {
    let mut stage = over();
    stage.world.published = Some(Some(published(&[(-9000, &list(&["1a"]))])));
    done(&mut stage, -10, "c1", "add-mount-target");
    let rails = guardrails(&stage.input(), &stage.get("publish-mount-targets"), &stage.history, Mode::Auto);
    assert!(rails.iter().all(|r| r.name != "cool-down"));
    stage.history.clear();
    done(&mut stage, -10, "c1", "publish-mount-targets");
    assert!(!holds(&stage, ADD_1D, "cool-down").0);
}

#[test]
fn the_pause_after_failures_doubles_up_to_an_hour() {
    for (failures, pause) in [(1, 180), (2, 360), (3, 720), (9, 3600)] {
        let mut stage = over();
        for n in 0..failures {
            entry(&mut stage, -100 + n, &format!("c{n}"), "add-mount-target", EntryKind::RolledBack, "auto");
        }
        assert_eq!(
            holds(&stage, ADD_1D, "cool-down"),
            (true, Some(at(-101 + failures + pause))),
            "{failures}"
        );
    }
}

#[test]
fn the_flap_budget_counts_changes_of_direction_of_the_same_thing() {
    let mut stage = busy();
    done(&mut stage, -3000, "c1", "scale-out-service");
    done(&mut stage, -2000, "c2", "scale-in-service");
    assert!(!holds(&stage, "scale-out-service", "flap-budget").0, "two turns with this one");
    done(&mut stage, -1500, "c3", "scale-out-service");
    done(&mut stage, -1000, "c4", "scale-in-service");
    assert_eq!(holds(&stage, "scale-out-service", "flap-budget"), (true, Some(at(3600 - 2000))));
    stage.files(100_001);
    assert!(!holds(&stage, ADD_1D, "flap-budget").0, "mount targets did not flap");
    let mut stage = busy();
    for n in 0..5 {
        done(&mut stage, -3000 + 300 * n, &format!("c{n}"), "scale-out-service");
    }
    assert!(!holds(&stage, "scale-out-service", "flap-budget").0);
}

#[test]
fn noisy_signals_need_several_evaluations_that_agree() {
    let mut stage = busy();
    for (asked, held) in [
        (vec![], true),
        (vec![6], true),
        (vec![6, 6], false),
        (vec![6, 4, 4, 6], false),
        (vec![6, 6, 4, 4, 4, 4], true),
    ] {
        stage.signals.desired = asked.iter().rev().zip(1..).map(|(d, n)| (at(-60 * n), *d)).collect();
        stage.signals.desired.make_contiguous().reverse();
        let rail = rail(&stage, "scale-out-service", "evaluations");
        assert_eq!((rail.holds, rail.binds), (held, Binds::Auto), "{asked:?}: {}", rail.detail);
        // Noted already or not: this evaluation counts once.
        stage.signals.desired.push_back((stage.now, 6));
        assert_eq!(self::rail(&stage, "scale-out-service", "evaluations").detail, rail.detail);
    }
}

#[test]
fn on_the_way_down_the_largest_answer_of_the_window_counts() {
    let mut stage = Stage::new();
    stage.load(20.0, 20.0);
    assert!(holds(&stage, "scale-in-service", "stabilisation").0, "just begun to look");
    stage.signals.desired = (1..=10).rev().map(|n| (at(-60 * n), 2)).collect();
    assert_eq!(holds(&stage, "scale-in-service", "stabilisation"), (false, None));
    stage.signals.desired[6] = (at(-240), 4);
    assert_eq!(holds(&stage, "scale-in-service", "stabilisation"), (true, Some(at(60))));
    stage.signals.desired[6] = (at(-240), 3);
    assert!(!holds(&stage, "scale-in-service", "stabilisation").0);
}

#[test]
fn a_freeze_window_binds_everybody_and_says_its_end() {
    let mut stage = over();
    let time = stage.now.time();
    let window = |from: i64, to: i64| FreezeWindow {
        days: vec![],
        from: time.overflowing_add_signed(TimeDelta::minutes(from)).0,
        to: time.overflowing_add_signed(TimeDelta::minutes(to)).0,
    };
    stage.policy.freeze = vec![window(-10, 20), window(15, 40)];
    let rail = rail(&stage, ADD_1D, "freeze");
    assert_eq!(
        (rail.holds, rail.binds, rail.until),
        (true, Binds::All, Some(stage.now + TimeDelta::minutes(40)))
    );
    assert_eq!(stage.get(ADD_1D).blocked_by, ["freeze"]);
    let all_day =
        FreezeWindow { days: vec![], from: NaiveTime::MIN, to: NaiveTime::from_hms_opt(23, 59, 59).unwrap() };
    stage.policy.freeze = vec![all_day];
    assert!(holds(&stage, ADD_1D, "freeze").0);
}

#[test]
fn another_account_a_deployment_and_an_unavailable_file_system_bind_everybody() {
    let mut stage = over();
    stage.policy.expected_account = Some("111111111111".into());
    assert_eq!(stage.get(ADD_1D).blocked_by, ["expected-account"], "not known");
    let identity =
        |account: &str| Some(Identity { account: account.into(), arn: "a".into(), region: "r".into() });
    stage.world.identity = identity("222222222222");
    assert_eq!(stage.get(ADD_1D).blocked_by, ["expected-account"]);
    stage.world.identity = identity("111111111111");
    assert_eq!(stage.get(ADD_1D).blocked_by, Vec::<String>::new());

    let primary = &mut stage.service().deployments[0];
    (primary.rollout_state, primary.created_at) = (Some("IN_PROGRESS".into()), Some(at(-100)));
    assert_eq!(stage.get(ADD_1D).blocked_by, ["deployment-in-progress"]);
    assert_eq!(holds(&stage, ADD_1D, "deployment-in-progress"), (true, Some(at(500))));
    stage.service().deployments[0].created_at = Some(at(-601));
    assert_eq!(rail(&stage, ADD_1D, "deployment-in-progress").binds, Binds::Auto, "it is stuck");

    let mut stage = over();
    stage.world.file_system.as_mut().unwrap().lifecycle_state = "updating".into();
    assert_eq!(stage.get(ADD_1D).blocked_by, ["not-available"]);
}

#[test]
fn while_the_former_lambda_runs_auto_waits_and_says_how_to_stop_it() {
    let mut stage = over();
    stage.metric("AWS/Lambda", "Invocations", "Sum", "Count", &[1.0, 0.0, 0.0, 0.0, 0.0]);
    let held = rail(&stage, ADD_1D, "former-lambda");
    assert_eq!((held.holds, held.binds), (true, Binds::Auto));
    assert!(held.detail.contains("disable-rule"), "{}", held.detail);
    assert_eq!(stage.get(ADD_1D).blocked_by, Vec::<String>::new());
    let long_ago: Vec<f64> = [1.0].into_iter().chain([0.0; 11]).collect();
    stage.metric("AWS/Lambda", "Invocations", "Sum", "Count", &long_ago);
    assert!(!holds(&stage, ADD_1D, "former-lambda").0);
}

#[test]
fn steps_do_not_double_the_tasks_within_a_quarter_of_an_hour() {
    let mut stage = busy();
    stage.tasks(6);
    for (n, from) in [(0, 3), (1, 4), (2, 5)] {
        done(&mut stage, -800 + n * 100, &format!("c{n}"), "scale-out-service");
        let approved = stage.history.len() - 3;
        stage.history[approved].detail = serde_json::json!({ "fingerprint": { "desired_count": from } });
    }
    assert_eq!(holds(&stage, "scale-out-service", "limit"), (true, Some(at(100))), "3 to 7");
    stage.tasks(5);
    assert!(!holds(&stage, "scale-out-service", "limit").0, "3 to 6");
}
