//! Floor 2: the journal and the lease on a database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::journal::{Entry, NewEntry};

/// Why the journal could not be read or written, with the remedy. Nothing is applied without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}; {remedy}")]
pub struct JournalError {
    /// What happened, a lower-case fragment.
    pub text: String,
    /// What to do.
    pub remedy: String,
    /// The entry is not allowed in the change's state, or another console wrote in between.
    pub conflict: bool,
}

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Of this environment only.
    pub environment: Option<String>,
    /// Of this change only.
    pub change: Option<String>,
    /// Not older than this.
    pub since: Option<DateTime<Utc>>,
    /// After this position.
    pub after: Option<i64>,
    /// Before this position (paging backwards); the newest ones are given.
    pub before: Option<i64>,
    /// At most this many.
    pub limit: Option<u32>,
}

/// The journal. Append-only; an entry that the change's state does not allow is refused.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends; durable when it returns. Gives the entry with its position.
    async fn append(&self, entry: NewEntry) -> Result<Entry, JournalError>;
    /// Entries in order of position.
    async fn read(&self, query: &Query) -> Result<Vec<Entry>, JournalError>;
    /// Ids of changes that are in flight in the environment (see `Phase::in_flight`).
    async fn open_changes(&self, environment: &str) -> Result<Vec<String>, JournalError>;
    /// Takes or renews the environment's lease for `holder` until `until`; `false` while another holds it.
    async fn lease(
        &self,
        environment: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, JournalError>;
    /// Gives the lease back.
    async fn release(&self, environment: &str, holder: &str) -> Result<(), JournalError>;
    /// Who holds the lease, and until when.
    async fn holder(
        &self,
        environment: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, DateTime<Utc>)>, JournalError>;
}
