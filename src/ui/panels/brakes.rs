//! What holds all changes: mode, arming, veto, freeze, failures, journal.

use crate::config::theme::Role;
use crate::domain::snapshot::Mode;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::layout::PanelId;
use crate::ui::proposal::{countdown, mode};
use crate::ui::record::{Fact, Record, lines as fact_lines};
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Brakes;

fn facts(view: &View<'_>) -> Vec<Fact> {
    let changes = &view.env.changes;
    let brakes = &changes.brakes;
    let (role, word, meaning) = mode(brakes);
    let role = if role == Role::Bar { Role::Title } else { role };
    let mut out = vec![Fact::Pair("mode", role, format!("{word}: {meaning}"))];
    if view.state.read_only {
        out.push(Fact::Pair("", Role::Ok, "READ-ONLY: nothing can be changed here".into()));
    }
    if brakes.mode == Mode::Auto && !brakes.armed {
        let why = brakes.why_not_armed.as_deref().unwrap_or("not armed since the start");
        out.push(Fact::Pair("not armed", Role::Text, why.to_owned()));
    }
    if let Some((title, until)) = &brakes.veto {
        let text = format!("{title}, applied {}", countdown(*until, view.now));
        out.push(Fact::Pair("veto", Role::Bad, text));
    }
    let (role, freeze) = match (brakes.frozen_by_operator, changes.freeze_asked) {
        (true, _) => (Role::Stale, "all changes are FROZEN by an operator".to_owned()),
        (false, true) => (Role::Warn, "asked for, not yet confirmed".to_owned()),
        (false, false) => (Role::Text, "off".to_owned()),
    };
    let freeze = match &brakes.frozen {
        Some((by, until)) => {
            format!("all changes are FROZEN by {by}, ends at {}", until.format("%m-%d %H:%M UTC"))
        }
        None => freeze,
    };
    out.push(Fact::Pair("freeze", role, freeze));
    let role = if brakes.failures > 0 { Role::Warn } else { Role::Text };
    out.push(Fact::Pair("failures", role, format!("{} in a row", brakes.failures)));
    out.push(match &changes.journal_error {
        Some(why) => Fact::Pair("journal", Role::Bad, format!("nothing is applied: {why}")),
        None => Fact::Pair("journal", Role::Text, format!("{} entries shown", changes.journal.len())),
    });
    out
}

impl Panel for Brakes {
    fn id(&self) -> PanelId {
        "brakes"
    }
    fn title(&self) -> &'static str {
        "Brakes"
    }
    fn sources(&self) -> &'static [SourceId] {
        &[]
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        fact_lines(&facts(view), room.width, view.look)
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        let mut record = Record::new("Brakes", view.env.info.name.clone(), &view.env.changes.brakes);
        record.facts = facts(view);
        Some(record)
    }
}
