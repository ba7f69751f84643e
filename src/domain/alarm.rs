//! CloudWatch alarms.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// State of an alarm, in CloudWatch's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AlarmState {
    /// The threshold is crossed.
    #[serde(rename = "ALARM")]
    Alarm,
    /// CloudWatch has too few data points to tell.
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
    /// Inside the threshold.
    #[serde(rename = "OK")]
    Ok,
}

impl AlarmState {
    /// The word CloudWatch uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::Ok => "OK",
        }
    }
}

/// An alarm entered a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmChange {
    /// The alarm's name.
    pub name: String,
    /// The state.
    pub state: AlarmState,
    /// When.
    pub at: DateTime<Utc>,
    /// CloudWatch's explanation.
    pub reason: String,
}

/// One alarm with the metric dimensions it watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Name, unique in account and region.
    pub name: String,
    /// Present state.
    pub state: AlarmState,
    /// When it entered that state.
    pub since: Option<DateTime<Utc>>,
    /// CloudWatch's explanation of the state.
    pub reason: String,
    /// One map for each metric the alarm watches (metric math has several).
    pub dimensions: Vec<BTreeMap<String, String>>,
}
