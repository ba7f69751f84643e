//! More and fewer tasks, other sizes.

use miharu::domain::recommendation::{Intent, Severity};
use miharu::domain::scalable::ScalableTarget;
use miharu::domain::source::SourceId;

use super::stage::{Stage, at};

#[test]
fn the_dead_band_the_step_and_the_limits() {
    for (tasks, cpu, max, to) in [
        (4, 66.0, 50, None),     // inside the dead band
        (4, 66.1, 50, Some(5)),  // just outside
        (4, 200.0, 50, Some(5)), // a step adds a quarter
        (20, 200.0, 50, Some(25)),
        (20, 200.0, 22, Some(22)),
        (1, 90.0, 50, Some(2)), // at least one
        (0, 90.0, 50, None),    // stopped on purpose
    ] {
        let mut stage = Stage::new();
        stage.tasks(tasks);
        stage.policy.max_tasks = max;
        stage.load(cpu, 60.0);
        let found = stage.evaluate().recommendations.into_iter().find(|r| r.rule == "scale-out-service");
        assert_eq!(
            found.as_ref().map(|r| r.intent.clone()),
            to.map(|desired| Intent::Scale { desired }),
            "{tasks} {cpu}"
        );
        if let Some(rec) = found {
            assert_eq!((rec.severity, rec.auto_allowed), (Severity::High, true));
        }
    }
}

#[test]
fn at_the_limit_it_says_so() {
    let mut stage = Stage::new();
    stage.policy.max_tasks = 4;
    stage.load(79.0, 60.0);
    let rec = stage.get("scale-out-service");
    assert_eq!((rec.change, rec.blocked_by, rec.severity), (None, vec!["limit".to_owned()], Severity::Low));
    // A limit of the world: each task needs an address.
    stage.policy.max_tasks = 50;
    for subnet in stage.world.subnets.as_mut().unwrap() {
        subnet.free_addresses = Some(0);
    }
    assert!(stage.get("scale-out-service").reason.contains("free address"));
}

#[test]
fn the_largest_answer_wins_on_the_way_up_and_all_must_agree_on_the_way_down() {
    let mut stage = Stage::new();
    stage.load(20.0, 79.0);
    assert_eq!(stage.ids(), ["scale-out-service"]);
    stage.load(20.0, 70.0);
    assert_eq!(stage.ids(), Vec::<String>::new());
    stage.load(20.0, 20.0);
    let rec = stage.get("scale-in-service");
    assert_eq!(
        (rec.intent, rec.severity, rec.auto_allowed),
        (Intent::Scale { desired: 3 }, Severity::Medium, false)
    );
}

#[test]
fn missing_data_never_shrinks_and_old_points_are_missing() {
    let mut stage = Stage::new();
    stage.load(10.0, 10.0);
    stage.no_metric("MemoryUtilization");
    assert_eq!(stage.ids(), Vec::<String>::new());
    assert!(stage.why("scale-in-service").contains("missing data never takes tasks away"));
    assert_eq!(stage.evaluate().desired, Some(4));
    stage.load(90.0, 10.0);
    stage.no_metric("MemoryUtilization");
    assert_eq!(stage.ids(), ["scale-out-service"], "one signal is enough to grow");
    stage.no_metric("CPUUtilization");
    assert!(stage.why("scale-out-service").contains("no recent data point"));

    let mut stage = Stage::new();
    stage.load(95.0, 95.0);
    for series in stage.world.metrics.values_mut() {
        for (time, _) in &mut series.points {
            *time -= chrono::TimeDelta::minutes(5);
        }
    }
    assert!(stage.why("scale-out-service").contains("no recent data point"));
    let mut stage = Stage::new();
    stage.load(95.0, 95.0);
    stage.stale(SourceId::CLOUDWATCH);
    assert!(stage.why("scale-out-service").contains("cloudwatch was last read"));
}

#[test]
fn tasks_that_have_yet_to_start_are_counted_and_never_taken_away() {
    let mut stage = Stage::new();
    stage.load(90.0, 60.0);
    stage.service().desired = 6; // 4 × 90 ÷ 60 = 6
    assert_eq!(stage.ids(), Vec::<String>::new());
    stage.load(10.0, 10.0);
    assert_eq!(stage.ids(), Vec::<String>::new());
}

#[test]
fn a_scaled_service_gets_its_limits_changed_instead_of_an_overruled_count() {
    let mut stage = Stage::new();
    let scalable = |min, max, suspended| {
        Some(Some(ScalableTarget { resource_id: "service/c/file-svc".into(), min, max, suspended }))
    };
    stage.world.scalable = scalable(2, 4, false);
    stage.load(79.0, 60.0);
    let rec = stage.get("scale-out-service");
    assert_eq!(rec.intent, Intent::ScaleBounds { min: 5, max: 5 });
    assert!(rec.effect.contains("would overrule"), "{}", rec.effect);
    stage.world.scalable = scalable(2, 4, true);
    assert_eq!(stage.get("scale-out-service").intent, Intent::Scale { desired: 5 });
    stage.world.scalable = scalable(2, 9, false);
    stage.load(20.0, 20.0);
    assert_eq!(stage.ids(), Vec::<String>::new(), "AWS may shrink to 2 by itself");
    stage.world.scalable = scalable(4, 9, false);
    assert_eq!(stage.get("scale-in-service").intent, Intent::ScaleBounds { min: 3, max: 9 });
}

#[test]
fn requests_per_task_are_summed_over_target_groups_once_a_target_is_set() {
    let mut stage = Stage::new();
    stage.metric("AWS/ApplicationELB", "RequestCount", "Sum", "Count", &[24_000.0; 5]);
    assert_eq!(stage.ids(), Vec::<String>::new());
    stage.policy.requests_per_task_target = Some(80.0); // 24 000 a minute over 4 tasks: 100 a second each
    let rec = stage.get("scale-out-service");
    assert_eq!(rec.intent, Intent::Scale { desired: 5 });
    assert!(rec.evidence.iter().any(|e| e.name == "requests per task" && e.value == 100.0));
}

#[test]
fn costs_come_from_the_table_or_are_unknown() {
    let mut stage = Stage::new();
    stage.load(79.0, 60.0);
    assert_eq!(stage.get("scale-out-service").cost_usd_per_month, None);
    stage.policy.prices.usd =
        [("fargate_vcpu_hour".to_owned(), 0.05), ("fargate_gb_hour".to_owned(), 0.005)].into();
    let cost = stage.get("scale-out-service").cost_usd_per_month.unwrap();
    assert!((cost - 730.0 * (2.0 * 0.05 + 4.0 * 0.005)).abs() < 1e-9, "{cost}");
}

#[test]
fn a_task_is_resized_by_one_notch_unless_only_scaling_out_is_allowed() {
    let mut stage = Stage::new();
    stage.load(60.0, 85.0);
    let rec = stage.get("resize-task");
    assert_eq!(rec.intent, Intent::ResizeTask { cpu: "4096".into(), memory: "8192".into() });
    assert_eq!((rec.severity, rec.auto_allowed), (Severity::Low, false));
    stage.policy.scale_out_only = true;
    assert!(!stage.ids().contains(&"resize-task".to_owned()));
    stage.policy.scale_out_only = false;
    let service = stage.service();
    (service.task_cpu, service.task_memory) = (Some("4096".into()), Some("8192".into()));
    assert!(!stage.ids().contains(&"resize-task".to_owned()), "nothing bigger");
    stage.tasks(1);
    stage.load(10.0, 10.0);
    assert_eq!(
        stage.get("resize-task").intent,
        Intent::ResizeTask { cpu: "2048".into(), memory: "4096".into() }
    );
    // One loud minute is none.
    stage.metric("AWS/ECS", "MemoryUtilization", "Average", "Percent", &[10.0, 10.0, 10.0, 10.0, 99.0]);
    assert!(!stage.ids().contains(&"resize-task".to_owned()));
}

#[test]
fn what_the_evaluations_asked_for_is_before_band_and_step() {
    let mut stage = Stage::new();
    stage.load(120.0, 60.0);
    assert_eq!(stage.evaluate().desired, Some(8));
    stage.now = at(3600);
    assert_eq!(stage.evaluate().desired, None, "nothing is known any more");
}
