//! Floor 2: AWS as ports: one trait a service, one method a call and a page, domain types in and out.
//!
//! Two implementations stand behind them: [`sdk`], the real one, and [`crate::simulated`]. One conformance
//! table (`tests/conformance.rs`) holds both to the same behaviour. Only reads are here; what changes
//! something is an actuator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::domain::alarm::Alarm;
use crate::domain::ecs::{Service, Task, TaskDefinition};
use crate::domain::efs::{FileSystem, LifecyclePolicy, MountTarget};
use crate::domain::identity::Identity;
use crate::domain::log::LogEvent;
use crate::domain::metric::MetricKey;
use crate::domain::network::Subnet;
use crate::domain::published::ParameterVersion;
use crate::domain::scalable::ScalableTarget;
use crate::domain::source::Failure;

pub mod meter;
pub mod nfs;
pub mod sdk;
pub mod sign_in;

/// What a call gives. A [`Failure`] carries the IAM action and says what to do.
pub type Answer<T> = Result<T, Failure>;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// Items of this page.
    pub items: Vec<T>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// `ListTasks` takes and gives at most this many, `DescribeTasks` takes at most this many.
pub const TASKS_A_PAGE: usize = 100;
/// `GetMetricData` takes at most this many queries a call.
pub const QUERIES_A_CALL: usize = 500;

/// Reads of Amazon EFS.
#[async_trait]
pub trait Efs: Send + Sync {
    /// `DescribeFileSystems` of one id.
    async fn file_system(&self, id: &str) -> Answer<FileSystem>;
    /// `DescribeMountTargets` of a file system, a page from `marker`.
    async fn mount_targets(&self, file_system: &str, marker: Option<String>) -> Answer<Page<MountTarget>>;
    /// `DescribeMountTargetSecurityGroups`: ids.
    async fn security_groups(&self, mount_target: &str) -> Answer<Vec<String>>;
    /// `DescribeLifecycleConfiguration`; empty where there is none.
    async fn lifecycle(&self, file_system: &str) -> Answer<Vec<LifecyclePolicy>>;
}

/// Which tasks `ListTasks` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesiredStatus {
    /// Tasks that are to run.
    Running,
    /// Tasks that ended within about an hour.
    Stopped,
}

/// Reads of Amazon ECS.
#[async_trait]
pub trait Ecs: Send + Sync {
    /// `DescribeServices` of one service. `mounts_by`, `task_cpu` and `task_memory` are left at their defaults:
    /// they come from the task definition.
    async fn service(&self, cluster: &str, service: &str) -> Answer<Service>;
    /// `ListTasks`: ARNs, at most [`TASKS_A_PAGE`].
    async fn list_tasks(
        &self,
        cluster: &str,
        service: &str,
        status: DesiredStatus,
        token: Option<String>,
    ) -> Answer<Page<String>>;
    /// `DescribeTasks` of at most [`TASKS_A_PAGE`] ARNs. Tasks that are gone are left out.
    async fn describe_tasks(&self, cluster: &str, arns: &[String]) -> Answer<Vec<Task>>;
    /// `DescribeTaskDefinition`.
    async fn task_definition(&self, arn: &str) -> Answer<TaskDefinition>;
}

/// Reads of SSM Parameter Store.
#[async_trait]
pub trait Ssm: Send + Sync {
    /// `GetParameter`.
    async fn parameter(&self, name: &str) -> Answer<ParameterVersion>;
    /// `GetParameterHistory`, oldest first, a page.
    async fn parameter_history(&self, name: &str, token: Option<String>) -> Answer<Page<ParameterVersion>>;
}

/// Which subnets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubnetFilter {
    /// All of a VPC.
    Vpc(String),
    /// These ids.
    Ids(Vec<String>),
}

/// Reads of Amazon EC2.
#[async_trait]
pub trait Ec2: Send + Sync {
    /// `DescribeSubnets`, a page.
    async fn subnets(&self, filter: &SubnetFilter, token: Option<String>) -> Answer<Page<Subnet>>;
}

/// One query of `GetMetricData`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricQuery {
    /// Which metric.
    pub key: MetricKey,
    /// Seconds a point stands for; the window's start is a multiple of it.
    pub period_s: u32,
}

/// Points of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricPoints {
    /// Index into the queries of the call.
    pub query: usize,
    /// Oldest first.
    pub points: Vec<(DateTime<Utc>, f64)>,
}

/// Reads of Amazon CloudWatch.
#[async_trait]
pub trait CloudWatch: Send + Sync {
    /// `GetMetricData` of at most [`QUERIES_A_CALL`] queries over `[from, to)`, a page. One query may come in
    /// parts on several pages.
    async fn metric_data(
        &self,
        queries: &[MetricQuery],
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        token: Option<String>,
    ) -> Answer<Page<MetricPoints>>;
    /// `ListMetrics`: the dimensions under which a metric exists, a page.
    async fn list_metrics(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &BTreeMap<String, String>,
        token: Option<String>,
    ) -> Answer<Page<BTreeMap<String, String>>>;
    /// `DescribeAlarms`, metric alarms of the account, a page.
    async fn alarms(&self, token: Option<String>) -> Answer<Page<Alarm>>;
}

/// Reads of AWS STS.
#[async_trait]
pub trait Sts: Send + Sync {
    /// `GetCallerIdentity`.
    async fn caller_identity(&self) -> Answer<Identity>;
}

/// Reads of Application Auto Scaling.
#[async_trait]
pub trait AutoScaling: Send + Sync {
    /// `DescribeScalableTargets` for the desired count of an ECS service.
    async fn scalable_target(&self, cluster: &str, service: &str) -> Answer<Option<ScalableTarget>>;
}

/// A log group and for how many days it keeps what is logged; `None`: for ever.
pub type LogGroup = (String, Option<u32>);

/// Which log events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// The first instant, to the millisecond.
    pub from: DateTime<Utc>,
    /// The last instant, to the millisecond and included; `None`: no end.
    pub until: Option<DateTime<Utc>>,
    /// A filter pattern of CloudWatch Logs, such as `"a phrase in double quotes"`; `None`: all.
    pub pattern: Option<String>,
}

/// Log groups that one session of Live Tail may follow.
pub const LIVE_GROUPS: usize = 10;
/// A session of Live Tail ends by itself after three hours.
pub const LIVE_SESSION: Duration = Duration::from_secs(3 * 3600);

/// What a session of Live Tail tells about once a second.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveUpdate {
    /// Events that were taken in. They have no id: it is empty.
    pub events: Vec<LogEvent>,
    /// There were more than fit; these are a sample.
    pub sampled: bool,
}

/// A session of Live Tail. It costs money by the minute until it is dropped.
#[async_trait]
pub trait LiveTail: Send {
    /// The next update; `None`: the session has ended.
    ///
    /// # Errors
    /// The session broke.
    async fn next(&mut self) -> Answer<Option<LiveUpdate>>;
}

/// Reads of Amazon CloudWatch Logs.
#[async_trait]
pub trait Logs: Send + Sync {
    /// `DescribeLogGroups`: those whose name begins with `prefix`, a page.
    async fn log_groups(&self, prefix: &str, token: Option<String>) -> Answer<Page<LogGroup>>;
    /// `FilterLogEvents` of one group, from all its streams, oldest first, a page. A page may be empty and not
    /// be the last one: only a missing `next` is the end.
    async fn events(&self, group: &str, query: &EventQuery, token: Option<String>) -> Answer<Page<LogEvent>>;
    /// `StartLiveTail` of at most [`LIVE_GROUPS`] groups: what is taken in from now on.
    async fn live_tail(&self, groups: &[Arc<str>]) -> Answer<Box<dyn LiveTail + '_>>;
}

/// All of AWS that miharu reads.
pub trait Aws: Efs + Ecs + Ssm + Ec2 + CloudWatch + Sts + AutoScaling + Logs {}
impl<T: Efs + Ecs + Ssm + Ec2 + CloudWatch + Sts + AutoScaling + Logs> Aws for T {}

/// The NFS NULL call on a mount target; its own port, because a simulated target has no address to dial.
#[async_trait]
pub trait Nfs: Send + Sync {
    /// Milliseconds from connect to the answer.
    ///
    /// # Errors
    /// Why there was no answer, in words.
    async fn null_call(&self, ip_address: &str) -> Result<f64, String>;
}

/// The outside world of one environment.
#[derive(Clone)]
pub struct Outside {
    /// AWS.
    pub aws: Arc<dyn Aws>,
    /// Mount targets as NFS servers.
    pub nfs: Arc<dyn Nfs>,
    /// Where the credentials of its calls come from.
    pub sign_in: Arc<dyn sign_in::SignIn>,
}

/// Collects all pages of a list. `limit` pages at most: a server that repeats its token must not hold a poll.
pub async fn all_pages<T, F, Fut>(limit: usize, mut call: F) -> Answer<Vec<T>>
where
    F: FnMut(Option<String>) -> Fut,
    Fut: Future<Output = Answer<Page<T>>>,
{
    use crate::domain::source::FailureClass;
    let mut items = Vec::new();
    let mut token = None;
    for _ in 0..limit {
        let page = call(token.clone()).await?;
        items.extend(page.items);
        if page.next.is_none() {
            return Ok(items);
        }
        if page.next == token {
            return Err(Failure::new(FailureClass::Malformed, "the same page was given twice"));
        }
        token = page.next;
    }
    Err(Failure::new(FailureClass::Malformed, format!("the list did not end after {limit} pages")))
}
