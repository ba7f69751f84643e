//! An NFS NULL call to every mount target, from where miharu runs.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{self, StreamExt};

use super::{Built, Observation, PAGES, Pace, Setup, Source, file_system_of, paced};
use crate::aws::{Answer, Outside, all_pages};
use crate::domain::efs::MountTarget;
use crate::domain::facts::Facts;
use crate::domain::probe::Probe;
use crate::domain::source::{Failure, FailureClass, SourceId};

/// Targets that are called together.
const CALLS_AT_ONCE: usize = 16;
/// The list of mount targets is read again after this long.
const LIST_KEPT: TimeDelta = TimeDelta::seconds(60);

struct ProbeSource {
    pace: Pace,
    outside: Outside,
    file_system: String,
    targets: Option<(DateTime<Utc>, Vec<MountTarget>)>,
}

/// Needs a file system, and not to be switched off.
///
/// # Errors
/// None is configured, or it is switched off.
pub fn build(setup: &Setup) -> Built {
    if !setup.environment.probe {
        return Err("switched off (probe.enabled)".to_owned());
    }
    Ok(Box::new(ProbeSource {
        pace: Pace::of(setup, SourceId::PROBE),
        outside: setup.outside.clone(),
        file_system: file_system_of(setup)?,
        targets: None,
    }))
}

#[async_trait]
impl Source for ProbeSource {
    paced!();

    async fn observe(&mut self, now: DateTime<Utc>) -> Result<Observation, Failure> {
        let targets: Vec<(String, String)> = self
            .targets(now)
            .await?
            .iter()
            .filter_map(|t| Some((t.mount_target_id.clone(), t.ip_address.clone()?)))
            .collect();
        let nfs = &self.outside.nfs;
        let probes: Vec<Probe> = stream::iter(targets)
            .map(|(mount_target_id, ip_address)| async move {
                let result = nfs.null_call(&ip_address).await;
                Probe { mount_target_id, ip_address, result }
            })
            .buffered(CALLS_AT_ONCE)
            .collect()
            .await;
        let warnings = probes
            .iter()
            .filter_map(|p| {
                let why = p.result.as_ref().err()?;
                let text = format!("{} at {}: {why}", p.mount_target_id, p.ip_address);
                Some(Failure::new(FailureClass::Unreachable, text))
            })
            .collect();
        Ok(Observation { facts: vec![Facts::Probes(probes)], warnings, incomplete: None })
    }
}

impl ProbeSource {
    async fn targets(&mut self, now: DateTime<Utc>) -> Answer<&[MountTarget]> {
        let list = if let Some(kept) = self.targets.take().filter(|(at, _)| now - *at < LIST_KEPT) {
            kept
        } else {
            let aws = &self.outside.aws;
            (now, all_pages(PAGES, |marker| aws.mount_targets(&self.file_system, marker)).await?)
        };
        Ok(&self.targets.insert(list).1)
    }
}
