//! What the screens look like and how they answer, without a terminal.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "frames/answers.rs"]
mod answers;
#[path = "frames/audience.rs"]
mod audience;
#[path = "frames/changes.rs"]
mod changes;
#[path = "frames/decisions.rs"]
mod decisions;
#[path = "frames/harness.rs"]
mod harness;
#[path = "frames/impressions.rs"]
mod impressions;
#[path = "frames/load.rs"]
mod load;
#[path = "frames/log_keys.rs"]
mod log_keys;
#[path = "frames/log_lines.rs"]
mod log_lines;
#[path = "frames/logs.rs"]
mod logs;
#[path = "frames/parts.rs"]
mod parts;
#[path = "frames/says.rs"]
mod says;
#[path = "frames/scenes.rs"]
mod scenes;
#[path = "frames/timeline.rs"]
mod timeline;

use std::path::Path;

use chrono::TimeDelta;
use harness::{Screen, sound};
use miharu::app::action::{Action, TextEdit};
use miharu::app::event::Event;
use miharu::app::update::update;
use miharu::config;
use miharu::config::theme::Role;
use miharu::ui::LEAST;
use miharu::ui::glyphs::Glyphs;
use proptest::prelude::*;
use scenes::Scene;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
const SCREENS: [Action; 7] = [
    Action::Overview,
    Action::Storage,
    Action::Tasks,
    Action::Changes,
    Action::Journal,
    Action::Impressions,
    Action::Logs,
];

/// What opens above the screens, and how.
const OVERLAYS: &[(&str, &[Action])] = &[
    ("help", &[Action::Help]),
    ("palette", &[Action::Palette]),
    ("errors", &[Action::Errors]),
    ("sources", &[Action::Sources]),
    ("environments", &[Action::Environments]),
    ("themes", &[Action::Themes]),
    ("events", &[Action::ServiceEvents]),
    ("detail", &[Action::Tasks, Action::Bottom, Action::Open]),
    ("raw", &[Action::Tasks, Action::Bottom, Action::Raw]),
];

fn snapshot(name: &str, screen: &mut Screen) {
    let picture = screen.picture();
    let (_, roles) = picture.split_once("\nroles\n").unwrap();
    assert!(!roles.contains('?'), "{name}: a cell is in no role");
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => true}, {
        insta::assert_snapshot!(name, picture);
    });
}

/// The scenes and screens that are worth a picture at every size.
const PICTURES: &[(&str, Scene, &[usize])] = &[
    ("calm", scenes::calm, &[0, 1, 2]),
    ("over", scenes::over, &[0, 1]),
    ("failing", scenes::failing, &[0, 2]),
    ("troubled", scenes::troubled, &[0]),
];

#[test]
fn frames_at_three_sizes_in_two_themes() {
    for (name, scene, screens) in PICTURES {
        for (width, height) in SIZES {
            for (theme, glyphs) in [("dark", &Glyphs::UNICODE), ("light", &Glyphs::ASCII)] {
                let mut shown = Screen::new(scene(), (width, height), theme, glyphs);
                for screen in *screens {
                    shown.act(SCREENS[*screen]);
                    snapshot(&format!("{name}-{}-{width}x{height}-{theme}", screen + 1), &mut shown);
                }
            }
        }
    }
}

#[test]
fn frames_of_what_is_out_of_the_ordinary() {
    for (name, scene) in scenes::ALL.iter().filter(|s| !PICTURES.iter().any(|p| p.0 == s.0)) {
        let screen = if matches!(*name, "many" | "hostile") { Action::Tasks } else { Action::Overview };
        let mut shown = Screen::dark(scene(), (100, 30));
        shown.act(screen);
        snapshot(name, &mut shown);
    }
}

#[test]
fn every_theme_gives_each_role_its_style() {
    for name in config::themes(Path::new("")) {
        let shown = Screen::new(scenes::calm(), (80, 24), &name, &Glyphs::UNICODE);
        let styles = &shown.ui.look().styles;
        let lines: Vec<String> =
            Role::ALL.iter().map(|(role, word)| format!("{word}: {:?}", styles.get(*role))).collect();
        insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => true}, {
            insta::assert_snapshot!(format!("theme-{name}"), lines.join("\n"));
        });
    }
}

#[test]
fn frames_of_overlays() {
    for (name, actions) in OVERLAYS {
        let scene = if matches!(*name, "detail" | "raw") { scenes::failing } else { scenes::troubled };
        let mut shown = Screen::dark(scene(), (80, 24));
        shown.acts(actions);
        snapshot(&format!("overlay-{name}"), &mut shown);
    }
}

#[test]
fn every_frame_is_sound() {
    for (name, scene) in scenes::ALL {
        let state = scene();
        for size in [(40, 10), (57, 13), (80, 24), (131, 41)] {
            for glyphs in Glyphs::ALL {
                let mut shown = Screen::new(state.clone(), size, "ansi", glyphs);
                for action in SCREENS {
                    shown.act(action);
                    sound(&shown, &format!("{name} {action:?} {size:?}"));
                }
            }
            for (overlay, actions) in OVERLAYS {
                let mut shown = Screen::dark(state.clone(), size);
                shown.acts(actions);
                sound(&shown, &format!("{name} {overlay} {size:?}"));
            }
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    for (name, scene) in scenes::ALL {
        let mut shown = Screen::dark(scene(), (1, 1));
        for height in 1..=8 {
            for width in 1..=20 {
                shown.resize((width, height));
                sound(&shown, &format!("{name} {width}x{height}"));
            }
        }
    }
    let shown = Screen::dark(scenes::calm(), (39, 9));
    let words = format!("terminal too small: {}x{} needed", LEAST.0, LEAST.1);
    assert!(shown.text().starts_with(&words), "{}", shown.text());
    assert!(shown.text().contains("it is\n39x9") || shown.text().contains("it is 39x9"), "{}", shown.text());
}

#[test]
fn panels_that_do_not_fit_are_told() {
    let mut shown = Screen::dark(scenes::calm(), (60, 12));
    assert!(shown.text().contains("5 panels hidden, enlarge or press tab"), "{}", shown.text());
    assert!(shown.text().contains("Changes") && !shown.text().contains("Sources"), "{}", shown.text());
    shown.act(Action::FocusPrevious);
    assert!(shown.text().contains("Sources"), "what has the focus is always seen: {}", shown.text());
    shown.resize((120, 40));
    assert!(!shown.text().contains("hidden"), "{}", shown.text());
}

fn any_action() -> impl Strategy<Value = Action> {
    proptest::sample::select(Action::ALL.iter().map(|a| a.0).collect::<Vec<_>>())
}

#[derive(Debug, Clone)]
enum Step {
    Act(Action),
    Type(String),
    Resize(u16, u16),
    Wait(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any_action().prop_map(Step::Act),
        1 => "[a-z0-9:!~ (日]{1,5}".prop_map(Step::Type),
        1 => (1u16..130, 1u16..45).prop_map(|(w, h)| Step::Resize(w, h)),
        1 => (0i64..4000).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_the_operator_does_breaks_a_frame(
        scene in 0..scenes::ALL.len(),
        steps in prop::collection::vec(any_step(), 1..40),
    ) {
        let mut shown = Screen::dark(scenes::ALL[scene].1(), (90, 26));
        for step in &steps {
            match step {
                Step::Act(action) => { shown.act(*action); }
                Step::Type(text) => {
                    shown.ui.edit(&TextEdit::Paste(text.clone()), &shown.state);
                    shown.draw();
                }
                Step::Resize(w, h) => shown.resize((*w, *h)),
                Step::Wait(seconds) => {
                    let later = shown.state.now + TimeDelta::seconds(*seconds);
                    update(&mut shown.state, Event::Tick, later);
                    shown.draw();
                }
            }
            sound(&shown, &format!("{step:?}"));
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "measures how long a frame takes")]
fn a_frame_of_300_tasks_is_cheap() {
    for screen in SCREENS {
        let mut shown = Screen::dark(scenes::many(), (120, 40));
        shown.act(screen);
        let best = (0..20)
            .map(|_| {
                let start = std::time::Instant::now();
                shown.draw();
                start.elapsed()
            })
            .min()
            .unwrap();
        // unoptimized code is more than ten times as slow as what is delivered
        assert!(best.as_millis() < 40, "{screen:?}: {best:?}");
    }
}

/// Writes every scene as terminal text to the folder that `MIHARU_FRAMES` names, to be looked at.
#[test]
#[expect(clippy::disallowed_methods, reason = "a switch for people, not a setting")]
fn pictures_for_eyes() {
    let Ok(folder) = std::env::var("MIHARU_FRAMES") else { return };
    for (name, actions) in OVERLAYS {
        for size in [(80, 24), (120, 40)] {
            let scene = if matches!(*name, "detail" | "raw") { scenes::failing } else { scenes::troubled };
            let mut shown = Screen::dark(scene(), size);
            shown.acts(actions);
            std::fs::write(format!("{folder}/{name}-0-{}-dark.ansi", size.0), shown.ansi(false)).unwrap();
        }
    }
    for (name, scene) in scenes::ALL {
        let state = scene();
        for size in SIZES {
            for (screen, action) in ["1", "2", "3", "6", "7", "4", "5"].into_iter().zip(SCREENS) {
                for theme in ["dark", "light", "ansi", "mono", "contrast"] {
                    let mut shown = Screen::new(state.clone(), size, theme, &Glyphs::UNICODE);
                    shown.act(action);
                    let file = format!("{folder}/{name}-{screen}-{}-{theme}.ansi", size.0);
                    std::fs::write(file, shown.ansi(theme == "light")).unwrap();
                }
            }
        }
    }
}
