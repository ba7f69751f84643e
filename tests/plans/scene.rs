//! The world that the former function started from: targets in 1a and 1c, none in 1d, both published.

use chrono::{DateTime, TimeDelta, Utc};
use miharu::domain::ecs::{Service, Task};
use miharu::domain::efs::{FileSystem, MountTarget};
use miharu::domain::network::Subnet;
use miharu::domain::plan::Plan;
use miharu::domain::planner;
use miharu::domain::policy::Policy;
use miharu::domain::published::{ParameterVersion, Published};
use miharu::domain::recommendation::{Change, Intent, Recommendation, Severity};
use miharu::domain::rules::{Input, Signals};
use miharu::domain::world::World;
use serde_json::json;

pub const OLD: &str = r#"{"mount_targets": [{"mount_target_id": "fsmt-c", "ip_address": "10.0.2.100", "availability_zone": "ap-northeast-1c", "subnet_id": "subnet-c"}, {"mount_target_id": "fsmt-a", "ip_address": "10.0.1.100", "availability_zone": "ap-northeast-1a", "subnet_id": "subnet-a"}]}"#;

pub fn at(s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + s, 0).unwrap()
}

pub fn target(letter: &str, net: u8) -> MountTarget {
    MountTarget {
        mount_target_id: format!("fsmt-{letter}"),
        ip_address: Some(format!("10.0.{net}.100")),
        availability_zone: Some(format!("ap-northeast-1{letter}")),
        subnet_id: format!("subnet-{letter}"),
        vpc_id: Some("vpc-1".into()),
        state: "available".into(),
    }
}

pub fn subnet(id: &str, letter: &str) -> Subnet {
    Subnet {
        id: id.into(),
        availability_zone: format!("ap-northeast-1{letter}"),
        vpc_id: "vpc-1".into(),
        cidr: None,
        free_addresses: Some(250),
    }
}

pub fn published(version: i64, value: &str) -> Published {
    let current = ParameterVersion { version, changed_at: at(-3600), value: value.into() };
    Published { parameter: "/efs/targets".into(), history: vec![current.clone()], current }
}

pub fn task(id: &str, created: i64) -> Task {
    Task {
        id: id.into(),
        arn: id.into(),
        status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        availability_zone: Some("ap-northeast-1a".into()),
        subnet_id: None,
        ip_address: None,
        deployment_id: None,
        task_definition: None,
        created_at: Some(at(created)),
        started_at: Some(at(created + 30)),
        stopped_at: None,
        health: None,
        stop_code: None,
        exit_code: None,
        stopped_reason: None,
        cpu: None,
        memory: None,
    }
}

pub fn service() -> Service {
    serde_json::from_value(json!({
        "cluster": "files", "name": "file svc", "desired": 2, "running": 2, "pending": 0,
        "task_definition": "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/files:7",
        "subnets": ["subnet-a", "subnet-c", "subnet-d"], "target_groups": [], "events": [],
        "circuit_breaker": true, "capacity_providers": [], "mounts_by": "list",
        "task_cpu": "2048", "task_memory": "4096",
        "deployments": [{
            "id": "ecs-svc/1", "status": "PRIMARY", "rollout_state": "COMPLETED", "task_definition": "td",
            "desired": 2, "running": 2, "pending": 0, "failed": 0,
        }],
    }))
    .unwrap()
}

pub fn world() -> World {
    let mut world = World::new([]);
    world.file_system = Some(FileSystem {
        id: "fs-1".into(),
        name: None,
        lifecycle_state: "available".into(),
        performance_mode: "generalPurpose".into(),
        throughput_mode: "bursting".into(),
        provisioned_mibps: None,
        size_bytes: 1,
        one_zone: None,
    });
    world.mount_targets = Some(vec![target("a", 1), target("c", 2)]);
    world.published = Some(Some(published(6, OLD)));
    world.subnets = Some(vec![subnet("subnet-a", "a"), subnet("subnet-c", "c"), subnet("subnet-d", "d")]);
    world.service = Some(service());
    world.tasks = Some(vec![task("1", -1800), task("2", -1700)]);
    world.scalable = Some(None);
    world.lifecycle = Some(vec![("TransitionToArchive".into(), "AFTER_90_DAYS".into())]);
    world.log_groups = Some(vec![("/ecs/files".into(), None), ("/ecs/short".into(), Some(3))]);
    world
}

pub fn recommendation(rule: &str, intent: Intent) -> Recommendation {
    Recommendation {
        id: rule.into(),
        rule: rule.into(),
        severity: Severity::High,
        title: format!("do {rule}"),
        reason: "because".into(),
        evidence: vec![],
        change: Some(Change { from: 1.into(), to: 2.into() }),
        requests: vec![],
        effect: String::new(),
        risk: String::new(),
        cost_usd_per_month: None,
        reversible: true,
        rollback: String::new(),
        blocked_by: vec![],
        auto_allowed: true,
        intent,
    }
}

pub fn add(publish: bool) -> Intent {
    Intent::AddMountTarget {
        zone: "ap-northeast-1d".into(),
        subnet_id: "subnet-d".into(),
        security_groups: vec!["sg-1".into(), "sg-2".into()],
        publish,
    }
}

/// Calls `with` with what rules and planner look at.
pub fn input<T>(world: &World, policy: &Policy, with: impl FnOnce(&Input<'_>) -> T) -> T {
    let signals = Signals::default();
    with(&Input { world, policy, signals: &signals, environment: "prod", now: at(0) })
}

pub fn plan_at(world: &World, policy: &Policy, rule: &str, intent: Intent) -> Result<Plan, String> {
    let rec = recommendation(rule, intent);
    input(world, policy, |input| planner::plan(input, &rec, "c-1".into()))
}

pub fn plan(world: &World, rule: &str, intent: Intent) -> Result<Plan, String> {
    plan_at(world, &Policy::default(), rule, intent)
}

/// Minutes from the time of the plan.
pub fn minutes(m: i64) -> DateTime<Utc> {
    at(0) + TimeDelta::minutes(m)
}

/// The API names of a plan's calls.
pub fn operations(plan: &Plan) -> Vec<&'static str> {
    plan.steps.iter().map(|s| s.operation.api().1).collect()
}

/// The world after the whole plan of [`add`].
pub fn added() -> World {
    let mut after = world();
    after.mount_targets.as_mut().unwrap().push(target("d", 3));
    let text = OLD.replace("]}", r#", {"mount_target_id": "fsmt-d", "ip_address": "10.0.3.100", "availability_zone": "ap-northeast-1d", "subnet_id": "subnet-d"}]}"#);
    after.published = Some(Some(published(7, &text)));
    after.service.as_mut().unwrap().deployments[0].id = "ecs-svc/2".into();
    after
}
