//! Facts of the file system.

use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::view::{View, lifecycle};

use super::{Panel, Room};

/// The panel.
pub struct FileSystem;

impl Panel for FileSystem {
    fn id(&self) -> PanelId {
        "file-system"
    }
    fn title(&self) -> &'static str {
        "File system"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        view.world.file_system.as_ref().map_or_else(Line::new, |fs| {
            let name = fs.name.as_deref().unwrap_or_default();
            Line::new().quote(Role::Text, fs.id.as_str()).quote(Role::Muted, format!("  {name}"))
        })
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::EFS]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.file_system.is_some()
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        let Some(fs) = &view.world.file_system else { return Vec::new() };
        let look = view.look;
        let (glyph, role) = lifecycle(&fs.lifecycle_state, look);
        let columns = Line::label(12, &["state", "throughput", "performance", "size", "kept in"]);
        let pair = |label, value: String| Line::new().cell(columns, Role::Muted, label, look).text(value);
        vec![
            Line::new()
                .cell(columns, Role::Muted, "state", look)
                .add(role, glyph)
                .quote(Role::Text, format!(" {}", fs.lifecycle_state)),
            pair("throughput", throughput(view)),
            pair("performance", performance(&fs.performance_mode)),
            pair("size", units::bytes(fs.size_bytes as f64)),
            pair(
                "kept in",
                fs.one_zone.as_ref().map_or_else(|| "several zones".into(), |z| format!("one zone, {z}")),
            ),
        ]
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        record(view)
    }
}

fn performance(mode: &str) -> String {
    match mode {
        "generalPurpose" => "General Purpose".into(),
        "maxIO" => "Max I/O".into(),
        other => other.into(),
    }
}

fn throughput(view: &View<'_>) -> String {
    let Some(fs) = &view.world.file_system else { return String::new() };
    match fs.provisioned_mibps {
        Some(mibps) if fs.throughput_mode == "provisioned" => format!("provisioned, {mibps:.0} MiB/s"),
        _ => fs.throughput_mode.clone(),
    }
}

/// Everything about the file system.
pub fn record(view: &View<'_>) -> Option<Record> {
    let fs = view.world.file_system.as_ref()?;
    Some(
        Record::new(format!("File system {}", fs.id), fs.id.clone(), fs)
            .quoted("id", fs.id.clone())
            .maybe_quoted("name", fs.name.clone())
            .quoted("state", fs.lifecycle_state.clone())
            .pair("throughput", throughput(view))
            .pair("performance", performance(&fs.performance_mode))
            .pair(
                "size",
                format!("{} ({} bytes)", units::bytes(fs.size_bytes as f64), units::thousands(fs.size_bytes)),
            )
            .pair(
                "zones",
                fs.one_zone.as_ref().map_or_else(
                    || "several: one mount target a zone".to_owned(),
                    |z| format!("One Zone in {z}: exactly one mount target"),
                ),
            )
            .maybe("read", view.source(SourceId::EFS).and_then(|s| s.at).map(|at| view.exact(at))),
    )
}
