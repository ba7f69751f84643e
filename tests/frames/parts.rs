//! The parts of the scenes: what AWS answers, and how an answer gets into a state.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::app::event::Event;
use miharu::app::state::{EnvironmentInfo, State};
use miharu::app::update::update;
use miharu::domain::alarm::{Alarm, AlarmState};
use miharu::domain::count::{CountSource, DirectoryCount, FileCount};
use miharu::domain::ecs::{Deployment, MountsBy, Service, ServiceEvent, Task};
use miharu::domain::efs::{FileSystem, MountTarget};
use miharu::domain::facts::Facts;
use miharu::domain::identity::Identity;
use miharu::domain::metric::{MetricKey, MetricSeries};
use miharu::domain::network::Subnet;
use miharu::domain::probe::Probe;
use miharu::domain::published::{ParameterVersion, Published};
use miharu::domain::snapshot::Mode;
use miharu::domain::source::{Failure, Reading, SourceId};

const ZONES: [&str; 6] = ["1a", "1c", "1d", "1b", "1e", "1f"];

/// The time of every scene.
pub fn now() -> DateTime<Utc> {
    "2026-11-20T14:02:13Z".parse().unwrap()
}

pub fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

fn zone(i: usize) -> String {
    format!("ap-northeast-{}", ZONES[i])
}

/// What differs from scene to scene.
pub struct World {
    pub zones: usize,
    /// Zones, by index, that have a mount target.
    pub targets: Vec<usize>,
    pub tasks: usize,
    pub files: u64,
    pub growth: u64,
    pub mounts_by: MountsBy,
    pub old_tasks: usize,
    pub cpu: f64,
    pub alarms: Vec<Alarm>,
    pub extra_metrics: usize,
}

impl Default for World {
    fn default() -> Self {
        Self {
            zones: 3,
            targets: vec![0, 1, 2],
            tasks: 6,
            files: 61_402,
            growth: 12,
            mounts_by: MountsBy::List,
            old_tasks: 0,
            cpu: 41.0,
            alarms: vec![alarm("efs-percent-io-limit", AlarmState::Ok, "")],
            extra_metrics: 0,
        }
    }
}

pub fn alarm(name: &str, state: AlarmState, reason: &str) -> Alarm {
    Alarm {
        name: name.into(),
        state,
        since: Some(ago(300)),
        reason: reason.into(),
        dimensions: vec![BTreeMap::new()],
    }
}

fn target(i: usize) -> MountTarget {
    MountTarget {
        mount_target_id: format!("fsmt-0a1b2c3d4e5f600{i:02}"),
        ip_address: Some(format!("10.0.{}.100", i + 1)),
        availability_zone: Some(zone(i)),
        subnet_id: format!("subnet-0a1b2c3d4e5f600{i:02}"),
        vpc_id: Some("vpc-0123456789abcdef0".into()),
        state: "available".into(),
    }
}

fn list_of(targets: &[usize]) -> String {
    let entries: Vec<serde_json::Value> = targets
        .iter()
        .map(|i| {
            let t = target(*i);
            serde_json::json!({"mount_target_id": t.mount_target_id, "ip_address": t.ip_address,
                "availability_zone": t.availability_zone, "subnet_id": t.subnet_id})
        })
        .collect();
    serde_json::json!({ "mount_targets": entries }).to_string()
}

pub const TASK_DEFINITION: &str = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/file-svc:12";

pub fn task(i: usize, zone_index: usize, created_s: i64) -> Task {
    let id =
        format!("{:032x}", 0x4f1c_9e2a_7b3d_5566_8899_aabb_ccdd_eeff_u128.wrapping_mul(i as u128 * 2 + 1));
    Task {
        arn: format!("arn:aws:ecs:ap-northeast-1:123456789012:task/files/{id}"),
        id,
        status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        availability_zone: Some(zone(zone_index)),
        subnet_id: Some(format!("subnet-0a1b2c3d4e5f600{zone_index:02}")),
        ip_address: Some(format!("10.0.{}.{}", zone_index + 1, i % 250 + 3)),
        deployment_id: Some("ecs-svc/1234567890123456789".into()),
        task_definition: Some(TASK_DEFINITION.into()),
        created_at: Some(ago(created_s)),
        started_at: Some(ago(created_s - 38 - i64::try_from(i % 7).unwrap())),
        stopped_at: None,
        health: Some("HEALTHY".into()),
        stop_code: None,
        exit_code: None,
        stopped_reason: None,
        cpu: Some("2048".into()),
        memory: Some("4096".into()),
    }
}

pub fn deployment(status: &str, rollout: &str, desired: u32, running: u32) -> Deployment {
    Deployment {
        id: format!("ecs-svc/{status}"),
        status: status.into(),
        rollout_state: Some(rollout.into()),
        reason: Some(format!("ECS deployment ecs-svc/{status} {rollout}.").to_lowercase()),
        task_definition: TASK_DEFINITION.into(),
        desired,
        running,
        pending: 0,
        failed: 0,
        created_at: Some(ago(2 * 86_400)),
        updated_at: Some(ago(2 * 86_400 - 760)),
    }
}

pub fn service(tasks: u32, mounts_by: MountsBy) -> Service {
    Service {
        cluster: "efs-mount-autoscaling-cluster".into(),
        name: "file-svc".into(),
        desired: tasks,
        running: tasks,
        pending: 0,
        task_definition: TASK_DEFINITION.into(),
        subnets: (0..3).map(|i| format!("subnet-0a1b2c3d4e5f600{i:02}")).collect(),
        target_groups: vec![],
        deployments: vec![deployment("PRIMARY", "COMPLETED", tasks, tasks)],
        events: vec![
            ServiceEvent {
                id: "e1".into(),
                at: ago(3 * 3600),
                message: "(service file-svc) has reached a steady state.".into(),
            },
            ServiceEvent {
                id: "e2".into(),
                at: ago(2 * 86_400),
                message: "(service file-svc) has started 6 tasks: (task 4f1c9e2a) (task 77aa01be).".into(),
            },
        ],
        circuit_breaker: true,
        capacity_providers: Vec::new(),
        mounts_by,
        task_cpu: Some("2048".into()),
        task_memory: Some("4096".into()),
    }
}

pub fn series(
    namespace: &str,
    name: &str,
    statistic: &str,
    unit: &str,
    period_s: u32,
    f: impl Fn(f64) -> f64,
) -> MetricSeries {
    let start = now().timestamp().div_euclid(i64::from(period_s)) * i64::from(period_s);
    MetricSeries {
        key: MetricKey {
            namespace: namespace.into(),
            name: name.into(),
            statistic: statistic.into(),
            dimensions: BTreeMap::new(),
        },
        unit: unit.into(),
        period_s,
        // two periods late, as CloudWatch is, with a hole of five periods
        points: (2..90)
            .rev()
            .filter(|back| !(20..25).contains(back))
            .map(|back| {
                let at = DateTime::from_timestamp(start - back * i64::from(period_s), 0).unwrap();
                (at, f(back as f64))
            })
            .collect(),
    }
}

fn metrics(world: &World) -> Vec<MetricSeries> {
    let wave = |base: f64, height: f64| move |back: f64| base + height * (back / 9.0).sin();
    let mut out = vec![
        series("AWS/EFS", "PercentIOLimit", "Average", "Percent", 60, wave(world.cpu * 0.6, 6.0)),
        series("AWS/EFS", "TotalIOBytes", "Sum", "Bytes", 60, wave(1.2e9, 6e8)),
        series("AWS/EFS", "ClientConnections", "Sum", "Count", 60, wave(18.0, 2.0)),
        series("AWS/EFS", "StorageBytes", "Average", "Bytes", 900, |back| 8.1e11 - back * 4e8),
        series("AWS/EFS", "PermittedThroughput", "Average", "Bytes/Second", 60, wave(1.1e8, 0.0)),
        series("AWS/ECS", "CPUUtilization", "Average", "Percent", 60, wave(world.cpu, 9.0)),
        series("AWS/ECS", "MemoryUtilization", "Average", "Percent", 60, wave(48.0, 1.0)),
        series("AWS/Lambda", "Duration", "Maximum", "Milliseconds", 60, wave(21_000.0, 3000.0)),
    ];
    out.extend(
        (0..world.extra_metrics)
            .map(|i| series("Extra", &format!("Metric{i:03}"), "Average", "Count", 60, wave(10.0, 3.0))),
    );
    out
}

/// Periods of the sources, in milliseconds.
pub const SOURCES: [(SourceId, u64); 10] = [
    (SourceId::EFS, 15_000),
    (SourceId::ECS, 10_000),
    (SourceId::SSM, 15_000),
    (SourceId::SUBNETS, 300_000),
    (SourceId::CLOUDWATCH, 60_000),
    (SourceId::ALARMS, 30_000),
    (SourceId::IDENTITY, 300_000),
    (SourceId::AUTOSCALING, 60_000),
    (SourceId::PROBE, 30_000),
    (SourceId::FILES, 60_000),
];

pub fn info(name: &str) -> EnvironmentInfo {
    EnvironmentInfo {
        name: name.into(),
        region: Some("ap-northeast-1".into()),
        expected_account: Some("123456789012".into()),
        mode: Mode::Observe,
        file_count_threshold: 100_000,
        service: Some(("efs-mount-autoscaling-cluster".into(), "file-svc".into())),
        file_system: Some("fs-0ab1c2d3e4f567890".into()),
    }
}

pub fn prepare(state: &mut State, environment: usize) {
    let event = Event::Prepared { environment, on: SOURCES.to_vec(), off: vec![] };
    update(state, event, now());
}

pub fn observe(
    state: &mut State,
    environment: usize,
    source: SourceId,
    seconds_ago: i64,
    result: Result<Vec<Facts>, Failure>,
) {
    let every = SOURCES.iter().find(|s| s.0 == source).unwrap().1;
    let at = ago(seconds_ago);
    let reading = Reading {
        source,
        started_at: at - TimeDelta::milliseconds(140),
        at,
        took_ms: 140,
        calls: 2,
        cost_usd: Some(if source == SourceId::CLOUDWATCH { 0.000_4 } else { 0.0 }),
        next_at: at + TimeDelta::milliseconds(i64::try_from(every).unwrap()),
        result,
        partial: vec![],
        warnings: vec![],
    };
    update(state, Event::Observed { environment, reading: Box::new(reading) }, now());
}

/// Everything is read, a few seconds ago.
pub fn read(state: &mut State, environment: usize, world: &World) {
    let running = u32::try_from(world.tasks).unwrap();
    let tasks: Vec<Task> = (0..world.tasks)
        .map(|i| {
            task(
                i,
                i % world.zones,
                if i < world.old_tasks { 2 * 86_400 } else { 3 * 3600 + i64::try_from(i).unwrap() * 20 },
            )
        })
        .collect();
    read_service(state, environment, service(running, world.mounts_by), tasks);
    let mut see = |source, facts| observe(state, environment, source, 4, Ok(facts));
    see(
        SourceId::EFS,
        vec![
            Facts::FileSystem(FileSystem {
                id: "fs-0ab1c2d3e4f567890".into(),
                name: Some("files-prod".into()),
                lifecycle_state: "available".into(),
                performance_mode: "generalPurpose".into(),
                throughput_mode: "elastic".into(),
                provisioned_mibps: None,
                size_bytes: 812_345_678_901,
                one_zone: None,
            }),
            Facts::MountTargets(world.targets.iter().map(|i| target(*i)).collect()),
        ],
    );
    see(
        SourceId::SUBNETS,
        vec![Facts::Subnets(
            (0..world.zones)
                .map(|i| Subnet {
                    id: format!("subnet-0a1b2c3d4e5f600{i:02}"),
                    availability_zone: zone(i),
                    vpc_id: "vpc-0123456789abcdef0".into(),
                    cidr: Some(format!("10.0.{}.0/24", i + 1)),
                    free_addresses: Some(240),
                })
                .collect(),
        )],
    );
    let version =
        |version, changed_s, value: String| ParameterVersion { version, changed_at: ago(changed_s), value };
    let former =
        version(6, 9 * 86_400, list_of(&world.targets[..world.targets.len().min(2).saturating_sub(1)]));
    let current = version(7, 86_400, list_of(&world.targets));
    see(
        SourceId::SSM,
        vec![Facts::Published(Some(Published {
            parameter: "/efs-mount-autoscaling/mount-targets".into(),
            current: current.clone(),
            history: vec![former, current],
        }))],
    );
    see(SourceId::ALARMS, vec![Facts::Alarms(world.alarms.clone())]);
    see(
        SourceId::IDENTITY,
        vec![Facts::Identity(Identity {
            account: "123456789012".into(),
            arn: "arn:aws:sts::123456789012:assumed-role/ops/taro".into(),
            region: "ap-northeast-1".into(),
        })],
    );
    see(SourceId::AUTOSCALING, vec![Facts::Scalable(None)]);
    see(
        SourceId::PROBE,
        vec![Facts::Probes(
            world
                .targets
                .iter()
                .map(|i| Probe {
                    mount_target_id: target(*i).mount_target_id,
                    ip_address: format!("10.0.{}.100", i + 1),
                    result: Ok(0.4 + *i as f64 * 0.35),
                })
                .collect(),
        )],
    );
    see(SourceId::CLOUDWATCH, vec![Facts::Metrics(metrics(world))]);
    for minute in (0..40).rev() {
        let count = FileCount {
            files: world.files - minute * world.growth,
            directories: Some(412),
            recursive: Some(true),
            took_ms: Some(2_310),
            source: CountSource::Path,
            at: ago(i64::try_from(minute).unwrap() * 60 + 20),
            largest: [
                ("uploads/2026/11", 22_000),
                ("uploads/2026/10", 19_500),
                ("archive", 9_000),
                ("tmp", 41),
            ]
            .map(|(path, files)| DirectoryCount { path: path.into(), files })
            .to_vec(),
            calls: None,
        };
        observe(
            state,
            environment,
            SourceId::FILES,
            i64::try_from(minute).unwrap() * 60 + 20,
            Ok(vec![Facts::Files(count)]),
        );
    }
}

pub fn read_service(state: &mut State, environment: usize, service: Service, tasks: Vec<Task>) {
    let facts = vec![Facts::Service(Box::new(service)), Facts::Tasks(tasks)];
    observe(state, environment, SourceId::ECS, 3, Ok(facts));
}
