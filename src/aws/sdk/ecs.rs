//! Amazon ECS.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ecs::types;

use super::SdkAws;
use super::allow::{LIST_TASKS, SERVICES, TASK_DEFINITION, TASKS};
use super::convert::{count, instant, last_part, maybe_instant};
use crate::aws::{Answer, DesiredStatus, Ecs, Page};
use crate::domain::ecs::{Deployment, MountsBy, Service, ServiceEvent, Task, TaskDefinition};
use crate::domain::source::{Failure, FailureClass};

#[async_trait]
impl Ecs for SdkAws {
    async fn service(&self, cluster: &str, service: &str) -> Answer<Service> {
        let clients = self.clients().await;
        let result = clients.ecs.describe_services().cluster(cluster).services(service).send().await;
        let output = self.answer(&SERVICES, &clients, result)?;
        match output.services().first() {
            Some(found) if found.status() != Some("INACTIVE") => Ok(convert_service(found)),
            Some(_) => {
                Err(missing(&format!("service {service} of cluster {cluster} was deleted (INACTIVE)")))
            }
            None => {
                let reason = output.failures().first().and_then(|f| f.reason()).unwrap_or("MISSING");
                Err(missing(&format!("no service {service} in cluster {cluster} ({reason})")))
            }
        }
    }

    async fn list_tasks(
        &self,
        cluster: &str,
        service: &str,
        status: DesiredStatus,
        token: Option<String>,
    ) -> Answer<Page<String>> {
        let clients = self.clients().await;
        let desired = match status {
            DesiredStatus::Running => types::DesiredStatus::Running,
            DesiredStatus::Stopped => types::DesiredStatus::Stopped,
        };
        let result = clients
            .ecs
            .list_tasks()
            .cluster(cluster)
            .service_name(service)
            .desired_status(desired)
            .set_next_token(token)
            .send()
            .await;
        let output = self.answer(&LIST_TASKS, &clients, result)?;
        Ok(Page { items: output.task_arns().to_vec(), next: output.next_token().map(str::to_owned) })
    }

    async fn describe_tasks(&self, cluster: &str, arns: &[String]) -> Answer<Vec<Task>> {
        let clients = self.clients().await;
        let result =
            clients.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns.to_vec())).send().await;
        let output = self.answer(&TASKS, &clients, result)?;
        Ok(output.tasks().iter().map(task).collect())
    }

    async fn task_definition(&self, arn: &str) -> Answer<TaskDefinition> {
        let clients = self.clients().await;
        let result = clients.ecs.describe_task_definition().task_definition(arn).send().await;
        let output = self.answer(&TASK_DEFINITION, &clients, result)?;
        let Some(found) = output.task_definition() else {
            return Err(Failure {
                action: Some(TASK_DEFINITION.action.to_owned()),
                ..Failure::new(FailureClass::NotFound, format!("no task definition {arn}"))
            });
        };
        Ok(TaskDefinition {
            arn: found.task_definition_arn().unwrap_or(arn).to_owned(),
            efs_volumes: found
                .volumes()
                .iter()
                .filter_map(|v| v.efs_volume_configuration())
                .map(|v| v.file_system_id().to_owned())
                .collect(),
            cpu: found.cpu().map(str::to_owned),
            memory: found.memory().map(str::to_owned),
            log_groups: log_groups(found),
            registered_at: maybe_instant(found.registered_at()),
        })
    }
}

/// Groups of the `awslogs` driver, each once.
fn log_groups(definition: &types::TaskDefinition) -> Vec<String> {
    let groups = definition
        .container_definitions()
        .iter()
        .filter_map(|c| c.log_configuration())
        .filter(|l| *l.log_driver() == types::LogDriver::Awslogs)
        .filter_map(|l| l.options()?.get("awslogs-group"));
    groups.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

fn missing(text: &str) -> Failure {
    Failure { action: Some(SERVICES.action.to_owned()), ..Failure::new(FailureClass::NotFound, text) }
}

fn convert_service(s: &types::Service) -> Service {
    let network = s.network_configuration().and_then(|n| n.awsvpc_configuration());
    let mut deployments: Vec<Deployment> = s.deployments().iter().map(deployment).collect();
    deployments.sort_by_key(|d| d.status != "PRIMARY");
    let mut events: Vec<ServiceEvent> = s
        .events()
        .iter()
        .filter_map(|e| {
            Some(ServiceEvent {
                id: e.id()?.to_owned(),
                at: instant(e.created_at()?)?,
                message: e.message()?.to_owned(),
            })
        })
        .collect();
    events.sort_by_key(|e| std::cmp::Reverse(e.at));
    Service {
        cluster: last_part(s.cluster_arn().unwrap_or_default()).to_owned(),
        name: s.service_name().unwrap_or_default().to_owned(),
        desired: count(s.desired_count()),
        running: count(s.running_count()),
        pending: count(s.pending_count()),
        task_definition: s.task_definition().unwrap_or_default().to_owned(),
        subnets: network.map(|n| n.subnets().to_vec()).unwrap_or_default(),
        target_groups: s
            .load_balancers()
            .iter()
            .filter_map(|l| l.target_group_arn())
            .map(str::to_owned)
            .collect(),
        deployments,
        events,
        circuit_breaker: s
            .deployment_configuration()
            .and_then(|c| c.deployment_circuit_breaker())
            .is_some_and(types::DeploymentCircuitBreaker::enable),
        capacity_providers: s
            .capacity_provider_strategy()
            .iter()
            .map(|p| (p.capacity_provider().to_owned(), count(p.base()), count(p.weight())))
            .collect(),
        mounts_by: MountsBy::default(),
        task_cpu: None,
        task_memory: None,
    }
}

fn deployment(d: &types::Deployment) -> Deployment {
    Deployment {
        id: d.id().unwrap_or_default().to_owned(),
        status: d.status().unwrap_or_default().to_owned(),
        rollout_state: d.rollout_state().map(|s| s.as_str().to_owned()),
        reason: d.rollout_state_reason().map(str::to_owned),
        task_definition: d.task_definition().unwrap_or_default().to_owned(),
        desired: count(d.desired_count()),
        running: count(d.running_count()),
        pending: count(d.pending_count()),
        failed: count(d.failed_tasks()),
        created_at: maybe_instant(d.created_at()),
        updated_at: maybe_instant(d.updated_at()),
    }
}

fn task(t: &types::Task) -> Task {
    let interface = |name: &str| {
        t.attachments()
            .iter()
            .filter(|a| a.r#type() == Some("ElasticNetworkInterface"))
            .flat_map(types::Attachment::details)
            .find(|d| d.name() == Some(name))
            .and_then(|d| d.value())
            .map(str::to_owned)
    };
    let arn = t.task_arn().unwrap_or_default();
    Task {
        id: last_part(arn).to_owned(),
        arn: arn.to_owned(),
        status: t.last_status().unwrap_or_default().to_owned(),
        desired_status: t.desired_status().unwrap_or_default().to_owned(),
        availability_zone: t.availability_zone().map(str::to_owned),
        subnet_id: interface("subnetId"),
        ip_address: interface("privateIPv4Address"),
        deployment_id: t.started_by().map(str::to_owned),
        task_definition: t.task_definition_arn().map(str::to_owned),
        created_at: maybe_instant(t.created_at()),
        started_at: maybe_instant(t.started_at()),
        stopped_at: maybe_instant(t.stopped_at()),
        health: t.health_status().map(|h| h.as_str().to_owned()),
        stop_code: t.stop_code().map(|c| c.as_str().to_owned()),
        exit_code: t.containers().iter().find_map(types::Container::exit_code),
        stopped_reason: t.stopped_reason().map(str::to_owned),
        cpu: t.cpu().map(str::to_owned),
        memory: t.memory().map(str::to_owned),
    }
}
