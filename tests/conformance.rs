//! One table of behaviours that every AWS behind the ports must show: the simulated one, and the real adapter
//! against an endpoint. A runner brings a [`Subject`]: the ports, and what stands in that account.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use miharu::aws::meter::metered;
use miharu::aws::{
    Answer, Aws, DesiredStatus, MetricPoints, MetricQuery, QUERIES_A_CALL, SubnetFilter, TASKS_A_PAGE,
    all_pages,
};
use miharu::clock::Clock;
use miharu::domain::alarm::AlarmState;
use miharu::domain::ecs::Task;
use miharu::domain::metric::MetricKey;
use miharu::domain::price::{CLOUDWATCH_REQUEST, METRIC_REQUESTED};
use miharu::domain::published::PublishedList;
use miharu::domain::source::{Failure, FailureClass};
use miharu::simulated::{Scenario, Simulated};

/// An account to ask: a service with more than [`TASKS_A_PAGE`] running tasks in several zones, a mount target
/// in each of them, all published; a parameter with more than 50 versions; alarms; metrics of the last minutes.
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
    /// Metrics with a point in each of the last ten minutes but the newest three.
    metrics: Vec<MetricKey>,
}

type Behaviour = for<'a> fn(&'a Subject) -> BoxFuture<'a, ()>;

macro_rules! table {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), |s| Box::pin($name(s)))),*] };
}

/// A new behaviour is a function and a line here.
const TABLE: &[(&str, Behaviour)] = table![
    the_caller_has_an_account_of_twelve_digits,
    the_file_system_is_described,
    an_unknown_file_system_is_not_found,
    mount_targets_say_where_they_are,
    the_service_has_one_primary_deployment,
    an_unknown_service_or_cluster_is_not_found,
    tasks_are_listed_in_pages_of_a_hundred_without_a_gap,
    a_hundred_and_one_tasks_are_too_many_to_describe,
    tasks_that_are_gone_are_left_out,
    running_tasks_have_every_field,
    tasks_are_spread_over_the_subnets,
    the_task_definition_says_size_and_volumes,
    the_parameter_is_the_newest_of_its_history,
    an_unknown_parameter_is_not_found,
    the_published_list_names_real_targets,
    subnets_by_vpc_and_by_id_agree,
    an_unknown_subnet_is_not_found,
    metric_points_are_sorted_aligned_and_inside_the_window,
    longer_periods_gather_the_minutes,
    an_unknown_metric_has_no_points,
    five_hundred_queries_are_answered_and_one_more_is_refused,
    metrics_are_listed_with_their_dimensions,
    alarms_have_state_reason_and_dimensions,
    a_service_without_auto_scaling_has_no_scalable_target,
    calls_are_counted_and_cloudwatch_is_billed,
];

fn action(failure: &Failure) -> &str {
    failure.action.as_deref().unwrap_or("none")
}

fn not_found<T: std::fmt::Debug>(answer: Answer<T>, wanted: &str) {
    let failure = answer.expect_err("something that does not exist was found");
    assert_eq!((failure.class, action(&failure)), (FailureClass::NotFound, wanted), "{failure:?}");
}

async fn arns(s: &Subject, status: DesiredStatus) -> Vec<String> {
    all_pages(50, |token| s.aws.list_tasks(&s.cluster, &s.service, status, token)).await.unwrap()
}

async fn tasks(s: &Subject) -> Vec<Task> {
    let mut tasks = Vec::new();
    for some in arns(s, DesiredStatus::Running).await.chunks(TASKS_A_PAGE) {
        tasks.extend(s.aws.describe_tasks(&s.cluster, some).await.unwrap());
    }
    tasks
}

async fn the_caller_has_an_account_of_twelve_digits(s: &Subject) {
    let identity = s.aws.caller_identity().await.unwrap();
    assert!(identity.account.len() == 12 && identity.account.chars().all(|c| c.is_ascii_digit()));
    assert!(identity.arn.starts_with("arn:aws:") && identity.arn.contains(&identity.account));
    assert_eq!(identity.region, s.region);
}

async fn the_file_system_is_described(s: &Subject) {
    let fs = s.aws.file_system(&s.file_system).await.unwrap();
    assert_eq!((fs.id.as_str(), fs.lifecycle_state.as_str()), (s.file_system.as_str(), "available"));
    assert!(["generalPurpose", "maxIO"].contains(&fs.performance_mode.as_str()));
    assert!(["bursting", "provisioned", "elastic"].contains(&fs.throughput_mode.as_str()));
    assert_eq!(fs.one_zone, None);
}

async fn an_unknown_file_system_is_not_found(s: &Subject) {
    let id = "fs-0000000000000dead";
    not_found(s.aws.file_system(id).await, "elasticfilesystem:DescribeFileSystems");
    not_found(s.aws.mount_targets(id, None).await, "elasticfilesystem:DescribeMountTargets");
}

async fn mount_targets_say_where_they_are(s: &Subject) {
    let targets = all_pages(10, |marker| s.aws.mount_targets(&s.file_system, marker)).await.unwrap();
    let zones: BTreeSet<_> = targets.iter().filter_map(|t| t.availability_zone.clone()).collect();
    assert_eq!(zones, s.zones.iter().cloned().collect(), "one in each zone");
    assert_eq!(targets.len(), zones.len());
    for target in &targets {
        assert!(target.mount_target_id.starts_with("fsmt-"));
        assert!(target.subnet_id.starts_with("subnet-"));
        assert_eq!(target.vpc_id.as_ref(), Some(&s.vpc));
        let address = target.ip_address.as_ref().unwrap();
        address.parse::<std::net::Ipv4Addr>().unwrap();
        assert!(target.is_available());
    }
}

async fn the_service_has_one_primary_deployment(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    assert_eq!((&service.cluster, &service.name), (&s.cluster, &s.service));
    assert_eq!(service.deployments.iter().filter(|d| d.status == "PRIMARY").count(), 1);
    let primary = service.primary().unwrap();
    assert_eq!(service.deployments[0].id, primary.id, "it comes first");
    assert!(primary.id.starts_with("ecs-svc/"));
    assert_eq!(primary.task_definition, service.task_definition);
    assert_eq!((primary.desired, service.running), (service.desired, service.desired));
    assert_eq!(primary.rollout_state.as_deref(), Some("COMPLETED"));
    assert!(primary.created_at.unwrap() <= primary.updated_at.unwrap());
    assert!(service.steady());
    assert_eq!(service.subnets.len(), s.zones.len());
    assert!(service.events.windows(2).all(|w| w[0].at >= w[1].at), "newest first");
    assert!(service.events.len() <= 100);
    let begin = format!("(service {}) ", s.service);
    assert!(service.events.iter().all(|e| e.message.starts_with(&begin)), "{:?}", service.events);
    assert!(service.events.iter().any(|e| e.message.ends_with("has reached a steady state.")));
    let ids: BTreeSet<_> = service.events.iter().map(|e| &e.id).collect();
    assert_eq!(ids.len(), service.events.len());
}

async fn an_unknown_service_or_cluster_is_not_found(s: &Subject) {
    not_found(s.aws.service(&s.cluster, "no-such-service").await, "ecs:DescribeServices");
    let list = s.aws.list_tasks("no-such-cluster", &s.service, DesiredStatus::Running, None).await;
    if let Err(failure) = &list {
        assert_eq!((failure.class, action(failure)), (FailureClass::NotFound, "ecs:ListTasks"));
    }
    assert!(list.map_or(true, |page| page.items.is_empty()), "another cluster's tasks");
}

async fn tasks_are_listed_in_pages_of_a_hundred_without_a_gap(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    let mut token = None;
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    loop {
        let page = s.aws.list_tasks(&s.cluster, &s.service, DesiredStatus::Running, token).await.unwrap();
        assert!(page.items.len() <= TASKS_A_PAGE);
        assert!(page.next.is_none() || page.items.len() == TASKS_A_PAGE, "a page is full before the next");
        for arn in page.items {
            assert!(seen.insert(arn), "twice");
        }
        pages += 1;
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert!(pages > 1, "the subject has more than a page");
    assert_eq!(seen.len(), service.running as usize);
}

async fn a_hundred_and_one_tasks_are_too_many_to_describe(s: &Subject) {
    let arns = arns(s, DesiredStatus::Running).await;
    let many = &arns[..=TASKS_A_PAGE];
    let failure = s.aws.describe_tasks(&s.cluster, many).await.unwrap_err();
    assert_eq!((failure.class, action(&failure)), (FailureClass::Other, "ecs:DescribeTasks"));
    assert_eq!(failure.code.as_deref(), Some("InvalidParameterException"));
    let most = s.aws.describe_tasks(&s.cluster, &arns[..TASKS_A_PAGE]).await.unwrap();
    assert_eq!(most.len(), TASKS_A_PAGE);
}

async fn tasks_that_are_gone_are_left_out(s: &Subject) {
    let arn = arns(s, DesiredStatus::Running).await.swap_remove(0);
    let (before, _) = arn.rsplit_once('/').unwrap();
    let gone = format!("{before}/{}", "0".repeat(32));
    let found = s.aws.describe_tasks(&s.cluster, &[gone, arn.clone()]).await.unwrap();
    assert_eq!(found.iter().map(|t| &t.arn).collect::<Vec<_>>(), [&arn]);
}

async fn running_tasks_have_every_field(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    let listed = arns(s, DesiredStatus::Running).await;
    let mut ids = BTreeSet::new();
    for task in tasks(s).await {
        assert!(listed.contains(&task.arn) && task.arn.ends_with(&format!("/{}", task.id)));
        assert!(task.id.len() == 32 && task.id.chars().all(|c| c.is_ascii_hexdigit()), "{}", task.id);
        assert!(ids.insert(task.id.clone()));
        assert_eq!((task.status.as_str(), task.desired_status.as_str()), ("RUNNING", "RUNNING"));
        assert!(s.zones.contains(task.availability_zone.as_ref().unwrap()));
        assert!(task.subnet_id.as_ref().unwrap().starts_with("subnet-"));
        task.ip_address.as_ref().unwrap().parse::<std::net::Ipv4Addr>().unwrap();
        assert_eq!(task.deployment_id.as_ref(), Some(&service.primary().unwrap().id));
        assert_eq!(task.task_definition.as_ref(), Some(&service.task_definition));
        assert!(task.created_at.unwrap() < task.started_at.unwrap());
        assert_eq!(task.health.as_deref(), Some("HEALTHY"));
        assert!(task.cpu.is_some() && task.memory.is_some());
        assert_eq!((task.stopped_at, task.stop_code, task.exit_code), (None, None, None));
    }
}

async fn tasks_are_spread_over_the_subnets(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    let subnets = all_pages(5, |t| {
        let filter = SubnetFilter::Ids(service.subnets.clone());
        async move { s.aws.subnets(&filter, t).await }
    })
    .await
    .unwrap();
    let zone_of: BTreeMap<_, _> = subnets.into_iter().map(|n| (n.id, n.availability_zone)).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for task in tasks(s).await {
        let subnet = task.subnet_id.unwrap();
        assert_eq!(zone_of.get(&subnet), task.availability_zone.as_ref(), "zone of the task's subnet");
        *counts.entry(subnet).or_default() += 1;
    }
    assert_eq!(counts.len(), service.subnets.len());
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    assert!(most - least <= 1, "{counts:?}");
}

async fn the_task_definition_says_size_and_volumes(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    let definition = s.aws.task_definition(&service.task_definition).await.unwrap();
    assert_eq!(definition.arn, service.task_definition);
    let number = |text: Option<String>| text.unwrap().parse::<u32>().unwrap();
    assert!(number(definition.cpu) >= 256 && number(definition.memory) >= 512);
    assert!(definition.efs_volumes.iter().all(|id| id.starts_with("fs-")));
    let failure = s.aws.task_definition("no-such-family:1").await.unwrap_err();
    assert_eq!(action(&failure), "ecs:DescribeTaskDefinition");
}

async fn the_parameter_is_the_newest_of_its_history(s: &Subject) {
    let current = s.aws.parameter(&s.parameter).await.unwrap();
    let mut sizes = Vec::new();
    let history = all_pages(20, |token| {
        let page = s.aws.parameter_history(&s.parameter, token);
        async { page.await }
    })
    .await
    .unwrap();
    let mut token = None;
    loop {
        let page = s.aws.parameter_history(&s.parameter, token).await.unwrap();
        sizes.push(page.items.len());
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert!(sizes.len() > 1 && sizes.iter().all(|n| *n <= 50), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), history.len());
    assert!(history.windows(2).all(|w| w[0].version + 1 == w[1].version), "oldest first, without a gap");
    assert!(history.windows(2).all(|w| w[0].changed_at <= w[1].changed_at));
    assert_eq!(history.last(), Some(&current));
    assert!(current.changed_at <= s.now + TimeDelta::minutes(1));
}

async fn an_unknown_parameter_is_not_found(s: &Subject) {
    not_found(s.aws.parameter("/no/such/parameter").await, "ssm:GetParameter");
    not_found(s.aws.parameter_history("/no/such/parameter", None).await, "ssm:GetParameterHistory");
}

async fn the_published_list_names_real_targets(s: &Subject) {
    let current = s.aws.parameter(&s.parameter).await.unwrap();
    let list = PublishedList::parse(&current.value).unwrap();
    let targets = all_pages(10, |marker| s.aws.mount_targets(&s.file_system, marker)).await.unwrap();
    assert_eq!(list.mount_targets.len(), targets.len());
    for entry in list.mount_targets {
        let target = targets.iter().find(|t| t.mount_target_id == entry.mount_target_id).unwrap();
        assert_eq!(target.ip_address.as_ref(), Some(&entry.ip_address));
        assert_eq!(target.availability_zone.as_ref(), Some(&entry.availability_zone));
        assert_eq!(target.subnet_id, entry.subnet_id);
    }
}

async fn subnets_by_vpc_and_by_id_agree(s: &Subject) {
    let by_vpc = SubnetFilter::Vpc(s.vpc.clone());
    let mut all = all_pages(5, |t| s.aws.subnets(&by_vpc, t)).await.unwrap();
    let by_id = SubnetFilter::Ids(all.iter().map(|n| n.id.clone()).collect());
    let mut same = all_pages(5, |t| s.aws.subnets(&by_id, t)).await.unwrap();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    same.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(all, same);
    let zones: BTreeSet<_> = all.iter().map(|n| n.availability_zone.clone()).collect();
    assert!(s.zones.iter().all(|zone| zones.contains(zone)));
    for subnet in all {
        assert_eq!(subnet.vpc_id, s.vpc);
        assert!(subnet.cidr.unwrap().contains('/') && subnet.free_addresses.unwrap() > 0);
    }
    let none = SubnetFilter::Vpc("vpc-0000000000000dead".into());
    assert_eq!(s.aws.subnets(&none, None).await.unwrap().items, [], "another VPC has none of them");
}

async fn an_unknown_subnet_is_not_found(s: &Subject) {
    let filter = SubnetFilter::Ids(vec!["subnet-0000000000000dead".into()]);
    not_found(s.aws.subnets(&filter, None).await, "ec2:DescribeSubnets");
}

async fn points(s: &Subject, queries: &[MetricQuery], from: DateTime<Utc>) -> Vec<MetricPoints> {
    let parts = all_pages(20, |token| s.aws.metric_data(queries, from, s.now, token)).await.unwrap();
    // One query may come in parts.
    let mut joined: BTreeMap<usize, MetricPoints> = BTreeMap::new();
    for part in parts {
        assert!(part.query < queries.len());
        let series =
            joined.entry(part.query).or_insert(MetricPoints { query: part.query, points: Vec::new() });
        series.points.extend(part.points);
    }
    joined.into_values().collect()
}

fn every(s: &Subject, period_s: u32) -> Vec<MetricQuery> {
    s.metrics.iter().map(|key| MetricQuery { key: key.clone(), period_s }).collect()
}

/// The beginning of a window of full five minutes.
fn from(s: &Subject, minutes: i64) -> DateTime<Utc> {
    (s.now - TimeDelta::minutes(minutes)).duration_trunc(TimeDelta::minutes(5)).unwrap()
}

async fn metric_points_are_sorted_aligned_and_inside_the_window(s: &Subject) {
    let from = from(s, 10);
    let series = points(s, &every(s, 60), from).await;
    assert_eq!(series.len(), s.metrics.len());
    for one in series {
        let name = &s.metrics[one.query].name;
        assert!(one.points.len() >= 6, "{name}: {:?}", one.points);
        assert!(one.points.windows(2).all(|w| w[0].0 < w[1].0), "{name}");
        assert!(one.points.iter().all(|(at, _)| *at >= from && *at < s.now), "{name}");
        assert!(one.points.iter().all(|(at, _)| at.timestamp() % 60 == 0), "{name}");
        assert!(one.points.iter().all(|(_, v)| v.is_finite() && *v >= 0.0), "{name}");
    }
}

async fn longer_periods_gather_the_minutes(s: &Subject) {
    let from = from(s, 10);
    let (minutes, fives) = (points(s, &every(s, 60), from).await, points(s, &every(s, 300), from).await);
    for (one, five) in minutes.iter().zip(&fives) {
        let key = &s.metrics[one.query];
        assert!(five.points.iter().all(|(at, _)| at.timestamp() % 300 == 0), "{}", key.name);
        let (at, value) = five.points[0];
        let inside = one.points.iter().filter(|(t, _)| *t >= at && *t < at + TimeDelta::minutes(5));
        let inside: Vec<f64> = inside.map(|(_, v)| *v).collect();
        let expected = match key.statistic.as_str() {
            "Sum" => inside.iter().sum(),
            "Maximum" => inside.iter().copied().fold(f64::MIN, f64::max),
            _ => continue,
        };
        assert!((value - expected).abs() <= expected.abs() * 1e-9, "{}: {value} {expected}", key.name);
    }
}

async fn an_unknown_metric_has_no_points(s: &Subject) {
    let mut none = s.metrics[0].clone();
    none.name = "NoSuchMetric".into();
    let mut elsewhere = s.metrics[0].clone();
    elsewhere.dimensions.insert("NoSuchDimension".into(), "x".into());
    for key in [none, elsewhere] {
        let queries = [MetricQuery { key, period_s: 60 }];
        let series = points(s, &queries, from(s, 10)).await;
        assert!(series.iter().all(|one| one.points.is_empty()), "{series:?}");
    }
}

async fn five_hundred_queries_are_answered_and_one_more_is_refused(s: &Subject) {
    let query = MetricQuery { key: s.metrics[0].clone(), period_s: 60 };
    let mut queries = vec![query; QUERIES_A_CALL];
    let series = points(s, &queries, from(s, 10)).await;
    assert_eq!(series.len(), QUERIES_A_CALL);
    assert!(series.iter().all(|one| one.points == series[0].points));
    queries.push(queries[0].clone());
    let refused = s.aws.metric_data(&queries, from(s, 10), s.now, None).await;
    let failure = refused.unwrap_err();
    assert_eq!((failure.class, action(&failure)), (FailureClass::Other, "cloudwatch:GetMetricData"));
}

async fn metrics_are_listed_with_their_dimensions(s: &Subject) {
    for key in &s.metrics {
        let all = all_pages(5, |t| s.aws.list_metrics(&key.namespace, &key.name, &key.dimensions, t)).await;
        assert!(all.unwrap().contains(&key.dimensions), "{}", key.name);
    }
    let wrong = BTreeMap::from([("FileSystemId".to_owned(), "fs-0000000000000dead".to_owned())]);
    let page = s.aws.list_metrics("AWS/EFS", "TotalIOBytes", &wrong, None).await.unwrap();
    assert_eq!(page.items, []);
}

async fn alarms_have_state_reason_and_dimensions(s: &Subject) {
    let alarms = all_pages(10, |token| s.aws.alarms(token)).await.unwrap();
    let names: BTreeSet<_> = alarms.iter().map(|a| &a.name).collect();
    assert!(!alarms.is_empty() && names.len() == alarms.len());
    for alarm in &alarms {
        assert!(!alarm.reason.is_empty() && !alarm.dimensions.is_empty(), "{alarm:?}");
        assert!(alarm.since.unwrap() <= s.now + TimeDelta::minutes(1), "{alarm:?}");
    }
    let ours = |a: &&miharu::domain::alarm::Alarm| {
        a.dimensions.iter().any(|d| d.get("FileSystemId") == Some(&s.file_system))
    };
    assert!(alarms.iter().any(|a| ours(&a)), "one on the file system");
    let told: BTreeSet<AlarmState> = alarms.iter().map(|a| a.state).collect();
    assert!(told.iter().all(|state| !state.as_str().is_empty()));
}

async fn a_service_without_auto_scaling_has_no_scalable_target(s: &Subject) {
    assert_eq!(s.aws.scalable_target(&s.cluster, &s.service).await.unwrap(), None);
}

async fn calls_are_counted_and_cloudwatch_is_billed(s: &Subject) {
    let (_, calls) = metered(async {
        s.aws.service(&s.cluster, &s.service).await.unwrap();
        s.aws.subnets(&SubnetFilter::Vpc(s.vpc.clone()), None).await.unwrap();
    })
    .await;
    assert_eq!((calls.calls, calls.usage.len()), (2, 0));
    let queries = every(s, 60);
    let (_, calls) = metered(async {
        s.aws.metric_data(&queries, from(s, 10), s.now, None).await.unwrap();
        s.aws.alarms(None).await.unwrap();
    })
    .await;
    assert_eq!(calls.calls, 2);
    assert_eq!(calls.usage.get(METRIC_REQUESTED), Some(&(queries.len() as u64)));
    assert_eq!(calls.usage.get(CLOUDWATCH_REQUEST), Some(&1));
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
    conforms(&Subject {
        aws: Arc::clone(&simulated) as _,
        now: clock.now(),
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
