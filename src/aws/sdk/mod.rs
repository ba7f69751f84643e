//! The real AWS, by the AWS SDK for Rust: one file a service.
//!
//! Nothing is read or awaited when it is made: the first call loads the configuration. When a call fails for
//! its credentials, the clients are replaced, with a fresh chain of providers, so that a login elsewhere is
//! picked up by the next poll.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use chrono::TimeDelta;
use tokio::sync::Mutex;

use crate::aws::Answer;
use crate::clock::Clock;
use crate::domain::source::{Failure, FailureClass};

pub mod allow;
mod autoscaling;
mod causes;
mod clients;
mod cloudwatch;
mod codes;
mod convert;
mod ec2;
mod ecs;
mod efs;
mod failure;
mod profile;
mod ssm;
mod sts;
mod transport;

use allow::Read;
use clients::Clients;
pub use clients::{DEFAULT_REGION, Options};
pub use transport::Limits;

/// Clients are replaced at most this often.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// All reads of one environment's account and region.
pub struct SdkAws {
    options: Options,
    clock: Clock,
    clients: ArcSwapOption<Clients>,
    loading: Mutex<()>,
}

impl SdkAws {
    /// Clients that will be built at the first call. `clock` dates signatures; AWS refuses one that is not of
    /// the present, so it is the system's clock but in tests.
    pub fn new(options: impl Into<Options>, clock: Clock) -> Self {
        Self { options: options.into(), clock, clients: ArcSwapOption::empty(), loading: Mutex::new(()) }
    }

    /// The region it is in, which may have to be found out first.
    pub async fn region(&self) -> String {
        self.clients().await.region.clone()
    }

    async fn clients(&self) -> Arc<Clients> {
        if let Some(clients) = self.clients.load_full() {
            return clients;
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(clients) = self.clients.load_full() {
            return clients;
        }
        let clients = Arc::new(Clients::load(&self.options, self.clock.now()).await);
        self.clients.store(Some(Arc::clone(&clients)));
        clients
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

    /// Takes note of a failure: after one of credentials the next call starts with new clients.
    fn failed(&self, used: &Arc<Clients>, failure: Failure) -> Failure {
        if failure.class == FailureClass::Credentials {
            let every = self.options.renew_every.unwrap_or(RENEW_EVERY);
            let age = self.clock.now() - used.built_at;
            if age >= TimeDelta::from_std(every).unwrap_or(TimeDelta::MAX) {
                let present = self.clients.load();
                if present.as_ref().is_some_and(|p| Arc::ptr_eq(p, used)) {
                    self.clients.compare_and_swap(&present, None);
                }
            }
            // Without a code no service was asked: there was nothing to sign with.
            if let Some(profile) = used.missing_profile.as_ref().filter(|_| failure.code.is_none()) {
                return Failure { action: failure.action, ..profile.failure() };
            }
        }
        failure
    }
}

impl std::fmt::Debug for SdkAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SdkAws").field("options", &self.options).finish_non_exhaustive()
    }
}
