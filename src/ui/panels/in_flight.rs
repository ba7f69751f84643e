//! The change that is being applied.

use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct InFlight;

/// Most steps that are drawn as shapes.
const SHAPES: u32 = 20;

impl Panel for InFlight {
    fn id(&self) -> PanelId {
        "in-flight"
    }
    fn title(&self) -> &'static str {
        "In flight"
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        let Some(p) = &view.env.changes.in_flight else {
            return vec![Line::new().muted("no change is in flight")];
        };
        let glyphs = &view.look.glyphs;
        let mut step = Line::new().add(Role::Accent, format!("step {} of {}", p.step, p.of)).text("  ");
        for n in 1..=p.of.min(SHAPES) {
            let (role, glyph) = match n.cmp(&p.step) {
                std::cmp::Ordering::Less => (Role::Ok, glyphs.ok),
                std::cmp::Ordering::Equal => (Role::Warn, glyphs.busy),
                std::cmp::Ordering::Greater => (Role::Muted, glyphs.none),
            };
            step.push(role, glyph);
        }
        let since = units::duration(chrono::TimeDelta::seconds(view.age(p.since).num_seconds()));
        let waits = if p.waiting_for.is_empty() { "the answer" } else { p.waiting_for.as_str() };
        vec![
            Line::new().add(Role::Title, p.title.as_str()),
            step,
            Line::new().muted("waits for ").text(waits).muted(format!(", for {since}")),
            Line::new().muted(format!(
                "began {}, {}  {}",
                p.started_at.format("%H:%M:%S UTC"),
                view.ago(p.started_at),
                p.change
            )),
        ]
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        let p = view.env.changes.in_flight.as_ref()?;
        Some(
            Record::new(p.title.clone(), p.change.clone(), p)
                .quoted("change", p.change.clone())
                .pair("step", format!("{} of {}", p.step, p.of))
                .pair("waits for", p.waiting_for.clone())
                .pair("in this step", view.exact(p.since))
                .pair("began", view.exact(p.started_at)),
        )
    }
}
