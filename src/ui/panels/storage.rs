//! Overview of the file system: zone lanes, files against the threshold, load.

use crate::app::action::Action;
use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::trend;
use crate::ui::view::View;

use super::{Panel, Room, files, zones};

/// The panel.
pub struct Storage;

impl Panel for Storage {
    fn id(&self) -> PanelId {
        "storage"
    }
    fn title(&self) -> &'static str {
        "Storage"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        match &view.world.file_system {
            Some(fs) => Line::new().text(fs.id.as_str()).muted(format!("  {}", fs.throughput_mode)),
            None => Line::new().muted(view.env.info.file_system.as_deref().unwrap_or_default()),
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::EFS, SourceId::SUBNETS, SourceId::FILES, SourceId::PROBE, SourceId::CLOUDWATCH]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        !view.derived.lanes.is_empty() || view.world.file_count.is_some() || view.world.file_system.is_some()
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let mut out = zones::lanes(view, room.width);
        if view.world.mount_targets.is_none() {
            let (role, text) = view.missing(SourceId::EFS);
            out.push(Line::new().add(role, text));
        }
        out.extend(files::summary(view, room.width));
        out.extend(load(view, room.width));
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        super::file_system::record(view)
    }
    fn leads_to(&self) -> Option<Action> {
        Some(Action::Storage)
    }
}

/// The I/O limit, on one line.
fn load<'v>(view: &'v View<'_>, width: usize) -> Option<Line<'v>> {
    let series = view.series("AWS/EFS", "PercentIOLimit")?;
    let (at, value) = series.last()?;
    let role = if value > 80.0 { Role::Warn } else { Role::Text };
    let old = view.point_age(at, series.period_s);
    let tail = old.as_ref().map_or(0, |o| o.len() + 2);
    let bars = width.saturating_sub(20 + tail).min(120);
    let mut line = Line::new()
        .cell(9, Role::Muted, "I/O limit", view.look)
        .number(8, role, &format!("{value:.0} %"), view.look)
        .text("  ")
        .add(
            Role::Series1,
            trend::bars(&trend::slots(series, view.now, bars), trend::Scale::Upto(100.0), &view.look.glyphs),
        );
    if let Some(old) = old {
        line.push(Role::Stale, format!("  {old}"));
    }
    Some(line)
}
