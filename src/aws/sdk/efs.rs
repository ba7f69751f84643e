//! Amazon EFS.

use async_trait::async_trait;
use aws_sdk_efs::types::{self, FileSystemDescription, MountTargetDescription};

use super::SdkAws;
use super::allow::{FILE_SYSTEMS, LIFECYCLE, MOUNT_TARGETS, SECURITY_GROUPS};
use crate::aws::{Answer, Efs, Page};
use crate::domain::efs::{FileSystem, LifecyclePolicy, MountTarget};
use crate::domain::source::{Failure, FailureClass};

#[async_trait]
impl Efs for SdkAws {
    async fn file_system(&self, id: &str) -> Answer<FileSystem> {
        let clients = self.clients().await;
        let result = clients.efs.describe_file_systems().file_system_id(id).send().await;
        let output = self.answer(&FILE_SYSTEMS, &clients, result)?;
        output.file_systems().first().map(file_system).ok_or_else(|| Failure {
            action: Some(FILE_SYSTEMS.action.to_owned()),
            ..Failure::new(FailureClass::NotFound, format!("no file system {id} in this account and region"))
        })
    }

    async fn mount_targets(&self, file_system: &str, marker: Option<String>) -> Answer<Page<MountTarget>> {
        let clients = self.clients().await;
        let result =
            clients.efs.describe_mount_targets().file_system_id(file_system).set_marker(marker).send().await;
        let output = self.answer(&MOUNT_TARGETS, &clients, result)?;
        Ok(Page {
            items: output.mount_targets().iter().map(mount_target).collect(),
            next: output.next_marker().filter(|m| !m.is_empty()).map(str::to_owned),
        })
    }

    async fn security_groups(&self, mount_target: &str) -> Answer<Vec<String>> {
        let clients = self.clients().await;
        let result =
            clients.efs.describe_mount_target_security_groups().mount_target_id(mount_target).send().await;
        Ok(self.answer(&SECURITY_GROUPS, &clients, result)?.security_groups().to_vec())
    }

    async fn lifecycle(&self, file_system: &str) -> Answer<Vec<LifecyclePolicy>> {
        let clients = self.clients().await;
        let result = clients.efs.describe_lifecycle_configuration().file_system_id(file_system).send().await;
        let output = self.answer(&LIFECYCLE, &clients, result)?;
        Ok(output.lifecycle_policies().iter().flat_map(rules).collect())
    }
}

/// A policy of the API as rules with one key each.
fn rules(policy: &types::LifecyclePolicy) -> Vec<LifecyclePolicy> {
    [
        ("TransitionToIA", policy.transition_to_ia().map(types::TransitionToIaRules::as_str)),
        ("TransitionToArchive", policy.transition_to_archive().map(types::TransitionToArchiveRules::as_str)),
        (
            "TransitionToPrimaryStorageClass",
            policy
                .transition_to_primary_storage_class()
                .map(types::TransitionToPrimaryStorageClassRules::as_str),
        ),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())))
    .collect()
}

fn file_system(fs: &FileSystemDescription) -> FileSystem {
    FileSystem {
        id: fs.file_system_id().to_owned(),
        name: fs.name().filter(|n| !n.is_empty()).map(str::to_owned),
        lifecycle_state: fs.life_cycle_state().as_str().to_owned(),
        performance_mode: fs.performance_mode().as_str().to_owned(),
        throughput_mode: fs.throughput_mode().map_or("bursting", |m| m.as_str()).to_owned(),
        provisioned_mibps: fs.provisioned_throughput_in_mibps(),
        size_bytes: fs.size_in_bytes().and_then(|s| u64::try_from(s.value()).ok()).unwrap_or(0),
        one_zone: fs.availability_zone_name().filter(|z| !z.is_empty()).map(str::to_owned),
    }
}

fn mount_target(mt: &MountTargetDescription) -> MountTarget {
    MountTarget {
        mount_target_id: mt.mount_target_id().to_owned(),
        ip_address: mt.ip_address().map(str::to_owned),
        availability_zone: mt.availability_zone_name().map(str::to_owned),
        subnet_id: mt.subnet_id().to_owned(),
        vpc_id: mt.vpc_id().map(str::to_owned),
        state: mt.life_cycle_state().as_str().to_owned(),
    }
}
