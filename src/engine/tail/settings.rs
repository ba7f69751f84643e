//! How a tail reads.

use std::time::Duration;

use crate::config::model::Environment;
use crate::domain::source::SourceId;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct TailSettings {
    /// Time between two looks for what is new.
    pub period: Duration,
    /// How far before the newest line is read again each time; grows to twice the delay that is measured,
    /// while that is cheap, and shrinks to that where reading again takes many pages.
    pub overlap: Duration,
    /// The farthest that is read again each time.
    pub lookback_most: Duration,
    /// How far back the first read goes.
    pub lookback: Duration,
    /// Left behind by more than this, the tail first shows what is new and then reads what it left out.
    pub behind: Duration,
    /// Pages after which a read that is behind is left for later.
    pub pages: usize,
    /// Spans that may wait to be read.
    pub spans: usize,
    /// Events whose ids are remembered.
    pub remembered: usize,
    /// A call may take so long.
    pub deadline: Duration,
    /// Time between two looks at the number of lines taken in.
    pub audit: Duration,
    /// Minutes younger than this are not counted yet.
    pub audit_settles: Duration,
    /// A filter pattern of CloudWatch Logs; lost lines are not counted then.
    pub pattern: Option<String>,
    /// Regular expressions of what is taken out of a line beside what is known to be a secret.
    pub secrets: Vec<String>,
}

impl TailSettings {
    /// As an environment wants it.
    pub fn of(environment: &Environment) -> Self {
        let (logs, default) = (&environment.logs, Self::default());
        Self {
            period: environment.every(SourceId::LOGS),
            deadline: environment.deadline(SourceId::LOGS),
            overlap: logs.overlap,
            lookback_most: default.lookback_most.max(logs.overlap),
            lookback: logs.lookback,
            secrets: logs.secrets.clone(),
            ..default
        }
    }
}

impl Default for TailSettings {
    fn default() -> Self {
        Self {
            period: Duration::from_secs(2),
            overlap: Duration::from_secs(60),
            lookback_most: Duration::from_secs(15 * 60),
            lookback: Duration::from_secs(10 * 60),
            behind: Duration::from_secs(5 * 60),
            pages: 10,
            spans: 32,
            remembered: 400_000,
            deadline: Duration::from_secs(15),
            audit: Duration::from_secs(5 * 60),
            audit_settles: Duration::from_secs(3 * 60),
            pattern: None,
            secrets: Vec::new(),
        }
    }
}
