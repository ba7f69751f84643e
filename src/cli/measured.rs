//! What the journal says about an environment's goals, for the commands that show them.

use chrono::TimeDelta;

use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::bench::Measured;
use crate::store::{JournalError, Query};

use super::acting;

/// How far back tests and changes are looked for.
const SINCE: TimeDelta = TimeDelta::days(30);
/// Entries that are looked at, the newest ones.
const ENTRIES: u32 = 20_000;

/// Reads the journal. Where there is none, none is made.
///
/// # Errors
/// What is wrong with the journal, and the remedy.
pub async fn measured(config: &Config, environment: &Environment) -> Result<Measured, JournalError> {
    let Some(journal) = acting::journal_to_read(config).await? else { return Ok(Measured::default()) };
    let query = Query {
        environment: Some(environment.name.clone()),
        since: Some(Clock::system().now() - SINCE),
        limit: Some(ENTRIES),
        ..Query::default()
    };
    Ok(Measured::of(&journal.read(&query).await?))
}
