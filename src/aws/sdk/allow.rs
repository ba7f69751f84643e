//! The reads miharu may make. One table holds service, operation and IAM action; an interceptor on every client
//! stops everything else before it leaves, and counts what leaves.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::aws::meter;

/// An operation and who allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The SDK's service id: `EFS`, `Application Auto Scaling`, …
    pub service: &'static str,
    /// The operation: `DescribeFileSystems`.
    pub operation: &'static str,
    /// What a policy must allow: `elasticfilesystem:DescribeFileSystems`.
    pub action: &'static str,
}

/// An operation that changes nothing.
pub type Read = Call;

const fn read(service: &'static str, operation: &'static str, action: &'static str) -> Read {
    Read { service, operation, action }
}

/// EFS `DescribeFileSystems`.
pub const FILE_SYSTEMS: Read = read("EFS", "DescribeFileSystems", "elasticfilesystem:DescribeFileSystems");
/// EFS `DescribeMountTargets`.
pub const MOUNT_TARGETS: Read = read("EFS", "DescribeMountTargets", "elasticfilesystem:DescribeMountTargets");
/// EFS `DescribeMountTargetSecurityGroups`.
pub const SECURITY_GROUPS: Read =
    read("EFS", "DescribeMountTargetSecurityGroups", "elasticfilesystem:DescribeMountTargetSecurityGroups");
/// EFS `DescribeLifecycleConfiguration`.
pub const LIFECYCLE: Read =
    read("EFS", "DescribeLifecycleConfiguration", "elasticfilesystem:DescribeLifecycleConfiguration");
/// ECS `DescribeServices`.
pub const SERVICES: Read = read("ECS", "DescribeServices", "ecs:DescribeServices");
/// ECS `ListTasks`.
pub const LIST_TASKS: Read = read("ECS", "ListTasks", "ecs:ListTasks");
/// ECS `DescribeTasks`.
pub const TASKS: Read = read("ECS", "DescribeTasks", "ecs:DescribeTasks");
/// ECS `DescribeTaskDefinition`.
pub const TASK_DEFINITION: Read = read("ECS", "DescribeTaskDefinition", "ecs:DescribeTaskDefinition");
/// SSM `GetParameter`.
pub const PARAMETER: Read = read("SSM", "GetParameter", "ssm:GetParameter");
/// SSM `GetParameterHistory`.
pub const PARAMETER_HISTORY: Read = read("SSM", "GetParameterHistory", "ssm:GetParameterHistory");
/// EC2 `DescribeSubnets`, signed by hand.
pub const SUBNETS: Read = read("EC2", "DescribeSubnets", "ec2:DescribeSubnets");
/// CloudWatch `GetMetricData`.
pub const METRIC_DATA: Read = read("CloudWatch", "GetMetricData", "cloudwatch:GetMetricData");
/// CloudWatch `ListMetrics`.
pub const LIST_METRICS: Read = read("CloudWatch", "ListMetrics", "cloudwatch:ListMetrics");
/// CloudWatch `DescribeAlarms`.
pub const ALARMS: Read = read("CloudWatch", "DescribeAlarms", "cloudwatch:DescribeAlarms");
/// STS `GetCallerIdentity`, which no policy can deny.
pub const CALLER_IDENTITY: Read = read("STS", "GetCallerIdentity", "sts:GetCallerIdentity");
/// Application Auto Scaling `DescribeScalableTargets`.
pub const SCALABLE_TARGETS: Read = read(
    "Application Auto Scaling",
    "DescribeScalableTargets",
    "application-autoscaling:DescribeScalableTargets",
);

/// CloudWatch Logs `DescribeLogGroups`.
pub const LOG_GROUPS: Read = read("CloudWatch Logs", "DescribeLogGroups", "logs:DescribeLogGroups");
/// CloudWatch Logs `FilterLogEvents`.
pub const LOG_EVENTS: Read = read("CloudWatch Logs", "FilterLogEvents", "logs:FilterLogEvents");
/// CloudWatch Logs `StartLiveTail`: a stream of what is taken in.
pub const LIVE_TAIL: Read = read("CloudWatch Logs", "StartLiveTail", "logs:StartLiveTail");

/// Everything that may leave.
pub const READS: &[Read] = &[
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
];

/// IAM Identity Center `RegisterClient`. No policy speaks of these three: they are not signed.
pub const REGISTER_CLIENT: Call = read("SSO OIDC", "RegisterClient", "sso-oauth:RegisterClient");
/// IAM Identity Center `StartDeviceAuthorization`.
pub const START_DEVICE_AUTHORIZATION: Call =
    read("SSO OIDC", "StartDeviceAuthorization", "sso-oauth:StartDeviceAuthorization");
/// IAM Identity Center `CreateToken`.
pub const CREATE_TOKEN: Call = read("SSO OIDC", "CreateToken", "sso-oauth:CreateToken");

/// Everything that may leave to sign a person in. It changes nothing in an account, so it may also where nothing
/// else than reading is allowed; clients of its own send it, and no other ones.
pub const SIGN_INS: &[Call] = &[REGISTER_CLIENT, START_DEVICE_AUTHORIZATION, CREATE_TOKEN];

/// A call that is not on the list of what may leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} {operation} is not on the list of {list}")]
pub struct Refused {
    /// The SDK's service id.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// What the list is of: `reads`.
    pub list: &'static str,
}

/// Lets a call pass that is on a list.
///
/// # Errors
/// It is not.
pub fn check_in(calls: &[Call], list: &'static str, service: &str, operation: &str) -> Result<(), Refused> {
    if calls.iter().any(|c| c.service == service && c.operation == operation) {
        Ok(())
    } else {
        Err(Refused { service: service.to_owned(), operation: operation.to_owned(), list })
    }
}

/// Lets a read pass.
///
/// # Errors
/// The call is not in [`READS`].
pub fn check(service: &str, operation: &str) -> Result<(), Refused> {
    check_in(READS, "reads", service, operation)
}

/// Service and operation of the call that an interceptor sees.
pub(crate) fn named(cfg: &ConfigBag) -> (&str, &str) {
    cfg.load::<Metadata>().map_or(("an unnamed service", "call"), |m| (m.service(), m.name()))
}

/// The interceptor of every client of [`super::SdkAws`]: refuses what is not a read, counts what leaves (repetitions too).
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadsOnly;

impl Intercept for ReadsOnly {
    fn name(&self) -> &'static str {
        "ReadsOnly"
    }

    // The earliest hook that knows the operation.
    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = named(cfg);
        Ok(check(service, operation)?)
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        meter::count_call();
        Ok(())
    }
}

/// The interceptor of the clients that sign a person in: refuses everything else.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignInsOnly;

impl Intercept for SignInsOnly {
    fn name(&self) -> &'static str {
        "SignInsOnly"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) = named(cfg);
        Ok(check_in(SIGN_INS, "sign-ins", service, operation)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_reads_and_names_its_iam_action() {
        for read in READS {
            assert!(
                ["Describe", "Filter", "Get", "List", "StartLiveTail"]
                    .iter()
                    .any(|verb| read.operation.starts_with(verb)),
                "{} does not read",
                read.operation
            );
            let (_, action) = read.action.split_once(':').unwrap();
            assert_eq!(action, read.operation);
            assert_eq!(check(read.service, read.operation), Ok(()));
        }
    }

    #[test]
    fn signing_in_is_apart_from_reading() {
        for call in SIGN_INS {
            assert_eq!(check_in(SIGN_INS, "sign-ins", call.service, call.operation), Ok(()));
            check(call.service, call.operation).unwrap_err();
        }
        for read in READS {
            check_in(SIGN_INS, "sign-ins", read.service, read.operation).unwrap_err();
        }
        // Gives a token for other applications, by signed calls.
        check_in(SIGN_INS, "sign-ins", "SSO OIDC", "CreateTokenWithIAM").unwrap_err();
    }

    #[test]
    fn a_write_is_refused_by_name() {
        let refused = check("ECS", "UpdateService").unwrap_err();
        assert_eq!(refused.to_string(), "ECS UpdateService is not on the list of reads");
        check("EFS", "DescribeServices").unwrap_err();
    }
}
