//! Parameter Store, Application Auto Scaling, CloudWatch and its Logs: one call each.

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace};
use aws_sdk_cloudwatch::types::{MetricDatum, StandardUnit};
use aws_sdk_ssm::types::ParameterType;
use aws_smithy_types::DateTime as SdkDateTime;
use chrono::{DateTime, Utc};

use super::allow::{PUT_METRIC_DATA, PUT_PARAMETER, PUT_RETENTION, REGISTER_SCALABLE_TARGET};
use super::outcome::incomplete;
use super::{Ended, SdkActuator, outputs};
use crate::actuators::filled::published;
use crate::actuators::{Outputs, Sent};
use crate::domain::request::ListEntry;

/// A number as the APIs take it; none of them takes more than this.
fn number(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

impl SdkActuator {
    pub(super) async fn put_parameter(&self, name: &str, entries: &[ListEntry], text: Option<&str>) -> Ended {
        let value = published(entries, text).map_err(Sent::Refused)?;
        let clients = self.clients().await;
        let result = clients
            .ssm
            .put_parameter()
            .name(name)
            .value(value)
            .r#type(ParameterType::String)
            .overwrite(true)
            .send()
            .await;
        let output = self.answer(&PUT_PARAMETER, &clients, result)?;
        match output.version() {
            version @ 1.. => Ok(outputs([("version", Some(version.to_string()))])),
            _ => Err(incomplete(&PUT_PARAMETER, "Version")),
        }
    }

    pub(super) async fn register_scalable_target(
        &self,
        cluster: &str,
        service: &str,
        min: u32,
        max: u32,
    ) -> Ended {
        let clients = self.clients().await;
        let result = clients
            .autoscaling
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(format!("service/{cluster}/{service}"))
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .min_capacity(number(min))
            .max_capacity(number(max))
            .send()
            .await;
        self.answer(&REGISTER_SCALABLE_TARGET, &clients, result)?;
        Ok(Outputs::new())
    }

    pub(super) async fn put_metric_data(
        &self,
        namespace: &str,
        name: &str,
        (value, unit): (f64, &str),
        at: DateTime<Utc>,
    ) -> Ended {
        let datum = MetricDatum::builder()
            .metric_name(name)
            .timestamp(SdkDateTime::from_millis(at.timestamp_millis()))
            .value(value)
            .unit(StandardUnit::from(unit))
            .build();
        let clients = self.clients().await;
        let result =
            clients.cloudwatch.put_metric_data().namespace(namespace).metric_data(datum).send().await;
        self.answer(&PUT_METRIC_DATA, &clients, result)?;
        Ok(Outputs::new())
    }

    pub(super) async fn put_retention(&self, log_group: &str, days: u32) -> Ended {
        let clients = self.clients().await;
        let result = clients
            .logs
            .put_retention_policy()
            .log_group_name(log_group)
            .retention_in_days(number(days))
            .send()
            .await;
        self.answer(&PUT_RETENTION, &clients, result)?;
        Ok(Outputs::new())
    }
}
