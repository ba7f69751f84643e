//! The file service: its task definitions, deployments and events. Tasks are in [`task`], the scheduler that
//! starts and stops them in [`scheduler`], what the API tells in [`describe`].

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::scenario;
use super::world::{Event, Refusal, World};
use super::{CLUSTER, FAMILY, SERVICE, ids};
use crate::domain::ecs::{MountsBy, ServiceEvent, TaskDefinition};

mod describe;
mod scheduler;
mod task;

pub(super) use task::{Status, Task, TaskEvent};

/// ECS keeps this many service events.
const EVENTS_KEPT: usize = 100;

/// How a deployment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rollout {
    InProgress,
    Completed,
    Failed,
}

impl Rollout {
    fn word(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// What a deployment rolls out; a rollback brings it back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Revision {
    definition: String,
    subnets: Vec<String>,
}

#[derive(Debug, Clone)]
struct Deployment {
    id: String,
    revision: Revision,
    rollout: Rollout,
    reason: String,
    failed: u32,
    /// Failures since a task last came up: ECS starts ever more slowly.
    failures_in_a_row: u32,
    /// No task is started before.
    hold_until: DateTime<Utc>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The service.
#[derive(Debug, Clone)]
struct Service {
    desired: u32,
    /// Capacity providers with base and weight.
    providers: Vec<(String, u32, u32)>,
    /// PRIMARY first.
    deployments: Vec<Deployment>,
    /// The last deployment that completed: where a rollback goes.
    completed: Option<(String, Revision)>,
    /// Newest first.
    events: VecDeque<ServiceEvent>,
    steady: bool,
    /// When the scheduler's next round is planned.
    next_round: Option<DateTime<Utc>>,
}

/// A task definition and how its container behaves.
#[derive(Debug, Clone)]
struct Definition {
    shown: TaskDefinition,
    /// The container exits with this code as soon as it starts.
    exits_with: Option<i32>,
}

/// What `UpdateService` changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Update {
    /// Desired count.
    pub(super) desired: Option<u32>,
    /// ARN of a registered task definition.
    pub(super) definition: Option<String>,
    /// Subnets of new tasks.
    pub(super) subnets: Option<Vec<String>>,
    /// Capacity providers with base and weight.
    pub(super) providers: Option<Vec<(String, u32, u32)>>,
    /// A new deployment though nothing changed.
    pub(super) force: bool,
}

/// Amazon ECS with the one cluster and service.
#[derive(Debug, Clone)]
pub(super) struct Ecs {
    prefix: String,
    definitions: Vec<Definition>,
    service: Option<Service>,
    /// In the order of creation; stopped ones for an hour.
    pub(super) tasks: Vec<Task>,
}

impl Ecs {
    pub(super) fn new(_settings: &scenario::World, account: &str, region: &str) -> Self {
        let prefix = format!("arn:aws:ecs:{region}:{account}");
        Self { prefix, definitions: Vec::new(), service: None, tasks: Vec::new() }
    }

    fn definition(&self, arn: &str) -> Option<&Definition> {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        self.definitions.iter().find(|d| d.shown.arn == arn || d.shown.arn.ends_with(&format!("/{name}")))
    }

    /// What `DescribeTaskDefinition` tells of an ARN or `family:revision`.
    pub(super) fn task_definition(&self, arn: &str) -> Option<&TaskDefinition> {
        self.definition(arn).map(|d| &d.shown)
    }

    fn deployment_mut(&mut self, id: &str) -> Option<&mut Deployment> {
        self.service.as_mut()?.deployments.iter_mut().find(|d| d.id == id)
    }
}

impl World {
    /// `RegisterTaskDefinition`: the next revision, whose container exits at once where a code is given; of
    /// another size than the scenario's where one is given: CPU units, MiB.
    pub(super) fn register_task_definition(
        &mut self,
        exits_with: Option<i32>,
        size: Option<(String, String)>,
    ) -> String {
        let revision = self.ecs.definitions.len() + 1;
        let arn = format!("{}:task-definition/{FAMILY}:{revision}", self.ecs.prefix);
        let efs_volumes = match self.settings.mounts_by {
            MountsBy::Volume => vec![self.efs.file_system_id.clone()],
            MountsBy::List | MountsBy::Unknown => Vec::new(),
        };
        let (cpu, memory) =
            size.unwrap_or_else(|| (self.settings.cpu.to_string(), self.settings.memory.to_string()));
        let log_groups = vec![super::SERVICE_LOG.to_owned()];
        let shown = TaskDefinition {
            arn: arn.clone(),
            efs_volumes,
            cpu: Some(cpu),
            memory: Some(memory),
            log_groups,
            registered_at: Some(self.now),
        };
        self.ecs.definitions.push(Definition { shown, exits_with });
        arn
    }

    /// A new revision of `from` with another size.
    pub(super) fn resize_task_definition(
        &mut self,
        from: &str,
        cpu: &str,
        memory: &str,
    ) -> Result<String, Refusal> {
        let Some(definition) = self.ecs.definition(from) else {
            return Err(Refusal::new("ClientException", "Unable to describe task definition."));
        };
        let valid = |text: &str, least: u32| text.parse().is_ok_and(|n: u32| n >= least);
        if !valid(cpu, 256) || !valid(memory, 512) {
            let text = "No Fargate configuration exists for given values.";
            return Err(Refusal::new("ClientException", text));
        }
        let exits_with = definition.exits_with;
        Ok(self.register_task_definition(exits_with, Some((cpu.to_owned(), memory.to_owned()))))
    }

    /// The PRIMARY deployment.
    pub(super) fn primary_deployment(&self) -> Option<String> {
        self.ecs.service.as_ref()?.deployments.first().map(|d| d.id.clone())
    }

    /// Tasks wanted.
    pub(super) fn desired_count(&self) -> Option<u32> {
        self.ecs.service.as_ref().map(|s| s.desired)
    }

    /// `CreateService` with everything from the scenario.
    pub(super) fn create_service(&mut self) {
        let definition = self.register_task_definition(None, None);
        let subnets = self.network.subnets_in(&self.settings.service_zones);
        self.ecs.service = Some(Service {
            desired: self.settings.tasks,
            providers: Vec::new(),
            deployments: Vec::new(),
            completed: None,
            events: VecDeque::new(),
            steady: false,
            next_round: None,
        });
        self.deploy(Revision { definition, subnets }, "ECS deployment in progress.".into());
    }

    /// `UpdateService`: returns at once, the scheduler does the rest.
    pub(super) fn update_service(&mut self, update: Update) -> Result<(), Refusal> {
        if let Some(definition) = &update.definition
            && self.ecs.definition(definition).is_none()
        {
            return Err(Refusal::new("ClientException", "TaskDefinition not found."));
        }
        let Some(service) = &mut self.ecs.service else {
            return Err(Refusal::new("ServiceNotFoundException", "Service not found."));
        };
        if let Some(providers) = update.providers {
            service.providers = providers;
        }
        if let Some(desired) = update.desired {
            service.desired = desired;
            self.ledger.desired.push((self.now, desired));
        }
        let current = service.deployments.first().map(|d| d.revision.clone());
        let Some(mut revision) = current else {
            return Err(Refusal::new("ServiceNotActiveException", "Service was not ACTIVE."));
        };
        if let Some(definition) = update.definition {
            revision.definition = definition;
        }
        if let Some(subnets) = update.subnets {
            revision.subnets = subnets;
        }
        let same = self
            .ecs
            .service
            .as_ref()
            .and_then(|s| s.deployments.first())
            .is_some_and(|d| d.revision == revision);
        if !same || update.force {
            self.deploy(revision, "ECS deployment in progress.".into());
        } else {
            self.wake_scheduler();
        }
        Ok(())
    }

    /// A new PRIMARY deployment.
    fn deploy(&mut self, revision: Revision, why: String) {
        let mut rng = self.roll("deployment");
        let (now, id) = (self.now, format!("ecs-svc/{}", ids::digits(&mut rng, 19)));
        self.ledger.deployments.push((now, id.clone()));
        let Some(service) = &mut self.ecs.service else { return };
        service.deployments.insert(
            0,
            Deployment {
                id,
                revision,
                rollout: Rollout::InProgress,
                reason: why,
                failed: 0,
                failures_in_a_row: 0,
                hold_until: now,
                created_at: now,
                updated_at: now,
            },
        );
        service.steady = false;
        self.wake_scheduler();
    }

    /// A line in the service's event log.
    fn note_event(&mut self, text: &str) {
        let mut rng = self.roll("service event");
        let (at, id) = (self.now, ids::uuid(&mut rng));
        let Some(service) = &mut self.ecs.service else { return };
        service.events.push_front(ServiceEvent { id, at, message: format!("(service {SERVICE}) {text}") });
        service.events.truncate(EVENTS_KEPT);
    }

    /// The scheduler looks at the service within some seconds; one planned round is enough.
    fn wake_scheduler(&mut self) {
        let soon = self.now + TimeDelta::seconds(5);
        let planned = self.ecs.service.as_ref().and_then(|s| s.next_round);
        if planned.is_some_and(|at| self.now < at && at <= soon) {
            return;
        }
        let mut rng = self.roll("round");
        let at = self.now + super::seeded::seconds(&mut rng, 1.0, 5.0);
        self.wake_scheduler_at(at);
    }

    fn wake_scheduler_at(&mut self, at: DateTime<Utc>) {
        let now = self.now;
        let Some(service) = &mut self.ecs.service else { return };
        if service.next_round.is_none_or(|planned| planned <= now || planned > at) {
            service.next_round = Some(at);
            self.schedule(at, Event::Schedule);
        }
    }

    /// ARN of the cluster's things: `task/…`.
    fn task_arn(&self, id: &str) -> String {
        format!("{}:task/{CLUSTER}/{id}", self.ecs.prefix)
    }
}
