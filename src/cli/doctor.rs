//! `miharu doctor`: what is reachable, permitted, misconfigured, each with the remedy.

use std::fmt::Write;
use std::process::ExitCode;

use color_eyre::eyre;

use crate::config::Loaded;
use crate::config::model::Environment;
use crate::domain::source::Failure;
use crate::domain::world::World;
use crate::ui::text::printable;

/// How a check ended.
#[derive(Clone, Copy, PartialEq, Eq)]
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

/// The report under way.
#[derive(Default)]
struct Report {
    text: String,
    failed: bool,
}

impl Report {
    fn check(&mut self, verdict: Verdict, what: &str, finding: &str, remedy: Option<&str>) {
        self.failed |= verdict == Verdict::Fail;
        let _ = writeln!(self.text, "  {:<5}{what:<13}{}", verdict.word(), printable(finding));
        if let Some(remedy) = remedy {
            let _ = writeln!(self.text, "       {:<13}-> {}", "", printable(remedy));
        }
    }
}

/// Checks every environment and prints the report; fails if a check did.
pub fn run(loaded: &Loaded) -> eyre::Result<ExitCode> {
    let runtime = super::async_runtime()?;
    let mut report = Report::default();
    for environment in &loaded.config.environments {
        let _ = writeln!(report.text, "environment {}", printable(&environment.name));
        let (world, _) = runtime.block_on(super::snapshot::observe(&loaded.config, environment));
        sources(&mut report, &world);
        identity(&mut report, environment, &world);
        findings(&mut report, environment, &world);
    }
    runtime.shutdown_background();
    super::out(report.text.trim_end())?;
    Ok(if report.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn sources(report: &mut Report, world: &World) {
    for (id, state) in &world.sources {
        let say = |f: &Failure| format!("{}: {}", f.class.word(), f.line());
        match (&state.error, state.warnings.first()) {
            (Some(f), _) => report.check(Verdict::Fail, id.0, &say(f), Some(&f.remedy())),
            (None, Some(f)) => {
                for warning in &state.warnings {
                    report.check(Verdict::Warn, id.0, &say(warning), Some(&f.remedy()));
                }
            }
            (None, None) => {
                let took = state.took_ms.unwrap_or_default();
                report.check(Verdict::Ok, id.0, &format!("{} calls in {took} ms", state.calls), None);
            }
        }
    }
    for (id, why) in &world.off {
        report.check(Verdict::Off, id.0, why, None);
    }
}

fn identity(report: &mut Report, environment: &Environment, world: &World) {
    let Some(identity) = &world.identity else { return };
    let who = format!("{} in {} as {}", identity.account, identity.region, identity.arn);
    match &environment.expected_account {
        Some(account) if *account != identity.account => report.check(
            Verdict::Fail,
            "account",
            &format!("{who}, but {account} is expected"),
            Some("choose another profile or correct expected_account"),
        ),
        Some(_) => report.check(Verdict::Ok, "account", &who, None),
        None => report.check(
            Verdict::Warn,
            "account",
            &who,
            Some("set expected_account, so that a wrong profile is noticed"),
        ),
    }
}

fn findings(report: &mut Report, environment: &Environment, world: &World) {
    let missing: Vec<String> = world
        .zones()
        .into_iter()
        .filter(|z| world.mount_targets.is_some() && z.mount_target.is_none() && z.tasks > 0)
        .map(|z| z.name)
        .collect();
    if !missing.is_empty() {
        report.check(
            Verdict::Warn,
            "zones",
            &format!("tasks without a local mount target in {}", missing.join(", ")),
            None,
        );
    }
    for drift in world.drift() {
        report.check(Verdict::Warn, "drift", &drift.detail, None);
    }
    if world.scalable.as_ref().is_some_and(Option::is_some) {
        report.check(
            Verdict::Warn,
            "autoscaling",
            "Application Auto Scaling overrules the service's desired count",
            None,
        );
    }
    if environment.files.sources.is_empty() {
        report.check(
            Verdict::Warn,
            "files",
            "no origin of a file count is configured",
            Some("set files.sources"),
        );
    }
}
