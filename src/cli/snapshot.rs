//! `miharu snapshot`: every source once, then what was seen.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use color_eyre::eyre;

use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::snapshot::{Frame, Snapshot};
use crate::domain::world::World;
use crate::engine::oneshot;
use crate::sources::Setup;

/// Everything is read within this time.
const LIMIT: Duration = Duration::from_secs(30);

/// The world of an environment, read once.
pub async fn observe(config: &Config, environment: &Environment) -> (World, DateTime<Utc>) {
    let clock = Clock::system();
    let environment = Arc::new(environment.clone());
    let elapsed = Clock::stopwatch();
    let connected = tokio::time::timeout(LIMIT, super::connect::sdk(&environment, clock.clone())).await;
    let Ok((outside, region)) = connected else { return (World::default(), clock.now()) };
    let prices = config.prices.get(&region).cloned().unwrap_or_default();
    let left = LIMIT.saturating_sub(elapsed()).saturating_sub(Duration::from_millis(500));
    oneshot::observe(&Setup { environment, outside }, &clock, &prices, left).await
}

/// What the printed forms need beside the world.
pub fn frame(environment: &Environment) -> Frame<'_> {
    Frame {
        environment: &environment.name,
        mode: environment.mode,
        file_count_threshold: environment.files.threshold,
    }
}

/// Prints it; fails only if neither the file system nor the service could be read.
pub fn run(config: &Config, json: bool) -> eyre::Result<ExitCode> {
    let Some(environment) = config.environments.first() else { return Ok(ExitCode::FAILURE) };
    let runtime = super::async_runtime()?;
    let (world, now) = runtime.block_on(observe(config, environment));
    runtime.shutdown_background();
    let frame = frame(environment);
    if json {
        super::out(&serde_json::to_string_pretty(&Snapshot::of(&world, &frame, now))?)?;
    } else {
        super::out(super::text::snapshot(&world, &frame, now).trim_end())?;
    }
    let read = world.file_system.is_some() || world.service.is_some();
    Ok(if read { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
