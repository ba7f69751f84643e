//! What kind of change a rule makes, which decides what holds it back.

use crate::domain::recommendation::Intent;

/// Which way a change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// It adds.
    Up,
    /// It takes away.
    Down,
    /// It brings things to where they were meant to be; exempt from cool-downs.
    Repair,
    /// Neither: cost and sizing.
    Aside,
}

/// What a change moves up or down; a change of direction is one of the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    /// Number of tasks.
    Tasks,
    /// Number of mount targets.
    MountTargets,
}

impl Direction {
    /// That of a rule.
    pub fn of(rule: &str) -> Self {
        match rule {
            "add-mount-target" | "scale-out-service" | "raise-throughput" => Self::Up,
            "remove-mount-target" | "scale-in-service" => Self::Down,
            "publish-mount-targets" | "redeploy-service" => Self::Repair,
            _ => Self::Aside,
        }
    }
}

impl Thing {
    pub(super) fn of(rule: &str) -> Option<Self> {
        match rule {
            "scale-out-service" | "scale-in-service" => Some(Self::Tasks),
            "add-mount-target" | "remove-mount-target" => Some(Self::MountTargets),
            _ => None,
        }
    }
}

/// Whether the change calls ECS to change the service, so that a deployment under way would be disturbed.
pub(super) fn touches_service(intent: &Intent) -> bool {
    match intent {
        Intent::AddMountTarget { publish, .. } => *publish,
        Intent::Redeploy
        | Intent::RemoveMountTarget { .. }
        | Intent::Scale { .. }
        | Intent::ScaleBounds { .. }
        | Intent::ResizeTask { .. }
        | Intent::FargateSpot => true,
        Intent::Publish
        | Intent::Throughput { .. }
        | Intent::Lifecycle
        | Intent::LogRetention { .. }
        | Intent::Advice => false,
    }
}

/// Whether the change needs the file system to be available.
pub(super) fn touches_file_system(intent: &Intent) -> bool {
    matches!(
        intent,
        Intent::AddMountTarget { .. }
            | Intent::RemoveMountTarget { .. }
            | Intent::Throughput { .. }
            | Intent::Lifecycle
    )
}
