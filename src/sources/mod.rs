//! Floor 2: sources. Each is one file and one line in [`registry`]; each answers one question by reading the
//! outside world through its ports. When, how often and how it is repeated is the poller's business.

use std::sync::Arc;
use std::time::Duration;

pub mod alarms;
pub mod autoscaling;
pub mod balancer;
pub mod cloudwatch;
pub mod ecs;
pub mod efs;
pub mod files;
pub mod identity;
pub mod impressions;
pub mod logs;
pub mod probe;
mod seldom;
pub mod ssm;
pub mod subnets;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::aws::{Answer, Outside};
use crate::config::model::Environment;
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, FailureClass, SourceId};

/// What a poll found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observation {
    /// Complete answers.
    pub facts: Vec<Facts>,
    /// Optional parts that failed.
    pub warnings: Vec<Failure>,
    /// A part without which the answer is not complete failed: the facts are shown, but nothing counts as read.
    pub incomplete: Option<Failure>,
}

impl From<Facts> for Observation {
    fn from(fact: Facts) -> Self {
        Self { facts: vec![fact], ..Self::default() }
    }
}

/// A thing that can be asked again and again.
#[async_trait]
pub trait Source: Send {
    /// Its name in the JSON contract.
    fn id(&self) -> SourceId;
    /// Nominal time between two polls.
    fn period(&self) -> Duration;
    /// Longest time a poll may take.
    fn deadline(&self) -> Duration;
    /// Asks. `now` is the time of the environment's clock.
    ///
    /// # Errors
    /// Why nothing was read.
    async fn observe(&mut self, now: DateTime<Utc>) -> Result<Observation, Failure>;
}

/// What a source is built from.
#[derive(Clone)]
pub struct Setup {
    /// The environment's configuration.
    pub environment: Arc<Environment>,
    /// Its outside world.
    pub outside: Outside,
}

/// A source, or why the environment does not have it.
pub type Built = Result<Box<dyn Source>, String>;

/// Makes a source for an environment.
pub type Build = fn(&Setup) -> Built;

/// Every source there is, in the order in which they are listed.
pub fn registry() -> &'static [(SourceId, Build)] {
    &[
        (SourceId::EFS, efs::build),
        (SourceId::ECS, ecs::build),
        (SourceId::SSM, ssm::build),
        (SourceId::SUBNETS, subnets::build),
        (SourceId::CLOUDWATCH, cloudwatch::build),
        (SourceId::ALARMS, alarms::build),
        (SourceId::IDENTITY, identity::build),
        (SourceId::AUTOSCALING, autoscaling::build),
        (SourceId::PROBE, probe::build),
        (SourceId::FILES, files::build),
        (SourceId::IMPRESSIONS, impressions::build),
    ]
}

/// More pages than any list here has: the end of a list that does not end.
pub(crate) const PAGES: usize = 100;
/// Calls of one poll that are under way together.
pub(crate) const AT_ONCE: usize = 4;

/// Longest wait for a part of a poll that the rest can do without.
pub(crate) const OPTIONAL_PATIENCE: Duration = Duration::from_secs(5);

/// Waits for an optional part, but not so long that the rest of the poll misses its deadline.
pub(crate) async fn optional<T>(call: impl Future<Output = Answer<T>>) -> Answer<T> {
    match tokio::time::timeout(OPTIONAL_PATIENCE, call).await {
        Ok(answer) => answer,
        Err(_) => Err(Failure::new(
            FailureClass::Timeout,
            format!("an optional part gave no answer within {} s", OPTIONAL_PATIENCE.as_secs()),
        )),
    }
}

/// Name, period and deadline of a source, as configured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) id: SourceId,
    pub(crate) period: Duration,
    pub(crate) deadline: Duration,
}

impl Pace {
    pub(crate) fn of(setup: &Setup, id: SourceId) -> Self {
        Self { id, period: setup.environment.every(id), deadline: setup.environment.deadline(id) }
    }
}

/// The three answers every source gives from its `pace` field.
macro_rules! paced {
    () => {
        fn id(&self) -> crate::domain::source::SourceId {
            self.pace.id
        }
        fn period(&self) -> std::time::Duration {
            self.pace.period
        }
        fn deadline(&self) -> std::time::Duration {
            self.pace.deadline
        }
    };
}
pub(crate) use paced;

/// The parts of an answer that belong together: complete, or what there is with the first failure.
///
/// # Errors
/// Nothing could be read; the first part's failure says it.
pub(crate) fn parts(parts: impl IntoIterator<Item = Result<Facts, Failure>>) -> Result<Observation, Failure> {
    let mut seen = Observation::default();
    for part in parts {
        match part {
            Ok(fact) => seen.facts.push(fact),
            Err(failure) => {
                seen.incomplete.get_or_insert(failure);
            }
        }
    }
    match seen.incomplete {
        Some(failure) if seen.facts.is_empty() => Err(failure),
        incomplete => Ok(Observation { incomplete, ..seen }),
    }
}

/// The configured file system.
///
/// # Errors
/// Why there is none, for the table of sources.
pub(crate) fn file_system_of(setup: &Setup) -> Result<String, String> {
    setup.environment.file_system_id.clone().ok_or_else(|| {
        "no file system configured: set file_system.id, or the variable EFS_FILE_SYSTEM_ID".to_owned()
    })
}

/// The configured cluster and service.
///
/// # Errors
/// Why there is none, for the table of sources.
pub(crate) fn service_of(setup: &Setup) -> Result<(String, String), String> {
    match (&setup.environment.cluster, &setup.environment.service) {
        (Some(cluster), Some(service)) => Ok((cluster.clone(), service.clone())),
        (None, _) => Err("no cluster configured (service.cluster)".to_owned()),
        (_, None) => Err("no service configured (service.name)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::config::model::PERIODS;

    #[test]
    fn every_source_with_a_period_is_registered_once() {
        let registered: BTreeSet<_> = registry().iter().map(|(id, _)| *id).collect();
        assert_eq!(registered.len(), registry().len());
        // Logs are followed, not polled; see `engine::tail`.
        let polled = PERIODS.iter().map(|(id, _)| *id).filter(|id| *id != SourceId::LOGS);
        assert_eq!(registered, polled.collect());
    }
}
