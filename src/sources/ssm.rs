//! The published list with its versions.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Built, Observation, PAGES, Pace, Setup, Source, file_system_of, optional, paced, service_of};
use crate::aws::{Aws, all_pages};
use crate::domain::facts::Facts;
use crate::domain::published::{ParameterVersion, Published};
use crate::domain::source::{Failure, FailureClass, SourceId};

struct SsmSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    parameter: String,
    /// All versions, oldest first, as of the last time the history was read in full.
    history: Vec<ParameterVersion>,
}

/// Needs a file system, whose mount targets are published, or a service, whose tasks read the list.
///
/// # Errors
/// Neither is configured.
pub fn build(setup: &Setup) -> Built {
    if service_of(setup).is_err() {
        file_system_of(setup)?;
    }
    Ok(Box::new(SsmSource {
        pace: Pace::of(setup, SourceId::SSM),
        aws: Arc::clone(&setup.outside.aws),
        parameter: setup.environment.published_parameter.clone(),
        history: Vec::new(),
    }))
}

#[async_trait]
impl Source for SsmSource {
    paced!();

    async fn observe(&mut self, _now: DateTime<Utc>) -> Result<Observation, Failure> {
        let current = match self.aws.parameter(&self.parameter).await {
            Ok(current) => current,
            Err(failure) if failure.class == FailureClass::NotFound => {
                self.history.clear();
                let text = format!("the parameter {} does not exist", self.parameter);
                return Ok(Observation {
                    facts: vec![Facts::Published(None)],
                    warnings: vec![Failure { text, ..failure }],
                    incomplete: None,
                });
            }
            Err(failure) => return Err(failure),
        };
        let mut warnings = Vec::new();
        if self.history.last() != Some(&current)
            && let Err(failure) = self.learn(&current).await
        {
            warnings.push(failure);
        }
        let history =
            if self.history.last() == Some(&current) { self.history.clone() } else { vec![current.clone()] };
        let published = Published { parameter: self.parameter.clone(), current, history };
        Ok(Observation { facts: vec![Facts::Published(Some(published))], warnings, incomplete: None })
    }
}

impl SsmSource {
    /// Reads the history up to the current version. Where it cannot be read, the known one goes on if nothing
    /// is missing between its end and the current version; else it is forgotten, because a gap would name
    /// wrong versions.
    async fn learn(&mut self, current: &ParameterVersion) -> Result<(), Failure> {
        let read =
            optional(all_pages(PAGES, |token| self.aws.parameter_history(&self.parameter, token))).await;
        let follows = self.history.last().is_some_and(|v| v.version + 1 == current.version);
        match read {
            Ok(mut history) => {
                history.sort_by_key(|v| v.version);
                history.retain(|v| v.version < current.version);
                history.push(current.clone());
                self.history = history;
                Ok(())
            }
            Err(failure) => {
                if follows {
                    self.history.push(current.clone());
                } else {
                    self.history.clear();
                }
                Err(failure)
            }
        }
    }
}
