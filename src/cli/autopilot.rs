//! `miharu autopilot`: the loop of auto mode without a screen and without a countdown.

use std::process::ExitCode;
use std::sync::Arc;

use color_eyre::eyre::{self, WrapErr};

use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::guardrail::name;
use crate::domain::journal::Entry;
use crate::domain::verification::Verdict;
use crate::engine::autopilot::{Autopilot, Turn};
use crate::engine::executor::Outcome;

use super::acting::{self, Operator};
use super::ending::{Ended, cut_off, ended, stop};
use super::teller::{Signals, Stage, Teller};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Armed by the command line.
    pub armed: bool,
    /// One evaluation, at most one change.
    pub once: bool,
    /// Whether effects are watched.
    pub verifies: bool,
    /// JSON instead of text.
    pub json: bool,
}

/// Runs it until it is stopped, disarms itself, or, with `--once`, after one evaluation.
pub fn run(config: &Config, operator: &Operator, wanted: Wanted) -> eyre::Result<ExitCode> {
    let Some(environment) = config.environments.first() else { return Ok(ExitCode::FAILURE) };
    if !wanted.armed {
        return Ok(super::usage(
            &"autopilot applies changes without asking: give --yes-auto-apply if that is wanted, or see what it would do \
              with miharu recommend",
        ));
    }
    let runtime = super::async_runtime()?;
    let teller = Teller::new(wanted.json);
    let ended = runtime.block_on(async {
        let signals = Signals::catch().wrap_err("signals cannot be caught")?;
        eyre::Ok(fly(config, environment, operator, wanted, &teller, signals).await)
    })?;
    if wanted.once || ended.exit != 0 {
        teller.ended(&ended);
    }
    runtime.shutdown_background();
    Ok(ExitCode::from(ended.exit))
}

async fn fly(
    config: &Config,
    environment: &Environment,
    operator: &Operator,
    wanted: Wanted,
    teller: &Teller,
    mut signals: Signals,
) -> Ended {
    let clock = Clock::system();
    // What is not written down first is not done: a crash could not be cleared up.
    let journal = match acting::journal(config).await {
        Ok(journal) => journal,
        Err(error) => return Ended::refused(format!("{}: {error}", name::JOURNAL)),
    };
    let Ok(connected) = acting::connect(config, environment, &clock).await else {
        let within = acting::CONNECT.as_secs();
        let why = format!("region and credentials were not found out within {within} s");
        return Ended::refused(format!("{}: {why}", name::DATA_FRESHNESS));
    };
    let executor =
        Arc::new(acting::executor(config, connected.setup, &connected.region, journal, clock, operator));
    let mut pilot = Autopilot::new(Arc::clone(&executor), connected.prices, true, wanted.verifies);
    let report = |entry: Entry| teller.tell(&entry);
    if let Err(why) = pilot.arm(&operator.name, &report).await {
        return Ended::refused(why);
    }
    let every = environment.apply.evaluate_every;
    let brakes = pilot.brakes();
    let work = async {
        loop {
            let turn = pilot.turn(&report).await;
            if wanted.once || !brakes.armed() {
                return how(&turn, teller);
            }
            executor.clock.sleep(every).await;
        }
    };
    let done = signals.during(work, || stop(&executor, teller)).await;
    let ended = match done {
        Some(ended) => ended,
        // Between two changes a signal is how it is meant to end.
        None if !wanted.once && teller.stage() != Stage::UnderWay => {
            Ended { exit: 0, ..cut_off(&executor, teller).await }
        }
        None => cut_off(&executor, teller).await,
    };
    pilot.disarm(&operator.name, "autopilot ended", &report).await;
    ended
}

/// How an evaluation ends the command.
fn how(turn: &Turn, teller: &Teller) -> Ended {
    let change = teller.change();
    let of = |outcome: &str, why: &str| Ended {
        change: change.clone(),
        outcome: outcome.to_owned(),
        exit: turn.exit(),
        why: why.to_owned(),
    };
    match turn {
        Turn::Nothing => of("nothing", "nothing is to be done that autopilot may do"),
        Turn::Disarmed => of("disarmed", ""),
        Turn::Vetoed => of("vetoed", ""),
        Turn::Applied { rolled_back: true, .. } => of("rolled-back", "it had made it worse"),
        Turn::Applied { outcome: Outcome::Converged, verdict: Some(verdict), .. } => of(word(*verdict), ""),
        Turn::Held(outcome) | Turn::Applied { outcome, .. } => {
            Ended { exit: turn.exit(), ..ended(change, outcome) }
        }
    }
}

/// The word of a verdict.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Same => "same",
        Verdict::Worse => "worse",
        Verdict::CannotTell => "cannot-tell",
    }
}
