//! One table of behaviours that every AWS behind the ports must show: the simulated one, and the real adapter
//! against an endpoint. A runner brings a [`Subject`]: the ports, and what stands in that account.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where by panicking")]

#[path = "conformance/account.rs"]
mod account;
#[path = "conformance/cloudwatch.rs"]
mod cloudwatch;
#[path = "conformance/ecs.rs"]
mod ecs;
#[path = "conformance/logs.rs"]
mod logs;
#[path = "conformance/storage.rs"]
mod storage;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;
#[path = "conformance/writes.rs"]
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use miharu::aws::meter::metered;
use miharu::aws::sdk::Limits;
use miharu::aws::{
    Answer, Aws, CloudWatch, DesiredStatus, Ec2, Ecs, Efs, EventQuery, MetricPoints, MetricQuery,
    QUERIES_A_CALL, Ssm, Sts, SubnetFilter, TASKS_A_PAGE, all_pages,
};
use miharu::clock::Clock;
use miharu::domain::alarm::AlarmState;
use miharu::domain::ecs::Task;
use miharu::domain::efs::MountTarget;
use miharu::domain::metric::MetricKey;
use miharu::domain::price::{CLOUDWATCH_REQUEST, METRIC_REQUESTED};
use miharu::domain::published::PublishedList;
use miharu::domain::source::{Failure, FailureClass};
use miharu::simulated::{SERVICE_LOG, Scenario, Simulated};
use serde_json::json;
use support::peer::Peer;
use support::sources::{Credentials, KEY, actuator, limits, setup};
use support::world::World;

/// An account to ask: a service with more than [`TASKS_A_PAGE`] running tasks in several zones, a mount target
/// in each of them, all published; a parameter with more than 50 versions; alarms; metrics of the last minutes; a log group of
/// two streams with [`LINES`] lines, `line N of LINES`, 100 ms apart, that takes several pages.
struct Subject {
    aws: Arc<dyn Aws>,
    now: DateTime<Utc>,
    region: String,
    file_system: String,
    vpc: String,
    cluster: String,
    service: String,
    parameter: String,
    /// Zones of the subnets.
    zones: Vec<String>,
    /// Metrics with points of at least two of the last ten minutes.
    metrics: Vec<MetricKey>,
    log_group: String,
}

/// Lines in the log group of a subject.
const LINES: usize = 2500;

type Behaviour = for<'a> fn(&'a Subject) -> BoxFuture<'a, ()>;

macro_rules! table {
    ($($name:path),* $(,)?) => { &[$((stringify!($name), |s| Box::pin($name(s)))),*] };
}

/// A new behaviour is a function and a line here.
const TABLE: &[(&str, Behaviour)] = table![
    account::the_caller_has_an_account_of_twelve_digits,
    storage::the_file_system_is_described,
    storage::an_unknown_file_system_is_not_found,
    storage::mount_targets_say_where_they_are,
    ecs::the_service_has_one_primary_deployment,
    ecs::an_unknown_service_or_cluster_is_not_found,
    ecs::tasks_are_listed_in_pages_of_a_hundred_without_a_gap,
    ecs::a_hundred_and_one_tasks_are_too_many_to_describe,
    ecs::tasks_that_are_gone_are_left_out,
    ecs::running_tasks_have_every_field,
    ecs::tasks_are_spread_over_the_subnets,
    ecs::the_task_definition_says_size_and_volumes,
    storage::the_parameter_is_the_newest_of_its_history,
    storage::an_unknown_parameter_is_not_found,
    storage::the_published_list_names_real_targets,
    storage::subnets_by_vpc_and_by_id_agree,
    storage::an_unknown_subnet_is_not_found,
    cloudwatch::metric_points_are_sorted_aligned_and_inside_the_window,
    cloudwatch::longer_periods_gather_the_minutes,
    cloudwatch::an_unknown_metric_has_no_points,
    cloudwatch::five_hundred_queries_are_answered_and_one_more_is_refused,
    cloudwatch::metrics_are_listed_with_their_dimensions,
    cloudwatch::alarms_have_state_reason_and_dimensions,
    logs::events_come_in_order_with_every_field,
    logs::both_ends_of_the_window_are_in_it,
    logs::a_phrase_is_looked_for_through_all_pages,
    logs::a_pattern_of_an_unknown_kind_and_a_wrong_token_are_refused,
    logs::an_unknown_log_group_is_not_found,
    logs::a_live_tail_of_an_unknown_group_is_not_found,
    account::a_service_without_auto_scaling_has_no_scalable_target,
    account::calls_are_counted_and_cloudwatch_is_billed,
    cloudwatch::lines_that_a_log_group_took_in_are_counted_by_minute,
];

fn action(failure: &Failure) -> &str {
    failure.action.as_deref().unwrap_or("none")
}

fn not_found<T: std::fmt::Debug>(answer: Answer<T>, wanted: &str) {
    let failure = answer.expect_err("something that does not exist was found");
    assert_eq!((failure.class, action(&failure)), (FailureClass::NotFound, wanted), "{failure:?}");
}

/// Shows all behaviours, and names all that fail.
async fn conforms(subject: &Subject) {
    let mut failed = Vec::new();
    for (name, behaviour) in TABLE {
        if AssertUnwindSafe(behaviour(subject)).catch_unwind().await.is_err() {
            failed.push(*name);
        }
    }
    assert_eq!(failed, [] as [&str; 0], "behaviours that fail; the panics above say why");
}

fn key(namespace: &str, name: &str, statistic: &str, dimensions: &[(&str, &str)]) -> MetricKey {
    MetricKey {
        namespace: namespace.into(),
        name: name.into(),
        statistic: statistic.into(),
        dimensions: dimensions.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

/// The real adapter against the endpoint of `tests/awspeer`.
#[tokio::test]
async fn the_sdk_against_an_endpoint() {
    let peer = Peer::shared();
    let options =
        ["--subnets", "3", "--mount-targets", "3", "--tasks", "233", "--versions", "60", "--lines", "2500"];
    peer.ask("POST", "/_peer/pages", Some(&json!({ "log_events": 1000 })));
    let world = World::create(peer, "eu-north-1", &options);
    let credentials = Credentials::of(KEY);
    let setup = setup(world.environment(peer), &credentials, limits());
    let aws = Arc::clone(&setup.outside.aws);
    for attempt in 0.. {
        let targets = aws.mount_targets(&world.file_system, None).await.unwrap();
        let service = aws.service(&world.cluster, &world.service).await.unwrap();
        if service.steady() && targets.items.iter().all(MountTarget::is_available) {
            break;
        }
        assert!(attempt < 200, "not steady: {service:?} {targets:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let of_fs = [("FileSystemId", world.file_system.as_str())];
    let of_service = [("ClusterName", world.cluster.as_str()), ("ServiceName", world.service.as_str())];
    let metrics = vec![
        key("AWS/EFS", "TotalIOBytes", "Sum", &of_fs),
        key("AWS/EFS", "PercentIOLimit", "Maximum", &of_fs),
        key("AWS/ECS", "CPUUtilization", "Average", &of_service),
        key("EFSMountAutoscaling", "FileCount", "Maximum", &[]),
    ];
    conforms(&Subject {
        aws,
        now: Clock::system().now(),
        zones: world.subnets.into_iter().map(|s| s.zone).collect(),
        region: world.region,
        file_system: world.file_system,
        vpc: world.vpc,
        cluster: world.cluster,
        service: world.service,
        parameter: world.parameter,
        log_group: world.log_group,
        metrics,
    })
    .await;
}

/// What a session of Live Tail tells, as it comes over the line.
#[tokio::test]
async fn the_sdk_reads_a_live_tail_to_its_end() {
    let peer = Peer::shared();
    let world = World::create(peer, "eu-south-1", &["--tasks", "0", "--lines", "700"]);
    let credentials = Credentials::of(KEY);
    let aws = setup(world.environment(peer), &credentials, limits()).outside.aws;
    let group: Arc<str> = Arc::from(world.log_group.as_str());
    let mut session = aws.live_tail(&[Arc::clone(&group)]).await.unwrap();
    let first = session.next().await.unwrap().unwrap();
    assert_eq!((first.events.len(), first.sampled), (500, true));
    for event in &first.events {
        assert_eq!((&*event.group, event.id.as_str()), (&*group, ""));
        assert!(event.message.starts_with("line ") && event.message.ends_with(" of 700"), "{event:?}");
        assert!(event.stream.contains('/') && event.ingested_at >= event.at, "{event:?}");
    }
    let query = EventQuery { from: first.events[0].at, until: None, pattern: None };
    let read = aws.events(&group, &query, None).await.unwrap().items;
    let same = read.iter().find(|e| e.message == first.events[0].message).unwrap();
    assert_eq!((same.at, same.ingested_at), (first.events[0].at, first.events[0].ingested_at));
    let second = session.next().await.unwrap().unwrap();
    assert_eq!((second.events.len(), second.sampled), (0, false));
    assert_eq!(session.next().await.unwrap(), None, "its three hours are over");
}

/// The same faults on both sides give the same failures, word for word; only the request id differs.
#[tokio::test]
async fn failures_read_alike_from_both() {
    let region = "eu-west-3";
    let peer = Peer::shared();
    let world = World::create(peer, region, &["--tasks", "0"]);
    let credentials = Credentials::of(KEY);
    let one_attempt = Limits { attempts: 1, ..limits() };
    let sdk = setup(world.environment(peer), &credentials, one_attempt).outside.aws;
    let refused = |status: u16, code: &str| json!({ "status": status, "code": code, "times": 99 });
    for (kind, fault) in [
        ("throttled", refused(400, "ThrottlingException")),
        ("denied", refused(400, "AccessDeniedException")),
        ("expired-credentials", refused(400, "ExpiredTokenException")),
        ("server-error", refused(500, "InternalFailure")),
        ("garbage", json!({ "garbage": true, "times": 99 })),
    ] {
        peer.faults(region, &json!({ "*": fault }));
        let text = format!(
            "title = 't'\ndescription = 'd'\n[[at]]\nafter = '0s'\ndo = 'fault'\nkind = '{kind}'\nfor = '1h'"
        );
        let scenario = Scenario::parse("t", "t.toml", &text).unwrap();
        let simulated = Arc::new(Simulated::new(&scenario, 7, Clock::system()));
        let environment = simulated.environment();
        let file_system = environment.file_system_id.unwrap();
        let pairs = [
            (
                sdk.file_system(&world.file_system).await.err(),
                simulated.file_system(&file_system).await.err(),
            ),
            (
                sdk.service(&world.cluster, &world.service).await.err(),
                simulated.service(&world.cluster, &world.service).await.err(),
            ),
            (sdk.parameter(&world.parameter).await.err(), simulated.parameter(&world.parameter).await.err()),
            (sdk.alarms(None).await.err(), simulated.alarms(None).await.err()),
            (sdk.caller_identity().await.err(), simulated.caller_identity().await.err()),
        ];
        for (real, played) in pairs {
            let (real, played) = (real.expect("a failure"), played.expect("a failure"));
            let told = |f: &Failure| (f.class, f.code.clone(), f.line(), f.remedy());
            assert_eq!(told(&real), told(&played), "{kind}");
        }
    }
    peer.faults(region, &json!({}));
}

#[tokio::test(start_paused = true)]
async fn the_simulated_aws() {
    let zones = ["a", "c", "d"].map(|z| format!("ap-northeast-1{z}"));
    let puts = "[[at]]\nafter = '-30m'\ndo = 'put-list'\n".repeat(60);
    let text = format!(
        "title = 'many'\ndescription = 'more than a page of everything'\n[world]\ntasks = 233\n\
         [[load]]\nat = '0s'\nfiles_per_s = 3\nops_per_s = 4000\n{puts}"
    );
    let scenario = Scenario::parse("many", "many.toml", &text).unwrap();
    let epoch = "2026-11-20T14:02:13.250Z".parse().unwrap();
    let clock = Clock::virtual_from(epoch, 1.0);
    let simulated = Arc::new(Simulated::new(&scenario, 7, clock.clone()));
    let environment = simulated.environment();
    let file_system = environment.file_system_id.unwrap();
    let (cluster, service) = (environment.cluster.unwrap(), environment.service.unwrap());
    let of_fs = [("FileSystemId", file_system.as_str())];
    let of_service = [("ClusterName", cluster.as_str()), ("ServiceName", service.as_str())];
    let metrics = vec![
        key("AWS/EFS", "TotalIOBytes", "Sum", &of_fs),
        key("AWS/EFS", "PercentIOLimit", "Maximum", &of_fs),
        key("AWS/EFS", "ClientConnections", "Sum", &of_fs),
        key("AWS/ECS", "CPUUtilization", "Average", &of_service),
        key("EFSMountAutoscaling", "FileCount", "Maximum", &[]),
    ];
    let now = clock.now();
    for n in 0..LINES {
        let at = now - TimeDelta::milliseconds(100 * i64::try_from(LINES - n).unwrap());
        let stream = format!("ecs/fargate-app/{}", n % 2);
        simulated.log(SERVICE_LOG, &stream, at, &format!("line {n} of {LINES}"));
    }
    conforms(&Subject {
        aws: Arc::clone(&simulated) as _,
        now,
        log_group: SERVICE_LOG.into(),
        region: environment.region.unwrap(),
        vpc: environment.vpc_id.unwrap(),
        parameter: environment.published_parameter,
        zones: zones.to_vec(),
        metrics,
        file_system,
        cluster,
        service,
    })
    .await;
}

/// Changes through the real adapter against an endpoint.
#[tokio::test]
async fn the_sdk_changes_an_endpoint() {
    // Slow enough for a look at a mount target that is creating.
    let peer = Peer::start(&["--speed", "40"]);
    let world = World::create(&peer, "ap-northeast-1", &["--subnets", "4", "--zones", "3"]);
    let credentials = Credentials::of(KEY);
    let environment = world.environment(&peer);
    let actuator = Arc::new(actuator(&environment, &credentials, limits()));
    writes::changes_as_told(&writes::Changeable {
        aws: setup(environment, &credentials, limits()).outside.aws,
        actuator,
        file_system: world.file_system,
        cluster: world.cluster,
        service: world.service,
        parameter: world.parameter,
        free_subnet: world.subnets[2].id.clone(),
        free_zone: world.subnets[2].zone.clone(),
        taken_subnet: world.subnets[3].id.clone(),
        security_group: world.security_group,
        log_group: world.log_group,
        step: Duration::from_millis(20),
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_simulated_aws_is_changed() {
    let text = "title = 'two'\ndescription = 'two of three zones have a target'\n[world]\ntasks = 2\n\
                subnets_a_zone = 2\ntargets = ['ap-northeast-1a', 'ap-northeast-1c']";
    let scenario = Scenario::parse("two", "two.toml", text).unwrap();
    let clock = Clock::virtual_from("2026-11-20T14:02:13.250Z".parse().unwrap(), 1.0);
    let simulated = Arc::new(Simulated::new(&scenario, 7, clock));
    let environment = simulated.environment();
    let file_system = environment.file_system_id.unwrap();
    let subnets =
        simulated.subnets(&SubnetFilter::Vpc(environment.vpc_id.unwrap()), None).await.unwrap().items;
    let of_zone =
        |zone: &str| subnets.iter().filter(|n| n.availability_zone.ends_with(zone)).collect::<Vec<_>>();
    let target = simulated.mount_targets(&file_system, None).await.unwrap().items.remove(0);
    let taken = of_zone("1a").into_iter().find(|n| n.id != target.subnet_id).unwrap().id.clone();
    let service = simulated.service(miharu::simulated::CLUSTER, miharu::simulated::SERVICE).await.unwrap();
    let definition = simulated.task_definition(&service.task_definition).await.unwrap();
    writes::changes_as_told(&writes::Changeable {
        aws: Arc::clone(&simulated) as _,
        actuator: Arc::clone(&simulated) as _,
        file_system,
        cluster: environment.cluster.unwrap(),
        service: environment.service.unwrap(),
        parameter: environment.published_parameter,
        free_subnet: of_zone("1d")[0].id.clone(),
        free_zone: of_zone("1d")[0].availability_zone.clone(),
        taken_subnet: taken,
        security_group: simulated.security_groups(&target.mount_target_id).await.unwrap().remove(0),
        log_group: definition.log_groups[0].clone(),
        step: Duration::from_secs(2),
    })
    .await;
    let truth = simulated.truth();
    assert_eq!(truth.most_targets.values().max(), Some(&1), "never two in a zone");
    assert_eq!(truth.applied()["CreateMountTarget"], 2);
    assert!(truth.received.iter().all(|r| r.answered));
}
