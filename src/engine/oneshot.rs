//! One poll of every source, for commands without a screen.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use crate::clock::Clock;
use crate::domain::price::PriceList;
use crate::domain::units::delta;
use crate::domain::world::World;
use crate::sources::Setup;

use super::poller::poll_once;
use super::start::build;

/// Polls every source of the environment once, all at the same time, within `limit`; gives the world and the
/// time it was complete. A source that fails leaves its reason in the world.
pub async fn observe(
    setup: &Setup,
    clock: &Clock,
    prices: &PriceList,
    limit: Duration,
) -> (World, DateTime<Utc>) {
    let (on, off) = build(setup);
    let mut world = World::new(on.iter().map(|s| (s.id(), delta(s.period()))));
    world.off.extend(off);
    let readings = join_all(on.into_iter().map(|mut source| async move {
        let (deadline, period) = (source.deadline().min(limit), source.period());
        poll_once(source.as_mut(), clock, prices, deadline, |_| period).await
    }))
    .await;
    for reading in &readings {
        world.merge(reading);
    }
    (world, clock.now())
}
