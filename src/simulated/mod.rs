//! Floor 2: the simulated AWS, the second implementation of the ports in [`crate::aws`].
//!
//! A [`Simulated`] is a small world (file system, mount targets, service, tasks, parameter, metrics, alarms)
//! that follows from a seed and a [`Scenario`] on a [`Clock`], real or virtual. It does nothing by itself: at
//! each call it is brought up to the present by handling every event that was due, each at its own time. So the
//! same seed and the same times give the same answers, however often it is asked.

use std::sync::{Arc, Mutex, PoisonError};

use crate::aws::Outside;
use crate::clock::Clock;
use crate::config::model::Environment;
use crate::domain::count::CountSource;

mod activity;
mod actuator;
mod alarms;
mod ecs;
mod efs;
mod faults;
mod function;
mod ids;
mod ledger;
mod load;
mod log;
mod metrics;
mod mishap;
mod network;
mod parameters;
mod ports;
pub mod runner;
pub mod scenario;
mod seeded;
mod world;
mod writes;

pub use ledger::{Received, Taken, Truth};
pub use mishap::{Mishap, Shares};
pub use scenario::{Scenario, ScenarioError};
use world::World;

/// Cluster of the file service.
pub const CLUSTER: &str = "efs-mount-autoscaling-cluster";
/// The file service.
pub const SERVICE: &str = "efs-mount-autoscaling-fargate-service";
/// Parameter with the published list.
pub const PARAMETER: &str = "/efs-mount-autoscaling/mount-targets";
/// The former monitor function.
pub const LAMBDA: &str = "efs-mount-autoscaling-file-monitor";
/// The balancer's `LoadBalancer` dimension.
const BALANCER: &str = "app/hakaru/50dc6c495c0c9188";
/// Its `TargetGroup` dimension.
const GROUP: &str = "targetgroup/hakaru/73e2d6bc24d8a067";
/// Log group of the service.
pub const SERVICE_LOG: &str = "/ecs/efs-mount-autoscaling-fargate";
/// Log group of the former function.
pub const FUNCTION_LOG: &str = "/aws/lambda/efs-mount-autoscaling-file-monitor";
/// Family of the task definitions.
const FAMILY: &str = "efs-mount-autoscaling-fargate";

/// A simulated AWS account with one file service.
pub struct Simulated {
    seed: u64,
    clock: Clock,
    threshold: u64,
    /// Held for the time of a look, never across a wait.
    world: Mutex<World>,
}

impl Simulated {
    /// The world of a scenario, whose start is now. It has two hours of history behind it.
    pub fn new(scenario: &Scenario, seed: u64, clock: Clock) -> Self {
        let world = World::new(scenario, seed, clock.now(), clock.speed().max(1e-3));
        Self { seed, clock, threshold: scenario.world.threshold, world: Mutex::new(world) }
    }

    /// Looks at the world as it is now.
    fn world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        self.change(|world| look(world))
    }

    /// Changes the world as it is now.
    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let now = self.clock.now();
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(now);
        change(&mut world)
    }

    /// The environment that watches this world, as a user would have configured it.
    pub fn environment(&self) -> Environment {
        let (region, account, file_system, vpc) = self.world(|w| {
            (w.region.clone(), w.account.clone(), w.efs.file_system_id.clone(), w.network.vpc_id.clone())
        });
        let mut environment = Environment::named("demo");
        environment.region = Some(region);
        environment.expected_account = Some(account);
        environment.file_system_id = Some(file_system);
        environment.vpc_id = Some(vpc);
        environment.published_parameter = PARAMETER.into();
        environment.cluster = Some(CLUSTER.into());
        environment.service = Some(SERVICE.into());
        environment.lambda_function = Some(LAMBDA.into());
        environment.logs.groups = [SERVICE_LOG, FUNCTION_LOG].map(str::to_owned).to_vec();
        environment.files.threshold = self.threshold;
        environment.files.sources = vec![CountSource::Cloudwatch];
        environment
    }

    /// This world as the outside of an environment.
    pub fn outside(self: &Arc<Self>) -> Outside {
        Outside {
            aws: Arc::clone(self) as _,
            nfs: Arc::clone(self) as _,
            sign_in: Arc::new(Arc::clone(self)),
        }
    }
}

impl std::fmt::Debug for Simulated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulated").field("seed", &self.seed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
