//! One environment as it was last seen.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::alarm::{Alarm, AlarmChange};
use super::bench::Measured;
use super::count::{CountSource, Counting, FileCount};
use super::credentials::Credentials;
use super::ecs::{Service, Task};
use super::efs::{FileSystem, LifecyclePolicy, MountTarget};
use super::facts::Facts;
use super::freshness::{Freshness, SourceState};
use super::identity::Identity;
use super::impressions::Impressions;
use super::metric::{MetricKey, MetricSeries};
use super::network::Subnet;
use super::probe::Probe;
use super::published::Published;
use super::scalable::ScalableTarget;
use super::source::{Reading, SourceId};

/// How many file counts are remembered for the trend.
const COUNTS_KEPT: usize = 360;

/// How many changes of alarms are remembered.
const ALARM_CHANGES_KEPT: usize = 400;

/// Everything known of one environment. `None` means "not read yet", never "nothing there".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    /// State of each source that is polled.
    pub sources: BTreeMap<SourceId, SourceState>,
    /// Sources that are not polled, and why.
    pub off: BTreeMap<SourceId, String>,
    /// The caller.
    pub identity: Option<Identity>,
    /// What is known of the credentials that sign the calls.
    pub credentials: Option<Credentials>,
    /// The file system.
    pub file_system: Option<FileSystem>,
    /// Its mount targets, in the order of zones and ids.
    pub mount_targets: Option<Vec<MountTarget>>,
    /// The published list; `Some(None)`: the parameter does not exist.
    pub published: Option<Option<Published>>,
    /// Subnets of the VPC.
    pub subnets: Option<Vec<Subnet>>,
    /// The service.
    pub service: Option<Service>,
    /// Tasks, running ones first, then by creation.
    pub tasks: Option<Vec<Task>>,
    /// Metric series.
    pub metrics: BTreeMap<MetricKey, MetricSeries>,
    /// Alarms, the loud ones first.
    pub alarms: Option<Vec<Alarm>>,
    /// What the alarms did as far as it was seen, the oldest first.
    pub alarm_history: VecDeque<AlarmChange>,
    /// The scalable target; `Some(None)`: the service is not scaled by AWS.
    pub scalable: Option<Option<ScalableTarget>>,
    /// Probe results by mount target.
    pub probes: BTreeMap<String, Probe>,
    /// Security groups by mount target.
    pub security_groups: Option<BTreeMap<String, Vec<String>>>,
    /// The lifecycle configuration.
    pub lifecycle: Option<Vec<LifecyclePolicy>>,
    /// Log groups with their retention in days; `None`: kept for ever.
    pub log_groups: Option<Vec<(String, Option<u32>)>>,
    /// The newest file count.
    pub file_count: Option<FileCount>,
    /// The count under way, as the last poll saw it.
    pub counting: Option<Counting>,
    /// Earlier counts with their time, oldest first, for growth and trend.
    pub count_history: VecDeque<(DateTime<Utc>, u64)>,
    /// Impressions, accepted and recorded. Shared, because its history is long and worlds are copied.
    pub impressions: Arc<Impressions>,
    /// What tests and changes in the journal say about goals.
    pub measured: Measured,
}

impl World {
    /// A world in which the given sources will be polled.
    pub fn new(sources: impl IntoIterator<Item = (SourceId, TimeDelta)>) -> Self {
        Self {
            sources: sources.into_iter().map(|(id, every)| (id, SourceState::new(id, every))).collect(),
            ..Self::default()
        }
    }

    /// Takes in which sources will be polled, with their periods in milliseconds, and which will not, and why.
    pub fn prepare(&mut self, on: &[(SourceId, u64)], off: &[(SourceId, String)]) {
        for (id, every_ms) in on {
            let every = TimeDelta::milliseconds(i64::try_from(*every_ms).unwrap_or(i64::MAX));
            self.sources.entry(*id).or_insert_with(|| SourceState::new(*id, every)).every = every;
            self.off.remove(id);
        }
        self.off.extend(off.iter().cloned());
    }

    /// Takes a reading in. A failed one takes nothing away: what it could read is shown, but its source grows no
    /// fresher. (One poller a source asks one after the other, so no late answer can overwrite a newer one.)
    pub fn merge(&mut self, reading: &Reading) {
        let Some(state) = self.sources.get_mut(&reading.source) else { return };
        state.note(reading);
        for fact in reading.result.as_ref().unwrap_or(&reading.partial) {
            self.learn(fact);
            let service_at = match fact {
                Facts::Recorded(recorded) => recorded.at,
                Facts::Flow(flow) => flow.at,
                _ => continue,
            };
            // Of several in one reading the last one is the newest.
            Arc::make_mut(&mut self.impressions).clocks(service_at, reading.at);
        }
    }

    fn learn(&mut self, fact: &Facts) {
        match fact.clone() {
            Facts::FileSystem(fs) => self.file_system = Some(fs),
            Facts::MountTargets(mut list) => {
                list.sort_by(|a, b| {
                    (&a.availability_zone, &a.mount_target_id)
                        .cmp(&(&b.availability_zone, &b.mount_target_id))
                });
                self.mount_targets = Some(list);
            }
            Facts::Service(service) => self.service = Some(*service),
            Facts::Tasks(mut tasks) => {
                tasks.sort_by(|a, b| {
                    (a.is_stopped(), a.created_at, &a.id).cmp(&(b.is_stopped(), b.created_at, &b.id))
                });
                self.tasks = Some(tasks);
            }
            Facts::Published(published) => self.published = Some(published),
            Facts::Subnets(mut subnets) => {
                subnets.sort_by(|a, b| (&a.availability_zone, &a.id).cmp(&(&b.availability_zone, &b.id)));
                self.subnets = Some(subnets);
            }
            Facts::Metrics(series) => {
                Arc::make_mut(&mut self.impressions).learn_balancer(series.iter());
                self.metrics.extend(series.into_iter().map(|s| (s.key.clone(), s)));
                self.remember_counts_of_metric();
            }
            Facts::Alarms(mut alarms) => {
                alarms.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
                self.remember_alarms(&alarms);
                self.alarms = Some(alarms);
            }
            Facts::Identity(identity) => self.identity = Some(identity),
            Facts::Credentials(credentials) => self.credentials = Some(credentials),
            Facts::Scalable(target) => self.scalable = Some(target),
            Facts::Probes(probes) => {
                self.probes = probes.into_iter().map(|p| (p.mount_target_id.clone(), p)).collect();
            }
            Facts::SecurityGroups(groups) => self.security_groups = Some(groups),
            Facts::Lifecycle(policies) => self.lifecycle = Some(policies),
            Facts::LogGroups(groups) => self.log_groups = Some(groups),
            Facts::Counting(counting) => self.counting = counting,
            Facts::Terms(terms) => Arc::make_mut(&mut self.impressions).agree(terms),
            Facts::Recorded(recorded) => Arc::make_mut(&mut self.impressions).learn_recorded(&recorded),
            Facts::Flow(flow) => Arc::make_mut(&mut self.impressions).learn_flow(&flow),
            Facts::Files(count) => {
                // Two ways of counting differ; their difference is no growth.
                if self.file_count.as_ref().is_some_and(|before| before.source != count.source) {
                    self.count_history.clear();
                }
                self.remember_count(count.at, count.files);
                self.file_count = Some(count);
                self.remember_counts_of_metric();
            }
        }
    }

    /// CloudWatch tells the present state of an alarm alone; what it was before is what was seen before.
    fn remember_alarms(&mut self, alarms: &[Alarm]) {
        for alarm in alarms {
            let Some(at) = alarm.since else { continue };
            let known = self.alarm_history.iter().any(|c| c.at == at && c.name == alarm.name);
            if !known {
                let place = self.alarm_history.partition_point(|c| c.at <= at);
                let (name, reason) = (alarm.name.clone(), alarm.reason.clone());
                self.alarm_history.insert(place, AlarmChange { name, state: alarm.state, at, reason });
            }
        }
        // Each alarm is told again and again with its last change, so those of all alarms have to fit.
        while self.alarm_history.len() > ALARM_CHANGES_KEPT.max(2 * alarms.len()) {
            self.alarm_history.pop_front();
        }
    }

    fn remember_count(&mut self, at: DateTime<Utc>, files: u64) {
        match self.count_history.binary_search_by_key(&at, |(at, _)| *at) {
            Ok(known) => self.count_history[known].1 = files,
            Err(place) => self.count_history.insert(place, (at, files)),
        }
        while self.count_history.len() > COUNTS_KEPT {
            self.count_history.pop_front();
        }
    }

    /// A count that comes from the metric has its past there too.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of files")]
    fn remember_counts_of_metric(&mut self) {
        if self.file_count.as_ref().is_none_or(|c| c.source != CountSource::Cloudwatch) {
            return;
        }
        let series = self
            .metrics
            .values()
            .find(|s| s.key.namespace == "EFSMountAutoscaling" && s.key.name == "FileCount");
        for (at, files) in series.map(|s| s.points.clone()).unwrap_or_default() {
            self.remember_count(at, files.max(0.0).round() as u64);
        }
    }

    /// The published list where it exists, as it stands.
    pub fn published(&self) -> Option<&Published> {
        self.published.as_ref().and_then(Option::as_ref)
    }

    /// Tasks that have not ended.
    pub fn live_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().flatten().filter(|t| !t.is_stopped())
    }

    /// Tasks that have ended and are still listed.
    pub fn stopped_tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().flatten().filter(|t| t.is_stopped())
    }

    /// The series of a metric, whatever its dimensions: an environment has one file system and one service.
    pub fn metric(&self, namespace: &str, name: &str, statistic: &str) -> Option<&MetricSeries> {
        self.metrics
            .values()
            .find(|s| s.key.namespace == namespace && s.key.name == name && s.key.statistic == statistic)
    }

    /// The worst freshness of all polled sources.
    pub fn freshness(&self, now: DateTime<Utc>) -> Freshness {
        self.sources.values().map(|s| s.freshness(now)).max().unwrap_or(Freshness::Never)
    }

    /// Dollars an hour of all sources; `None` while any price is unknown.
    pub fn cost_usd_per_h(&self) -> Option<f64> {
        self.sources.values().map(SourceState::cost_usd_per_h).sum()
    }

    /// Files a minute over the remembered counts of the last ten minutes; `None` with fewer than two.
    pub fn growth_per_min(&self) -> Option<f64> {
        let (last_at, last) = *self.count_history.back()?;
        let from = last_at - TimeDelta::minutes(10);
        let (first_at, first) = *self.count_history.iter().find(|(at, _)| *at >= from)?;
        let minutes = (last_at - first_at).num_milliseconds() as f64 / 60_000.0;
        (minutes > 0.0).then(|| (last as f64 - first as f64) / minutes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::{Failure, FailureClass};

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(s, 0).unwrap()
    }

    fn reading(t: i64, result: Result<Vec<Facts>, Failure>) -> Reading {
        Reading {
            source: SourceId::IDENTITY,
            started_at: at(t),
            at: at(t),
            took_ms: 1,
            calls: 1,
            cost_usd: Some(0.0),
            next_at: at(t + 10),
            result,
            partial: vec![],
            warnings: vec![],
        }
    }

    fn identity(account: &str) -> Vec<Facts> {
        vec![Facts::Identity(Identity { account: account.into(), arn: "a".into(), region: "r".into() })]
    }

    #[test]
    fn a_failed_poll_keeps_value_and_age_and_shows_what_it_could_read() {
        let mut world = World::new([(SourceId::IDENTITY, TimeDelta::seconds(10))]);
        assert_eq!(world.freshness(at(0)), Freshness::Never);
        world.merge(&reading(10, Ok(identity("1"))));
        world.merge(&reading(20, Err(Failure::new(FailureClass::Timeout, "no answer"))));
        let state = &world.sources[&SourceId::IDENTITY];
        assert_eq!((state.at, state.failures), (Some(at(10)), 1));
        assert_eq!(world.identity.as_ref().unwrap().account, "1");
        assert_eq!(world.freshness(at(60)), Freshness::Stale);
        let partly =
            Reading { partial: identity("3"), ..reading(60, Err(Failure::new(FailureClass::Denied, "no"))) };
        world.merge(&partly);
        assert_eq!(world.identity.as_ref().unwrap().account, "3");
        assert_eq!(
            (world.sources[&SourceId::IDENTITY].at, world.freshness(at(60))),
            (Some(at(10)), Freshness::Stale)
        );
        world.merge(&reading(70, Ok(identity("2"))));
        let state = &world.sources[&SourceId::IDENTITY];
        assert_eq!((&state.error, state.failures, state.failing_since), (&None, 0, None));
    }

    #[test]
    fn a_count_of_the_metric_has_its_past_there_and_another_origin_starts_anew() {
        let count = |t, files, source| {
            let (directories, recursive, took_ms) = (None, None, None);
            Facts::Files(FileCount {
                files,
                directories,
                recursive,
                took_ms,
                source,
                at: at(t),
                largest: vec![],
                calls: None,
            })
        };
        let key = MetricKey {
            namespace: "EFSMountAutoscaling".into(),
            name: "FileCount".into(),
            statistic: "Maximum".into(),
            dimensions: BTreeMap::new(),
        };
        let points = vec![(at(0), 10.0), (at(60), 20.0), (at(120), 30.0)];
        let series = MetricSeries { key, unit: "Count".into(), period_s: 60, points };
        let mut world = World::default();
        world.learn(&Facts::Metrics(vec![series]));
        assert!(world.count_history.is_empty(), "nothing says that the count comes from there");
        world.learn(&count(120, 30, CountSource::Cloudwatch));
        assert_eq!(world.count_history, [(at(0), 10), (at(60), 20), (at(120), 30)]);
        assert_eq!(world.growth_per_min(), Some(10.0));
        world.learn(&count(130, 99, CountSource::Path));
        assert_eq!((world.count_history.len(), world.growth_per_min()), (1, None));
    }

    #[test]
    fn growth_is_per_minute_over_ten_minutes() {
        let mut world = World::default();
        assert_eq!(world.growth_per_min(), None);
        for (s, n) in [(0, 0), (600, 1000), (900, 2500), (1200, 3000)] {
            world.count_history.push_back((at(s), n));
        }
        assert_eq!(world.growth_per_min(), Some(200.0));
    }
}
