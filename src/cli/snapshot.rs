//! `miharu snapshot`: every source once, then what was seen.

use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, Utc};
use color_eyre::eyre;

use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::snapshot::{Frame, Mode, Snapshot};
use crate::domain::source::{Failure, FailureClass, Reading};
use crate::domain::units::delta;
use crate::domain::world::World;
use crate::engine::oneshot;
use crate::engine::start::build;
use crate::sources::{Setup, Source};

use super::acting::{self, CONNECT, Connected};
use super::measured::measured;

/// Everything is read within this time.
const LIMIT: Duration = Duration::from_secs(30);

/// The world of an environment, read once.
pub async fn observe(config: &Config, environment: &Environment) -> (World, DateTime<Utc>) {
    let clock = Clock::system();
    let elapsed = Clock::stopwatch();
    let Connected { setup, prices, .. } = match acting::connect(config, environment, &clock).await {
        Ok(connected) => connected,
        Err(setup) => return (unconnected(&setup, CONNECT, clock.now()), clock.now()),
    };
    let left = LIMIT.saturating_sub(elapsed()).saturating_sub(Duration::from_millis(500));
    oneshot::observe(&setup, &clock, &prices, left).await
}

/// A world of which nothing could be read, because region and credentials were not found out in time: every
/// source says so.
fn unconnected(setup: &Setup, within: Duration, now: DateTime<Utc>) -> World {
    let (on, off) = build(setup);
    let every = |s: &dyn Source| delta(s.period());
    let mut world = World::new(on.iter().map(|s| (s.id(), every(s.as_ref()))));
    world.off.extend(off);
    let text = format!(
        "not asked: region and credentials were not found out within {} s (AWS configuration, instance metadata)",
        within.as_secs()
    );
    for source in on {
        world.merge(&Reading {
            source: source.id(),
            started_at: now,
            at: now,
            took_ms: u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
            calls: 0,
            cost_usd: Some(0.0),
            next_at: now + every(source.as_ref()),
            result: Err(Failure::new(FailureClass::Timeout, text.clone())),
            partial: Vec::new(),
            warnings: Vec::new(),
        });
    }
    world
}

/// What the printed forms need beside the world. What is started with `--read-only` observes, whatever is
/// configured.
pub fn frame(environment: &Environment, read_only: bool) -> Frame<'_> {
    Frame {
        environment: &environment.name,
        mode: if read_only { Mode::Observe } else { environment.mode },
        file_count_threshold: environment.files.threshold,
    }
}

/// Prints it; fails only if neither the file system nor the service could be read.
pub fn run(config: &Config, json: bool) -> eyre::Result<ExitCode> {
    let Some(environment) = config.environments.first() else { return Ok(ExitCode::FAILURE) };
    let runtime = super::async_runtime()?;
    let ((mut world, now), measured) =
        runtime.block_on(async { tokio::join!(observe(config, environment), measured(config, environment)) });
    runtime.shutdown_background();
    match measured {
        Ok(measured) => world.measured = measured,
        Err(error) => super::say(&format!("miharu: tests and changes measure no goal: {error}")),
    }
    let frame = frame(environment, config.read_only);
    if json {
        super::out(&serde_json::to_string_pretty(&Snapshot::of(&world, &frame, now))?)?;
    } else {
        super::out(super::text::snapshot(&world, &frame, now).trim_end())?;
    }
    let read = world.file_system.is_some() || world.service.is_some();
    Ok(if read { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn without_a_connection_every_source_says_why() {
        let environment =
            Environment { file_system_id: Some("fs-0123456789abcdef0".into()), ..Environment::named("t") };
        let now = DateTime::UNIX_EPOCH;
        let (_, outside) = super::super::connect::unasked(&environment, Clock::system());
        let setup = Setup { environment: Arc::new(environment), outside };
        let world = unconnected(&setup, Duration::from_secs(10), now);
        let json = Snapshot::of(&world, &frame(&setup.environment, false), now);
        assert_eq!(json.sources.len(), crate::sources::registry().len(), "on or off, none is left out");
        let failed: Vec<_> = json.sources.iter().filter(|s| s.every_s.is_some()).collect();
        assert!(failed.len() >= 4, "{failed:?}");
        for source in failed {
            let error = source.error.as_deref().unwrap_or_default();
            assert!(error.contains("region and credentials were not found out within 10 s"), "{source:?}");
        }
    }
}
