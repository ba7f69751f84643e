//! Trends of the EFS metrics.

use crate::config::theme::Role;
use crate::domain::metric::MetricSeries;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::text;
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
    fn height(&self, view: &View<'_>, _width: u16) -> u16 {
        u16::try_from(shown(view).count()).unwrap_or(5)
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let each = room.height / shown(view).count().max(1);
        // where there is room, lines become charts with a blank row between two
        let rows = if each >= 3 { (each - 1).min(4) } else { 1 };
        let mut out = Vec::new();
        for (label, name, role) in shown(view) {
            if rows > 1 && !out.is_empty() {
                out.push(Line::new());
            }
            out.extend(trend_lines(view, label, name, *role, room.width, rows));
        }
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        let series: Vec<&MetricSeries> =
            view.world.metrics.values().filter(|s| s.key.namespace == "AWS/EFS").collect();
        let mut record = Record::new("EFS metrics", "AWS/EFS", &series);
        for s in series {
            let value = s.last().map_or_else(
                || "no data point".to_owned(),
                |(at, v)| {
                    let value = units::metric(v, &s.unit);
                    format!("{value} ({}), {}", s.key.statistic, say(view.exact(at)))
                },
            );
            record = record.quote(Role::Muted, s.key.name.clone()).say(Role::Text, format!("  {value}"));
        }
        Some(record)
    }
}

/// Credits exist only where throughput bursts.
fn shown<'v>(view: &View<'v>) -> impl Iterator<Item = &'static (&'static str, &'static str, Role)> + use<'v> {
    let bursting = view.world.file_system.as_ref().is_none_or(|f| f.throughput_mode == "bursting");
    let credits = bursting || view.series("AWS/EFS", "BurstCreditBalance").is_some();
    SHOWN.iter().filter(move |s| credits || s.1 != "BurstCreditBalance")
}

/// One metric: label and value beside the lowest row of its chart.
fn trend_lines<'v>(
    view: &'v View<'_>,
    label: &'static str,
    name: &str,
    series_role: Role,
    width: usize,
    rows: usize,
) -> Vec<Line<'v>> {
    let look = view.look;
    let head = Line::new().cell(10, Role::Muted, label, look);
    let series = view.series("AWS/EFS", name);
    let Some((series, (at, value))) = series.and_then(|s| Some((s, s.last()?))) else {
        return vec![head.number(12, Role::Muted, "no data", look)];
    };
    let warn = name == "PercentIOLimit" && value > 80.0;
    let role = if warn { Role::Warn } else { Role::Text };
    // a sum is shown as the rate it is, so that the period does not matter
    let value = if series.unit == "Bytes" && series.key.statistic == "Sum" {
        format!("{}/s", units::bytes((value / f64::from(series.period_s.max(1))).round()))
    } else {
        units::metric(value, &series.unit)
    };
    let old = if series.period_s > 60 { None } else { view.point_age(at, series.period_s) };
    let tail = old.as_ref().map_or(0, |o| text::width(&say(o.as_str())) + 2);
    let bars = width.saturating_sub(24 + tail).min(120);
    let scale = if name == "StorageBytes" { trend::Scale::MinMax } else { trend::scale_of(&series.unit) };
    let mut chart = trend::chart(&trend::slots(series, view.now, bars), scale, &look.glyphs, rows);
    let lowest = chart.pop().unwrap_or_default();
    let mut line = head.number(12, role, &value, look).text("  ").add(series_role, lowest);
    if let Some(old) = old {
        line.push(Role::Stale, format!("  {old}"));
    }
    let mut out: Vec<Line<'v>> =
        chart.into_iter().map(|row| Line::new().text(" ".repeat(24)).add(series_role, row)).collect();
    out.push(line);
    out
}
