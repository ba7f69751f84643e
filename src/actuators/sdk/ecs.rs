//! Amazon ECS.

use aws_sdk_ecs::types::{CapacityProviderStrategyItem, TaskDefinitionField};

use super::allow::{REGISTER_TASK_DEFINITION, UPDATE_SERVICE};
use super::outcome::incomplete;
use super::{Ended, SdkActuator, outputs};
use crate::actuators::Sent;
use crate::actuators::filled::known;
use crate::aws::sdk::allow::TASK_DEFINITION;
use crate::domain::request::{Operation, capacity_providers};
use crate::domain::source::{Failure, FailureClass};

/// A number as the API takes it.
fn number(n: u32) -> Result<i32, Sent> {
    i32::try_from(n).map_err(|_| {
        let text = format!("{n} is more than ECS takes, so the call was not made");
        Sent::Refused(Failure::new(FailureClass::Refused, text))
    })
}

/// Capacity providers as the API takes them.
fn providers(fargate_base: u32, spot_weight: u32) -> Result<Vec<CapacityProviderStrategyItem>, Sent> {
    capacity_providers(fargate_base, spot_weight)
        .into_iter()
        .map(|(name, base, weight)| {
            CapacityProviderStrategyItem::builder()
                .capacity_provider(name)
                .base(number(base)?)
                .weight(number(weight)?)
                .build()
                .map_err(|e| Sent::Refused(Failure::new(FailureClass::Refused, e.to_string())))
        })
        .collect()
}

impl SdkActuator {
    /// The four operations that are `UpdateService`.
    pub(super) async fn update_service(&self, operation: &Operation) -> Ended {
        let clients = self.clients().await;
        let of = |cluster: &String, service: &String| {
            clients.ecs.update_service().cluster(cluster).service(service)
        };
        let call = match operation {
            Operation::ForceNewDeployment { cluster, service } => {
                of(cluster, service).force_new_deployment(true)
            }
            Operation::UpdateDesiredCount { cluster, service, desired_count } => {
                of(cluster, service).desired_count(number(*desired_count)?)
            }
            Operation::UpdateTaskDefinition { cluster, service, task_definition } => {
                let definition = known(task_definition).map_err(Sent::Refused)?;
                of(cluster, service).task_definition(definition)
            }
            // ECS takes another strategy only with a new deployment.
            Operation::UpdateCapacityProviders { cluster, service, fargate_base, spot_weight } => {
                of(cluster, service)
                    .set_capacity_provider_strategy(Some(providers(*fargate_base, *spot_weight)?))
                    .force_new_deployment(true)
            }
            other => {
                let text = format!("{other:?} is no change of a service");
                return Err(Sent::Refused(Failure::new(FailureClass::Refused, text)));
            }
        };
        let output = self.answer(&UPDATE_SERVICE, &clients, call.send().await)?;
        let service = output.service().ok_or_else(|| incomplete(&UPDATE_SERVICE, "service"))?;
        let primary = service.deployments().iter().find(|d| d.status() == Some("PRIMARY"));
        Ok(outputs([("deployment_id", primary.and_then(|d| d.id()).map(str::to_owned))]))
    }

    /// Copies `from` completely, with another size. Reads it first: what cannot be read is not copied.
    pub(super) async fn register_task_definition(&self, from: &str, cpu: &str, memory: &str) -> Ended {
        let clients = self.clients().await;
        let described = clients
            .ecs
            .describe_task_definition()
            .task_definition(from)
            .include(TaskDefinitionField::Tags)
            .send()
            .await;
        let described = self.answer(&TASK_DEFINITION, &clients, described).map_err(|sent| match sent {
            // However the read ended, nothing was registered.
            Sent::Unknown(failure) => Sent::Refused(failure),
            sent => sent,
        })?;
        let Some(old) = described.task_definition else {
            let text = format!("no task definition {from}");
            let failure = Failure::new(FailureClass::NotFound, text);
            return Err(Sent::Refused(Failure {
                action: Some(TASK_DEFINITION.action.to_owned()),
                ..failure
            }));
        };
        let result = clients
            .ecs
            .register_task_definition()
            .set_family(old.family)
            .set_task_role_arn(old.task_role_arn)
            .set_execution_role_arn(old.execution_role_arn)
            .set_network_mode(old.network_mode)
            .set_container_definitions(old.container_definitions)
            .set_volumes(old.volumes)
            .set_placement_constraints(old.placement_constraints)
            .set_requires_compatibilities(old.requires_compatibilities)
            .cpu(cpu)
            .memory(memory)
            .set_tags(described.tags.filter(|tags| !tags.is_empty()))
            .set_pid_mode(old.pid_mode)
            .set_ipc_mode(old.ipc_mode)
            .set_proxy_configuration(old.proxy_configuration)
            .set_ephemeral_storage(old.ephemeral_storage)
            .set_runtime_platform(old.runtime_platform)
            .set_enable_fault_injection(old.enable_fault_injection)
            .send()
            .await;
        let output = self.answer(&REGISTER_TASK_DEFINITION, &clients, result)?;
        let arn = output.task_definition().and_then(|d| d.task_definition_arn());
        match arn {
            Some(arn) => Ok(outputs([("task_definition_arn", Some(arn.to_owned()))])),
            None => Err(incomplete(&REGISTER_TASK_DEFINITION, "taskDefinitionArn")),
        }
    }
}
