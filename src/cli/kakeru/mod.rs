//! `miharu kakeru`: puts load on hakaru, says what came of it, and adds reports.

use std::io::{IsTerminal, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use color_eyre::eyre::{self, WrapErr};
use tokio::signal::unix::{SignalKind, signal};

use crate::domain::slo::Objective;
use crate::kakeru::metrics::{self, Page};
use crate::kakeru::report::Report;
use crate::kakeru::target::is_local;
use crate::kakeru::{self, Ended, Live, Load, LoadError, Stop, Totals};
use crate::ui::text::printable;

pub mod args;
pub mod follow;
mod text;

use args::{Kakeru, LoadArgs, Merge};

/// Requests a second that may leave this machine without a word of consent: what the workshop's first scenario
/// puts on its smallest service.
const CONSENT_ABOVE: f64 = 200.0;

/// Runs the command.
///
/// # Errors
/// The load cannot be started, or the report cannot be written.
pub fn run(command: &Kakeru) -> eyre::Result<ExitCode> {
    if let Some(Merge::Merge { files, objective, json }) = &command.merge {
        return merge(files, *objective, *json);
    }
    let args = &command.load;
    let load = match args.load() {
        Ok(load) => load,
        Err(error) => return Ok(super::usage(&error)),
    };
    // The workers have threads and runtimes of their own; this one adds up.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(put_on(&load, args))
}

async fn put_on(load: &Load, args: &LoadArgs) -> eyre::Result<ExitCode> {
    let mut addresses = Vec::new();
    for target in &load.targets {
        addresses.extend(target.addresses().await.map_err(LoadError::from)?);
    }
    super::say(&text::announcement(load, &addresses));
    if !agreed(load, &addresses, args.yes) {
        super::say(&format!(
            "miharu: more than {CONSENT_ABOVE} requests a second are not sent to another machine without --yes"
        ));
        return Ok(ExitCode::from(super::REFUSED));
    }
    let totals = Totals::default();
    let listener = match args.metrics {
        Some(address) => {
            let listener = metrics::listen(address).await;
            Some(listener.wrap_err_with(|| format!("/metrics cannot be served at {address}"))?)
        }
        None => None,
    };
    let stop = Stop::default();
    let screen = Screen::new(load);
    let work = kakeru::run(load, &stop, |live| {
        kakeru::keep(&totals, live);
        screen.draw(live);
    });
    let ended = tokio::select! {
        ended = work => ended,
        never = signals(&stop) => match never? {},
        never = served(listener, &totals, load.plan.rate_per_s()) => match never {},
    };
    screen.clear();
    say_how_it_went(load, args, &ended?)
}

/// Answers for `/metrics`, if somebody wants that; ends never.
async fn served(
    listener: Option<tokio::net::TcpListener>,
    totals: &Totals,
    rate_per_s: f64,
) -> std::convert::Infallible {
    if let Some(listener) = listener {
        let page = Page { totals: totals.clone(), rate_per_s, instances: None };
        metrics::serve(listener, page).await;
    }
    std::future::pending().await
}

/// The first signal stops the load, the second does not wait for answers any more.
async fn signals(stop: &Stop) -> std::io::Result<std::convert::Infallible> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if stop.stop.is_cancelled() {
            stop.abandon.cancel();
        }
        stop.stop.cancel();
    }
}

/// Load that stays here harms nobody else; much load on another machine has to be meant.
fn agreed(load: &Load, addresses: &[SocketAddr], yes: bool) -> bool {
    if yes || addresses.iter().all(is_local) || load.plan.peak_per_s() <= CONSENT_ABOVE {
        return true;
    }
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return false;
    }
    super::say("That is another machine. Put this load on it? Type yes:");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}

fn say_how_it_went(load: &Load, args: &LoadArgs, ended: &Ended) -> eyre::Result<ExitCode> {
    let report = Report::new(load, ended)?;
    let remarks = text::remarks(load, ended);
    if args.json {
        super::out(&serde_json::to_string(&report)?)?;
        if !remarks.is_empty() {
            super::say(&remarks.join("\n"));
        }
    } else {
        super::out(&printable_lines(&text::report(&report, args.objective, &remarks)))?;
    }
    Ok(exit(&report, args.objective))
}

fn printable_lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// 1 if the objective was missed, or could not be shown to be met because nothing was sent.
fn exit(report: &Report, objective: Option<Objective>) -> ExitCode {
    let met = objective.is_none_or(|o| o.met(report.succeeded, report.sent) == Some(true));
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn merge(files: &[PathBuf], objective: Option<Objective>, json: bool) -> eyre::Result<ExitCode> {
    let mut reports = Vec::new();
    for file in files {
        match read(file) {
            Ok(report) => reports.push(report),
            Err(why) => return Ok(super::usage(&format!("{}: {why}", file.display()))),
        }
    }
    match Report::merge(&reports) {
        Ok(sum) => {
            super::out(&serde_json::to_string(&sum)?)?;
            if !json {
                super::say(&text::report(&sum, objective, &[]));
            }
            Ok(exit(&sum, objective))
        }
        Err((i, error)) => {
            let name = files.get(i).map(|f| f.display().to_string()).unwrap_or_default();
            Ok(super::usage(&format!("{name}: {error}")))
        }
    }
}

fn read(file: &Path) -> Result<Report, String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(file).map(|read| text = read)
    };
    read.map_err(|e| format!("cannot be read: {e}"))?;
    serde_json::from_str(&text).map_err(|e| format!("is no report of kakeru: {e}"))
}

/// One line that is written over again; nothing where nobody watches.
struct Screen<'a> {
    load: &'a Load,
    terminal: bool,
}

impl<'a> Screen<'a> {
    fn new(load: &'a Load) -> Self {
        Self { load, terminal: std::io::stderr().is_terminal() }
    }

    fn draw(&self, live: &Live) {
        if !self.terminal {
            return;
        }
        let mut stderr = std::io::stderr().lock();
        let width =
            rustix::termios::tcgetwinsize(&stderr).map_or(80, |size| usize::from(size.ws_col).max(20));
        // The last column stays free, or some terminals would begin a new line.
        let line: String = text::progress(self.load, live).chars().take(width - 1).collect();
        let _ = write!(stderr, "\r{line}\x1b[K").and_then(|()| stderr.flush());
    }

    fn clear(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
