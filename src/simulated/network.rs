//! VPC, zones, subnets and who has which address.

use std::collections::BTreeSet;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::ids;
use super::scenario;
use super::seeded::dice;
use crate::domain::network::Subnet;

/// Addresses of a /24 that AWS leaves to use: all but the first four and the last.
const USABLE: std::ops::RangeInclusive<u8> = 4..=254;

/// A subnet with the addresses in use.
#[derive(Debug, Clone)]
struct Segment {
    id: String,
    zone: String,
    /// Third part of its addresses.
    third: u8,
    used: BTreeSet<u8>,
}

/// The network.
#[derive(Debug, Clone)]
pub(super) struct Network {
    pub(super) vpc_id: String,
    /// The group that lets NFS through.
    pub(super) nfs_group: String,
    /// The VPC's default group.
    pub(super) default_group: String,
    segments: Vec<Segment>,
}

impl Network {
    pub(super) fn new(settings: &scenario::World, seed: u64) -> Self {
        let rng = &mut dice(seed, "network", 0);
        let vpc_id = ids::resource(rng, "vpc");
        let mut segments = Vec::new();
        for _ in 0..settings.subnets_a_zone {
            for zone in &settings.zones {
                let third = u8::try_from(segments.len() + 1).unwrap_or(u8::MAX);
                let id = ids::resource(rng, "subnet");
                segments.push(Segment { id, zone: zone.clone(), third, used: BTreeSet::new() });
            }
        }
        let groups = &mut dice(seed, "security group", 0);
        let (nfs_group, default_group) = (ids::resource(groups, "sg"), ids::resource(groups, "sg"));
        Self { vpc_id, nfs_group, default_group, segments }
    }

    /// The first subnet of a zone.
    pub(super) fn subnet_in(&self, zone: &str) -> Option<String> {
        self.segments.iter().find(|s| s.zone == zone).map(|s| s.id.clone())
    }

    /// All subnets of some zones.
    pub(super) fn subnets_in(&self, zones: &[String]) -> Vec<String> {
        self.segments.iter().filter(|s| zones.contains(&s.zone)).map(|s| s.id.clone()).collect()
    }

    /// The zone of a subnet.
    pub(super) fn zone_of(&self, subnet: &str) -> Option<&str> {
        self.segments.iter().find(|s| s.id == subnet).map(|s| s.zone.as_str())
    }

    /// Takes a free address of a subnet.
    pub(super) fn take(&mut self, subnet: &str, rng: &mut ChaCha8Rng) -> Option<String> {
        let segment = self.segments.iter_mut().find(|s| s.id == subnet)?;
        let free: Vec<u8> = USABLE.filter(|host| !segment.used.contains(host)).collect();
        let host = *free.get(rng.random_range(0..free.len().max(1)))?;
        segment.used.insert(host);
        Some(format!("10.0.{}.{host}", segment.third))
    }

    /// Gives an address back.
    pub(super) fn release(&mut self, subnet: &str, address: &str) {
        let host = address.rsplit('.').next().and_then(|h| h.parse().ok());
        if let (Some(segment), Some(host)) = (self.segments.iter_mut().find(|s| s.id == subnet), host) {
            segment.used.remove(&host);
        }
    }

    /// What `DescribeSubnets` tells.
    pub(super) fn subnets(&self) -> Vec<Subnet> {
        let all = USABLE.len();
        self.segments
            .iter()
            .map(|s| Subnet {
                id: s.id.clone(),
                availability_zone: s.zone.clone(),
                vpc_id: self.vpc_id.clone(),
                cidr: Some(format!("10.0.{}.0/24", s.third)),
                free_addresses: u32::try_from(all - s.used.len()).ok(),
            })
            .collect()
    }
}
