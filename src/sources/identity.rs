//! Who is asking.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Built, Observation, Pace, Setup, Source, paced};
use crate::aws::Aws;
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, SourceId};

struct IdentitySource {
    pace: Pace,
    aws: Arc<dyn Aws>,
}

/// Every environment has it.
///
/// # Errors
/// Never.
pub fn build(setup: &Setup) -> Built {
    Ok(Box::new(IdentitySource {
        pace: Pace::of(setup, SourceId::IDENTITY),
        aws: Arc::clone(&setup.outside.aws),
    }))
}

#[async_trait]
impl Source for IdentitySource {
    paced!();

    async fn observe(&mut self, _now: DateTime<Utc>) -> Result<Observation, Failure> {
        Ok(Facts::Identity(self.aws.caller_identity().await?).into())
    }
}
