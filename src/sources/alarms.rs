//! CloudWatch alarms on this environment's resources.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::balancer::{Balancer, Balancers};
use super::{Built, Observation, PAGES, Pace, Setup, Source, paced, service_of};
use crate::aws::{Aws, all_pages};
use crate::config::model::Environment;
use crate::domain::alarm::Alarm;
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, SourceId};

struct AlarmsSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    environment: Arc<Environment>,
    balancers: Balancers,
}

/// Needs a resource that an alarm can name.
///
/// # Errors
/// Nothing is configured.
pub fn build(setup: &Setup) -> Built {
    let e = &setup.environment;
    let others =
        [&e.file_system_id, &e.load_balancer, &e.target_group, &e.auto_scaling_group, &e.db_instance];
    if others.iter().all(|o| o.is_none()) && service_of(setup).is_err() {
        return Err("nothing configured that an alarm could watch (file_system.id, service.name)".to_owned());
    }
    Ok(Box::new(AlarmsSource {
        pace: Pace::of(setup, SourceId::ALARMS),
        aws: Arc::clone(&setup.outside.aws),
        environment: Arc::clone(&setup.environment),
        balancers: Balancers::new(setup),
    }))
}

#[async_trait]
impl Source for AlarmsSource {
    paced!();

    async fn observe(&mut self, now: DateTime<Utc>) -> Result<Observation, Failure> {
        let all = all_pages(PAGES, |token| self.aws.alarms(token)).await?;
        let (balancers, failure) = self.balancers.get(now).await;
        let alarms = all.into_iter().filter(|a| watches(&self.environment, balancers, a)).collect();
        Ok(Observation {
            facts: vec![Facts::Alarms(alarms)],
            warnings: failure.into_iter().collect(),
            incomplete: None,
        })
    }
}

/// Whether one of the alarm's metrics is of a resource of the environment.
fn watches(environment: &Environment, balancers: &[Balancer], alarm: &Alarm) -> bool {
    alarm.dimensions.iter().any(|d| is_ours(environment, balancers, d))
}

fn is_ours(e: &Environment, balancers: &[Balancer], dimensions: &BTreeMap<String, String>) -> bool {
    let names = |key: &str, value: &Option<String>| value.is_some() && dimensions.get(key) == value.as_ref();
    let service = || names("ClusterName", &e.cluster) && names("ServiceName", &e.service);
    let balancer = || {
        balancers
            .iter()
            .any(|b| names("LoadBalancer", &b.load_balancer) || names("TargetGroup", &b.target_group))
    };
    e.file_system_id.as_ref().is_some_and(|id| dimensions.values().any(|v| v == id))
        || service()
        || names("FunctionName", &e.lambda_function)
        || names("LoadBalancer", &e.load_balancer)
        || names("TargetGroup", &e.target_group)
        || names("AutoScalingGroupName", &e.auto_scaling_group)
        || names("DBInstanceIdentifier", &e.db_instance)
        || balancer()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dimensions(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn an_alarm_is_ours_by_what_its_dimensions_name() {
        let environment = Environment {
            file_system_id: Some("fs-1".into()),
            cluster: Some("c".into()),
            service: Some("s".into()),
            auto_scaling_group: Some("asg".into()),
            db_instance: Some("db".into()),
            ..Environment::named("t")
        };
        let balancers = [Balancer {
            load_balancer: Some("app/lb/1".into()),
            target_group: Some("targetgroup/tg/1".into()),
        }];
        let ours = |pairs: &[(&str, &str)]| is_ours(&environment, &balancers, &dimensions(pairs));
        assert!(ours(&[("FileSystemId", "fs-1")]));
        assert!(ours(&[("ClusterName", "c"), ("ServiceName", "s")]));
        assert!(ours(&[("FunctionName", "efs-mount-autoscaling-file-monitor")]));
        assert!(ours(&[("LoadBalancer", "app/lb/1")]));
        assert!(ours(&[("TargetGroup", "targetgroup/tg/1"), ("LoadBalancer", "app/other/1")]));
        assert!(ours(&[("AutoScalingGroupName", "asg")]));
        assert!(ours(&[("DBInstanceIdentifier", "db")]));
        assert!(!ours(&[]));
        assert!(!ours(&[("FileSystemId", "fs-2")]));
        assert!(!ours(&[("ClusterName", "c")]), "an alarm on the whole cluster");
        assert!(!ours(&[("ClusterName", "c"), ("ServiceName", "other")]));
        assert!(!ours(&[("QueueName", "asg")]));
    }
}
