//! What the screens look like and how they answer, without a terminal.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "frames/harness.rs"]
mod harness;
#[path = "frames/parts.rs"]
mod parts;
#[path = "frames/scenes.rs"]
mod scenes;

use chrono::TimeDelta;
use harness::Screen;
use miharu::app::action::{Action, TextEdit};
use miharu::app::effect::Effect;
use miharu::app::event::Event;
use miharu::app::state::State;
use miharu::app::update::update;
use miharu::config::keymap::Context;
use miharu::domain::ecs::MountsBy;
use miharu::ui::glyphs::Glyphs;
use miharu::ui::{LEAST, Reply};
use proptest::prelude::*;
use scenes::Scene;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
const SCREENS: [Action; 3] = [Action::Overview, Action::Storage, Action::Tasks];

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

fn snapshot(name: &str, screen: &Screen) {
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => true}, {
        insta::assert_snapshot!(name, screen.picture());
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
                    snapshot(&format!("{name}-{}-{width}x{height}-{theme}", screen + 1), &shown);
                }
            }
        }
    }
}

#[test]
fn frames_of_what_is_out_of_the_ordinary() {
    for (name, scene) in scenes::ALL.iter().filter(|s| !PICTURES.iter().any(|p| p.0 == s.0)) {
        let screen = if *name == "many" || *name == "hostile" { Action::Tasks } else { Action::Overview };
        let mut shown = Screen::dark(scene(), (100, 30));
        shown.act(screen);
        snapshot(name, &shown);
    }
}

#[test]
fn frames_of_overlays() {
    for (name, actions) in OVERLAYS {
        let scene = if matches!(*name, "detail" | "raw") { scenes::failing } else { scenes::troubled };
        let mut shown = Screen::dark(scene(), (80, 24));
        shown.acts(actions);
        snapshot(&format!("overlay-{name}"), &shown);
    }
}

/// What must hold for every frame: rows are full to the column, and no cell holds what a terminal would obey.
fn sound(screen: &Screen, what: &str) {
    let buffer = screen.buffer();
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            let width = unicode_width::UnicodeWidthStr::width(symbol);
            assert!((1..=2).contains(&width), "{what}: cell {x},{y} holds {symbol:?}");
            x += u16::try_from(width).unwrap();
            assert!(
                !symbol.chars().any(|c| c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}')),
                "{what}: cell {x},{y} holds {symbol:?}"
            );
        }
        assert_eq!(x, buffer.area.width, "{what}: row {y} is not full");
    }
}

#[test]
fn every_frame_is_sound() {
    for (name, scene) in scenes::ALL {
        for size in [(40, 10), (57, 13), (80, 24), (120, 40), (200, 60)] {
            for glyphs in Glyphs::ALL {
                let mut shown = Screen::new(scene(), size, "ansi", glyphs);
                for action in SCREENS {
                    shown.act(action);
                    sound(&shown, &format!("{name} {action:?} {size:?}"));
                }
            }
            for (overlay, actions) in OVERLAYS {
                let mut shown = Screen::dark(scene(), size);
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
    assert!(shown.text().contains("2 panels hidden, enlarge or press tab"), "{}", shown.text());
    assert!(shown.text().contains("Storage") && !shown.text().contains("Sources"), "{}", shown.text());
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
fn every_overlay_opens_and_closes() {
    for (name, actions) in OVERLAYS {
        let mut shown = Screen::dark(scenes::failing(), (100, 30));
        shown.act(Action::Tasks);
        let before = shown.text();
        shown.acts(actions);
        assert_ne!(shown.text(), before, "{name} is not seen");
        let innermost = shown.ui.contexts(&shown.state)[0];
        let typed = matches!(*name, "palette" | "environments" | "themes");
        assert_eq!(innermost, if typed { Context::Input } else { Context::Overlay }, "{name}");
        assert_eq!(shown.ui.wants_text(), typed, "{name}");
        shown.acts(&[Action::Down, Action::PageDown, Action::Bottom, Action::Up, Action::Top]);
        shown.act(Action::Back);
        assert_eq!(shown.ui.contexts(&shown.state), [Context::Table, Context::Global], "{name} stays");
        assert!(shown.replies.is_empty(), "{name}: {:?}", shown.replies);
    }
}

#[test]
fn a_long_text_is_scrolled_to_its_end() {
    let mut shown = Screen::dark(scenes::calm(), (80, 24));
    shown.act(Action::Help);
    assert!(!shown.text().contains("drift "), "{}", shown.text());
    shown.act(Action::Bottom);
    assert!(
        shown.text().contains("mount targets, published list and the lists of running"),
        "{}",
        shown.text()
    );
}

#[test]
fn the_selected_task_stays_selected_when_others_come_and_go() {
    let mut shown = Screen::dark(scenes::calm(), (120, 30));
    shown.acts(&[Action::Tasks, Action::Down, Action::Down, Action::Copy]);
    let id = shown.copied().unwrap().to_owned();
    let mut tasks = shown.state.environments[0].world.tasks.clone().unwrap();
    tasks.remove(0);
    for i in 50..58 {
        tasks.push(parts::task(i, 1, 9 * 86_400));
    }
    parts::read_service(&mut shown.state, 0, parts::service(13, MountsBy::List), tasks);
    shown.draw();
    shown.act(Action::Copy);
    assert_eq!(shown.copied(), Some(id.as_str()));
}

#[test]
fn the_detail_of_a_task_that_went_away_stays_and_says_so() {
    let mut shown = Screen::dark(scenes::failing(), (100, 40));
    shown.acts(&[Action::Tasks, Action::Bottom, Action::Open]);
    assert!(shown.text().contains("Essential container in task exited"), "{}", shown.text());
    parts::read_service(&mut shown.state, 0, parts::service(6, MountsBy::List), Vec::new());
    shown.draw();
    let text = shown.text();
    assert!(text.contains("now gone") && text.contains("Essential container in task exited"), "{text}");
}

#[test]
fn a_filter_is_typed_kept_and_cleared() {
    let mut shown = Screen::dark(scenes::failing(), (120, 40));
    shown.acts(&[Action::Tasks, Action::Find]);
    assert_eq!(shown.ui.contexts(&shown.state), [Context::Input]);
    assert!(shown.ui.wants_text());
    shown.ui.edit(&TextEdit::Paste("status:stopped zone:1a".into()), &shown.state);
    shown.draw();
    assert!(shown.text().contains("2 of 11 rows"), "{}", shown.text());
    shown.act(Action::Open);
    assert!(!shown.ui.wants_text());
    assert!(shown.text().contains("/status:stopped zone:1a"), "{}", shown.text());
    shown.act(Action::Back);
    assert!(!shown.text().contains("of 11 rows"), "{}", shown.text());
    shown.act(Action::Attention);
    assert!(shown.text().contains("only what needs attention  7 of 11 rows"), "{}", shown.text());
}

#[test]
fn the_palette_leads_everywhere() {
    let choose = |state: State, words: &str| {
        let mut shown = Screen::dark(state, (100, 30));
        shown.act(Action::Palette);
        shown.ui.edit(&TextEdit::Paste(words.into()), &shown.state);
        shown.act(Action::Open);
        shown
    };
    assert!(choose(scenes::calm(), "storage scr").text().contains("Mount targets"));
    let frozen = choose(scenes::calm(), "freeze");
    assert_eq!(frozen.replies, [Reply::Event(Event::Action(Action::Freeze))]);
    assert!(frozen.text().contains("FROZEN since 14:02:13"), "{}", frozen.text());
    assert_eq!(choose(scenes::two(), "env prod").replies, [Reply::Event(Event::Focus(0))]);
    assert_eq!(choose(scenes::calm(), "theme light").replies, [Reply::Effect(Effect::Theme("light".into()))]);
    assert!(choose(scenes::calm(), "no such thing at all").replies.is_empty());
}

#[test]
fn what_concerns_more_than_the_screen_goes_on() {
    let mut shown = Screen::dark(scenes::calm(), (100, 30));
    shown.acts(&[Action::Quit, Action::PollNow, Action::Help, Action::Quit]);
    let expected = [Action::Quit, Action::PollNow, Action::Quit].map(|a| Reply::Event(Event::Action(a)));
    assert_eq!(shown.replies, expected);
}

#[test]
fn one_environment_is_never_shown_under_the_name_of_another() {
    let mut shown = Screen::dark(scenes::two(), (120, 40));
    assert!(shown.text().starts_with(" staging"), "{}", shown.text());
    assert!(shown.text().contains("2/2") && !shown.text().contains("6/6"), "{}", shown.text());
    shown.act(Action::Tasks);
    update(&mut shown.state, Event::Focus(0), parts::now());
    shown.draw();
    let first = shown.text().lines().next().unwrap().to_owned();
    assert!(first.contains("prod") && !first.contains("staging"), "{first}");
    assert!(shown.text().contains("6/6") && shown.text().contains("6 running"), "{}", shown.text());
    assert!(!shown.text().contains("2/2"), "{}", shown.text());
}

#[test]
fn a_quiet_second_changes_no_cell() {
    for scene in [scenes::calm, scenes::over, scenes::troubled] {
        for screen in SCREENS {
            let mut shown = Screen::dark(scene(), (120, 40));
            shown.act(screen);
            let before = shown.buffer().clone();
            let later = shown.state.now + TimeDelta::seconds(1);
            update(&mut shown.state, Event::Tick, later);
            assert_eq!(*shown.draw(), before, "{screen:?}");
        }
    }
}

#[test]
fn a_frozen_display_stands_still() {
    let mut shown = Screen::dark(scenes::calm(), (120, 40));
    shown.act(Action::Freeze);
    let before = shown.text();
    parts::read(&mut shown.state, 0, &parts::World { files: 250_000, tasks: 9, ..parts::World::default() });
    shown.draw();
    assert_eq!(shown.text(), before);
    shown.act(Action::Freeze);
    assert!(shown.text().contains("OVER"), "{}", shown.text());
}

#[test]
fn a_failed_poll_keeps_the_value_and_says_why() {
    let shown = Screen::dark(scenes::troubled(), (120, 40));
    let text = shown.text();
    assert!(text.contains("stale 1 min"), "{text}");
    assert!(text.contains("10.0.1.100") && text.contains("6/6"), "{text}");
    assert!(text.contains("stale: ecs throttled: ecs:DescribeServices: rate exceed"), "{text}");
    let mut shown = Screen::dark(scenes::troubled(), (120, 40));
    shown.act(Action::Errors);
    let text = shown.text();
    assert!(text.contains("missing IAM action elasticfilesystem:DescribeMountTargets"), "{text}");
    assert!(text.contains("4 times") && text.contains("not recovered"), "{text}");
}

#[test]
fn what_was_never_read_says_that_it_is_awaited_or_why_not() {
    let text = Screen::dark(scenes::unread(), (120, 40)).text();
    for words in
        ["waiting for efs…", "waiting for ecs…", "nothing read yet", "waiting for the first answers…"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let text = Screen::dark(scenes::denied(), (120, 40)).text();
    for words in ["nothing read: credentials", "10 sources not read: credentials", "aws sso login"] {
        assert!(text.contains(words), "{words}: {text}");
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
        for size in SIZES {
            for (screen, action) in ["1", "2", "3"].into_iter().zip(SCREENS) {
                for theme in ["dark", "light", "ansi", "mono", "contrast"] {
                    let mut shown = Screen::new(scene(), size, theme, &Glyphs::UNICODE);
                    shown.act(action);
                    let file = format!("{folder}/{name}-{screen}-{}-{theme}.ansi", size.0);
                    std::fs::write(file, shown.ansi(theme == "light")).unwrap();
                }
            }
        }
    }
}

#[test]
fn every_panel_can_be_reached_in_a_small_terminal() {
    for (screen, titles) in SCREENS.into_iter().zip([
        &["Attention", "Storage", "Tasks", "Sources"][..],
        &["File system", "Zones", "Mount targets", "Published list", "Files", "Load", "Goals"],
        &["Service", "Tasks", "Service events"],
    ]) {
        let mut shown = Screen::dark(scenes::calm(), (40, 10));
        shown.act(screen);
        let mut seen = String::new();
        for _ in titles {
            seen.push_str(&shown.act(Action::FocusNext).text());
        }
        for title in titles {
            assert!(seen.contains(&format!("▸{title}")), "{screen:?} {title}: {seen}");
        }
    }
}

#[test]
fn what_must_not_be_overlooked_stays_in_the_narrowest_bar() {
    let mut shown = Screen::dark(scenes::two(), (60, 20));
    shown.act(Action::Freeze);
    let bar = shown.text().lines().next().unwrap().to_owned();
    for words in ["staging", "DEMO", "READ-ONLY", "FROZEN since 14:02:13"] {
        assert!(bar.contains(words), "{words}: {bar}");
    }
    let bar = Screen::dark(scenes::hostile(), (80, 24)).text().lines().next().unwrap().to_owned();
    assert!(bar.contains("all fresh") && bar.contains("14:02 UTC"), "{bar}");
}

#[test]
fn the_beginning_of_a_longer_binding_is_shown() {
    let mut shown = Screen::dark(scenes::calm(), (100, 30));
    shown.ui.set_pending("g");
    shown.draw();
    assert!(shown.text().lines().last().unwrap().contains("g…"), "{}", shown.text());
}
