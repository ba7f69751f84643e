//! Publishes a count of files that miharu made itself, where the settings ask for it: written down, sent once each,
//! and written down how it ended. At most once for a count, and not more often than the pace that all consoles on
//! the journal share.

use chrono::{DateTime, Utc};

use super::{Executor, Report};
use crate::actuators::Sent;
use crate::domain::count::{CountSource, FileCount};
use crate::domain::guardrail::{Past, publishing};
use crate::domain::journal::{Entry, EntryKind, NewEntry};
use crate::domain::publication::{Ended, Publication, Targets};
use crate::domain::request::Operation;
use crate::domain::rules::{Input, Signals};
use crate::domain::source::{Failure, FailureClass};
use crate::domain::units::delta;
use crate::domain::world::World;
use crate::store::{JournalError, Query};

/// Entries that are looked at for what others published.
const ENTRIES: u32 = 1000;

/// What was published last, here or by another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Published {
    /// When the count was made; that of another's is not of interest.
    count: Option<DateTime<Utc>>,
    /// When.
    at: Option<DateTime<Utc>>,
}

impl Executor {
    fn targets(&self) -> Targets {
        let files = &self.environment.files;
        let parameter = files.cache_parameter.clone().filter(|_| files.publish_cache);
        Targets { metric: files.publish_metric, parameter }
    }

    /// The count of `world` that is to be published now; `None`: there is none, it is too soon, nobody wants it,
    /// or nothing may be sent. Cheap.
    pub fn to_publish(&self, world: &World) -> Option<FileCount> {
        self.actuator.as_ref()?;
        let count = world.file_count.as_ref().filter(|c| c.source == CountSource::Path)?;
        if self.targets().is_empty() {
            return None;
        }
        let last = *self.published.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let pace = delta(self.environment.files.publish_every);
        let due = last.at.is_none_or(|at| self.clock.now() - at >= pace);
        (due && last.count != Some(count.at)).then(|| count.clone())
    }

    /// Publishes `count`. `history`: entries of the environment, as guardrails need them. Gives what went wrong,
    /// in words.
    pub async fn publish(
        &self,
        count: &FileCount,
        world: &World,
        history: &[Entry],
        by: &str,
        report: Report<'_>,
    ) -> Option<String> {
        let now = self.clock.now();
        let (policy, signals) = (&*self.policy, &Signals::default());
        let environment = self.environment.name.as_str();
        let input = Input { world, policy, signals, environment, now };
        if let Some(held) = publishing(&input, &Past::of(history, environment)) {
            tracing::debug!(guardrail = held.name, "the count is not published: {}", held.detail);
            // Asked again when the next one would be due.
            self.note_published(None, now);
            return None;
        }
        match self.write_and_publish(count, now, by, report).await {
            Ok(publication) => publication.and_then(|p| {
                let trouble = p.trouble()?;
                Some(format!("the count of files was not published: {trouble}"))
            }),
            Err(error) => Some(format!("the count of files is not published: {error}")),
        }
    }

    async fn write_and_publish(
        &self,
        count: &FileCount,
        now: DateTime<Utc>,
        by: &str,
        report: Report<'_>,
    ) -> Result<Option<Publication>, JournalError> {
        if let Some(other) = self.published_before(now, None).await? {
            self.note_published(None, other);
            return Ok(None);
        }
        let operations = self.targets().operations(count);
        let mut publication = Publication::of(count, &operations);
        // Whatever becomes of it, this count is not published again.
        self.note_published(Some(count.at), now);
        let begun = self.note(&publication, by, report).await?;
        let first = self.published_before(now, Some(begun.seq)).await?.is_none();
        for operation in &operations {
            publication.ended.push(if first {
                self.send_once(operation).await.into()
            } else {
                Ended::Skipped { why: "another console published one at the same time".to_owned() }
            });
        }
        self.note(&publication, by, report).await?;
        Ok(Some(publication))
    }

    /// When somebody began to publish within the pace, before the entry at `mine`.
    async fn published_before(
        &self,
        now: DateTime<Utc>,
        mine: Option<i64>,
    ) -> Result<Option<DateTime<Utc>>, JournalError> {
        let query = Query {
            environment: Some(self.environment.name.clone()),
            since: Some(now - delta(self.environment.files.publish_every)),
            before: mine,
            limit: Some(ENTRIES),
            ..Query::default()
        };
        let entries = self.journal.read(&query).await?;
        let begun = |e: &&Entry| Publication::noted(e).is_some_and(|p| p.ended.is_empty());
        Ok(entries.iter().rev().find(begun).map(|e| e.at))
    }

    fn note_published(&self, count: Option<DateTime<Utc>>, at: DateTime<Utc>) {
        let mut published = self.published.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *published = Published { count: count.or(published.count), at: Some(at) };
    }

    async fn note(
        &self,
        publication: &Publication,
        by: &str,
        report: Report<'_>,
    ) -> Result<Entry, JournalError> {
        let entry = NewEntry {
            at: self.clock.now(),
            environment: self.environment.name.clone(),
            change: None,
            rule: None,
            event: EntryKind::Note,
            by: by.to_owned(),
            step: None,
            detail: publication.detail(),
        };
        let entry = self.journal.append(entry).await?;
        report(entry.clone());
        Ok(entry)
    }

    /// Sends once. No answer in time is an unknown outcome, never a failed one.
    pub(super) async fn send_once(&self, operation: &Operation) -> Sent {
        let Some(actuator) = &self.actuator else {
            return Sent::Refused(Failure::new(FailureClass::Refused, "started with --read-only"));
        };
        let limit = self.clock.real(self.pace.answer);
        tokio::time::timeout(limit, actuator.send(operation)).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", self.pace.answer.as_secs());
            Sent::Unknown(Failure::new(FailureClass::Timeout, text))
        })
    }
}

impl From<Sent> for Ended {
    fn from(sent: Sent) -> Self {
        match sent {
            Sent::Done(_) => Self::Done,
            Sent::Refused(failure) => Self::Refused { why: failure.line() },
            Sent::Unknown(failure) => Self::Unknown { why: failure.line() },
        }
    }
}
