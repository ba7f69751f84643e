//! Every source against an AWS endpoint on loopback: complete facts, whatever their number.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::TimeDelta;
use miharu::aws::meter::metered;
use miharu::aws::sdk::Limits;
use miharu::clock::Clock;
use miharu::config::model::{Environment, ExtraMetric};
use miharu::domain::alarm::AlarmState;
use miharu::domain::count::CountSource;
use miharu::domain::ecs::{MountsBy, Service, Task};
use miharu::domain::facts::Facts;
use miharu::domain::metric::{MetricKey, MetricSeries};
use miharu::domain::price::{CLOUDWATCH_REQUEST, METRIC_REQUESTED};
use miharu::domain::published::Published;
use miharu::domain::source::{FailureClass, SourceId};
use miharu::sources::{Observation, Setup, registry};
use serde_json::json;
use support::peer::Peer;
use support::sources::{Credentials, KEY, limits, poll, setup, source};
use support::world::World;

/// A world in `region`, watched.
fn watched(region: &str, options: &[&str]) -> (World, Setup) {
    let peer = Peer::shared();
    let world = World::create(peer, region, options);
    let environment = world.environment(peer);
    (world, setup_of(environment))
}

fn setup_of(environment: Environment) -> Setup {
    // The file is read once, at the first call.
    static CREDENTIALS: std::sync::LazyLock<Credentials> = std::sync::LazyLock::new(|| Credentials::of(KEY));
    setup(environment, &CREDENTIALS, limits())
}

async fn observed(setup: &Setup, id: SourceId) -> Observation {
    poll(&mut source(setup, id)).await.unwrap_or_else(|f| panic!("{id}: {f:?}"))
}

/// The only facts of a kind.
macro_rules! facts {
    ($observation:expr, $kind:path) => {
        $observation
            .facts
            .iter()
            .find_map(|f| if let $kind(inner) = f { Some(inner.clone()) } else { None })
            .expect(stringify!($kind))
    };
}

async fn service_and_tasks(setup: &Setup) -> (Service, Vec<Task>) {
    let seen = observed(setup, SourceId::ECS).await;
    assert_eq!(seen.warnings, []);
    (*facts!(seen, Facts::Service), facts!(seen, Facts::Tasks))
}

async fn published(setup: &Setup) -> Published {
    facts!(observed(setup, SourceId::SSM).await, Facts::Published).expect("the parameter exists")
}

async fn series(setup: &Setup) -> BTreeMap<String, MetricSeries> {
    let all: Vec<MetricSeries> = facts!(observed(setup, SourceId::CLOUDWATCH).await, Facts::Metrics);
    all.into_iter().map(|s| (format!("{} {} {}", s.key.namespace, s.key.name, s.key.statistic), s)).collect()
}

fn values(series: &MetricSeries) -> Vec<f64> {
    series.points.iter().map(|p| p.1).collect()
}

#[tokio::test]
async fn storage_and_network() {
    let (world, setup) = watched("eu-west-1", &[]);
    let size = json!({"file_system": world.file_system, "bytes": 6144});
    Peer::shared().ask("POST", "/_peer/efs/size?region=eu-west-1", Some(&size));

    let seen = observed(&setup, SourceId::EFS).await;
    let fs = facts!(seen, Facts::FileSystem);
    assert_eq!((fs.id.as_str(), fs.name.as_deref()), (world.file_system.as_str(), Some("files")));
    assert_eq!(fs.lifecycle_state, "available");
    assert_eq!((fs.performance_mode.as_str(), fs.throughput_mode.as_str()), ("generalPurpose", "elastic"));
    assert_eq!((fs.size_bytes, fs.one_zone), (6144, None));
    let mut targets = facts!(seen, Facts::MountTargets);
    targets.sort_by(|a, b| a.availability_zone.cmp(&b.availability_zone));
    assert_eq!(targets.len(), 2);
    for (seen, made) in targets.iter().zip(&world.mount_targets) {
        assert_eq!(seen.mount_target_id, made.mount_target_id);
        assert_eq!(seen.ip_address.as_deref(), Some(made.ip_address.as_str()));
        assert_eq!(seen.availability_zone.as_deref(), Some(made.availability_zone.as_str()));
        assert_eq!((&seen.subnet_id, seen.vpc_id.as_ref()), (&made.subnet_id, Some(&world.vpc)));
        assert_eq!(seen.state, "available");
    }

    let mut subnets = facts!(observed(&setup, SourceId::SUBNETS).await, Facts::Subnets);
    subnets.sort_by(|a, b| a.availability_zone.cmp(&b.availability_zone));
    let got: Vec<_> = subnets.iter().map(|s| (&s.id, &s.availability_zone, &s.vpc_id)).collect();
    let made: Vec<_> = world.subnets.iter().map(|s| (&s.id, &s.zone, &world.vpc)).collect();
    assert_eq!(got, made);
    assert_eq!(subnets[0].cidr.as_deref(), Some("127.77.1.0/24"));
    assert!(subnets[0].free_addresses.is_some_and(|n| n > 0));

    let probes = facts!(observed(&setup, SourceId::PROBE).await, Facts::Probes);
    assert_eq!(probes.len(), 2);
    assert!(probes.iter().all(|p| p.result == Ok(1.0)));
}

#[tokio::test]
async fn what_hardly_changes_is_read_seldom_and_may_be_denied() {
    let region = "sa-east-1";
    let (world, setup) = watched(region, &[]);
    let (mut efs, mut ecs) = (source(&setup, SourceId::EFS), source(&setup, SourceId::ECS));
    let (seen, first) = metered(poll(&mut efs)).await;
    let seen = seen.unwrap();
    let groups = facts!(seen, Facts::SecurityGroups);
    assert_eq!(groups.len(), 2);
    assert!(groups.values().all(|g| *g == [world.security_group.clone()]));
    assert_eq!((facts!(seen, Facts::Lifecycle), seen.warnings), (vec![], vec![]));
    let (_, second) = metered(poll(&mut efs)).await;
    assert_eq!((first.calls, second.calls), (2 + 2 + 1, 2));

    let seen = poll(&mut ecs).await.unwrap();
    assert_eq!(facts!(seen, Facts::LogGroups), [(world.log_group.clone(), None)], "the service's own");

    let denied = json!({"status": 403, "code": "AccessDeniedException", "times": 99});
    Peer::shared().faults(
        region,
        &json!({
            "efs.DescribeMountTargetSecurityGroups": denied, "efs.DescribeLifecycleConfiguration": denied,
            "logs.DescribeLogGroups": denied,
        }),
    );
    let (mut efs, mut ecs) = (source(&setup, SourceId::EFS), source(&setup, SourceId::ECS));
    for _ in 0..2 {
        let seen = poll(&mut efs).await.unwrap();
        let actions: Vec<_> = seen.warnings.iter().filter_map(|w| w.action.as_deref()).collect();
        assert_eq!(
            actions,
            [
                "elasticfilesystem:DescribeMountTargetSecurityGroups",
                "elasticfilesystem:DescribeLifecycleConfiguration"
            ]
        );
        assert_eq!(facts!(seen, Facts::MountTargets).len(), 2);
        let seen = poll(&mut ecs).await.unwrap();
        assert_eq!(seen.warnings[0].action.as_deref(), Some("logs:DescribeLogGroups"));
    }
    Peer::shared().faults(region, &json!({}));
}

#[tokio::test]
async fn a_definition_that_names_no_log_group_leaves_the_usual_ones() {
    let (world, setup) = watched("eu-central-1", &["--silent"]);
    let seen = observed(&setup, SourceId::ECS).await;
    let groups = facts!(seen, Facts::LogGroups);
    let function = "/aws/lambda/efs-mount-autoscaling-file-monitor".to_owned();
    assert_eq!(groups, [(function, Some(14)), (world.log_group, None)], "and none that only begins so");
}

#[tokio::test]
async fn a_vpc_is_found_by_the_service_when_there_is_no_mount_target() {
    let (world, setup) = watched("eu-west-3", &["--mount-targets", "0"]);
    let subnets = facts!(observed(&setup, SourceId::SUBNETS).await, Facts::Subnets);
    assert_eq!(subnets.len(), world.subnets.len());
}

#[tokio::test]
async fn service_tasks_and_definition() {
    let (world, setup) = watched("eu-west-2", &["--autoscaled"]);
    let reason = json!({"n": 1, "exit_code": 137, "reason": "OutOfMemoryError: container killed"});
    tokio::time::sleep(Duration::from_millis(50)).await;
    Peer::shared().ask("POST", "/_peer/tasks/stop?region=eu-west-2", Some(&reason));
    let mut ecs = source(&setup, SourceId::ECS);
    poll(&mut ecs).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (seen, meter) = metered(poll(&mut ecs)).await;
    let seen = seen.unwrap();
    assert_eq!(meter.calls, 4, "service, two lists, tasks; the definition is known by then");

    let service = *facts!(seen, Facts::Service);
    assert_eq!((service.cluster, service.name), (world.cluster, world.service));
    assert_eq!((service.desired, service.running, service.pending), (2, 2, 0));
    assert_eq!(service.task_definition, world.task_definition);
    assert_eq!(service.subnets.len(), 3);
    assert_eq!(service.mounts_by, MountsBy::List);
    assert_eq!((service.task_cpu.as_deref(), service.task_memory.as_deref()), (Some("2048"), Some("4096")));
    assert!(service.circuit_breaker);
    let deployment = &service.deployments[0];
    assert_eq!(
        (deployment.status.as_str(), deployment.rollout_state.as_deref()),
        ("PRIMARY", Some("COMPLETED"))
    );
    assert!(deployment.created_at.is_some() && deployment.updated_at.is_some());
    assert!(service.events.iter().any(|e| e.message.contains("steady state")), "{:?}", service.events);

    let tasks: Vec<Task> = facts!(seen, Facts::Tasks);
    let zones: BTreeMap<_, _> = world.subnets.iter().map(|s| (s.id.clone(), s.zone.clone())).collect();
    for task in tasks.iter().filter(|t| !t.is_stopped()) {
        assert_eq!((task.status.as_str(), task.health.as_deref()), ("RUNNING", Some("HEALTHY")));
        assert_eq!(task.availability_zone.as_ref(), zones.get(task.subnet_id.as_ref().unwrap()));
        assert_eq!(task.deployment_id.as_ref(), Some(&deployment.id));
        assert!(task.created_at < task.started_at && task.ip_address.is_some());
        assert!(task.arn.ends_with(&task.id) && !task.id.contains('/'));
    }
    let stopped: Vec<_> = tasks.iter().filter(|t| t.is_stopped()).collect();
    assert_eq!((tasks.len(), stopped.len()), (3, 1));
    assert_eq!(stopped[0].exit_code, Some(137));
    assert_eq!(stopped[0].stop_code.as_deref(), Some("EssentialContainerExited"));
    assert_eq!(stopped[0].stopped_reason.as_deref(), Some("OutOfMemoryError: container killed"));

    let target = facts!(observed(&setup, SourceId::AUTOSCALING).await, Facts::Scalable).expect("registered");
    assert_eq!((target.min, target.max, target.suspended), (1, 10, false));
    let identity = facts!(observed(&setup, SourceId::IDENTITY).await, Facts::Identity);
    assert_eq!((identity.account.as_str(), identity.region.as_str()), ("123456789012", "eu-west-2"));
    assert!(identity.arn.starts_with("arn:aws:"));
}

#[tokio::test]
async fn a_definition_with_volumes_mounts_by_volume_and_a_denied_one_is_a_warning() {
    let (_, setup) = watched("ap-northeast-2", &["--volume"]);
    let peer = Peer::shared();
    peer.faults(
        "ap-northeast-2",
        &json!({"ecs.DescribeTaskDefinition": {"status": 400, "code": "AccessDeniedException"}}),
    );
    let mut ecs = source(&setup, SourceId::ECS);
    let seen = poll(&mut ecs).await.unwrap();
    assert_eq!(facts!(seen, Facts::Service).mounts_by, MountsBy::Unknown);
    assert_eq!(seen.warnings[0].action.as_deref(), Some("ecs:DescribeTaskDefinition"));
    let seen = poll(&mut ecs).await.unwrap();
    assert_eq!((facts!(seen, Facts::Service).mounts_by, seen.warnings), (MountsBy::Volume, vec![]));
    assert_eq!(facts!(observed(&setup, SourceId::AUTOSCALING).await, Facts::Scalable), None);
}

#[tokio::test]
async fn an_optional_part_that_hangs_never_fails_the_poll() {
    let peer = Peer::shared();
    let world = World::create(peer, "ap-northeast-1", &["--balancer"]);
    let credentials = Credentials::of(KEY);
    let patient = Limits { attempt: Duration::from_secs(30), overall: Duration::from_secs(30), ..limits() };
    let setup = setup(world.environment(peer), &credentials, patient);
    let hang = json!({"delay": 7, "times": 1});
    let hang = json!({"ecs.DescribeTaskDefinition": hang, "ssm.GetParameterHistory": hang, "cloudwatch.ListMetrics": hang});
    peer.faults("ap-northeast-1", &hang);
    let (ecs, ssm, cloudwatch) = tokio::join!(
        observed(&setup, SourceId::ECS),
        observed(&setup, SourceId::SSM),
        observed(&setup, SourceId::CLOUDWATCH),
    );
    for seen in [&ecs, &ssm, &cloudwatch] {
        let classes: Vec<_> = seen.warnings.iter().map(|w| w.class).collect();
        assert_eq!(classes, [FailureClass::Timeout], "{seen:?}");
    }
    assert_eq!(facts!(ecs, Facts::Tasks).len(), 2);
    assert!(facts!(ssm, Facts::Published).is_some());
    assert!(!facts!(cloudwatch, Facts::Metrics).is_empty());
}

#[tokio::test]
async fn the_published_list_with_its_versions() {
    let (world, setup) = watched("ap-south-1", &["--versions", "2"]);
    let now = published(&setup).await;
    assert_eq!((now.parameter.as_str(), now.current.version), (world.parameter.as_str(), 2));
    assert_eq!(now.history.iter().map(|v| v.version).collect::<Vec<_>>(), [1, 2]);
    let list = now.list().unwrap().mount_targets;
    assert_eq!(list.len(), 2);
    assert_eq!(list[0].mount_target_id, world.mount_targets[0].mount_target_id);

    let mut ssm = source(&setup, SourceId::SSM);
    let (_, first) = metered(poll(&mut ssm)).await;
    let (_, second) = metered(poll(&mut ssm)).await;
    assert_eq!((first.calls, second.calls), (2, 1), "the history is read only when the version has changed");

    let denied =
        json!({"ssm.GetParameterHistory": {"status": 400, "code": "AccessDeniedException", "times": 1}});
    Peer::shared().faults("ap-south-1", &denied);
    let seen = observed(&setup, SourceId::SSM).await;
    assert_eq!(seen.warnings[0].action.as_deref(), Some("ssm:GetParameterHistory"));
    assert_eq!(facts!(seen, Facts::Published).unwrap().history.len(), 1);

    let missing = Environment { published_parameter: "/no/such".into(), ..world.environment(Peer::shared()) };
    let seen = observed(&setup_of(missing), SourceId::SSM).await;
    assert_eq!(facts!(seen, Facts::Published), None);
    assert_eq!(
        (seen.warnings[0].class, seen.warnings[0].text.as_str()),
        (FailureClass::NotFound, "the parameter /no/such does not exist")
    );
}

#[tokio::test]
async fn unreadable_json_is_read_all_the_same() {
    let (_, setup) = watched("ap-southeast-2", &["--unreadable"]);
    let now = published(&setup).await;
    assert_eq!(now.current.value, r#"{"mount_targets": ["#);
    now.list().unwrap_err();
}

#[tokio::test]
async fn metrics_and_alarms() {
    let (world, setup) = watched("us-west-2", &["--balancer"]);
    let mut cloudwatch = source(&setup, SourceId::CLOUDWATCH);
    let (seen, meter) = metered(poll(&mut cloudwatch)).await;
    let all: Vec<MetricSeries> = facts!(seen.unwrap(), Facts::Metrics);
    assert_eq!(meter.usage.get(METRIC_REQUESTED), Some(&u64::try_from(all.len()).unwrap()));
    assert_eq!(meter.usage.get(CLOUDWATCH_REQUEST), Some(&1), "one ListMetrics for the load balancer");

    let got = series(&setup).await;
    let of = |name: &str| got.get(name).unwrap_or_else(|| panic!("{name} in {:?}", got.keys()));
    assert_eq!(values(of("AWS/EFS PercentIOLimit Average")), [10.0, 20.0, 30.0]);
    assert_eq!(values(of("AWS/EFS TotalIOBytes Sum")), [1024.0, 2048.0, 4096.0]);
    let storage = of("AWS/EFS StorageBytes Average");
    assert_eq!((values(storage), storage.period_s, storage.unit.as_str()), (vec![6144.0], 900, "Bytes"));
    assert_eq!(storage.points[0].0.timestamp() % 900, 0);
    assert_eq!(values(of("AWS/ECS CPUUtilization Maximum")), [40.0, 50.0, 61.0]);
    assert_eq!(values(of("AWS/Lambda Duration Maximum")), [2500.0]);
    assert_eq!(values(of("EFSMountAutoscaling FileCount Maximum")), [131_000.0, 131_402.0]);
    assert_eq!(values(of("AWS/Lambda Errors Sum")), Vec::<f64>::new(), "no points, but asked for");
    let healthy = of("AWS/ApplicationELB HealthyHostCount Minimum");
    assert_eq!(healthy.key.dimensions["LoadBalancer"], "app/files/50dc6c495c0c9188");
    assert_eq!(values(healthy), [2.0, 2.0]);
    assert_eq!(values(of("AWS/ApplicationELB TargetResponseTime p99")), [0.9]);
    assert!(!of("AWS/ApplicationELB HTTPCode_ELB_5XX_Count Sum").key.dimensions.contains_key("TargetGroup"));

    let alarms = facts!(observed(&setup, SourceId::ALARMS).await, Facts::Alarms);
    let names: BTreeSet<_> = alarms.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["efs-io-limit", "efs-io-rate", "service-cpu"]));
    let cpu = alarms.iter().find(|a| a.name == "service-cpu").unwrap();
    assert_eq!((cpu.state, cpu.reason.as_str()), (AlarmState::Alarm, "61 > 60"));
    assert!(cpu.since.is_some());
    let rate = alarms.iter().find(|a| a.name == "efs-io-rate").unwrap();
    assert_eq!(rate.dimensions[0]["FileSystemId"], world.file_system, "metric math");
}

#[tokio::test]
async fn the_file_count_of_the_metric_and_of_the_cache() {
    let (world, setup) = watched("ca-central-1", &[]);
    let count = facts!(observed(&setup, SourceId::FILES).await, Facts::Files);
    assert_eq!((count.files, count.source), (131_402, CountSource::Cloudwatch));

    let mut environment = world.environment(Peer::shared());
    environment.files.sources = vec![CountSource::Path, CountSource::Ssm];
    environment.files.directory = Some("/no/such/directory".into());
    environment.files.cache_parameter = Some(world.parameter.clone());
    let setup = setup_of(environment);
    let failure = poll(&mut source(&setup, SourceId::FILES)).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Malformed, "more telling than a directory that is not here");
    assert!(failure.text.starts_with("path: /no/such/directory does not exist; ssm: "), "{}", failure.text);
    assert!(failure.text.contains("is not a cached count"), "{}", failure.text);
}

#[tokio::test]
async fn the_file_count_of_the_former_functions_log() {
    let (world, _) = watched("me-south-1", &["--logged", "131402", "--files", "0"]);
    let peer = Peer::shared();
    peer.ask("POST", "/_peer/pages", Some(&json!({"log_events": 2})));
    let environment = world.environment(peer);
    // Nothing in the directory, no metric, no cache: the log comes last.
    let setup = setup_of(Environment { files: environment.files.clone(), ..environment.clone() });
    let seen = observed(&setup, SourceId::FILES).await;
    let count = facts!(seen, Facts::Files);
    let now = Clock::system().now();
    assert_eq!((count.files, count.source), (131_402, CountSource::Logs), "the newest of both streams");
    assert!((90..=300).contains(&(now - count.at).num_seconds()), "the age is that of the line: {count:?}");
    let pages = peer.calls("me-south-1").into_iter().filter(|c| c.operation == "FilterLogEvents").count();
    assert!(pages > 1, "all pages");

    let mut environment = environment;
    environment.files.sources = vec![CountSource::Logs];
    let setup = setup_of(environment.clone());
    let failed = |ahead| {
        let mut source = source(&setup, SourceId::FILES);
        async move { source.observe(now + TimeDelta::minutes(ahead)).await.unwrap_err() }
    };
    let group = "/aws/lambda/efs-mount-autoscaling-file-monitor";
    let (old, gone) = (failed(30).await, failed(120).await);
    assert!(old.text.contains(&format!("the newest count in the log {group} is 32 min")), "{}", old.text);
    assert!(old.text.ends_with(" old"), "{}", old.text);
    assert!(gone.text.contains("no line \"File count result: \""), "{}", gone.text);
    assert_eq!((old.class, gone.class), (FailureClass::NotFound, FailureClass::NotFound));

    environment.lambda_function = Some("another".into());
    let setup = setup_of(environment);
    let failure = poll(&mut source(&setup, SourceId::FILES)).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::NotFound, "{failure:?}");
    assert!(failure.text.contains("logs:FilterLogEvents"), "{}", failure.text);
    peer.ask("POST", "/_peer/pages", Some(&json!({"log_events": 10_000})));
}

#[tokio::test]
async fn nothing_is_cut_off_of_300_tasks_6_zones_and_400_metrics() {
    let options = ["--subnets", "6", "--mount-targets", "6", "--tasks", "300", "--metrics", "400"];
    let (world, _) = watched("us-east-1", &options);
    let peer = Peer::shared();
    peer.ask("POST", "/_peer/pages", Some(&json!({"datapoints": 150, "subnets": 2})));
    let mut environment = world.environment(peer);
    environment.metrics = (0..400)
        .map(|n| ExtraMetric {
            key: MetricKey {
                namespace: "Test/Many".into(),
                name: format!("Metric{n:03}"),
                statistic: "Sum".into(),
                dimensions: BTreeMap::from([("Number".into(), n.to_string())]),
            },
            unit: "None".into(),
            period_s: 60,
        })
        .collect();
    let setup = setup_of(environment);
    tokio::time::sleep(Duration::from_millis(50)).await;
    observed(&setup, SourceId::ECS).await;
    tokio::time::sleep(Duration::from_millis(100)).await;

    let (service, tasks) = service_and_tasks(&setup).await;
    assert_eq!((service.running, tasks.len()), (300, 300));
    assert_eq!(tasks.iter().map(|t| &t.id).collect::<BTreeSet<_>>().len(), 300);
    let zones: BTreeSet<_> = tasks.iter().filter_map(|t| t.availability_zone.clone()).collect();
    assert_eq!(zones.len(), 6);
    let subnets = facts!(observed(&setup, SourceId::SUBNETS).await, Facts::Subnets);
    assert_eq!(subnets.iter().map(|s| &s.availability_zone).collect::<BTreeSet<_>>().len(), 6);
    assert_eq!(facts!(observed(&setup, SourceId::EFS).await, Facts::MountTargets).len(), 6);

    let got = series(&setup).await;
    let data_calls = peer.calls("us-east-1").iter().filter(|c| c.operation == "GetMetricData").count();
    assert!(data_calls > 5, "several pages: {data_calls}");
    for n in 0..400 {
        let many = &got[&format!("Test/Many Metric{n:03} Sum")];
        assert_eq!(values(many), [f64::from(n), f64::from(n) + 0.5], "{n}");
    }
    assert_eq!(values(&got["AWS/EFS PercentIOLimit Average"]), [10.0, 20.0, 30.0]);
}

#[test]
fn an_empty_environment_says_why_its_sources_are_off() {
    let setup = setup_of(Environment::named("empty"));
    let off: BTreeMap<_, _> =
        registry().iter().filter_map(|(id, build)| Some((*id, build(&setup).err()?))).collect();
    assert_eq!(
        off[&SourceId::EFS],
        "no file system configured: set file_system.id, or the variable EFS_FILE_SYSTEM_ID"
    );
    assert_eq!(off[&SourceId::ECS], "no cluster configured (service.cluster)");
    assert_eq!(off.len(), registry().len() - 1, "only the identity is always there: {off:?}");
    let unprobed = Environment { probe: false, ..Environment::named("t") };
    let why = registry().iter().find(|(id, _)| *id == SourceId::PROBE).unwrap().1(&setup_of(unprobed)).err();
    assert_eq!(why.as_deref(), Some("switched off (probe.enabled)"));
}
