//! `miharu doctor`: what is reachable, permitted, misconfigured, each with the remedy.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use color_eyre::eyre;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::config::model::{Config, Environment};
use crate::config::{Inputs, Loaded};
use crate::domain::source::Failure;
use crate::language::say;
use crate::sources::files;
use crate::ui::text::{padded, printable};

mod acting;
mod eventlog;
mod machine;
mod world;

/// A directory that has not answered within this time hangs.
const DIRECTORY_PATIENCE: Duration = Duration::from_secs(2);

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
    Off,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
            Self::Off => "off",
        }
    }
}

/// One line of the report. What is found wrong has a remedy: there is no other way to make one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Check {
    verdict: Verdict,
    what: String,
    finding: String,
    remedy: Option<String>,
}

impl Check {
    fn ok(what: &str, finding: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, what: what.to_owned(), finding: finding.into(), remedy: None }
    }

    fn off(what: &str, why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Off, ..Self::ok(what, why) }
    }

    fn warn(what: &str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, remedy: Some(remedy.into()), ..Self::ok(what, finding) }
    }

    fn fail(what: &str, finding: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, ..Self::warn(what, finding, remedy) }
    }

    fn print(&self, out: &mut String) {
        let (verdict, what) = (padded(&say(self.verdict.word()), 5), padded(&say(self.what.as_str()), 12));
        let _ = writeln!(out, "  {verdict}{what} {}", printable(&say(self.finding.as_str())));
        if let Some(remedy) = &self.remedy {
            let _ = writeln!(out, "       {:<13}-> {}", "", printable(&say(remedy.as_str())));
        }
    }
}

/// A heading and its checks as text, and whether one of them failed.
fn section(title: &str, checks: &[Check]) -> (String, bool) {
    let mut out = printable(&say(title)).into_owned();
    out.push('\n');
    for check in checks {
        check.print(&mut out);
    }
    (out, checks.iter().any(|c| c.verdict == Verdict::Fail))
}

/// Checks this machine and the chosen environment, or all of them at the same time, and prints each as it ends;
/// fails if a check did.
pub fn run(loaded: &Loaded, inputs: &Inputs) -> eyre::Result<ExitCode> {
    let environments =
        loaded.config.environments.iter().take(if super::chosen(inputs) { 1 } else { usize::MAX });
    let runtime = super::async_runtime()?;
    let mut of_machine = machine::checks(loaded, inputs);
    of_machine.push(runtime.block_on(acting::journal(&loaded.config)));
    let (text, mut failed) = section("this machine", &of_machine);
    super::out(text.trim_end())?;
    runtime.block_on(async {
        let mut under_way: FuturesUnordered<_> =
            environments.map(|e| environment(&loaded.config, e)).collect();
        while let Some((text, bad)) = under_way.next().await {
            failed |= bad;
            super::out(text.trim_end())?;
        }
        eyre::Ok(())
    })?;
    runtime.shutdown_background();
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn environment(config: &Config, environment: &Environment) -> (String, bool) {
    let ((seen, now), directory) =
        tokio::join!(super::snapshot::observe(config, environment), directory(environment));
    let mut checks = world::checks(environment, &seen, now);
    checks.extend(directory);
    checks.extend(eventlog::checks(environment).await);
    checks.extend(acting::environment(config, environment, seen.identity.as_ref(), now).await);
    section(&format!("environment {}", environment.name), &checks)
}

/// Whether the directory whose files are counted is what it is taken for. It may hang, so a thread of its own
/// asks, which nobody waits for at the end.
async fn directory(environment: &Environment) -> Option<Check> {
    let path = environment.files.directory.clone()?;
    let asked = path.clone();
    let asking = tokio::task::spawn_blocking(move || files::on_network_file_system(&asked));
    let answer = match tokio::time::timeout(DIRECTORY_PATIENCE, asking).await {
        Ok(Ok(answer)) => Some(answer),
        _ => None,
    };
    judged(environment, &path, answer)
}

/// What an answer, or none, about the directory means.
fn judged(environment: &Environment, path: &Path, answer: Option<Result<bool, Failure>>) -> Option<Check> {
    let shown = path.display();
    let required = environment.files.require_mount;
    let id = environment.file_system_id.as_deref().unwrap_or("fs-…");
    let mount = format!("mount the file system (mount -t efs {id}:/ {shown})");
    Some(match answer {
        None => Check::fail(
            "directory",
            format!("{shown} does not answer within {} s", DIRECTORY_PATIENCE.as_secs()),
            "the mount hangs: check the mount targets' state and security groups (TCP 2049), or unmount it",
        ),
        Some(Ok(true)) => Check::ok("directory", format!("{shown} is on a network file system")),
        Some(Ok(false)) if required => Check::fail(
            "directory",
            format!("{shown} is no mount, and files.require_mount asks for one: it is no data"),
            format!("{mount}, or correct files.directory"),
        ),
        Some(Ok(false)) => Check::warn(
            "directory",
            format!("{shown} is no mount: what is counted there says nothing about EFS"),
            format!("{mount}; set files.require_mount, so that an unmounted directory is no data"),
        ),
        Some(Err(failure)) if required => {
            Check::fail("directory", failure.text, format!("{mount}, or correct files.directory"))
        }
        // A bastion seldom has the tasks' directory; the count has other origins.
        Some(Err(_)) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_directory_that_is_no_mount_is_told_from_one_that_need_not_be() {
        let dir = tempfile::tempdir().unwrap();
        let mut environment = Environment::named("t");
        environment.files.directory = Some(dir.path().to_owned());
        assert_eq!(directory(&environment).await.unwrap().verdict, Verdict::Warn);
        environment.files.require_mount = true;
        let check = directory(&environment).await.unwrap();
        assert_eq!(check.verdict, Verdict::Fail);
        assert!(check.finding.contains("is no mount") && check.remedy.unwrap().contains("mount -t efs"));
        environment.files.directory = Some(dir.path().join("gone"));
        assert_eq!(directory(&environment).await.unwrap().verdict, Verdict::Fail);
        environment.files.require_mount = false;
        assert_eq!(directory(&environment).await, None, "a bastion need not have it");
        let hangs = judged(&environment, dir.path(), None).unwrap();
        assert!(hangs.finding.ends_with("does not answer within 2 s"), "{hangs:?}");
    }
}
