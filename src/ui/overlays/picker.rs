//! A list with a text field above it: the palette, the environments, the themes.

use nucleo_matcher::{Config, Matcher};
use ratatui::layout::Rect;

use crate::app::action::{Action, TextEdit};
use crate::app::event::EnvironmentIndex;
use crate::config::theme::Role;
use crate::language::say;
use crate::ui::canvas::{Canvas, Line};
use crate::ui::field::Field;
use crate::ui::filter;
use crate::ui::view::View;

use super::{Outcome, Shelf};

/// What a choice leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// An action.
    Action(Action),
    /// Another environment.
    Environment(EnvironmentIndex),
    /// Another theme.
    Theme(String),
}

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choices {
    /// Actions, screens, environments and themes.
    Palette,
    /// Environments.
    Environments,
    /// Themes.
    Themes,
}

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is matched, in the language of the screen.
    pub label: String,
    /// What is matched too: the English words.
    pub english: String,
    /// Keys or a description.
    pub hint: String,
    /// Whether it is in force.
    pub current: bool,
    /// What it leads to.
    pub pick: Pick,
}

/// Actions that make no sense when chosen from a list.
const NOT_LISTED: &[Action] = &[
    Action::Up,
    Action::Down,
    Action::Left,
    Action::Right,
    Action::PageUp,
    Action::PageDown,
    Action::Top,
    Action::Bottom,
    Action::Open,
    Action::Back,
    Action::Palette,
    Action::Confirm,
];

impl Choices {
    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Palette => "Palette",
            Self::Environments => "Environments",
            Self::Themes => "Themes",
        }
    }

    /// Its lines.
    pub fn list(self, view: &View<'_>, shelf: &Shelf<'_>) -> Vec<Choice> {
        match self {
            Self::Palette => {
                let actions = Action::ALL.iter().filter(|a| !NOT_LISTED.contains(&a.0)).map(|a| Choice {
                    label: say(a.2).into_owned(),
                    english: a.2.to_owned(),
                    hint: shelf.keymap.keys_of(a.0).into_iter().next().unwrap_or_default(),
                    current: false,
                    pick: Pick::Action(a.0),
                });
                let mut out: Vec<Choice> = actions.collect();
                if view.state.environments.len() > 1 {
                    out.extend(environments(view).into_iter().map(|c| prefixed("environment", c)));
                }
                out.extend(themes(shelf).into_iter().map(|c| prefixed("theme", c)));
                out
            }
            Self::Environments => environments(view),
            Self::Themes => themes(shelf),
        }
    }
}

fn prefixed(kind: &str, choice: Choice) -> Choice {
    let english = format!("{kind} {}", choice.label);
    Choice { label: format!("{} {}", say(kind), choice.label), english, ..choice }
}

fn environments(view: &View<'_>) -> Vec<Choice> {
    let one = |(i, env): (usize, &crate::app::state::EnvironmentState)| {
        let region = env.world.identity.as_ref().map(|i| i.region.as_str()).or(env.info.region.as_deref());
        let account =
            env.world.identity.as_ref().map(|i| i.account.as_str()).or(env.info.expected_account.as_deref());
        Choice {
            label: env.info.name.clone(),
            english: String::new(),
            hint: [region, account].into_iter().flatten().collect::<Vec<_>>().join("  "),
            current: i == view.state.focused,
            pick: Pick::Environment(i),
        }
    };
    view.state.environments.iter().enumerate().map(one).collect()
}

fn themes(shelf: &Shelf<'_>) -> Vec<Choice> {
    shelf
        .themes
        .iter()
        .map(|(name, description)| Choice {
            label: name.clone(),
            english: String::new(),
            hint: say(description.as_str()).into_owned(),
            current: name == shelf.theme,
            pick: Pick::Theme(name.clone()),
        })
        .collect()
}

/// What was typed and where the cursor stands.
#[derive(Default)]
pub struct Picker {
    field: Field,
    place: usize,
    page: usize,
    matcher: Option<Matcher>,
}

impl Picker {
    /// Takes an edit; the best match is the first again.
    pub fn edit(&mut self, edit: &TextEdit) {
        self.field.edit(edit);
        self.place = 0;
    }

    /// The lines that match, the best first.
    fn found<'c>(&mut self, choices: &'c [Choice]) -> Vec<&'c Choice> {
        let text = self.field.text.trim();
        if text.is_empty() {
            return choices.iter().collect();
        }
        let pattern = filter::fuzzy(text);
        let matcher = self.matcher.get_or_insert_with(|| Matcher::new(Config::DEFAULT));
        let mut scratch = Vec::new();
        let mut scored: Vec<(u32, &Choice)> = choices
            .iter()
            .filter_map(|c| {
                let mut score = |text: &str| filter::score(&pattern, text, matcher, &mut scratch);
                let (shown, english) = (score(&c.label), score(&c.english));
                Some((shown.max(english)?, c))
            })
            .collect();
        scored.sort_by_key(|s| std::cmp::Reverse(s.0));
        scored.into_iter().map(|s| s.1).collect()
    }

    /// Takes an action.
    pub fn on(&mut self, action: Action, choices: &[Choice]) -> Outcome {
        let found = self.found(choices);
        let last = found.len().saturating_sub(1);
        let place = self.place.min(last);
        self.place = match action {
            Action::Back => return Outcome::Close,
            Action::Open => {
                return found.get(place).map_or(Outcome::Used, |c| Outcome::Chosen(c.pick.clone()));
            }
            Action::Up => place.saturating_sub(1),
            Action::Down => (place + 1).min(last),
            Action::PageUp => place.saturating_sub(self.page.max(1)),
            Action::PageDown => (place + self.page.max(1)).min(last),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Quit => return Outcome::Passed,
            _ => place,
        };
        Outcome::Used
    }

    /// Draws field and list.
    pub fn draw(&mut self, canvas: &mut Canvas<'_>, area: Rect, choices: &[Choice]) {
        let look = canvas.look;
        let typed = Line::new()
            .add(Role::Key, look.glyphs.cursor)
            .text(" ")
            .quote(Role::Text, self.field.text.clone())
            .add(Role::Accent, look.glyphs.caret);
        canvas.line(area, 0, 0, &typed);
        let found = self.found(choices);
        let list = Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area };
        self.page = usize::from(list.height);
        let place = self.place.min(found.len().saturating_sub(1));
        let first = (place + 1).saturating_sub(self.page);
        if found.is_empty() {
            canvas.put(list, 0, 0, Role::Muted, "nothing matches");
        }
        for (i, choice) in found.iter().enumerate().skip(first).take(self.page) {
            let Ok(y) = u16::try_from(i - first) else { break };
            let mark = if choice.current { look.glyphs.ok } else { " " };
            let line = Line::new().add(Role::Ok, mark).text(" ").quote(Role::Text, choice.label.as_str());
            let end = canvas.line(list, 0, y, &line);
            let room = list.width.saturating_sub(end + 2);
            let hint = crate::ui::text::fit(&choice.hint, room.into(), look.glyphs.ellipsis);
            let hint = Line::new().quote(Role::Muted, hint);
            canvas.line_right(list, y, &hint);
            if i == place {
                canvas.mark(Rect { y: list.y + y, height: 1, ..list }, Role::Selection);
            }
        }
    }
}
