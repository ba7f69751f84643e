//! `miharu bench`: the tuning guide's tests on a directory, with progress on a terminal, a table or JSON, and a note
//! in the journal.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr as _};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::bench::place::Place;
use crate::bench::{BenchError, ErrorKind, Watch, files, throughput, workspace};
use crate::config::Inputs;
use crate::config::model::Config;
use crate::domain::bench::Report;
use crate::domain::units;

use super::args::{Bench, BenchRun};

mod bar;
mod kept;
mod table;

/// Time between two looks at how far the test is.
const LOOK: Duration = Duration::from_millis(200);
/// A file system that has not answered for this long after the test was to end is left to the process that cleans
/// up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test, prints what it found and keeps it.
pub fn run(config: &Config, inputs: &Inputs, wanted: &Bench) -> eyre::Result<ExitCode> {
    let asked = wanted.run();
    if config.read_only {
        super::say("miharu: bench writes files, and --read-only forbids it");
        return Ok(ExitCode::from(super::REFUSED));
    }
    let temporary = inputs.variables.get("TMPDIR").map(PathBuf::from);
    let watch = Arc::new(Watch::new(wanted.phases(), asked.deadline.into()));
    let runtime = super::async_runtime()?;
    let ended = runtime.block_on(async {
        // Before anything is made: from here on a signal ends the test, not this process.
        let signals = Signals::catch().wrap_err("signals cannot be caught")?;
        let done = start(wanted.clone(), temporary, Arc::clone(&watch))?;
        eyre::Ok(follow(done, signals, &watch, asked).await)
    })?;
    let code = match ended {
        Some(Ok(report)) => {
            let kept = runtime.block_on(kept::keep(config, inputs, &report));
            print(&report, &kept, asked.json)?;
            if partial(&report) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Some(Err(error)) => {
            super::say(&format!("miharu: {error}"));
            match error.kind {
                ErrorKind::Usage => ExitCode::from(super::USAGE),
                ErrorKind::Refused => ExitCode::from(super::REFUSED),
                ErrorKind::Failed => ExitCode::FAILURE,
            }
        }
        None => {
            super::say(&format!(
                "miharu: {} does not answer, or cleaning up takes long; what the test made there is deleted by \
                 a process that stays behind for that",
                asked.directory.display()
            ));
            ExitCode::FAILURE
        }
    };
    // The thread of a test that hangs cannot be called off.
    runtime.shutdown_background();
    Ok(code)
}

/// The life of the process that cleans up.
pub fn keep_clean(parent: &Path, name: &str) -> eyre::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    // Whoever ends the test may end this process too, and it has work left.
    let _caught = Signals::catch()?;
    Ok(if workspace::keep(parent, name) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The command that starts the process that cleans up: this program, whatever became of its file.
pub(super) fn keeper() -> Command {
    let own = Path::new("/proc/self/exe");
    let program = if own.exists() {
        own.to_owned()
    } else {
        std::env::current_exe().unwrap_or_else(|_| "miharu".into())
    };
    let mut command = Command::new(program);
    command.arg("bench-keeper");
    command
}

type Done = oneshot::Receiver<Result<Report, BenchError>>;

/// Starts the test in a thread of its own, from the first look at the directory on: that may hang.
fn start(wanted: Bench, temporary: Option<PathBuf>, watch: Arc<Watch>) -> eyre::Result<Done> {
    let (sender, done) = oneshot::channel();
    let work = move || {
        let _ = sender.send(test(&wanted, temporary.as_deref(), &watch));
    };
    std::thread::Builder::new().name("bench".into()).spawn(work).wrap_err("no thread to test in")?;
    Ok(done)
}

fn test(wanted: &Bench, temporary: Option<&Path>, watch: &Watch) -> Result<Report, BenchError> {
    let run = wanted.run();
    let place = Place::find(&run.directory)?;
    place.permitted(temporary, run.yes)?;
    match wanted {
        Bench::Files { files, .. } => files::run(&place, *files, watch, keeper()).map(Report::Files),
        Bench::Throughput { size, queue_depth, named, .. } => {
            let wanted = throughput::Wanted { size: *size, queue_depth: *queue_depth, named: *named };
            throughput::run(&place, wanted, watch, keeper()).map(Report::Throughput)
        }
    }
}

/// Signals that end a test.
struct Signals([Signal; 4]);

impl Signals {
    fn catch() -> std::io::Result<Self> {
        let caught = |kind| signal(kind);
        Ok(Self([
            caught(SignalKind::interrupt())?,
            caught(SignalKind::terminate())?,
            caught(SignalKind::hangup())?,
            caught(SignalKind::quit())?,
        ]))
    }

    async fn next(&mut self) {
        let [a, b, c, d] = &mut self.0;
        tokio::select! { _ = a.recv() => {} _ = b.recv() => {} _ = c.recv() => {} _ = d.recv() => {} }
    }
}

/// Shows how far the test is until it ends. `None`: it was to end and does not, or somebody does not want to wait
/// for it (a second signal).
async fn follow(
    mut done: Done,
    mut signals: Signals,
    watch: &Watch,
    asked: &BenchRun,
) -> Option<Result<Report, BenchError>> {
    let mut bar = bar::Bar::on(std::io::stderr().is_terminal());
    let mut looks = tokio::time::interval(LOOK);
    let mut still = Still::default();
    let mut interrupted = false;
    let ended = loop {
        tokio::select! {
            ended = &mut done => {
                // Without an answer the thread panicked; its directory went with it.
                break Some(ended.unwrap_or_else(|_| Err(BenchError {
                    text: "the test ended without a result".into(),
                    remedy: "try again".into(),
                    kind: ErrorKind::Failed,
                })));
            }
            () = signals.next() => {
                if interrupted {
                    break None;
                }
                interrupted = true;
                watch.interrupt();
            }
            _ = looks.tick() => {
                let progress = watch.progress();
                let since = still.since(progress.beats, watch.elapsed());
                if watch.stopped().is_some() && since >= PATIENCE {
                    break None;
                }
                bar.show(&progress, watch.elapsed(), since, asked);
            }
        }
    };
    bar.clear();
    ended
}

/// How long nothing has moved.
#[derive(Default)]
struct Still {
    beats: u64,
    moved: Duration,
}

impl Still {
    fn since(&mut self, beats: u64, now: Duration) -> Duration {
        if beats != self.beats {
            *self = Self { beats, moved: now };
        }
        now.saturating_sub(self.moved)
    }
}

fn partial(report: &Report) -> bool {
    match report {
        Report::Files(report) => report.partial,
        Report::Throughput(report) => report.partial,
    }
}

fn print(report: &Report, kept: &kept::Fate, json: bool) -> eyre::Result<()> {
    if !json {
        return super::out(&table::text(report, kept));
    }
    let mut value = serde_json::to_value(report)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("journal".into(), serde_json::to_value(kept)?);
    }
    super::out(&serde_json::to_string_pretty(&value)?)
}

/// A size on the command line: bytes, or with a unit (`256MiB`, `1G`, `100MB`).
///
/// # Errors
/// It is no size, or one out of bounds.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err("a size such as 268435456, 256MiB or 1G is expected".into()),
    };
    let number: u64 = number.parse().map_err(|_| "a size such as 268435456, 256MiB or 1G is expected")?;
    let size = number.checked_mul(factor).filter(|size| (SMALLEST..=LARGEST).contains(size));
    size.ok_or_else(|| {
        let (from, to) = (units::bytes(SMALLEST as f64), units::bytes(LARGEST as f64));
        format!("a size from {from} to {to} is expected")
    })
}

/// Bounds of a test file.
const SMALLEST: u64 = 4096;
const LARGEST: u64 = 1 << 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_a_unit() {
        for (text, wanted) in [
            ("4096", Some(4096)),
            ("256MiB", Some(256 << 20)),
            ("1G", Some(1 << 30)),
            ("1 gib", Some(1 << 30)),
            ("100MB", Some(100_000_000)),
            ("4095", None),
            ("0", None),
            ("17T", None),
            ("99999999999999999999", None),
            ("18446744073709551615k", None),
            ("-1", None),
            ("1.5G", None),
            ("G", None),
            ("", None),
            ("1x", None),
        ] {
            assert_eq!(size(text).ok(), wanted, "{text}");
        }
    }

    #[test]
    fn stillness_is_measured_from_the_last_move() {
        let mut still = Still::default();
        let s = Duration::from_secs;
        assert_eq!(still.since(1, s(5)), s(0));
        assert_eq!(still.since(1, s(9)), s(4));
        assert_eq!(still.since(2, s(10)), s(0));
        assert_eq!(Still::default().since(0, s(7)), s(7), "nothing moved from the start");
    }
}
