//! The calls an actuator may make. Everything else is stopped before it leaves, whatever the code asks for.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::aws::meter;
use crate::aws::sdk::allow::{Call, Refused, TASK_DEFINITION, check_in, named};

const fn write(service: &'static str, operation: &'static str, action: &'static str) -> Call {
    Call { service, operation, action }
}

/// EFS `CreateMountTarget`. AWS asks for `ec2:CreateNetworkInterface`, `ec2:DescribeNetworkInterfaces` and
/// `ec2:DescribeSubnets` besides.
pub const CREATE_MOUNT_TARGET: Call =
    write("EFS", "CreateMountTarget", "elasticfilesystem:CreateMountTarget");
/// EFS `DeleteMountTarget`. AWS asks for `ec2:DeleteNetworkInterface` besides.
pub const DELETE_MOUNT_TARGET: Call =
    write("EFS", "DeleteMountTarget", "elasticfilesystem:DeleteMountTarget");
/// EFS `UpdateFileSystem`.
pub const UPDATE_FILE_SYSTEM: Call = write("EFS", "UpdateFileSystem", "elasticfilesystem:UpdateFileSystem");
/// EFS `PutLifecycleConfiguration`.
pub const PUT_LIFECYCLE: Call =
    write("EFS", "PutLifecycleConfiguration", "elasticfilesystem:PutLifecycleConfiguration");
/// SSM `PutParameter`.
pub const PUT_PARAMETER: Call = write("SSM", "PutParameter", "ssm:PutParameter");
/// ECS `UpdateService`.
pub const UPDATE_SERVICE: Call = write("ECS", "UpdateService", "ecs:UpdateService");
/// ECS `RegisterTaskDefinition`. AWS asks for `iam:PassRole` on the roles of the definition besides.
pub const REGISTER_TASK_DEFINITION: Call =
    write("ECS", "RegisterTaskDefinition", "ecs:RegisterTaskDefinition");
/// Application Auto Scaling `RegisterScalableTarget`.
pub const REGISTER_SCALABLE_TARGET: Call = write(
    "Application Auto Scaling",
    "RegisterScalableTarget",
    "application-autoscaling:RegisterScalableTarget",
);
/// CloudWatch Logs `PutRetentionPolicy`.
pub const PUT_RETENTION: Call = write("CloudWatch Logs", "PutRetentionPolicy", "logs:PutRetentionPolicy");
/// CloudWatch `PutMetricData`.
pub const PUT_METRIC_DATA: Call = write("CloudWatch", "PutMetricData", "cloudwatch:PutMetricData");

/// Everything that changes something and may leave.
pub const WRITES: &[Call] = &[
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

/// The one read without which a task definition cannot be copied; besides [`WRITES`] it may leave.
const READ: Call = TASK_DEFINITION;

/// Lets a call of an actuator pass.
///
/// # Errors
/// It is neither in [`WRITES`] nor [`READ`].
fn check(service: &str, operation: &str) -> Result<(), Refused> {
    let write = check_in(WRITES, "changes", service, operation);
    write.or_else(|refused| check_in(&[READ], "changes", service, operation).map_err(|_| refused))
}

/// The interceptor of every client of an actuator: lets pass what is listed, counts what leaves, takes no answer
/// of a proxy for one of AWS.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListedOnly;

impl Intercept for ListedOnly {
    fn name(&self) -> &'static str {
        "ListedOnly"
    }

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

    // An answer of which nothing is read would pass for success whoever gave it.
    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let kind = headers.get("content-type").unwrap_or_default();
        let empty = headers.get("content-length") == Some("0");
        if !empty && kind.to_ascii_lowercase().starts_with("text/html") {
            return Err("it is a web page".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::sdk::allow::READS;

    #[test]
    fn reads_and_writes_are_different_lists_but_for_the_definition() {
        assert!(WRITES.iter().all(|w| !READS.contains(w) && check(w.service, w.operation).is_ok()));
        let reads: Vec<_> = READS.iter().filter(|r| check(r.service, r.operation).is_ok()).collect();
        assert_eq!(reads, [&TASK_DEFINITION]);
        for write in WRITES {
            assert_eq!(write.action.split_once(':').unwrap().1, write.operation);
        }
        let refused = check("EFS", "DeleteFileSystem").unwrap_err();
        assert_eq!(refused.to_string(), "EFS DeleteFileSystem is not on the list of changes");
    }
}
