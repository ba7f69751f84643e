//! Large figures, hidden ids, keys shown, terminals with wide ambiguous characters.

use miharu::app::action::Action;
use miharu::app::effect::Effect;
use miharu::app::event::Event;
use miharu::app::update::update;
use miharu::config;
use miharu::config::model::Lang;
use miharu::language::Language;
use miharu::runtime::core::Core;
use miharu::runtime::inbox::Message;
use miharu::ui::glyphs::Glyphs;
use miharu::ui::{Reply, Ui, picture};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, CellWidth};
use unicode_width::UnicodeWidthChar;

use crate::harness::Screen;
use crate::{OVERLAYS, SCREENS, load, scenes, snapshot, sound};

#[test]
fn frames_of_the_figures() {
    for (name, scene) in [
        ("calm", scenes::calm as scenes::Scene),
        ("over", scenes::over),
        ("burning", load::burning),
        ("troubled", scenes::troubled),
        ("unread", scenes::unread),
    ] {
        for size in [(60, 20), (80, 24), (120, 40)] {
            let mut shown = Screen::dark(scene(), size);
            shown.act(Action::Figures);
            sound(&shown, name);
            snapshot(&format!("figures-{name}-{}x{}", size.0, size.1), &mut shown);
        }
    }
    let mut ascii = Screen::new(scenes::calm(), (80, 24), "light", &Glyphs::ASCII);
    ascii.act(Action::Figures);
    assert!(ascii.text().is_ascii(), "{}", ascii.text());
    assert!(ascii.text().contains("##"), "{}", ascii.text());
    ascii.act(Action::Figures);
    assert!(ascii.text().contains("Attention"), "the same key closes them: {}", ascii.text());
}

#[test]
fn figures_hold_at_every_size_and_copy_as_text() {
    for (name, scene) in scenes::ALL {
        let mut shown = Screen::dark(scene(), (80, 24));
        shown.act(Action::Figures);
        for size in [(40, 10), (80, 24), (120, 40)] {
            shown.ui.set_language(Language::of(Lang::Ja));
            shown.resize(size);
            sound(&shown, &format!("{name} {size:?} in Japanese"));
            shown.ui.set_language(Language::ENGLISH);
        }
        for size in [(40, 10), (41, 17), (79, 23), (80, 24), (110, 35), (200, 60)] {
            shown.resize(size);
            sound(&shown, &format!("{name} {size:?}"));
        }
        shown.act(Action::Copy);
        let copied = shown.copied().unwrap();
        assert_eq!(copied.lines().count(), 5, "{copied}");
        assert!(copied.contains("files") && copied.contains("to decide"), "{copied}");
    }
}

/// What the scenes hold that an audience must not see, or the rest of it where it was cut.
const SECRETS: [&str; 5] = ["1234567", "0123456", "10.0.", "arn:aws:sts::1", "5f3c2a9e"];

#[test]
fn what_an_audience_must_not_see_is_in_no_frame_title_copy_or_saved_screen() {
    let mut seen_before = 0;
    for (name, scene) in scenes::ALL {
        // long hostile texts take their time without optimization
        let sizes: &[(u16, u16)] =
            if name.contains("hostile") { &[(80, 24)] } else { &[(80, 24), (57, 20), (160, 50)] };
        for size in sizes.iter().copied() {
            let mut shown = Screen::dark(scene(), size);
            let plain = SCREENS.iter().any(|screen| {
                shown.act(*screen);
                SECRETS.iter().any(|secret| shown.text().contains(secret))
            });
            seen_before += usize::from(plain);
            shown.act(Action::Mask);
            let look = |shown: &mut Screen, what: &str| {
                let saved = shown.ui.saved(&shown.state, size);
                let title = shown.ui.title(&shown.state);
                let copied = shown.copied().unwrap_or_default().to_owned();
                for text in [&shown.text(), &saved.text, &saved.svg, &title, &copied] {
                    for secret in SECRETS {
                        assert!(!text.contains(secret), "{name} {what} {size:?} shows {secret}:\n{text}");
                    }
                }
            };
            for screen in SCREENS {
                shown.acts(&[screen, Action::Copy]);
                look(&mut shown, &format!("{screen:?}"));
            }
            for (overlay, actions) in OVERLAYS {
                shown.acts(actions);
                look(&mut shown, overlay);
                shown.act(Action::Copy);
                look(&mut shown, overlay);
                shown.act(Action::Back);
            }
        }
    }
    assert!(seen_before > 10, "the scenes hold something to hide: {seen_before}");
}

#[test]
fn masking_moves_nothing_and_says_so() {
    let mut shown = Screen::dark(scenes::calm(), (120, 40));
    shown.act(Action::Storage);
    let before = shown.text();
    assert!(before.contains("10.0.") && before.contains("fsmt-"), "{before}");
    shown.act(Action::Mask);
    let after = shown.text();
    assert!(after.contains("MASKED") && after.contains("fsmt-xxxx"), "{after}");
    for (a, b) in before.lines().zip(after.lines()).skip(1).take(37) {
        assert_eq!(a.chars().count(), b.chars().count(), "{a}\n{b}");
    }
    shown.act(Action::Mask);
    assert!(shown.text().contains("10.0.") && !shown.text().contains("MASKED"), "{}", shown.text());
}

#[test]
fn an_id_broken_over_two_rows_is_hidden() {
    let mut shown = Screen::dark(scenes::failing(), (57, 24));
    shown.acts(&[Action::Mask, Action::Tasks, Action::Bottom, Action::Raw]);
    let text = shown.text();
    assert!(text.contains("arn:aws:ecs"), "{text}");
    assert!(
        !text.chars().filter(char::is_ascii_digit).collect::<String>().contains("123456789012"),
        "{text}"
    );
}

/// Columns as a terminal has them that draws ambiguous characters two columns wide.
fn wide(buffer: &Buffer, what: &str) {
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            // the halfwidth voiced marks have a column of their own, whatever Unicode says
            let columns = cell.symbol().chars().map(|c| match c {
                '\u{ff9e}' | '\u{ff9f}' => 1,
                c => c.width_cjk().unwrap_or(0),
            });
            let columns: usize = columns.sum();
            assert!(
                usize::from(cell.cell_width()) == columns && (1..=2).contains(&columns),
                "{what}: cell {x},{y} holds {:?}, {columns} columns, {} were left for it\n{}",
                cell.symbol(),
                cell.cell_width(),
                picture::text(buffer)
            );
            x += u16::try_from(columns).unwrap();
        }
        assert_eq!(x, buffer.area.width, "{what}: row {y} is not full");
    }
}

#[test]
fn where_ambiguous_characters_are_wide_every_column_is_where_the_terminal_has_it() {
    for (name, scene) in scenes::ALL {
        let mut state = scene();
        let service = "① 注文 ── ●α β… × サービス ｶﾞ";
        if let Some(s) = &mut state.environments[0].world.service {
            s.name = service.into();
        }
        for size in [(40, 10), (80, 24), (120, 40)] {
            let mut shown = Screen::dark(state.clone(), size);
            shown.ui.set_ambiguous(true);
            for screen in SCREENS {
                shown.act(screen).resize(size);
                wide(shown.buffer(), &format!("{name} {screen:?} {size:?}"));
            }
            for (overlay, actions) in OVERLAYS {
                shown.acts(actions).resize(size);
                wide(shown.buffer(), &format!("{name} {overlay} {size:?}"));
                shown.act(Action::Back);
            }
            shown.act(Action::Figures).resize(size);
            wide(shown.buffer(), &format!("{name} figures {size:?}"));
        }
    }
}

#[test]
fn wide_ambiguous_characters_of_others_are_kept_and_own_shapes_are_replaced() {
    let mut state = scenes::calm();
    state.environments[0].world.service.as_mut().unwrap().name = "①注文●".into();
    let mut shown = Screen::dark(state, (120, 40));
    assert!(shown.text().contains('─') && shown.text().contains("①注文●"));
    shown.ui.set_ambiguous(true);
    shown.resize((120, 40));
    let text = shown.text();
    assert!(text.contains("①注文●"), "{text}");
    assert_eq!(
        text.matches('●').count(),
        text.matches("①注文●").count(),
        "own shapes are others now: {text}"
    );
    assert!(!text.contains(['─', '━', '…', '▁', '█']), "{text}");
    snapshot("calm-wide-120x40", &mut shown);
    shown.ui.set_ambiguous(false);
    shown.draw();
    assert!(shown.text().contains('─'));
}

#[test]
fn keys_are_shown_while_that_is_wanted_with_what_they_do() {
    let mut shown = Screen::dark(scenes::calm(), (80, 24));
    let now = shown.state.now;
    shown.ui.pressed("2", Some(Action::Storage), now);
    shown.draw();
    assert!(!shown.text().contains("storage screen"), "off at first: {}", shown.text());
    shown.act(Action::ShowKeys);
    shown.ui.pressed("2", Some(Action::Storage), now);
    shown.ui.pressed("ctrl-w w", Some(Action::FocusNext), now);
    shown.draw();
    sound(&shown, "keys");
    let text = shown.text();
    let row = text.lines().nth(22).unwrap();
    assert_eq!(row.trim(), "2  storage screen    ctrl-w w  focus the next panel", "{text}");
    let saved = shown.ui.saved(&shown.state, (80, 24));
    assert!(!saved.text.contains("storage screen"), "a saved screen is without them: {}", saved.text);
    let later = now + chrono::TimeDelta::seconds(5);
    update(&mut shown.state, Event::Tick, later);
    shown.draw();
    assert!(!shown.text().contains("storage screen"), "{}", shown.text());
    shown.ui.pressed("1", Some(Action::Overview), later);
    shown.act(Action::ShowKeys);
    assert!(!shown.text().contains("overview screen"), "{}", shown.text());
}

#[test]
fn what_is_typed_as_text_is_not_among_the_keys_shown() {
    let none = std::path::Path::new("");
    let keymap = config::keymap("default", none).unwrap();
    let ui = Ui::new(&config::theme("dark", none).unwrap(), keymap.clone(), Glyphs::UNICODE);
    let mut core = Core::new(scenes::calm(), ui, keymap);
    let now = core.state.now;
    let mut typed = |keys: &[&str]| {
        for key in keys {
            core.handle(Message::Key(crokey::parse(key).unwrap()), now);
        }
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        let Core { state, ui, .. } = &mut core;
        terminal.draw(|frame| ui.draw(state, frame)).unwrap();
        let text = picture::text(terminal.backend().buffer());
        text.lines().nth(38).unwrap().trim().to_owned()
    };
    assert_eq!(typed(&["shift-d", "n", "3"]), "n     3  tasks screen");
    let row = typed(&["/", "q", "w", "x", "ctrl-w"]);
    assert_eq!(
        row, "n     3  tasks screen    /  filter the table, or search the logs",
        "four keys went into the field"
    );
    assert!(typed(&["enter", "1"]).ends_with("1  overview screen"));
}

#[test]
fn saving_is_asked_of_the_runtime_from_everywhere() {
    for open in [Action::Overview, Action::Help, Action::Figures, Action::Sources] {
        let mut shown = Screen::dark(scenes::calm(), (80, 24));
        shown.acts(&[open, Action::SaveScreen]);
        assert_eq!(shown.replies.last(), Some(&Reply::Effect(Effect::SaveScreen)), "{open:?}");
        let saved = shown.ui.saved(&shown.state, (80, 24));
        assert_eq!(saved.text, shown.text(), "what is saved is what was seen");
        assert!(saved.svg.starts_with("<svg") && saved.svg.trim_end().ends_with("</svg>"));
    }
}
