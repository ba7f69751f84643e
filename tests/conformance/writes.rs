//! What changes something: each behaviour builds on the world that the ones before have left.

use std::time::Duration;

use futures_util::future::BoxFuture;
use miharu::actuators::{Actuator, Outputs, Sent};
use miharu::domain::request::{ListEntry, Operation, Value};

use super::*;

/// An account to change: mount targets in two of three zones, two subnets in the first one, a steady service.
pub(crate) struct Changeable {
    pub(crate) aws: Arc<dyn Aws>,
    pub(crate) actuator: Arc<dyn Actuator>,
    pub(crate) file_system: String,
    pub(crate) cluster: String,
    pub(crate) service: String,
    pub(crate) parameter: String,
    /// A subnet in the zone without a mount target.
    pub(crate) free_subnet: String,
    pub(crate) free_zone: String,
    /// Another subnet in a zone that has one.
    pub(crate) taken_subnet: String,
    pub(crate) security_group: String,
    pub(crate) log_group: String,
    /// How long to wait between two looks.
    pub(crate) step: Duration,
}

impl Changeable {
    async fn done(&self, operation: Operation) -> Outputs {
        match self.actuator.send(&operation).await {
            Sent::Done(outputs) => outputs,
            other => panic!("{operation:?}: {other:?}"),
        }
    }

    async fn refused(&self, operation: Operation, action: &str, code: &str) -> Failure {
        match self.actuator.send(&operation).await {
            Sent::Refused(failure) => {
                let told = (failure.action.as_deref(), failure.code.as_deref());
                assert_eq!(told, (Some(action), Some(code)), "{failure:?}");
                failure
            }
            other => panic!("{operation:?}: {other:?}"),
        }
    }

    /// Looks until it is so.
    async fn until<F: Future<Output = bool>>(&self, what: &str, so: impl Fn() -> F) {
        for _ in 0..400 {
            if so().await {
                return;
            }
            tokio::time::sleep(self.step).await;
        }
        panic!("never {what}");
    }

    async fn targets(&self) -> Vec<MountTarget> {
        all_pages(10, |marker| self.aws.mount_targets(&self.file_system, marker)).await.unwrap()
    }

    async fn target(&self, id: &str) -> Option<MountTarget> {
        self.targets().await.into_iter().find(|t| t.mount_target_id == id)
    }

    async fn described(&self) -> miharu::domain::ecs::Service {
        self.aws.service(&self.cluster, &self.service).await.unwrap()
    }

    async fn steady(&self) {
        self.until("steady", || async { self.described().await.steady() }).await;
    }

    fn create(&self, subnet: &str) -> Operation {
        Operation::CreateMountTarget {
            file_system_id: self.file_system.clone(),
            subnet_id: subnet.to_owned(),
            security_groups: vec![self.security_group.clone()],
        }
    }

    fn force(&self, service: &str) -> Operation {
        Operation::ForceNewDeployment { cluster: self.cluster.clone(), service: service.to_owned() }
    }

    fn count(&self, desired_count: u32) -> Operation {
        let (cluster, service) = (self.cluster.clone(), self.service.clone());
        Operation::UpdateDesiredCount { cluster, service, desired_count }
    }
}

type Change = for<'a> fn(&'a Changeable) -> BoxFuture<'a, ()>;

macro_rules! changes {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), |s| Box::pin($name(s)))),*] };
}

/// In this order.
pub(crate) const CHANGES: &[(&str, Change)] = changes![
    a_mount_target_is_creating_and_then_available,
    a_second_one_in_a_zone_is_refused,
    a_subnet_that_does_not_exist_is_refused,
    a_write_of_the_parameter_is_the_next_version,
    a_forced_deployment_is_a_new_primary_that_completes,
    the_desired_count_follows,
    an_unknown_service_is_refused,
    another_size_is_a_new_revision,
    an_unknown_definition_is_refused_and_changes_nothing,
    capacity_providers_are_set_by_a_new_deployment,
    the_throughput_mode_changes,
    the_lifecycle_configuration_is_replaced_as_a_whole,
    a_log_group_keeps_as_long_as_it_is_told,
    a_published_value_is_a_point_of_its_metric,
    a_scalable_target_brings_the_count_within_its_limits,
    a_deleted_mount_target_is_deleting_and_then_gone,
];

/// Shows all, and names all that fail.
pub(crate) async fn changes_as_told(subject: &Changeable) {
    let mut failed = Vec::new();
    for (name, change) in CHANGES {
        if AssertUnwindSafe(change(subject)).catch_unwind().await.is_err() {
            failed.push(*name);
        }
    }
    assert_eq!(failed, [] as [&str; 0], "changes that fail; the panics above say why");
}

async fn a_mount_target_is_creating_and_then_available(s: &Changeable) {
    let before = s.targets().await.len();
    let made = s.done(s.create(&s.free_subnet)).await;
    let id = &made["mount_target_id"];
    let target = s.target(id).await.expect("it is listed at once");
    assert_eq!(target.state, "creating");
    assert_eq!(target.ip_address.as_ref(), made.get("ip_address"));
    assert_eq!(target.availability_zone.as_ref(), made.get("availability_zone"));
    assert_eq!((target.availability_zone.as_ref(), &target.subnet_id), (Some(&s.free_zone), &s.free_subnet));
    s.until("available", || async { s.target(id).await.unwrap().is_available() }).await;
    assert_eq!(s.targets().await.len(), before + 1);
    assert_eq!(s.aws.security_groups(id).await.unwrap(), std::slice::from_ref(&s.security_group));
}

async fn a_second_one_in_a_zone_is_refused(s: &Changeable) {
    let before = s.targets().await;
    for subnet in [&s.taken_subnet, &s.free_subnet] {
        let action = "elasticfilesystem:CreateMountTarget";
        let failure = s.refused(s.create(subnet), action, "MountTargetConflict").await;
        assert!(failure.text.contains("already exists in this AZ"), "{failure:?}");
    }
    assert_eq!(s.targets().await, before);
}

async fn a_subnet_that_does_not_exist_is_refused(s: &Changeable) {
    let create = s.create("subnet-0000000000000dead");
    let failure = s.refused(create, "elasticfilesystem:CreateMountTarget", "SubnetNotFound").await;
    assert_eq!(failure.class, FailureClass::NotFound);
}

async fn a_write_of_the_parameter_is_the_next_version(s: &Changeable) {
    let before = s.aws.parameter(&s.parameter).await.unwrap();
    let entries: Vec<ListEntry> = s
        .targets()
        .await
        .into_iter()
        .map(|t| ListEntry {
            mount_target_id: Value::Known(t.mount_target_id),
            ip_address: Value::Known(t.ip_address.unwrap()),
            availability_zone: t.availability_zone.unwrap(),
            subnet_id: t.subnet_id,
        })
        .collect();
    let name = s.parameter.clone();
    let put = Operation::PutParameter { name: name.clone(), entries: entries.clone(), text: None };
    let version = s.done(put).await["version"].parse::<i64>().unwrap();
    let now = s.aws.parameter(&s.parameter).await.unwrap();
    assert_eq!((version, now.version), (before.version + 1, version));
    let list = PublishedList::parse(&now.value).unwrap();
    let ids: Vec<_> = list.mount_targets.into_iter().map(|e| Value::Known(e.mount_target_id)).collect();
    assert_eq!(ids, entries.into_iter().map(|e| e.mount_target_id).collect::<Vec<_>>());
    assert!(now.value.starts_with(r#"{"mount_targets": [{"mount_target_id": "fsmt-"#), "{}", now.value);

    let put = Operation::PutParameter { name, entries: vec![], text: Some(before.value.clone()) };
    assert_eq!(s.done(put).await["version"], (version + 1).to_string());
    assert_eq!(s.aws.parameter(&s.parameter).await.unwrap().value, before.value, "byte for byte");
}

async fn a_forced_deployment_is_a_new_primary_that_completes(s: &Changeable) {
    s.steady().await;
    let before = s.described().await.primary().unwrap().id.clone();
    let made = s.done(s.force(&s.service)).await;
    let service = s.described().await;
    assert_eq!(service.primary().unwrap().id, made["deployment_id"]);
    assert_ne!(made["deployment_id"], before);
    s.steady().await;
    let service = s.described().await;
    assert_eq!(service.primary().unwrap().id, made["deployment_id"]);
    assert_eq!(service.rollout_state(), Some("COMPLETED"));
}

async fn the_desired_count_follows(s: &Changeable) {
    let before = s.described().await;
    s.done(s.count(before.desired + 2)).await;
    let now = s.described().await;
    assert_eq!(now.desired, before.desired + 2);
    assert_eq!(now.primary().unwrap().id, before.primary().unwrap().id, "the same deployment");
    s.steady().await;
    assert_eq!(s.described().await.running, before.desired + 2);
}

async fn an_unknown_service_is_refused(s: &Changeable) {
    let code = "ServiceNotFoundException";
    let failure = s.refused(s.force("no-such-service"), "ecs:UpdateService", code).await;
    assert_eq!(failure.class, FailureClass::NotFound);
}

async fn another_size_is_a_new_revision(s: &Changeable) {
    let before = s.described().await;
    let old = s.aws.task_definition(&before.task_definition).await.unwrap();
    let (cpu, memory) = ("4096".to_owned(), "8192".to_owned());
    let register = Operation::RegisterTaskDefinition { from: old.arn.clone(), cpu, memory };
    let arn = s.done(register).await["task_definition_arn"].clone();
    let new = s.aws.task_definition(&arn).await.unwrap();
    assert_ne!(new.arn, old.arn);
    assert_eq!((new.cpu.as_deref(), new.memory.as_deref()), (Some("4096"), Some("8192")));
    assert_eq!((new.efs_volumes, new.log_groups), (old.efs_volumes, old.log_groups), "all else is copied");
    assert_eq!(s.described().await.deployments, before.deployments, "registering changes no service");
    let (cluster, service) = (s.cluster.clone(), s.service.clone());
    let task_definition = Value::Known(arn.clone());
    let made = s.done(Operation::UpdateTaskDefinition { cluster, service, task_definition }).await;
    s.steady().await;
    let now = s.described().await;
    assert_eq!((&now.primary().unwrap().id, &now.task_definition), (&made["deployment_id"], &arn));
    let running =
        all_pages(9, |t| s.aws.list_tasks(&s.cluster, &s.service, DesiredStatus::Running, t)).await.unwrap();
    for task in s.aws.describe_tasks(&s.cluster, &running).await.unwrap() {
        assert_eq!((task.task_definition.as_ref(), task.cpu.as_deref()), (Some(&arn), Some("4096")));
    }
}

async fn an_unknown_definition_is_refused_and_changes_nothing(s: &Changeable) {
    let (cluster, service) = (s.cluster.clone(), s.service.clone());
    let task_definition = Value::Known("no-such-family:1".into());
    let before = s.described().await;
    let update = Operation::UpdateTaskDefinition { cluster, service, task_definition };
    s.refused(update, "ecs:UpdateService", "ClientException").await;
    assert_eq!(s.described().await.deployments, before.deployments);
    let (from, cpu, memory) = ("no-such-family:1".into(), "512".into(), "1024".into());
    let register = Operation::RegisterTaskDefinition { from, cpu, memory };
    assert!(matches!(s.actuator.send(&register).await, Sent::Refused(_)));
}

async fn capacity_providers_are_set_by_a_new_deployment(s: &Changeable) {
    let (cluster, service) = (s.cluster.clone(), s.service.clone());
    let made = s
        .done(Operation::UpdateCapacityProviders { cluster, service, fargate_base: 1, spot_weight: 1 })
        .await;
    let now = s.described().await;
    assert_eq!(now.primary().unwrap().id, made["deployment_id"]);
    assert_eq!(now.capacity_providers, [("FARGATE".into(), 1, 0), ("FARGATE_SPOT".into(), 0, 1)]);
    s.steady().await;
}

async fn the_throughput_mode_changes(s: &Changeable) {
    let update = |mode: &str, provisioned_mibps| Operation::UpdateFileSystem {
        file_system_id: s.file_system.clone(),
        throughput_mode: mode.into(),
        provisioned_mibps,
    };
    s.done(update("provisioned", Some(128.0))).await;
    let now = s.aws.file_system(&s.file_system).await.unwrap();
    assert_eq!((now.throughput_mode.as_str(), now.provisioned_mibps), ("provisioned", Some(128.0)));
    s.refused(update("provisioned", None), "elasticfilesystem:UpdateFileSystem", "BadRequest").await;
}

async fn the_lifecycle_configuration_is_replaced_as_a_whole(s: &Changeable) {
    assert_eq!(s.aws.lifecycle(&s.file_system).await.unwrap(), []);
    let to_ia = ("TransitionToIA".to_owned(), "AFTER_30_DAYS".to_owned());
    let back = ("TransitionToPrimaryStorageClass".to_owned(), "AFTER_1_ACCESS".to_owned());
    for policies in [vec![to_ia.clone(), back], vec![to_ia]] {
        let file_system_id = s.file_system.clone();
        s.done(Operation::PutLifecycleConfiguration { file_system_id, policies: policies.clone() }).await;
        assert_eq!(s.aws.lifecycle(&s.file_system).await.unwrap(), policies);
    }
}

async fn a_log_group_keeps_as_long_as_it_is_told(s: &Changeable) {
    let group = || async {
        let page = s.aws.log_groups(&s.log_group, None).await.unwrap();
        page.items.into_iter().find(|(name, _)| *name == s.log_group).unwrap().1
    };
    assert_eq!(group().await, None);
    s.done(Operation::PutRetentionPolicy { log_group: s.log_group.clone(), days: 7 }).await;
    assert_eq!(group().await, Some(7));
    let put = Operation::PutRetentionPolicy { log_group: "/no/such".into(), days: 7 };
    s.refused(put, "logs:PutRetentionPolicy", "ResourceNotFoundException").await;
    assert_eq!(s.aws.log_groups("/no/such", None).await.unwrap().items, []);
}

async fn a_published_value_is_a_point_of_its_metric(s: &Changeable) {
    let key = super::key("Test/Published", "FileCount", "Maximum", &[]);
    let query = [MetricQuery { key, period_s: 60 }];
    // The newest that both sides have: a parameter's change has just been made.
    let now = s.aws.parameter(&s.parameter).await.unwrap().changed_at;
    let from = now.duration_trunc(TimeDelta::hours(1)).unwrap() - TimeDelta::hours(1);
    let points = || async {
        let read = |token| s.aws.metric_data(&query, from, now + TimeDelta::hours(1), token);
        let parts = all_pages(5, read).await.unwrap();
        parts.into_iter().flat_map(|p| p.points).map(|(_, v)| v).collect::<Vec<_>>()
    };
    assert!(points().await.is_empty());
    let put = |value, at| Operation::PutMetricData {
        namespace: "Test/Published".into(),
        name: "FileCount".into(),
        value,
        unit: "Count".into(),
        at,
    };
    s.done(put(131_402.0, now - TimeDelta::minutes(5))).await;
    s.done(put(131_500.0, now)).await;
    s.until("both points", || async { points().await == vec![131_402.0, 131_500.0] }).await;
}

async fn a_scalable_target_brings_the_count_within_its_limits(s: &Changeable) {
    let register = |min_capacity, max_capacity| Operation::RegisterScalableTarget {
        cluster: s.cluster.clone(),
        service: s.service.clone(),
        min_capacity,
        max_capacity,
    };
    let desired = s.described().await.desired;
    s.done(register(desired + 1, desired + 3)).await;
    let target = s.aws.scalable_target(&s.cluster, &s.service).await.unwrap().unwrap();
    assert_eq!((target.min, target.max, target.suspended), (desired + 1, desired + 3, false));
    assert_eq!(s.described().await.desired, desired + 1);
    let action = "application-autoscaling:RegisterScalableTarget";
    s.refused(register(4, 3), action, "ValidationException").await;
}

async fn a_deleted_mount_target_is_deleting_and_then_gone(s: &Changeable) {
    let target = s.targets().await.into_iter().find(|t| t.subnet_id == s.free_subnet).unwrap();
    let id = target.mount_target_id;
    let delete = Operation::DeleteMountTarget { mount_target_id: id.clone() };
    s.done(delete.clone()).await;
    assert_eq!(s.target(&id).await.unwrap().state, "deleting");
    s.refused(s.create(&s.free_subnet), "elasticfilesystem:CreateMountTarget", "MountTargetConflict").await;
    s.until("gone", || async { s.target(&id).await.is_none() }).await;
    let failure = s.refused(delete, "elasticfilesystem:DeleteMountTarget", "MountTargetNotFound").await;
    assert_eq!(failure.class, FailureClass::NotFound);
    s.done(s.create(&s.free_subnet)).await;
}
