//! The lease: who may apply something in an environment now.

use chrono::{DateTime, Utc};

use crate::domain::units::delta;
use crate::store::JournalError;

use super::holder::is_gone;
use super::{Executor, Stop};

/// The environment's lease, held until a time.
pub(in crate::engine) struct Lease {
    until: DateTime<Utc>,
}

impl Executor {
    /// Takes the lease; that of a process of this machine that has ended at once, any other when it is free.
    ///
    /// # Errors
    /// Who holds it and until when, or why the journal cannot tell.
    pub(in crate::engine) async fn lease(&self) -> Result<Lease, String> {
        let (environment, now) = (&self.environment.name, self.clock.now());
        let until = now + delta(self.pace.lease);
        let words = |error: JournalError| error.to_string();
        if self.journal.lease(environment, &self.holder, now, until).await.map_err(words)? {
            return Ok(Lease { until });
        }
        let Some((holder, end)) = self.journal.holder(environment, now).await.map_err(words)? else {
            return Err("somebody else is at work here".to_owned());
        };
        if is_gone(&holder, &self.holder, self.alive) {
            tracing::info!(holder, "its process has ended, its lease is taken over");
            // Whoever else has seen it too asks for the free lease at the same time, and one of them gets it.
            self.journal.release(environment, &holder).await.map_err(words)?;
            if self.journal.lease(environment, &self.holder, now, until).await.map_err(words)? {
                return Ok(Lease { until });
            }
        }
        Err(format!("{holder} is at work here, at least until {}", end.format("%H:%M:%S UTC")))
    }

    /// Renews the lease when half of it is over, so that what follows has at least that much time.
    pub(super) async fn hold(&self, lease: &mut Lease) -> Result<(), Stop> {
        let now = self.clock.now();
        if lease.until - now > delta(self.pace.lease) / 2 {
            return Ok(());
        }
        let until = now + delta(self.pace.lease);
        if self.journal.lease(&self.environment.name, &self.holder, now, until).await? {
            lease.until = until;
            return Ok(());
        }
        Err(Stop::Lease("the lease was lost to somebody else, who reads back what was under way".to_owned()))
    }

    /// Gives the lease back; where that fails it ends by itself.
    pub(in crate::engine) async fn give_back(&self, _lease: Lease) {
        if let Err(error) = self.journal.release(&self.environment.name, &self.holder).await {
            tracing::warn!("the lease could not be given back: {error}");
        }
    }
}
