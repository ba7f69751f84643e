//! `miharu snapshot --json`: the contract of DESIGN §2. Scripts depend on these names; the order of the
//! fields is that of the design. Absent data is `null`, its reason stands in `sources`.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::burn::Slo;
use super::count::{CountSource, DirectoryCount};
use super::drift::Drift;
use super::ecs::{Deployment, MountsBy};
use super::efs::MountTarget;
use super::freshness::{Freshness, SourceState};
use super::goals::Goal;
use super::identity::Identity;
use super::impressions::ImpressionsOut;
use super::published::PublishedTarget;
use super::source::{Failure, SourceId};
use super::world::World;

/// What miharu may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Shows, changes nothing.
    #[default]
    Observe,
    /// Applies what an operator approves.
    Approve,
    /// Applies by itself inside limits.
    Auto,
}

/// The whole document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "field names are the contract of DESIGN §2, which explains them")]
pub struct Snapshot {
    pub environment: String,
    pub at: DateTime<Utc>,
    pub mode: Mode,
    pub identity: Option<Identity>,
    pub file_system: Option<FileSystemOut>,
    pub zones: Option<Vec<ZoneOut>>,
    pub mount_targets: Option<Vec<MountTargetOut>>,
    pub published: Option<PublishedOut>,
    pub drift: Option<Vec<Drift>>,
    pub service: Option<ServiceOut>,
    pub tasks: Option<Vec<TaskOut>>,
    pub file_count: Option<FileCountOut>,
    /// `null` where nothing of the impression service was read.
    pub impressions: Option<ImpressionsOut>,
    /// `null` without history.
    pub slo: Option<Slo>,
    pub goals: Vec<Goal>,
    pub metrics: Option<Vec<MetricOut>>,
    pub alarms: Option<Vec<AlarmOut>>,
    pub sources: Vec<SourceOut>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct FileSystemOut {
    pub id: String,
    pub lifecycle_state: String,
    pub performance_mode: String,
    pub throughput_mode: String,
    pub size_bytes: u64,
    pub one_zone: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct ZoneOut {
    pub name: String,
    pub subnets: Vec<String>,
    pub mount_target_id: Option<String>,
    /// `null` when tasks were not read.
    pub tasks: Option<usize>,
    pub local_io_ratio: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct MountTargetOut {
    pub mount_target_id: String,
    pub ip_address: Option<String>,
    pub availability_zone: Option<String>,
    pub subnet_id: String,
    pub state: String,
    pub probe_ms: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct PublishedOut {
    pub parameter: String,
    pub version: i64,
    pub changed_at: DateTime<Utc>,
    /// `null` when the text is unreadable; `drift` says so.
    pub mount_targets: Option<Vec<PublishedTarget>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct ServiceOut {
    pub cluster: String,
    pub name: String,
    pub desired: u32,
    pub running: u32,
    pub pending: u32,
    pub task_definition: String,
    pub rollout_state: Option<String>,
    pub steady: bool,
    pub deployments: Vec<Deployment>,
    pub autoscaled: Option<bool>,
    pub mounts_by: MountsBy,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct TaskOut {
    pub id: String,
    pub status: String,
    pub desired_status: String,
    pub availability_zone: Option<String>,
    pub subnet_id: Option<String>,
    pub deployment_id: Option<String>,
    pub created_at: Option<DateTime<Utc>>,
    pub started_at: Option<DateTime<Utc>>,
    pub health: Option<String>,
    pub list_version: Option<i64>,
    pub stop_code: Option<String>,
    pub exit_code: Option<i32>,
    pub stopped_reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct FileCountOut {
    pub files: u64,
    pub directories: Option<u64>,
    pub threshold: u64,
    pub recursive: Option<bool>,
    pub took_ms: Option<u64>,
    pub source: CountSource,
    pub at: DateTime<Utc>,
    pub largest: Vec<DirectoryCount>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct MetricOut {
    pub namespace: String,
    pub name: String,
    pub statistic: String,
    pub dimensions: BTreeMap<String, String>,
    pub unit: String,
    pub value: Option<f64>,
    pub at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct AlarmOut {
    pub name: String,
    pub state: &'static str,
    pub since: Option<DateTime<Utc>>,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "contract")]
pub struct SourceOut {
    pub source: SourceId,
    pub state: Freshness,
    pub at: Option<DateTime<Utc>>,
    pub age_s: Option<f64>,
    pub every_s: Option<f64>,
    pub took_ms: Option<u64>,
    pub calls: u32,
    pub cost_usd_per_h: Option<f64>,
    pub error: Option<String>,
}

/// What of the environment the world does not know.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame<'a> {
    /// Name of the environment.
    pub environment: &'a str,
    /// Mode.
    pub mode: Mode,
    /// Files above which a mount target is to be added.
    pub file_count_threshold: u64,
}

impl Snapshot {
    /// The document for `world` at `now`.
    pub fn of(world: &World, frame: &Frame<'_>, now: DateTime<Utc>) -> Self {
        let zones = (world.subnets.is_some() || world.mount_targets.is_some()).then(|| {
            world
                .zones()
                .into_iter()
                .map(|z| ZoneOut {
                    mount_target_id: z.mount_target.map(|m| m.mount_target_id.clone()),
                    subnets: z.subnets.into_iter().map(str::to_owned).collect(),
                    tasks: world.tasks.as_ref().map(|_| z.tasks),
                    local_io_ratio: z.local_io_ratio,
                    name: z.name,
                })
                .collect()
        });
        Self {
            environment: frame.environment.to_owned(),
            at: now.trunc_subsecs(MILLISECONDS),
            mode: frame.mode,
            identity: world.identity.clone(),
            file_system: world.file_system.as_ref().map(|f| FileSystemOut {
                id: f.id.clone(),
                lifecycle_state: f.lifecycle_state.clone(),
                performance_mode: f.performance_mode.clone(),
                throughput_mode: f.throughput_mode.clone(),
                size_bytes: f.size_bytes,
                one_zone: f.one_zone.clone(),
            }),
            zones,
            mount_targets: world
                .mount_targets
                .as_ref()
                .map(|list| list.iter().map(|m| mount_target(world, m)).collect()),
            published: world.published().map(|p| PublishedOut {
                parameter: p.parameter.clone(),
                version: p.current.version,
                changed_at: p.current.changed_at,
                mount_targets: p.list().ok().map(|l| l.mount_targets),
            }),
            drift: world.drift_is_known().then(|| world.drift()),
            service: world.service.as_ref().map(|s| ServiceOut {
                cluster: s.cluster.clone(),
                name: s.name.clone(),
                desired: s.desired,
                running: s.running,
                pending: s.pending,
                task_definition: s.task_definition.clone(),
                rollout_state: s.rollout_state().map(str::to_owned),
                steady: s.steady(),
                deployments: s.deployments.clone(),
                autoscaled: world.scalable.as_ref().map(Option::is_some),
                mounts_by: s.mounts_by,
            }),
            tasks: world.tasks.as_ref().map(|tasks| {
                tasks
                    .iter()
                    .map(|t| TaskOut {
                        id: t.id.clone(),
                        status: t.status.clone(),
                        desired_status: t.desired_status.clone(),
                        availability_zone: t.availability_zone.clone(),
                        subnet_id: t.subnet_id.clone(),
                        deployment_id: t.deployment_id.clone(),
                        created_at: t.created_at,
                        started_at: t.started_at,
                        health: t.health.clone(),
                        list_version: world.list_version(t),
                        stop_code: t.stop_code.clone(),
                        exit_code: t.exit_code,
                        stopped_reason: t.stopped_reason.clone(),
                    })
                    .collect()
            }),
            file_count: world.file_count.as_ref().map(|c| FileCountOut {
                files: c.files,
                directories: c.directories,
                threshold: frame.file_count_threshold,
                recursive: c.recursive,
                took_ms: c.took_ms,
                source: c.source,
                at: c.at,
                largest: c.largest.clone(),
            }),
            impressions: world.impressions.out(now),
            slo: world.impressions.slo(now),
            goals: world.goals(),
            metrics: world.sources.get(&SourceId::CLOUDWATCH).and_then(|s| s.at).map(|_| {
                world
                    .metrics
                    .values()
                    .map(|s| MetricOut {
                        namespace: s.key.namespace.clone(),
                        name: s.key.name.clone(),
                        statistic: s.key.statistic.clone(),
                        dimensions: s.key.dimensions.clone(),
                        unit: s.unit.clone(),
                        value: s.last().map(|p| p.1),
                        at: s.last().map(|p| p.0),
                    })
                    .collect()
            }),
            alarms: world.alarms.as_ref().map(|alarms| {
                alarms
                    .iter()
                    .map(|a| AlarmOut {
                        name: a.name.clone(),
                        state: a.state.as_str(),
                        since: a.since,
                        reason: a.reason.clone(),
                    })
                    .collect()
            }),
            sources: world
                .sources
                .values()
                .map(|s| source(s, now))
                .chain(world.off.iter().map(|(id, why)| off(*id, why)))
                .collect(),
        }
    }
}

fn mount_target(world: &World, m: &MountTarget) -> MountTargetOut {
    MountTargetOut {
        mount_target_id: m.mount_target_id.clone(),
        ip_address: m.ip_address.clone(),
        availability_zone: m.availability_zone.clone(),
        subnet_id: m.subnet_id.clone(),
        state: m.state.clone(),
        probe_ms: world.probes.get(&m.mount_target_id).and_then(|p| p.result.clone().ok()),
    }
}

/// Digits of a second in `at`.
const MILLISECONDS: u16 = 3;

/// Dollars as prices are given: smaller parts are noise of the arithmetic.
fn millionths(usd: f64) -> f64 {
    (usd * 1e6).round() / 1e6
}

fn tenths(d: chrono::TimeDelta) -> f64 {
    (d.num_milliseconds() as f64 / 100.0).round() / 10.0
}

fn source(s: &SourceState, now: DateTime<Utc>) -> SourceOut {
    SourceOut {
        source: s.id,
        state: s.freshness(now),
        at: s.at.map(|at| at.trunc_subsecs(MILLISECONDS)),
        age_s: s.age(now).map(tenths),
        every_s: Some(tenths(s.every)),
        took_ms: s.took_ms,
        calls: s.calls,
        cost_usd_per_h: s.cost_usd_per_h().map(millionths),
        error: complaint(s),
    }
}

/// The error, or all warnings of a success in one line.
fn complaint(s: &SourceState) -> Option<String> {
    let say = |f: &Failure| format!("{}: {}; {}", f.class.word(), f.line(), f.remedy());
    match &s.error {
        Some(failure) => Some(say(failure)),
        None if s.warnings.is_empty() => None,
        None => Some(s.warnings.iter().map(say).collect::<Vec<_>>().join(" · ")),
    }
}

fn off(id: SourceId, why: &str) -> SourceOut {
    SourceOut {
        source: id,
        state: Freshness::Never,
        at: None,
        age_s: None,
        every_s: None,
        took_ms: None,
        calls: 0,
        cost_usd_per_h: None,
        error: Some(format!("off: {why}")),
    }
}
