//! The service's own event log.

use crate::app::action::Action;
use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Events;

/// Every message of ECS begins with `(service NAME) `, which the title already says.
fn message(text: &str) -> &str {
    text.strip_prefix("(service ").and_then(|t| t.split_once(") ")).map_or(text, |t| t.1)
}

impl Panel for Events {
    fn id(&self) -> PanelId {
        "events"
    }
    fn title(&self) -> &'static str {
        "Service events"
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::ECS]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.service.is_some()
    }
    fn height(&self, _view: &View<'_>, _width: u16) -> u16 {
        // always the same, so that a new event moves nothing
        3
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        let events = view.world.service.as_ref().map_or(&[][..], |s| &s.events);
        if events.is_empty() {
            return vec![Line::new().muted("ECS has told no event")];
        }
        events
            .iter()
            .map(|e| {
                let bad = ["unable", "failed", "unhealthy"].iter().any(|w| e.message.contains(w));
                Line::new()
                    .add(Role::Muted, e.at.format("%m-%d %H:%M:%S  ").to_string())
                    .add(if bad { Role::Warn } else { Role::Text }, message(&e.message))
            })
            .collect()
    }
    fn leads_to(&self) -> Option<Action> {
        Some(Action::ServiceEvents)
    }
}
