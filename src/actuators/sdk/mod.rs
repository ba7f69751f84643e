//! Changes by the AWS SDK for Rust: one file a service.
//!
//! The SDK repeats a call after a lost answer; these clients never do. Each operation is one request on the wire
//! (registering a task definition first reads the one it copies), and whoever sent it reads the world before
//! anything is sent again. The clients are not those of the reads: they let pass what is in [`allow::WRITES`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Actuator, Outputs, Sent, unfilled};
use crate::aws::sdk::allow::Call;
use crate::aws::sdk::clients::Clients;
use crate::aws::sdk::pool::Pool;
use crate::aws::sdk::{Limits, Options};
use crate::clock::Clock;
use crate::domain::request::Operation;

pub mod allow;
mod ecs;
mod efs;
mod others;
mod outcome;

use allow::ListedOnly;

/// Longest wait for the answer of a call that changes something.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends operations to the account and region of one environment.
pub struct SdkActuator {
    pool: Pool<ListedOnly>,
}

impl SdkActuator {
    /// Clients that will be built at the first call. Of the limits in `options` only the wait for a connection
    /// holds here, and a shorter wait for the answer; there is one attempt, whatever they say.
    pub fn new(options: impl Into<Options>, clock: Clock) -> Self {
        let mut options = options.into();
        let reads = Limits::default();
        let attempt = if options.limits.attempt == reads.attempt { PATIENCE } else { options.limits.attempt };
        options.limits = Limits { attempt: attempt.min(PATIENCE), attempts: 1, ..options.limits };
        Self { pool: Pool::new(options, clock, ListedOnly) }
    }

    async fn clients(&self) -> Arc<Clients> {
        self.pool.clients().await
    }

    /// The answer of a call, or how it ended without one.
    fn answer<T, E>(
        &self,
        call: &Call,
        clients: &Arc<Clients>,
        result: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, Sent>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        result.map_err(|error| {
            let sent = outcome::of(call, &error, clients);
            if let Sent::Refused(failure) | Sent::Unknown(failure) = &sent {
                self.pool.failed(clients, failure.clone());
            }
            sent
        })
    }
}

impl std::fmt::Debug for SdkActuator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SdkActuator").field("options", &self.pool.options).finish_non_exhaustive()
    }
}

/// What an operation gave, or how it ended otherwise.
type Ended = Result<Outputs, Sent>;

fn outputs<const N: usize>(values: [(&str, Option<String>); N]) -> Outputs {
    values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[async_trait]
impl Actuator for SdkActuator {
    async fn send(&self, operation: &Operation) -> Sent {
        if let Some(failure) = unfilled(operation) {
            return Sent::Refused(failure);
        }
        let ended = match operation {
            Operation::CreateMountTarget { file_system_id, subnet_id, security_groups } => {
                self.create_mount_target(file_system_id, subnet_id, security_groups).await
            }
            Operation::DeleteMountTarget { mount_target_id } => {
                self.delete_mount_target(mount_target_id).await
            }
            Operation::UpdateFileSystem { file_system_id, throughput_mode, provisioned_mibps } => {
                self.update_file_system(file_system_id, throughput_mode, *provisioned_mibps).await
            }
            Operation::PutLifecycleConfiguration { file_system_id, policies } => {
                self.put_lifecycle(file_system_id, policies).await
            }
            Operation::PutParameter { name, entries, text } => {
                self.put_parameter(name, entries, text.as_deref()).await
            }
            Operation::RegisterTaskDefinition { from, cpu, memory } => {
                self.register_task_definition(from, cpu, memory).await
            }
            Operation::RegisterScalableTarget { cluster, service, min_capacity, max_capacity } => {
                self.register_scalable_target(cluster, service, *min_capacity, *max_capacity).await
            }
            Operation::PutRetentionPolicy { log_group, days } => self.put_retention(log_group, *days).await,
            Operation::PutMetricData { namespace, name, value, unit, at } => {
                self.put_metric_data(namespace, name, (*value, unit), *at).await
            }
            Operation::ForceNewDeployment { .. }
            | Operation::UpdateDesiredCount { .. }
            | Operation::UpdateTaskDefinition { .. }
            | Operation::UpdateCapacityProviders { .. } => self.update_service(operation).await,
        };
        match ended {
            Ok(outputs) => Sent::Done(outputs),
            Err(sent) => sent,
        }
    }
}
