//! What a source can tell. A source that measures something new adds its variant here and its field in
//! [`World`](super::world::World); a source of plain metrics needs neither, it returns [`Facts::Metrics`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alarm::Alarm;
use super::count::{Counting, FileCount};
use super::credentials::Credentials;
use super::ecs::{Service, Task};
use super::efs::{FileSystem, LifecyclePolicy, MountTarget};
use super::identity::Identity;
use super::impressions::{Flow, Recorded, Terms};
use super::metric::MetricSeries;
use super::network::Subnet;
use super::probe::Probe;
use super::published::Published;
use super::scalable::ScalableTarget;

/// A complete answer to one question; it replaces the answer before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Facts {
    /// The file system.
    FileSystem(FileSystem),
    /// All mount targets of the file system.
    MountTargets(Vec<MountTarget>),
    /// The service with deployments and events.
    Service(Box<Service>),
    /// All tasks, running and stopped.
    Tasks(Vec<Task>),
    /// The published list; `None` when the parameter does not exist.
    Published(Option<Published>),
    /// The subnets of the VPC.
    Subnets(Vec<Subnet>),
    /// Metric series; each replaces the series of the same key.
    Metrics(Vec<MetricSeries>),
    /// All alarms on this environment's resources.
    Alarms(Vec<Alarm>),
    /// The caller.
    Identity(Identity),
    /// What is known of the credentials.
    Credentials(Credentials),
    /// The scalable target; `None` when the service is not under Application Auto Scaling.
    Scalable(Option<ScalableTarget>),
    /// Probe of each mount target with an address.
    Probes(Vec<Probe>),
    /// A file count.
    Files(FileCount),
    /// The count under way; `None`: it has ended.
    Counting(Option<Counting>),
    /// Security groups of the mount targets, by mount target.
    SecurityGroups(BTreeMap<String, Vec<String>>),
    /// The lifecycle configuration of the file system.
    Lifecycle(Vec<LifecyclePolicy>),
    /// Log groups of the environment with their retention in days; `None`: kept for ever.
    LogGroups(Vec<(String, Option<u32>)>),
    /// What the impression service is measured against.
    Terms(Terms),
    /// A reading of the event log.
    Recorded(Box<Recorded>),
    /// Answers of the impression service since the reading before.
    Flow(Box<Flow>),
}
