//! The simulated AWS through its ports, under paused time: each scenario does what its description says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]

#[path = "simulated/stage.rs"]
mod stage;
#[path = "simulated/watched.rs"]
mod watched;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::aws::meter::{Metered, metered};
use miharu::aws::{Answer, Aws, DesiredStatus, EventQuery, MetricQuery, Outside, all_pages};
use miharu::clock::Clock;
use miharu::config::model::Environment;
use miharu::domain::alarm::{Alarm, AlarmState};
use miharu::domain::ecs::{MountsBy, Service, Task};
use miharu::domain::efs::MountTarget;
use miharu::domain::metric::MetricKey;
use miharu::domain::price::{CLOUDWATCH_REQUEST, METRIC_REQUESTED};
use miharu::domain::published::PublishedList;
use miharu::domain::source::FailureClass;
use miharu::simulated::{CLUSTER, FUNCTION_LOG, PARAMETER, SERVICE, Scenario, Simulated};
use stage::{Stage, epoch};

/// Everything that the ports tell, as text.
async fn everything(stage: &Stage) -> Vec<String> {
    let aws = stage.aws();
    let environment = &stage.environment;
    let to = stage.clock.now();
    let keys = [
        stage.key("AWS/EFS", "TotalIOBytes", "Sum"),
        stage.key("AWS/ECS", "CPUUtilization", "Average"),
        stage.key("EFSMountAutoscaling", "FileCount", "Maximum"),
    ];
    let queries = keys.map(|key| MetricQuery { key, period_s: 60 });
    vec![
        format!("{:?}", stage.service().await),
        format!("{:?}", stage.tasks(DesiredStatus::Running).await),
        format!("{:?}", stage.tasks(DesiredStatus::Stopped).await),
        format!("{:?}", stage.targets().await),
        format!("{:?}", aws.file_system(environment.file_system_id.as_ref().unwrap()).await),
        format!("{:?}", aws.parameter_history(PARAMETER, None).await),
        format!("{:?}", aws.alarms(None).await),
        format!("{:?}", aws.metric_data(&queries, to - TimeDelta::hours(1), to, None).await),
        format!("{:?}", aws.caller_identity().await),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_answers_however_often_it_was_asked_before() {
    for name in ["calm", "file-storm", "bad-deploy", "drift", "zone-without-target"] {
        let mut told = Vec::new();
        for every in [1800, 60, 1] {
            let stage = Stage::new(name, 11);
            for s in (0..1800_i64).step_by(every) {
                stage.until(s).await;
                stage.service().await;
            }
            stage.until(1800).await;
            told.push(everything(&stage).await);
        }
        assert_eq!(told[0], told[1], "{name}: every minute");
        assert_eq!(told[0], told[2], "{name}: every second");
        let other = Stage::new(name, 12);
        other.until(1800).await;
        assert_ne!(told[0], everything(&other).await, "{name}: another seed");
    }
}

#[tokio::test(start_paused = true)]
async fn calm_is_quiet() {
    let stage = Stage::new("calm", 7);
    let cpu = stage.key("AWS/ECS", "CPUUtilization", "Average");
    let (mut seen, mut busy) = (Vec::new(), Vec::new());
    for minute in 0..30 {
        stage.until(minute * 60).await;
        let service = stage.service().await;
        assert!(service.steady(), "minute {minute}");
        let zones: Vec<_> =
            stage.tasks(DesiredStatus::Running).await.iter().map(|t| t.availability_zone.clone()).collect();
        assert_eq!(zones.len(), 6);
        let (version, listed) = stage.list().await;
        let targets = stage.targets().await;
        assert!(targets.iter().all(|t| t.is_available() && listed.contains(&t.mount_target_id)));
        let alarms = stage.aws().alarms(None).await.unwrap().items;
        assert!(alarms.len() == 4 && alarms.iter().all(|a| a.state == AlarmState::Ok), "{alarms:?}");
        seen.push(format!("{service:?} {zones:?} {version} {targets:?}"));
        busy.push(stage.points(&cpu, 5).await.last().unwrap().1);
        assert!(stage.files().await < 60_000.0);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "nothing changes");
    let spread =
        busy.iter().copied().fold(f64::MIN, f64::max) - busy.iter().copied().fold(f64::MAX, f64::min);
    assert!(spread < 0.5, "processor within half a per cent: {busy:?}");
    let growth = stage.points(&stage.key("EFSMountAutoscaling", "FileCount", "Maximum"), 20).await;
    assert!(growth.windows(2).all(|w| w[0].1 < w[1].1 && w[1].1 - w[0].1 < 100.0), "{growth:?}");
}

#[tokio::test(start_paused = true)]
async fn there_is_an_hour_of_history_at_the_start_and_it_stays_as_it_was() {
    let stage = Stage::new("calm", 7);
    let keys = [
        stage.key("AWS/EFS", "TotalIOBytes", "Sum"),
        stage.key("AWS/EFS", "PercentIOLimit", "Average"),
        stage.key("AWS/EFS", "BurstCreditBalance", "Average"),
        stage.key("AWS/EFS", "ClientConnections", "Sum"),
        stage.key("AWS/ECS", "CPUUtilization", "Average"),
        stage.key("AWS/ECS", "MemoryUtilization", "Maximum"),
        stage.key("EFSMountAutoscaling", "FileCount", "Maximum"),
    ];
    let mut before = Vec::new();
    for key in &keys {
        let points = stage.points(key, 60).await;
        assert!(points.len() >= 57, "{}: {}", key.name, points.len());
        before.push(points);
    }
    let newest = before[0].last().unwrap().0;
    let late = stage.clock.now() - newest;
    assert!(late >= TimeDelta::seconds(120) && late < TimeDelta::seconds(181), "a minute late: {late}");
    stage.until(600).await;
    for (key, before) in keys.iter().zip(before) {
        let mut after = stage.points(key, 71).await;
        after.retain(|(at, _)| before.iter().any(|b| b.0 == *at));
        assert_eq!(after, before, "{}", key.name);
    }
}

#[tokio::test(start_paused = true)]
async fn the_storm_passes_the_threshold_within_three_minutes_and_alarms_follow() {
    for seed in [1, 7, 99] {
        let stage = Stage::new("file-storm", seed);
        let threshold = stage.environment.files.threshold as f64;
        assert!(stage.files().await < threshold);
        let zones: Vec<_> = stage.targets().await.into_iter().filter_map(|t| t.availability_zone).collect();
        assert_eq!(zones, ["ap-northeast-1a", "ap-northeast-1c"]);
        let tasks = stage.tasks(DesiredStatus::Running).await;
        assert!(tasks.iter().any(|t| t.availability_zone.as_deref() == Some("ap-northeast-1d")));
        stage.until(180).await;
        assert!(stage.files().await > threshold, "seed {seed}: {}", stage.files().await);
        assert_eq!(stage.alarm("cpu").await.state, AlarmState::Ok, "not before its data");
        stage.until(600).await;
        let cpu = stage.alarm("cpu").await;
        assert_eq!(cpu.state, AlarmState::Alarm);
        assert!(cpu.since.unwrap() > epoch(), "{cpu:?}");
        assert!(
            cpu.reason.starts_with("Threshold Crossed: 1 datapoint [8")
                && cpu.reason.ends_with(")] was greater than the threshold (80.0)."),
            "{}",
            cpu.reason
        );
        assert_eq!(stage.alarm("total-io").await.state, AlarmState::Alarm);
        stage.until(660).await;
        assert_eq!(stage.alarm("percent-io").await.state, AlarmState::Alarm);
        stage.until(1800).await;
        assert_eq!(stage.alarm("cpu").await.state, AlarmState::Ok, "after the storm");
        assert!(stage.files().await > threshold, "the files stay");
    }
}

#[tokio::test(start_paused = true)]
async fn a_zone_without_a_target_starts_no_task_and_the_deployment_fails() {
    for seed in [1, 7, 99] {
        let stage = Stage::new("zone-without-target", seed);
        let before = stage.service().await;
        assert!(before.steady());
        let definition = stage.aws().task_definition(&before.task_definition).await.unwrap();
        let file_system = stage.environment.file_system_id.clone().unwrap();
        assert_eq!(definition.mounts_by(&file_system), MountsBy::Volume);
        stage.until(300).await;
        let service = stage.service().await;
        let primary = service.primary().unwrap();
        assert_eq!(primary.rollout_state.as_deref(), Some("FAILED"), "seed {seed}: {service:#?}");
        assert!(primary.failed >= 3);
        assert_eq!(service.running, 6, "the old tasks keep serving");
        assert_eq!(service.subnets.len(), 3);
        assert!(
            service.events.iter().any(|e| e.message
                == format!(
                    "(service {SERVICE}) (deployment {}) deployment failed: tasks failed to start.",
                    primary.id
                )),
            "{:#?}",
            service.events
        );
        let stopped = stage.tasks(DesiredStatus::Stopped).await;
        let failed: Vec<&Task> =
            stopped.iter().filter(|t| t.stop_code.as_deref() == Some("TaskFailedToStart")).collect();
        assert!(failed.len() >= 3);
        for task in failed {
            assert_eq!(task.availability_zone.as_deref(), Some("ap-northeast-1d"));
            assert_eq!((task.started_at, task.exit_code), (None, None));
            let reason = task.stopped_reason.as_deref().unwrap();
            assert!(
                reason.starts_with("ResourceInitializationError: failed to invoke EFS utils commands")
                    && reason.contains(&format!("Failed to resolve \"{file_system}.efs.")),
                "{reason}"
            );
        }
        let running = stage.tasks(DesiredStatus::Running).await;
        assert!(running.iter().all(|t| t.availability_zone.as_deref() != Some("ap-northeast-1d")));
        stage.until(1800).await;
        let later = stage.service().await;
        assert_eq!(later.rollout_state(), Some("FAILED"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_bad_deployment_is_rolled_back() {
    for seed in [1, 7, 99] {
        let stage = Stage::new("bad-deploy", seed);
        let good = stage.service().await.task_definition;
        let mut states = Vec::new();
        for s in (0..600).step_by(5) {
            stage.until(s).await;
            let service = stage.service().await;
            assert!(service.running >= 6, "seed {seed} at {s}: never fewer than desired");
            states.extend(service.deployments.iter().map(|d| {
                let bad = d.task_definition != good;
                (bad, d.status.clone(), d.rollout_state.clone().unwrap_or_default())
            }));
        }
        states.sort();
        states.dedup();
        let state =
            |bad, status: &str, rollout: &str| states.contains(&(bad, status.to_owned(), rollout.to_owned()));
        assert!(state(true, "PRIMARY", "IN_PROGRESS"), "seed {seed}: {states:?}");
        assert!(state(true, "ACTIVE", "FAILED"), "seed {seed}: {states:?}");
        assert!(!state(true, "PRIMARY", "COMPLETED"), "seed {seed}: {states:?}");
        assert!(state(false, "PRIMARY", "IN_PROGRESS"), "the rollback itself: {states:?}");
        stage.until(1800).await;
        let service = stage.service().await;
        assert!(service.steady() && service.task_definition == good, "{service:#?}");
        let failed = stage.tasks(DesiredStatus::Stopped).await;
        let failed: Vec<&Task> = failed.iter().filter(|t| t.exit_code == Some(1)).collect();
        assert!(failed.len() >= 3);
        assert!(failed.iter().all(|t| t.stop_code.as_deref() == Some("EssentialContainerExited")));
        let said: Vec<&str> = service.events.iter().map(|e| e.message.as_str()).collect();
        assert!(said.iter().any(|m| m.contains("rolling back to deployment ecs-svc/")), "{said:#?}");
        assert_eq!(said[0], format!("(service {SERVICE}) has reached a steady state."));
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_hits_most_calls_for_a_while_and_passes() {
    let stage = Stage::new("throttled", 7);
    stage.service().await;
    let mut answers: Vec<(i64, Answer<Service>)> = Vec::new();
    for s in (0..1800).step_by(10) {
        stage.until(s).await;
        answers.push((s, stage.aws().service(CLUSTER, SERVICE).await));
    }
    let failed =
        |from: i64, to: i64| answers.iter().filter(|(s, a)| (from..to).contains(s) && a.is_err()).count();
    assert_eq!(failed(0, 10), 0);
    assert!((8..=17).contains(&failed(10, 190)), "most of 18 in spite of repetition: {}", failed(10, 190));
    assert_eq!(failed(190, 1800), 0, "DescribeServices recovers");
    let failure = answers.iter().find_map(|(_, a)| a.clone().err()).unwrap();
    assert_eq!(failure.class, FailureClass::Throttled);
    assert_eq!(failure.code.as_deref(), Some("ThrottlingException"));
    assert_eq!(failure.line(), "ecs:DescribeServices: rate exceeded (ThrottlingException)");
    assert_eq!(failure.request_id.as_ref().map(String::len), Some(36));
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_repeated_and_every_request_is_counted() {
    let stage = Stage::new("throttled", 7);
    stage.until(601).await;
    let (answer, Metered { calls, usage }) = metered(stage.aws().alarms(None)).await;
    assert_eq!(answer.unwrap_err().class, FailureClass::Throttled);
    assert_eq!((calls, usage.len()), (3, 0), "what was refused is not billed");
    stage.until(700).await;
    let key = stage.key("AWS/ECS", "CPUUtilization", "Average");
    let ((), Metered { calls, usage }) = metered(async {
        stage.aws().alarms(None).await.unwrap();
        stage.points(&key, 5).await;
        stage.aws().caller_identity().await.unwrap();
    })
    .await;
    assert_eq!(calls, 3);
    assert_eq!(usage.get(CLOUDWATCH_REQUEST), Some(&1));
    assert_eq!(usage.get(METRIC_REQUESTED), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn credentials_expire_and_come_back() {
    let stage = Stage::new("expired-credentials", 7);
    for (s, works) in
        [(0, true), (38, true), (41, false), (80, false), (119, false), (121, true), (1800, true)]
    {
        stage.until(s).await;
        let answers = [
            stage.aws().caller_identity().await.err(),
            stage.aws().service(CLUSTER, SERVICE).await.err(),
            stage.aws().parameter(PARAMETER).await.err(),
            stage.aws().alarms(None).await.err(),
        ];
        for failure in answers {
            assert_eq!(failure.is_none(), works, "at {s}");
            if let Some(failure) = failure {
                assert_eq!(failure.class, FailureClass::Credentials);
                assert_eq!(failure.code.as_deref(), Some("ExpiredTokenException"));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn drift_shows_in_target_list_and_tasks() {
    let stage = Stage::new("drift", 7);
    let (version, listed) = stage.list().await;
    let targets = stage.targets().await;
    assert_eq!((version, listed.len(), targets.len()), (2, 2, 3));
    let unpublished: Vec<_> = targets.iter().filter(|t| !listed.contains(&t.mount_target_id)).collect();
    assert_eq!(unpublished.len(), 1);
    assert_eq!(unpublished[0].availability_zone.as_deref(), Some("ap-northeast-1d"));
    let changed = stage.aws().parameter(PARAMETER).await.unwrap().changed_at;
    let tasks = stage.tasks(DesiredStatus::Running).await;
    let old = tasks.iter().filter(|t| t.started_at.unwrap() < changed).count();
    assert_eq!((old, tasks.len()), (4, 6));
    // Four tasks mount one entry, two mount both.
    let connections = stage.key("AWS/EFS", "ClientConnections", "Sum");
    let (_, value) = *stage.points(&connections, 5).await.last().unwrap();
    assert!((value - 8.0).abs() < f64::EPSILON, "{value}");
    stage.until(310).await;
    let (version, after) = stage.list().await;
    assert_eq!((version, after.len()), (3, 3));
    assert_eq!(after[..2], listed[..], "entries that stay keep their place");
    stage.until(1800).await;
    assert!(stage.service().await.steady());
}

#[tokio::test(start_paused = true)]
async fn a_crashed_task_is_replaced_and_stays_listed_for_an_hour() {
    let text = "title = 't'\ndescription = 'd'\n[[load]]\nat = '0s'\nops_per_s = 100\n[[at]]\nafter = '10s'\n\
                do = 'stop-task'\nexit_code = 137\nreason = 'OutOfMemoryError: Container killed'";
    let stage = Stage::of(&Scenario::parse("t", "t.toml", text).unwrap(), 3, 1.0);
    stage.until(11).await;
    assert_eq!(stage.service().await.running, 5);
    stage.until(120).await;
    let service = stage.service().await;
    assert!(service.steady());
    let stopped = stage.tasks(DesiredStatus::Stopped).await;
    assert_eq!(stopped.len(), 1);
    assert_eq!((stopped[0].status.as_str(), stopped[0].exit_code), ("STOPPED", Some(137)));
    assert_eq!(stopped[0].stopped_reason.as_deref(), Some("OutOfMemoryError: Container killed"));
    let newest = stage.tasks(DesiredStatus::Running).await.into_iter().max_by_key(|t| t.created_at).unwrap();
    let start = newest.started_at.unwrap() - newest.created_at.unwrap();
    assert!((30..=60).contains(&start.num_seconds()), "{start}");
    stage.until(3660).await;
    assert_eq!(stage.tasks(DesiredStatus::Stopped).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_created_target_becomes_available_in_its_time_and_only_then_answers_nfs() {
    let text = "title = 't'\ndescription = 'd'\n[world]\ntargets = []\n[[at]]\nafter = '10s'\n\
                do = 'create-mount-target'\nzone = 'ap-northeast-1c'\n[[at]]\nafter = '20s'\n\
                do = 'create-mount-target'\nzone = 'ap-northeast-1c'\n[[at]]\nafter = '5m'\n\
                do = 'delete-mount-target'\nzone = 'ap-northeast-1c'";
    let scenario = Scenario::parse("t", "t.toml", text).unwrap();
    for seed in 0..20 {
        let stage = Stage::of(&scenario, seed, 1.0);
        assert_eq!(stage.targets().await, []);
        stage.until(30).await;
        let targets = stage.targets().await;
        assert_eq!(targets.len(), 1, "a second one in the zone is refused");
        assert_eq!(targets[0].state, "creating");
        let address = targets[0].ip_address.clone().unwrap();
        assert!(address.starts_with("10.0.2."), "{address}");
        let before = stage.clock.now();
        assert_eq!(stage.outside.nfs.null_call(&address).await, Err("no answer in 3 s".into()));
        assert!(stage.clock.now() - before >= TimeDelta::seconds(3));
        stage.until(101).await;
        assert!(stage.targets().await[0].is_available(), "seed {seed}");
        let ms = stage.outside.nfs.null_call(&address).await.unwrap();
        assert!((0.5..2.0).contains(&ms), "{ms}");
        stage.until(301).await;
        assert_eq!(stage.targets().await[0].state, "deleting");
        assert!(stage.outside.nfs.null_call(&address).await.is_err());
        stage.until(365).await;
        assert_eq!(stage.targets().await, []);
    }
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_classed_and_worded() {
    let stage = |kind: &str| {
        let text = format!(
            "title = 't'\ndescription = 'd'\n[[at]]\nafter = '0s'\ndo = 'fault'\nkind = '{kind}'\n\
             service = 'ssm'\nfor = '1h'"
        );
        Stage::of(&Scenario::parse("t", "t.toml", &text).unwrap(), 3, 1.0)
    };
    for (kind, class, line) in [
        ("throttled", FailureClass::Throttled, "rate exceeded (ThrottlingException)"),
        (
            "denied",
            FailureClass::Denied,
            "access denied (AccessDeniedException) (missing IAM action ssm:GetParameter)",
        ),
        ("hang", FailureClass::Timeout, "no answer within 10 s"),
        ("server-error", FailureClass::Server, "the service failed with status 500 (InternalFailure)"),
        ("garbage", FailureClass::Malformed, "the answer is a web page (status 200)"),
        ("unreachable", FailureClass::Unreachable, "connection refused by ssm.ap-northeast-1.amazonaws.com"),
        (
            "expired-credentials",
            FailureClass::Credentials,
            "the security token is expired (ExpiredTokenException)",
        ),
    ] {
        let stage = stage(kind);
        let failure = stage.aws().parameter(PARAMETER).await.unwrap_err();
        assert_eq!(failure.class, class, "{kind}");
        assert_eq!(failure.line(), format!("ssm:GetParameter: {line}"));
        assert!(stage.aws().service(CLUSTER, SERVICE).await.is_ok(), "{kind}: other services answer");
    }
}

#[tokio::test(start_paused = true)]
async fn answers_take_20_to_80_ms_whatever_the_speed_of_the_clock() {
    for speed in [1.0, 60.0] {
        let stage = Stage::of(&Scenario::load("calm").unwrap(), 7, speed);
        for _ in 0..50 {
            let before = stage.clock.now();
            stage.aws().caller_identity().await.unwrap();
            let took = stage.clock.real((stage.clock.now() - before).to_std().unwrap());
            let bounds = Duration::from_millis(20)..=Duration::from_millis(82);
            assert!(bounds.contains(&took), "{took:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_mount_target_makes_its_tasks_unhealthy_and_they_are_replaced() {
    let text = "title = 't'\ndescription = 'd'\n[world]\nminimum_healthy_percent = 50\n[[at]]\nafter = '10s'\n\
                do = 'delete-mount-target'\nzone = 'ap-northeast-1d'\n[[at]]\nafter = '11s'\ndo = 'put-list'";
    let stage = Stage::of(&Scenario::parse("t", "t.toml", text).unwrap(), 5, 1.0);
    let before = stage.tasks(DesiredStatus::Running).await;
    stage.until(300).await;
    let service = stage.service().await;
    assert!(service.steady(), "{service:#?}");
    let stopped = stage.tasks(DesiredStatus::Stopped).await;
    assert_eq!(stopped.len(), before.len(), "by the list every task had mounted it");
    for task in stopped {
        assert_eq!(task.stopped_reason.as_deref(), Some("Task failed container health checks"));
    }
    let connections = stage.key("AWS/EFS", "ClientConnections", "Sum");
    let (_, value) = *stage.points(&connections, 5).await.last().unwrap();
    assert!((value - 12.0).abs() < f64::EPSILON, "six tasks, two entries: {value}");
}

#[tokio::test(start_paused = true)]
async fn the_former_function_and_auto_scaling_are_there_when_the_scenario_has_them() {
    let text = "title = 't'\ndescription = 'd'\n[world]\nlambda = true\nfiles = 200000\n\
                autoscaling = { min = 2, max = 9 }\n[[load]]\nat = '0s'\nops_per_s = 10";
    let stage = Stage::of(&Scenario::parse("t", "t.toml", text).unwrap(), 5, 1.0);
    let target = stage.aws().scalable_target(CLUSTER, SERVICE).await.unwrap().unwrap();
    assert_eq!((target.min, target.max, target.suspended), (2, 9, false));
    let mut key = stage.key("AWS/Lambda", "Invocations", "Sum");
    key.dimensions = [("FunctionName".to_owned(), stage.environment.lambda_function.clone().unwrap())].into();
    let runs = stage.points(&key, 60).await;
    assert_eq!(runs.len(), 12, "every five minutes: {runs:?}");
    key.name = "Duration".into();
    key.statistic = "Maximum".into();
    assert!(stage.points(&key, 60).await.iter().all(|(_, ms)| *ms > 30_000.0));
    // It says what it counted when it has counted, 43 s after its start, and not before.
    let query = |minutes| EventQuery {
        from: stage.clock.now() - TimeDelta::minutes(minutes),
        until: None,
        pattern: Some("\"File count result:\"".to_owned()),
    };
    let lines = stage.aws().events(FUNCTION_LOG, &query(60), None).await.unwrap().items;
    assert_eq!(lines.len(), 12, "{lines:?}");
    assert!(lines.iter().all(|l| l.message.contains("File count result: 200000 files")), "{lines:?}");
    assert!(lines.iter().all(|l| l.ingested_at <= stage.clock.now() && l.at.timestamp() % 300 >= 30));
    let started = EventQuery { pattern: Some("START".into()), ..query(60) };
    stage.until(3 * 60).await; // a run has begun and has not counted yet
    let begun = stage.aws().events(FUNCTION_LOG, &started, None).await.unwrap().items.len();
    let counted = stage.aws().events(FUNCTION_LOG, &query(63), None).await.unwrap().items.len();
    assert_eq!((begun, counted), (13, 12));
    assert_eq!(stage.alarm("lambda-duration").await.state, AlarmState::Alarm);
    assert_eq!(stage.alarm("lambda-errors").await.state, AlarmState::Ok);
}
