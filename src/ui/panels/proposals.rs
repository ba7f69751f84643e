//! Everything that is recommended, the most severe first.

use std::borrow::Cow;

use crate::app::changes::Proposal;
use crate::config::theme::Role;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::grid::Column;
use crate::ui::layout::PanelId;
use crate::ui::proposal::{cost, severity, standing};
use crate::ui::record::Record;
use crate::ui::table::{Records, SortKey};
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Proposals;

const COLUMNS: &[Column] = &[
    Column::text("severity", 8, 0),
    Column { grow: 2, ..Column::wide("what", 24, 0) },
    Column { grow: 2, ..Column::wide("state", 22, 0) }.snug(),
    Column::text("cost", 20, 1).snug(),
];

/// Proposals as rows of a table, keyed by the recommendation's id.
pub struct Rows<'v> {
    proposals: &'v [Proposal],
    view: &'v View<'v>,
}

impl<'v> Rows<'v> {
    /// The rows of what is shown; `None` if there are none.
    pub fn of(view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        let proposals = &view.env.changes.proposals;
        (!proposals.is_empty()).then(|| Box::new(Rows { proposals, view }) as Box<dyn Records>)
    }
}

impl Records for Rows<'_> {
    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }
    fn len(&self) -> usize {
        self.proposals.len()
    }
    fn key(&self, row: usize) -> Cow<'_, str> {
        self.proposals.get(row).map_or("", |p| &p.recommendation.id).into()
    }
    fn cell(&self, row: usize, column: usize) -> (Role, Cow<'_, str>) {
        let Some(p) = self.proposals.get(row) else { return (Role::Text, "".into()) };
        match column {
            0 => {
                let (role, word) = severity(p.recommendation.severity);
                (role, word.into())
            }
            1 => (Role::Text, p.recommendation.title.as_str().into()),
            2 => {
                let (role, word) = standing(p, self.view);
                (role, word.into())
            }
            _ => match p.recommendation.cost_usd_per_month {
                None => (Role::Muted, "not known".into()),
                known => (Role::Muted, cost(known).into()),
            },
        }
    }
    fn sort_key(&self, row: usize, column: usize) -> SortKey {
        match (column, self.proposals.get(row)) {
            (0, Some(p)) => SortKey::Number(-f64::from(p.recommendation.severity as u8)),
            (3, Some(p)) => p.recommendation.cost_usd_per_month.map_or(SortKey::Missing, SortKey::Number),
            _ => SortKey::Text(self.cell(row, column).1.to_lowercase()),
        }
    }
    fn attention(&self, row: usize) -> bool {
        self.proposals.get(row).is_some_and(Proposal::waits)
    }
}

/// What to say where nothing is recommended.
pub fn nothing(view: &View<'_>) -> Line<'static> {
    let changes = &view.env.changes;
    match changes.evaluated_at {
        None => Line::new().add(Role::Unknown, "no rule was evaluated yet"),
        Some(_) if changes.not_enough.is_empty() => Line::new().add(Role::Ok, "nothing is to be changed"),
        Some(_) => Line::new()
            .text("nothing is to be changed by what is known; ")
            .add(Role::Unknown, format!("{} cannot tell", rules(changes.not_enough.len()))),
    }
}

fn rules(n: usize) -> String {
    crate::ui::view::plural(n, "rule", "rules")
}

impl Panel for Proposals {
    fn id(&self) -> PanelId {
        "proposals"
    }
    fn title(&self) -> &'static str {
        "Recommendations"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        match view.env.changes.evaluated_at {
            Some(at) => Line::new().muted(format!("evaluated {}", view.ago(at))),
            None => Line::new(),
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn lines<'v>(&self, view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        if view.env.changes.proposals.is_empty() { vec![nothing(view)] } else { Vec::new() }
    }
    fn records<'v>(&self, view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        Rows::of(view)
    }
    fn record(&self, view: &View<'_>, key: &str) -> Option<Record> {
        let p = view.env.changes.proposal(key)?;
        let rec = &p.recommendation;
        let (role, word) = severity(rec.severity);
        Some(
            Record::new(rec.title.clone(), rec.id.clone(), p)
                .role("severity", role, word)
                .quoted("id", rec.id.clone())
                .say(Role::Text, rec.reason.clone()),
        )
    }
    fn proposes(&self) -> bool {
        true
    }
}
