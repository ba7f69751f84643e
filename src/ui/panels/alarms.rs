//! CloudWatch alarms on this environment's resources, the ringing ones first.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::config::theme::Role;
use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::View;

use super::Panel;

/// The panel.
pub struct Alarms;

const COLUMNS: &[Column] = &[
    Column::text("state", 7, 0).of(&["ALARM", "no data", "ok"]),
    Column::wide("alarm", 24, 0).quoted(),
    Column::number("since", 6, 1),
    Column::wide("reason", 34, 2).quoted(),
];

struct Rows<'v>(&'v View<'v>, Vec<&'v Alarm>);

impl<'v> Rows<'v> {
    fn new(view: &'v View<'v>) -> Option<Self> {
        let mut alarms: Vec<&Alarm> = view.world.alarms.as_deref()?.iter().collect();
        alarms.sort_by(|a, b| (a.state, &a.name).cmp(&(b.state, &b.name)));
        Some(Self(view, alarms))
    }
}

fn word(state: AlarmState) -> (Role, &'static str) {
    match state {
        AlarmState::Alarm => (Role::Bad, "ALARM"),
        AlarmState::InsufficientData => (Role::Unknown, "no data"),
        AlarmState::Ok => (Role::Ok, "ok"),
    }
}

/// CloudWatch begins most reasons with words that the state says already.
fn reason(alarm: &Alarm) -> &str {
    alarm.reason.strip_prefix("Threshold Crossed: ").unwrap_or(&alarm.reason)
}

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.1.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.1.get(row).map_or("", |a| &a.name).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(a) = self.1.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => {
                let (role, word) = word(a.state);
                (role, word.into())
            }
            1 => (Role::Text, a.name.as_str().into()),
            2 => (Role::Text, a.since.map_or_else(String::new, |at| units::age_step(self.0.age(at))).into()),
            _ => (Role::Muted, reason(a).into()),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        let Some(a) = self.1.get(row) else { return SortKey::Missing };
        match column {
            0 => SortKey::Number(f64::from(a.state as u8)),
            2 => a
                .since
                .map_or(SortKey::Missing, |at| SortKey::Number(self.0.age(at).num_milliseconds() as f64)),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.1.get(row).is_some_and(|a| a.state == AlarmState::Alarm)
    }
    fn none(&self) -> &'static str {
        "no alarm watches a resource of this environment"
    }
}

impl Panel for Alarms {
    fn id(&self) -> PanelId {
        "alarms"
    }
    fn title(&self) -> &'static str {
        "Alarms"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let Some(alarms) = &view.world.alarms else { return Line::new() };
        let count = |state| alarms.iter().filter(|a| a.state == state).count();
        let mut line = Line::new();
        for (state, role, word) in [
            (AlarmState::Alarm, Role::Bad, "ALARM"),
            (AlarmState::Ok, Role::Muted, "ok"),
            (AlarmState::InsufficientData, Role::Muted, "without data"),
        ] {
            let n = count(state);
            if n > 0 {
                line = line.quote(role, format!("{n} {}  ", say(word)));
            }
        }
        // the blanks after the last word are the gap to the rule
        if let Some(last) = line.spans.last_mut() {
            last.1 = last.1.trim_end().to_owned().into();
        }
        line
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::ALARMS]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.alarms.is_some()
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        Some(Box::new(Rows::new(view)?))
    }
    fn instant(&self, view: &View<'_>, key: &str) -> Option<DateTime<Utc>> {
        view.world.alarms.iter().flatten().find(|alarm| alarm.name == key)?.since
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let alarm = view.world.alarms.iter().flatten().find(|a| a.name == key)?;
        let mut record = Record::new(format!("Alarm {}", alarm.name), alarm.name.clone(), alarm)
            .quoted("name", alarm.name.clone())
            .quoted_role("state", word(alarm.state).0, alarm.state.as_str())
            .maybe("since", alarm.since.map(|at| view.exact(at)));
        record = if alarm.reason.is_empty() {
            record.pair("reason", "none given")
        } else {
            record.quoted("reason", alarm.reason.clone())
        };
        for (name, value) in alarm.dimensions.iter().flatten() {
            record = record.say(Role::Muted, format!("watches {name} = {value}"));
        }
        Some(record.maybe("read", view.source(SourceId::ALARMS).and_then(|s| s.at).map(|at| view.exact(at))))
    }
}
