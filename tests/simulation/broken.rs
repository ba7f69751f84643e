//! Executors that are broken on purpose, each by a collaborator that does not do what it should.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use miharu::actuators::{Actuator, Outputs, Sent};
use miharu::domain::journal::{Entry, EntryKind, NewEntry};
use miharu::domain::request::Operation;
use miharu::simulated::Simulated;
use miharu::store::{Journal, JournalError, Query};

use super::invariants as says;

/// How it is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The lease is given to everybody, and nothing is ever open.
    Leaseless,
    /// `started` entries are not kept.
    Unwritten,
    /// Every call is sent twice.
    Repeats,
    /// A call whose answer is lost is sent again, as the SDK would.
    Retries,
    /// The executor's limits are wider than the operator's.
    Limitless,
    /// Mount targets are made in a zone that has one.
    Misdirected,
    /// Writing the list is called done and never sent.
    Lies,
    /// A call that is found to have taken no effect is called done by reading.
    Presumes,
    /// A call that is found to have taken effect is called failed.
    Denies,
    /// Nobody repairs drift.
    Idle,
}

impl Broken {
    pub(crate) const ALL: [Self; 10] = [
        Self::Leaseless,
        Self::Unwritten,
        Self::Repeats,
        Self::Retries,
        Self::Limitless,
        Self::Misdirected,
        Self::Lies,
        Self::Presumes,
        Self::Denies,
        Self::Idle,
    ];

    /// The invariant that it breaks.
    pub(crate) fn invariant(self) -> &'static str {
        match self {
            Self::Leaseless => says::ONE_IN_FLIGHT,
            Self::Unwritten => says::WRITTEN_FIRST,
            Self::Repeats | Self::Retries => says::NOT_TWICE,
            Self::Limitless => says::LIMITS,
            Self::Misdirected => says::ONE_A_ZONE,
            Self::Lies | Self::Presumes | Self::Denies => says::TRUE_STORY,
            Self::Idle => says::CONVERGES,
        }
    }
}

/// What sends in a run: as it should, or broken. Notes creations in zones that have a target already, which AWS
/// happens to refuse.
pub(crate) struct Sender {
    pub(crate) simulated: Arc<Simulated>,
    pub(crate) broken: Option<Broken>,
    pub(crate) second_targets: Mutex<Vec<String>>,
}

impl Sender {
    fn misdirect(&self, operation: &Operation) -> Operation {
        let targets = self.simulated.truth().mount_targets;
        match (operation, targets.first()) {
            (Operation::CreateMountTarget { file_system_id, security_groups, .. }, Some(taken)) => {
                Operation::CreateMountTarget {
                    file_system_id: file_system_id.clone(),
                    subnet_id: taken.subnet_id.clone(),
                    security_groups: security_groups.clone(),
                }
            }
            _ => operation.clone(),
        }
    }
}

#[async_trait]
impl Actuator for Sender {
    async fn send(&self, operation: &Operation) -> Sent {
        let operation = match self.broken {
            Some(Broken::Misdirected) => self.misdirect(operation),
            _ => operation.clone(),
        };
        if let Operation::CreateMountTarget { subnet_id, .. } = &operation {
            let taken = self.simulated.truth().mount_targets.into_iter().find(|t| t.subnet_id == *subnet_id);
            self.second_targets.lock().unwrap().extend(taken.map(|t| t.mount_target_id));
        }
        match (self.broken, &operation) {
            (Some(Broken::Lies), Operation::PutParameter { .. }) => {
                return Sent::Done(Outputs::from([("version".to_owned(), "2".to_owned())]));
            }
            (Some(Broken::Repeats), _) => drop(self.simulated.send(&operation).await),
            _ => {}
        }
        match (self.broken, self.simulated.send(&operation).await) {
            (Some(Broken::Retries), Sent::Unknown(_)) => self.simulated.send(&operation).await,
            (_, sent) => sent,
        }
    }
}

/// A journal as an executor sees it, broken where it is to be.
pub(crate) struct Seen {
    pub(crate) inner: Arc<dyn Journal>,
    pub(crate) broken: Option<Broken>,
}

#[async_trait]
impl Journal for Seen {
    async fn append(&self, mut entry: NewEntry) -> Result<Entry, JournalError> {
        if entry.detail["found_by_reading"] == true {
            match (self.broken, entry.event) {
                (Some(Broken::Presumes), EntryKind::Failed) => entry.event = EntryKind::Succeeded,
                (Some(Broken::Denies), EntryKind::Succeeded) => entry.event = EntryKind::Failed,
                _ => {}
            }
        }
        if self.broken == Some(Broken::Unwritten) && entry.event == EntryKind::Started {
            let NewEntry { at, environment, change, rule, event, by, step, detail } = entry;
            return Ok(Entry { seq: 0, at, environment, change, rule, event, by, step, detail });
        }
        self.inner.append(entry).await
    }
    async fn read(&self, query: &Query) -> Result<Vec<Entry>, JournalError> {
        if self.broken == Some(Broken::Leaseless) && query.change.is_none() {
            return Ok(Vec::new());
        }
        self.inner.read(query).await
    }
    async fn open_changes(&self, environment: &str) -> Result<Vec<String>, JournalError> {
        if self.broken == Some(Broken::Leaseless) {
            return Ok(Vec::new());
        }
        self.inner.open_changes(environment).await
    }
    async fn lease(
        &self,
        environment: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, JournalError> {
        let taken = self.inner.lease(environment, holder, now, until).await?;
        Ok(taken || self.broken == Some(Broken::Leaseless))
    }
    async fn release(&self, environment: &str, holder: &str) -> Result<(), JournalError> {
        self.inner.release(environment, holder).await
    }
    async fn holder(
        &self,
        environment: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<(String, DateTime<Utc>)>, JournalError> {
        self.inner.holder(environment, now).await
    }
}
