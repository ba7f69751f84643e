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
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let events = view.world.service.as_ref().map_or(&[][..], |s| &s.events);
        if events.is_empty() {
            return vec![Line::new().muted("ECS has told no event")];
        }
        let times: Vec<String> = events.iter().map(|e| view.clock(e.at)).collect();
        let width = times.iter().take(room.height).map(String::len).max().unwrap_or(0);
        events
            .iter()
            .zip(times)
            .map(|(e, time)| {
                let bad = ["unable", "failed", "unhealthy"].iter().any(|w| e.message.contains(w));
                Line::new()
                    .quote(Role::Muted, format!("{time:width$}  "))
                    .quote(if bad { Role::Warn } else { Role::Text }, view.event(&e.message))
            })
            .collect()
    }
    fn leads_to(&self) -> Option<Action> {
        Some(Action::ServiceEvents)
    }
}
