//! On the overview: what waits for a decision, and what is being done.

use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::proposal::{severity, waiting};
use crate::ui::record::Record;
use crate::ui::table::Records;
use crate::ui::view::View;

use super::proposals::{Proposals, Rows, nothing};
use super::{Panel, Room};

/// The panel.
pub struct ChangesBrief;

impl Panel for ChangesBrief {
    fn id(&self) -> PanelId {
        "changes"
    }
    fn title(&self) -> &'static str {
        "Changes"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let changes = &view.env.changes;
        if let Some(p) = &changes.in_flight {
            let text = format!("{}: step {} of {}", p.title, p.step, p.of);
            return Line::new().add(Role::Accent, text);
        }
        if changes.journal_error.is_some() {
            return Line::new().add(Role::Bad, "no journal: nothing is applied");
        }
        match waiting(view) {
            None => Line::new(),
            Some((n, first)) => {
                let waits = if n == 1 {
                    format!("{n} waits for a decision: ")
                } else {
                    format!("{n} wait for a decision: ")
                };
                let (role, word) = severity(first.recommendation.severity);
                Line::new()
                    .add(Role::Accent, waits)
                    .add(role, format!("{word} "))
                    .text(first.recommendation.title.as_str())
            }
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn height(&self, _view: &View<'_>, _width: u16) -> u16 {
        // always the same, so that a new recommendation moves nothing below
        3
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        if view.env.changes.proposals.is_empty() { vec![nothing(view)] } else { Vec::new() }
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        Rows::of(view)
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        Proposals.record(view, key)
    }
    fn proposes(&self) -> bool {
        true
    }
}
