//! A plan: decided completely before anything is done, bound to what it was made from, never changed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::request::{Operation, Request};

/// Until when a step is not over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "until")]
pub enum Until {
    /// The answer is enough.
    Answered,
    /// The mount target made by this step is `available`.
    MountTargetAvailable,
    /// The mount target is gone.
    MountTargetGone {
        /// Which.
        mount_target_id: String,
    },
    /// The PRIMARY deployment is COMPLETED, the service steady, and no task older than the published list runs.
    Converged,
    /// The file system's throughput is as asked.
    ThroughputSet,
}

/// One step: a call and the wait for what it is to bring about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// From 1.
    pub n: u32,
    /// A line.
    pub title: String,
    /// The call.
    pub operation: Operation,
    /// As the operator reads it.
    pub request: Request,
    /// What it waits for.
    pub until: Until,
    /// How long it may take.
    pub deadline: Duration,
}

/// What a plan's requests depend on. A plan whose fingerprint differs at the time of applying is stale.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// `fsmt-… state`, sorted.
    pub mount_targets: Option<Vec<String>>,
    /// Version of the published parameter; 0: it does not exist.
    pub parameter_version: Option<i64>,
    /// Id of the PRIMARY deployment.
    pub primary_deployment: Option<String>,
    /// Desired count.
    pub desired_count: Option<u32>,
    /// Task definition ARN.
    pub task_definition: Option<String>,
    /// `mode provisioned-mibps` of the file system.
    pub throughput: Option<String>,
    /// Minimum and maximum of the scalable target.
    pub scalable: Option<(u32, u32)>,
    /// `TransitionToIA AFTER_30_DAYS`, sorted.
    #[serde(default)]
    pub lifecycle: Option<Vec<String>>,
    /// Log groups of the plan with their retention: `/ecs/x 7 days`.
    #[serde(default)]
    pub log_groups: Option<Vec<String>>,
}

impl Fingerprint {
    /// What differs, a sentence each; empty: the plan still holds. Only what the plan depends on (its `Some`s)
    /// is compared.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        fn one<T: PartialEq>(
            name: &str,
            then: Option<&T>,
            now: Option<&T>,
            word: impl Fn(&T) -> String,
        ) -> Option<String> {
            let then = then?;
            (Some(then) != now).then(|| match now {
                Some(now) => format!("{name} was {}, is {}", word(then), word(now)),
                None => format!("{name} was {}, and cannot be read now", word(then)),
            })
        }
        fn list(values: &[String]) -> String {
            if values.is_empty() { "none".to_owned() } else { values.join(", ") }
        }
        [
            one("set of mount targets", self.mount_targets.as_ref(), now.mount_targets.as_ref(), |v| list(v)),
            one(
                "parameter version",
                self.parameter_version.as_ref(),
                now.parameter_version.as_ref(),
                i64::to_string,
            ),
            one(
                "PRIMARY deployment",
                self.primary_deployment.as_ref(),
                now.primary_deployment.as_ref(),
                String::clone,
            ),
            one("desired count", self.desired_count.as_ref(), now.desired_count.as_ref(), u32::to_string),
            one(
                "task definition",
                self.task_definition.as_ref(),
                now.task_definition.as_ref(),
                String::clone,
            ),
            one("throughput", self.throughput.as_ref(), now.throughput.as_ref(), String::clone),
            one("scalable target", self.scalable.as_ref(), now.scalable.as_ref(), |(min, max)| {
                format!("{min} to {max} tasks")
            }),
            one("lifecycle configuration", self.lifecycle.as_ref(), now.lifecycle.as_ref(), |v| list(v)),
            one("log retention", self.log_groups.as_ref(), now.log_groups.as_ref(), |v| list(v)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Unique: the change's id in the journal.
    pub change: String,
    /// Environment's name.
    pub environment: String,
    /// Recommendation it came from, `add-mount-target:ap-northeast-1d`.
    pub recommendation: String,
    /// Rule.
    pub rule: String,
    /// A line.
    pub title: String,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// What it was made from.
    pub fingerprint: Fingerprint,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Not to be applied after.
    pub expires_at: DateTime<Utc>,
    /// How it would be taken back, decided before it is applied; `None`: it cannot be.
    pub rollback: Option<Vec<Step>>,
    /// For `restart only` changes: it repairs, and there is nothing to return to.
    pub restart_only: bool,
    /// The change that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
}
