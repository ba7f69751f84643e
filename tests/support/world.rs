//! An environment in the peer, made by `world.py`.

use miharu::config::model::Environment;
use serde::Deserialize;

use super::peer::Peer;

/// What `world.py` made.
#[derive(Debug, Clone, Deserialize)]
pub struct World {
    pub region: String,
    pub vpc: String,
    pub subnets: Vec<Subnet>,
    pub file_system: String,
    pub mount_targets: Vec<Target>,
    pub parameter: String,
    pub cluster: String,
    pub service: String,
    pub task_definition: String,
    pub security_group: String,
    pub log_group: String,
}

/// A subnet of the world.
#[derive(Debug, Clone, Deserialize)]
pub struct Subnet {
    pub id: String,
    pub zone: String,
}

/// A mount target, with what is published of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    pub mount_target_id: String,
    pub ip_address: String,
    pub availability_zone: String,
    pub subnet_id: String,
}

impl World {
    /// Makes one in a region of its own; `options` are those of `world.py`.
    pub fn create(peer: &Peer, region: &str, options: &[&str]) -> Self {
        let arguments: Vec<String> =
            ["--region", region].iter().chain(options).map(|a| (*a).to_owned()).collect();
        serde_json::from_value(peer.python("world.py", &arguments)).expect("what world.py prints")
    }

    /// Makes one in each of several regions, which is quicker than one by one.
    pub fn create_in(peer: &Peer, regions: &[&str], options: &[&str]) -> Vec<Self> {
        let regions = regions.join(",");
        let arguments: Vec<String> =
            ["--region", &regions].iter().chain(options).map(|a| (*a).to_owned()).collect();
        serde_json::from_value(peer.python("world.py", &arguments)).expect("what world.py prints")
    }

    /// The configuration that watches it through the peer.
    pub fn environment(&self, peer: &Peer) -> Environment {
        Environment {
            region: Some(self.region.clone()),
            endpoint_url: Some(peer.url()),
            file_system_id: Some(self.file_system.clone()),
            cluster: Some(self.cluster.clone()),
            service: Some(self.service.clone()),
            ..Environment::named("test")
        }
    }
}
