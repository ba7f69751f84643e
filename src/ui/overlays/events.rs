//! The service's own event log in full, the newest first.

use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::text;
use crate::ui::view::View;

/// Columns of the time.
const TIME: usize = 16;

/// The events.
pub fn lines(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let Some(service) = &view.world.service else {
        let (role, text) = view.missing(SourceId::ECS);
        return Line::wrapped(role, &text, width);
    };
    if service.events.is_empty() {
        return vec![Line::new().muted("ECS has told no event")];
    }
    let mut out = Vec::new();
    for event in &service.events {
        for (i, part) in
            text::wrap(view.event(&event.message), width.saturating_sub(TIME)).into_iter().enumerate()
        {
            let time = if i == 0 { view.clock(event.at) } else { String::new() };
            out.push(Line::new().quote_cell(TIME, Role::Muted, &time, view.look).quote(Role::Text, part));
        }
    }
    out
}
