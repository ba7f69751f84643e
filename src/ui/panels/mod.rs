//! The panels. A new one is a file here with a unit struct, its `mod` line and its line in [`PANELS`]; a
//! layout in `screens.rs` gives it a place. A panel says what it shows; drawing, scrolling, selection,
//! filter and age badge are the same for all and live in `pane.rs`.

mod alarms;
mod answers;
mod attention;
mod brakes;
mod budget;
mod by_name;
mod capacity;
mod change_log;
mod changes;
mod deployments;
mod events;
mod file_system;
mod files;
mod goals;
mod guardrails;
mod impressions;
mod in_flight;
mod journal;
mod load;
mod logs;
mod loss;
mod mount_targets;
mod proposals;
mod published;
mod rates;
mod service;
mod sources;
mod storage;
mod tasks;
pub mod timeline;
mod trends;
mod undecided;
mod zones;

use chrono::{DateTime, Utc};

use crate::app::action::Action;
use crate::domain::source::SourceId;

use super::canvas::Line;
use super::layout::PanelId;
use super::record::Record;
use super::table::Records;
use super::view::View;

pub use sources::Sources as SourceRecords;

/// All panels.
pub const PANELS: &[&dyn Panel] = &[
    &alarms::Alarms,
    &answers::Answers,
    &attention::Attention,
    &brakes::Brakes,
    &budget::ErrorBudget,
    &by_name::ByName,
    &capacity::CapacityPanel,
    &change_log::ChangeLog,
    &changes::ChangesBrief,
    &deployments::Deployments,
    &events::Events,
    &file_system::FileSystem,
    &files::Files,
    &goals::Goals,
    &guardrails::Guardrails,
    &impressions::ImpressionsBrief,
    &in_flight::InFlight,
    &journal::JournalEntries,
    &logs::LogsBrief,
    &loss::LossPanel,
    &mount_targets::MountTargets,
    &proposals::Proposals,
    &published::PublishedList,
    &rates::Rates,
    &service::Service,
    &sources::SourcesLine,
    &storage::Storage,
    &tasks::Tasks,
    &timeline::Timeline,
    &trends::Trends,
    &undecided::Undecided,
    &zones::Zones,
];

/// Room a panel has for its lines.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// What one panel shows. It holds nothing; selection and scroll belong to its pane.
pub trait Panel: Sync {
    /// Its name in layouts.
    fn id(&self) -> PanelId;
    /// Its name on the screen.
    fn title(&self) -> &'static str;
    /// What stands beside the name.
    fn note<'v>(&self, _view: &'v View<'_>) -> Line<'v> {
        Line::new()
    }
    /// Where its content comes from; the badge shows the age of the first.
    fn sources(&self) -> &'static [SourceId];
    /// Whether there is anything to show; else what is missing of the first source is said.
    fn ready(&self, _view: &View<'_>) -> bool {
        true
    }
    /// Whether it has a place at all: what nobody configured takes none beside what is watched.
    fn wanted(&self, _view: &View<'_>) -> bool {
        true
    }
    /// Rows it would like, without title.
    fn height(&self, view: &View<'_>, width: u16) -> u16 {
        let room = Room { width: width.into(), height: 40 };
        let rows = self.records(view).map_or(0, |r| r.len().min(12) + 1);
        u16::try_from(self.lines(view, room).len() + rows).unwrap_or(u16::MAX)
    }
    /// Its lines; above the table, if it has one.
    fn lines<'v>(&self, _view: &'v View<'_>, _room: Room) -> Vec<Line<'v>> {
        Vec::new()
    }
    /// Its lines, where they show which row of its table is selected.
    fn lines_at<'v>(&self, view: &'v View<'_>, room: Room, _selected: Option<&str>) -> Vec<Line<'v>> {
        self.lines(view, room)
    }
    /// The rows of its table.
    fn records<'v>(&self, _view: &'v View<'v>) -> Option<Box<dyn Records + 'v>> {
        None
    }
    /// Everything about the row of that key; without a table, about the panel's subject (empty key).
    fn record(&self, _view: &View<'_>, _key: &str) -> Option<Record> {
        None
    }
    /// When the row of that key happened: which minute of the logs tells more of it.
    fn instant(&self, _view: &View<'_>, _key: &str) -> Option<DateTime<Utc>> {
        None
    }
    /// Whether its rows are recommendations, keyed by id.
    fn proposes(&self) -> bool {
        false
    }
    /// The screen that shows more of this.
    fn leads_to(&self) -> Option<Action> {
        None
    }
}

/// The panel of that name.
pub fn panel(id: PanelId) -> Option<&'static dyn Panel> {
    PANELS.iter().find(|p| p.id() == id).copied()
}
