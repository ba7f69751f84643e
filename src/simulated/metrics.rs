//! CloudWatch metrics: what follows from the minutes that have passed. Nothing here can be set.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::activity::Minute;
use super::runner::Served;
use super::world::{Refusal, World};
use super::{BALANCER, CLUSTER, GROUP, LAMBDA, SERVICE, function};
use crate::domain::metric::MetricKey;

/// What CloudWatch keeps of a metric for a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stat {
    sum: f64,
    n: f64,
    min: f64,
    max: f64,
}

impl Stat {
    /// One sample.
    fn one(value: f64) -> Self {
        Self { sum: value, n: 1.0, min: value, max: value }
    }

    /// The bytes of `n` operations.
    fn bytes(bytes: f64, n: f64) -> Self {
        let mean = if n > 0.0 { bytes / n } else { 0.0 };
        Self { sum: bytes.round(), n: n.round(), min: mean.min(512.0).round(), max: mean.max(4096.0).round() }
    }

    /// `n` samples around a mean.
    fn around(mean: f64, n: f64, spread: f64) -> Option<Self> {
        let (n, mean) = (n.round(), hundredths(mean));
        (n > 0.0).then(|| Self {
            sum: mean * n,
            n,
            min: mean * (1.0 - spread),
            max: (mean * (1.0 + spread)).min(100.0),
        })
    }

    fn join(self, other: Self) -> Self {
        Self {
            sum: self.sum + other.sum,
            n: self.n + other.n,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// The value of a statistic; `None` for one that CloudWatch does not know, or without samples.
    fn value(&self, statistic: &str) -> Option<f64> {
        let mean = (self.n > 0.0).then(|| settled(self.sum / self.n));
        match statistic {
            "Sum" => Some(self.sum),
            "SampleCount" => Some(self.n),
            "Average" => mean,
            "Minimum" => Some(self.min),
            "Maximum" => Some(self.max),
            other => {
                let p: f64 = other.strip_prefix('p')?.parse().ok()?;
                let (mean, share) = (mean?, (p / 100.0).clamp(0.0, 1.0));
                // The samples lie in a triangle around the mean.
                Some(if share < 0.5 {
                    self.min + (mean - self.min) * share * 2.0
                } else {
                    mean + (self.max - mean) * (share * 2.0 - 1.0)
                })
            }
        }
    }
}

/// Which dimensions a metric has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimensions {
    None,
    FileSystem,
    Storage(&'static str),
    Service,
    Lambda,
    /// The load balancer alone.
    Balancer,
    /// The load balancer and its target group.
    Group,
}

/// A metric of the world.
struct Metric {
    namespace: &'static str,
    name: &'static str,
    dimensions: Dimensions,
    /// Seconds from the beginning of its minute until it can be read.
    visible_after: i64,
    value: fn(&World, &Minute) -> Option<Stat>,
}

/// A minute for the period itself, a minute late.
const LATE: i64 = 120;

const fn efs(name: &'static str, value: fn(&World, &Minute) -> Option<Stat>) -> Metric {
    Metric { namespace: "AWS/EFS", name, dimensions: Dimensions::FileSystem, visible_after: LATE, value }
}

const fn storage(class: &'static str, value: fn(&World, &Minute) -> Option<Stat>) -> Metric {
    let dimensions = Dimensions::Storage(class);
    Metric { namespace: "AWS/EFS", name: "StorageBytes", dimensions, visible_after: LATE, value }
}

const fn ecs(name: &'static str, value: fn(&World, &Minute) -> Option<Stat>) -> Metric {
    Metric { namespace: "AWS/ECS", name, dimensions: Dimensions::Service, visible_after: LATE, value }
}

const fn lambda(name: &'static str, value: fn(&World, &Minute) -> Option<Stat>) -> Metric {
    Metric { namespace: "AWS/Lambda", name, dimensions: Dimensions::Lambda, visible_after: LATE, value }
}

/// What the balancer saw; nothing where nothing came.
const fn elb(name: &'static str, value: fn(&World, &Minute) -> Option<Stat>) -> Metric {
    let dimensions = Dimensions::Group;
    Metric { namespace: "AWS/ApplicationELB", name, dimensions, visible_after: LATE, value }
}

/// A count of each request; one point a minute with traffic.
fn requests(minute: &Minute, value: fn(&Served) -> f64) -> Option<Stat> {
    let n = value(minute.served.as_ref()?);
    (n > 0.0).then_some(Stat { sum: n, n, min: 1.0, max: 1.0 })
}

static METRICS: &[Metric] = &[
    efs("ClientConnections", |_, m| Some(Stat::one(m.mean(m.connections).round()))),
    efs("DataReadIOBytes", |_, m| {
        let io = m.io(m.wobble.io);
        Some(Stat::bytes(io.read_bytes, io.reads))
    }),
    efs("DataWriteIOBytes", |_, m| {
        let io = m.io(m.wobble.io);
        Some(Stat::bytes(io.write_bytes, io.writes))
    }),
    efs("MetadataIOBytes", |_, m| {
        let io = m.io(m.wobble.io);
        Some(Stat::bytes(io.metadata_bytes, io.metadata))
    }),
    efs("TotalIOBytes", |_, m| {
        let io = m.io(m.wobble.io);
        Some(Stat::bytes(io.total_bytes(), io.reads + io.writes + io.metadata))
    }),
    efs("MeteredIOBytes", |_, m| {
        let io = m.io(m.wobble.io);
        Some(Stat::bytes(io.metered_bytes(), io.reads + io.writes + io.metadata))
    }),
    efs("PercentIOLimit", |w, m| Some(Stat::one(hundredths(w.percent_io_limit(m))))),
    efs("BurstCreditBalance", |w, m| {
        (w.settings.throughput_mode == "bursting").then(|| Stat::one(m.credits.round()))
    }),
    efs("PermittedThroughput", |w, m| Some(Stat::one(w.permitted_throughput(m.credits, m.size_bytes)))),
    storage("Total", |_, m| quarter(m).then(|| Stat::one(m.size_bytes.round()))),
    storage("Standard", |_, m| quarter(m).then(|| Stat::one(m.size_bytes.round()))),
    storage("IA", |_, m| quarter(m).then(|| Stat::one(0.0))),
    elb("RequestCount", |_, m| requests(m, |s| s.requests)),
    elb("HTTPCode_Target_2XX_Count", |_, m| requests(m, |s| s.succeeded)),
    elb("HTTPCode_Target_5XX_Count", |_, m| requests(m, |s| s.target_errors)),
    elb("TargetResponseTime", |_, m| {
        let served = m.served.as_ref().filter(|s| s.timed > 0.0)?;
        Some(Stat { sum: served.seconds, n: served.timed, min: served.shortest, max: served.longest })
    }),
    elb("HealthyHostCount", |_, m| m.healthy.map(Stat::one)),
    Metric {
        namespace: "AWS/ApplicationELB",
        name: "HTTPCode_ELB_5XX_Count",
        dimensions: Dimensions::Balancer,
        visible_after: LATE,
        value: |_, m| requests(m, |s| s.balancer_errors),
    },
    ecs("CPUUtilization", |_, m| {
        let files = if m.capacity > 0.0 { m.done / m.capacity } else { 0.0 };
        // Refusing costs next to nothing: what was worked on is the share of the tasks' capacity in use.
        let impressions = match &m.served {
            Some(s) if m.could_serve > 0.0 => s.succeeded / m.could_serve,
            _ => 0.0,
        };
        let percent = (1.5 + 98.5 * (files * m.wobble.cpu + impressions)).min(100.0);
        Stat::around(percent, m.mean(m.running), 0.06)
    }),
    ecs("MemoryUtilization", |w, m| {
        // A base of a quarter of the standard task, and a little for each operation in flight.
        let running = m.mean(m.running);
        let each = if running > 0.0 { m.mean(m.done) / running } else { 0.0 };
        let mib = 1050.0 + each * 1.2 * m.wobble.memory;
        Stat::around((mib / f64::from(w.settings.memory) * 100.0).min(100.0), running, 0.02)
    }),
    lambda("Invocations", |w, m| w.function_ran(m.start).then(|| Stat::one(1.0))),
    lambda("Errors", |w, m| w.function_ran(m.start).then(|| Stat::one(0.0))),
    lambda("Duration", |w, m| w.function_ran(m.start).then(|| Stat::one(function::took_ms(m)))),
    Metric {
        namespace: "EFSMountAutoscaling",
        name: "FileCount",
        dimensions: Dimensions::None,
        // Written by the counter itself, right after it has counted.
        visible_after: 10,
        value: |_, m| Some(Stat::one(m.files as f64)),
    },
];

/// Lines that CloudWatch Logs took in: one metric for each log group, by its name.
const TAKEN_IN: (&str, &str) = ("AWS/Logs", "IncomingLogEvents");
const LOG_GROUP: &str = "LogGroupName";

fn of_group(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(LOG_GROUP.to_owned(), name.to_owned())])
}

/// Published values that are kept of a metric.
const SAMPLES_KEPT: usize = 20_000;

/// Values of a metric, in the order in which they came.
type Values = VecDeque<(DateTime<Utc>, f64)>;

/// Values that were published, by namespace and name.
#[derive(Debug, Clone, Default)]
pub(super) struct Samples(BTreeMap<(String, String), Values>);

impl Samples {
    fn of(&self, namespace: &str, name: &str) -> impl Iterator<Item = (DateTime<Utc>, f64)> {
        self.0.get(&(namespace.to_owned(), name.to_owned())).into_iter().flatten().copied()
    }
}

/// Metrics of ours have two digits behind the point.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Without the crumbs of dividing what was multiplied before.
fn settled(value: f64) -> f64 {
    if value.abs() < 1e6 { (value * 1e6).round() / 1e6 } else { value }
}

fn quarter(minute: &Minute) -> bool {
    (minute.start.timestamp() / 60) % 15 == 0
}

impl World {
    fn dimensions(&self, of: Dimensions) -> BTreeMap<String, String> {
        let file_system = || ("FileSystemId".to_owned(), self.efs.file_system_id.clone());
        let balancer = || ("LoadBalancer".to_owned(), BALANCER.to_owned());
        match of {
            Dimensions::None => BTreeMap::new(),
            Dimensions::FileSystem => BTreeMap::from([file_system()]),
            Dimensions::Storage(class) => {
                BTreeMap::from([file_system(), ("StorageClass".into(), class.into())])
            }
            Dimensions::Service => BTreeMap::from([
                ("ClusterName".into(), CLUSTER.into()),
                ("ServiceName".into(), SERVICE.into()),
            ]),
            Dimensions::Balancer => BTreeMap::from([balancer()]),
            Dimensions::Group => BTreeMap::from([balancer(), ("TargetGroup".into(), GROUP.into())]),
            Dimensions::Lambda => BTreeMap::from([("FunctionName".into(), LAMBDA.into())]),
        }
    }

    /// The dimensions under which a metric exists, those with all of `given`.
    pub(super) fn list_metrics(
        &self,
        namespace: &str,
        name: &str,
        given: &BTreeMap<String, String>,
    ) -> Vec<BTreeMap<String, String>> {
        let of_groups = self.lines.groups().filter(|_| (namespace, name) == TAKEN_IN).map(of_group);
        METRICS
            .iter()
            .filter(|m| m.namespace == namespace && m.name == name)
            .filter(|m| match m.dimensions {
                Dimensions::Lambda => self.settings.lambda,
                Dimensions::Balancer | Dimensions::Group => self.runner.is_some(),
                _ => true,
            })
            .map(|m| self.dimensions(m.dimensions))
            .chain(of_groups)
            .filter(|dimensions| given.iter().all(|(k, v)| dimensions.get(k) == Some(v)))
            .collect()
    }

    /// Points of a metric in `[from, to)` that can be read now, oldest first; none for an unknown metric.
    pub(super) fn points(
        &self,
        key: &MetricKey,
        period_s: u32,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<(DateTime<Utc>, f64)> {
        let metric = METRICS.iter().find(|m| {
            m.namespace == key.namespace
                && m.name == key.name
                && self.dimensions(m.dimensions) == key.dimensions
        });
        let period = i64::from(period_s.max(60));
        let bucket = |at: DateTime<Utc>| at.timestamp().div_euclid(period) * period;
        let mut buckets: BTreeMap<i64, Stat> = BTreeMap::new();
        let mut put = |at: DateTime<Utc>, stat: Stat| {
            buckets.entry(bucket(at)).and_modify(|sum| *sum = sum.join(stat)).or_insert(stat);
        };
        if let Some(metric) = metric {
            let visible = |m: &&Minute| m.start + TimeDelta::seconds(metric.visible_after) <= self.now;
            for minute in self.activity.minutes(from, to).take_while(visible) {
                if let Some(stat) = (metric.value)(self, minute) {
                    put(minute.start, stat);
                }
            }
        }
        if (key.namespace.as_str(), key.name.as_str()) == TAKEN_IN
            && let (Some(group), 1) = (key.dimensions.get(LOG_GROUP), key.dimensions.len())
        {
            let visible = self.now - TimeDelta::seconds(LATE);
            for (at, n) in self.lines.taken_in(group, from, to).take_while(|(at, _)| *at <= visible) {
                put(at, Stat { sum: n as f64, n: n as f64, min: 1.0, max: 1.0 });
            }
        }
        if key.dimensions.is_empty() {
            for (at, value) in self.samples.of(&key.namespace, &key.name) {
                if (from..to).contains(&at) {
                    put(at, Stat::one(value));
                }
            }
        }
        buckets
            .into_iter()
            .filter_map(|(at, stat)| Some((DateTime::from_timestamp(at, 0)?, stat.value(&key.statistic)?)))
            .filter(|(at, _)| *at >= from)
            .collect()
    }

    /// `PutMetricData` of one value without dimensions.
    pub(super) fn publish_metric(
        &mut self,
        namespace: &str,
        name: &str,
        value: f64,
        at: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let invalid = |text: &str| Err(Refusal::new("InvalidParameterValue", text));
        if !value.is_finite() {
            return invalid("The parameter MetricData.member.1.Value is not a number CloudWatch takes.");
        }
        if at > self.now + TimeDelta::hours(2) || at < self.now - TimeDelta::days(14) {
            return invalid("The parameter MetricData.member.1.Timestamp must be within two weeks.");
        }
        let samples = self.samples.0.entry((namespace.to_owned(), name.to_owned())).or_default();
        if samples.len() >= SAMPLES_KEPT {
            samples.pop_front();
        }
        samples.push_back((at, value));
        Ok(())
    }

    /// A key of one of the world's metrics.
    pub(super) fn metric_key(&self, namespace: &str, name: &str, statistic: &str) -> MetricKey {
        let found = METRICS.iter().find(|m| m.namespace == namespace && m.name == name);
        MetricKey {
            namespace: namespace.into(),
            name: name.into(),
            statistic: statistic.into(),
            dimensions: found.map_or_else(BTreeMap::new, |m| self.dimensions(m.dimensions)),
        }
    }
}
