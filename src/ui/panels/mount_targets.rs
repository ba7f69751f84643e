//! The mount targets, each with its probe and whether it is published.

use std::borrow::Cow;

use crate::config::theme::Role;
use crate::domain::efs::MountTarget;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::{View, lifecycle};

use super::Panel;

/// The panel.
pub struct MountTargets;

const COLUMNS: &[Column] = &[
    Column::text("zone", 4, 0).quoted(),
    Column::text("mount target", 22, 0).quoted(),
    Column::text("address", 15, 0),
    Column::text("state", 11, 0).quoted(),
    Column::number("probe", 10, 1).of(&["no answer", "not probed", "off"]),
    Column::text("published", 9, 2).of(&["no", "not known", "entry 0"]),
    Column::wide("subnet", 24, 3).quoted(),
];

struct Rows<'v>(&'v View<'v>, &'v [MountTarget]);

impl Rows<'_> {
    /// Place in the published list; `None`: not in it; `Err`: not known.
    fn published(&self, target: &MountTarget) -> Result<Option<usize>, ()> {
        match &self.0.derived.list {
            Some(Ok(list)) => {
                Ok(list.mount_targets.iter().position(|e| e.mount_target_id == target.mount_target_id))
            }
            None if self.0.world.published.is_some() => Ok(None),
            Some(Err(_)) | None => Err(()),
        }
    }
}

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.1.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.1.get(row).map_or("", |m| &m.mount_target_id).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(m) = self.1.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => (Role::Title, self.0.zone(m.availability_zone.as_deref()).into()),
            1 => (Role::Text, m.mount_target_id.as_str().into()),
            2 => (Role::Text, m.ip_address.as_deref().unwrap_or("none").into()),
            3 => {
                let (glyph, role) = lifecycle(&m.state, self.0.look);
                (role, format!("{glyph} {}", m.state).into())
            }
            4 => match self.0.world.probes.get(&m.mount_target_id).map(|p| &p.result) {
                Some(Ok(ms)) => (Role::Text, format!("{ms:.1} ms").into()),
                Some(Err(_)) => (Role::Warn, "no answer".into()),
                None if self.0.world.off.contains_key(&SourceId::PROBE) => (Role::Muted, "off".into()),
                None => (Role::Unknown, "not probed".into()),
            },
            5 => match self.published(m) {
                Ok(Some(i)) => (Role::Text, format!("entry {i}").into()),
                Ok(None) => (Role::Warn, "no".into()),
                Err(()) => (Role::Unknown, "not known".into()),
            },
            _ => (Role::Muted, m.subnet_id.as_str().into()),
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        if column == 4
            && let Some(m) = self.1.get(row)
        {
            let ms = self.0.world.probes.get(&m.mount_target_id).and_then(|p| p.result.clone().ok());
            return ms.map_or(SortKey::Missing, SortKey::Number);
        }
        SortKey::Text(self.cell(row, column).1.to_lowercase())
    }
    fn attention(&self, row: usize) -> bool {
        self.1.get(row).is_some_and(|m| {
            !m.is_available()
                || self.published(m) == Ok(None)
                || self.0.world.probes.get(&m.mount_target_id).is_some_and(|p| p.result.is_err())
        })
    }
    fn none(&self) -> &'static str {
        "the file system has no mount target"
    }
}

impl Panel for MountTargets {
    fn id(&self) -> PanelId {
        "mount-targets"
    }
    fn title(&self) -> &'static str {
        "Mount targets"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        view.world.mount_targets.as_ref().map_or_else(Line::new, |m| Line::new().text(m.len().to_string()))
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::EFS, SourceId::PROBE]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.mount_targets.is_some()
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        Some(Box::new(Rows(view, view.world.mount_targets.as_deref()?)))
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let targets = view.world.mount_targets.as_deref()?;
        let m = targets.iter().find(|m| m.mount_target_id == key)?;
        let rows = Rows(view, targets);
        let (probe, role) = match view.world.probes.get(key).map(|p| &p.result) {
            Some(Ok(ms)) => (format!("answered an NFS NULL call in {ms:.2} ms"), Role::Ok),
            Some(Err(why)) => (format!("no answer from here: {why}"), Role::Warn),
            None => (view.missing(SourceId::PROBE).1, Role::Unknown),
        };
        let (listed, listed_role) = match rows.published(m) {
            Ok(Some(i)) => (format!("entry {i} of the list, mounted at /mnt/efs-{i} by tasks"), Role::Text),
            Ok(None) => ("not in the list: no task uses it".to_owned(), Role::Warn),
            Err(()) => ("not known: the list could not be read".to_owned(), Role::Unknown),
        };
        let zone = m.availability_zone.as_deref();
        let tasks = zone.and_then(|z| view.derived.lane(z)).map(|l| l.tasks.to_string());
        Some(
            Record::new(format!("Mount target {key}"), key, m)
                .quoted("id", key)
                .pair("zone", zone.unwrap_or("not told"))
                .pair("address", m.ip_address.clone().unwrap_or_else(|| "none".into()))
                .quoted("subnet", m.subnet_id.clone())
                .maybe("VPC", m.vpc_id.clone())
                .quoted_role("state", lifecycle(&m.state, view.look).1, m.state.clone())
                .role("probe", role, probe)
                .role("published", listed_role, listed)
                .maybe("tasks in the zone", tasks)
                .maybe("read", view.source(SourceId::EFS).and_then(|s| s.at).map(|at| view.exact(at))),
        )
    }
}
