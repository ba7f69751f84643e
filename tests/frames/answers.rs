//! How the screens answer what the operator does and what happens.

use chrono::TimeDelta;
use miharu::app::action::{Action, TextEdit};
use miharu::app::effect::Effect;
use miharu::app::event::Event;
use miharu::app::state::State;
use miharu::app::update::update;
use miharu::config::keymap::Context;
use miharu::domain::ecs::MountsBy;
use miharu::ui::Reply;
use miharu::ui::which_key::Pending;

use crate::harness::Screen;
use crate::{OVERLAYS, SCREENS, parts, scenes};

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
        assert_eq!(shown.ui.wants_text(&shown.state), typed, "{name}");
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
    assert!(shown.ui.wants_text(&shown.state));
    shown.ui.edit(&TextEdit::Paste("status:stopped zone:1a".into()), &shown.state);
    shown.draw();
    assert!(shown.text().contains("2 of 11 rows"), "{}", shown.text());
    shown.act(Action::Open);
    assert!(!shown.ui.wants_text(&shown.state));
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
fn every_panel_can_be_reached_in_a_small_terminal() {
    for (screen, titles) in SCREENS.into_iter().zip([
        &["Attention", "Changes", "Storage", "Tasks", "Alarms", "Timeline", "Sources"][..],
        &["File system", "Zones", "Mount targets", "Published list", "Files", "Load", "Goals"],
        &["Service", "Tasks", "Service events"],
        &["Recommendations", "In flight", "Brakes", "Guardrails", "Not enough evidence"],
        &["Timeline", "Journal", "By change"],
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
    let at = shown.state.now;
    shown.ui.set_pending(Pending { typed: "g".into(), next: Vec::new(), at });
    shown.draw();
    assert!(shown.text().lines().last().unwrap().contains("g…"), "{}", shown.text());
}
