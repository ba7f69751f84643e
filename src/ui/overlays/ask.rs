//! A question before something is done. The focus stands on Cancel; yes is a key of its own, or a text.

use crate::app::action::{Action, TextEdit};
use crate::app::changes::{Asking, Question};
use crate::config::theme::Role;
use crate::language;
use crate::ui::canvas::Line;
use crate::ui::field::Field;
use crate::ui::view::{View, plural};

use super::Shelf;

/// What is typed into the question.
#[derive(Default)]
pub struct Ask {
    /// Whether the answer is a text.
    pub wants_text: bool,
    /// The text.
    pub field: Field,
    /// Whether pasted text was turned away since the last answer.
    pub refused_paste: bool,
    asked: Option<std::mem::Discriminant<Question>>,
}

impl Ask {
    /// Follows the question that is open.
    pub fn follow(&mut self, asking: &Asking) {
        let kind = std::mem::discriminant(&asking.question);
        if self.asked != Some(kind) {
            if self.asked.is_some() {
                self.field = Field::default();
            }
            self.refused_paste = false;
            self.asked = Some(kind);
        }
        self.wants_text = asking.question.wants_text();
    }

    /// Takes an edit. A name that confirms is typed, never pasted.
    pub fn edit(&mut self, edit: &TextEdit, question: Option<&Question>) {
        let pasted = matches!(edit, TextEdit::Paste(_));
        self.refused_paste = pasted && !matches!(question, Some(Question::Reject { .. }));
        if !self.refused_paste {
            self.field.edit(edit);
        }
    }

    /// Title of the box.
    pub fn title(question: &Question) -> &'static str {
        match question {
            Question::Approve { .. } => "Apply this plan?",
            Question::Reject { .. } => "Reject",
            Question::Snooze { .. } => "Put off",
            Question::Arm | Question::ArmNamed => "Arm auto mode?",
            Question::CancelChange { .. } => "Stop the change in flight?",
            Question::RollBack { .. } => "Take this change back?",
            Question::Thaw => "End the freeze of changes?",
            Question::Quit => "Quit while a change is in flight?",
        }
    }

    /// What is asked and how to answer.
    pub fn lines(
        &self,
        asking: &Asking,
        view: &View<'_>,
        shelf: &Shelf<'_>,
        width: usize,
    ) -> Vec<Line<'static>> {
        let mut out = Vec::new();
        let known = view.world.identity.as_ref().map(|i| i.account.as_str());
        let account = known.map_or_else(|| language::say("account not known"), Into::into);
        out.extend(Line::quoted(Role::Title, &format!("{}  {account}", view.env.info.name), width));
        let mut say = |role: Role, words: &str| {
            out.extend(Line::wrapped(role, words, width));
        };
        let changes = &view.env.changes;
        let title_of = |change: &str| {
            let flight = changes.in_flight.as_ref().filter(|p| p.change == *change).map(|p| p.title.clone());
            let rule = changes
                .journal
                .iter()
                .find(|e| e.change.as_deref() == Some(change))
                .and_then(|e| e.rule.clone());
            flight.or(rule).unwrap_or_default()
        };
        match &asking.question {
            Question::Approve { plan, .. } => {
                say(Role::Text, &plan.title);
                let steps = plural(plan.steps.len(), "step", "steps");
                let back = if plan.restart_only {
                    "restart only, nothing to take back"
                } else if plan.rollback.is_some() {
                    "can be taken back"
                } else {
                    "CANNOT be taken back"
                };
                let role = if plan.rollback.is_none() && !plan.restart_only { Role::Bad } else { Role::Text };
                say(role, &format!("{}, {}", language::say(steps), language::say(back)));
                say(Role::Muted, &format!("change {}", plan.change));
            }
            Question::Reject { recommendation } => {
                say(Role::Text, recommendation);
                say(Role::Muted, "Why? The reason goes into the journal.");
            }
            Question::Snooze { recommendation } => {
                say(Role::Text, recommendation);
                say(Role::Muted, "For how many minutes?");
            }
            Question::Arm => {
                say(Role::Warn, "Armed, miharu applies changes by itself, inside the guardrails.");
                say(Role::Muted, "Type the environment's name; pasted text is not taken.");
            }
            Question::ArmNamed => {
                say(Role::Warn, "Armed, miharu applies changes by itself, inside the guardrails.");
            }
            Question::CancelChange { change } => {
                say(Role::Text, &title_of(change));
                say(Role::Muted, "The step under way is finished; what is done stays done.");
                say(Role::Muted, &format!("change {change}"));
            }
            Question::RollBack { change } => {
                say(Role::Text, &title_of(change));
                say(Role::Muted, "Its rollback plan is applied, as a change of its own.");
                say(Role::Muted, &format!("change {change}"));
            }
            Question::Thaw => say(Role::Text, "Changes can be applied again."),
            Question::Quit => {
                say(Role::Text, changes.in_flight.as_ref().map_or("", |p| p.title.as_str()));
                say(Role::Warn, "What was sent stays sent; the steps that are left are not begun.");
                say(Role::Muted, "The next miharu reads back how far it came and offers the rest.");
            }
        }
        out.push(Line::new());
        self.answers(&mut out, asking, view, shelf);
        let told = if self.refused_paste {
            Some("pasted text is not taken: type it")
        } else {
            asking.told.as_deref()
        };
        // always there, so that the box keeps its size
        out.push(Line::new().add(Role::Warn, told.unwrap_or_default().to_owned()));
        out
    }

    fn answers(&self, out: &mut Vec<Line<'static>>, asking: &Asking, view: &View<'_>, shelf: &Shelf<'_>) {
        let keys = |action: Action| shelf.keymap.keys_of(action).into_iter().next().unwrap_or_default();
        let glyphs = &view.look.glyphs;
        let (enter, esc) = (keys(Action::Open), keys(Action::Back));
        if asking.question.wants_text() {
            out.push(
                Line::new()
                    .add(Role::Key, glyphs.cursor)
                    .text(" ")
                    .quote(Role::Text, self.field.text.clone())
                    .add(Role::Accent, glyphs.caret),
            );
            out.push(
                Line::new().quote(Role::Key, enter).muted(" done   ").quote(Role::Key, esc).muted(" cancel"),
            );
            return;
        }
        let yes = match asking.question {
            Question::Approve { .. } => "apply",
            Question::CancelChange { .. } => "stop it",
            Question::RollBack { .. } => "take it back",
            Question::ArmNamed => "arm",
            Question::Quit => "quit",
            _ => "yes",
        };
        out.push(
            Line::new()
                .add(Role::Focus, format!("{} Cancel", glyphs.cursor))
                .muted("  ")
                .quote(Role::Key, format!("{enter} {esc}"))
                .muted("      ")
                .text(yes)
                .muted("  ")
                .quote(Role::Key, keys(Action::Confirm)),
        );
    }
}
