//! The four verdicts, from checks and from worlds.

use chrono::TimeDelta;
use miharu::domain::metric::{MetricKey, MetricSeries};
use miharu::domain::plan::Plan;
use miharu::domain::recommendation::Intent;
use miharu::domain::request::Operation;
use miharu::domain::verification::{Check, Verdict, checks, checks_since, verdict};
use miharu::domain::world::World;
use proptest::prelude::*;

use super::scene::{add, at, plan, published, target, task, world};

fn check(before: Option<f64>, after: Option<f64>, limit: f64, at_least: bool, goal: bool) -> Check {
    Check { name: "x".into(), unit: "Percent".into(), before, after, limit, at_least, goal }
}

#[test]
fn the_verdict_of_checks() {
    use Verdict::{Better, CannotTell, Same, Worse};
    let side = |before, after| check(before, after, 80.0, false, false);
    let goal = |before, after| check(before, after, 80.0, false, true);
    let least = |before, after| check(before, after, 3.0, true, true);
    let table: Vec<(Vec<Check>, Verdict)> = vec![
        (vec![], CannotTell),
        (vec![side(Some(50.0), Some(50.0))], Same),
        (vec![side(Some(50.0), Some(81.0))], Worse),
        (vec![side(Some(50.0), Some(80.0))], Same),
        (vec![side(Some(85.0), Some(99.0))], Same),
        (vec![side(None, Some(99.0))], Same),
        (vec![side(Some(50.0), None)], CannotTell),
        (vec![goal(Some(90.0), Some(60.0))], Better),
        (vec![goal(Some(90.0), Some(88.0))], Same),
        (vec![goal(Some(90.0), Some(95.0))], Same),
        (vec![goal(None, Some(60.0))], CannotTell),
        (vec![least(Some(2.0), Some(3.0))], Better),
        (vec![least(Some(3.0), Some(2.0))], Worse),
        (vec![goal(Some(90.0), Some(60.0)), side(Some(1.0), Some(90.0))], Worse),
        (vec![goal(Some(90.0), Some(60.0)), side(Some(1.0), None)], CannotTell),
        // What is known to be broken is not made unknown by what is missing.
        (vec![goal(Some(90.0), None), side(Some(1.0), Some(90.0))], Worse),
        // One goal nearer, the other farther.
        (vec![goal(Some(90.0), Some(60.0)), goal(Some(40.0), Some(70.0))], Same),
    ];
    for (checks, expected) in table {
        assert_eq!(verdict(&checks), expected, "{checks:?}");
    }
}

/// Points of a metric, by minute from the time of the plan.
fn metric(world: &mut World, namespace: &str, name: &str, statistic: &str, points: &[(i64, f64)]) {
    let key = MetricKey {
        namespace: namespace.into(),
        name: name.into(),
        statistic: statistic.into(),
        dimensions: std::collections::BTreeMap::new(),
    };
    let points = points.iter().map(|(m, v)| (at(0) + TimeDelta::minutes(*m), *v)).collect();
    world.metrics.insert(key.clone(), MetricSeries { key, unit: "Percent".into(), period_s: 60, points });
}

fn cpu(before: f64, after: f64) -> (World, World, Plan) {
    let (mut then, mut now) = (world(), world());
    let plan = plan(&then, "scale-out-service", Intent::Scale { desired: 3 }).unwrap();
    metric(&mut then, "AWS/ECS", "CPUUtilization", "Average", &[(-3, before), (-2, before)]);
    metric(
        &mut now,
        "AWS/ECS",
        "CPUUtilization",
        "Average",
        &[(-2, before), (1, 100.0), (5, after), (6, after)],
    );
    let service = now.service.as_mut().unwrap();
    (service.desired, service.running) = (3, 3);
    (then, now, plan)
}

fn judged(before: &World, after: &World, plan: &Plan) -> Verdict {
    verdict(&checks_since(before, after, plan, at(0) + TimeDelta::minutes(4)))
}

#[test]
fn each_verdict_of_a_scale_out() {
    let (before, after, plan) = cpu(90.0, 55.0);
    assert_eq!(judged(&before, &after, &plan), Verdict::Better, "the minute of the rollout does not count");
    let (before, after, plan) = cpu(90.0, 89.0);
    assert_eq!(judged(&before, &after, &plan), Verdict::Same);
    let (before, mut after, plan) = cpu(90.0, 55.0);
    after.service.as_mut().unwrap().running = 2;
    assert_eq!(judged(&before, &after, &plan), Verdict::Worse, "a task is missing");
    let (before, mut after, plan) = cpu(90.0, 55.0);
    metric(&mut after, "AWS/ECS", "CPUUtilization", "Average", &[(-2, 90.0), (1, 100.0)]);
    assert_eq!(judged(&before, &after, &plan), Verdict::CannotTell, "no point since the change");
    let (before, mut after, plan) = cpu(90.0, 55.0);
    after.tasks = None;
    assert_eq!(judged(&before, &after, &plan), Verdict::CannotTell, "tasks were not read");
}

#[test]
fn tasks_that_failed_since_the_change_count_against_it() {
    let failed = |stopped: i64, code: &str, exit: Option<i32>| {
        let mut task = task("x", -100);
        task.status = "STOPPED".into();
        task.stopped_at = Some(at(stopped));
        task.stop_code = Some(code.into());
        task.exit_code = exit;
        task
    };
    for (task, expected) in [
        (failed(60, "TaskFailedToStart", None), Verdict::Worse),
        (failed(60, "EssentialContainerExited", Some(1)), Verdict::Worse),
        (failed(60, "EssentialContainerExited", Some(0)), Verdict::Better),
        (failed(60, "ServiceSchedulerInitiated", Some(137)), Verdict::Better),
        (failed(-60, "TaskFailedToStart", None), Verdict::Better),
    ] {
        let (before, mut after, plan) = cpu(90.0, 55.0);
        after.tasks.as_mut().unwrap().push(task.clone());
        assert_eq!(judged(&before, &after, &plan), expected, "{task:?}");
    }
    // A service that failed before, and goes on failing, is not made worse by the change.
    let (mut before, mut after, plan) = cpu(90.0, 55.0);
    before.tasks.as_mut().unwrap().push(failed(-60, "TaskFailedToStart", None));
    after.tasks.as_mut().unwrap().push(failed(60, "TaskFailedToStart", None));
    assert_eq!(judged(&before, &after, &plan), Verdict::Better);
}

#[test]
fn server_errors_are_a_share_of_requests_and_silence_is_no_answer() {
    let elb = |world: &mut World, name: &str, points: &[(i64, f64)]| {
        metric(world, "AWS/ApplicationELB", name, "Sum", points);
    };
    let scene = |requests: &[(i64, f64)], errors: &[(i64, f64)]| {
        let (mut before, mut after, plan) = cpu(90.0, 55.0);
        elb(&mut before, "RequestCount", &[(-3, 1000.0)]);
        elb(&mut after, "RequestCount", requests);
        elb(&mut after, "HTTPCode_Target_5XX_Count", errors);
        judged(&before, &after, &plan)
    };
    assert_eq!(scene(&[(5, 1000.0)], &[]), Verdict::Better, "no errors, no points");
    assert_eq!(scene(&[(5, 1000.0)], &[(5, 1.0)]), Verdict::Better, "0.1 % is the goal");
    assert_eq!(scene(&[(5, 1000.0)], &[(5, 2.0)]), Verdict::Worse);
    assert_eq!(scene(&[(1, 1000.0)], &[(1, 900.0)]), Verdict::CannotTell, "no requests since");
}

#[test]
fn what_each_rule_wanted_is_a_goal_of_its_own() {
    let goal = |before: &World, after: &World, plan: &Plan| {
        let checks = checks(before, after, plan);
        let goals: Vec<&Check> = checks.iter().filter(|c| c.goal).collect();
        assert_eq!(goals.len(), 1, "{checks:?}");
        (goals[0].name.clone(), goals[0].before, goals[0].after, verdict(&checks))
    };
    let before = world();
    let add_plan = plan(&before, "add-mount-target", add(true)).unwrap();
    let mut after = world();
    after.mount_targets.as_mut().unwrap().push(target("d", 3));
    assert_eq!(
        goal(&before, &after, &add_plan),
        ("published mount targets".into(), Some(2.0), Some(2.0), Verdict::Same)
    );
    let Operation::PutParameter { entries, .. } =
        &plan(&after, "p", Intent::Publish).unwrap().steps[0].operation.clone()
    else {
        panic!()
    };
    let text = miharu::domain::request::published_text(entries);

    let publish = plan(&after, "publish-mount-targets", Intent::Publish).unwrap();
    let drifted = after.clone();
    after.published = Some(Some(published(7, &text)));
    assert_eq!(goal(&before, &after, &add_plan).3, Verdict::Better);
    assert_eq!(
        goal(&drifted, &after, &publish),
        ("mount targets published wrongly".into(), Some(1.0), Some(0.0), Verdict::Better)
    );

    let redeploy = plan(&after, "redeploy-service", Intent::Redeploy).unwrap();
    let mut old = after.clone();
    let list = old.published.as_mut().unwrap().as_mut().unwrap();
    list.history.insert(0, published(6, super::scene::OLD).current);
    list.history[0].changed_at = at(-9000);
    list.current.changed_at = at(-600);
    list.history[1].changed_at = at(-600);
    let mut new = old.clone();
    new.tasks = Some(vec![task("3", -60), task("4", -60)]);
    assert_eq!(
        goal(&old, &new, &redeploy),
        ("tasks on an older list".into(), Some(2.0), Some(0.0), Verdict::Better)
    );

    let spot =
        plan(&before, "set-log-retention", Intent::LogRetention { log_group: "/ecs/files".into(), days: 7 })
            .unwrap();
    let mut kept = world();
    kept.log_groups = Some(vec![("/ecs/files".into(), Some(7))]);
    assert_eq!(goal(&before, &kept, &spot).3, Verdict::Better);
}

proptest! {
    /// Taking a value away never makes a verdict worse.
    #[test]
    fn missing_data_is_never_worse(
        values in prop::collection::vec((prop::option::of(0.0..100.0), prop::option::of(0.0..100.0), any::<bool>(), any::<bool>()), 0..6),
        gone in 0_usize..6,
    ) {
        let mut checks: Vec<Check> =
            values.into_iter().map(|(b, a, least, goal)| check(b, a, 50.0, least, goal)).collect();
        let full = verdict(&checks);
        if let Some(check) = checks.get_mut(gone) {
            check.after = None;
        }
        prop_assert!(full == Verdict::Worse || verdict(&checks) != Verdict::Worse);
        for check in &mut checks {
            check.after = None;
        }
        prop_assert_eq!(verdict(&checks), Verdict::CannotTell);
    }
}
