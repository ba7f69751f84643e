//! Trends of the EFS metrics.

use crate::config::theme::Role;
use crate::domain::metric::MetricSeries;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::trend;
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Trends;

const SHOWN: &[(&str, &str, Role)] = &[
    ("I/O limit", "PercentIOLimit", Role::Series1),
    ("total I/O", "TotalIOBytes", Role::Series2),
    ("clients", "ClientConnections", Role::Series3),
    ("credits", "BurstCreditBalance", Role::Series1),
    ("stored", "StorageBytes", Role::Series2),
];

impl Panel for Trends {
    fn id(&self) -> PanelId {
        "trends"
    }
    fn title(&self) -> &'static str {
        "Load"
    }
    fn note<'v>(&self, _view: &'v View<'_>) -> Line<'v> {
        Line::new().muted("CloudWatch AWS/EFS")
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::CLOUDWATCH]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.source(SourceId::CLOUDWATCH).is_some_and(|s| s.at.is_some())
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        SHOWN.iter().map(|(label, name, role)| line(view, label, name, *role, room.width)).collect()
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        let series: Vec<&MetricSeries> =
            view.world.metrics.values().filter(|s| s.key.namespace == "AWS/EFS").collect();
        let mut record = Record::new("EFS metrics", "AWS/EFS", &series);
        for s in series {
            let value = s.last().map_or_else(
                || "no data point".to_owned(),
                |(at, v)| format!("{} ({}), {}", units::metric(v, &s.unit), s.key.statistic, view.exact(at)),
            );
            record = record.say(Role::Muted, s.key.name.clone()).say(Role::Text, format!("  {value}"));
        }
        Some(record)
    }
}

fn line<'v>(
    view: &'v View<'_>,
    label: &'static str,
    name: &str,
    series_role: Role,
    width: usize,
) -> Line<'v> {
    let look = view.look;
    let line = Line::new().cell(10, Role::Muted, label, look);
    let series = view.series("AWS/EFS", name);
    let Some((series, (at, value))) = series.and_then(|s| Some((s, s.last()?))) else {
        return line.number(10, Role::Muted, "no data", look);
    };
    let warn = name == "PercentIOLimit" && value > 80.0;
    let role = if warn { Role::Warn } else { Role::Text };
    // a sum is shown as the rate it is, so that the period does not matter
    let shown = if series.unit == "Bytes" && series.key.statistic == "Sum" {
        format!("{}/s", units::bytes((value / f64::from(series.period_s.max(1))).round()))
    } else {
        units::metric(value, &series.unit)
    };
    let old = if series.period_s > 60 { None } else { view.point_age(at) };
    let tail = old.as_ref().map_or(0, |o| o.len() + 2);
    let bars = width.saturating_sub(24 + tail).min(90);
    let scale = if name == "StorageBytes" { trend::Scale::MinMax } else { trend::scale_of(&series.unit) };
    let slots = trend::slots(series, view.now, bars);
    let mut line = line
        .number(12, role, &shown, look)
        .text("  ")
        .add(series_role, trend::bars(&slots, scale, &look.glyphs));
    if let Some(old) = old {
        line.push(Role::Stale, format!("  {old}"));
    }
    line
}
