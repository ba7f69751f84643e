//! Amazon EFS.

use async_trait::async_trait;

use super::call::{FILE_SYSTEMS, LIFECYCLE, MOUNT_TARGETS, Operation, SECURITY_GROUPS};
use super::page;
use crate::aws::{Answer, Efs, Page};
use crate::domain::efs::{FileSystem, LifecyclePolicy, MountTarget};
use crate::simulated::Simulated;
use crate::simulated::world::World;

/// Mount targets a page.
const A_PAGE: usize = 100;

fn known(world: &World, operation: Operation, id: &str) -> Answer<()> {
    if id == world.efs.file_system_id {
        return Ok(());
    }
    Err(operation.not_found("FileSystemNotFound", &format!("File system '{id}' does not exist.")))
}

#[async_trait]
impl Efs for Simulated {
    async fn file_system(&self, id: &str) -> Answer<FileSystem> {
        self.call(FILE_SYSTEMS, |world| {
            known(world, FILE_SYSTEMS, id)?;
            Ok(world.file_system())
        })
        .await
    }

    async fn mount_targets(&self, file_system: &str, marker: Option<String>) -> Answer<Page<MountTarget>> {
        self.call(MOUNT_TARGETS, |world| {
            known(world, MOUNT_TARGETS, file_system)?;
            page(MOUNT_TARGETS, &world.mount_targets(), marker.as_deref(), A_PAGE)
        })
        .await
    }

    async fn security_groups(&self, mount_target: &str) -> Answer<Vec<String>> {
        self.call(SECURITY_GROUPS, |world| {
            let target = world.efs.targets.iter().find(|t| t.id == mount_target);
            target.map(|t| t.groups.clone()).ok_or_else(|| {
                let words = format!("Mount target '{mount_target}' does not exist.");
                SECURITY_GROUPS.not_found("MountTargetNotFound", &words)
            })
        })
        .await
    }

    async fn lifecycle(&self, file_system: &str) -> Answer<Vec<LifecyclePolicy>> {
        self.call(LIFECYCLE, |world| {
            known(world, LIFECYCLE, file_system)?;
            Ok(world.efs.lifecycle.clone())
        })
        .await
    }
}
