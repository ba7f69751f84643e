//! Draws everything in Japanese and listens: nothing that the program says stays in English, nothing that came
//! from outside is translated, and no text of the program's own is cut.

use std::collections::{BTreeMap, BTreeSet};

use miharu::app::action::Action;
use miharu::app::state::State;
use miharu::config;
use miharu::config::keymap::Context;
use miharu::config::model::Lang;
use miharu::language::{Heard, Language, listen};
use miharu::ui::glyphs::Glyphs;

use crate::harness::{Screen, sound};
use crate::{decisions, scenes};

pub const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

const SCREENS: &[Action] = &[
    Action::Overview,
    Action::Storage,
    Action::Tasks,
    Action::Impressions,
    Action::Changes,
    Action::Journal,
];

/// Scenes with much to say.
const TALKING: &[&str] =
    &["over", "failing", "troubled", "two", "deciding", "acting", "braked", "impressions-lossy"];

/// Screens, and what opens above them.
const LOOKS: &[&[Action]] = &[
    &[Action::Overview],
    &[Action::Storage],
    &[Action::Tasks],
    &[Action::Impressions],
    &[Action::Changes],
    &[Action::Journal],
    &[Action::Logs],
    &[Action::Logs, Action::Filters],
    &[Action::Logs, Action::Patterns],
    &[Action::Logs, Action::Bookmarks],
    &[Action::Logs, Action::GoToTime],
    &[Action::Figures],
    &[Action::Help],
    &[Action::Palette],
    &[Action::Errors],
    &[Action::Sources],
    &[Action::Environments],
    &[Action::Themes],
    &[Action::ServiceEvents],
];

pub fn all() -> Vec<(&'static str, State)> {
    let mut out: Vec<(&str, State)> = scenes::ALL.iter().map(|(name, scene)| (*name, scene())).collect();
    out.extend([
        ("deciding", decisions::deciding()),
        ("acting", decisions::acting()),
        ("braked", decisions::braked()),
    ]);
    out
}

pub fn screen(state: State, size: (u16, u16), theme: &str, lang: Lang) -> Screen {
    let mut shown = Screen::new(state, size, theme, &Glyphs::UNICODE);
    shown.ui.set_language(Language::of(lang));
    shown
}

/// Draws every screen and everything that opens.
fn tour(state: &State, size: (u16, u16), theme: &str, lang: Lang, see: &mut dyn FnMut(&Screen, &str)) {
    let mut shown = screen(state.clone(), size, theme, lang);
    for actions in LOOKS {
        shown.acts(actions);
        see(&shown, &format!("{actions:?}"));
        if shown.ui.contexts(&shown.state).contains(&Context::Overlay) {
            shown.act(Action::PageDown).act(Action::Bottom);
            see(&shown, &format!("the end of {actions:?}"));
            shown.act(Action::Back);
        }
    }
    shown.act(Action::Overview).act(Action::Back);
    for action in [
        Action::Arm,
        Action::FreezeChanges,
        Action::RollBack,
        Action::CancelChange,
        Action::Quit,
        Action::Veto,
    ] {
        shown.act(action);
        see(&shown, &format!("{action:?}"));
        shown.act(Action::Back);
    }
}

/// Opens the detail of the first row of each panel.
fn details(state: &State, size: (u16, u16), lang: Lang) {
    for screen_of in SCREENS {
        let mut shown = screen(state.clone(), size, "dark", lang);
        shown.act(*screen_of);
        for _ in 0..8 {
            for action in [Action::Open, Action::Bottom, Action::Approve, Action::Back, Action::Back] {
                shown.act(action);
            }
            shown.act(*screen_of).act(Action::Reject).act(Action::Back);
            shown.act(Action::Snooze).act(Action::Back).act(Action::FocusNext);
        }
    }
}

/// Two words of a person's language in a row, in lower case and without anything of Japanese around them.
pub fn is_english(text: &str) -> bool {
    let word = |w: &str| w.len() > 1 && w.chars().all(|c| c.is_ascii_lowercase());
    let words: Vec<&str> = text.split(' ').collect();
    let pair = |p: &[&str]| word(p[0]) && word(p[1].trim_end_matches(|c: char| !c.is_alphanumeric()));
    !text.chars().any(|c| ('\u{3040}'..='\u{9fff}').contains(&c)) && words.windows(2).any(pair)
}

/// What is not said by the program, but by AWS or by people in the scenes.
const OUTSIDE: &[&str] = &[
    "rate exceeded",
    "the security token included in the request is expired",
    "evil",
    "10 times as fast",
    "close the other console",
    "database is locked",
    "create a mount target in 1d",
    "publish the list as it was",
    "publish the list with it",
    "published as it was",
    "the mount target stays",
    "It does not make the file system itself faster",
    "Tasks restart once",
    "caches of the paths that move are cold",
    "tasks in 1d read locally",
    "count are fresh",
    "cool-down: ",
    "between two that add",
    "the change before was verified",
    "give the counter 512 MB",
    "rather than 6",
    "further zone is left",
    "no data point within 3 min",
    "tasks by the new list",
    "and zone 1d has 2 tasks",
    "two failures in a row",
    "33 % of all paths will be routed",
    "the PRIMARY deployment of file-svc",
    "is not authorized",
    "Essential container in task exited",
    "4 min left",
    "the rollout",
    "zones with a",
    "two failures",
];

pub fn outside(text: &str) -> bool {
    OUTSIDE.iter().any(|o| text.contains(o))
}

#[test]
fn nothing_stays_in_english() {
    let mut untranslated = BTreeMap::new();
    let mut kept = BTreeSet::new();
    for (name, state) in all() {
        if name.contains("hostile") {
            continue;
        }
        let ((), heard) = listen(|| {
            tour(&state, (120, 40), "dark", Lang::Ja, &mut |_, _| {});
            if TALKING.contains(&name) {
                details(&state, (120, 40), Lang::Ja);
            }
        });
        let Heard { untranslated: said, kept: held, .. } = heard;
        untranslated.extend(said.into_iter().filter(|t| is_english(t) && !outside(t)).map(|t| (t, name)));
        kept.extend(held.into_iter().filter(|(_, _, v)| v.contains(' ') && is_english(v) && !outside(v)));
    }
    assert!(untranslated.is_empty(), "texts, and scenes that say them: {untranslated:#?}");
    assert!(kept.is_empty(), "messages, holes, and the words that stay as they are in them: {kept:#?}");
}

/// A sentence may be cut in a cell: its row's detail has it in full.
fn is_sentence(text: &str) -> bool {
    unicode_width::UnicodeWidthStr::width(text) > 40
}

fn talking() -> impl Iterator<Item = (&'static str, State)> {
    all().into_iter().filter(|(name, _)| TALKING.contains(name))
}

#[test]
fn no_label_is_cut() {
    let table = Language::of(Lang::Ja).table().unwrap();
    let mut cut = BTreeMap::new();
    for (name, state) in talking() {
        for size in SIZES {
            for lang in [Lang::En, Lang::Ja] {
                let ((), heard) = listen(|| tour(&state, size, "dark", lang, &mut |_, _| {}));
                let own = |t: &str| table.is_fixed(t) || heard.labels.contains(t.trim());
                let own: Vec<_> =
                    heard.cut.iter().filter(|(t, _)| own(t) && !is_sentence(t)).cloned().collect();
                cut.extend(own.into_iter().map(|(text, columns)| ((text, columns), (name, size, lang))));
            }
        }
    }
    assert!(cut.is_empty(), "texts that are cut, with their columns and where: {cut:#?}");
}

#[test]
fn every_frame_holds_in_both_languages_and_all_themes() {
    for theme in config::themes(std::path::Path::new("")) {
        // the others differ in what they say, not in how
        let scenes: &[&str] = if theme == "dark" { TALKING } else { &["over", "acting"] };
        for (name, state) in all().into_iter().filter(|(name, _)| scenes.contains(name)) {
            for size in SIZES {
                for lang in [Lang::En, Lang::Ja] {
                    let mut see = |shown: &Screen, what: &str| {
                        sound(shown, &format!("{name} {what} {size:?} {theme} {lang:?}"));
                    };
                    tour(&state, size, &theme, lang, &mut see);
                }
            }
        }
    }
}
