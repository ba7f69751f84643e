//! The real AWS, by the AWS SDK for Rust: one file a service.
//!
//! Nothing is read or awaited when it is made: the first call loads the configuration. When a call fails for
//! its credentials, the clients are replaced, with a fresh chain of providers, so that a login elsewhere is
//! picked up by the next poll.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::Answer;
use crate::clock::Clock;
use crate::domain::source::{Failure, FailureClass};

pub mod allow;
mod autoscaling;
pub(crate) mod causes;
pub(crate) mod clients;
mod cloudwatch;
mod codes;
mod convert;
mod ec2;
mod ecs;
mod efs;
pub(crate) mod failure;
mod logs;
pub(crate) mod pool;
mod profile;
mod sign_in;
mod ssm;
mod sts;
mod transport;

use allow::{Read, ReadsOnly};
use clients::Clients;
pub use clients::{DEFAULT_REGION, Options};
use pool::Pool;
pub use transport::Limits;

/// All reads of one environment's account and region.
pub struct SdkAws {
    pool: Pool<ReadsOnly>,
}

impl SdkAws {
    /// Clients that will be built at the first call. `clock` dates signatures; AWS refuses one that is not of
    /// the present, so it is the system's clock but in tests.
    pub fn new(options: impl Into<Options>, clock: Clock) -> Self {
        Self { pool: Pool::new(options.into(), clock, ReadsOnly) }
    }

    /// The region it is in, which may have to be found out first.
    pub async fn region(&self) -> String {
        self.clients().await.region.clone()
    }

    async fn clients(&self) -> Arc<Clients> {
        self.pool.clients().await
    }

    fn clock(&self) -> &Clock {
        self.pool.clock()
    }

    /// An SDK answer as the ports give it.
    fn answer<T, E>(
        &self,
        read: &Read,
        clients: &Arc<Clients>,
        result: Result<T, SdkError<E, HttpResponse>>,
    ) -> Answer<T>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        result.map_err(|e| self.failed(clients, failure::of(read, &e, clients)))
    }

    fn failed(&self, used: &Arc<Clients>, failure: Failure) -> Failure {
        // Without a code no service was asked: there was nothing to sign with.
        let missing = used
            .missing_profile
            .as_ref()
            .filter(|_| failure.class == FailureClass::Credentials && failure.code.is_none());
        let said = missing.map(|profile| Failure { action: failure.action.clone(), ..profile.failure() });
        let failure = self.pool.failed(used, failure);
        said.unwrap_or(failure)
    }
}

impl std::fmt::Debug for SdkAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SdkAws").field("options", &self.pool.options).finish_non_exhaustive()
    }
}
