//! Application Auto Scaling.

use async_trait::async_trait;

use super::call::SCALABLE_TARGETS;
use crate::aws::{Answer, AutoScaling};
use crate::domain::scalable::ScalableTarget;
use crate::simulated::{CLUSTER, SERVICE, Simulated};

#[async_trait]
impl AutoScaling for Simulated {
    async fn scalable_target(&self, cluster: &str, service: &str) -> Answer<Option<ScalableTarget>> {
        self.call(SCALABLE_TARGETS, |world| {
            let ours = cluster == CLUSTER && service == SERVICE;
            Ok(world.settings.autoscaling.filter(|_| ours).map(|limits| ScalableTarget {
                resource_id: format!("service/{cluster}/{service}"),
                min: limits.min,
                max: limits.max,
                suspended: false,
            }))
        })
        .await
    }
}
