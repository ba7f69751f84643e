//! `miharu demo`: the console on a simulated world.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre;

use crate::clock::Clock;
use crate::config::{Inputs, Loaded};
use crate::engine::start::Watched;
use crate::simulated::{Scenario, Simulated};

use super::args::Demo;
use super::console::{self, Session};

/// Runs the console on the scenario.
pub fn run(demo: &Demo, loaded: &Loaded, inputs: &Inputs) -> eyre::Result<ExitCode> {
    let scenario = match Scenario::load(&demo.scenario) {
        Ok(scenario) => scenario,
        Err(error) => return Ok(super::usage(&error)),
    };
    let clock = Clock::virtual_from(Clock::system().now(), demo.speed);
    let simulated = Arc::new(Simulated::new(&scenario, demo.seed, clock.clone()));
    let environment = Arc::new(simulated.environment());
    let title = match demo.speed {
        1.0 => format!("{}: {}", scenario.name, scenario.title),
        speed => format!("{} ×{speed}: {}", scenario.name, scenario.title),
    };
    let region = environment.region.clone().unwrap_or_default();
    let watched = Watched {
        environment,
        connect: Box::new(move || Box::pin(async move { (simulated.outside(), region) })),
        clock: clock.clone(),
        prices: Arc::new(loaded.config.prices.clone()),
        nudges: Arc::default(),
        seed: demo.seed,
    };
    let look = match super::Look::load(loaded, inputs) {
        Ok(look) => look,
        Err(error) => return Ok(super::usage(&error)),
    };
    console::run(Session {
        watched: vec![watched],
        look,
        clock,
        read_only: loaded.config.read_only,
        low_bandwidth: loaded.config.low_bandwidth,
        demo: Some(title),
        panic_after: demo.panic_after.map(Duration::from_millis),
    })
}
