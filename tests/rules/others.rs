//! Throughput, cost and advice.

use miharu::domain::recommendation::{Intent, Severity};

use super::stage::Stage;

#[test]
fn throughput_is_raised_for_the_limit_the_credits_and_the_goal() {
    for (metric, unit, value) in [
        ("PercentIOLimit", "Percent", 81.0),
        ("BurstCreditBalance", "Bytes", 1e9),
        ("PermittedThroughput", "Bytes/Second", 50e6),
    ] {
        let mut stage = Stage::new();
        stage.metric("AWS/EFS", metric, "Average", unit, &[value; 5]);
        let rec = stage.get("raise-throughput");
        assert_eq!(
            (rec.severity, rec.auto_allowed, rec.reversible),
            (Severity::Medium, false, true),
            "{metric}"
        );
        assert_eq!(rec.intent, Intent::Throughput { mode: "elastic".into(), provisioned_mibps: None });
        // Max I/O has no elastic throughput, and provisioning cannot be taken back for a day.
        stage.world.file_system.as_mut().unwrap().performance_mode = "maxIO".into();
        let rec = stage.get("raise-throughput");
        assert_eq!(
            rec.intent,
            Intent::Throughput { mode: "provisioned".into(), provisioned_mibps: Some(96.0) }
        );
        assert!(!rec.reversible && rec.risk.contains("24 h"), "{}", rec.risk);
    }
    let mut stage = Stage::new();
    stage.metric("AWS/EFS", "PercentIOLimit", "Average", "Percent", &[10.0, 10.0, 10.0, 90.0, 90.0]);
    assert_eq!(stage.ids(), Vec::<String>::new(), "two of five minutes do not agree");
    stage.metric("AWS/EFS", "PercentIOLimit", "Average", "Percent", &[90.0; 5]);
    stage.world.file_system.as_mut().unwrap().throughput_mode = "elastic".into();
    let rec = stage.get("raise-throughput");
    assert_eq!((rec.change, rec.blocked_by), (None, vec!["limit".to_owned()]));
}

#[test]
fn a_missing_lifecycle_policy_is_advised() {
    let mut stage = Stage::new();
    for kept in [vec![], vec!["TransitionToIA"], vec!["TransitionToPrimaryStorageClass"]] {
        let policies = kept.iter().map(|k| ((*k).to_owned(), "AFTER_7_DAYS".to_owned())).collect();
        stage.world.lifecycle = Some(policies);
        assert_eq!(stage.get("add-lifecycle-policy").severity, Severity::Low, "{kept:?}");
    }
    stage.world.lifecycle = None;
    assert!(stage.why("add-lifecycle-policy").contains("not known"));
}

#[test]
fn logs_kept_longer_than_wanted_are_named_each() {
    let mut stage = Stage::new();
    stage.world.log_groups = Some(vec![
        ("/a".into(), None),
        ("/b".into(), Some(7)),
        ("/c".into(), Some(8)),
        ("/d".into(), Some(1)),
    ]);
    assert_eq!(stage.ids(), ["set-log-retention:/a", "set-log-retention:/c"]);
    let rec = stage.get("set-log-retention:/a");
    assert!(!rec.reversible && !rec.auto_allowed);
}

#[test]
fn spot_is_advised_for_more_than_one_task_on_demand() {
    let mut stage = Stage::new();
    stage.policy.disabled_rules.clear();
    let rec = stage.get("use-fargate-spot");
    assert_eq!(
        (rec.intent, rec.severity, rec.cost_usd_per_month),
        (Intent::FargateSpot, Severity::Low, None)
    );
    for providers in ["FARGATE_SPOT", "my-instances"] {
        stage.service().capacity_providers = vec![("FARGATE".into(), 1, 0), (providers.into(), 0, 1)];
        assert_eq!(stage.ids(), Vec::<String>::new(), "{providers}");
    }
    stage.service().capacity_providers.clear();
    stage.tasks(1);
    assert_eq!(stage.ids(), Vec::<String>::new());
}

#[test]
fn the_lambda_function_is_sized_by_the_guides_table() {
    for (files, mb) in [(99_999, "512 MB"), (100_000, "1024 MB"), (499_999, "1024 MB"), (500_000, "2048 MB")]
    {
        let mut stage = Stage::new();
        stage.files(files);
        stage.metric("AWS/Lambda", "Duration", "Maximum", "Milliseconds", &[30_000.0]);
        assert!(!stage.ids().contains(&"resize-lambda".to_owned()), "the goal is met");
        stage.metric("AWS/Lambda", "Duration", "Maximum", "Milliseconds", &[30_001.0]);
        let rec = stage.get("resize-lambda");
        assert!(rec.title.contains(mb), "{}", rec.title);
        assert_eq!((rec.intent, rec.auto_allowed, rec.change), (Intent::Advice, false, None));
    }
}

#[test]
fn a_disabled_rule_says_nothing_and_the_severe_come_first() {
    let mut stage = Stage::new();
    stage.files(100_001);
    stage.load(20.0, 20.0);
    stage.world.lifecycle = Some(vec![]);
    assert_eq!(stage.ids(), ["add-mount-target:ap-northeast-1d", "scale-in-service", "add-lifecycle-policy"]);
    stage.policy.disabled_rules.push("add-mount-target".into());
    assert_eq!(stage.ids(), ["scale-in-service", "add-lifecycle-policy"]);
}
