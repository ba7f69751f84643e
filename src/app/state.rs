//! Everything the program knows.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::log::batch::GroupStatus;
use crate::domain::price::PriceList;
use crate::domain::snapshot::Mode;
use crate::domain::source::{Failure, SourceId};
use crate::domain::world::World;

use super::changes::{Asking, Changes};
use super::event::EnvironmentIndex;
use super::login::Login;

/// Failures kept for the error history.
const FAILURES_KEPT: usize = 500;

/// What of an environment's settings the screens show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentInfo {
    /// Unique name.
    pub name: String,
    /// Configured region; the identity's, once known, is the real one.
    pub region: Option<String>,
    /// Account that is expected.
    pub expected_account: Option<String>,
    /// Mode.
    pub mode: Mode,
    /// Files above which a mount target is to be added.
    pub file_count_threshold: u64,
    /// Cluster and service as configured.
    pub service: Option<(String, String)>,
    /// File system as configured.
    pub file_system: Option<String>,
}

/// One environment with its world. Name and data travel together, so that one can never show over the other's.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvironmentState {
    /// Settings.
    pub info: EnvironmentInfo,
    /// What was seen.
    pub world: World,
    /// What should be, is being and was changed.
    pub changes: Changes,
    /// Which log groups are followed, and how that goes.
    pub logs: Logs,
    /// The sign-in that was asked for last, while it is shown.
    pub login: Option<Login>,
}

/// The log groups that are followed. Their lines are held beside the state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logs {
    /// How the tail of each group is doing.
    pub groups: BTreeMap<Arc<str>, GroupStatus>,
    /// Why no group is followed; `None`: some are, or that is not known yet.
    pub none: Option<String>,
}

/// A run of equal failures of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureEntry {
    /// Environment's name.
    pub environment: String,
    /// Which source; `None` for the program itself.
    pub source: Option<SourceId>,
    /// What.
    pub failure: Failure,
    /// First of the run.
    pub first_at: DateTime<Utc>,
    /// Last of the run.
    pub last_at: DateTime<Utc>,
    /// How many in the run.
    pub times: u32,
    /// When the source recovered; `None` while it has not.
    pub recovered_at: Option<DateTime<Utc>>,
}

/// The state of the program.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Time of the newest event.
    pub now: DateTime<Utc>,
    /// How many times faster than an operator's the time of the events runs; 1 but in a demo.
    pub speed: f64,
    /// All environments; never empty.
    pub environments: Vec<EnvironmentState>,
    /// The one that is shown.
    pub focused: EnvironmentIndex,
    /// No change is possible.
    pub read_only: bool,
    /// The demo's scenario and speed, in words; `None` on a real environment.
    pub demo: Option<String>,
    /// Prices by region; empty: unknown.
    pub prices: Arc<BTreeMap<String, PriceList>>,
    /// Failures, newest run last.
    pub failures: VecDeque<FailureEntry>,
    /// A short line for the operator, and since when.
    pub notice: Option<(DateTime<Utc>, String)>,
    /// What is shown while the display is frozen: the environments as they were, and when.
    pub frozen: Option<Frozen>,
    /// The question that is open.
    pub asking: Option<Asking>,
}

/// The display as it was when it was frozen. Data keeps coming in behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub environments: Vec<EnvironmentState>,
}

impl State {
    /// A state in which nothing has been read.
    pub fn new(environments: Vec<EnvironmentInfo>, now: DateTime<Utc>) -> Self {
        Self {
            now,
            speed: 1.0,
            environments: environments
                .into_iter()
                .map(|info| {
                    let changes = Changes::new(info.mode);
                    EnvironmentState {
                        info,
                        world: World::default(),
                        changes,
                        logs: Logs::default(),
                        login: None,
                    }
                })
                .collect(),
            focused: 0,
            read_only: false,
            demo: None,
            prices: Arc::default(),
            failures: VecDeque::new(),
            notice: None,
            frozen: None,
            asking: None,
        }
    }

    /// The environment to show: the frozen one while frozen.
    pub fn shown(&self) -> &EnvironmentState {
        let list = self.frozen.as_ref().map_or(&self.environments, |f| &f.environments);
        &list[self.focused.min(list.len() - 1)]
    }

    /// The time to show ages against: the time of freezing while frozen.
    pub fn shown_now(&self) -> DateTime<Utc> {
        self.frozen.as_ref().map_or(self.now, |f| f.at)
    }

    /// The time of the events in which `time` passes for the operator.
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds in microseconds, times a thousand")]
    pub fn felt(&self, time: TimeDelta) -> TimeDelta {
        let micros = time.num_microseconds().unwrap_or(i64::MAX) as f64 * self.speed;
        TimeDelta::microseconds(micros as i64)
    }

    pub(super) fn note_failure(
        &mut self,
        environment: EnvironmentIndex,
        source: Option<SourceId>,
        failure: &Failure,
    ) {
        let name = self.environments.get(environment).map_or("", |e| e.info.name.as_str());
        let same = self.failures.iter_mut().rev().find(|f| {
            f.environment == name
                && f.source == source
                && f.recovered_at.is_none()
                && f.failure.class == failure.class
        });
        if let Some(entry) = same {
            entry.last_at = self.now;
            entry.times += 1;
            entry.failure = failure.clone();
            return;
        }
        let entry = FailureEntry {
            environment: name.to_owned(),
            source,
            failure: failure.clone(),
            first_at: self.now,
            last_at: self.now,
            times: 1,
            recovered_at: None,
        };
        if self.failures.len() == FAILURES_KEPT {
            self.failures.pop_front();
        }
        self.failures.push_back(entry);
    }

    /// A source was read; what it still warns of is not over.
    pub(super) fn note_recovery(
        &mut self,
        environment: EnvironmentIndex,
        source: SourceId,
        warnings: &[Failure],
    ) {
        let name = self.environments.get(environment).map_or("", |e| e.info.name.as_str());
        for entry in &mut self.failures {
            let goes_on = warnings.iter().any(|warning| warning.class == entry.failure.class);
            if entry.environment == name && entry.source == Some(source) && !goes_on {
                entry.recovered_at.get_or_insert(self.now);
            }
        }
    }
}
