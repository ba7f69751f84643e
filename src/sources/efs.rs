//! The file system and its mount targets.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::seldom::Seldom;
use super::{
    AT_ONCE, Built, Observation, PAGES, Pace, Setup, Source, file_system_of, optional, paced, parts,
};
use crate::aws::{Answer, Aws, all_pages};
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, FailureClass, SourceId};

struct EfsSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    file_system: String,
    groups: Seldom,
    lifecycle: Seldom,
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
        groups: Seldom::default(),
        lifecycle: Seldom::default(),
    }))
}

#[async_trait]
impl Source for EfsSource {
    paced!();

    async fn observe(&mut self, now: DateTime<Utc>) -> Result<Observation, Failure> {
        let (file_system, mount_targets) = tokio::join!(
            self.aws.file_system(&self.file_system),
            all_pages(PAGES, |marker| self.aws.mount_targets(&self.file_system, marker)),
        );
        let ids: Option<Vec<String>> =
            mount_targets.as_ref().ok().map(|list| list.iter().map(|t| t.mount_target_id.clone()).collect());
        let mut seen = parts([file_system.map(Facts::FileSystem), mount_targets.map(Facts::MountTargets)])?;
        if let Some(ids) = ids {
            seen.facts.extend(self.rarely(now, ids).await);
        }
        seen.warnings = [&self.groups, &self.lifecycle].into_iter().filter_map(Seldom::warning).collect();
        Ok(seen)
    }
}

impl EfsSource {
    /// What hardly changes: the targets' security groups and the lifecycle configuration.
    async fn rarely(&mut self, now: DateTime<Utc>, targets: Vec<String>) -> Vec<Facts> {
        let whole = vec![self.file_system.clone()];
        let groups_due = self.groups.is_due(now, &targets);
        let lifecycle_due = self.lifecycle.is_due(now, &whole);
        let (groups, lifecycle) = tokio::join!(
            async { if groups_due { Some(optional(self.security_groups(&targets)).await) } else { None } },
            async {
                if lifecycle_due { Some(optional(self.aws.lifecycle(&self.file_system)).await) } else { None }
            },
        );
        let mut facts = Vec::new();
        if let Some(groups) = groups {
            let failure = groups.map(|groups| facts.push(Facts::SecurityGroups(groups))).err();
            self.groups.read(now, targets, failure);
        }
        if let Some(lifecycle) = lifecycle {
            let failure = lifecycle.map(|rules| facts.push(Facts::Lifecycle(rules))).err();
            self.lifecycle.read(now, whole, failure);
        }
        facts
    }

    /// Security groups of each target. One that goes away meanwhile is left out.
    async fn security_groups(&self, targets: &[String]) -> Answer<BTreeMap<String, Vec<String>>> {
        stream::iter(targets.to_vec())
            .map(|id| async move {
                match self.aws.security_groups(&id).await {
                    Ok(groups) => Ok(Some((id, groups))),
                    Err(failure) if is_gone(&failure) => Ok(None),
                    Err(failure) => Err(failure),
                }
            })
            .buffered(AT_ONCE)
            .try_filter_map(|found| async move { Ok(found) })
            .try_collect()
            .await
    }
}

/// Whether a target does not stand, or not in a state in which EFS tells its groups.
fn is_gone(failure: &Failure) -> bool {
    failure.class == FailureClass::NotFound || failure.code.as_deref() == Some("IncorrectMountTargetState")
}
