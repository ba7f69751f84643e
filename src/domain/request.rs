//! Exact AWS requests of a plan, as values that can be shown, journaled, compared and sent.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value that is known now, or that an earlier step will give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Known.
    Known(String),
    /// Born in a step.
    Born {
        /// The step's number, from 1.
        step: u32,
        /// Name of its output: `mount_target_id`, `ip_address`, `task_definition_arn`.
        output: String,
    },
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(value) => f.write_str(value),
            Self::Born { step, output } => write!(f, "<{output} of step {step}>"),
        }
    }
}

/// An entry of the list to be published, whose values may still have to be born.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in PublishedTarget")]
pub struct ListEntry {
    pub mount_target_id: Value,
    pub ip_address: Value,
    pub availability_zone: String,
    pub subnet_id: String,
}

/// One call that changes something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation")]
#[expect(missing_docs, reason = "field names are those of the AWS API")]
pub enum Operation {
    CreateMountTarget {
        file_system_id: String,
        subnet_id: String,
        security_groups: Vec<String>,
    },
    DeleteMountTarget {
        mount_target_id: String,
    },
    /// Publishes the list; `text` instead of `entries` restores an earlier value byte for byte.
    PutParameter {
        name: String,
        entries: Vec<ListEntry>,
        text: Option<String>,
    },
    /// A forced deployment with nothing else changed.
    ForceNewDeployment {
        cluster: String,
        service: String,
    },
    UpdateDesiredCount {
        cluster: String,
        service: String,
        desired_count: u32,
    },
    UpdateTaskDefinition {
        cluster: String,
        service: String,
        task_definition: Value,
    },
    /// A new revision of `from` with another size.
    RegisterTaskDefinition {
        from: String,
        cpu: String,
        memory: String,
    },
    UpdateCapacityProviders {
        cluster: String,
        service: String,
        fargate_base: u32,
        spot_weight: u32,
    },
    RegisterScalableTarget {
        cluster: String,
        service: String,
        min_capacity: u32,
        max_capacity: u32,
    },
    UpdateFileSystem {
        file_system_id: String,
        throughput_mode: String,
        provisioned_mibps: Option<f64>,
    },
    /// Replaces the whole configuration; `policies` is the merged one, each with one `Transition…` key.
    PutLifecycleConfiguration {
        file_system_id: String,
        policies: Vec<(String, String)>,
    },
    PutRetentionPolicy {
        log_group: String,
        days: u32,
    },
}

/// A call as the JSON contract shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `efs`, `ecs`, `ssm`, `logs`, `application-autoscaling`.
    pub service: String,
    /// The API's operation.
    pub operation: String,
    /// The request's members, as the API names them; values to be born as `<ip_address of step 1>`.
    pub input: serde_json::Value,
    /// The equivalent `aws` command line, quoted for a POSIX shell.
    pub cli: String,
}
