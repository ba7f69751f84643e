//! What the ECS API tells.

use super::super::world::World;
use super::super::{CLUSTER, SERVICE};
use super::task::{Status, Task};
use crate::domain::ecs::{self, MountsBy};

impl World {
    /// `DescribeServices`; `None` before the service is created.
    pub(in crate::simulated) fn service(&self) -> Option<ecs::Service> {
        let service = self.ecs.service.as_ref()?;
        let primary = service.deployments.first()?;
        let count = |deployment: Option<&str>, running: bool| {
            let of = |t: &&Task| t.is_wanted() && deployment.is_none_or(|d| t.deployment == d);
            let n = self.ecs.tasks.iter().filter(of).filter(|t| t.is_running() == running).count();
            u32::try_from(n).unwrap_or(u32::MAX)
        };
        let deployments = service
            .deployments
            .iter()
            .enumerate()
            .map(|(i, d)| {
                let (running, pending) = (count(Some(&d.id), true), count(Some(&d.id), false));
                ecs::Deployment {
                    id: d.id.clone(),
                    status: if i == 0 { "PRIMARY" } else { "ACTIVE" }.into(),
                    rollout_state: Some(d.rollout.word().into()),
                    reason: Some(d.reason.clone()),
                    task_definition: d.revision.definition.clone(),
                    desired: if i == 0 { service.desired } else { running + pending },
                    running,
                    pending,
                    failed: d.failed,
                    created_at: Some(d.created_at),
                    updated_at: Some(d.updated_at),
                }
            })
            .collect();
        Some(ecs::Service {
            cluster: CLUSTER.into(),
            name: SERVICE.into(),
            desired: service.desired,
            running: count(None, true),
            pending: count(None, false),
            task_definition: primary.revision.definition.clone(),
            subnets: primary.revision.subnets.clone(),
            target_groups: self.target_groups(),
            deployments,
            events: service.events.iter().cloned().collect(),
            circuit_breaker: self.settings.circuit_breaker,
            capacity_providers: service.providers.clone(),
            mounts_by: MountsBy::default(),
            task_cpu: None,
            task_memory: None,
        })
    }

    /// ARNs of the service's target groups: one where it serves impressions.
    fn target_groups(&self) -> Vec<String> {
        let arn = || {
            format!("arn:aws:elasticloadbalancing:{}:{}:{}", self.region, self.account, super::super::GROUP)
        };
        self.runner.iter().map(|_| arn()).collect()
    }

    /// ARNs of `ListTasks`.
    pub(in crate::simulated) fn task_arns(&self, wanted: bool) -> Vec<String> {
        self.ecs.tasks.iter().filter(|t| t.is_wanted() == wanted).map(|t| self.task_arn(&t.id)).collect()
    }

    /// `DescribeTasks` of one ARN or id.
    pub(in crate::simulated) fn describe_task(&self, arn: &str) -> Option<ecs::Task> {
        let id = arn.rsplit('/').next().unwrap_or(arn);
        let task = self.ecs.tasks.iter().find(|t| t.id == id)?;
        let definition = self.ecs.task_definition(&task.definition);
        let ended = task.status == Status::Stopped;
        let health = match (task.started_at.is_some() && !ended, task.healthy) {
            (true, true) => "HEALTHY",
            (true, false) => "UNHEALTHY",
            (false, _) => "UNKNOWN",
        };
        Some(ecs::Task {
            id: task.id.clone(),
            arn: self.task_arn(&task.id),
            status: task.status.word().into(),
            desired_status: if task.is_wanted() { "RUNNING" } else { "STOPPED" }.into(),
            availability_zone: Some(task.zone.clone()),
            subnet_id: Some(task.subnet.clone()),
            ip_address: Some(task.address.clone()),
            deployment_id: Some(task.deployment.clone()),
            task_definition: Some(task.definition.clone()),
            created_at: Some(task.created_at),
            started_at: task.started_at,
            stopped_at: task.stopped_at,
            health: Some(health.into()),
            stop_code: task.stop.as_ref().map(|s| s.code.into()),
            // A container has an exit code once it has exited.
            exit_code: task
                .stop
                .as_ref()
                .filter(|_| task.status >= Status::Deprovisioning)
                .and_then(|s| s.exit_code),
            stopped_reason: task.stop.as_ref().map(|s| s.reason.clone()),
            cpu: definition.and_then(|d| d.cpu.clone()),
            memory: definition.and_then(|d| d.memory.clone()),
        })
    }
}
