//! Whether Application Auto Scaling overrules the service's desired count.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Built, Observation, Pace, Setup, Source, paced, service_of};
use crate::aws::Aws;
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, SourceId};

struct AutoScalingSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    cluster: String,
    service: String,
}

/// Needs a cluster and a service.
///
/// # Errors
/// None is configured.
pub fn build(setup: &Setup) -> Built {
    let (cluster, service) = service_of(setup)?;
    Ok(Box::new(AutoScalingSource {
        pace: Pace::of(setup, SourceId::AUTOSCALING),
        aws: Arc::clone(&setup.outside.aws),
        cluster,
        service,
    }))
}

#[async_trait]
impl Source for AutoScalingSource {
    paced!();

    async fn observe(&mut self, _now: DateTime<Utc>) -> Result<Observation, Failure> {
        Ok(Facts::Scalable(self.aws.scalable_target(&self.cluster, &self.service).await?).into())
    }
}
