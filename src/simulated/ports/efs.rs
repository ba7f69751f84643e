//! Amazon EFS.

use async_trait::async_trait;

use super::call::{FILE_SYSTEMS, MOUNT_TARGETS, Operation};
use super::page;
use crate::aws::{Answer, Efs, Page};
use crate::domain::efs::{FileSystem, MountTarget};
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
}
