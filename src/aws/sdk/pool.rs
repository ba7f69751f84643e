//! The clients of one environment, built at the first call and replaced when their credentials have failed.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use tokio::sync::Mutex;

use super::clients::{Clients, Options};
use crate::clock::Clock;
use crate::domain::source::{Failure, FailureClass};
use crate::domain::units::delta;

/// Clients are replaced at most this often.
const RENEW_EVERY: Duration = Duration::from_secs(5);

/// Clients that let pass what `guard` lets pass.
pub(crate) struct Pool<G> {
    pub(crate) options: Options,
    clock: Clock,
    guard: G,
    clients: Arc<ArcSwapOption<Clients>>,
    loading: Mutex<()>,
}

impl<G: Intercept + Copy + 'static> Pool<G> {
    /// No client yet. `clock` dates signatures.
    pub(crate) fn new(options: Options, clock: Clock, guard: G) -> Self {
        Self { options, clock, guard, clients: Arc::default(), loading: Mutex::new(()) }
    }

    /// The clock that dates signatures.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The clients of the next call.
    pub(crate) async fn clients(&self) -> Arc<Clients> {
        if let Some(clients) = self.clients.load_full() {
            return clients;
        }
        let _one_at_a_time = self.loading.lock().await;
        if let Some(clients) = self.clients.load_full() {
            return clients;
        }
        let clients = Arc::new(Clients::load(&self.options, self.clock.now(), self.guard).await);
        self.clients.store(Some(Arc::clone(&clients)));
        clients
    }

    /// What makes the next call start with new clients.
    pub(crate) fn renewal(&self) -> impl Fn() + Send + Sync + 'static {
        let clients = Arc::clone(&self.clients);
        move || clients.store(None)
    }

    /// Takes note of a failure: after one of credentials the next call starts with new clients.
    pub(crate) fn failed(&self, used: &Arc<Clients>, failure: Failure) -> Failure {
        if failure.class == FailureClass::Credentials {
            let every = self.options.renew_every.unwrap_or(RENEW_EVERY);
            let age = self.clock.now() - used.built_at;
            if age >= delta(every) {
                let present = self.clients.load();
                if present.as_ref().is_some_and(|p| Arc::ptr_eq(p, used)) {
                    self.clients.compare_and_swap(&present, None);
                }
            }
        }
        failure
    }
}
