//! `miharu route`: which published entry a path is routed to, and the share of paths that moves.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use color_eyre::eyre;

use crate::config::model::Config;
use crate::domain::published::PublishedList;
use crate::domain::route::{moved_share, route};
use crate::language::say;
use crate::ui::text::printable;

/// Prints the entry of each path among `entries` (their names, in the list's order).
pub fn run(paths: &[String], entries: &[String]) -> eyre::Result<ExitCode> {
    let n = entries.len();
    if n == 0 {
        return Ok(super::usage(&"the published list is empty: no path can be routed"));
    }
    let mut out = String::new();
    for path in paths {
        let i = route(path, n);
        let name = entries.get(i).map(String::as_str).unwrap_or_default();
        let _ = writeln!(out, "{} -> entry {i} (/mnt/efs-{i}) {}", printable(path), printable(name));
    }
    let share = moved_share(n, n + 1) * 100.0;
    let _ = write!(out, "{n} entries; {share:.1} % of all paths move when they become {}", n + 1);
    super::out(&say(out))?;
    Ok(ExitCode::SUCCESS)
}

/// Routes by the list that the first environment publishes.
pub fn of_environment(config: &Config, paths: &[String]) -> eyre::Result<ExitCode> {
    let Some(environment) = config.environments.first() else { return Ok(ExitCode::FAILURE) };
    let runtime = super::async_runtime()?;
    let (world, _) = runtime.block_on(super::snapshot::observe(config, environment));
    runtime.shutdown_background();
    match world.published().map(crate::domain::published::Published::list) {
        Some(Ok(list)) => run(paths, &names(&list)),
        Some(Err(why)) => {
            super::say(&format!("miharu: the published list is {why}"));
            Ok(ExitCode::FAILURE)
        }
        None => {
            super::say("miharu: the published list could not be read; miharu doctor says why");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Names of `n` entries of which nothing else is known.
pub fn numbered(n: u32) -> Vec<String> {
    (0..n).map(|_| String::new()).collect()
}

/// The entries of a published list in a file.
///
/// # Errors
/// The file cannot be read, or is not what tasks read.
pub fn of_file(path: &Path) -> Result<Vec<String>, String> {
    let text =
        std::fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    PublishedList::parse(&text).map(|l| names(&l)).map_err(|why| format!("{}: {why}", path.display()))
}

/// Address and zone of each entry.
pub fn names(list: &PublishedList) -> Vec<String> {
    list.mount_targets.iter().map(|e| format!("{} {}", e.ip_address, e.availability_zone)).collect()
}
