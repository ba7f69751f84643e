//! A source as the console has it, and the world that it fills.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use miharu::clock::Clock;
use miharu::config;
use miharu::config::model::Environment;
use miharu::domain::facts::Facts;
use miharu::domain::impressions::{Impressions, Recorded};
use miharu::domain::price::PriceList;
use miharu::domain::source::{Failure, Reading, SourceId};
use miharu::domain::world::World;
use miharu::engine::poller::poll_once;
use miharu::simulated::Simulated;
use miharu::simulated::scenario::Scenario;
use miharu::sources::{Setup, Source, impressions};

/// Longest that anything may take that comes in its own time.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Eye {
    source: Box<dyn Source>,
    clock: Clock,
    pub world: World,
}

impl Eye {
    /// On an event log and pages.
    pub fn on(database: Option<&str>, pages: &[String]) -> Self {
        let clock = Clock::system();
        let simulated = Arc::new(Simulated::new(&Scenario::load("calm").unwrap(), 1, clock.clone()));
        let mut environment = Environment::named("t");
        environment.datasource = database.map(|text| config::datasource(text).unwrap());
        environment.scrape = pages.to_vec();
        let setup = Setup { environment: Arc::new(environment), outside: simulated.outside() };
        let source = impressions::build(&setup).unwrap();
        let world = World::new([(SourceId::IMPRESSIONS, TimeDelta::seconds(2))]);
        Self { source, clock, world }
    }

    /// One poll.
    pub async fn look(&mut self) -> Reading {
        let deadline = self.source.deadline();
        let prices = PriceList::default();
        let reading = poll_once(self.source.as_mut(), &self.clock, &prices, deadline, |_| deadline).await;
        self.world.merge(&reading);
        reading
    }

    /// Looks until something is so.
    pub async fn until(&mut self, what: &str, mut so: impl FnMut(&Impressions, &Reading) -> bool) {
        let start = Instant::now();
        loop {
            let reading = self.look().await;
            if so(&self.world.impressions, &reading) {
                return;
            }
            let last = self.world.impressions.recorded.last.as_ref();
            assert!(start.elapsed() < PATIENCE, "{what}: never; {last:?} {:?}", reading.result);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// The newest reading of the event log.
    pub fn recorded(&self) -> &Recorded {
        self.world.impressions.recorded.last.as_ref().unwrap()
    }
}

/// Why a poll failed.
pub fn failure(reading: &Reading) -> &Failure {
    reading.result.as_ref().unwrap_err()
}

/// All readings of the event log of a poll.
pub fn readings(reading: &Reading) -> Vec<Recorded> {
    let facts = reading.result.as_ref().unwrap();
    facts
        .iter()
        .filter_map(|f| match f {
            Facts::Recorded(r) => Some(Recorded::clone(r)),
            _ => None,
        })
        .collect()
}
