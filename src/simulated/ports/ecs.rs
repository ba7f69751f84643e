//! Amazon ECS.

use async_trait::async_trait;

use super::call::{LIST_TASKS, Operation, SERVICES, TASK_DEFINITION, TASKS};
use super::page;
use crate::aws::{Answer, DesiredStatus, Ecs, Page, TASKS_A_PAGE};
use crate::domain::ecs::{Service, Task, TaskDefinition};
use crate::domain::source::FailureClass;
use crate::simulated::world::World;
use crate::simulated::{CLUSTER, SERVICE, Simulated};

/// The last part of an ARN, or the name itself.
fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn known_cluster(operation: Operation, cluster: &str) -> Answer<()> {
    if name_of(cluster) == CLUSTER {
        return Ok(());
    }
    Err(operation.not_found("ClusterNotFoundException", "Cluster not found."))
}

#[async_trait]
impl Ecs for Simulated {
    async fn service(&self, cluster: &str, service: &str) -> Answer<Service> {
        self.call(SERVICES, |world| {
            known_cluster(SERVICES, cluster)?;
            let found = world.service().filter(|_| name_of(service) == SERVICE);
            found.ok_or_else(|| {
                let text = format!("no service {service} in cluster {cluster} (MISSING)");
                SERVICES.failure(FailureClass::NotFound, None, text)
            })
        })
        .await
    }

    async fn list_tasks(
        &self,
        cluster: &str,
        service: &str,
        status: DesiredStatus,
        token: Option<String>,
    ) -> Answer<Page<String>> {
        self.call(LIST_TASKS, |world: &World| {
            known_cluster(LIST_TASKS, cluster)?;
            if name_of(service) != SERVICE || world.service().is_none() {
                return Err(LIST_TASKS.not_found("ServiceNotFoundException", "Service not found."));
            }
            let arns = world.task_arns(status == DesiredStatus::Running);
            page(LIST_TASKS, &arns, token.as_deref(), TASKS_A_PAGE)
        })
        .await
    }

    async fn describe_tasks(&self, cluster: &str, arns: &[String]) -> Answer<Vec<Task>> {
        self.call(TASKS, |world| {
            known_cluster(TASKS, cluster)?;
            let refused = |text| Err(TASKS.invalid("InvalidParameterException", text));
            match arns.len() {
                0 => refused("Tasks cannot be empty."),
                1..=TASKS_A_PAGE => Ok(arns.iter().filter_map(|arn| world.describe_task(arn)).collect()),
                _ => refused("Tasks cannot exceed 100."),
            }
        })
        .await
    }

    async fn task_definition(&self, arn: &str) -> Answer<TaskDefinition> {
        self.call(TASK_DEFINITION, |world| {
            world.ecs.task_definition(arn).cloned().ok_or_else(|| {
                TASK_DEFINITION.invalid("ClientException", "Unable to describe task definition.")
            })
        })
        .await
    }
}
