//! The probe of a mount target from where miharu runs.

use serde::{Deserialize, Serialize};

/// Answer of one mount target to an NFS NULL call on TCP port 2049 (RFC 5531, program 100003).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Which mount target.
    pub mount_target_id: String,
    /// Address that was asked.
    pub ip_address: String,
    /// Milliseconds from connect to the answer, or why there was none.
    pub result: Result<f64, String>,
}
