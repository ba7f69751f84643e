//! The plan, before anything is done: shown alone, or with a question.

use std::io::{BufRead, Write};

use color_eyre::eyre;

use crate::cli::acting;
use crate::cli::ending::Ended;
use crate::cli::proposal::Proposal;
use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::guardrail::name;
use crate::domain::planner;
use crate::language::say;

use super::seen::{see, stopped};
use super::{Wanted, unconnected};

/// Shows the plan; nothing is changed and nothing written.
pub(super) async fn dry_run(
    config: &Config,
    environment: &Environment,
    wanted: &Wanted,
) -> eyre::Result<Ended> {
    let clock = Clock::system();
    let refused = |why: String| {
        crate::cli::say(&format!("miharu: refused: {why}"));
        Ok(Ended::refused(why))
    };
    let Ok(connected) = acting::connect(config, environment, &clock).await else {
        return refused(unconnected());
    };
    let journal = match acting::journal_to_read(config).await {
        Ok(journal) => journal,
        // Without it nothing would be applied.
        Err(error) => return refused(format!("{}: {error}", name::JOURNAL)),
    };
    let seen = match see(config, environment, &connected, journal.as_ref(), &clock).await {
        Ok(seen) => seen,
        Err(why) => return refused(format!("{}: {why}", name::JOURNAL)),
    };
    let mut rec = match seen.find(environment, &wanted.id) {
        Ok(rec) => rec,
        Err(refusal) => return refused(format!("{}: {}", refusal.guardrail, refusal.why)),
    };
    let rails = seen.guardrails(environment, &rec);
    let plan = seen.plan(environment, &rec, "dry-run".to_owned());
    if let Ok(plan) = &plan {
        rec.requests = planner::requests(&plan.steps);
    }
    let proposal = Proposal {
        recommendation: &rec,
        guardrails: &rails,
        plan: plan.as_ref().map_err(String::as_str),
        now: seen.at,
    };
    if wanted.json {
        crate::cli::out(&serde_json::to_string_pretty(&proposal.json())?)?;
    } else {
        crate::cli::out(proposal.text().trim_end())?;
    }
    match (stopped(&rails), plan) {
        (Some(why), _) => refused(why),
        (None, Err(why)) => refused(format!("{}: {why}", name::NOT_AVAILABLE)),
        (None, Ok(_)) => Ok(Ended { change: None, outcome: "shown".into(), exit: 0, why: String::new() }),
    }
}

/// Shows a plan and reads a line. What was typed or pasted before the question does not count.
pub(super) async fn question(plan: String) -> String {
    let asked = tokio::task::spawn_blocking(move || {
        let mut stderr = std::io::stderr().lock();
        let ask = say("Apply this? Type yes and enter: ");
        let _ = write!(stderr, "{plan}\n{ask}").and_then(|()| stderr.flush());
        drop(stderr);
        let stdin = std::io::stdin();
        let _ = rustix::termios::tcflush(&stdin, rustix::termios::QueueSelector::IFlush);
        let mut answer = String::new();
        match stdin.lock().read_line(&mut answer) {
            Ok(_) => answer.trim().to_owned(),
            Err(_) => String::new(),
        }
    });
    asked.await.unwrap_or_default()
}
