//! The file system and its mount targets.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Built, Observation, PAGES, Pace, Setup, Source, file_system_of, paced, parts};
use crate::aws::{Aws, all_pages};
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, SourceId};

struct EfsSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    file_system: String,
}

/// Needs a file system.
///
/// # Errors
/// None is configured.
pub fn build(setup: &Setup) -> Built {
    Ok(Box::new(EfsSource {
        pace: Pace::of(setup, SourceId::EFS),
        aws: Arc::clone(&setup.outside.aws),
        file_system: file_system_of(setup)?,
    }))
}

#[async_trait]
impl Source for EfsSource {
    paced!();

    async fn observe(&mut self, _now: DateTime<Utc>) -> Result<Observation, Failure> {
        let (file_system, mount_targets) = tokio::join!(
            self.aws.file_system(&self.file_system),
            all_pages(PAGES, |marker| self.aws.mount_targets(&self.file_system, marker)),
        );
        parts([file_system.map(Facts::FileSystem), mount_targets.map(Facts::MountTargets)])
    }
}
