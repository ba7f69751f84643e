//! What `miharu kakeru` is told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};

use crate::domain::slo::Objective;
use crate::kakeru::plan::{Plan, SCENARIOS};
use crate::kakeru::target::{Target, TargetError};
use crate::kakeru::{Load, sources};

/// Requests a second beyond which nobody means it.
const FASTEST: f64 = 1_000_000.0;

/// Open-loop load, or the sum of several.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Kakeru {
    /// Not a load, but the sum of several
    #[command(subcommand)]
    pub merge: Option<Merge>,
    /// The load
    #[command(flatten)]
    pub load: LoadArgs,
}

/// The other command.
#[derive(Debug, Clone, Subcommand)]
pub enum Merge {
    /// Adds the JSON reports of loads that ran at the same time, exactly; prints the sum as JSON
    Merge {
        /// Reports; - is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Exit 1 if fewer succeeded: 0.999 or 99.9%
        #[arg(long, value_name = "RATIO", value_parser = objective)]
        objective: Option<Objective>,
        /// JSON alone, without the summary on standard error
        #[arg(long)]
        json: bool,
    },
}

/// A load. Latencies count from the intended start of each request, so a stall is seen by everybody who would have
/// come meanwhile.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("what").required(true).args(["scenario", "rate"]))]
pub struct LoadArgs {
    /// Where to, in turns; without a path /hakaru, without a query the traffic mix
    #[arg(required = true, value_name = "URL")]
    pub urls: Vec<String>,
    /// A scenario of the workshop
    #[arg(long, value_parser = SCENARIOS, requires = "urls")]
    pub scenario: Option<String>,
    /// Requests a second, evenly spaced
    #[arg(long, value_name = "R", value_parser = rate, requires = "duration")]
    pub rate: Option<f64>,
    /// How long: 30s, 5m
    #[arg(long, value_name = "D", value_parser = duration, conflicts_with = "scenario")]
    pub duration: Option<Duration>,
    /// The scenario's rates times this
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = rate, conflicts_with = "rate")]
    pub scale: f64,
    /// Before it, at a tenth of the first rate; not in the report
    #[arg(long, value_name = "D", default_value = "0s", value_parser = duration_or_none)]
    pub warm_up: Duration,
    /// Before it, rising up to the first rate; not in the report
    #[arg(long, value_name = "D", default_value = "0s", value_parser = duration_or_none)]
    pub ramp: Duration,
    /// Use connections again instead of a new one for each request
    #[arg(long)]
    pub keep_alive: bool,
    /// A request has failed that is not answered so long after its intended start
    #[arg(long, value_name = "D", default_value = "10s", value_parser = duration)]
    pub timeout: Duration,
    /// A request that kakeru itself starts later than this was not offered, and is not sent
    #[arg(long, value_name = "D", default_value = "1s", value_parser = duration)]
    pub max_lag: Duration,
    /// Exit 1 if fewer succeeded: 0.999 or 99.9%
    #[arg(long, value_name = "RATIO", value_parser = objective)]
    pub objective: Option<Objective>,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Do not ask before more than 200 requests a second leave this machine
    #[arg(long)]
    pub yes: bool,
    /// Serve /metrics for Prometheus there, such as 127.0.0.1:9091
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// Same seed, same order of looks and purchases
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Most requests under way at once [default: 16384, with --keep-alive 1024, as far as files may be open]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_in_flight: Option<u32>,
    /// Source addresses on this machine [default: enough for the rate]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(sources::MOST)))]
    pub sources: Option<u32>,
    /// Threads [default: by rate and processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
}

impl LoadArgs {
    /// What is to be done.
    ///
    /// # Errors
    /// An address that cannot be used.
    pub fn load(&self) -> Result<Load, TargetError> {
        let targets = self.urls.iter().map(|url| Target::parse(url, !self.keep_alive));
        let plan = match (&self.scenario, self.rate, self.duration) {
            (Some(name), ..) => Plan::scenario(name, self.scale),
            (None, Some(rate), Some(duration)) => Some(Plan::constant(rate, duration)),
            _ => None,
        };
        Ok(Load {
            targets: targets.collect::<Result<_, _>>()?,
            addresses: None,
            // Without a plan nothing is to be done; the flags' own rules do not let it come to that.
            plan: plan.unwrap_or_else(|| Plan::new([])).after(self.warm_up, self.ramp),
            keep_alive: self.keep_alive,
            timeout: self.timeout,
            max_lag: self.max_lag,
            most: self.max_in_flight.and_then(|n| usize::try_from(n).ok()),
            sources: self.sources,
            workers: self.workers.map(usize::from),
            seed: self.seed,
        })
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "a number such as 30000 or 0.5 is expected".to_owned())?;
    if rate > 0.0 && rate <= FASTEST {
        Ok(rate)
    } else {
        Err("more than 0 and at most a million is expected".into())
    }
}

fn duration_or_none(text: &str) -> Result<Duration, String> {
    // A bare number is taken as seconds.
    let seconds = text.parse::<f64>().ok().map(|s| Duration::try_from_secs_f64(s).map_err(|e| e.to_string()));
    let read = seconds.unwrap_or_else(|| humantime::parse_duration(text).map_err(|e| e.to_string()));
    read.map_err(|e| format!("a duration such as 30s or 5m is expected ({e})"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let read = duration_or_none(text)?;
    let days = Duration::from_secs(7 * 86_400);
    if read.is_zero() || read > days {
        Err("more than nothing and at most a week is expected".into())
    } else {
        Ok(read)
    }
}

fn objective(text: &str) -> Result<Objective, String> {
    text.parse()
}
