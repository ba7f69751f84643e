//! Amazon EFS.

use aws_sdk_efs::types::{
    LifecyclePolicy, ThroughputMode, TransitionToArchiveRules, TransitionToIaRules,
    TransitionToPrimaryStorageClassRules,
};

use super::allow::{CREATE_MOUNT_TARGET, DELETE_MOUNT_TARGET, PUT_LIFECYCLE, UPDATE_FILE_SYSTEM};
use super::outcome::incomplete;
use super::{Ended, SdkActuator, outputs};
use crate::actuators::{Outputs, Sent};
use crate::domain::source::{Failure, FailureClass};

impl SdkActuator {
    pub(super) async fn create_mount_target(
        &self,
        file_system: &str,
        subnet: &str,
        security_groups: &[String],
    ) -> Ended {
        let clients = self.clients().await;
        let groups = (!security_groups.is_empty()).then(|| security_groups.to_vec());
        let result = clients
            .efs
            .create_mount_target()
            .file_system_id(file_system)
            .subnet_id(subnet)
            .set_security_groups(groups)
            .send()
            .await;
        let made = self.answer(&CREATE_MOUNT_TARGET, &clients, result)?;
        if made.mount_target_id().is_empty() {
            return Err(incomplete(&CREATE_MOUNT_TARGET, "MountTargetId"));
        }
        Ok(outputs([
            ("mount_target_id", Some(made.mount_target_id().to_owned())),
            ("ip_address", made.ip_address().map(str::to_owned)),
            ("availability_zone", made.availability_zone_name().map(str::to_owned)),
        ]))
    }

    pub(super) async fn delete_mount_target(&self, mount_target: &str) -> Ended {
        let clients = self.clients().await;
        let result = clients.efs.delete_mount_target().mount_target_id(mount_target).send().await;
        self.answer(&DELETE_MOUNT_TARGET, &clients, result)?;
        Ok(Outputs::new())
    }

    pub(super) async fn update_file_system(&self, id: &str, mode: &str, mibps: Option<f64>) -> Ended {
        let clients = self.clients().await;
        let result = clients
            .efs
            .update_file_system()
            .file_system_id(id)
            .throughput_mode(ThroughputMode::from(mode))
            .set_provisioned_throughput_in_mibps(mibps)
            .send()
            .await;
        self.answer(&UPDATE_FILE_SYSTEM, &clients, result)?;
        Ok(Outputs::new())
    }

    pub(super) async fn put_lifecycle(&self, file_system: &str, policies: &[(String, String)]) -> Ended {
        let policies = policies.iter().map(|(key, value)| policy(key, value)).collect::<Result<_, _>>()?;
        let clients = self.clients().await;
        let result = clients
            .efs
            .put_lifecycle_configuration()
            .file_system_id(file_system)
            .set_lifecycle_policies(Some(policies))
            .send()
            .await;
        self.answer(&PUT_LIFECYCLE, &clients, result)?;
        Ok(Outputs::new())
    }
}

/// A rule as a policy of the API. A key that is not known must not be dropped: what is not sent is deleted.
fn policy(key: &str, value: &str) -> Result<LifecyclePolicy, Sent> {
    let policy = LifecyclePolicy::builder();
    Ok(match key {
        "TransitionToIA" => policy.transition_to_ia(TransitionToIaRules::from(value)),
        "TransitionToArchive" => policy.transition_to_archive(TransitionToArchiveRules::from(value)),
        "TransitionToPrimaryStorageClass" => {
            policy.transition_to_primary_storage_class(TransitionToPrimaryStorageClassRules::from(value))
        }
        _ => {
            let text = format!("the lifecycle rule {key} is not known, so the call was not made");
            return Err(Sent::Refused(Failure::new(FailureClass::Refused, text)));
        }
    }
    .build())
}
