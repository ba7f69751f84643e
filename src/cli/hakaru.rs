//! `miharu hakaru`: the impression service.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config;
use crate::config::model::Datasource;
use crate::hakaru::{self, Error, Options, Out};

/// The impression service's settings.
#[derive(Debug, Clone, Args)]
pub struct Hakaru {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    pub listen: SocketAddr,
    /// Where to record: mysql://…, sqlite://… or a Go DSN; else the variable `HAKARU_DATASOURCENAME`, which no list of processes shows; else `$XDG_STATE_HOME/miharu/hakaru.db`
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Keep impressions in this directory while the database is away, and replay them
    #[arg(long, value_name = "DIR")]
    pub spool: Option<PathBuf>,
    /// Size that the spool may reach
    #[arg(long, value_name = "MIB", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub spool_limit: u64,
    /// Impressions that may wait for the database
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub queue: u32,
    /// Longest that an impression may wait for the database, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub patience: u64,
    /// Connections to a server that record at once (a SQLite file has one)
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub writers: u32,
    /// Longest that connections are waited for at the end, in seconds
    #[arg(long, value_name = "S", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub drain: u64,
    /// A line of JSON on standard output for each request
    #[arg(long)]
    pub log: bool,
    /// Serve at most so many requests a second, as a task with little processor would; the rest gets 503
    #[arg(long, value_name = "R", value_parser = capacity)]
    pub capacity: Option<f64>,
    /// Does as the original does: 200 also for what was not recorded
    #[arg(long, hide = true)]
    pub as_the_original: bool,
    /// Ends with the program that started it: when standard input is closed, or that program dies
    #[arg(long, hide = true)]
    pub tied: bool,
}

fn capacity(text: &str) -> Result<f64, String> {
    let per_s: f64 = text.parse().map_err(|_| "a number such as 200 is expected".to_owned())?;
    if (0.1..=1e6).contains(&per_s) { Ok(per_s) } else { Err("from 0.1 to 1000000 is expected".into()) }
}

/// Runs it until SIGTERM or SIGINT.
pub fn run(arguments: &Hakaru, variables: &BTreeMap<String, String>) -> Result<(), Error> {
    let options = Options {
        listen: arguments.listen,
        database: database(arguments, variables)?,
        spool: arguments.spool.clone(),
        spool_limit: arguments.spool_limit << 20,
        queue: usize::try_from(arguments.queue).unwrap_or(usize::MAX),
        patience: Duration::from_millis(arguments.patience),
        lanes: arguments.writers,
        drain: Duration::from_secs(arguments.drain),
        capacity: arguments.capacity,
        original: arguments.as_the_original,
    };
    let failed = |e: std::io::Error| Error::Failed(e.to_string());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(failed)?;
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        if arguments.tied {
            super::tied::watch(stop.clone()).map_err(failed)?;
        }
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let lines = arguments.log.then(|| Box::new(std::io::stdout()) as Out);
        let serving = hakaru::run(options, Clock::system(), Box::new(std::io::stderr()), lines, stop.clone());
        let signals = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stop.cancel();
            std::future::pending::<Result<(), Error>>().await
        };
        tokio::select! {
            ended = serving => ended,
            ended = signals => ended,
        }
    });
    // A disk that hangs holds a thread that nobody can end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

fn database(arguments: &Hakaru, variables: &BTreeMap<String, String>) -> Result<Datasource, Error> {
    let variable = |name: &str| variables.get(name).filter(|text| !text.is_empty());
    let (place, text) = if let Some(text) = &arguments.database {
        ("--database", text.clone())
    } else if let Some(text) = variable("HAKARU_DATASOURCENAME") {
        ("HAKARU_DATASOURCENAME", text.clone())
    } else {
        let home = || variable("HOME").map(|home| Path::new(home).join(".local/state"));
        let state =
            variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(home);
        let state = state.ok_or_else(|| {
            Error::Usage(
                "there is no home directory for the event log: set --database or HAKARU_DATASOURCENAME"
                    .into(),
            )
        })?;
        ("default", format!("sqlite://{}", state.join("miharu/hakaru.db").display()))
    };
    config::datasource(&text).map_err(|why| Error::Usage(format!("{place}: {why}")))
}
