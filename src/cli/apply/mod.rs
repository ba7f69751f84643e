//! `miharu apply`: plan, re-check, apply, follow until converged, then watch the effect.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use color_eyre::eyre::{self, WrapErr};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::config::model::{Config, Environment};
use crate::domain::guardrail::{Guardrail, name};
use crate::domain::journal::{Entry, EntryKind, NewEntry, fold};
use crate::domain::plan::Plan;
use crate::domain::policy::RULES;
use crate::domain::price::PriceList;
use crate::domain::recommendation::Recommendation;
use crate::domain::snapshot::Mode;
use crate::domain::verification::Verdict;
use crate::domain::world::World;
use crate::engine::executor::{Executor, Outcome};
use crate::engine::eyes::OneShot;
use crate::engine::recovery::{Recovered, Rest};
use crate::engine::verify::Effect;
use crate::store::{Journal, Query};

use super::acting::{self, Connected, Operator};
use super::ending::{Ended, cut_off, ended, stop};
use super::proposal::Proposal;
use super::teller::{Signals, Teller};

mod seen;
mod show;

pub(super) use seen::HISTORY;
use seen::{Refusal, Seen, see, stopped};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The recommendation.
    pub id: String,
    /// Only show the plan.
    pub dry_run: bool,
    /// Without a question.
    pub yes: bool,
    /// Whether the effect is watched.
    pub verifies: bool,
    /// JSON instead of text.
    pub json: bool,
}

/// Shows or applies one recommendation.
pub fn run(config: &Config, operator: &Operator, wanted: &Wanted) -> eyre::Result<ExitCode> {
    let Some(environment) = config.environments.first() else { return Ok(ExitCode::FAILURE) };
    let rule = rule_of(&wanted.id);
    if !RULES.contains(&rule) {
        return Ok(super::usage(&format!("there is no rule \"{rule}\"; rules are {}", RULES.join(", "))));
    }
    if !wanted.dry_run && !wanted.yes && !std::io::stdin().is_terminal() {
        return Ok(super::usage(
            &"apply asks on a terminal, and this is none: give --yes, or --dry-run to only read the plan",
        ));
    }
    let runtime = super::async_runtime()?;
    let teller = Teller::new(wanted.json);
    let ended = runtime.block_on(async {
        if wanted.dry_run {
            show::dry_run(config, environment, wanted).await
        } else {
            let signals = Signals::catch().wrap_err("signals cannot be caught")?;
            let ended =
                Box::pin(Applying { config, environment, operator, wanted, teller: &teller }.run(signals))
                    .await;
            teller.ended(&ended);
            Ok(ended)
        }
    })?;
    runtime.shutdown_background();
    Ok(ExitCode::from(ended.exit))
}

/// The part of an id before its colon.
fn rule_of(id: &str) -> &str {
    id.split(':').next().unwrap_or(id)
}

fn unconnected() -> String {
    let within = acting::CONNECT.as_secs();
    format!(
        "{}: region and credentials were not found out within {within} s (AWS configuration, instance metadata)",
        name::DATA_FRESHNESS
    )
}

/// One run of the command.
struct Applying<'a> {
    config: &'a Config,
    environment: &'a Environment,
    operator: &'a Operator,
    wanted: &'a Wanted,
    teller: &'a Teller,
}

impl Applying<'_> {
    async fn run(&self, mut signals: Signals) -> Ended {
        let clock = Clock::system();
        // What is not written down first is not done: a crash could not be cleared up.
        let journal = match acting::journal(self.config).await {
            Ok(journal) => journal,
            Err(error) => return Ended::refused(format!("{}: {error}", name::JOURNAL)),
        };
        if self.config.read_only {
            let refusal = Refusal { guardrail: name::READ_ONLY, why: "started with --read-only".into() };
            return self.refuse(&journal, &clock, refusal).await;
        }
        let Ok(connected) = acting::connect(self.config, self.environment, &clock).await else {
            let why = unconnected();
            return self.refuse(&journal, &clock, Refusal { guardrail: name::DATA_FRESHNESS, why }).await;
        };
        let executor = acting::executor(
            self.config,
            connected.setup.clone(),
            &connected.region,
            Arc::clone(&journal),
            clock.clone(),
            self.operator,
        );
        let work = async {
            match self.resolve(&executor).await {
                Ok(None) => {}
                Ok(Some(ended)) | Err(ended) => return Err(ended),
            }
            self.prepare(&connected, &journal, &clock).await
        };
        let prepared = signals.during(work, || stop(&executor, self.teller)).await;
        let (seen, rec, rails, mut plan) = match prepared {
            Some(Ok(prepared)) => prepared,
            Some(Err(ended)) => return ended,
            None => return cut_off(&executor, self.teller).await,
        };
        if !self.wanted.yes {
            let proposal =
                Proposal { recommendation: &rec, guardrails: &rails, plan: Ok(&plan), now: seen.at };
            if let Some(ended) = self.ask(&proposal, &plan, &executor, &mut signals).await {
                return ended;
            }
            // Reading takes time: the rule has to say the same again, and the plan is the newest one.
            plan = match self.once_more(&connected, &journal, &clock, &plan).await {
                Ok(plan) => plan,
                Err(ended) => return ended,
            };
        }
        let work = self.carry_out(&executor, &plan, &seen.world, &connected.prices);
        match signals.during(work, || stop(&executor, self.teller)).await {
            Some(ended) => ended,
            None => cut_off(&executor, self.teller).await,
        }
    }

    /// Resolves what an earlier process left open. The rest of a change that is asked for again is carried out;
    /// that of another one is offered anew by the rules. `Some`: the command is over by that.
    async fn resolve(&self, executor: &Executor) -> Result<Option<Ended>, Ended> {
        let report = |entry: Entry| self.teller.tell(&entry);
        let same = self.is_asked_for_again(executor).await?;
        let rest = if same && self.wanted.yes { Rest::Finish } else { Rest::Offer };
        let recovered = match executor.recover(rest, &self.operator.name, &report).await {
            Ok(recovered) => recovered,
            Err(held) => return Err(self.held(executor, &held).await),
        };
        let Some(Recovered { change, plan, outcome }) = recovered.into_iter().last() else { return Ok(None) };
        super::say(&format!(
            "miharu: change {change} ({}) was left open by an earlier process: {}",
            plan.recommendation,
            told(&outcome)
        ));
        Ok(match outcome {
            Outcome::Converged if plan.recommendation == self.wanted.id => {
                Some(ended(Some(change), &Outcome::Converged))
            }
            Outcome::Converged | Outcome::Refused { .. } | Outcome::Failed { .. } => None,
            Outcome::Cancelled | Outcome::NotConverged { .. } | Outcome::Unknown { .. } => {
                Some(ended(Some(change), &outcome))
            }
        })
    }

    /// Whether an open change came from the same recommendation.
    async fn is_asked_for_again(&self, executor: &Executor) -> Result<bool, Ended> {
        let unusable = |e: crate::store::JournalError| Ended::refused(format!("{}: {e}", name::JOURNAL));
        for change in executor.journal.open_changes(&self.environment.name).await.map_err(unusable)? {
            let query = Query { change: Some(change), ..Query::default() };
            let entries = executor.journal.read(&query).await.map_err(unusable)?;
            if fold(&entries)
                .values()
                .any(|c| c.plan.as_ref().is_some_and(|p| p.recommendation == self.wanted.id))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads, asks the rules and the guardrails, and plans.
    async fn prepare(
        &self,
        connected: &Connected,
        journal: &Arc<dyn Journal>,
        clock: &Clock,
    ) -> Result<(Seen, Recommendation, Vec<Guardrail>, Plan), Ended> {
        let seen = see(self.config, self.environment, connected, Some(journal), clock)
            .await
            .map_err(|why| Ended::refused(format!("{}: {why}", name::JOURNAL)))?;
        let rec = match seen.find(self.environment, &self.wanted.id) {
            Ok(rec) => rec,
            Err(refusal) => return Err(self.refuse(journal, clock, refusal).await),
        };
        let rails = seen.guardrails(self.environment, &rec);
        if let Some(first) = rails.iter().find(|g| g.stops(Mode::Approve)) {
            let why = stopped(&rails).unwrap_or_default();
            let detail = json!({ "recommendation": rec.id, "guardrail": first.name, "reason": why });
            return Err(self.note_refusal(journal, clock, detail, why).await);
        }
        match seen.plan(self.environment, &rec, self.operator.change(seen.at)) {
            Ok(plan) => Ok((seen, rec, rails, plan)),
            Err(why) => {
                Err(self.refuse(journal, clock, Refusal { guardrail: name::NOT_AVAILABLE, why }).await)
            }
        }
    }

    /// After the question: the newest plan, if it does what was read.
    async fn once_more(
        &self,
        connected: &Connected,
        journal: &Arc<dyn Journal>,
        clock: &Clock,
        read: &Plan,
    ) -> Result<Plan, Ended> {
        let (_, _, _, plan) = self.prepare(connected, journal, clock).await?;
        let operations = |plan: &Plan| plan.steps.iter().map(|s| s.operation.clone()).collect::<Vec<_>>();
        if operations(&plan) == operations(read) {
            return Ok(plan);
        }
        let why = format!("{} asks for something else by now: {}", self.wanted.id, plan.title);
        Err(self
            .refuse(journal, clock, Refusal { guardrail: crate::engine::executor::STALE_PLAN, why })
            .await)
    }

    /// Shows the plan and asks. `Some`: the operator did not say yes.
    async fn ask(
        &self,
        proposal: &Proposal<'_>,
        plan: &Plan,
        executor: &Executor,
        signals: &mut Signals,
    ) -> Option<Ended> {
        let answer = tokio::select! {
            answer = show::question(proposal.text()) => answer,
            () = signals.next() => String::new(),
        };
        if answer == "yes" {
            return None;
        }
        let report = |entry: Entry| self.teller.tell(&entry);
        let by = &self.operator.name;
        let reason = "the operator did not type yes";
        for (kind, detail) in [
            (EntryKind::Proposed, json!({ "plan": plan })),
            (EntryKind::Rejected, json!({ "reason": reason })),
        ] {
            if let Err(why) = executor.write(plan, kind, by, detail, &report).await {
                super::say(&format!("miharu: the answer could not be written down: {why}"));
                break;
            }
        }
        let why = "nothing was applied".to_owned();
        Some(Ended { change: Some(plan.change.clone()), outcome: "rejected".into(), exit: 4, why })
    }

    /// Applies the plan, follows it, and watches its effect.
    async fn carry_out(&self, executor: &Executor, plan: &Plan, before: &World, prices: &PriceList) -> Ended {
        let report = |entry: Entry| self.teller.tell(&entry);
        let by = &self.operator.name;
        let outcome = executor.apply(plan, by, &report).await;
        let change = Some(plan.change.clone());
        if outcome != Outcome::Converged || !self.wanted.verifies {
            return ended(change, &outcome);
        }
        if !self.wanted.json {
            let window = humantime::format_duration(executor.policy.verification);
            super::say(&format!(
                "miharu: done; its effect is watched for {window} (Ctrl-C ends the watching)"
            ));
        }
        let eyes = OneShot { setup: executor.setup(), clock: executor.clock.clone(), prices: prices.clone() };
        match executor.verify(Effect { plan, before, eyes: &eyes }, by, &report).await {
            Err(outcome) => ended(change, &outcome),
            Ok(verification) => {
                let exit = u8::from(verification.verdict == Verdict::Worse);
                let outcome = serde_json::to_value(verification.verdict)
                    .ok()
                    .and_then(|v| v.as_str().map(str::to_owned))
                    .unwrap_or_default();
                let why = if exit == 1 { format!("to take it back: {}", back(plan)) } else { String::new() };
                Ended { change, outcome, exit, why }
            }
        }
    }

    async fn refuse(&self, journal: &Arc<dyn Journal>, clock: &Clock, refusal: Refusal) -> Ended {
        let Refusal { guardrail, why } = refusal;
        let detail = json!({ "recommendation": self.wanted.id, "guardrail": guardrail, "reason": why });
        let words = if why.starts_with(guardrail) { why } else { format!("{guardrail}: {why}") };
        self.note_refusal(journal, clock, detail, words).await
    }

    async fn held(&self, executor: &Executor, held: &Outcome) -> Ended {
        let guardrail = match held {
            Outcome::Refused { guardrail, .. } => guardrail.as_str(),
            _ => "",
        };
        let detail =
            json!({ "recommendation": self.wanted.id, "guardrail": guardrail, "reason": held.why() });
        let ended = ended(None, held);
        self.note_refusal(&executor.journal, &executor.clock, detail, ended.why.clone()).await;
        ended
    }

    /// Writes down that nothing was begun, and why.
    async fn note_refusal(
        &self,
        journal: &Arc<dyn Journal>,
        clock: &Clock,
        detail: Value,
        why: String,
    ) -> Ended {
        let entry = NewEntry {
            at: clock.now(),
            environment: self.environment.name.clone(),
            change: None,
            rule: Some(rule_of(&self.wanted.id).to_owned()),
            event: EntryKind::Refused,
            by: self.operator.name.clone(),
            step: None,
            detail,
        };
        match journal.append(entry).await {
            Ok(entry) => self.teller.tell(&entry),
            Err(error) => super::say(&format!("miharu: the refusal could not be written down: {error}")),
        }
        Ended::refused(why)
    }
}

/// What became of a change, in words.
fn told(outcome: &Outcome) -> String {
    let Ended { outcome, why, .. } = ended(None, outcome);
    if why.is_empty() { outcome } else { format!("{outcome}: {why}") }
}

/// The commands that take a plan back.
fn back(plan: &Plan) -> String {
    let steps = plan.rollback.iter().flatten().map(|s| s.request.cli.clone()).collect::<Vec<_>>();
    if steps.is_empty() { "there is no plan for it".to_owned() } else { steps.join("; ") }
}
