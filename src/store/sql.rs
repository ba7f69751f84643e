//! The statements, the same for every engine, and how rows become entries.

use chrono::DateTime;

use crate::domain::journal::{Entry, Phase};

/// A row of `journal_entries`, its columns in order.
pub(super) type Row = (i64, i64, String, Option<String>, Option<String>, String, String, Option<i64>, String);

/// The entry of a row; `None` for one that was not written by miharu.
pub(super) fn entry(row: Row) -> Option<Entry> {
    let (seq, at, environment, change, rule, event, by, step, detail) = row;
    Some(Entry {
        seq,
        at: DateTime::from_timestamp_nanos(at),
        environment,
        change,
        rule,
        event: serde_json::from_value(event.into()).ok()?,
        by,
        step: step.map(u32::try_from).transpose().ok()?,
        detail: serde_json::from_str(&detail).ok()?,
    })
}

/// A phase as `journal_changes` holds it.
pub(super) fn phase(text: &str) -> Option<Phase> {
    serde_json::from_str(text).ok()
}

/// The other way.
pub(super) fn phase_text(phase: Phase) -> String {
    serde_json::to_string(&phase).unwrap_or_default()
}

/// Implements `Journal` for a type with `pool`, `advance`, `ready(&self)` (what is checked before each call),
/// `failure(&self, &sqlx::Error)` and `strange(&self)` (rows that miharu did not write). A macro, because bounds
/// that say "any engine whose types encode these values" are longer than what they would bound.
///
/// `$hint` says in a query which index to use. `$begin` takes the right to write at once; `$insert` inserts what is not there yet and else does nothing.
macro_rules! journal_on {
    ($engine:ty, $journal:ty, begin: $begin:literal, insert: $insert:literal, hint: $hint:expr) => {
        #[async_trait::async_trait]
        impl Journal for $journal {
            async fn append(&self, entry: NewEntry) -> Result<Entry, JournalError> {
                let detail = check::form(&entry)?;
                let at = check::nanoseconds(entry.at)?;
                let word = check::word(entry.event)?;
                self.within(async {
                    let failure = |e: sqlx::Error| self.failure(&e);
                    let mut tx = self.pool.begin_with($begin).await.map_err(failure)?;
                    // First of all: from here on nobody else appends, and what is read below is the newest.
                    sqlx::query(
                        "UPDATE journal_head SET seq = seq + 1, \
                         latest_ns = CASE WHEN latest_ns < ? THEN ? ELSE latest_ns END WHERE id = 1",
                    )
                        .bind(at)
                        .bind(at)
                        .execute(&mut *tx)
                        .await
                        .map_err(failure)?;
                    let (seq, latest): (i64, i64) = sqlx::query_as("SELECT seq, latest_ns FROM journal_head WHERE id = 1")
                        .fetch_one(&mut *tx)
                        .await
                        .map_err(failure)?;
                    let found: Option<(String, String)> =
                        sqlx::query_as("SELECT environment, phase FROM journal_changes WHERE change_id = ?")
                            .bind(&entry.change)
                            .fetch_optional(&mut *tx)
                            .await
                            .map_err(failure)?;
                    let known = found.is_some();
                    let standing = match found {
                        Some((environment, phase)) => {
                            let phase = sql::phase(&phase).ok_or_else(|| self.strange())?;
                            Some(Standing { environment, phase })
                        }
                        None => None,
                    };
                    let phase = check::legal(self.advance, standing, &entry)?;
                    sqlx::query(
                        "INSERT INTO journal_entries \
                         (seq, at_ns, latest_ns, environment, change_id, rule, event, actor, step, detail) \
                         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    )
                    .bind(seq)
                    .bind(at)
                    .bind(latest)
                    .bind(&entry.environment)
                    .bind(&entry.change)
                    .bind(&entry.rule)
                    .bind(&word)
                    .bind(&entry.by)
                    .bind(entry.step.map(i64::from))
                    .bind(&detail)
                    .execute(&mut *tx)
                    .await
                    .map_err(failure)?;
                    if let Some(phase) = phase {
                        let statement = if known {
                            "UPDATE journal_changes SET environment = ?, phase = ?, in_flight = ?, seq = ? \
                             WHERE change_id = ?"
                        } else {
                            "INSERT INTO journal_changes (environment, phase, in_flight, seq, change_id) \
                             VALUES (?, ?, ?, ?, ?)"
                        };
                        sqlx::query(statement)
                            .bind(&entry.environment)
                            .bind(sql::phase_text(phase))
                            .bind(i64::from(phase.in_flight()))
                            .bind(seq)
                            .bind(&entry.change)
                            .execute(&mut *tx)
                            .await
                            .map_err(failure)?;
                    }
                    tx.commit().await.map_err(failure)?;
                    Ok(check::placed(seq, entry))
                })
                .await
            }

            async fn read(&self, query: &Query) -> Result<Vec<Entry>, JournalError> {
                self.within(async {
                    let failure = |e: sqlx::Error| self.failure(&e);
                    let mut from = query.after.unwrap_or(0);
                    let since = query.since.map(check::nanoseconds).transpose()?;
                    if let Some(since) = since {
                        let first: Option<i64> = sqlx::query_scalar(
                            "SELECT seq FROM journal_entries WHERE latest_ns >= ? ORDER BY latest_ns, seq LIMIT 1",
                        )
                        .bind(since)
                        .fetch_optional(&self.pool)
                        .await
                        .map_err(failure)?;
                        let Some(first) = first else { return Ok(Vec::new()) };
                        from = from.max(first - 1);
                    }
                    let mut select = sqlx::QueryBuilder::<$engine>::new(
                        "SELECT seq, at_ns, environment, change_id, rule, event, actor, step, detail \
                         FROM journal_entries",
                    );
                    // Optimizers guess, and a wrong guess reads everything.
                    let index = match (&query.change, &query.environment) {
                        (Some(_), _) => "journal_entries_change",
                        (None, Some(_)) => "journal_entries_environment",
                        (None, None) => "PRIMARY",
                    };
                    select.push(($hint)(index)).push(" WHERE seq > ").push_bind(from);
                    if let Some(before) = query.before {
                        select.push(" AND seq < ").push_bind(before);
                    }
                    if let Some(since) = since {
                        select.push(" AND at_ns >= ").push_bind(since);
                    }
                    match (&query.change, &query.environment) {
                        (Some(change), _) => select.push(" AND change_id = ").push_bind(change),
                        (None, Some(name)) => select.push(" AND environment = ").push_bind(name),
                        (None, None) => &mut select,
                    };
                    select.push(if query.oldest_first() { " ORDER BY seq" } else { " ORDER BY seq DESC" });
                    if let Some(limit) = query.limit {
                        select.push(" LIMIT ").push_bind(i64::from(limit));
                    }
                    let rows: Vec<sql::Row> =
                        select.build_query_as().fetch_all(&self.pool).await.map_err(failure)?;
                    let entries: Option<Vec<Entry>> = rows.into_iter().map(sql::entry).collect();
                    let mut entries = entries.ok_or_else(|| self.strange())?;
                    if !query.oldest_first() {
                        entries.reverse();
                    }
                    // A change belongs to one environment: all of its entries stay, or none.
                    if let Some(name) = &query.environment {
                        entries.retain(|e| e.environment == *name);
                    }
                    Ok(entries)
                })
                .await
            }

            async fn open_changes(&self, environment: &str) -> Result<Vec<String>, JournalError> {
                self.within(async {
                    sqlx::query_scalar(
                        "SELECT change_id FROM journal_changes WHERE environment = ? AND in_flight = 1 \
                         ORDER BY change_id",
                    )
                    .bind(environment)
                    .fetch_all(&self.pool)
                    .await
                    .map_err(|e| self.failure(&e))
                })
                .await
            }

            async fn lease(
                &self,
                environment: &str,
                holder: &str,
                now: DateTime<Utc>,
                until: DateTime<Utc>,
            ) -> Result<bool, JournalError> {
                check::names(&[("environment", Some(environment)), ("holder", Some(holder))])?;
                let (now, until) = (check::nanoseconds(now)?, check::nanoseconds(until)?);
                self.within(async {
                    let failure = |e: sqlx::Error| self.failure(&e);
                    // Compare and set, each in one statement: of two at once only one finds what it compares.
                    let taken = sqlx::query(
                        "UPDATE journal_leases SET holder = ?, until_ns = ? \
                         WHERE environment = ? AND (holder = ? OR until_ns <= ?)",
                    )
                    .bind(holder)
                    .bind(until)
                    .bind(environment)
                    .bind(holder)
                    .bind(now)
                    .execute(&self.pool)
                    .await
                    .map_err(failure)?;
                    if taken.rows_affected() > 0 {
                        return Ok(true);
                    }
                    let first = sqlx::query(concat!(
                        $insert,
                        " INTO journal_leases (environment, holder, until_ns) VALUES (?, ?, ?)"
                    ))
                    .bind(environment)
                    .bind(holder)
                    .bind(until)
                    .execute(&self.pool)
                    .await
                    .map_err(failure)?;
                    Ok(first.rows_affected() > 0)
                })
                .await
            }

            async fn release(&self, environment: &str, holder: &str) -> Result<(), JournalError> {
                self.within(async {
                    sqlx::query("DELETE FROM journal_leases WHERE environment = ? AND holder = ?")
                        .bind(environment)
                        .bind(holder)
                        .execute(&self.pool)
                        .await
                        .map_err(|e| self.failure(&e))
                        .map(|_| ())
                })
                .await
            }

            async fn holder(
                &self,
                environment: &str,
                now: DateTime<Utc>,
            ) -> Result<Option<(String, DateTime<Utc>)>, JournalError> {
                let now = check::nanoseconds(now)?;
                self.within(async {
                    let found: Option<(String, i64)> = sqlx::query_as(
                        "SELECT holder, until_ns FROM journal_leases WHERE environment = ? AND until_ns > ?",
                    )
                    .bind(environment)
                    .bind(now)
                    .fetch_optional(&self.pool)
                    .await
                    .map_err(|e| self.failure(&e))?;
                    Ok(found.map(|(holder, until)| (holder, DateTime::from_timestamp_nanos(until))))
                })
                .await
            }
        }
    };
}
pub(super) use journal_on;
