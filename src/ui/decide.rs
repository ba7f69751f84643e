//! What the operator wants to do about changes: which question to open, and the answers to the open one.

use crate::app::action::Action;
use crate::app::changes::{Answer, Question};
use crate::app::event::Event;
use crate::app::state::State;

use super::overlays::{Kind, Overlay};
use super::view::View;
use super::{Reply, Ui};

/// Whether an action is for [`Ui::decide`], wherever the focus is.
pub(super) fn is_about_changes(action: Action) -> bool {
    matches!(
        action,
        Action::Approve
            | Action::Reject
            | Action::Snooze
            | Action::Confirm
            | Action::Arm
            | Action::Disarm
            | Action::Veto
            | Action::CancelChange
            | Action::RollBack
            | Action::FreezeChanges
    )
}

impl Ui {
    /// Opens or closes the box of the question that the state has open.
    pub(super) fn follow(&mut self, state: &State) {
        let open = self.overlays.last().is_some_and(|o| o.kind == Kind::Ask);
        match &state.asking {
            None => {
                if open {
                    self.overlays.pop();
                }
                self.close_begun(state);
            }
            Some(asking) => {
                if !open {
                    self.open(Kind::Ask);
                }
                if let Some(overlay) = self.overlays.last_mut() {
                    overlay.ask.follow(asking);
                }
            }
        }
    }

    /// Closes the plan whose change has begun: what counts now is how it goes.
    fn close_begun(&mut self, state: &State) {
        let in_flight = state.shown().changes.in_flight.as_ref().map(|p| &p.change);
        let begun = self.overlays.last().is_some_and(|o| {
            matches!(o.kind, Kind::Plan(_)) && in_flight.is_some() && o.reading.asked.as_ref() == in_flight
        });
        if begun {
            self.overlays.pop();
        }
    }

    /// What an action means while a question is open.
    pub(super) fn answer(&mut self, action: Action, question: &Question) -> Reply {
        let typed = question.wants_text();
        if let Some(overlay) = self.overlays.last_mut() {
            overlay.ask.refused_paste = false;
        }
        let answer = match action {
            Action::Quit | Action::Disarm | Action::Veto => return Reply::Event(Event::Action(action)),
            Action::Open if typed => {
                let text = self.overlays.last().map_or_else(String::new, |o| o.ask.field.text.clone());
                Answer::Text(text)
            }
            // the focus stands on Cancel
            Action::Open | Action::Back => Answer::Cancel,
            Action::Confirm => Answer::Confirm,
            _ => Answer::Other,
        };
        Reply::Event(Event::Answer(answer))
    }

    /// What an action about changes means here; see [`is_about_changes`].
    pub(super) fn decide(&mut self, action: Action, state: &State) -> Option<Reply> {
        let reply = match action {
            Action::Approve | Action::Reject | Action::Snooze => match self.target(state) {
                None => Event::Action(action),
                Some(recommendation) => self.about(action, recommendation)?,
            },
            _ => Event::Action(action),
        };
        if matches!(&reply, Event::Ask(q) if q.wants_text()) || action == Action::Arm {
            // what is typed before the next frame belongs to the question already
            self.open(Kind::Ask);
            if let Some(overlay) = self.overlays.last_mut() {
                overlay.ask.wants_text = true;
                if action == Action::Snooze {
                    overlay.ask.field.text = "60".into();
                }
            }
        }
        Some(Reply::Event(reply))
    }

    /// The recommendation that is read or selected.
    fn target(&self, state: &State) -> Option<String> {
        match self.overlays.last() {
            Some(Overlay { kind: Kind::Plan(recommendation), .. }) => Some(recommendation.clone()),
            Some(_) => None,
            None => {
                let pane = self.pane().filter(|p| p.panel.proposes())?;
                let key = pane.key(&View::new(state, &self.look, &self.derived));
                (!key.is_empty()).then_some(key)
            }
        }
    }

    /// `None`: what there is to say is on the screen already.
    fn about(&mut self, action: Action, recommendation: String) -> Option<Event> {
        match action {
            Action::Reject => return Some(Event::Ask(Question::Reject { recommendation })),
            Action::Snooze => return Some(Event::Ask(Question::Snooze { recommendation })),
            _ => {}
        }
        let Some(Overlay { kind: Kind::Plan(_), reading, .. }) = self.overlays.last_mut() else {
            // a plan is read before it is approved
            self.open(Kind::Plan(recommendation));
            return None;
        };
        if let Some(why) = reading.not_yet() {
            return Some(Event::Notice(why));
        }
        let plan = Box::new(reading.read()?.clone());
        reading.asked = Some(plan.change.clone());
        Some(Event::Ask(Question::Approve { recommendation, plan }))
    }
}
