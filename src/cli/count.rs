//! `miharu count`: the file counter alone.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args;
use crate::config::model::Config;
use crate::count::known::{self, Manner};
use crate::count::{Count, Ended, Options, Target, apart, expects_mount};
use crate::domain::count::{CountReport, Counting};
use crate::domain::units;
use crate::language::say;
use crate::ui::text::printable;

/// A count that has not moved for this long ends: something hangs.
const STALLED: Duration = Duration::from_secs(30);
/// Between two looks at a running count.
const TICK: Duration = Duration::from_millis(100);
/// A count that is over before this shows no progress.
const AT_ONCE: Duration = Duration::from_millis(300);

/// Counts and prints. Fails where there is no count, or it is not the whole one.
pub fn run(wanted: &args::Count, config: &Config) -> eyre::Result<ExitCode> {
    let target = Target {
        path: wanted.directory.clone(),
        crosses: wanted.cross_file_systems,
        require_mount: is_to_be_mount(&wanted.directory, config),
    };
    let options = Options {
        recursive: !wanted.not_recursive,
        top: usize::from(wanted.top),
        concurrency: usize::from(wanted.concurrency),
        ..Options::default()
    };
    let manner = Manner { recursive: options.recursive, crosses: target.crosses };
    let expected = known::files(&target.path, manner);
    let ended = follow(&target, &options, expected).wrap_err("no thread to count in")?;
    if let Some(why) = ended.no_data() {
        super::say(&format!("miharu: {} {why}", wanted.directory.display()));
        return Ok(ExitCode::FAILURE);
    }
    let report = report(wanted, &ended);
    if ended.is_complete() {
        known::remember(&target.path, manner, report.files);
    }
    if wanted.json {
        super::out(&serde_json::to_string_pretty(&report)?)?;
    } else {
        super::out(text(&report, &ended).trim_end())?;
    }
    Ok(if report.partial { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The hidden command: counts for a parent that may not hang with a mount.
pub fn run_apart(errand: &str) -> ExitCode {
    match apart::serve(errand, &mut std::io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Whether the directory without its mount would be no data: an environment or this machine's table of file
/// systems says so.
fn is_to_be_mount(directory: &Path, config: &Config) -> bool {
    let by_environment = config
        .environments
        .iter()
        .any(|e| e.files.require_mount && e.files.directory.as_deref() == Some(directory));
    by_environment || expects_mount(directory)
}

/// Counts, with progress on a terminal, until the end or until nothing moves any more.
fn follow(target: &Target, options: &Options, expected: Option<u64>) -> std::io::Result<Ended> {
    let (sender, receiver) = sync_channel(1);
    let count = Count::of(target, options, move |ended| {
        // Nobody waits for a count that was given up.
        let _ = sender.send(ended);
    })?;
    let bar = bar();
    let mut moved = (count.counted(), Duration::ZERO);
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(ended) => {
                bar.finish_and_clear();
                return Ok(ended);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let (counted, now) = (count.counted(), count.elapsed());
        if counted != moved.0 {
            moved = (counted, now);
        } else if now.saturating_sub(moved.1) >= STALLED {
            break;
        }
        if now >= AT_ONCE {
            let took_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
            bar.set_message(say(progress(&Counting { counted, took_ms, expected })).into_owned());
        }
    }
    bar.finish_and_clear();
    Ok(count.abandon())
}

/// Draws on standard error, where that is a terminal, and else nothing.
fn bar() -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target).with_style(style)
}

fn progress(counting: &Counting) -> String {
    let counted = &counting.counted;
    let mut line = format!(
        "counting: {} files, {} directories",
        units::thousands(counted.files),
        units::thousands(counted.directories)
    );
    if let Some(rate) = counting.files_per_s() {
        let _ = write!(line, ", {} files/s", units::si(rate));
    }
    let _ = write!(line, ", {} s", counting.took_ms / 1000);
    if let Some(share) = counting.share() {
        let _ = write!(line, ", {:.0} % of the last count", share * 100.0);
    }
    if let Some(left) = counting.left_s() {
        let _ = write!(line, ", {left:.0} s left");
    }
    if counted.unread > 0 {
        let _ = write!(line, ", {} unreadable", units::thousands(counted.unread));
    }
    line
}

fn report(wanted: &args::Count, ended: &Ended) -> CountReport {
    let counted = &ended.counted;
    CountReport {
        path: wanted.directory.to_string_lossy().into_owned(),
        files: counted.files,
        directories: counted.directories,
        symlinks: counted.symlinks,
        others: counted.others,
        recursive: !wanted.not_recursive,
        partial: ended.is_partial(),
        errors: ended.listed_errors(),
        largest: ended.listed_largest(),
        took_ms: u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX),
        calls: counted.calls,
    }
}

fn text(report: &CountReport, ended: &Ended) -> String {
    let mut out = String::new();
    let took = if report.took_ms < 1000 {
        format!("{} ms", report.took_ms)
    } else {
        units::duration(units::delta(ended.took))
    };
    let path = printable(&report.path);
    let files =
        if report.recursive { format!("files below {path}") } else { format!("files directly in {path}") };
    let _ = writeln!(out, "{:>13}  {}", units::thousands(report.files), say(files));
    for (n, what) in [
        (report.directories, "directories, this one included"),
        (report.symlinks, "symbolic links, not followed"),
        (report.others, "others (sockets, FIFOs, devices)"),
    ] {
        let _ = writeln!(out, "{:>13}  {}", units::thousands(n), say(what));
    }
    let reads = format!("directory reads, in {took}");
    let _ = writeln!(out, "{:>13}  {}", units::thousands(report.calls), say(reads));
    if !report.largest.is_empty() {
        let _ = writeln!(out, "\n{}", say("most files directly in"));
    }
    for directory in &report.largest {
        let _ = writeln!(out, "{:>13}  {}", units::thousands(directory.files), printable(&directory.path));
    }
    if report.partial {
        let _ = writeln!(out, "\n{}", say("This is not all:"));
    }
    for error in &report.errors {
        let _ = writeln!(out, "  {} {}", printable(&error.path), printable(&say(error.error.as_str())));
    }
    out
}
