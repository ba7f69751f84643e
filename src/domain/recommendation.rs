//! What should be changed and why: everything an operator needs to judge it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::request::Request;

/// How much it matters. `medium` and `high` make `miharu recommend` exit with 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Cost and sizing advice, or something that cannot be done.
    Low,
    /// Something is not as it should be.
    Medium,
    /// Users are or will soon be affected.
    High,
}

impl Severity {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A number the recommendation rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is: `files`, `CPUUtilization`, …
    pub name: String,
    /// The number, or a word where it is none.
    pub value: serde_json::Value,
    /// Unit, in CloudWatch's words where it has one.
    pub unit: String,
    /// When it was true (the data point's time for CloudWatch values).
    pub at: Option<DateTime<Utc>>,
    /// Which source said it.
    pub source: String,
}

/// What changes, in words or numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Now.
    pub from: serde_json::Value,
    /// After.
    pub to: serde_json::Value,
}

/// What a recommendation wants done; the plan is built from it and the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "intent")]
pub enum Intent {
    /// One more mount target, published, and the service redeployed.
    AddMountTarget {
        /// Zone that gets it.
        zone: String,
        /// Subnet in that zone.
        subnet_id: String,
        /// Groups of the new target; never empty.
        security_groups: Vec<String>,
        /// Whether tasks mount by the list, so that it is to be published and the service redeployed.
        publish: bool,
    },
    /// The list as it should be.
    Publish,
    /// A forced deployment: restart only.
    Redeploy,
    /// Unpublish, redeploy, wait for no old task, delete.
    RemoveMountTarget {
        /// Which.
        mount_target_id: String,
    },
    /// Another desired count.
    Scale {
        /// Tasks.
        desired: u32,
    },
    /// Another minimum and maximum of the scalable target, because AWS overrules the desired count.
    ScaleBounds {
        /// Fewest tasks.
        min: u32,
        /// Most tasks.
        max: u32,
    },
    /// A new task-definition revision of another size.
    ResizeTask {
        /// CPU units.
        cpu: String,
        /// MiB.
        memory: String,
    },
    /// Another throughput mode or provisioned rate.
    Throughput {
        /// `elastic` or `provisioned`.
        mode: String,
        /// MiB/s for `provisioned`.
        provisioned_mibps: Option<f64>,
    },
    /// Files move to Infrequent Access after 30 days and back on first access.
    Lifecycle,
    /// Logs are kept this long.
    LogRetention {
        /// Log group.
        log_group: String,
        /// Days.
        days: u32,
    },
    /// A share of the tasks on Fargate Spot.
    FargateSpot,
    /// Advice that miharu does not carry out.
    Advice,
}

/// One recommendation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// Stable while its cause lasts: `add-mount-target:ap-northeast-1d`.
    pub id: String,
    /// Name of the rule, the id's part before the colon.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// A line: `add a mount target in 1d`.
    pub title: String,
    /// A sentence that carries the numbers.
    pub reason: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What changes; `None` when nothing can be done.
    pub change: Option<Change>,
    /// Exact requests, in order.
    pub requests: Vec<Request>,
    /// What it will and will not do.
    pub effect: String,
    /// What can go wrong.
    pub risk: String,
    /// Dollars a month more (or less, negative); `None` where a price is unknown.
    pub cost_usd_per_month: Option<f64>,
    /// Whether it can be taken back.
    pub reversible: bool,
    /// How it is taken back, in words.
    pub rollback: String,
    /// Names of guardrails that hold it back.
    pub blocked_by: Vec<String>,
    /// Whether auto mode may apply it by itself.
    pub auto_allowed: bool,
    /// What is wanted.
    pub intent: Intent,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Something is to be done, or to be said.
    Act(Vec<Recommendation>),
    /// All is as it should be.
    Fine,
    /// It cannot be told, and why.
    NotEnoughEvidence(String),
}
