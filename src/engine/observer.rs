//! Reads some sources anew, all of them or nothing: what the executor compares, reads back and waits for.

use futures_util::future::join_all;

use crate::clock::Clock;
use crate::domain::price::PriceList;
use crate::domain::request::Operation;
use crate::domain::source::{Failure, FailureClass, Reading, SourceId};
use crate::domain::units::delta;
use crate::domain::world::World;
use crate::sources::{self, Setup, Source};

use super::poller::poll_once;

/// Reads on demand, through the sources that the pollers use.
pub(super) struct Observer {
    setup: Setup,
    clock: Clock,
    prices: PriceList,
}

impl Observer {
    pub(super) fn new(setup: Setup, clock: Clock) -> Self {
        Self { setup, clock, prices: PriceList::default() }
    }

    /// Reads the wanted sources once, all at the same time. What cannot be read leaves its reason in the world:
    /// a rule knows what it can do without.
    pub(super) async fn look(&self, wanted: &[SourceId]) -> World {
        let mut on = Vec::new();
        let mut off = Vec::new();
        for (id, build) in sources::registry().iter().filter(|(id, _)| wanted.contains(id)) {
            match build(&self.setup) {
                Ok(source) => on.push(source),
                Err(why) => off.push((*id, why)),
            }
        }
        let (mut world, readings) = self.poll(on).await;
        world.off.extend(off);
        for reading in &readings {
            world.merge(reading);
        }
        world
    }

    /// Reads the wanted sources once, all at the same time.
    ///
    /// # Errors
    /// The first source that could not be read, or that the environment does not have.
    pub(super) async fn read(&self, wanted: &[SourceId]) -> Result<World, Failure> {
        let mut on = Vec::new();
        for (id, build) in sources::registry().iter().filter(|(id, _)| wanted.contains(id)) {
            on.push(build(&self.setup).map_err(|why| {
                Failure::new(FailureClass::NotFound, format!("{id} cannot be read: {why}"))
            })?);
        }
        let (mut world, readings) = self.poll(on).await;
        for reading in readings {
            world.merge(&reading);
            reading.result?;
        }
        Ok(world)
    }

    /// An empty world of these sources, and what they say.
    async fn poll(&self, on: Vec<Box<dyn Source>>) -> (World, Vec<Reading>) {
        let world = World::new(on.iter().map(|s| (s.id(), delta(s.period()))));
        let readings = join_all(on.into_iter().map(|mut source| async move {
            let (deadline, period) = (source.deadline(), source.period());
            poll_once(source.as_mut(), &self.clock, &self.prices, deadline, |_| period).await
        }))
        .await;
        (world, readings)
    }
}

/// Sources of the measurements that a rule reasons from; `None`: what it asks for follows from lists and targets,
/// which the plan's fingerprint holds (counting files again would cost minutes and tell nothing new), or no rule
/// asked for it.
pub(super) fn measured(rule: &str) -> Option<&'static [SourceId]> {
    const LOAD: &[SourceId] =
        &[SourceId::ECS, SourceId::CLOUDWATCH, SourceId::AUTOSCALING, SourceId::SUBNETS];
    match rule {
        "scale-out-service" | "scale-in-service" => Some(LOAD),
        "resize-task" => Some(&[SourceId::ECS, SourceId::CLOUDWATCH]),
        "raise-throughput" => Some(&[SourceId::EFS, SourceId::CLOUDWATCH]),
        "add-lifecycle-policy" => Some(&[SourceId::EFS]),
        "set-log-retention" | "use-fargate-spot" => Some(&[SourceId::ECS]),
        _ => None,
    }
}

/// Sources that tell what an operation depends on and whether it took effect.
pub(super) fn sources_of(operation: &Operation) -> &'static [SourceId] {
    match operation {
        Operation::CreateMountTarget { .. } => &[SourceId::EFS, SourceId::SUBNETS],
        Operation::DeleteMountTarget { .. }
        | Operation::UpdateFileSystem { .. }
        | Operation::PutLifecycleConfiguration { .. } => &[SourceId::EFS],
        Operation::PutParameter { .. } => &[SourceId::EFS, SourceId::SSM],
        Operation::ForceNewDeployment { .. }
        | Operation::UpdateDesiredCount { .. }
        | Operation::UpdateTaskDefinition { .. }
        | Operation::RegisterTaskDefinition { .. }
        | Operation::UpdateCapacityProviders { .. } => &[SourceId::ECS, SourceId::SSM],
        Operation::RegisterScalableTarget { .. } => &[SourceId::ECS, SourceId::AUTOSCALING],
        // The log groups of the service's tasks, with their retention, come with the service.
        Operation::PutRetentionPolicy { .. } => &[SourceId::ECS],
        Operation::PutMetricData { .. } => &[SourceId::CLOUDWATCH],
    }
}

/// Sources that tell what some operations depend on.
pub(super) fn sources_of_all(operations: &[Operation]) -> Vec<SourceId> {
    let mut all: Vec<SourceId> = operations.iter().flat_map(sources_of).copied().collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::RULES;

    #[test]
    fn each_rule_is_asked_again_or_rests_on_what_the_fingerprint_holds() {
        // A new rule has to be put on one side.
        let fingerprint =
            ["add-mount-target", "publish-mount-targets", "redeploy-service", "remove-mount-target"];
        // Never applied.
        let advice = ["resize-lambda"];
        for rule in RULES {
            let held = fingerprint.contains(rule) || advice.contains(rule);
            assert_eq!(measured(rule).is_none(), held, "{rule}");
        }
    }
}
