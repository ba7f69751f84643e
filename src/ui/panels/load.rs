//! A load in percent: one line with its trend, or a chart where there is room.

use chrono::TimeDelta;

use crate::config::theme::Role;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::chart::{Chart, GUTTER};
use crate::ui::findings::BUSY;
use crate::ui::text;
use crate::ui::trend;
use crate::ui::view::View;

/// A metric in percent.
pub struct Load {
    /// What it is called.
    pub label: &'static str,
    /// CloudWatch namespace.
    pub namespace: &'static str,
    /// CloudWatch name.
    pub name: &'static str,
    /// Colour of its trend.
    pub role: Role,
}

/// One line, or a chart of `rows` rows and its baseline; none without data.
pub fn lines<'v>(view: &'v View<'_>, load: &Load, width: usize, rows: Option<usize>) -> Vec<Line<'v>> {
    let Some(series) = view.series(load.namespace, load.name) else { return Vec::new() };
    let Some((at, value)) = series.last() else { return Vec::new() };
    let role = if value > BUSY { Role::Warn } else { Role::Text };
    let old = view.point_age(at, series.period_s);
    let tail = old.as_ref().map_or(0, |o| text::width(&say(o.as_str())) + 2);
    let slots = trend::slots(series, view.now, width.saturating_sub(GUTTER + tail).min(120));
    let head = Line::new()
        .cell(9, Role::Muted, load.label, view.look)
        .number(8, role, &format!("{value:.0} %"), view.look)
        .text("   ");
    let mut out = if let Some(rows) = rows {
        let chart = Chart {
            slots: &slots,
            every: TimeDelta::seconds(series.period_s.into()),
            top: 100.0,
            mark: (BUSY, format!("{BUSY:.0} %")),
            role: load.role,
        };
        chart.lines(head, rows, view.look)
    } else {
        let bars = trend::bars(&slots, trend::Scale::Upto(100.0), &view.look.glyphs);
        vec![head.add(load.role, bars)]
    };
    if let (Some(old), Some(first)) = (old, out.first_mut()) {
        first.push(Role::Stale, format!("  {old}"));
    }
    out
}
