//! The service with its deployments and events, and its tasks, running and stopped.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::logs;
use super::seldom::Seldom;
use super::{AT_ONCE, Built, Observation, PAGES, Pace, Setup, Source, optional, paced, parts, service_of};
use crate::aws::{Answer, Aws, DesiredStatus, TASKS_A_PAGE, all_pages};
use crate::domain::ecs::{MountsBy, Service, Task, TaskDefinition};
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, SourceId};

struct EcsSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    cluster: String,
    service: String,
    file_system: Option<String>,
    /// The definition read last; a revision never changes.
    definition: Option<TaskDefinition>,
    log_groups: Seldom,
}

/// Needs a cluster and a service.
///
/// # Errors
/// None is configured.
pub fn build(setup: &Setup) -> Built {
    let (cluster, service) = service_of(setup)?;
    Ok(Box::new(EcsSource {
        pace: Pace::of(setup, SourceId::ECS),
        aws: Arc::clone(&setup.outside.aws),
        cluster,
        service,
        file_system: setup.environment.file_system_id.clone(),
        definition: None,
        log_groups: Seldom::default(),
    }))
}

#[async_trait]
impl Source for EcsSource {
    paced!();

    async fn observe(&mut self, now: DateTime<Utc>) -> Result<Observation, Failure> {
        let (service, tasks) = tokio::join!(self.aws.service(&self.cluster, &self.service), self.tasks());
        let mut warnings = Vec::new();
        let service = match service {
            Ok(mut service) => {
                warnings.extend(self.define(&mut service).await.err());
                Ok(Facts::Service(Box::new(service)))
            }
            // A missing service fails both; the answer about the service says it better.
            Err(failure) => Err(failure),
        };
        let mut seen = parts([service, tasks.map(Facts::Tasks)])?;
        seen.facts.extend(self.retention(now).await);
        warnings.extend(self.log_groups.warning());
        Ok(Observation { warnings, ..seen })
    }
}

impl EcsSource {
    async fn tasks(&self) -> Answer<Vec<Task>> {
        let (running, stopped) =
            tokio::try_join!(self.listed(DesiredStatus::Running), self.listed(DesiredStatus::Stopped),)?;
        // A task that stops between the two lists is in both.
        let arns: Vec<String> =
            running.into_iter().chain(stopped).collect::<BTreeSet<_>>().into_iter().collect();
        let pages: Vec<Vec<String>> = arns.chunks(TASKS_A_PAGE).map(<[String]>::to_vec).collect();
        let (aws, cluster) = (&self.aws, &self.cluster);
        stream::iter(pages)
            .map(|page| async move { aws.describe_tasks(cluster, &page).await })
            .buffered(AT_ONCE)
            .try_concat()
            .await
    }

    async fn listed(&self, status: DesiredStatus) -> Answer<Vec<String>> {
        all_pages(PAGES, |token| self.aws.list_tasks(&self.cluster, &self.service, status, token)).await
    }

    /// How long the log groups keep, where it is time to ask: they are known by the task definition.
    async fn retention(&mut self, now: DateTime<Utc>) -> Option<Facts> {
        let names = logs::names(self.definition.as_ref()?);
        if !self.log_groups.is_due(now, &names) {
            return None;
        }
        let (groups, failure) = match optional(logs::read(&*self.aws, &names)).await {
            Ok(groups) => (Some(Facts::LogGroups(groups)), None),
            Err(failure) => (None, Some(failure)),
        };
        self.log_groups.read(now, names, failure);
        groups
    }

    /// Fills in what only the task definition tells; without it that stays unknown.
    async fn define(&mut self, service: &mut Service) -> Answer<()> {
        if service.task_definition.is_empty() {
            return Ok(());
        }
        let known = self.definition.take().filter(|d| d.arn == service.task_definition);
        let definition = match known {
            Some(definition) => definition,
            None => optional(self.aws.task_definition(&service.task_definition)).await?,
        };
        service.mounts_by = match &self.file_system {
            Some(id) => definition.mounts_by(id),
            None if definition.efs_volumes.is_empty() => MountsBy::List,
            None => MountsBy::Volume,
        };
        service.task_cpu.clone_from(&definition.cpu);
        service.task_memory.clone_from(&definition.memory);
        self.definition = Some(definition);
        Ok(())
    }
}
