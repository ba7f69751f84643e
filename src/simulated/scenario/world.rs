//! `[world]`: what stands at the beginning.

use serde::Deserialize;
use toml::Spanned;

use super::error::Place;
use crate::domain::ecs::MountsBy;

/// The world at its beginning. Numbers are causes: sizes, capacities, limits.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// Availability Zones, all of one region.
    pub zones: Vec<String>,
    /// Subnets in each zone.
    pub subnets_a_zone: usize,
    /// Zones with a mount target, all published.
    pub targets: Vec<String>,
    /// Zones whose subnets the service may use.
    pub service_zones: Vec<String>,
    /// Tasks wanted.
    pub tasks: u32,
    /// CPU units of a task.
    pub cpu: u32,
    /// MiB of a task.
    pub memory: u32,
    /// How tasks mount.
    pub mounts_by: MountsBy,
    /// Files at the start of the scenario.
    pub files: u64,
    /// Directories they lie in, evenly.
    pub directories: u64,
    /// Files above which a mount target is to be added.
    pub threshold: u64,
    /// Per cent of the desired tasks that a rollout keeps running.
    pub minimum_healthy_percent: u32,
    /// Per cent of the desired tasks that a rollout may run.
    pub maximum_percent: u32,
    /// Whether the deployment circuit breaker is on.
    pub circuit_breaker: bool,
    /// Whether it rolls back.
    pub rollback: bool,
    /// `bursting`, `provisioned` or `elastic`.
    pub throughput_mode: String,
    /// MiB/s when provisioned.
    pub provisioned_mibps: Option<f64>,
    /// Burst credits at the beginning, in GiB.
    pub burst_credits_gib: f64,
    /// Operations a second that one task can serve.
    pub task_ops_per_s: f64,
    /// Operations a second that one mount target can carry.
    pub target_ops_per_s: f64,
    /// How much the load wavers from minute to minute, as a share.
    pub wobble: f64,
    /// Whether the former Lambda function still counts the files every five minutes.
    pub lambda: bool,
    /// Impressions a second that a task serves. With it, the demo's tasks are processes.
    pub task_requests_per_s: Option<f64>,
    /// Whether they do as the original does: 200 also for what is not recorded.
    pub original: bool,
    /// Fewest and most tasks of Application Auto Scaling, where the service is registered with it.
    pub autoscaling: Option<AutoScaling>,
}

/// Limits of Application Auto Scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoScaling {
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    zones: Spanned<Vec<String>>,
    subnets_a_zone: Spanned<u32>,
    targets: Option<Spanned<Vec<String>>>,
    service_zones: Option<Spanned<Vec<String>>>,
    tasks: Spanned<u32>,
    cpu: Spanned<u32>,
    memory: Spanned<u32>,
    mounts_by: Spanned<String>,
    files: u64,
    directories: Spanned<u64>,
    threshold: u64,
    minimum_healthy_percent: Spanned<u32>,
    maximum_percent: Spanned<u32>,
    circuit_breaker: bool,
    rollback: bool,
    throughput_mode: Spanned<String>,
    provisioned_mibps: Option<Spanned<f64>>,
    burst_credits_gib: Spanned<f64>,
    task_ops_per_s: Spanned<f64>,
    target_ops_per_s: Spanned<f64>,
    wobble: Spanned<f64>,
    lambda: bool,
    task_requests_per_s: Option<Spanned<f64>>,
    original: bool,
    autoscaling: Option<Spanned<AutoScaling>>,
}

fn plain<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            zones: plain(["a", "c", "d"].map(|z| format!("ap-northeast-1{z}")).to_vec()),
            subnets_a_zone: plain(1),
            targets: None,
            service_zones: None,
            tasks: plain(6),
            cpu: plain(2048),
            memory: plain(4096),
            mounts_by: plain("list".into()),
            files: 42_000,
            directories: plain(40),
            threshold: 100_000,
            minimum_healthy_percent: plain(100),
            maximum_percent: plain(200),
            circuit_breaker: true,
            rollback: true,
            throughput_mode: plain("bursting".into()),
            provisioned_mibps: None,
            // 2.1 TiB, what AWS gives a new file system.
            burst_credits_gib: plain(2150.4),
            task_ops_per_s: plain(500.0),
            target_ops_per_s: plain(4000.0),
            wobble: plain(0.02),
            lambda: false,
            task_requests_per_s: None,
            original: false,
            autoscaling: None,
        }
    }
}

impl Raw {
    /// Checks every value; what is wrong is noted.
    pub(super) fn check(self, place: Place<'_>) -> World {
        self.zones(place);
        self.numbers(place);
        let mounts_by = match self.mounts_by.get_ref().as_str() {
            "list" => MountsBy::List,
            "volume" => MountsBy::Volume,
            word => {
                place.unknown(&self.mounts_by.span(), "mounts_by", word, &["list", "volume"]);
                MountsBy::List
            }
        };
        let modes = ["bursting", "provisioned", "elastic"];
        let mode = self.throughput_mode.get_ref();
        if !modes.contains(&mode.as_str()) {
            place.unknown(&self.throughput_mode.span(), "throughput_mode", mode, &modes);
        }
        if mode == "provisioned" && self.provisioned_mibps.is_none() {
            let span = self.throughput_mode.span();
            place.missing(&span, "provisioned_mibps", "a number above 0, with provisioned throughput", "100");
        }
        let zones = self.zones.into_inner();
        World {
            targets: self.targets.map_or_else(|| zones.clone(), Spanned::into_inner),
            service_zones: self.service_zones.map_or_else(|| zones.clone(), Spanned::into_inner),
            zones,
            subnets_a_zone: usize::try_from(self.subnets_a_zone.into_inner()).unwrap_or(1),
            tasks: self.tasks.into_inner(),
            cpu: self.cpu.into_inner(),
            memory: self.memory.into_inner(),
            mounts_by,
            files: self.files,
            directories: self.directories.into_inner(),
            threshold: self.threshold,
            minimum_healthy_percent: self.minimum_healthy_percent.into_inner(),
            maximum_percent: self.maximum_percent.into_inner(),
            circuit_breaker: self.circuit_breaker,
            rollback: self.rollback,
            throughput_mode: self.throughput_mode.into_inner(),
            provisioned_mibps: self.provisioned_mibps.map(Spanned::into_inner),
            burst_credits_gib: self.burst_credits_gib.into_inner(),
            task_ops_per_s: self.task_ops_per_s.into_inner(),
            target_ops_per_s: self.target_ops_per_s.into_inner(),
            wobble: self.wobble.into_inner(),
            lambda: self.lambda,
            task_requests_per_s: self.task_requests_per_s.map(Spanned::into_inner),
            original: self.original,
            autoscaling: self.autoscaling.map(Spanned::into_inner),
        }
    }

    fn zones(&self, place: Place<'_>) {
        let (zones, span) = (self.zones.get_ref(), self.zones.span());
        let region = |zone: &str| {
            let letter = zone.chars().last().filter(char::is_ascii_lowercase)?;
            zone.strip_suffix(letter).filter(|r| r.ends_with(|c: char| c.is_ascii_digit())).map(str::to_owned)
        };
        let first = zones.first().and_then(|z| region(z));
        let repeated = zones.iter().enumerate().any(|(i, z)| zones.iter().take(i).any(|other| other == z));
        if first.is_none() || zones.len() > 6 || repeated || zones.iter().any(|z| region(z) != first) {
            place.wrong(&span, "zones", "one to six different zones of one region, such as ap-northeast-1a");
            return; // what else names zones cannot be judged
        }
        for (key, list) in [("targets", &self.targets), ("service_zones", &self.service_zones)] {
            let Some(list) = list else { continue };
            let known: Vec<&str> = zones.iter().map(String::as_str).collect();
            for (i, zone) in list.get_ref().iter().enumerate() {
                if !known.contains(&zone.as_str()) {
                    place.unknown(&list.span(), key, zone, &known);
                } else if list.get_ref().iter().take(i).any(|z| z == zone) {
                    place.wrong(&list.span(), key, format!("each zone once ({zone} stands there twice)"));
                }
            }
            if key == "service_zones" && list.get_ref().is_empty() {
                place.wrong(&list.span(), key, "at least one zone");
            }
        }
    }

    fn numbers(&self, place: Place<'_>) {
        let whole = |key: &str, value: &Spanned<u32>, from: u32, to: u32| {
            if !(from..=to).contains(value.get_ref()) {
                place.wrong(&value.span(), key, format!("a number from {from} to {to}"));
            }
        };
        whole("subnets_a_zone", &self.subnets_a_zone, 1, 4);
        whole("tasks", &self.tasks, 0, 500);
        whole("cpu", &self.cpu, 256, 16_384);
        whole("memory", &self.memory, 512, 122_880);
        whole("minimum_healthy_percent", &self.minimum_healthy_percent, 0, 100);
        whole("maximum_percent", &self.maximum_percent, 100, 400);
        if *self.minimum_healthy_percent.get_ref() == 100 && *self.maximum_percent.get_ref() == 100 {
            let expected = "more than 100, because with minimum_healthy_percent = 100 a rollout needs room";
            place.wrong(&self.maximum_percent.span(), "maximum_percent", expected);
        }
        if *self.directories.get_ref() == 0 {
            place.wrong(&self.directories.span(), "directories", "at least 1");
        }
        let within = |key: &str, value: &Spanned<f64>, holds: bool, expected: &str| {
            if !holds {
                place.wrong(&value.span(), key, expected);
            }
        };
        let positive = |key: &str, value: &Spanned<f64>| {
            let holds = value.get_ref().is_finite() && *value.get_ref() > 0.0;
            within(key, value, holds, "a number above 0");
        };
        positive("task_ops_per_s", &self.task_ops_per_s);
        positive("target_ops_per_s", &self.target_ops_per_s);
        if let Some(mibps) = &self.provisioned_mibps {
            positive("provisioned_mibps", mibps);
        }
        if let Some(per_s) = &self.task_requests_per_s {
            let holds = (0.1..=1e6).contains(per_s.get_ref());
            within("task_requests_per_s", per_s, holds, "a number from 0.1 to 1000000");
        }
        let credits = (0.0..=1e9).contains(self.burst_credits_gib.get_ref());
        within("burst_credits_gib", &self.burst_credits_gib, credits, "a number from 0 to 1000000000");
        let wobble = (0.0..=0.5).contains(self.wobble.get_ref());
        within("wobble", &self.wobble, wobble, "a share from 0 to 0.5");
        if let Some(limits) = &self.autoscaling
            && limits.get_ref().min > limits.get_ref().max
        {
            place.wrong(&limits.span(), "autoscaling", "min not above max");
        }
    }
}
