//! How long answers take, and why requests fail.

use crate::config::theme::Role;
use crate::domain::impressions::{Answers as Told, Flow, Measure, Origin};
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::figures;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Answers;

/// Users expect a page within so many seconds.
const PATIENCE_S: f64 = 3.0;
/// The percentiles that are shown.
const PERCENTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

impl Panel for Answers {
    fn id(&self) -> PanelId {
        "answers"
    }
    fn title(&self) -> &'static str {
        "Answers"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        match view.world.impressions.flow.points.back() {
            Some(point) => Line::new().muted(format!("{}, last minute", point.origin)),
            None => Line::new(),
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::IMPRESSIONS]
    }
    fn wanted(&self, view: &View<'_>) -> bool {
        view.world.impressions.is_known()
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let flow = &view.world.impressions.flow;
        let Some(last) = &flow.last else {
            return figures::wrapped("percentiles: ", figures::not_there(view, false), room.width);
        };
        let latency = flow.latency();
        let old = age(view).0 == Role::Stale;
        let mut out = vec![Line::new(), Line::new()];
        for (i, (name, q)) in PERCENTILES.into_iter().enumerate() {
            let Some(line) = out.get_mut(i / 2) else { continue };
            let value = latency.quantile(q);
            let role = match value {
                None => Role::Muted,
                _ if old => Role::Stale,
                Some(v) if v.seconds() >= PATIENCE_S => Role::Warn,
                Some(_) => Role::Text,
            };
            let words = value.map_or_else(|| "no data".to_owned(), figures::quantile);
            *line = std::mem::take(line)
                .cell(7, Role::Muted, name, view.look)
                .number(8, role, &words, view.look)
                .text("   ");
        }
        out.push(failed(last));
        if let Some(waiting) = last.service.as_ref().and_then(|s| s.waiting) {
            let role = if waiting > 0 { Role::Warn } else { Role::Text };
            let words = if waiting > 0 { " wait for the database" } else { "" };
            out.push(Line::new().muted("spooled ").add(role, units::thousands(waiting)).muted(words));
        }
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        record(view)
    }
}

/// Whoever told of the last interval.
fn told(flow: &Flow) -> Option<(&Told, Origin)> {
    let load = flow.load.as_ref().filter(|l| l.counts().total() > 0).map(|l| (l, Origin::Load));
    load.or(flow.service.as_ref().map(|s| (s, Origin::Service)))
}

fn age(view: &View<'_>) -> (Role, String) {
    let impressions = &view.world.impressions;
    let Some(last) = &impressions.flow.last else { return (Role::Muted, String::new()) };
    let origin = told(last).map_or(Origin::Service, |t| t.1);
    let over = chrono::TimeDelta::milliseconds(i64::try_from(last.over_ms).unwrap_or(i64::MAX));
    figures::told(view, &Measure { value: 0.0, origin, at: impressions.environment_time(last.at), over })
}

fn rate(n: u64, flow: &Flow) -> String {
    figures::per_s(n as f64 * 1000.0 / flow.over_ms.max(1) as f64)
}

/// Failures of the last interval by reason, the most first.
fn reasons(answers: &Told) -> Vec<(&str, u64)> {
    let mut out: Vec<(&str, u64)> =
        answers.bad.iter().filter(|r| *r.1 > 0).map(|(r, n)| (r.as_str(), *n)).collect();
    out.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    out
}

fn failed(last: &Flow) -> Line<'_> {
    let line = Line::new().muted("failed ");
    let Some((answers, _)) = told(last) else { return line.muted("nobody told") };
    let reasons = reasons(answers);
    if reasons.is_empty() {
        let role = if answers.counts().total() > 0 { Role::Ok } else { Role::Muted };
        return line.add(role, if role == Role::Ok { "none" } else { "no request" });
    }
    reasons.into_iter().fold(line, |line, (reason, n)| {
        line.add(Role::Bad, rate(n, last)).muted(" ").quote(Role::Text, reason).text("  ")
    })
}

fn record(view: &View<'_>) -> Option<Record> {
    let impressions = &view.world.impressions;
    let last = impressions.flow.last.as_ref()?;
    let latency = impressions.flow.latency();
    let mut record = Record::new("Answers", "answers", last)
        .pair("read", view.exact(impressions.environment_time(last.at)))
        .pair("answers", format!("{} in the last minute", units::thousands(latency.count())));
    for (name, q) in PERCENTILES {
        record = record.maybe(name, latency.quantile(q).map(figures::quantile));
    }
    record = record.say(
        Role::Muted,
        match told(last).map(|t| t.1) {
            Some(Origin::Load) => "Told by kakeru: from the intended start of a request to its answer, so that a stall is seen in full.",
            _ => "Told by hakaru: from the arrival of a request to its answer; what waits before it is not in it.",
        },
    );
    for (who, answers) in [("hakaru", &last.service), ("kakeru", &last.load)] {
        let Some(answers) = answers else { continue };
        record = record
            .head(who)
            .pair("succeeded", rate(answers.good, last))
            .maybe("asked to offer", answers.asked_per_s.map(figures::per_s))
            .maybe("in spools", answers.waiting.map(units::thousands));
        for (reason, n) in reasons(answers) {
            record = record.quote(Role::Bad, format!("{} {reason}", rate(n, last)));
        }
    }
    if last.incomplete {
        record =
            record.say(Role::Warn, "An instance that answered before did not: its answers are missing here.");
    }
    Some(record)
}
