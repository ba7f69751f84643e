//! Where facts come from, and how a poll ended.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::facts::Facts;

/// Name of a source, as in `sources[].source` of the JSON contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SourceId(pub &'static str);

impl SourceId {
    /// File system and mount targets.
    pub const EFS: Self = Self("efs");
    /// Service, deployments, tasks.
    pub const ECS: Self = Self("ecs");
    /// The published list.
    pub const SSM: Self = Self("ssm");
    /// Subnets and zones.
    pub const SUBNETS: Self = Self("subnets");
    /// Metrics.
    pub const CLOUDWATCH: Self = Self("cloudwatch");
    /// Alarms.
    pub const ALARMS: Self = Self("alarms");
    /// Caller identity.
    pub const IDENTITY: Self = Self("identity");
    /// Application Auto Scaling.
    pub const AUTOSCALING: Self = Self("autoscaling");
    /// Probe of the mount targets.
    pub const PROBE: Self = Self("probe");
    /// File count.
    pub const FILES: Self = Self("files");
    /// Event log and counters of the impression service.
    pub const IMPRESSIONS: Self = Self("impressions");
    /// The tail of the log groups, which only a console follows.
    pub const LOGS: Self = Self("logs");
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// What kind of failure it was; decides the words and the remedy, never a retry without end of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureClass {
    /// The service asks for fewer calls.
    Throttled,
    /// The identity lacks a permission.
    Denied,
    /// No credentials, or expired or unknown ones.
    Credentials,
    /// No answer within the deadline.
    Timeout,
    /// No connection, or it broke.
    Unreachable,
    /// The named thing does not exist.
    NotFound,
    /// An answer that is not what the protocol says.
    Malformed,
    /// The service failed (5xx).
    Server,
    /// A call that was not read-only was stopped before it left.
    Refused,
    /// Anything else.
    Other,
}

impl FailureClass {
    /// One word for a badge.
    pub fn word(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Denied => "denied",
            Self::Credentials => "credentials",
            Self::Timeout => "no answer",
            Self::Unreachable => "unreachable",
            Self::NotFound => "not found",
            Self::Malformed => "unreadable",
            Self::Server => "server error",
            Self::Refused => "refused",
            Self::Other => "failed",
        }
    }
}

/// A failure in words, with what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Kind.
    pub class: FailureClass,
    /// The IAM action of the call, `ecs:DescribeServices`; `None` when no call was made.
    pub action: Option<String>,
    /// The service's error code.
    pub code: Option<String>,
    /// What happened: a lower-case fragment that can stand after "could not …: ".
    pub text: String,
    /// AWS request id, for a support case.
    pub request_id: Option<String>,
}

impl Failure {
    /// A failure without a call.
    pub fn new(class: FailureClass, text: impl Into<String>) -> Self {
        Self { class, action: None, code: None, text: text.into(), request_id: None }
    }

    /// What the operator can do.
    pub fn remedy(&self) -> String {
        let action = self.action.as_deref().unwrap_or("the call");
        match self.class {
            FailureClass::Throttled => {
                "miharu polls slower until it passes; raise the poll period if it stays".into()
            }
            FailureClass::Denied => format!("allow {action} for this identity"),
            FailureClass::Credentials => {
                "log in again (login in the console's palette, or aws sso login); miharu picks new credentials up by itself".into()
            }
            FailureClass::Timeout => "miharu keeps trying; check network, proxy and endpoint".into(),
            FailureClass::Unreachable => "miharu keeps trying; check network, VPN and endpoint".into(),
            FailureClass::NotFound => "check the name in the configuration (miharu print config)".into(),
            FailureClass::Malformed => {
                "something else answers at this endpoint; check endpoint_url and proxies".into()
            }
            FailureClass::Server => "miharu keeps trying; see the AWS health dashboard if it stays".into(),
            FailureClass::Refused => {
                "miharu runs read-only; start it without --read-only to change something".into()
            }
            FailureClass::Other => "see the error history (!) and the log file".into(),
        }
    }

    /// One line: action, words, code.
    pub fn line(&self) -> String {
        let mut line = String::new();
        if let Some(action) = &self.action {
            line.push_str(action);
            line.push_str(": ");
        }
        line.push_str(&self.text);
        if self.class == FailureClass::Denied
            && let Some(action) = &self.action
        {
            line = format!("{line} (missing IAM action {action})");
        }
        line
    }
}

/// How one poll of one source ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Which source.
    pub source: SourceId,
    /// Start of the poll.
    pub started_at: DateTime<Utc>,
    /// End of the poll: the age of the facts counts from here.
    pub at: DateTime<Utc>,
    /// Milliseconds from start to end, in real time.
    pub took_ms: u64,
    /// Calls that went out, the SDK's own repetitions included.
    pub calls: u32,
    /// What those calls cost in US dollars; `None` where a price is not known.
    pub cost_usd: Option<f64>,
    /// The next poll.
    pub next_at: DateTime<Utc>,
    /// What was read, or why not (not completely).
    pub result: Result<Vec<Facts>, Failure>,
    /// What a poll that failed could read all the same. It is shown, but makes the source no fresher.
    pub partial: Vec<Facts>,
    /// What an optional part of the poll failed with, while the rest succeeded.
    pub warnings: Vec<Failure>,
}
