//! Floor 2: the journal and the lease on a database.
//!
//! [`open()`] leads to an embedded SQLite file or to a MySQL or MariaDB server that several machines share;
//! [`memory`] keeps the same promises for the demo and for tests and forgets at the end. What is legal is not
//! decided here: the state machine comes as an [`Advance`], and every append asks it in the same transaction that
//! writes.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::migrate::Migrator;

pub use crate::config::journal::Location;
use crate::domain::journal::{Entry, NewEntry, Phase};

mod check;
mod error;
pub mod memory;
pub mod mysql;
pub mod mysql_options;
mod place;
mod sql;
pub mod sqlite;

/// The journal's state machine: the phase of a change after an entry, or why the phase does not allow it.
pub type Advance = fn(Option<Phase>, &NewEntry) -> Result<Phase, String>;

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
    /// At most this many: the oldest ones `after` a position, else the newest ones.
    pub limit: Option<u32>,
}

impl Query {
    /// Whether a limit keeps the oldest entries rather than the newest ones.
    fn oldest_first(&self) -> bool {
        self.limit.is_none() || (self.after.is_some() && self.before.is_none())
    }
}

/// The journal. Append-only; an entry that the change's state does not allow is refused.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Appends; durable when it returns. Gives the entry with its position. After an error that is no conflict
    /// the entry may have been written all the same (the answer got lost): read before appending again.
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
    /// Gives the lease back; that of another holder stays.
    async fn release(&self, environment: &str, holder: &str) -> Result<(), JournalError>;
    /// Who holds the lease, and until when.
    async fn holder(
        &self,
        environment: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, DateTime<Utc>)>, JournalError>;
}

/// Opens the journal at `location`, and makes it where there is none yet.
///
/// # Errors
/// What is wrong with the place, and the remedy; never a password.
pub async fn open(location: &Location, advance: Advance) -> Result<Arc<dyn Journal>, JournalError> {
    match location {
        Location::File(path) => sqlite::open(path, advance).await,
        Location::Server(server) => mysql::open(server, advance).await,
    }
}

/// Opens the journal at `location` for reading alone: nothing is made, migrated or written, so a user without the
/// right to write can. `None`: there is none yet.
///
/// # Errors
/// It cannot be read, is no journal, or comes from a newer version; with the remedy.
pub async fn open_to_read(
    location: &Location,
    advance: Advance,
) -> Result<Option<Arc<dyn Journal>>, JournalError> {
    match location {
        Location::File(path) => sqlite::open_to_read(path, advance).await,
        Location::Server(server) => mysql::open_to_read(server, advance).await,
    }
}

/// Whether a journal could be made at `location`, where there is none yet. Nothing is made.
///
/// # Errors
/// Why not, and the remedy.
pub fn could_be_made(location: &Location) -> Result<(), JournalError> {
    match location {
        Location::File(path) => place::could_be_made(path, place::statfs),
        Location::Server(_) => Ok(()),
    }
}

/// Refuses formats that this version does not know.
fn known(place: &str, migrations: &Migrator, found: &[i64]) -> Result<(), JournalError> {
    match found.iter().find(|v| !migrations.iter().any(|m| m.version == **v)) {
        Some(version) => {
            let error = sqlx::migrate::MigrateError::VersionMissing(*version);
            Err(error::migration(place, error, |_| error::corrupt(place)))
        }
        None => Ok(()),
    }
}

/// The migrations under a table name of their own: a server's database may hold another program's.
fn migrator(migrations: &Migrator) -> Migrator {
    let mut own = Migrator::with_migrations(migrations.iter().cloned().collect());
    own.dangerous_set_table_name("journal_migrations");
    // Each engine has its own way to let one migrate at a time.
    own.set_locking(false);
    own
}
