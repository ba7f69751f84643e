//! The EFS file system and its mount targets.

use serde::{Deserialize, Serialize};

/// The file system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileSystem {
    /// `fs-…`.
    pub id: String,
    /// `Name` tag.
    pub name: Option<String>,
    /// `creating`, `available`, `updating`, `deleting`, `error`.
    pub lifecycle_state: String,
    /// `generalPurpose` or `maxIO`.
    pub performance_mode: String,
    /// `bursting`, `provisioned` or `elastic`.
    pub throughput_mode: String,
    /// Provisioned throughput in MiB/s.
    pub provisioned_mibps: Option<f64>,
    /// Metered size in bytes.
    pub size_bytes: u64,
    /// The one zone of a One Zone file system, which has exactly one mount target.
    pub one_zone: Option<String>,
}

/// A mount target: one network interface in one zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountTarget {
    /// `fsmt-…`.
    pub mount_target_id: String,
    /// IPv4 address.
    pub ip_address: Option<String>,
    /// Zone name.
    pub availability_zone: Option<String>,
    /// Subnet.
    pub subnet_id: String,
    /// VPC of the subnet.
    pub vpc_id: Option<String>,
    /// `creating`, `available`, `updating`, `deleting`, `deleted`, `error`.
    pub state: String,
}

impl MountTarget {
    /// Whether clients can mount it.
    pub fn is_available(&self) -> bool {
        self.state == "available"
    }
}

/// A rule of the lifecycle configuration: `("TransitionToIA", "AFTER_30_DAYS")`.
pub type LifecyclePolicy = (String, String);
