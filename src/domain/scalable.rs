//! Application Auto Scaling on the service.

use serde::{Deserialize, Serialize};

/// The scalable target that overrules the service's desired count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalableTarget {
    /// `service/<cluster>/<name>`.
    pub resource_id: String,
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks.
    pub max: u32,
    /// Whether scaling is suspended in either direction.
    pub suspended: bool,
}
