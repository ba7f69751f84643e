//! Rules that cannot tell, and why.

use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Undecided;

impl Panel for Undecided {
    fn id(&self) -> PanelId {
        "undecided"
    }
    fn title(&self) -> &'static str {
        "Not enough evidence"
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        let list = &view.env.changes.not_enough;
        if list.is_empty() {
            return vec![Line::new().muted("every rule that was evaluated can tell")];
        }
        list.iter()
            .map(|(rule, why)| {
                Line::new()
                    .quote_cell(24, Role::Unknown, rule, view.look)
                    .text("  ")
                    .add(Role::Muted, why.as_str())
            })
            .collect()
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        let list = &view.env.changes.not_enough;
        let mut record = Record::new("Not enough evidence", "", list);
        for (rule, why) in list {
            record = record.quote(Role::Unknown, rule.clone()).say(Role::Text, format!("  {why}"));
        }
        Some(record)
    }
}
