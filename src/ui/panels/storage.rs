//! Overview of the file system: zone lanes, files against the threshold, load.

use crate::app::action::Action;
use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::chart;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::view::View;

use super::load::{self, Load};
use super::{Panel, Room, files, zones};

/// The panel.
pub struct Storage;

const IO_LIMIT: Load =
    Load { label: "I/O limit", namespace: "AWS/EFS", name: "PercentIOLimit", role: Role::Series1 };

impl Panel for Storage {
    fn id(&self) -> PanelId {
        "storage"
    }
    fn title(&self) -> &'static str {
        "Storage"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        match &view.world.file_system {
            Some(fs) => Line::new()
                .quote(Role::Text, fs.id.as_str())
                .quote(Role::Muted, format!("  {}", fs.throughput_mode)),
            None => Line::new().quote(Role::Muted, view.env.info.file_system.as_deref().unwrap_or_default()),
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::EFS, SourceId::SUBNETS, SourceId::FILES, SourceId::PROBE, SourceId::CLOUDWATCH]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        !view.derived.lanes.is_empty() || view.world.file_count.is_some() || view.world.file_system.is_some()
    }
    fn height(&self, view: &View<'_>, width: u16) -> u16 {
        let compact = Room { width: width.into(), height: 0 };
        u16::try_from(self.lines(view, compact).len()).unwrap_or(u16::MAX)
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let mut out = zones::lanes(view, room.width);
        if view.world.mount_targets.is_none() {
            let (role, text) = view.missing(SourceId::EFS);
            out.push(Line::new().add(role, text));
        }
        let known = usize::from(view.world.file_count.is_some());
        let charts = known + usize::from(view.series("AWS/EFS", "PercentIOLimit").is_some());
        // the line of the count stands above its chart
        let rows = chart::rows(room.height, out.len() + 1, charts);
        let of = |i: usize| rows.get(i).copied().flatten();
        out.extend(files::summary(view, room.width, of(0).filter(|_| known > 0)));
        out.extend(load::lines(view, &IO_LIMIT, room.width, of(known)));
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        super::file_system::record(view)
    }
    fn leads_to(&self) -> Option<Action> {
        Some(Action::Storage)
    }
}
