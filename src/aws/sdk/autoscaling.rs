//! Application Auto Scaling.

use async_trait::async_trait;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};

use super::SdkAws;
use super::allow::SCALABLE_TARGETS;
use super::convert::count;
use crate::aws::{Answer, AutoScaling};
use crate::domain::scalable::ScalableTarget;

#[async_trait]
impl AutoScaling for SdkAws {
    async fn scalable_target(&self, cluster: &str, service: &str) -> Answer<Option<ScalableTarget>> {
        let clients = self.clients().await;
        let result = clients
            .autoscaling
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_ids(format!("service/{cluster}/{service}"))
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .send()
            .await;
        let output = self.answer(&SCALABLE_TARGETS, &clients, result)?;
        Ok(output.scalable_targets().first().map(|t| ScalableTarget {
            resource_id: t.resource_id().to_owned(),
            min: count(t.min_capacity()),
            max: count(t.max_capacity()),
            suspended: t.suspended_state().is_some_and(|s| {
                s.dynamic_scaling_in_suspended() == Some(true)
                    || s.dynamic_scaling_out_suspended() == Some(true)
                    || s.scheduled_scaling_suspended() == Some(true)
            }),
        }))
    }
}
