//! Drift: real mount targets ↔ the published list ↔ the list each running task started with.

use serde::{Deserialize, Serialize};

use super::ecs::{MountsBy, Task};
use super::efs::MountTarget;
use super::world::World;

/// Which of the three links is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// A mount target is available and not in the list.
    Unpublished,
    /// The list names a mount target that is not available.
    PublishedButGone,
    /// Running tasks started with another list.
    TasksOnOldList,
    /// The parameter's text is not what tasks can read.
    Unreadable,
}

impl DriftKind {
    /// As in the JSON contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unpublished => "unpublished",
            Self::PublishedButGone => "published-but-gone",
            Self::TasksOnOldList => "tasks-on-old-list",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One difference, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Which link.
    pub kind: DriftKind,
    /// A sentence with names and numbers.
    pub detail: String,
}

impl World {
    /// The version of the list that `task` runs by; `None` where tasks do not mount by the list, or where it
    /// cannot be told.
    pub fn list_version(&self, task: &Task) -> Option<i64> {
        if self.service.as_ref()?.mounts_by != MountsBy::List {
            return None;
        }
        self.published()?.version_of_task(task.created_at?, task.started_at)
    }

    /// Whether all three sides were read, so that "no drift" can be said.
    pub fn drift_is_known(&self) -> bool {
        let mounts_by = self.service.as_ref().map_or(MountsBy::Unknown, |s| s.mounts_by);
        self.published.is_some()
            && self.mount_targets.is_some()
            && (self.tasks.is_some() || mounts_by == MountsBy::Volume)
    }

    /// All drift that can be told from what has been read. The order of entries is no difference.
    pub fn drift(&self) -> Vec<Drift> {
        let mut out = Vec::new();
        let Some(published) = &self.published else { return out };
        let mut push = |kind, detail| out.push(Drift { kind, detail });
        let entries = match published.as_ref().map(|p| (p, p.list())) {
            None => Vec::new(),
            Some((p, Err(why))) => {
                push(DriftKind::Unreadable, format!("{} v{} is {why}", p.parameter, p.current.version));
                return out;
            }
            Some((_, Ok(list))) => list.mount_targets,
        };
        if let Some(targets) = &self.mount_targets {
            for target in targets.iter().filter(|t| t.is_available()) {
                if !entries.iter().any(|e| e.mount_target_id == target.mount_target_id) {
                    let zone = target.availability_zone.as_deref().unwrap_or("an unknown zone");
                    push(
                        DriftKind::Unpublished,
                        format!(
                            "{} in {zone} is available and not in the published list",
                            target.mount_target_id
                        ),
                    );
                }
            }
            for entry in &entries {
                let real = targets.iter().find(|t| t.mount_target_id == entry.mount_target_id);
                if !real.is_some_and(MountTarget::is_available) {
                    let state = real.map_or("does not exist", |t| t.state.as_str());
                    push(
                        DriftKind::PublishedButGone,
                        format!("{} ({}) is published, but {state}", entry.mount_target_id, entry.ip_address),
                    );
                }
            }
        }
        if let Some(current) = published.as_ref().map(|p| p.current.version) {
            let old: Vec<i64> =
                self.live_tasks().filter_map(|t| self.list_version(t)).filter(|v| *v != current).collect();
            if let (Some(min), Some(max)) = (old.iter().min(), old.iter().max()) {
                let which = if min == max { format!("v{min}") } else { format!("v{min} to v{max}") };
                let detail = match old.len() {
                    1 => format!("1 task runs by list {which}, now v{current}"),
                    n => format!("{n} tasks run by list {which}, now v{current}"),
                };
                push(DriftKind::TasksOnOldList, detail);
            }
        }
        out
    }
}
