//! Exact AWS requests of a plan, as values that can be shown, journaled, compared and sent.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use super::render::{capacity_providers, published_text, render};

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

impl Value {
    /// The value, filled from the outputs of the steps before.
    ///
    /// # Errors
    /// The step gave no such output.
    pub fn fill(&self, outputs: &StepOutputs) -> Result<Self, String> {
        match self {
            Self::Known(_) => Ok(self.clone()),
            Self::Born { step, output } => outputs
                .get(step)
                .and_then(|of_step| of_step.get(output))
                .map(|value| Self::Known(value.clone()))
                .ok_or_else(|| format!("step {step} gave no {output}")),
        }
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(value) => Some(value),
            Self::Born { .. } => None,
        }
    }
}

/// What the steps that took effect gave, by step number and name of the output.
pub type StepOutputs = BTreeMap<u32, BTreeMap<String, String>>;

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
    /// One value of a metric without dimensions.
    PutMetricData {
        namespace: String,
        name: String,
        value: f64,
        unit: String,
        at: DateTime<Utc>,
    },
}

impl Operation {
    /// The operation as it is to be sent, with every value born in an earlier step filled in.
    ///
    /// # Errors
    /// A value is not known: the step that gives it has not taken effect, or did not give it.
    pub fn fill(&self, outputs: &StepOutputs) -> Result<Self, String> {
        let mut filled = self.clone();
        match &mut filled {
            Self::PutParameter { entries, .. } => {
                for entry in entries {
                    entry.mount_target_id = entry.mount_target_id.fill(outputs)?;
                    entry.ip_address = entry.ip_address.fill(outputs)?;
                }
            }
            Self::UpdateTaskDefinition { task_definition, .. } => {
                *task_definition = task_definition.fill(outputs)?;
            }
            _ => {}
        }
        Ok(filled)
    }

    /// Service as the `aws` command line names it, and the API's name of the operation.
    pub fn api(&self) -> (&'static str, &'static str) {
        match self {
            Self::CreateMountTarget { .. } => ("efs", "CreateMountTarget"),
            Self::DeleteMountTarget { .. } => ("efs", "DeleteMountTarget"),
            Self::UpdateFileSystem { .. } => ("efs", "UpdateFileSystem"),
            Self::PutLifecycleConfiguration { .. } => ("efs", "PutLifecycleConfiguration"),
            Self::PutParameter { .. } => ("ssm", "PutParameter"),
            Self::ForceNewDeployment { .. }
            | Self::UpdateDesiredCount { .. }
            | Self::UpdateTaskDefinition { .. }
            | Self::UpdateCapacityProviders { .. } => ("ecs", "UpdateService"),
            Self::RegisterTaskDefinition { .. } => ("ecs", "RegisterTaskDefinition"),
            Self::RegisterScalableTarget { .. } => ("application-autoscaling", "RegisterScalableTarget"),
            Self::PutRetentionPolicy { .. } => ("logs", "PutRetentionPolicy"),
            Self::PutMetricData { .. } => ("cloudwatch", "PutMetricData"),
        }
    }
}

/// A call as the JSON contract shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// `efs`, `ecs`, `ssm`, `logs`, `cloudwatch`, `application-autoscaling`.
    pub service: String,
    /// The API's operation.
    pub operation: String,
    /// The request's members, as the API names them; values to be born as `<ip_address of step 1>`.
    pub input: serde_json::Value,
    /// The equivalent `aws` command line, quoted for a POSIX shell.
    pub cli: String,
}
