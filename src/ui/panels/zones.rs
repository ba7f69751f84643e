//! Zone lanes: mount target, tasks and share of local traffic of each Availability Zone.

use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::language::say;
use crate::ui::canvas::Line;
use crate::ui::derived::Lane;
use crate::ui::layout::PanelId;
use crate::ui::text;
use crate::ui::view::{View, lifecycle, percent, plural};

use super::{Panel, Room};

/// The panel.
pub struct Zones;

impl Panel for Zones {
    fn id(&self) -> PanelId {
        "zones"
    }
    fn title(&self) -> &'static str {
        "Zones"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let with = view.derived.lanes.iter().filter(|l| l.target.is_some()).count();
        match view.derived.lanes.len() {
            0 => Line::new(),
            all => Line::new().muted(format!("{with} of {all} with a mount target")),
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::SUBNETS, SourceId::EFS, SourceId::ECS]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        !view.derived.lanes.is_empty()
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        lanes(view, room.width)
    }
}

/// One line for each zone.
pub fn lanes<'v>(view: &'v View<'_>, width: usize) -> Vec<Line<'v>> {
    let name = view.derived.lanes.iter().map(|l| l.short.len()).max().unwrap_or(2).clamp(2, 16);
    let tasks = |l: &Lane| if width >= 44 { plural(l.tasks, "task", "tasks") } else { l.tasks.to_string() };
    let least = if width >= 44 { 9 } else { 3 };
    let widest = view.derived.lanes.iter().map(|l| text::width(&say(tasks(l)))).max().unwrap_or(0);
    view.derived.lanes.iter().map(|l| lane(view, l, name, (tasks(l), widest.max(least)))).collect()
}

fn lane<'v>(view: &'v View<'_>, lane: &'v Lane, name: usize, (tasks, columns): (String, usize)) -> Line<'v> {
    let look = view.look;
    let mut line = Line::new().quote_cell(name, Role::Title, &lane.short, look).text(" ");
    match &lane.target {
        Some((_, ip, state)) => {
            let (glyph, role) = lifecycle(state, look);
            line.push(role, glyph);
            let address = ip.as_deref().map_or_else(|| say("no address"), Into::into);
            line = line.text(" ").quote_cell(10, role, state, look);
            line = line.quote_cell(15, Role::Text, &address, look);
        }
        None if view.world.mount_targets.is_none() => {
            line.push(Role::Unknown, look.glyphs.unknown);
            line = line.text(" ").cell(25, Role::Unknown, "target not read yet", look);
        }
        None => {
            let role = if lane.tasks > 0 { Role::Warn } else { Role::Muted };
            line.push(role, look.glyphs.none);
            line = line.text(" ").cell(25, role, "no mount target", look);
        }
    }
    if view.world.tasks.is_none() {
        return line;
    }
    line = line.text(" ").number(columns, Role::Text, &tasks, look);
    if let Some(local) = lane.local {
        let role = if local == 0.0 { Role::Warn } else { Role::Muted };
        line = line.number(6, role, &percent(local), look).add(role, " local");
    }
    line
}
