//! An ECS service, its deployments and its tasks, as ECS names them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How tasks reach the file system (DOMAIN: the published list routes only where tasks mount by list).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountsBy {
    /// Each task mounts every entry of the published list.
    List,
    /// ECS mounts by `efsVolumeConfiguration`, through the target of the task's own zone.
    Volume,
    /// The task definition could not be read.
    #[default]
    Unknown,
}

/// A deployment of the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// `ecs-svc/…`.
    pub id: String,
    /// `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`; `None` where ECS does not tell.
    pub rollout_state: Option<String>,
    /// ECS's explanation of the rollout state.
    pub reason: Option<String>,
    /// Task definition ARN.
    pub task_definition: String,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks on the way to RUNNING.
    pub pending: u32,
    /// Tasks that failed to start.
    pub failed: u32,
    /// Creation.
    pub created_at: Option<DateTime<Utc>>,
    /// Last change.
    pub updated_at: Option<DateTime<Utc>>,
}

/// A line of the service's event log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// Unique id.
    pub id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Text by ECS.
    pub message: String,
}

/// The file service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Cluster name (not ARN).
    pub cluster: String,
    /// Service name.
    pub name: String,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks on the way to RUNNING.
    pub pending: u32,
    /// Task definition ARN.
    pub task_definition: String,
    /// Subnets tasks are placed in.
    pub subnets: Vec<String>,
    /// Target group ARNs of the service's load balancers.
    pub target_groups: Vec<String>,
    /// Deployments, PRIMARY first.
    pub deployments: Vec<Deployment>,
    /// Newest first; ECS keeps 100.
    pub events: Vec<ServiceEvent>,
    /// Whether the deployment circuit breaker is on.
    pub circuit_breaker: bool,
    /// Capacity providers with base and weight; empty: plain launch type.
    pub capacity_providers: Vec<(String, u32, u32)>,
    /// How the task definition mounts the file system.
    pub mounts_by: MountsBy,
    /// CPU units of a task (1024 = one vCPU), from the task definition.
    pub task_cpu: Option<String>,
    /// MiB of a task, from the task definition.
    pub task_memory: Option<String>,
}

impl Service {
    /// The deployment ECS works towards.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|d| d.status == "PRIMARY")
    }

    /// Rollout state of the PRIMARY deployment.
    pub fn rollout_state(&self) -> Option<&str> {
        self.primary().and_then(|d| d.rollout_state.as_deref())
    }

    /// Steady as ECS means it: one deployment, completed, with as many tasks running as desired.
    pub fn steady(&self) -> bool {
        self.deployments.len() == 1
            && self.running == self.desired
            && self.pending == 0
            && self.rollout_state().is_none_or(|s| s == "COMPLETED")
    }
}

/// What of a task definition matters here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskDefinition {
    /// ARN with revision.
    pub arn: String,
    /// File systems mounted by `efsVolumeConfiguration`.
    pub efs_volumes: Vec<String>,
    /// CPU units.
    pub cpu: Option<String>,
    /// Memory in MiB.
    pub memory: Option<String>,
    /// Log groups that its containers write to by the `awslogs` driver.
    #[serde(default)]
    pub log_groups: Vec<String>,
    /// Registration.
    #[serde(default)]
    pub registered_at: Option<DateTime<Utc>>,
}

impl TaskDefinition {
    /// How tasks of this definition mount `file_system`.
    pub fn mounts_by(&self, file_system: &str) -> MountsBy {
        if self.efs_volumes.iter().any(|id| id == file_system) { MountsBy::Volume } else { MountsBy::List }
    }
}

/// A task, running or stopped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Last part of the ARN.
    pub id: String,
    /// Full ARN.
    pub arn: String,
    /// `PROVISIONING`, `PENDING`, `ACTIVATING`, `RUNNING`, … `STOPPED`.
    pub status: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// Zone, where ECS tells it.
    pub availability_zone: Option<String>,
    /// Subnet of the task's network interface.
    pub subnet_id: Option<String>,
    /// Private address.
    pub ip_address: Option<String>,
    /// `startedBy`: the deployment.
    pub deployment_id: Option<String>,
    /// Task definition ARN.
    pub task_definition: Option<String>,
    /// Creation.
    pub created_at: Option<DateTime<Utc>>,
    /// Start of the containers.
    pub started_at: Option<DateTime<Utc>>,
    /// End.
    pub stopped_at: Option<DateTime<Utc>>,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health: Option<String>,
    /// `EssentialContainerExited`, `ServiceSchedulerInitiated`, …
    pub stop_code: Option<String>,
    /// Exit code of the first container that has one.
    pub exit_code: Option<i32>,
    /// ECS's words.
    pub stopped_reason: Option<String>,
    /// CPU units of this task.
    pub cpu: Option<String>,
    /// MiB of this task.
    pub memory: Option<String>,
}

impl Task {
    /// Whether the task has ended or is to end.
    pub fn is_stopped(&self) -> bool {
        self.status == "STOPPED" || self.desired_status == "STOPPED"
    }
}
