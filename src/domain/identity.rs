//! Who is asking.

use serde::{Deserialize, Serialize};

/// `sts:GetCallerIdentity`, and the region it was asked in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// ARN of user or assumed role.
    pub arn: String,
    /// Region of the environment.
    pub region: String,
}

impl Identity {
    /// The short name of user or role: `ops` of `…:assumed-role/ops/session` and of `…:user/ops`.
    pub fn principal(&self) -> &str {
        let resource = self.arn.splitn(6, ':').nth(5).unwrap_or(&self.arn);
        let mut parts = resource.split('/');
        match parts.next() {
            Some("assumed-role") => parts.next().unwrap_or(resource),
            Some("user" | "role") => resource.rsplit('/').next().unwrap_or(resource),
            _ => resource,
        }
    }
}
