//! The Logs screen: what it looks like, and what each key does to it.

use std::path::Path;

use chrono::TimeDelta;
use miharu::app::action::{Action, TextEdit};
use miharu::app::event::Event;
use miharu::app::update::update;
use miharu::config;
use miharu::config::keymap::{Chord, Context};
use miharu::domain::source::{Failure, FailureClass};
use miharu::ui::glyphs::Glyphs;
use miharu::ui::which_key::Pending;

use crate::harness::Screen;
use crate::log_lines::{failing, followed, lines, log};
use crate::scenes::denied;
use crate::{snapshot, sound};

/// The Logs screen with so many lines.
pub fn shown(size: (u16, u16), theme: &str, glyphs: &Glyphs, n: usize) -> Screen {
    let mut shown = Screen::new(followed(), size, theme, glyphs);
    if n > 0 {
        lines(&mut shown.state, &mut shown.ui, n);
    }
    shown.act(Action::Logs);
    shown
}

pub fn typed(shown: &mut Screen, text: &str) {
    shown.ui.edit(&TextEdit::Paste(text.into()), &shown.state);
    shown.draw();
}

/// What is done to the screen before it is looked at.
const SCENES: &[(&str, &[(Action, &str)])] = &[
    ("following", &[]),
    ("stopped", &[(Action::PreviousError, ""), (Action::PreviousError, "")]),
    ("search", &[(Action::Find, "timed out"), (Action::Open, "")]),
    ("typing", &[(Action::Find, "(mount")]),
    (
        "filters",
        &[
            (Action::Exclude, "GET /files"),
            (Action::Open, ""),
            (Action::MinimumLevel, ""),
            (Action::LastMinutes, ""),
            (Action::Filters, ""),
        ],
    ),
    ("patterns", &[(Action::Patterns, "")]),
    ("detail", &[(Action::Find, "counted"), (Action::Open, ""), (Action::Open, "")]),
    (
        "bookmarks",
        &[
            (Action::PreviousError, ""),
            (Action::Note, "here it began"),
            (Action::Open, ""),
            (Action::PreviousWarning, ""),
            (Action::Bookmark, ""),
            (Action::Bookmarks, ""),
        ],
    ),
    (
        "selecting",
        &[(Action::Up, ""), (Action::Up, ""), (Action::SelectLines, ""), (Action::Up, ""), (Action::Up, "")],
    ),
    ("cut", &[(Action::Wrap, ""), (Action::Right, "")]),
];

fn play(shown: &mut Screen, steps: &[(Action, &str)]) {
    for (action, text) in steps {
        shown.act(*action);
        if !text.is_empty() {
            typed(shown, text);
        }
    }
}

#[test]
fn a_hand_that_rests_in_a_binding_is_told_how_it_goes_on() {
    let keymap = config::keymap("default", Path::new("")).unwrap();
    for size in [(80, 24), (120, 40)] {
        let mut shown = shown(size, "dark", &Glyphs::UNICODE, 200);
        let before = shown.text();
        let typed = vec![Chord("t".into())];
        let next = keymap.following(&[Context::Logs, Context::Global], &typed);
        let at = shown.state.now;
        shown.ui.set_pending(Pending { typed: "t".into(), next: next.clone(), at });
        shown.draw();
        assert!(!shown.text().contains("goes on"), "a hand that knows the keys is not shown them");
        update(&mut shown.state, Event::Tick, at + TimeDelta::seconds(1));
        shown.draw();
        for (key, action) in &next {
            let entry = format!("{key} {}", action.description());
            assert!(shown.text().contains(&entry), "{entry}:\n{}", shown.text());
        }
        sound(&shown, "which key");
        snapshot(&format!("logs-which-key-{}x{}", size.0, size.1), &mut shown);
        shown.ui.set_pending(Pending::default());
        update(&mut shown.state, Event::Tick, at);
        shown.draw();
        assert_eq!(shown.text(), before);
    }
}

#[test]
fn while_no_group_is_known_the_screen_says_why() {
    let mut shown = Screen::dark(denied(), (80, 24));
    shown.act(Action::Logs);
    shown.draw();
    let text = shown.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("waiting to hear which log groups there are"), "{text}");
    assert!(text.contains("the security token included in the request is expired"), "{text}");
    assert_eq!(text.matches("not read: ").count(), 1, "{text}");
    sound(&shown, "no group is known");
    snapshot("logs-unknown-80x24", &mut shown);
}

#[test]
fn frames_of_the_logs() {
    for (name, steps) in SCENES {
        for size in [(80, 24), (120, 40)] {
            let mut shown = shown(size, "dark", &Glyphs::UNICODE, 2_000);
            play(&mut shown, steps);
            sound(&shown, name);
            snapshot(&format!("logs-{name}-{}x{}", size.0, size.1), &mut shown);
        }
    }
    let mut shown = shown((80, 24), "light", &Glyphs::ASCII, 2_000);
    snapshot("logs-following-80x24-light", &mut shown);
}

#[test]
fn where_there_are_no_lines_it_is_said_why() {
    let denied = Failure {
        class: FailureClass::Denied,
        action: Some("logs:FilterLogEvents".into()),
        code: Some("AccessDeniedException".into()),
        text: "not authorized to perform: logs:FilterLogEvents".into(),
        request_id: None,
    };
    let missing = Failure::new(FailureClass::NotFound, "The specified log group does not exist.");
    for (name, batch) in
        [("waiting", None), ("denied", Some(failing(denied))), ("missing", Some(failing(missing)))]
    {
        let mut shown = shown((80, 24), "dark", &Glyphs::UNICODE, 0);
        if let Some(batch) = batch {
            log(&mut shown.state, &mut shown.ui, batch);
            shown.draw();
        }
        snapshot(&format!("logs-none-{name}"), &mut shown);
    }
    let mut shown = shown((80, 24), "dark", &Glyphs::UNICODE, 0);
    let why = "none is configured: set log_groups".to_owned();
    update(&mut shown.state, Event::Tailed { environment: 0, groups: Err(why) }, crate::parts::now());
    shown.draw();
    snapshot("logs-none-off", &mut shown);
}

#[test]
fn filters_that_hide_everything_say_so_and_how_to_undo_it() {
    let mut shown = shown((80, 24), "dark", &Glyphs::UNICODE, 500);
    play(&mut shown, &[(Action::Include, "no such thing"), (Action::Open, "")]);
    snapshot("logs-none-hidden", &mut shown);
}

/// Writes the scenes as terminal text to the folder that `MIHARU_FRAMES` names, to be looked at.
#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for people, not a setting")]
fn pictures_of_logs_for_eyes() {
    let Ok(folder) = std::env::var("MIHARU_FRAMES") else { return };
    for (name, steps) in SCENES {
        for size in [(80, 24), (120, 40), (200, 60)] {
            for theme in ["dark", "light", "mono"] {
                let mut shown = shown(size, theme, &Glyphs::UNICODE, 2_000);
                play(&mut shown, steps);
                let file = format!("{folder}/logs-{name}-{}-{theme}.ansi", size.0);
                std::fs::write(file, shown.ansi(theme == "light")).unwrap();
            }
        }
    }
}
