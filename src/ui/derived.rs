//! What follows from the data and is dear to compute: kept until the data changes, so that a frame is cheap.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::app::state::{EnvironmentState, State};
use crate::domain::drift::Drift;
use crate::domain::ecs::Task;
use crate::domain::published::PublishedList;
use crate::domain::source::SourceId;

use super::service_level::ServiceLevel;
use super::timeline::Zoom;

/// One zone with what stands in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lane {
    /// Full name.
    pub name: String,
    /// Name without the region, where all zones share it.
    pub short: String,
    /// Id, address and state of its mount target.
    pub target: Option<(String, Option<String>, String)>,
    /// Tasks that have not ended.
    pub tasks: usize,
    /// Share of their traffic that stays in the zone.
    pub local: Option<f64>,
}

/// Results kept between frames.
#[derive(Debug, Clone, Default)]
pub struct Derived {
    key: Option<Key>,
    /// Zones in order.
    pub lanes: Vec<Lane>,
    /// What zone names begin with, if all begin alike.
    prefix: String,
    /// Drift.
    pub drift: Vec<Drift>,
    /// List version by task id.
    versions: HashMap<String, Option<i64>>,
    /// The published list as tasks read it; `None` if there is none.
    pub list: Option<Result<PublishedList, String>>,
    /// Budget, burn, loss and outages of the impressions.
    pub level: ServiceLevel,
    /// How far back the graphs of impressions reach, as the operator set it.
    pub zoom: Zoom,
}

/// A change of any of these is a change of the data: each poll that succeeds has its own end.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    environment: String,
    frozen: Option<DateTime<Utc>>,
    ends: [Option<DateTime<Utc>>; 5],
    tasks: usize,
}

impl Key {
    fn of(env: &EnvironmentState, frozen: Option<DateTime<Utc>>) -> Self {
        let ids = [SourceId::EFS, SourceId::ECS, SourceId::SSM, SourceId::SUBNETS, SourceId::PROBE];
        Self {
            environment: env.info.name.clone(),
            frozen,
            ends: ids.map(|id| env.world.sources.get(&id).and_then(|s| s.at)),
            tasks: env.world.tasks.as_ref().map_or(0, Vec::len),
        }
    }
}

impl Derived {
    /// Brings everything up to the shown data, if that has changed.
    pub fn refresh(&mut self, state: &State) {
        self.refresh_for(state.shown(), state.shown_now(), state.frozen.as_ref().map(|f| f.at));
    }

    /// Brings everything up to the data of one environment, as it was at `frozen`, if that has changed.
    pub fn refresh_for(&mut self, env: &EnvironmentState, now: DateTime<Utc>, frozen: Option<DateTime<Utc>>) {
        self.level.refresh(env, now);
        let key = Key::of(env, frozen);
        if self.key.as_ref() == Some(&key) {
            return;
        }
        let world = &env.world;
        let zones = world.zones();
        prefix(zones.iter().map(|z| z.name.as_str())).clone_into(&mut self.prefix);
        self.lanes = zones
            .into_iter()
            .map(|z| Lane {
                short: z.name.strip_prefix(&self.prefix).unwrap_or(&z.name).to_owned(),
                target: z
                    .mount_target
                    .map(|m| (m.mount_target_id.clone(), m.ip_address.clone(), m.state.clone())),
                tasks: z.tasks,
                local: z.local_io_ratio,
                name: z.name,
            })
            .collect();
        self.drift = world.drift();
        self.versions = world.live_tasks().map(|task| (task.id.clone(), world.list_version(task))).collect();
        self.list = world.published().map(crate::domain::published::Published::list);
        self.key = Some(key);
    }

    /// The version of the published list a running task started with.
    pub fn version(&self, task: &Task) -> Option<i64> {
        self.versions.get(&task.id).copied().flatten()
    }

    /// Lane of a zone.
    pub fn lane(&self, zone: &str) -> Option<&Lane> {
        self.lanes.iter().find(|l| l.name == zone)
    }

    /// A zone's name without the part that all share.
    pub fn short<'z>(&self, zone: &'z str) -> &'z str {
        zone.strip_prefix(self.prefix.as_str()).unwrap_or(zone)
    }
}

/// `ap-northeast-` of `ap-northeast-1a`, if every zone begins with it and something is left of each.
fn prefix<'a>(mut zones: impl Iterator<Item = &'a str>) -> &'a str {
    let Some(first) = zones.next() else { return "" };
    let Some(end) = first.rfind('-').map(|i| i + 1) else { return "" };
    let (prefix, rest) = first.split_at(end);
    if rest.is_empty() || !zones.all(|z| z.len() > end && z.starts_with(prefix)) {
        return "";
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_lose_what_they_share() {
        assert_eq!(prefix(["ap-northeast-1a", "ap-northeast-1c"].into_iter()), "ap-northeast-");
        assert_eq!(prefix(["ap-northeast-1a", "us-east-1a"].into_iter()), "");
        assert_eq!(prefix(["odd", "ap-northeast-1a"].into_iter()), "");
        assert_eq!(prefix(std::iter::empty()), "");
    }
}
