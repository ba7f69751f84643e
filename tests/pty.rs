//! A few flows of the real binary in a pseudo-terminal.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says where by panicking")]

#[path = "support/terminal.rs"]
mod terminal;

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use miharu::clock::Clock;
use rustix::process::Signal;
use terminal::Terminal;

#[test]
fn the_demo_starts_walks_its_screens_and_quits_with_q() {
    let mut t = Terminal::start(&["demo", "--seed", "7"], 120, 40);
    t.shows("DEMO");
    t.shows("all fresh");
    for (key, text) in [("2", "fsmt-"), ("3", "RUNNING"), ("?", "╭ Help")] {
        t.press(key);
        t.shows(text);
    }
    t.closes();
    t.press("1");
    t.shows("Attention");
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.is_restored();
}

#[test]
fn signals_end_it_and_the_terminal_is_as_it_was() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut t = Terminal::start(&["demo"], 80, 24);
        t.shows("DEMO");
        t.signal(signal);
        t.ends();
        t.is_restored();
    }
}

/// Asserts that no process is left of the session, which begins with the program.
fn leaves_no_process(session: i32) {
    let of_session = || {
        let all = std::fs::read_dir("/proc").expect("processes").flatten();
        let stats = all.filter_map(|p| std::fs::read_to_string(p.path().join("stat")).ok());
        let told = stats.filter(|stat| {
            let mut after = stat.rsplit(") ").next().unwrap_or_default().split(' ');
            let state = after.next();
            state != Some("Z") && after.nth(2) == Some(&session.to_string())
        });
        told.collect::<Vec<_>>()
    };
    let waited = Clock::stopwatch();
    while !of_session().is_empty() {
        assert!(waited() < Duration::from_secs(20), "still there: {:?}", of_session());
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_terminal_that_is_gone_takes_everything_with_it() {
    for scenario in ["calm", "traffic-surge"] {
        let mut t = Terminal::start(&["demo", "--scenario", scenario], 80, 24);
        t.shows("all fresh");
        let session = t.pid().as_raw_nonzero().get();
        t.close();
        t.ends();
        leaves_no_process(session);
    }
}

#[test]
fn two_hundred_sizes_in_two_seconds_are_survived_and_cost_little() {
    let mut t = Terminal::start(&["demo"], 200, 60);
    t.shows("all fresh");
    let before = t.processor_s();
    for n in 0..200_u16 {
        let (cols, rows) = match n % 4 {
            0 => (1, 1),
            1 => (1 + n % 120, 1 + n % 40),
            2 => (200 - n, 1),
            _ => (120, 40),
        };
        t.resize(cols, rows);
        sleep(Duration::from_millis(10));
    }
    t.resize(80, 24);
    t.until("drawn at the last size", |screen| screen.contains("all fresh") && screen.contains("help"));
    let storm = t.processor_s() - before;
    assert!(storm < 10.0, "{storm} s of a processor for 200 sizes, in a build that is not optimized");
    // What it still has to do may take a busy machine a while; who spins never comes to rest.
    let mut spans = Vec::new();
    while spans.last().is_none_or(|span| *span >= 1.0) {
        assert!(spans.len() < 10, "s of a processor in spans of 2 s after the last size: {spans:?}");
        let before = t.processor_s();
        sleep(Duration::from_secs(2));
        spans.push(t.processor_s() - before);
    }
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.is_restored();
}

#[test]
fn where_ambiguous_characters_are_wide_the_shapes_are_others() {
    let mut t = Terminal::start_wide(&["demo"], 80, 24);
    t.until("shapes that are one column wide everywhere", |s| s.contains("all fresh") && s.contains("-----"));
    t.until("no others", |s| !s.contains(['─', '━', '…']));
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.is_restored();
    let mut t = Terminal::start(&["demo"], 80, 24);
    t.until("lines", |s| s.contains("all fresh") && s.contains("────"));
    t.press("q");
    t.ends();
}

#[test]
fn a_terminal_of_another_kind_works_or_says_so_at_once() {
    let term =
        |name: &str| vec![("TERM".to_owned(), name.to_owned()), ("COLORTERM".to_owned(), String::new())];
    let mut dumb = Terminal::start_with(&["demo"], &term("dumb"), 80, 24);
    assert_eq!(dumb.ends().exit_code(), 2);
    assert!(dumb.text().contains("TERM=dumb") && dumb.text().contains("miharu snapshot"), "{}", dumb.text());
    assert!(!dumb.raw().contains('\x1b'), "{:?}", dumb.raw());
    for (name, title, ascii, colours) in
        [("linux", false, true, true), ("vt100", false, false, false), ("screen-256color", true, false, true)]
    {
        let mut t = Terminal::start_with(&["demo"], &term(name), 80, 24);
        t.shows("all fresh");
        assert!(!ascii || t.text().is_ascii(), "{name}: {}", t.text());
        t.press("q");
        assert_eq!(t.ends().exit_code(), 0, "{name}");
        t.is_restored();
        let raw = t.raw();
        assert_eq!(raw.contains("\x1b]0;"), title, "{name}");
        assert_eq!(["\x1b[38;5;", "\x1b[48;5;"].iter().any(|c| raw.contains(c)), colours, "{name}");
    }
}

#[test]
fn a_copy_goes_through_the_multiplexer_and_a_saved_screen_says_where_it_is() {
    let state = tempfile::tempdir().unwrap();
    let variables = [
        ("TERM".to_owned(), "tmux-256color".to_owned()),
        ("TMUX".to_owned(), "/tmp/tmux-0/default,1,0".to_owned()),
        ("XDG_STATE_HOME".to_owned(), state.path().display().to_string()),
    ];
    let mut t = Terminal::start_with(&["demo", "--mask"], &variables, 120, 40);
    t.shows("all fresh");
    t.shows("MASKED");
    t.press("2");
    t.shows("fsmt-xxxxxxxx");
    t.press("s");
    t.until("where it is saved", |s| s.contains("saved as") && s.contains(".txt and .svg"));
    t.press("c");
    t.shows("tmux needs set-clipboard on or allow-passthrough on");
    let raw = t.raw();
    let at = raw.find("\x1b]52;c;").unwrap();
    let sequence = raw[at..].split_inclusive('\x07').next().unwrap();
    let wrapped = format!("\x1bPtmux;\x1b{sequence}\x1b\\");
    assert!(raw[at + sequence.len()..].starts_with(&wrapped), "{:?}", &raw[at..at + 200]);
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.is_restored();
    let screens = state.path().join("miharu/screens");
    let mut files: Vec<_> = std::fs::read_dir(screens).unwrap().flatten().map(|f| f.path()).collect();
    files.sort();
    let [svg, txt] = files.as_slice() else { panic!("{files:?}") };
    let (svg, txt) = (std::fs::read_to_string(svg).unwrap(), std::fs::read_to_string(txt).unwrap());
    assert!(svg.starts_with("<svg") && svg.contains("Mount targets"), "{svg}");
    assert!(txt.contains("fsmt-xxxxxxxx") && txt.lines().count() == 40, "{txt}");
}

#[test]
fn a_terminal_that_stopped_reading_does_not_keep_it_alive() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut t = Terminal::start(&["demo"], 120, 40);
        t.shows("all fresh");
        t.stall();
        for n in 0..120 {
            t.resize(150 + n % 2, 50 + n % 3);
            sleep(Duration::from_millis(5));
        }
        t.press("2");
        t.signal(signal);
        t.ends();
    }
}

#[test]
fn stopped_it_gives_the_terminal_back_and_continued_it_takes_it_again() {
    let mut t = Terminal::start(&["demo"], 80, 24);
    t.shows("all fresh");
    for by_key in [false, true] {
        if by_key {
            t.press("\x1a");
        } else {
            t.signal(Signal::TSTP);
        }
        t.is_in_state('T');
        t.until("the terminal given back", |_| t.raw().ends_with("\x1b[?25h"));
        t.is_restored();
        t.signal(Signal::CONT);
        t.until("the screen drawn anew", |screen| {
            screen.contains("DEMO") && t.raw().rfind("\x1b[?1049h") > t.raw().rfind("\x1b[?1049l")
        });
    }
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.is_restored();
}

#[test]
fn on_a_slow_line_frames_are_dropped_and_the_screen_does_not_lag() {
    const RATE: usize = 960;
    let mut t = Terminal::start(&["demo", "--scenario", "over", "--speed", "60"], 80, 24);
    t.shows("all fresh");
    t.slow(RATE);
    // Data that comes in all the time, and keys that change the whole screen.
    for key in ["3", "1", "2", "1"].iter().cycle().take(12) {
        t.press(key);
        sleep(Duration::from_secs(1));
    }
    t.press("3");
    sleep(Duration::from_secs(6));
    let mut worst = 0;
    for _ in 0..50 {
        sleep(Duration::from_millis(100));
        worst = worst.max(t.waiting());
    }
    assert!(worst <= 2 * RATE, "{worst} bytes wait for a line of {RATE} bytes a second");
    t.shows("RUNNING");
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.until("the end has arrived", |_| t.waiting() == 0);
    t.is_restored();
}

#[test]
fn a_panic_restores_the_terminal_and_says_what_happened() {
    let mut t = Terminal::start(&["demo", "--panic-after", "300"], 80, 24);
    t.shows("DEMO");
    let status = t.ends();
    assert_ne!(status.exit_code(), 0);
    t.is_restored();
    let raw = t.raw();
    let after = &raw[raw.rfind("\x1b[?1049l").unwrap()..];
    assert!(after.contains("panic"), "the report stands on the ordinary screen: {after:?}");
}

#[test]
fn it_survives_any_size_and_comes_back() {
    let mut t = Terminal::start(&["demo"], 200, 60);
    t.shows("all fresh");
    for (cols, rows) in [(20, 5), (1, 1), (80, 24), (3, 60), (200, 2), (120, 40)] {
        t.resize(cols, rows);
        sleep(Duration::from_millis(60));
    }
    t.shows("all fresh");
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.is_restored();
}

#[test]
fn frozen_it_writes_nothing_and_says_so() {
    let mut t = Terminal::start(&["demo", "--speed", "20", "--scenario", "file-storm"], 120, 40);
    t.shows("all fresh");
    t.press(" ");
    t.shows("FROZEN");
    sleep(Duration::from_millis(300));
    let before = t.written();
    sleep(Duration::from_secs(3));
    assert_eq!(t.written(), before, "no byte while frozen");
    t.press(" ");
    t.until("thawed", |s| !s.contains("FROZEN"));
    t.press("q");
    t.ends();
}

#[test]
fn pasted_text_is_never_keys() {
    let mut t = Terminal::start(&["demo"], 120, 40);
    t.shows("all fresh");
    t.press("\x1b[200~qqq\r\x1b[201~");
    t.shows("pasted text ignored");
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
}

#[test]
fn without_a_terminal_it_says_what_to_do_and_exits_with_2() {
    for args in [&["demo"][..], &[]] {
        let output = Command::new(env!("CARGO_BIN_EXE_miharu"))
            .args(args)
            .env_clear()
            .env("EFS_FILE_SYSTEM_ID", "fs-0123456789abcdef0")
            .env("HOME", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("terminal") && text.contains("miharu snapshot"), "{text}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn without_a_configuration_it_says_how_to_get_one_and_offers_the_demo() {
    let output = Command::new(env!("CARGO_BIN_EXE_miharu"))
        .arg("snapshot")
        .env_clear()
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stderr).unwrap();
    for word in ["EFS_FILE_SYSTEM_ID", "config.toml", "miharu demo"] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[test]
fn a_held_key_and_pasted_text_approve_nothing_and_a_read_plan_is_applied() {
    let mut t = Terminal::start(&["demo", "--scenario", "over", "--speed", "20"], 80, 24);
    t.shows("all fresh");
    t.press("6");
    t.shows("add a mount target in 1d");
    t.shows("waits for a decision");
    // Pasted: text, never keys; also as a terminal without bracketed paste delivers it.
    t.press("\x1b[200~aGaYY\r\x1b[201~");
    t.shows("pasted text ignored");
    t.press("aGaY\r");
    t.until("the question was not answered by it", |s| {
        !s.contains("Apply this plan?") || s.contains("too quick")
    });
    for key in ["a", "Y"] {
        for _ in 0..60 {
            t.press(key);
            sleep(Duration::from_millis(15));
        }
    }
    t.closes();
    t.press("7");
    t.shows("nothing was proposed, decided or done yet");
    // Read to its end, asked, answered with the other key after the pause.
    t.press("6");
    t.shows("waits for a decision");
    t.press("a");
    t.shows("read to the end to approve");
    t.press("a");
    t.until("not before it was read", |s| !s.contains("Apply this plan?"));
    sleep(Duration::from_millis(300)); // keys that come together are taken for pasted ones
    t.press("G");
    t.until("its end", |s| s.contains("expires in") && !s.contains("read to the end"));
    sleep(Duration::from_millis(300));
    t.press("a");
    t.shows("Apply this plan?");
    for _ in 0..12 {
        t.press("Y"); // held: each comes too early, and postpones the answer
        sleep(Duration::from_millis(60));
    }
    t.shows("too quick to be meant");
    sleep(Duration::from_millis(2300)); // the question takes no answer before that
    t.shows("Apply this plan?");
    t.press("Y");
    t.until("applied step by step", |s| s.contains("step 1 of 3") || s.contains("step 3 of 3"));
    t.press("7");
    t.shows("converged");
    t.shows("uid");
    let raw = t.raw();
    for title in ["\x1b]0;miharu demo - 1 to decide (HIGH)\x07", "\x1b]0;miharu demo - change in flight\x07"]
    {
        assert!(raw.contains(title), "{title:?}");
    }
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.is_restored();
}
