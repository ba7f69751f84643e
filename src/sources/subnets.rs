//! The subnets of the VPC and their zones.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Built, Observation, PAGES, Pace, Setup, Source, paced, service_of};
use crate::aws::{Answer, Aws, SubnetFilter, all_pages};
use crate::domain::facts::Facts;
use crate::domain::network::Subnet;
use crate::domain::source::{Failure, FailureClass, SourceId};

struct SubnetsSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    vpc: Option<String>,
    file_system: Option<String>,
    service: Option<(String, String)>,
}

/// Needs a VPC, or something that tells one.
///
/// # Errors
/// Nothing of that is configured.
pub fn build(setup: &Setup) -> Built {
    let source = SubnetsSource {
        pace: Pace::of(setup, SourceId::SUBNETS),
        aws: Arc::clone(&setup.outside.aws),
        vpc: setup.environment.vpc_id.clone(),
        file_system: setup.environment.file_system_id.clone(),
        service: service_of(setup).ok(),
    };
    if source.vpc.is_none() && source.file_system.is_none() && source.service.is_none() {
        return Err(
            "no VPC, file system or service configured (vpc_id, file_system.id, service.name)".to_owned()
        );
    }
    Ok(Box::new(source))
}

#[async_trait]
impl Source for SubnetsSource {
    paced!();

    async fn observe(&mut self, _now: DateTime<Utc>) -> Result<Observation, Failure> {
        let (vpc, warnings) = self.find_vpc().await?;
        let subnets = self.read(&SubnetFilter::Vpc(vpc)).await?;
        Ok(Observation { facts: vec![Facts::Subnets(subnets)], warnings, incomplete: None })
    }
}

impl SubnetsSource {
    async fn read(&self, filter: &SubnetFilter) -> Answer<Vec<Subnet>> {
        all_pages(PAGES, |token| self.aws.subnets(filter, token)).await
    }

    /// The configured VPC, else that of the mount targets, else that of the service's subnets; with what
    /// failed on the way.
    async fn find_vpc(&self) -> Answer<(String, Vec<Failure>)> {
        if let Some(vpc) = &self.vpc {
            return Ok((vpc.clone(), Vec::new()));
        }
        let mut failed = Vec::new();
        match self.vpc_of_mount_targets().await {
            Ok(Some(vpc)) => return Ok((vpc, failed)),
            Ok(None) => {}
            Err(failure) => failed.push(failure),
        }
        match self.vpc_of_service().await {
            Ok(Some(vpc)) => return Ok((vpc, failed)),
            Ok(None) => {}
            Err(failure) => failed.push(failure),
        }
        Err(failed.into_iter().next().unwrap_or_else(|| {
            Failure::new(FailureClass::NotFound, "neither mount targets nor service tell a VPC; set vpc_id")
        }))
    }

    async fn vpc_of_mount_targets(&self) -> Answer<Option<String>> {
        let Some(id) = &self.file_system else { return Ok(None) };
        let targets = all_pages(PAGES, |marker| self.aws.mount_targets(id, marker)).await?;
        Ok(targets.into_iter().find_map(|t| t.vpc_id))
    }

    async fn vpc_of_service(&self) -> Answer<Option<String>> {
        let Some((cluster, service)) = &self.service else { return Ok(None) };
        let ids = self.aws.service(cluster, service).await?.subnets;
        if ids.is_empty() {
            return Ok(None);
        }
        Ok(self.read(&SubnetFilter::Ids(ids)).await?.into_iter().next().map(|s| s.vpc_id))
    }
}
