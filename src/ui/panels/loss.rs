//! Impressions that were acknowledged and are not in the event log, and the event log itself: its lag, and what
//! reading it costs the database.

use chrono::TimeDelta;

use crate::config::theme::Role;
use crate::domain::impressions::{Loss, Recorded};
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::figures;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::text;
use crate::ui::view::{View, plural};

use super::{Panel, Room, by_name};

/// The panel.
pub struct LossPanel;

/// Columns of the labels.
const LABEL: usize = 11;
/// A report that is later than this is told as late, in seconds.
const LATE_S: f64 = 10.0;

impl Panel for LossPanel {
    fn id(&self) -> PanelId {
        "loss"
    }
    fn title(&self) -> &'static str {
        "Loss"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        match &view.derived.level.loss {
            Some(loss) => Line::new().muted(format!("of {}", units::duration(length(loss)))),
            None => Line::new(),
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::IMPRESSIONS, SourceId::CLOUDWATCH]
    }
    fn wanted(&self, view: &View<'_>) -> bool {
        view.world.impressions.is_known()
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let mut out = compared(view, room.width);
        let Some(log) = &view.world.impressions.recorded.last else {
            out.extend(figures::wrapped(&padded("event log"), figures::not_there(view, true), room.width));
            return out;
        };
        out.push(lag(view, log));
        out.push(cost(view, log, room.width));
        out.extend(names(view, room.width));
        if log.behind > 0 {
            let behind = units::thousands(log.behind);
            out.push(
                label(view, "to read").add(Role::Warn, behind).muted(" ids at most, in the next readings"),
            );
        }
        out.extend(log.notes.iter().map(|note| label(view, "note").add(Role::Warn, note.as_str())));
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        Some(record(view))
    }
}

fn length(loss: &Loss) -> TimeDelta {
    TimeDelta::seconds((loss.to - loss.from).num_seconds())
}

/// Columns that the labels take.
fn columns() -> usize {
    let labels =
        ["lost", "accepted", "recorded", "late", "report lag", "reading", "by name", "to read", "note"];
    Line::label(LABEL, &labels)
}

fn label<'v>(view: &View<'_>, name: &str) -> Line<'v> {
    Line::new().cell(columns(), Role::Muted, name, view.look)
}

fn padded(name: &'static str) -> String {
    text::padded(&say(name), columns())
}

fn compared<'v>(view: &'v View<'_>, width: usize) -> Vec<Line<'v>> {
    let impressions = &view.world.impressions;
    let Some(loss) = &view.derived.level.loss else {
        let mut out = vec![label(view, "lost").add(Role::Unknown, "not known").muted(", needs both counts")];
        if impressions.recorded.last.is_some() && impressions.accepted_per_s(view.now).is_none() {
            out.extend(figures::wrapped(&padded("accepted"), figures::not_there(view, false), width));
        }
        return out;
    };
    let (role, words) = figures::lost(loss, impressions.terms.objective);
    let count = |n: u64| units::thousands(n);
    let mut first = label(view, "lost").add(role, words);
    if loss.certain() {
        first = first.muted(format!(" within {}", count(loss.plus_minus)));
    } else if loss.lost < 0 && loss.lost.unsigned_abs() > loss.plus_minus {
        first = first.muted("  others write too");
    }
    let mut out = vec![
        first,
        label(view, "accepted").text(count(loss.accepted)).muted(format!("  {}", loss.origin)),
        label(view, "recorded").text(count(loss.recorded)).muted("  event log"),
    ];
    if loss.waiting != 0 {
        let waiting = if loss.waiting > 0 { "more wait in spools" } else { "fewer wait in spools" };
        out.push(label(view, "late").text(count(loss.waiting.unsigned_abs())).muted(format!("  {waiting}")));
    }
    out
}

fn lag<'v>(view: &View<'_>, log: &Recorded) -> Line<'v> {
    let line = label(view, "report lag");
    match view.world.impressions.lag_s() {
        Some(s) => {
            // Without a row coming in the newest one only grows older.
            let coming = view.world.impressions.recorded_per_s().is_some_and(|m| m.value > 0.0);
            let role = if coming && s > LATE_S { Role::Warn } else { Role::Text };
            line.add(role, figures::seconds(s)).muted(if coming { "" } else { "  since the last row" })
        }
        None if log.newest_at.is_none() => line.muted("the event log is empty"),
        None => line.muted("not known"),
    }
}

/// What a reading costs the database.
fn cost<'v>(view: &View<'_>, log: &Recorded, width: usize) -> Line<'v> {
    let share = view
        .source(SourceId::IMPRESSIONS)
        .filter(|s| s.every > TimeDelta::zero())
        .map(|s| log.cost.took_ms as f64 / s.every.num_milliseconds().max(1) as f64);
    let mut line = label(view, "reading").text(format!("{} ms", units::thousands(log.cost.took_ms)));
    if let Some(share) = share {
        let role = if share > 0.2 { Role::Warn } else { Role::Text };
        line = line.muted(", ").add(role, figures::small(share)).muted(" of the time");
    }
    if width < 48 { line } else { line.muted(format!(", {} rows", units::thousands(log.cost.rows))) }
}

/// What is recorded, by name, in a line.
fn names<'v>(view: &View<'_>, width: usize) -> Option<Line<'v>> {
    let names = view.world.impressions.recorded.by_name();
    let mut line = label(view, "by name");
    let all: f64 = names.iter().map(|n| n.1).sum();
    for (name, per_s) in &names {
        let share = if all > 0.0 { per_s / all } else { 0.0 };
        let much = if width < 48 { figures::small(share) } else { figures::per_s(*per_s) };
        line = line.quote(Role::Text, format!("{} ", by_name::shown(name))).muted(format!("{much}  "));
    }
    (!names.is_empty()).then_some(line)
}

fn record(view: &View<'_>) -> Record {
    let impressions = &view.world.impressions;
    let count = |n: u64| units::thousands(n);
    let log = impressions.recorded.last.as_ref();
    let mut record = Record::new("Loss and event log", "loss", &log);
    if let Some(loss) = &view.derived.level.loss {
        let at = |at| format!("{}", impressions.environment_time(at).format("%H:%M:%S"));
        record = record
            .pair("lost", format!("{}, give or take {}", loss.lost, count(loss.plus_minus)))
            .pair("", figures::lost(loss, impressions.terms.objective).1)
            .pair("accepted", format!("{} by {}", count(loss.accepted), loss.origin))
            .pair("recorded", format!("{} rows", count(loss.recorded)))
            .pair("in spools", format!("{} more than before", loss.waiting))
            .pair("time", format!("{} to {} UTC", at(loss.from), at(loss.to)))
            .say(
                Role::Muted,
                "Lost is what was acknowledged, is not in the event log and does not wait in a spool. The two counts are never taken at quite the same moment: what may have come between them is its uncertainty.",
            );
    } else {
        record = record.pair("lost", "not known: counters and rows were not read at the same moments yet");
    }
    let Some(log) = log else {
        return record.head("event log").say(Role::Muted, figures::not_there(view, true).1);
    };
    let cost = log.cost;
    record = record
        .head("event log")
        .quoted("database", log.database.clone())
        .pair("read", view.exact(impressions.environment_time(log.at)))
        .maybe(
            "newest row",
            log.newest_at.map(|at| format!("{} by the database's clock", at.format("%H:%M:%S"))),
        )
        .maybe("report lag", impressions.lag_s().map(figures::seconds))
        .pair("clock", format!("{} ms ahead of the service's", log.clock_ahead_ms))
        .pair("highest id", count(log.watermark))
        .pair("left to read", format!("{} ids at most", count(log.behind)))
        .pair("since start", format!("{} rows", count(log.total)))
        .pair(
            "cost",
            format!(
                "{}, {} rows by primary key, {} ms on the database",
                plural(cost.statements as usize, "statement", "statements"),
                count(cost.rows),
                count(cost.took_ms)
            ),
        );
    let names = impressions.recorded.by_name();
    if !names.is_empty() {
        record = record.head("recorded, by name");
    }
    for (name, per_s) in names {
        record = record.quote(Role::Text, format!("{:>8}  {}", figures::per_s(per_s), by_name::shown(&name)));
    }
    for note in &log.notes {
        record = record.say(Role::Warn, note.clone());
    }
    record
}
