//! How auto mode and verification look at the world: a command polls every source once, a console looks at what
//! its pollers have seen.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::clock::Clock;
use crate::domain::price::PriceList;
use crate::domain::world::World;
use crate::sources::Setup;

use super::oneshot::observe;
use super::verify::OBSERVATION;

/// Sees the world.
#[async_trait]
pub trait Eyes: Send + Sync {
    /// The world, and the time it is of. What could not be read says so in it.
    async fn look(&self) -> (World, DateTime<Utc>);
}

/// Polls every source once at each look.
pub struct OneShot {
    /// What the sources are built from.
    pub setup: Setup,
    /// The environment's time.
    pub clock: Clock,
    /// Prices of the region, for the accounting of reads.
    pub prices: PriceList,
}

#[async_trait]
impl Eyes for OneShot {
    async fn look(&self) -> (World, DateTime<Utc>) {
        observe(&self.setup, &self.clock, &self.prices, OBSERVATION).await
    }
}
