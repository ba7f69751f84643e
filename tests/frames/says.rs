//! What the screens say of what they know, and what they leave out.

use std::path::Path;

use miharu::app::action::Action;
use miharu::app::state::State;
use miharu::config;
use miharu::config::keymap::{Chord, Resolution};
use miharu::domain::count::{Counted, Counting};
use miharu::domain::ecs::MountsBy;
use miharu::domain::facts::Facts;
use miharu::domain::source::SourceId;
use miharu::ui::glyphs::Glyphs;

use crate::harness::Screen;
use crate::{OVERLAYS, parts, scenes};

/// The lines of the panel of that title.
fn panel(screen: &Screen, title: &str) -> String {
    let text = screen.text();
    let from = text.lines().skip_while(|l| !l.trim_start_matches(['▸', ' ']).starts_with(title));
    let rest = from.clone().skip(1).take_while(|l| !l.contains("──") && !l.contains("━━"));
    from.take(1).chain(rest).collect::<Vec<_>>().join("\n")
}

#[test]
fn q_closes_what_is_open_in_every_keymap_and_quits_from_nowhere_else() {
    let q = [Chord("q".into())];
    for name in config::keymaps(Path::new("")) {
        let keymap = config::keymap(&name, Path::new("")).unwrap();
        let mut shown = Screen::dark(scenes::failing(), (100, 30));
        let resolved = |shown: &Screen| keymap.resolve(&shown.ui.contexts(&shown.state), &q);
        assert_eq!(resolved(&shown), Resolution::Action(Action::Quit), "{name}");
        for (overlay, actions) in
            OVERLAYS.iter().filter(|o| !matches!(o.0, "palette" | "environments" | "themes"))
        {
            shown.acts(actions);
            assert_eq!(resolved(&shown), Resolution::Action(Action::Back), "{name} {overlay}");
            shown.act(Action::Back);
            assert_eq!(resolved(&shown), Resolution::Action(Action::Quit), "{name} {overlay}");
        }
        shown.act(Action::Palette);
        assert_eq!(resolved(&shown), Resolution::None, "{name}: a q is text there");
    }
}

#[test]
fn an_alarm_without_data_is_in_the_table_of_alarms_only() {
    let shown = Screen::dark(scenes::over(), (120, 40));
    let (attention, alarms) = (panel(&shown, "Attention"), panel(&shown, "Alarms"));
    assert!(attention.contains("ALARM: file-count-high"), "{attention}");
    assert!(!attention.contains("lambda-errors"), "{attention}");
    let order: Vec<usize> =
        ["file-count-high", "lambda-errors", "service-cpu-high"].map(|a| alarms.find(a).unwrap()).to_vec();
    assert!(order.is_sorted(), "what rings stands first: {alarms}");
    assert!(alarms.contains("no data") && alarms.contains("1 datapoint [131402.0]"), "{alarms}");
}

#[test]
fn the_alarms_are_reached_where_they_do_not_fit() {
    let mut shown = Screen::dark(scenes::over(), (80, 24));
    assert!(!shown.text().contains("Alarms"), "{}", shown.text());
    shown.acts(&[Action::FocusNext, Action::FocusNext, Action::FocusNext, Action::FocusNext]);
    assert!(panel(&shown, "Alarms").contains("service-cpu-high"), "{}", shown.text());
    shown.acts(&[Action::Open]);
    assert!(shown.text().contains("Alarm file-count-high"), "{}", shown.text());
}

fn with_invocations(count: impl Fn(f64) -> f64) -> State {
    let mut state = scenes::calm();
    let mut series = parts::series("AWS/Lambda", "Invocations", "Sum", "Count", 60, count);
    series.key.dimensions.insert("FunctionName".into(), "file-monitor".into());
    state.environments[0].world.metrics.insert(series.key.clone(), series);
    state
}

#[test]
fn a_former_function_that_still_runs_is_told() {
    let runs = |back: f64| if back.rem_euclid(5.0) < 0.5 { 1.0 } else { 0.0 };
    let shown = Screen::dark(with_invocations(runs), (120, 40));
    let text = panel(&shown, "Attention");
    assert!(text.contains("LOW") && text.contains("the former Lambda monitor still runs"), "{text}");
    assert!(text.contains("invocations of file-monitor in 10 min"), "{text}");
    // it ran until a quarter of an hour ago
    let shown = Screen::dark(with_invocations(|back| if back < 15.0 { 0.0 } else { 1.0 }), (120, 40));
    assert!(panel(&shown, "Attention").contains("nothing needs attention"), "{}", shown.text());
}

#[test]
fn what_a_title_must_say_is_not_cut_behind_a_name() {
    let mut state = scenes::calm();
    let mut service = parts::service(6, MountsBy::List);
    service.name = "efs-mount-autoscaling-fargate-service-of-the-second-team".into();
    service.events[0].message = format!("(service {}) has reached a steady state.", service.name);
    service.events[1].message = "(service another) has reached a steady state.".into();
    let tasks = state.environments[0].world.tasks.clone().unwrap();
    parts::read_service(&mut state, 0, service, tasks);
    let mut shown = Screen::dark(state, (120, 40));
    assert!(shown.text().contains("Tasks  6/6  steady  efs-mount-auto"), "{}", shown.text());
    shown.act(Action::Tasks);
    let events = panel(&shown, "Service events");
    assert!(events.contains("11:02:13        has reached a steady state."), "{events}");
    assert!(events.contains("11-18 14:02:13  (service another) has reached"), "{events}");
}

#[test]
fn a_raw_record_is_moved_sideways() {
    let mut shown = Screen::dark(scenes::calm(), (80, 24));
    shown.acts(&[Action::Tasks, Action::Raw]);
    let before = shown.text();
    let arn = parts::task(0, 0, 0).arn;
    assert!(arn.len() > 70, "too short to be cut");
    shown.acts(&[Action::Right, Action::Right, Action::Right]);
    assert_ne!(shown.text(), before);
    assert!(shown.replies.is_empty(), "the focus of the screen below stays: {:?}", shown.replies);
    shown.acts(&[Action::Left, Action::Left, Action::Left, Action::Left]);
    assert_eq!(shown.text(), before);
}

#[test]
fn the_sorted_column_is_marked_however_narrow_it_is() {
    let mut shown = Screen::dark(scenes::calm(), (80, 24));
    shown.acts(&[Action::Tasks, Action::FocusPrevious]);
    for _ in 0..4 {
        shown.act(Action::Sort);
    }
    assert!(shown.text().contains("desire↑"), "{}", shown.text());
    shown.act(Action::SortReverse);
    assert!(shown.text().contains("desire↓"), "{}", shown.text());
}

#[test]
fn goals_are_written_as_the_guide_writes_them() {
    for (glyphs, sign) in [(&Glyphs::UNICODE, "≤"), (&Glyphs::ASCII, "<=")] {
        let mut shown = Screen::new(scenes::calm(), (120, 40), "dark", glyphs);
        shown.act(Action::Storage);
        for target in ["30 s", "2 min", "90 s", "5 min"] {
            assert!(shown.text().contains(&format!("{sign} {target} ")), "{target}: {}", shown.text());
        }
    }
}

#[test]
fn a_count_under_way_says_how_far_it_is() {
    let counted = Counted { files: 31_000, unread: 2, ..Counted::default() };
    let counting = Counting { counted, took_ms: 100_000, expected: Some(93_000) };
    let mut state = scenes::calm();
    parts::observe(&mut state, 0, SourceId::FILES, 0, Ok(vec![Facts::Counting(Some(counting))]));
    let mut shown = Screen::dark(state, (120, 40));
    shown.act(Action::NextScreen);
    let storage = shown.text();
    let words = "counting 31 000  33 %  about 3 min left  2 unreadable";
    assert!(storage.contains(words), "{storage}");
    parts::observe(&mut shown.state, 0, SourceId::FILES, 0, Ok(vec![Facts::Counting(None)]));
    shown.acts(&[Action::NextScreen, Action::PreviousScreen]);
    let storage = shown.text();
    assert!(!storage.contains("counting 31 000"), "it has ended: {storage}");
}
