//! The log lines of each environment, and what an action means for them. They stay while other environments and
//! screens are shown.

use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use crate::app::action::Action;
use crate::app::event::{EnvironmentIndex, Event};
use crate::app::state::State;
use crate::domain::log::ring::Limits;

use super::layout::PanelId;
use super::logs::{Answer, LogDesk, Moment, Work};
use super::panels::Panel as _;
use super::panels::timeline::Timeline;
use super::screens::SCREENS;
use super::timeline::story;
use super::view::View;
use super::{Reply, Ui};

impl Ui {
    /// The log lines of an environment.
    pub fn desk(&mut self, environment: EnvironmentIndex) -> &mut LogDesk {
        if self.desks.len() <= environment {
            self.desks.resize_with(environment + 1, LogDesk::default);
        }
        &mut self.desks[environment]
    }

    /// Gives an environment a desk that holds so much. `spilled`: what it no longer holds is taken away.
    pub fn set_desk(&mut self, environment: EnvironmentIndex, limits: Limits, spilled: bool) {
        let desk = self.desk(environment);
        *desk = LogDesk::new(limits);
        if spilled {
            desk.keep_dropped();
        }
    }

    /// The display is no longer frozen: takes in what came since.
    pub fn thaw(&mut self) {
        self.desks.iter_mut().for_each(LogDesk::thaw);
    }

    /// Whether the Logs screen is on the screen, perhaps with something above it.
    pub fn logs_shown(&self) -> bool {
        SCREENS.get(self.screen).is_some_and(|screen| screen.action == Action::Logs)
    }

    /// Does a part of what waits, as much as about `bytes` of text take: first in the environment that is shown.
    pub fn work(&mut self, state: &State, bytes: usize) -> Work {
        let looked_at = self.logs_shown();
        let shown = self.desk(state.focused).work(bytes, looked_at);
        if shown.left || shown.seen || shown.effect.is_some() {
            return Work { seen: shown.seen && looked_at, ..shown };
        }
        let others = self.desks.iter_mut().map(|desk| desk.work(bytes, false));
        others.filter(|work| work.left).last().unwrap_or_default()
    }

    /// Takes an action that is about log lines, with what is to be forwarded of it; `Continue` if it is not.
    pub(super) fn on_logs(&mut self, action: Action, state: &State) -> ControlFlow<Option<Reply>> {
        if !self.logs_shown() {
            return ControlFlow::Continue(());
        }
        let moment = Moment { now: state.shown_now(), environment: &state.shown().info.name };
        match self.desk(state.focused).on(action, &moment) {
            Answer::Passed => ControlFlow::Continue(()),
            Answer::Used => ControlFlow::Break(None),
            Answer::Reply(reply) => ControlFlow::Break(Some(reply)),
            Answer::Journal(at) => ControlFlow::Break(Some(self.journal_at(at, state))),
            Answer::Timeline(at) => ControlFlow::Break(Some(self.timeline_at(at, state))),
        }
    }

    /// Shows the logs at the time of the selected row.
    pub(super) fn logs_at(&mut self, state: &State) -> Option<Reply> {
        let view = View::new(state, &self.look, &self.derived).with(self.desks.get(state.focused));
        let Some(at) = self.pane().and_then(|pane| pane.instant(&view)) else {
            let text = "what is selected here has no time that the logs could be shown at";
            return Some(Reply::Event(Event::Notice(text.to_owned())));
        };
        self.show(SCREENS.iter().position(|s| s.action == Action::Logs).unwrap_or(self.screen));
        self.desk(state.focused).go_to_time(at);
        None
    }

    /// Shows the journal with the entry that is nearest to a time.
    fn journal_at(&mut self, at: DateTime<Utc>, state: &State) -> Reply {
        let journal = &state.shown().changes.journal;
        let Some(entry) = journal.iter().min_by_key(|entry| (entry.at - at).abs()) else {
            return Reply::Event(Event::Notice("the journal has no entry".to_owned()));
        };
        self.choose(Action::Journal, "journal", entry.seq.to_string());
        let text =
            format!("the entry nearest to {} is of {}", at.format("%H:%M:%S"), entry.at.format("%H:%M:%S"));
        Reply::Event(Event::Notice(text))
    }

    /// Shows the timeline of the overview with what happened nearest to a time.
    fn timeline_at(&mut self, at: DateTime<Utc>, state: &State) -> Reply {
        let view = View::new(state, &self.look, &self.derived).with(self.desks.get(state.focused));
        let Some(mark) = story(&view).into_iter().min_by_key(|mark| (mark.at - at).abs()) else {
            return Reply::Event(Event::Notice(
                "nothing happened in the time that the timeline shows".into(),
            ));
        };
        self.choose(Action::Overview, Timeline.id(), mark.key);
        let text =
            format!("what is nearest to {} is of {}", at.format("%H:%M:%S"), mark.at.format("%H:%M:%S"));
        Reply::Event(Event::Notice(text))
    }

    /// Shows a screen with a row of one of its panels selected.
    fn choose(&mut self, screen: Action, panel: PanelId, key: String) {
        self.show(SCREENS.iter().position(|s| s.action == screen).unwrap_or(self.screen));
        if let Some(focus) = self.focus.get_mut(self.screen) {
            *focus = panel;
        }
        if let Some(pane) = self.panes.iter_mut().find(|p| p.panel.id() == panel) {
            pane.choose(key);
        }
    }
}
