//! The load balancer of the environment, shared by the sources of metrics and of alarms: configured, or found
//! from the service's target group by `ListMetrics`.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{PAGES, Setup, optional, service_of};
use crate::aws::{Answer, Aws, all_pages};
use crate::domain::source::Failure;

/// Namespace of application load balancers.
pub const NAMESPACE: &str = "AWS/ApplicationELB";
/// A found balancer is looked up again after this long.
const KEPT: TimeDelta = TimeDelta::minutes(10);
/// A balancer that was not found is looked for again after this long.
const ABSENT: TimeDelta = TimeDelta::minutes(2);

/// A load balancer as CloudWatch's dimensions name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balancer {
    /// `app/…/…`.
    pub load_balancer: Option<String>,
    /// `targetgroup/…/…`.
    pub target_group: Option<String>,
}

/// Finds the environment's balancers and remembers them for a while.
pub struct Balancers {
    aws: Arc<dyn Aws>,
    configured: Balancer,
    service: Option<(String, String)>,
    found: Vec<Balancer>,
    next_look: Option<DateTime<Utc>>,
}

impl Balancers {
    /// From configuration; nothing is asked yet.
    pub fn new(setup: &Setup) -> Self {
        Self {
            aws: Arc::clone(&setup.outside.aws),
            configured: Balancer {
                load_balancer: setup.environment.load_balancer.clone(),
                target_group: setup.environment.target_group.clone(),
            },
            service: service_of(setup).ok(),
            found: Vec::new(),
            next_look: None,
        }
    }

    /// The balancers, and why they could not be looked for (then the ones known before).
    pub async fn get(&mut self, now: DateTime<Utc>) -> (&[Balancer], Option<Failure>) {
        let mut failure = None;
        if self.next_look.is_none_or(|at| at <= now) {
            match optional(self.look()).await {
                Ok(found) => self.found = found,
                Err(e) => failure = Some(e),
            }
            let complete = !self.found.is_empty()
                && self.found.iter().all(|b| b.load_balancer.is_some() && b.target_group.is_some());
            // After a failure the next poll tries again.
            self.next_look = match failure {
                Some(_) => None,
                None => Some(now + if complete { KEPT } else { ABSENT }),
            };
        }
        (&self.found, failure)
    }

    async fn look(&self) -> Answer<Vec<Balancer>> {
        if self.configured.load_balancer.is_some() && self.configured.target_group.is_some() {
            return Ok(vec![self.configured.clone()]);
        }
        let groups = match (&self.configured.target_group, &self.service) {
            (Some(group), _) => vec![group.clone()],
            (None, Some((cluster, service))) => {
                let service = self.aws.service(cluster, service).await?;
                service.target_groups.iter().filter_map(|arn| dimension(arn)).collect()
            }
            (None, None) => Vec::new(),
        };
        let mut balancers = Vec::new();
        for group in groups {
            let load_balancer = match &self.configured.load_balancer {
                Some(name) => Some(name.clone()),
                None => self.balancer_of(&group).await?,
            };
            balancers.push(Balancer { load_balancer, target_group: Some(group) });
        }
        if balancers.is_empty() && self.configured.load_balancer.is_some() {
            balancers.push(self.configured.clone());
        }
        Ok(balancers)
    }

    /// Hosts are counted also without traffic; requests are there when hosts are not yet.
    async fn balancer_of(&self, group: &str) -> Answer<Option<String>> {
        let filter = BTreeMap::from([("TargetGroup".to_owned(), group.to_owned())]);
        for metric in ["HealthyHostCount", "RequestCount"] {
            let listed =
                all_pages(PAGES, |token| self.aws.list_metrics(NAMESPACE, metric, &filter, token)).await?;
            if let Some(name) = listed.into_iter().find_map(|mut d| d.remove("LoadBalancer")) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }
}

/// `targetgroup/name/id` of a target group's ARN.
fn dimension(arn: &str) -> Option<String> {
    arn.split(':').next_back().filter(|r| r.starts_with("targetgroup/")).map(str::to_owned)
}
