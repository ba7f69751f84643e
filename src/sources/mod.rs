//! Floor 2: sources. Each is one file and one line in [`registry`]; each answers one question by reading the
//! outside world through its ports. When, how often and how it is repeated is the poller's business.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::aws::Outside;
use crate::config::model::Environment;
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, SourceId};

/// What a poll found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observation {
    /// Complete answers.
    pub facts: Vec<Facts>,
    /// Optional parts that failed.
    pub warnings: Vec<Failure>,
}

impl From<Facts> for Observation {
    fn from(fact: Facts) -> Self {
        Self { facts: vec![fact], warnings: Vec::new() }
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

/// All sources.
pub fn registry() -> &'static [(SourceId, Build)] {
    &[]
}
