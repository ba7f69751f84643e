//! Changes and Journal: what they look like, and that nothing is done without being asked for.

use chrono::TimeDelta;
use miharu::app::action::{Action, TextEdit};
use miharu::app::changes::Question;
use miharu::app::effect::Effect;
use miharu::app::event::Event;
use miharu::app::update::update;
use miharu::config;
use miharu::config::keymap::Context;
use miharu::domain::snapshot::Mode;
use miharu::runtime::core::Core;
use miharu::runtime::inbox::Message;
use miharu::ui::glyphs::Glyphs;
use proptest::prelude::*;

use crate::decisions::{self, ADD, add};
use crate::harness::Screen;
use crate::scenes::Scene;
use crate::{SIZES, snapshot, sound};

const SCENES: &[(&str, Scene)] =
    &[("deciding", decisions::deciding), ("acting", decisions::acting), ("braked", decisions::braked)];

#[test]
fn frames_of_changes_and_journal() {
    for size in SIZES {
        for (name, scene) in SCENES {
            for (theme, glyphs) in [("dark", &Glyphs::UNICODE), ("light", &Glyphs::ASCII)] {
                if *name != "deciding" && theme == "light" {
                    continue;
                }
                let mut shown = Screen::new(scene(), size, theme, glyphs);
                shown.act(Action::Changes);
                snapshot(&format!("changes-{name}-{}x{}-{theme}", size.0, size.1), &mut shown);
            }
        }
        let mut shown = Screen::dark(decisions::deciding(), size);
        snapshot(&format!("changes-overview-{}x{}", size.0, size.1), &mut shown);
        shown.act(Action::Journal);
        snapshot(&format!("journal-{}x{}", size.0, size.1), &mut shown);
        shown.acts(&[Action::Changes, Action::Open]);
        snapshot(&format!("plan-{}x{}", size.0, size.1), &mut shown);
    }
}

#[test]
fn frames_of_questions_and_details() {
    let frame = |name: &str, actions: &[Action]| {
        let mut shown = Screen::dark(decisions::deciding(), (80, 24));
        shown.acts(actions);
        snapshot(name, &mut shown);
    };
    frame("plan-end", &[Action::Changes, Action::Open, Action::Bottom]);
    frame("ask-approve", &[Action::Changes, Action::Open, Action::Bottom, Action::Approve]);
    frame("ask-reject", &[Action::Changes, Action::Reject]);
    frame("journal-entry", &[Action::Journal, Action::Open]);
    frame("journal-change", &[Action::Journal, Action::FocusNext, Action::Down, Action::Open]);
    let mut shown = Screen::dark(decisions::deciding(), (80, 24));
    decisions::brake(&mut shown.state, Mode::Auto, false);
    shown.acts(&[Action::Changes, Action::Arm]);
    snapshot("ask-arm", &mut shown);
}

#[test]
fn the_title_of_the_terminal_says_what_matters_and_is_harmless() {
    for (scene, wanted) in [
        (crate::scenes::calm as Scene, "miharu prod"),
        (decisions::deciding, "miharu prod - 1 to decide (HIGH)"),
        (decisions::acting, "miharu prod - AUTO IS ABOUT TO ACT - change in flight"),
    ] {
        let shown = Screen::dark(scene(), (80, 24));
        assert_eq!(shown.ui.title(&shown.state), wanted);
    }
    let mut shown = Screen::dark(decisions::nasty(), (80, 24));
    shown.state.environments[0].info.name = "\u{1b}]0;x\u{7}\u{202e}".repeat(40);
    let title = shown.ui.title(&shown.state);
    assert!(title.chars().count() <= 80 && !title.chars().any(char::is_control), "{title:?}");
    assert!(!title.contains('\u{202e}'), "{title:?}");
}

#[test]
fn every_frame_of_a_change_is_sound() {
    let scenes = SCENES.iter().chain(&[("nasty", decisions::nasty as Scene)]);
    for (name, scene) in scenes {
        for size in [(40, 10), (57, 13), (80, 24), (131, 41)] {
            let mut shown = Screen::dark(scene(), size);
            let what = |step: &str| format!("{name} {step} {size:?}");
            for action in [Action::Overview, Action::Changes, Action::Journal] {
                shown.act(action);
                sound(&shown, &what("screen"));
            }
            for actions in [
                &[Action::Changes, Action::Open][..],
                &[Action::PageDown],
                &[Action::Bottom],
                &[Action::Raw],
                &[Action::Back, Action::Approve],
                &[Action::Back, Action::Reject],
                &[Action::Back, Action::Back, Action::Journal, Action::Open],
                &[Action::Back, Action::FocusNext, Action::Open],
            ] {
                shown.acts(actions);
                sound(&shown, &what(&format!("{actions:?}")));
            }
        }
    }
}

/// The screen with the plan read to its end and the question open.
fn asked(size: (u16, u16)) -> Screen {
    let mut shown = Screen::dark(decisions::deciding(), size);
    shown.acts(&[Action::Changes, Action::Open, Action::Bottom, Action::Approve]);
    assert!(matches!(shown.state.asking.as_ref().unwrap().question, Question::Approve { .. }));
    shown
}

fn wait(shown: &mut Screen, milliseconds: i64) {
    let later = shown.state.now + TimeDelta::milliseconds(milliseconds);
    update(&mut shown.state, Event::Tick, later);
    shown.draw();
}

#[test]
fn the_whole_plan_is_read_before_it_is_approved() {
    let mut shown = Screen::dark(decisions::deciding(), (80, 24));
    shown.acts(&[Action::Changes, Action::Approve, Action::Approve]);
    assert!(shown.state.asking.is_none(), "the end was not seen");
    assert!(shown.text().contains("read to the end to approve"), "{}", shown.text());
    let mut read = String::new();
    for _ in 0..200 {
        read.push_str(&shown.text());
        shown.act(Action::Down);
    }
    let plan = decisions::plan("c-42");
    for step in plan.steps.iter().chain(plan.rollback.iter().flatten()) {
        assert!(read.contains(&format!("{}. {}", step.n, step.title)), "{}", step.title);
        assert!(read.contains(&step.request.operation));
        // the command is broken into lines; each word of it is on the screen
        for word in step.request.cli.split(' ').filter(|w| w.len() < 60) {
            assert!(read.contains(word), "{word}");
        }
    }
    for words in [
        "131 402 files are above",
        "42 s ago",
        "routed to another",
        "no difference",
        "cool-down: holds auto mode, ends in 4 min 10 s",
        "expires in 14 min 40 s",
        "parameter: version 7",
        "The list is published as it was",
    ] {
        assert!(read.contains(words), "{words}");
    }
    shown.act(Action::Approve);
    assert!(shown.state.asking.is_some(), "the end was seen: {}", shown.text());
    assert!(shown.effects.is_empty());
}

#[test]
fn the_plan_that_was_shown_is_the_plan_that_is_submitted() {
    let mut shown = asked((80, 24));
    // the rules are evaluated again meanwhile: the same plan under another id
    decisions::propose(&mut shown.state, vec![add("c-77")]);
    wait(&mut shown, 600);
    shown.act(Action::Confirm);
    let plan = Box::new(decisions::plan("c-42"));
    assert_eq!(shown.effects, [Effect::Approve { environment: 0, recommendation: ADD.into(), plan }]);
    assert!(shown.state.asking.is_none());
    shown.act(Action::Confirm);
    assert_eq!(shown.effects.len(), 1, "once");
}

#[test]
fn a_plan_that_changes_under_the_question_is_read_again() {
    let mut shown = asked((80, 24));
    let mut other = add("c-78");
    other.plan.as_mut().unwrap().steps.pop();
    decisions::propose(&mut shown.state, vec![other]);
    shown.draw();
    assert!(shown.state.asking.is_none());
    assert!(shown.text().contains("the plan has changed since you read it"), "{}", shown.text());
    wait(&mut shown, 6000);
    shown.acts(&[Action::Approve, Action::Confirm]);
    assert!(shown.state.asking.is_none() && shown.text().contains("read to the end"), "{}", shown.text());
    assert!(shown.effects.is_empty());
    let mut shown = asked((80, 24));
    decisions::propose(&mut shown.state, Vec::new());
    shown.draw();
    assert!(shown.state.asking.is_none());
    assert!(shown.text().contains("not recommended any more"), "{}", shown.text());
}

#[test]
fn the_focus_stands_on_cancel_and_answers_need_a_pause() {
    let mut shown = asked((80, 24));
    shown.act(Action::Open);
    assert!(shown.state.asking.is_none() && shown.effects.is_empty(), "enter cancels");
    let mut shown = asked((80, 24));
    wait(&mut shown, 499);
    shown.act(Action::Confirm);
    assert!(shown.effects.is_empty(), "too early");
    assert!(shown.text().contains("too quick"), "{}", shown.text());
    for _ in 0..200 {
        // a held key repeats, after a while at first
        wait(&mut shown, 33);
        shown.act(Action::Confirm);
    }
    assert!(shown.effects.is_empty(), "held");
    wait(&mut shown, 2001);
    shown.act(Action::Confirm);
    assert_eq!(shown.effects.len(), 1);
}

#[test]
fn what_is_held_back_or_expired_or_without_a_journal_is_not_approved() {
    let mut shown = Screen::dark(decisions::deciding(), (80, 24));
    shown.acts(&[Action::Changes, Action::Down, Action::Open, Action::Bottom, Action::Approve]);
    assert!(shown.state.asking.is_none());
    assert!(shown.text().contains("held back by deployment-in-progress"), "{}", shown.text());
    let mut shown = asked((80, 24));
    wait(&mut shown, 16 * 60_000);
    shown.act(Action::Confirm);
    assert!(shown.effects.is_empty() && shown.text().contains("expired"), "{}", shown.text());
    for scene in [decisions::braked, decisions::acting] {
        let mut shown = Screen::dark(scene(), (80, 24));
        shown.acts(&[Action::Changes, Action::Open, Action::Bottom, Action::Approve]);
        assert!(shown.state.asking.is_none(), "{}", shown.text());
    }
}

#[test]
fn the_selected_recommendation_stays_selected() {
    let mut shown = Screen::dark(decisions::deciding(), (80, 24));
    shown.acts(&[Action::Changes, Action::Down, Action::Copy]);
    assert_eq!(shown.copied(), Some("scale-out-service"));
    let mut fewer = decisions::others();
    fewer.push(add("c-43"));
    decisions::propose(&mut shown.state, fewer);
    shown.draw();
    shown.act(Action::Copy);
    assert_eq!(shown.copied(), Some("scale-out-service"));
    decisions::propose(&mut shown.state, vec![add("c-44")]);
    shown.draw();
    assert!(!shown.text().contains("run 8 tasks"), "{}", shown.text());
}

#[test]
fn arming_takes_the_typed_name_and_no_pasted_one() {
    let mut shown = Screen::dark(decisions::deciding(), (80, 24));
    decisions::brake(&mut shown.state, Mode::Auto, false);
    shown.act(Action::Arm);
    assert_eq!(shown.ui.contexts(&shown.state), [Context::Input]);
    shown.ui.edit(&TextEdit::Paste("prod".into()), &shown.state);
    shown.draw();
    assert!(shown.text().contains("pasted text is not taken"), "{}", shown.text());
    wait(&mut shown, 1000);
    shown.act(Action::Open);
    assert!(shown.text().contains("that is not the environment's name"), "{}", shown.text());
    for c in "prod".chars() {
        shown.ui.edit(&TextEdit::Insert(c), &shown.state);
    }
    shown.act(Action::Open);
    assert!(shown.effects.is_empty(), "the name alone arms nothing");
    wait(&mut shown, 600);
    shown.act(Action::Confirm);
    assert_eq!(shown.effects, [Effect::Arm(0)]);
}

#[test]
fn the_kill_key_works_everywhere() {
    for actions in [
        &[][..],
        &[Action::Help],
        &[Action::Palette],
        &[Action::Tasks, Action::Find],
        &[Action::Freeze],
        &[Action::Changes, Action::Reject],
        &[Action::Changes, Action::Open, Action::Bottom, Action::Approve],
    ] {
        let mut shown = Screen::dark(decisions::deciding(), (80, 24));
        shown.acts(actions);
        let contexts = shown.ui.contexts(&shown.state);
        let keymap = config::keymap("default", std::path::Path::new("")).unwrap();
        let key = miharu::config::keymap::Chord("ctrl-g".into());
        let resolution = keymap.resolve(&contexts, &[key]);
        assert_eq!(resolution, miharu::config::keymap::Resolution::Action(Action::Disarm), "{actions:?}");
        shown.effects.clear();
        shown.act(Action::Disarm);
        assert_eq!(shown.effects, [Effect::Disarm(0)], "{actions:?}");
    }
}

#[test]
fn a_rejection_and_a_pause_are_told_with_their_words() {
    let mut shown = Screen::dark(decisions::deciding(), (80, 24));
    shown.acts(&[Action::Changes, Action::Reject]);
    wait(&mut shown, 600);
    shown.act(Action::Open);
    assert!(shown.text().contains("a rejection needs a reason"), "{}", shown.text());
    shown.ui.edit(&TextEdit::Paste("planned for friday".into()), &shown.state);
    shown.act(Action::Open);
    shown.act(Action::Snooze);
    wait(&mut shown, 600);
    shown.act(Action::Open);
    let expected = [
        Effect::Reject { environment: 0, recommendation: ADD.into(), reason: "planned for friday".into() },
        Effect::Snooze { environment: 0, recommendation: ADD.into(), minutes: 60 },
    ];
    assert_eq!(shown.effects, expected);
}

#[test]
fn read_only_refuses_with_words() {
    for action in [
        Action::Approve,
        Action::Reject,
        Action::Snooze,
        Action::Arm,
        Action::Disarm,
        Action::Veto,
        Action::CancelChange,
        Action::RollBack,
        Action::FreezeChanges,
    ] {
        let mut state = decisions::acting();
        state.read_only = true;
        let mut shown = Screen::dark(state, (120, 40));
        shown.acts(&[Action::Changes, Action::Open, Action::Bottom, action]);
        wait(&mut shown, 600);
        shown.act(Action::Confirm);
        assert!(shown.effects.is_empty(), "{action:?}");
        assert!(shown.state.asking.is_none(), "{action:?}");
        assert!(shown.text().contains("read-only") || shown.text().contains("READ-ONLY"), "{action:?}");
    }
}

/// A terminal in which the whole plan fits, so that its end is seen at once.
const WHOLE: (u16, u16) = (110, 140);

fn core() -> Core {
    let none = std::path::Path::new("");
    let keymap = config::keymap("default", none).unwrap();
    let theme = config::theme("dark", none).unwrap();
    let ui = miharu::ui::Ui::new(&theme, keymap.clone(), Glyphs::UNICODE);
    Core::new(decisions::deciding(), ui, keymap)
}

/// Draws as the loop does after a key, so that a plan that fits counts as seen.
fn draw(core: &mut Core, size: (u16, u16)) {
    let backend = ratatui::backend::TestBackend::new(size.0, size.1);
    let mut terminal = ratatui::Terminal::new(backend).unwrap();
    let Core { state, ui, .. } = core;
    terminal.draw(|frame| ui.draw(state, frame)).unwrap();
}

fn approves(effects: &[Effect]) -> bool {
    effects.iter().any(|e| matches!(e, Effect::Approve { .. } | Effect::Arm(_) | Effect::RollBack { .. }))
}

fn key(c: char) -> Message {
    let text = match c {
        '\n' => "enter".to_owned(),
        ' ' => "space".to_owned(),
        c if c.is_uppercase() => format!("shift-{}", c.to_lowercase()),
        c => c.to_string(),
    };
    Message::Key(crokey::parse(&text).unwrap())
}

/// One key, held: the first one, then after a while a stream of them.
#[test]
fn no_held_key_applies_anything() {
    let keys = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain(['\n', ' ']);
    for c in keys {
        for wait in [250, 660, 1900] {
            let mut core = core();
            let mut now = core.state.now;
            draw(&mut core, WHOLE);
            core.handle(key('6'), now);
            for n in 0..60 {
                now += TimeDelta::milliseconds(if n == 1 { wait } else { 33 });
                let (_, effects) = core.handle(key(c), now);
                assert!(!approves(&effects), "{c:?} held, {effects:?}");
                if n < 6 {
                    draw(&mut core, WHOLE);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    /// Text that arrives as paste, or as keys within the pause, applies nothing, whatever was open before.
    #[test]
    fn no_pasted_text_applies_anything(
        before in prop::collection::vec(prop::sample::select(vec!['6', '\n', 'G', 'a', 'A', 'U', 'x']), 0..6),
        text in "[aYyGAUXV6\n prod]{1,24}",
    ) {
        for as_keys in [false, true] {
            let mut core = core();
            decisions::brake(&mut core.state, Mode::Auto, false);
            let mut now = core.state.now;
            for c in &before {
                now += TimeDelta::seconds(3);
                let (_, effects) = core.handle(key(*c), now);
                prop_assert!(!approves(&effects));
                draw(&mut core, WHOLE);
            }
            if as_keys {
                // what is open already may be answered by a key after a pause, so the paste begins at once
                now += TimeDelta::milliseconds(1);
                for c in text.chars() {
                    now += TimeDelta::milliseconds(10);
                    let (_, effects) = core.handle(key(c), now);
                    prop_assert!(!approves(&effects), "{effects:?}");
                    draw(&mut core, WHOLE);
                }
            } else {
                now += TimeDelta::seconds(3);
                let (_, effects) = core.handle(Message::Paste(text.clone()), now);
                prop_assert!(!approves(&effects));
            }
        }
    }
}
