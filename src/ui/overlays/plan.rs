//! A recommendation in full: reason, evidence, guardrails, the exact requests, cost, rollback, expiry. It is read
//! to its end before it can be approved, and what was read is what is approved.

use chrono::TimeDelta;

use crate::app::changes::{Proposal, same_substance};
use crate::config::theme::Role;
use crate::domain::guardrail::{Binds, Guardrail};
use crate::domain::plan::{Fingerprint, Plan, Step, Until};
use crate::domain::recommendation::{Evidence, Recommendation};
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::proposal::{cost, countdown, plain, severity};
use crate::ui::record::{Fact, lines as fact_lines};
use crate::ui::text;
use crate::ui::view::{View, plural};

/// What is read.
#[derive(Default)]
pub struct Reading {
    /// The proposal as it was drawn last.
    pub shown: Option<Proposal>,
    /// Whether its end has been on the screen.
    pub seen: bool,
    /// Whether it is no longer recommended.
    pub gone: bool,
    /// The change that approving was asked about last.
    pub asked: Option<String>,
}

impl Reading {
    /// Takes the proposal as it is now; `false` for a plan that does something else, which is to be read anew.
    pub fn refresh(&mut self, now: Option<&Proposal>) -> bool {
        self.gone = now.is_none();
        let Some(now) = now else { return true };
        let same = match (self.shown.as_ref().map(|p| &p.plan), &now.plan) {
            (Some(Ok(then)), Ok(now)) => same_substance(then, now),
            (Some(Err(_)), Err(_)) => true,
            _ => false,
        };
        self.seen &= same;
        self.shown = Some(now.clone());
        same
    }

    /// Why it cannot be approved now; `None`: it can.
    pub fn not_yet(&self) -> Option<String> {
        let Some(proposal) = self.shown.as_ref().filter(|_| !self.gone) else {
            return Some("not recommended any more".into());
        };
        if let Err(why) = &proposal.plan {
            return Some(format!("no plan: {why}"));
        }
        if let Some(guardrail) = proposal.held_by().next() {
            return Some(format!("held back by {}", guardrail.name));
        }
        if let Some(name) = proposal.recommendation.blocked_by.first() {
            return Some(format!("held back by {name}"));
        }
        (!self.seen).then(|| "read to the end to approve".to_owned())
    }

    /// The plan that was read to its end.
    pub fn read(&self) -> Option<&Plan> {
        self.shown.as_ref().filter(|_| self.seen).and_then(|p| p.plan.as_ref().ok())
    }

    /// Everything about it.
    pub fn lines(&self, view: &View<'_>, width: usize) -> Vec<Line<'static>> {
        let Some(proposal) = &self.shown else {
            return vec![Line::new().muted("not recommended any more")];
        };
        let mut out = Vec::new();
        if self.gone {
            out.push(Line::new().add(Role::Warn, "not recommended any more: its cause is gone"));
        }
        let rec = &proposal.recommendation;
        out.extend(fact_lines(&why(rec, view), width, view.look));
        head(&mut out, "guardrails");
        if proposal.guardrails.is_empty() {
            out.push(Line::new().muted("none concerns it"));
        }
        for guardrail in &proposal.guardrails {
            out.extend(guardrail_lines(guardrail, view, width));
        }
        match &proposal.plan {
            Err(why) => {
                head(&mut out, "plan");
                out.extend(wrapped(Role::Warn, &format!("none: {why}"), 0, width));
            }
            Ok(plan) => plan_lines(&mut out, rec, plan, view, width),
        }
        out
    }
}

fn head(out: &mut Vec<Line<'static>>, name: &str) {
    out.push(Line::new());
    out.push(Line::new().add(Role::Title, name.to_owned()));
}

fn wrapped(role: Role, content: &str, margin: usize, width: usize) -> Vec<Line<'static>> {
    text::wrap(&say(content), width.saturating_sub(margin))
        .into_iter()
        .map(|part| Line::new().text(" ".repeat(margin)).quote(role, part))
        .collect()
}

fn why(rec: &Recommendation, view: &View<'_>) -> Vec<Fact> {
    let (role, word) = severity(rec.severity);
    let mut facts = vec![
        Fact::Pair("severity", role, word.to_owned()),
        Fact::Quoted("id", Role::Text, rec.id.clone()),
        Fact::Text(Role::Text, rec.reason.clone()),
        Fact::Head("evidence".into()),
    ];
    if rec.evidence.is_empty() {
        facts.push(Fact::Text(Role::Muted, "none is given".into()));
    }
    facts.extend(rec.evidence.iter().map(|e| Fact::Text(Role::Text, evidence(e, view))));
    facts.push(Fact::Head("what changes".into()));
    match &rec.change {
        Some(change) => {
            facts.push(Fact::Pair("now", Role::Text, plain(&change.from)));
            facts.push(Fact::Pair("after", Role::Text, plain(&change.to)));
        }
        None => facts.push(Fact::Text(Role::Muted, "nothing: this is advice".into())),
    }
    facts.push(Fact::Pair("effect", Role::Text, rec.effect.clone()));
    facts.push(Fact::Pair("risk", Role::Warn, rec.risk.clone()));
    facts.push(Fact::Pair("cost", Role::Text, cost(rec.cost_usd_per_month)));
    let auto = if rec.auto_allowed { "may apply it when armed" } else { "never applies it" };
    facts.push(Fact::Pair("auto mode", Role::Text, auto.into()));
    facts
}

fn evidence(e: &Evidence, view: &View<'_>) -> String {
    let unit = if e.unit.is_empty() || e.unit == "Count" { String::new() } else { format!(" {}", e.unit) };
    let age = match e.at {
        Some(at) => format!("{} ago, {}", units::duration(whole(view.age(at))), at.format("%H:%M:%S UTC")),
        None => "time not known".into(),
    };
    format!("{} {}{unit}  ({}, {})", say(e.name.as_str()), say(plain(&e.value)), e.source, say(age))
}

fn whole(age: TimeDelta) -> TimeDelta {
    TimeDelta::seconds(age.num_seconds())
}

fn guardrail_lines(g: &Guardrail, view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let glyphs = &view.look.glyphs;
    let (role, glyph, word) = match (g.holds, g.binds) {
        (false, _) => (Role::Ok, glyphs.ok, "free"),
        (true, Binds::All) => (Role::Bad, glyphs.bad, "HOLDS"),
        (true, Binds::Auto) => (Role::Warn, glyphs.busy, "holds auto mode"),
    };
    let ends = match g.until.filter(|_| g.holds) {
        Some(until) => format!(", ends {}", countdown(until, view.now)),
        None => String::new(),
    };
    let mut out = vec![Line::new().quote(role, format!("{glyph} {}: {}{}", g.name, say(word), say(ends)))];
    out.extend(wrapped(Role::Muted, &g.detail, 2, width));
    out
}

fn plan_lines(
    out: &mut Vec<Line<'static>>,
    rec: &Recommendation,
    plan: &Plan,
    view: &View<'_>,
    width: usize,
) {
    head(out, &format!("plan, {}", plural(plan.steps.len(), "step", "steps")));
    if plan.restart_only {
        out.extend(wrapped(
            Role::Warn,
            "restart only: it repairs, and there is nothing to return to",
            0,
            width,
        ));
    }
    for step in &plan.steps {
        step_lines(out, step, width);
    }
    head(out, "rollback");
    out.extend(wrapped(Role::Text, &rec.rollback, 0, width));
    match plan.rollback.as_deref() {
        None => {
            let role = if plan.restart_only { Role::Muted } else { Role::Warn };
            out.push(Line::new().add(role, "there is no plan that takes it back"));
        }
        Some(steps) => steps.iter().for_each(|step| step_lines(out, step, width)),
    }
    head(out, "rests on");
    let rests = fingerprint(&plan.fingerprint);
    if rests.is_empty() {
        out.push(Line::new().muted("nothing that is compared before it is applied"));
    }
    for line in rests {
        out.extend(wrapped(Role::Text, &line, 0, width));
    }
    out.extend(wrapped(
        Role::Muted,
        "A plan is refused when one of these is different at the time.",
        0,
        width,
    ));
    head(out, "valid");
    let expires = plan.expires_at.format("%H:%M:%S UTC");
    let (role, left) = if plan.expires_at > view.now {
        (Role::Text, format!("expires {}, at {expires}", countdown(plan.expires_at, view.now)))
    } else {
        (Role::Bad, format!("expired at {expires}"))
    };
    out.extend(wrapped(role, &left, 0, width));
    let made = format!("made at {}, change {}", plan.created_at.format("%H:%M:%S UTC"), plan.change);
    out.extend(wrapped(Role::Muted, &made, 0, width));
}

fn step_lines(out: &mut Vec<Line<'static>>, step: &Step, width: usize) {
    out.push(Line::new());
    out.extend(wrapped(Role::Accent, &format!("{}. {}", step.n, say(step.title.as_str())), 0, width));
    let request = &step.request;
    let call = Line::new().text("   ");
    out.push(call.quote(Role::Muted, format!("{} {}", request.service, request.operation)));
    let json = serde_json::to_string_pretty(&request.input)
        .unwrap_or_else(|e| format!("the request cannot be written as JSON: {e}"));
    for line in json.lines() {
        for mut part in super::indented(line, width.saturating_sub(3)) {
            part.spans.insert(0, (Role::Text, "   ".into()));
            out.push(part);
        }
    }
    // a command may have line ends of its own; each line of it stays one
    for line in request.cli.lines() {
        for (i, part) in text::wrap(line, width.saturating_sub(7)).into_iter().enumerate() {
            let margin = if i == 0 { "   $ " } else { "       " };
            out.push(Line::new().muted(margin).quote(Role::Key, part));
        }
    }
    let deadline = units::delta(step.deadline);
    let waits = format!("waits until {}, at most {}", until(&step.until), units::duration(deadline));
    out.extend(wrapped(Role::Muted, &waits, 3, width));
}

/// What a step waits for, in words.
fn until(until: &Until) -> String {
    match until {
        Until::Answered => "it is answered".into(),
        Until::MountTargetAvailable => "the new mount target is available".into(),
        Until::MountTargetGone { mount_target_id } => format!("{mount_target_id} is gone"),
        Until::Converged => "the rollout is COMPLETED and no task runs by an older list".into(),
        Until::ThroughputSet => "the throughput is as asked".into(),
    }
}

fn fingerprint(f: &Fingerprint) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(targets) = &f.mount_targets {
        out.push(format!("mount targets: {}", targets.join(", ")));
    }
    match f.parameter_version {
        Some(0) => out.push("parameter: does not exist".into()),
        Some(version) => out.push(format!("parameter: version {version}")),
        None => {}
    }
    let texts = [
        ("PRIMARY deployment", &f.primary_deployment),
        ("task definition", &f.task_definition),
        ("throughput", &f.throughput),
    ];
    out.extend(
        texts.into_iter().filter_map(|(name, value)| Some(format!("{}: {}", say(name), value.as_ref()?))),
    );
    out.extend(f.desired_count.map(|n| format!("desired count: {n}")));
    out.extend(f.scalable.map(|(min, max)| format!("scalable target: {min} to {max}")));
    out
}
