//! Keys on the Logs screen, through the same core as the real loop; and that no line goes missing on its way.

use std::sync::Arc;

use chrono::TimeDelta;
use miharu::app::action::Action;
use miharu::app::effect::Effect;
use miharu::app::event::Event;
use miharu::config;
use miharu::domain::log::batch::Batch;
use miharu::domain::log::intake::{Arrived, Intake};
use miharu::domain::log::ring::Limits;
use miharu::runtime::core::{Change, Core};
use miharu::runtime::inbox::Message;
use miharu::ui::glyphs::Glyphs;
use miharu::ui::logs::LogDesk;
use miharu::ui::{Reply, Ui};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::log_lines::{SERVICE, batches, event, followed};
use crate::parts::{ago, now};

/// A core with a terminal, but no clock and no loop.
struct Console {
    core: Core,
    terminal: Terminal<TestBackend>,
    effects: Vec<Effect>,
}

impl Console {
    fn new(keymap: &str, size: (u16, u16)) -> Self {
        let none = std::path::Path::new("");
        let keymap = config::keymap(keymap, none).unwrap();
        let theme = config::theme("dark", none).unwrap();
        let ui = Ui::new(&theme, keymap.clone(), Glyphs::UNICODE);
        let terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        let mut console = Self { core: Core::new(followed(), ui, keymap), terminal, effects: Vec::new() };
        console.press("5");
        console
    }

    /// With so many lines.
    fn filled(keymap: &str, n: usize) -> Self {
        let mut console = Self::new(keymap, (100, 30));
        for batch in batches(n) {
            console.log(batch);
        }
        console
    }

    fn log(&mut self, batch: Batch) {
        self.send(Message::Event(Event::Logged { environment: 0, batch: Arc::new(batch) }));
    }

    fn send(&mut self, message: Message) {
        let now = self.core.state.now;
        let (_, effects) = self.core.handle(message, now);
        self.effects.extend(effects);
        self.settle();
    }

    /// What the loop does between two messages, then a frame.
    fn settle(&mut self) {
        loop {
            let worked = self.core.work(64 << 10);
            self.effects.extend(worked.effects);
            if !worked.left {
                break;
            }
        }
        let Core { state, ui, .. } = &mut self.core;
        self.terminal.draw(|frame| ui.draw(state, frame)).unwrap();
        // the frame may have told how many bars there are
        self.core.work(64 << 10);
    }

    /// Keys as a keymap writes them; what is in quotes is typed.
    fn press(&mut self, keys: &str) {
        for word in keys.split(' ').filter(|w| !w.is_empty()) {
            if let Some(text) = word.strip_prefix('"') {
                text.trim_end_matches('"').replace('_', " ").chars().for_each(|c| self.key(&c.to_string()));
            } else {
                self.key(word);
            }
        }
    }

    fn key(&mut self, key: &str) {
        let mut letters = key.chars();
        let key = match (letters.next(), letters.next()) {
            (Some(' '), None) => "space".to_owned(),
            (Some(c), None) if c.is_uppercase() => format!("shift-{}", c.to_lowercase()),
            (Some('-'), None) => "hyphen".to_owned(),
            _ => key.replace("pgup", "pageup").replace("pgdn", "pagedown").replace("del", "delete"),
        };
        self.send(Message::Key(crokey::parse(&key).unwrap()));
    }

    fn desk(&mut self) -> &mut LogDesk {
        self.core.ui.desk(0)
    }

    fn text(&self) -> String {
        miharu::ui::picture::text(self.terminal.backend().buffer())
    }

    /// The text of the selected line.
    fn selected(&mut self) -> String {
        let desk = self.desk();
        let line = desk.view().selected().and_then(|key| desk.ring().line(key));
        line.map_or_else(String::new, |line| line.text.to_owned())
    }

    fn copied(&self) -> String {
        let mut copies = self.effects.iter().rev();
        copies
            .find_map(|e| if let Effect::Copy(text) = e { Some(text.clone()) } else { None })
            .unwrap_or_default()
    }
}

/// What holds after the keys.
enum Then {
    Follows(bool),
    /// The selected line holds this.
    At(&'static str),
    /// So many lines are shown.
    Shown(u64),
    /// This stands on the screen.
    Says(&'static str),
    SaysNot(&'static str),
    /// This is copied.
    Copied(&'static str),
}

use Then::{At, Copied, Follows, Says, SaysNot, Shown};

const KEYS: &[(&str, &[Then])] = &[
    ("", &[Follows(true), Shown(2_000), Says("following"), Says("GET /files/in/1999")]),
    ("up", &[Follows(false), At("/1999"), Says("stopped")]),
    ("up up up", &[At("request failed")]),
    ("up up down down", &[Follows(true), At("")]),
    ("pgup", &[Follows(false), At("")]),
    ("pgup G", &[Follows(true)]),
    ("g", &[Follows(false), Says("/in/0000")]),
    ("f", &[Follows(false), At("")]),
    ("f f", &[Follows(true)]),
    ("E", &[Follows(false), At("request failed")]),
    ("E E", &[At("publish failed: token=[redacted]")]),
    ("E E e", &[At("request failed")]),
    ("E e", &[Says("no error further on")]),
    ("W W W", &[At("timed out")]),
    ("g down w", &[At("timed out")]),
    ("/ \"timed_out\" enter", &[At("timed out"), Shown(2_000), Says("timed out 50/50")]),
    ("/ \"timed_out\" enter N", &[At("timed out"), Says("timed out 49/50")]),
    ("/ \"timed_out\" enter N n n", &[Says("no match further on")]),
    ("/ \"timed_out\" esc", &[Follows(true), SaysNot("timed out 50")]),
    ("/ \"(oops\" enter", &[Says("unclosed group")]),
    ("/ \"timed_out\" enter esc esc", &[SaysNot("50/50")]),
    ("/ \"counted\" enter / up", &[Says("search counted")]),
    ("n", &[Says("nothing is searched for")]),
    ("i \"timed_out\" enter", &[Shown(50), Follows(true), Says("hidden 1 950"), Says("only timed out")]),
    ("x \"GET\" enter", &[Shown(302), Says("hidden 1 698"), Says("hide GET")]),
    ("x \"GET\" enter F space", &[Shown(2_000), Says("off"), Says("matches     1 698")]),
    ("x \"GET\" enter F d", &[Shown(2_000), Says("no filters")]),
    ("x \"GET\" enter F enter ctrl-u \"counted\" enter", &[Shown(1_950)]),
    ("x \"GET\" enter x \"START\" enter", &[Shown(252), Says("2 filters")]),
    (
        "i \"nothing_like_it\" enter",
        &[Shown(0), Says("the filters hide all 2 000 lines"), Says("F lists the filters")],
    ),
    ("L L", &[Shown(102), Says("only WARN and worse")]),
    ("L L L L", &[Shown(2_000), Says("lines of every level")]),
    ("t 5", &[Says("hide before 13:57:13")]),
    ("t 5 t c", &[Shown(2_000)]),
    ("t t \"14:01\" enter", &[Follows(false), Says("▸14:01:00")]),
    ("t t \"nonsense\" enter", &[Says("not a time")]),
    ("t t \"01:00\" enter", &[Says("the oldest line held is of")]),
    ("E t f", &[Shown(3)]),
    ("E t u", &[Shown(1_998)]),
    ("E E t f E t u", &[Says("hide before")]),
    ("t z", &[Says("times in UTC")]),
    ("{", &[Follows(false)]),
    ("{ { } } } }", &[Follows(true)]),
    ("P", &[Says("WARN mount target"), Says("× ")]),
    ("P down down enter", &[Shown(50)]),
    ("P x", &[Shown(302)]),
    ("/ \"counted\" enter enter", &[Says("took.ms"), Says("after it was logged")]),
    ("/ \"counted\" enter enter down down down down down down i", &[Shown(50), Says("only msg: ")]),
    ("/ \"counted\" enter enter esc", &[SaysNot("took.ms")]),
    ("E m E E '", &[Says("Bookmarks  1"), Says("request failed")]),
    ("E m G ' enter", &[At("request failed"), SaysNot("Bookmarks")]),
    ("E M \"why\" enter '", &[Says("why  ERROR request failed")]),
    ("E m g down )", &[At("request failed")]),
    ("E m g down (", &[Says("no bookmark before")]),
    ("E m ' d", &[Says("no bookmarks")]),
    ("E E c", &[Copied("ERROR\t/ecs/efs-mount-autoscaling-fargate\tecs/file-svc/")]),
    ("up v up c", &[Copied("/1998 200 33 ms 74438 bytes\n")]),
    ("", &[SaysNot("INFO GET"), Says("counted  files=")]),
    ("y", &[Says("INFO GET"), Says("{\"level\":\"info\""), Says("lines as they came")]),
    ("z right", &[Says("from column 17")]),
    ("right right", &[Says("from column 33")]),
    ("z z", &[SaysNot("from column")]),
];

fn holds(console: &mut Console, keys: &str, then: &Then) {
    let text = console.text();
    match then {
        Follows(follows) => assert_eq!(console.desk().view().follows(), *follows, "{keys}\n{text}"),
        At("") => assert_eq!(console.selected(), "", "{keys}\n{text}"),
        At(part) => assert!(console.selected().contains(part), "{keys}: {}\n{text}", console.selected()),
        Shown(n) => assert_eq!(console.desk().totals().shown, *n, "{keys}\n{text}"),
        Says(part) => assert!(text.contains(part), "{keys}: {part}\n{text}"),
        SaysNot(part) => assert!(!text.contains(part), "{keys}: {part}\n{text}"),
        Copied(part) => assert!(console.copied().contains(part), "{keys}: {}", console.copied()),
    }
}

#[test]
fn keys_do_what_they_say() {
    for (keys, then) in KEYS {
        let mut console = Console::filled("default", 2_000);
        console.press(keys);
        then.iter().for_each(|then| holds(&mut console, keys, then));
    }
}

#[test]
fn less_keys_are_those_of_less() {
    let mut console = Console::filled("less", 2_000);
    console.press("b");
    assert!(!console.desk().view().follows());
    console.press("F");
    assert!(console.desk().view().follows());
    console.press("& \"timed_out\" enter");
    assert_eq!(console.desk().totals().shown, 50);
    console.press("=");
    assert!(console.core.state.frozen.is_some());
}

#[test]
fn new_lines_below_are_counted_while_the_reader_has_stopped() {
    let mut console = Console::filled("default", 500);
    console.press("up");
    let before = console.selected();
    let arrived = (0..7).map(|n| Arrived {
        event: event(n, now(), SERVICE, "ecs/file-svc/new".into(), format!("INFO new {n}")),
        late: false,
    });
    let lines = Intake::default().blocks(arrived.collect()).pop().unwrap();
    console.log(Batch { lines, ..Batch::default() });
    assert!(console.text().contains("7 new below"), "{}", console.text());
    assert_eq!(console.selected(), before);
    console.press("G");
    assert!(console.text().contains("new 6") && !console.text().contains("new below"));
}

#[test]
fn while_frozen_lines_come_in_behind_what_is_shown() {
    let mut console = Console::filled("default", 500);
    console.press("space");
    let shown = console.text();
    console.log(batches(300).pop().unwrap());
    assert_eq!(console.desk().held_lines(), 300);
    let waiting = console.text().replace("  waiting 300", "");
    let lines = |text: &str| text.lines().skip(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&waiting), lines(&shown), "only the number of those that wait is new");
    console.press("space");
    assert_eq!((console.desk().held_lines(), console.desk().totals().taken), (0, 800));
}

#[test]
fn frozen_too_much_to_wait_is_taken_in_and_the_reader_stays() {
    let mut console = Console::filled("default", 400);
    console.press("space");
    let top = console.text().lines().nth(12).unwrap().to_owned();
    for _ in 0..11 {
        for batch in batches(10_000) {
            let message = Message::Event(Event::Logged { environment: 0, batch: Arc::new(batch) });
            console.core.handle(message, now());
        }
    }
    let desk = console.desk();
    let taken = desk.totals().taken;
    assert!(desk.held_lines() <= 100_000 && taken > 400, "{} {taken}", desk.held_lines());
    assert_eq!(taken + desk.held_lines() as u64, 110_400);
    assert!(!desk.view().follows());
    assert!(!top.is_empty());
    console.press("space");
    assert_eq!(console.desk().totals().taken, 110_400);
}

#[test]
fn what_is_shown_goes_to_a_file_without_secrets_and_escapes() {
    let mut console = Console::filled("default", 2_000);
    console.press("x \"GET\" enter O");
    assert!(console.text().contains("write to logs-prod-20261120T140213Z.txt"), "{}", console.text());
    console.press("enter");
    let Some(Effect::Export { name, text, lines, cut }) = console.effects.pop() else { panic!("no file") };
    assert_eq!((name.as_str(), lines, cut), ("logs-prod-20261120T140213Z.txt", 302, false));
    assert!(text.contains("token=[redacted]") && !text.contains("abcdef0123456789"));
    assert!(!text.chars().any(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || c == '\u{202e}'));
    assert!(text.contains("\n\t\t\t\tTraceback (most recent call last):\n"), "rows of a line stay together");
    let times: Vec<&str> =
        text.lines().filter(|l| !l.starts_with('\t')).filter_map(|l| l.split('\t').next()).collect();
    assert!(times.len() == 302 && times.is_sorted(), "the oldest first");
    console.press("up v up up O ctrl-u \"/tmp/x\" enter");
    let Some(Effect::Export { name, lines, .. }) = console.effects.pop() else { panic!("no file") };
    assert_eq!((name.as_str(), lines), ("/tmp/x", 3), "the selected lines");
}

#[test]
fn the_moment_is_the_same_on_other_screens() {
    let mut console = Console::filled("default", 500);
    console.core.ui.desk(0).go_to_time(ago(20));
    console.settle();
    let at = console.desk().view().selected().unwrap();
    assert!((at.at_ms - ago(20).timestamp_millis()).abs() < 1_000);
    console.press("t j");
    assert!(console.text().contains("the journal has no entry"), "{}", console.text());
    console.press("t o");
    assert!(console.text().contains("what is nearest to"), "{}", console.text());
    assert!(console.text().contains("▸Timeline"), "{}", console.text());
    // and back to the lines of what was found there
    console.press("L");
    assert!(console.text().contains("▸Logs"), "{}", console.text());
    // a time whose lines are still to come
    let mut later = Console::new("default", (100, 30));
    later.desk().go_to_time(ago(20));
    for batch in batches(500) {
        later.log(batch);
    }
    let at = later.desk().view().selected().unwrap();
    assert!((at.at_ms - ago(20).timestamp_millis()).abs() < 1_000);
}

#[test]
fn a_choice_of_the_palette_shows_the_screen_first() {
    let mut console = Console::filled("default", 500);
    console.press("1");
    let Core { state, ui, .. } = &mut console.core;
    assert_eq!(ui.on(Action::Patterns, state), None::<Reply>);
    console.settle();
    assert!(console.text().contains("Patterns"), "{}", console.text());
}

#[test]
fn lines_of_an_environment_stay_while_another_is_shown() {
    let mut console = Console::filled("default", 500);
    console.press("i \"timed_out\" enter 1");
    let batch = Arc::new(batches(100).pop().unwrap());
    let (change, _) = console.core.handle(Message::Event(Event::Logged { environment: 7, batch }), now());
    assert_eq!(change, Change::Data, "an environment that is not there changes nothing");
    console.press("5");
    assert!(console.text().contains("only timed out"));
    assert_eq!(console.desk().totals().taken, 500);
}

#[derive(Debug, Clone)]
enum Step {
    Lines(usize, i64),
    Key(&'static str),
    Work(usize),
    Draw,
}

fn step() -> impl Strategy<Value = Step> {
    const ANY: &[&str] = &[
        "space",
        "up",
        "down",
        "pgup",
        "G",
        "g",
        "f",
        "E",
        "w",
        "n",
        "/ \"timed\" enter",
        "i \"GET\" enter",
        "x \"4\" enter",
        "L",
        "t 5",
        "t c",
        "F space esc",
        "F d esc",
        "P enter",
        "m",
        "v",
        "c",
        "esc",
        "{",
        "}",
        "z",
        "right",
        "t f",
        "enter",
    ];
    prop_oneof![
        4 => (1usize..400, 0i64..600).prop_map(|(n, ago)| Step::Lines(n, ago)),
        4 => prop::sample::select(ANY).prop_map(Step::Key),
        2 => (1usize..100_000).prop_map(Step::Work),
        1 => Just(Step::Draw),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Shown, hidden, dropped, not yet filtered and waiting lines are those that were sent, whatever is done.
    #[test]
    fn no_line_goes_missing(steps in prop::collection::vec(step(), 1..40)) {
        let mut console = Console::new("default", (90, 26));
        console.core.ui.set_desk(0, Limits { lines: 900, bytes: 1 << 20 }, true);
        let (mut sent, mut spilled) = (0, 0);
        for step in &steps {
            match step {
                Step::Lines(n, back) => {
                    let arrived = (0..*n).zip(0..).map(|(i, ms)| {
                        let at = now() - TimeDelta::seconds(*back) + TimeDelta::milliseconds(ms);
                        let event = event(i, at, SERVICE, "s".into(), format!("INFO GET {i} timed {back}"));
                        Arrived { event, late: false }
                    });
                    sent += *n as u64;
                    for lines in Intake::default().blocks(arrived.collect()) {
                        let batch = Arc::new(Batch { lines, ..Batch::default() });
                        let event = Event::Logged { environment: 0, batch };
                        console.effects.extend(console.core.handle(Message::Event(event), now()).1);
                    }
                }
                Step::Key(keys) => console.press(keys),
                Step::Work(bytes) => { console.core.work(*bytes); }
                Step::Draw => console.settle(),
            }
            let blocks = console.desk().take_dropped();
            spilled += blocks.iter().map(|b| b.len() as u64).sum::<u64>();
            let held = console.desk().held_lines() as u64;
            let t = console.desk().totals();
            prop_assert_eq!(t.shown + t.hidden + t.unsettled + t.dropped + held, sent, "{:?} {:?}", step, t);
            prop_assert_eq!(spilled, t.dropped, "what is dropped is handed on");
        }
    }
}
