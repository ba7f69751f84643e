//! What every call has in common: it takes a little, it is metered, a fault can hit it, and it is repeated as
//! the AWS SDK repeats calls.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::aws::{Answer, meter};
use crate::domain::log::LogEvent;
use crate::domain::source::{Failure, FailureClass};
use crate::simulated::Simulated;
use crate::simulated::scenario::FaultKind;
use crate::simulated::seeded::{dice, fraction};
use crate::simulated::world::World;

/// An operation and the service that IAM names it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulated) struct Operation {
    /// `elasticfilesystem`, `ecs`, …
    pub(in crate::simulated) service: &'static str,
    /// `DescribeMountTargets`, …
    pub(in crate::simulated) name: &'static str,
}

const fn operation(service: &'static str, name: &'static str) -> Operation {
    Operation { service, name }
}

pub(super) const FILE_SYSTEMS: Operation = operation("elasticfilesystem", "DescribeFileSystems");
pub(super) const MOUNT_TARGETS: Operation = operation("elasticfilesystem", "DescribeMountTargets");
pub(super) const SECURITY_GROUPS: Operation =
    operation("elasticfilesystem", "DescribeMountTargetSecurityGroups");
pub(super) const LIFECYCLE: Operation = operation("elasticfilesystem", "DescribeLifecycleConfiguration");
pub(super) const SERVICES: Operation = operation("ecs", "DescribeServices");
pub(super) const LIST_TASKS: Operation = operation("ecs", "ListTasks");
pub(super) const TASKS: Operation = operation("ecs", "DescribeTasks");
pub(super) const TASK_DEFINITION: Operation = operation("ecs", "DescribeTaskDefinition");
pub(super) const PARAMETER: Operation = operation("ssm", "GetParameter");
pub(super) const PARAMETER_HISTORY: Operation = operation("ssm", "GetParameterHistory");
pub(super) const SUBNETS: Operation = operation("ec2", "DescribeSubnets");
pub(super) const METRIC_DATA: Operation = operation("cloudwatch", "GetMetricData");
pub(super) const LIST_METRICS: Operation = operation("cloudwatch", "ListMetrics");
pub(super) const ALARMS: Operation = operation("cloudwatch", "DescribeAlarms");
pub(super) const CALLER_IDENTITY: Operation = operation("sts", "GetCallerIdentity");
pub(super) const SCALABLE_TARGETS: Operation =
    operation("application-autoscaling", "DescribeScalableTargets");

pub(super) const LOG_GROUPS: Operation = operation("logs", "DescribeLogGroups");
pub(super) const LOG_EVENTS: Operation = operation("logs", "FilterLogEvents");
pub(super) const LIVE_TAIL: Operation = operation("logs", "StartLiveTail");

/// The calls that change something.
pub(in crate::simulated) const CREATE_MOUNT_TARGET: Operation =
    operation("elasticfilesystem", "CreateMountTarget");
pub(in crate::simulated) const DELETE_MOUNT_TARGET: Operation =
    operation("elasticfilesystem", "DeleteMountTarget");
pub(in crate::simulated) const UPDATE_FILE_SYSTEM: Operation =
    operation("elasticfilesystem", "UpdateFileSystem");
pub(in crate::simulated) const PUT_LIFECYCLE: Operation =
    operation("elasticfilesystem", "PutLifecycleConfiguration");
pub(in crate::simulated) const PUT_PARAMETER: Operation = operation("ssm", "PutParameter");
pub(in crate::simulated) const UPDATE_SERVICE: Operation = operation("ecs", "UpdateService");
pub(in crate::simulated) const REGISTER_TASK_DEFINITION: Operation =
    operation("ecs", "RegisterTaskDefinition");
pub(in crate::simulated) const REGISTER_SCALABLE_TARGET: Operation =
    operation("application-autoscaling", "RegisterScalableTarget");
pub(in crate::simulated) const PUT_RETENTION: Operation = operation("logs", "PutRetentionPolicy");
pub(in crate::simulated) const PUT_METRIC_DATA: Operation = operation("cloudwatch", "PutMetricData");

/// Every operation that a fault can name.
pub(in crate::simulated) const OPERATIONS: [Operation; 29] = [
    FILE_SYSTEMS,
    MOUNT_TARGETS,
    SECURITY_GROUPS,
    LIFECYCLE,
    SERVICES,
    LIST_TASKS,
    TASKS,
    TASK_DEFINITION,
    PARAMETER,
    PARAMETER_HISTORY,
    SUBNETS,
    METRIC_DATA,
    LIST_METRICS,
    ALARMS,
    CALLER_IDENTITY,
    SCALABLE_TARGETS,
    LOG_GROUPS,
    LOG_EVENTS,
    LIVE_TAIL,
    CREATE_MOUNT_TARGET,
    DELETE_MOUNT_TARGET,
    UPDATE_FILE_SYSTEM,
    PUT_LIFECYCLE,
    PUT_PARAMETER,
    UPDATE_SERVICE,
    REGISTER_TASK_DEFINITION,
    REGISTER_SCALABLE_TARGET,
    PUT_RETENTION,
    PUT_METRIC_DATA,
];

/// Requests for one call, the wait before the first repetition (it doubles), the time for one request and for
/// all: as the real clients have them.
const ATTEMPTS: u32 = 3;
const BACK_OFF: Duration = Duration::from_millis(200);
const ATTEMPT: Duration = Duration::from_secs(5);
const OVERALL: Duration = Duration::from_secs(10);

impl Operation {
    fn action(self) -> String {
        format!("{}:{}", self.service, self.name)
    }

    /// A failure of this operation.
    pub(in crate::simulated) fn failure(
        self,
        class: FailureClass,
        code: Option<&str>,
        text: impl Into<String>,
    ) -> Failure {
        Failure { action: Some(self.action()), code: code.map(str::to_owned), ..Failure::new(class, text) }
    }

    /// The named thing does not exist; `message` as AWS words it.
    pub(in crate::simulated) fn not_found(self, code: &str, message: &str) -> Failure {
        let text = if message.is_empty() { code.to_owned() } else { format!("{message} ({code})") };
        self.failure(FailureClass::NotFound, Some(code), text)
    }

    /// The request is not one that AWS takes.
    pub(in crate::simulated) fn invalid(self, code: &str, message: &str) -> Failure {
        self.failure(FailureClass::Other, Some(code), format!("{code}: {message}"))
    }

    pub(in crate::simulated) fn struck(self, kind: FaultKind, region: &str) -> Failure {
        let ec2 = self.service == "ec2";
        match kind {
            FaultKind::Throttled => {
                let code = if ec2 { "RequestLimitExceeded" } else { "ThrottlingException" };
                self.failure(FailureClass::Throttled, Some(code), format!("rate exceeded ({code})"))
            }
            FaultKind::Denied => {
                let code = if ec2 { "UnauthorizedOperation" } else { "AccessDeniedException" };
                self.failure(FailureClass::Denied, Some(code), format!("access denied ({code})"))
            }
            FaultKind::ExpiredCredentials => {
                let code = "ExpiredTokenException";
                let text = format!("the security token is expired ({code})");
                self.failure(FailureClass::Credentials, Some(code), text)
            }
            FaultKind::ServerError => {
                let code = "InternalFailure";
                let text = format!("the service failed with status 500 ({code})");
                self.failure(FailureClass::Server, Some(code), text)
            }
            FaultKind::Garbage => {
                self.failure(FailureClass::Malformed, None, "the answer is a web page (status 200)")
            }
            FaultKind::Unreachable => {
                let host = self.host_in(region);
                self.failure(FailureClass::Unreachable, None, format!("connection refused by {host}"))
            }
            FaultKind::Hang { .. } => self.no_answer(ATTEMPT),
        }
    }

    /// The service's host name.
    pub(in crate::simulated) fn host_in(self, region: &str) -> String {
        format!("{}.{region}.amazonaws.com", self.host())
    }

    fn no_answer(self, within: Duration) -> Failure {
        self.failure(FailureClass::Timeout, None, format!("no answer within {} s", within.as_secs()))
    }

    /// The first part of the service's host name.
    fn host(self) -> &'static str {
        match self.service {
            "cloudwatch" => "monitoring",
            service => service,
        }
    }
}

/// Whether the SDK repeats a call that failed so.
fn passes(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Throttled | FailureClass::Server | FailureClass::Unreachable | FailureClass::Timeout
    )
}

impl Simulated {
    /// Makes a call: it takes 20 to 80 ms of real time, and `answer` sees the world at its end.
    pub(super) async fn call<T>(
        &self,
        operation: Operation,
        answer: impl Fn(&World) -> Answer<T> + Send,
    ) -> Answer<T>
    where
        T: Send,
    {
        let all = self.attempts(operation, answer);
        tokio::time::timeout(OVERALL, all).await.unwrap_or_else(|_| Err(operation.no_answer(OVERALL)))
    }

    async fn attempts<T>(
        &self,
        operation: Operation,
        answer: impl Fn(&World) -> Answer<T> + Send,
    ) -> Answer<T>
    where
        T: Send,
    {
        let mut wait = BACK_OFF;
        for attempt in 1.. {
            match self.attempt(operation, &answer).await {
                Err(failure) if attempt < ATTEMPTS && passes(failure.class) => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                result => return result,
            }
        }
        Err(Failure::new(FailureClass::Other, "not reached: the last attempt returns"))
    }

    /// A look at the stream of lines that an earlier call has opened: nobody repeats what fails here.
    pub(super) fn streamed(
        &self,
        operation: Operation,
        groups: &[Arc<str>],
        after: DateTime<Utc>,
    ) -> Answer<(DateTime<Utc>, Vec<LogEvent>)> {
        let strike = self.world(|world| world.faults.strike(self.seed, operation, world.now));
        if let Some(kind) = strike {
            let instant = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
            return Err(self.refused(operation, kind, instant));
        }
        Ok(self.world(|world| (world.now, world.taken_in(groups, after))))
    }

    async fn attempt<T>(&self, operation: Operation, answer: impl Fn(&World) -> Answer<T>) -> Answer<T> {
        meter::count_call();
        let now = self.clock.now();
        let instant = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        let share = fraction(self.seed, operation.name, instant);
        tokio::time::sleep(Duration::from_secs_f64(0.020 + 0.060 * share)).await;
        let strike = self.world(|world| world.faults.strike(self.seed, operation, world.now));
        match strike {
            Some(FaultKind::Hang { answer_after }) => {
                let late = answer_after.to_std().unwrap_or(ATTEMPT);
                tokio::time::sleep(late.min(ATTEMPT)).await;
                if late >= ATTEMPT {
                    return Err(self.refused(operation, FaultKind::Hang { answer_after }, instant));
                }
            }
            Some(kind) => return Err(self.refused(operation, kind, instant)),
            None => {}
        }
        self.world(|world| answer(world)).map_err(|failure| self.with_id(operation, failure, instant))
    }

    fn refused(&self, operation: Operation, kind: FaultKind, instant: u64) -> Failure {
        let failure = operation.struck(kind, &self.world(|w| w.region.clone()));
        match kind {
            // Nobody answered, so there is no id.
            FaultKind::Hang { .. } | FaultKind::Unreachable | FaultKind::Garbage => failure,
            _ => self.with_id(operation, failure, instant),
        }
    }

    /// The request id that a service gives with its refusal.
    fn with_id(&self, operation: Operation, failure: Failure, instant: u64) -> Failure {
        let id = crate::simulated::ids::uuid(&mut dice(self.seed, &operation.action(), instant));
        Failure { request_id: Some(id), ..failure }
    }
}
