//! Subnets and zones.

use serde::{Deserialize, Serialize};

/// A subnet of the VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Zone name.
    pub availability_zone: String,
    /// VPC.
    pub vpc_id: String,
    /// Address range.
    pub cidr: Option<String>,
    /// Free addresses; a mount target needs one.
    pub free_addresses: Option<u32>,
}
