//! What the ring drops, in a file.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use miharu::app::event::Event;
use miharu::app::state::{EnvironmentInfo, State};
use miharu::domain::log::ring::{Limits, Ring};
use miharu::domain::snapshot::Mode;
use miharu::engine::tail::spill::Spill;
use miharu::runtime::core::Core;
use miharu::runtime::inbox::Message;
use miharu::ui::Ui;
use miharu::ui::glyphs::Glyphs;

use crate::{as_is, batch, instant};

#[test]
fn what_is_dropped_is_in_the_file_line_by_line_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spilled.jsonl");
    let spill = Spill::create(&path, u64::MAX).unwrap();
    assert!(Spill::create(&path, 1).is_err(), "no file is overwritten");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut ring = Ring::new(Limits { lines: 10, bytes: usize::MAX }, as_is);
    ring.keep_dropped(true);
    for n in 0..40 {
        spill.take(ring.append(&batch(&[(n, "WARN 日本語\n\u{1b}[31m password=hunter2")])));
    }
    let state = spill.finish();
    assert_eq!((state.lines, state.lost, state.broken), (30, 0, false));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.len() as u64, state.bytes);
    for (line, n) in text.lines().zip(0..) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["message"], "WARN 日本語\n\u{1b}[31m password=[redacted]");
        assert_eq!((&value["level"], &value["group"]), (&"WARN".into(), &"/group".into()));
        assert_eq!(value["at"], instant(n).to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    }
    assert_eq!(text.lines().count(), 30);
}

#[test]
fn a_full_file_counts_what_it_has_no_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let spill = Spill::create(&folder.path().join("x"), 500).unwrap();
    let mut ring = Ring::new(Limits { lines: 1, bytes: usize::MAX }, as_is);
    ring.keep_dropped(true);
    for n in 0..40 {
        spill.take(ring.append(&batch(&[(n, "text")])));
    }
    let state = spill.finish();
    assert_eq!(state.lines + state.lost, 39);
    assert!(state.lines >= 3 && state.bytes < 700, "{state:?}");
}

/// What the desk of a console no longer holds is in the file, and the screen says how much that is.
#[test]
fn what_a_console_no_longer_holds_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lines.jsonl");
    let theme = miharu::config::theme("dark", std::path::Path::new("")).unwrap();
    let keymap = miharu::config::keymap("default", std::path::Path::new("")).unwrap();
    let mut ui = Ui::new(&theme, keymap.clone(), Glyphs::UNICODE);
    ui.set_desk(0, Limits { lines: 100, bytes: 1 << 20 }, true);
    let info = EnvironmentInfo {
        name: "prod".into(),
        region: None,
        expected_account: None,
        mode: Mode::Observe,
        file_count_threshold: 1,
        service: None,
        file_system: None,
    };
    let mut core = Core::new(State::new(vec![info], instant(0)), ui, keymap);
    core.spill(0, Spill::create(&path, 1 << 20).unwrap());
    let texts: Vec<String> = (0..500).map(|n| format!("line {n}")).collect();
    let lines: Vec<(i64, &str)> = (0..).zip(texts.iter().map(String::as_str)).collect();
    for some in lines.chunks(50) {
        let batch = Arc::new(batch(some));
        core.handle(Message::Event(Event::Logged { environment: 0, batch }), instant(0));
    }
    assert_eq!(core.ui.desk(0).totals().held, 100);
    let spills = core.take_spills();
    let told: Vec<_> = spills.into_iter().map(Spill::finish).collect();
    assert_eq!((told[0].lines, told[0].lost, told[0].broken), (400, 0, false));
    let text = std::fs::read_to_string(&path).unwrap();
    let messages: Vec<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(messages, (0..400).map(|n| format!("line {n}")).collect::<Vec<_>>());
}
