//! A world to be changed and asked: two mount targets in 1a and 1c, 1d free, a service of four tasks in step with
//! the published list, calm load.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::domain::count::{CountSource, FileCount};
use miharu::domain::ecs::{Deployment, MountsBy, Service, Task};
use miharu::domain::efs::{FileSystem, MountTarget};
use miharu::domain::journal::Entry;
use miharu::domain::metric::{MetricKey, MetricSeries};
use miharu::domain::network::Subnet;
use miharu::domain::policy::Policy;
use miharu::domain::published::{ParameterVersion, Published};
use miharu::domain::recommendation::Recommendation;
use miharu::domain::rules::{Evaluated, Input, Signals, evaluate};
use miharu::domain::source::SourceId;
use miharu::domain::world::World;

pub fn at(s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + s, 0).unwrap()
}

/// Everything an evaluation needs, owned.
#[derive(Debug, Clone)]
pub struct Stage {
    pub world: World,
    pub policy: Policy,
    pub signals: Signals,
    pub now: DateTime<Utc>,
    pub history: Vec<Entry>,
}

pub fn target(zone: &str, state: &str) -> MountTarget {
    MountTarget {
        mount_target_id: format!("fsmt-{zone}"),
        ip_address: Some(format!("10.0.{}.100", zone.len())),
        availability_zone: Some(format!("ap-northeast-{zone}")),
        subnet_id: format!("subnet-{zone}"),
        vpc_id: Some("vpc-1".into()),
        state: state.into(),
    }
}

pub fn subnet(id: &str, zone: &str) -> Subnet {
    Subnet {
        id: format!("subnet-{id}"),
        availability_zone: format!("ap-northeast-{zone}"),
        vpc_id: "vpc-1".into(),
        cidr: None,
        free_addresses: Some(200),
    }
}

pub fn task(n: usize, zone: &str, created: DateTime<Utc>) -> Task {
    Task {
        id: format!("t{n}"),
        arn: format!("arn:t{n}"),
        status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        availability_zone: Some(format!("ap-northeast-{zone}")),
        subnet_id: None,
        ip_address: None,
        deployment_id: None,
        task_definition: None,
        created_at: Some(created),
        started_at: Some(created + TimeDelta::seconds(30)),
        stopped_at: None,
        health: None,
        stop_code: None,
        exit_code: None,
        stopped_reason: None,
        cpu: None,
        memory: None,
    }
}

/// The parameter's text for targets in `zones`.
pub fn list(zones: &[&str]) -> String {
    let entry = |z: &&str| {
        format!(
            r#"{{"mount_target_id": "fsmt-{z}", "ip_address": "10.0.2.100", "availability_zone": "ap-northeast-{z}", "subnet_id": "subnet-{z}"}}"#
        )
    };
    format!(r#"{{"mount_targets": [{}]}}"#, zones.iter().map(entry).collect::<Vec<_>>().join(", "))
}

pub fn published(texts: &[(i64, &str)]) -> Published {
    let history: Vec<_> = texts
        .iter()
        .zip(1..)
        .map(|((t, text), version)| ParameterVersion {
            version,
            changed_at: at(*t),
            value: (*text).to_owned(),
        })
        .collect();
    Published { parameter: "/p".into(), current: history.last().unwrap().clone(), history }
}

fn service() -> Service {
    let deployment = Deployment {
        id: "ecs-svc/1".into(),
        status: "PRIMARY".into(),
        rollout_state: Some("COMPLETED".into()),
        reason: None,
        task_definition: "td:1".into(),
        desired: 4,
        running: 4,
        pending: 0,
        failed: 0,
        created_at: Some(at(-5000)),
        updated_at: None,
    };
    Service {
        cluster: "c".into(),
        name: "file-svc".into(),
        desired: 4,
        running: 4,
        pending: 0,
        task_definition: "td:1".into(),
        subnets: vec!["subnet-1a".into(), "subnet-1c".into()],
        target_groups: vec![],
        deployments: vec![deployment],
        events: vec![],
        circuit_breaker: true,
        capacity_providers: vec![],
        mounts_by: MountsBy::List,
        task_cpu: Some("2048".into()),
        task_memory: Some("4096".into()),
    }
}

impl Stage {
    pub fn new() -> Self {
        let sources = [
            (SourceId::EFS, 15),
            (SourceId::ECS, 10),
            (SourceId::SSM, 15),
            (SourceId::SUBNETS, 300),
            (SourceId::CLOUDWATCH, 60),
            (SourceId::AUTOSCALING, 60),
            (SourceId::FILES, 60),
            (SourceId("logs"), 300),
        ];
        let mut world = World::new(sources.map(|(id, s)| (id, TimeDelta::seconds(s))));
        for state in world.sources.values_mut() {
            state.at = Some(at(0));
        }
        world.file_system = Some(FileSystem {
            id: "fs-1".into(),
            name: None,
            lifecycle_state: "available".into(),
            performance_mode: "generalPurpose".into(),
            throughput_mode: "bursting".into(),
            provisioned_mibps: None,
            size_bytes: 1 << 40,
            one_zone: None,
        });
        world.mount_targets = Some(vec![target("1a", "available"), target("1c", "available")]);
        world.subnets = Some(vec![subnet("1a", "1a"), subnet("1c", "1c"), subnet("1d", "1d")]);
        let groups = |z: &str| (format!("fsmt-{z}"), vec!["sg-1".to_owned()]);
        world.security_groups = Some(BTreeMap::from([groups("1a"), groups("1c")]));
        world.published = Some(Some(published(&[(-9000, &list(&["1a", "1c"]))])));
        world.service = Some(service());
        world.tasks =
            Some(["1a", "1c", "1a", "1c"].iter().enumerate().map(|(n, z)| task(n, z, at(-4000))).collect());
        world.scalable = Some(None);
        world.lifecycle = Some(vec![
            ("TransitionToIA".into(), "AFTER_30_DAYS".into()),
            ("TransitionToPrimaryStorageClass".into(), "AFTER_1_ACCESS".into()),
        ]);
        world.log_groups = Some(vec![("/ecs/x".into(), Some(7))]);
        let mut stage = Self {
            world,
            policy: Policy { disabled_rules: vec!["use-fargate-spot".into()], ..Policy::default() },
            signals: Signals::default(),
            now: at(0),
            history: vec![],
        };
        stage.load(60.0, 60.0);
        stage.metric("AWS/EFS", "PercentIOLimit", "Average", "Percent", &[5.0; 5]);
        stage.metric("AWS/EFS", "PermittedThroughput", "Average", "Bytes/Second", &[105e6; 5]);
        stage.metric("AWS/EFS", "BurstCreditBalance", "Average", "Bytes", &[2.3e12; 5]);
        stage.files(50_000);
        stage
    }

    pub fn files(&mut self, files: u64) {
        self.world.file_count = Some(FileCount {
            files,
            directories: None,
            recursive: Some(true),
            took_ms: None,
            source: CountSource::Path,
            at: self.now,
            largest: vec![],
            calls: None,
        });
    }

    /// Points of a metric, a minute apart, the newest one minute old.
    pub fn metric(&mut self, namespace: &str, name: &str, statistic: &str, unit: &str, values: &[f64]) {
        let key = MetricKey {
            namespace: namespace.into(),
            name: name.into(),
            statistic: statistic.into(),
            dimensions: BTreeMap::new(),
        };
        let n = i64::try_from(values.len()).unwrap();
        let points =
            values.iter().zip(0..).map(|(v, i)| (self.now - TimeDelta::minutes(n - i), *v)).collect();
        self.world.metrics.insert(key.clone(), MetricSeries { key, unit: unit.into(), period_s: 60, points });
    }

    pub fn load(&mut self, cpu: f64, memory: f64) {
        self.metric("AWS/ECS", "CPUUtilization", "Average", "Percent", &[cpu; 5]);
        self.metric("AWS/ECS", "MemoryUtilization", "Average", "Percent", &[memory; 5]);
    }

    pub fn no_metric(&mut self, name: &str) {
        self.world.metrics.retain(|key, _| key.name != name);
    }

    pub fn service(&mut self) -> &mut Service {
        self.world.service.as_mut().unwrap()
    }

    pub fn tasks(&mut self, n: u32) {
        let service = self.service();
        (service.desired, service.running) = (n, n);
    }

    pub fn stale(&mut self, source: SourceId) {
        self.world.sources.get_mut(&source).unwrap().at = Some(self.now - TimeDelta::hours(1));
    }

    pub fn input(&self) -> Input<'_> {
        Input {
            world: &self.world,
            policy: &self.policy,
            signals: &self.signals,
            environment: "prod",
            now: self.now,
        }
    }

    pub fn evaluate(&self) -> Evaluated {
        evaluate(&self.input(), &self.history)
    }

    pub fn ids(&self) -> Vec<String> {
        self.evaluate().recommendations.into_iter().map(|r| r.id).collect()
    }

    /// The recommendation of that id.
    pub fn get(&self, id: &str) -> Recommendation {
        let all = self.evaluate();
        match all.recommendations.iter().find(|r| r.id == id) {
            Some(rec) => rec.clone(),
            None => panic!("no {id}: {:?} {:?}", self.ids(), all.not_enough),
        }
    }

    /// Why a rule cannot tell.
    pub fn why(&self, rule: &str) -> String {
        let all = self.evaluate();
        let why = all.not_enough.into_iter().find(|(name, _)| *name == rule);
        why.unwrap_or_else(|| panic!("{rule} can tell: {:?}", all.recommendations)).1
    }
}
