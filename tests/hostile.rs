//! Text from outside that tries to leave its place: escape sequences, control, bidi and invisible characters, marks
//! without end, wide and halfwidth characters, bytes that are no UTF-8. It is drawn by the real screens, leaves
//! through the real backend, and what arrives is looked at byte by byte and column by column.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "frames/parts.rs"]
mod parts;

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;

use miharu::app::action::Action;
use miharu::app::event::Event;
use miharu::app::state::State;
use miharu::app::update::update;
use miharu::config;
use miharu::config::terminal::Multiplexer;
use miharu::config::theme::Role;
use miharu::domain::alarm::AlarmState;
use miharu::domain::ecs::{MountsBy, ServiceEvent};
use miharu::domain::facts::Facts;
use miharu::domain::source::{Failure, FailureClass, SourceId};
use miharu::runtime::backend::FrameBackend;
use miharu::runtime::{clipboard, terminal};
use miharu::ui::Ui;
use miharu::ui::canvas::{Canvas, Line};
use miharu::ui::glyphs::Glyphs;
use miharu::ui::log_view::pieces;
use parts::{World, ago, alarm, info, now, observe, prepare, read, read_service, service, task};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ratatui::Terminal;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Size;

/// Log lines in all.
const LINES: usize = 10_000;
/// States with names, each with some forty of them.
const WORLDS: usize = 60;
const SIZE: (u16, u16) = (80, 24);

/// What has broken terminals before.
const PIECES: &[&[u8]] = &[
    b"\x1b[2J\x1b[H",
    b"\x1b[31;1m",
    b"\x1b]0;owned\x07",
    b"\x1b]52;c;cm0gLXJmIC8=\x07",
    b"\x1b]8;;http://evil/\x1b\\link\x1b]8;;\x1b\\",
    b"\x1bPq#0;2;0;0;0\x1b\\",
    b"\x1b[?1049l\x1b[?2026l",
    b"\x1b[6n\x1bc\x1b(0",
    b"\x1b",
    b"\x1b[",
    b"\x9b31m\x9d0;c1\x9c",
    "\u{9b}31m\u{9d}0;c1\u{9c}\u{85}\u{8e}".as_bytes(),
    b"\x00\x01\x07\x08\x0b\x0c\x0e\x0f\x7f",
    b"\r\n\t\n",
    b"\xff\xfe\xc3\x28\xe3\x81",
    b"\xed\xa0\x80\xf8\x88\x80\x80\x80",
    "\u{202e}drowssap\u{202c}\u{2066}\u{2069}\u{200f}\u{61c}".as_bytes(),
    "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{180e}".as_bytes(),
    "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{20dd}".as_bytes(),
    "\u{300}\u{301}".as_bytes(),
    "日本語のログ行、全角ＡＢＣ　空白".as_bytes(),
    "ﾊﾝｶｸ ｶﾞｷﾞｸﾞ ﾊﾟﾞﾟ".as_bytes(),
    "か\u{3099}き\u{309a}".as_bytes(),
    "👩\u{200d}👩\u{200d}👧\u{1f1ef}\u{1f1f5}👍\u{1f3fd}❤\u{fe0f}⌚".as_bytes(),
    "①②…●─│α β × § ±".as_bytes(),
    "हिन्दी क्षत्रिय สวัสดี ᄀᄀᄀ가각ힰ".as_bytes(),
    "\u{e0041}\u{e007f}\u{f0000}\u{e000}\u{10ffff}".as_bytes(),
    "مرحبا שלום".as_bytes(),
    b"10.0.0.7 arn:aws:ecs:ap-northeast-1:123456789012:task/x ERROR timed out",
    b"{\"level\":\"warn\",\"n\":1}",
];

fn nasty(random: &mut impl Rng) -> String {
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(1..8) {
        match random.random_range(0..10) {
            0..=5 => bytes.extend_from_slice(PIECES[random.random_range(0..PIECES.len())]),
            6 => bytes.extend((0..random.random_range(1..12)).map(|_| random.random::<u8>())),
            7 => {
                let c = char::from_u32(random.random_range(0..0x11_0000)).unwrap_or('?');
                bytes.extend_from_slice(c.to_string().as_bytes());
            }
            8 => bytes.extend((0..random.random_range(1..120)).map(|_| random.random_range(0x20..0x7f))),
            _ => bytes.push(b' '),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What leaves for the terminal.
#[derive(Clone, Default)]
struct Tap(Rc<RefCell<Vec<u8>>>);

impl io::Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The real backend with a terminal behind it.
struct Wire {
    tap: Tap,
    terminal: Terminal<FrameBackend<Tap>>,
    seen: vt100::Parser,
}

impl Wire {
    fn new() -> Self {
        let tap = Tap::default();
        let size = || Ok(Size::new(SIZE.0, SIZE.1));
        let terminal = Terminal::new(FrameBackend::new(tap.clone(), size)).unwrap();
        let cells = |n| std::num::NonZero::new(n).unwrap();
        Self { tap, terminal, seen: vt100::Parser::new(cells(SIZE.1), cells(SIZE.0), 0) }
    }

    fn draw(&mut self, what: &str, render: impl FnOnce(&mut ratatui::Frame<'_>)) {
        let buffer = self.terminal.draw(render).unwrap().buffer.clone();
        let bytes = std::mem::take(&mut *self.tap.0.borrow_mut());
        only_own_sequences(&bytes, what);
        // the emulator does not show this character; terminals do, in one column
        self.seen.process(String::from_utf8_lossy(&bytes).replace('\u{fffd}', "\u{bf}").as_bytes());
        aligned(&buffer, self.seen.screen(), what);
    }
}

/// No byte that a terminal obeys but those of the program itself: moves, styles, erasing, the synchronized update.
fn only_own_sequences(bytes: &[u8], what: &str) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|e| unsound(what, &format!("not UTF-8: {e}")));
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if chars.next() != Some('[') {
                    unsound(what, "an escape that is no control sequence");
                }
                let sequence: String = chars.by_ref().take_while_inclusive(|c| !c.is_ascii_alphabetic());
                let (parameters, last) = sequence.split_at(sequence.len() - 1);
                let own = match last {
                    "H" | "m" | "K" | "J" => {
                        parameters.chars().all(|c| c.is_ascii_digit() || ";:".contains(c))
                    }
                    "h" | "l" => ["?2026", "?25"].contains(&parameters),
                    _ => false,
                };
                if !own {
                    unsound(what, &format!("the sequence {sequence:?}"));
                }
            }
            c if c.is_control() => unsound(what, &format!("the control character {c:?}")),
            '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{e0000}'..='\u{10ffff}' => {
                unsound(what, &format!("the invisible character {c:?}"));
            }
            _ => {}
        }
    }
}

#[expect(clippy::panic, reason = "the test ends here")]
fn unsound(what: &str, why: &str) -> ! {
    panic!("{what}: {why} left for the terminal")
}

trait TakeWhileInclusive: Iterator<Item = char> {
    fn take_while_inclusive(&mut self, goes_on: impl Fn(&char) -> bool) -> String;
}

impl<I: Iterator<Item = char>> TakeWhileInclusive for I {
    fn take_while_inclusive(&mut self, goes_on: impl Fn(&char) -> bool) -> String {
        let mut out = String::new();
        for c in self {
            out.push(c);
            if !goes_on(&c) {
                break;
            }
        }
        out
    }
}

/// What the terminal shows stands where the frame has it.
fn aligned(buffer: &Buffer, screen: &vt100::Screen, what: &str) {
    for y in 0..buffer.area.height {
        let mut x = 0;
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            let symbol = cell.symbol();
            if symbol.is_ascii() {
                let shown = screen.cell(y, x).map(|c| c.contents().to_owned()).unwrap_or_default();
                assert!(
                    shown == symbol || (symbol == " " && shown.is_empty()),
                    "{what}: at {x},{y} the terminal shows {shown:?} instead of {symbol:?}; drawn was\n{:?}\n{}",
                    (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<Vec<_>>(),
                    screen.contents()
                );
            }
            x += cell.cell_width().max(1);
        }
        assert_eq!(x, buffer.area.width, "{what}: row {y} is not full");
    }
}

fn ui(glyphs: &Glyphs) -> Ui {
    let none = Path::new("");
    let theme = config::theme("dark", none).unwrap();
    Ui::new(&theme, config::keymap("default", none).unwrap(), glyphs.clone())
}

#[test]
fn ten_thousand_log_lines_stay_text_and_in_their_columns() {
    let ui = ui(&Glyphs::UNICODE);
    let mut line = Wire::new();
    let mut drawn = 0;
    for seed in 0.. {
        if drawn >= LINES {
            break;
        }
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let from = [None, Some(0), Some(1), Some(7)][random.random_range(0..4)];
        let columns = random.random_range(1..=60);
        let lines: Vec<String> = (0..SIZE.1).map(|_| nasty(&mut random)).collect();
        drawn += lines.len();
        line.draw(&format!("seed {seed}, {columns} columns from {from:?}"), |frame| {
            let area = frame.area();
            let mut canvas = Canvas { buf: frame.buffer_mut(), look: ui.look() };
            canvas.clear(area);
            let rows = lines.iter().flat_map(|text| pieces(text, columns, from, None));
            for (y, piece) in (0..area.height).zip(rows) {
                let end = canvas.line(area, 2, y, &Line::new().muted("> ").add(Role::Text, piece.text));
                canvas.put(area, end.max(70), y, Role::Title, "|");
            }
        });
    }
}

/// A world in which everything has such a name.
fn world(random: &mut ChaCha8Rng) -> State {
    let mut state = State::new(vec![info(&nasty(random))], now());
    prepare(&mut state, 0);
    read(&mut state, 0, &World::default());
    let mut service = service(6, MountsBy::List);
    service.name = nasty(random);
    service.cluster = nasty(random);
    service.events =
        (0..4).map(|n| ServiceEvent { id: nasty(random), at: ago(n), message: nasty(random) }).collect();
    for deployment in &mut service.deployments {
        deployment.reason = Some(nasty(random));
        deployment.rollout_state = Some(nasty(random));
        deployment.task_definition = nasty(random);
    }
    let tasks = (0..6).map(|i| {
        let mut t = task(i, i % 3, 3_600);
        t.id = nasty(random);
        t.arn = nasty(random);
        t.status = nasty(random);
        t.health = Some(nasty(random));
        t.availability_zone = Some(nasty(random));
        t.stopped_reason = Some(nasty(random));
        t
    });
    let tasks = tasks.collect();
    read_service(&mut state, 0, service, tasks);
    let alarms = (0..3).map(|_| alarm(&nasty(random), AlarmState::Alarm, &nasty(random))).collect();
    observe(&mut state, 0, SourceId::ALARMS, 1, Ok(vec![Facts::Alarms(alarms)]));
    let failure = Failure {
        class: FailureClass::Other,
        action: Some(nasty(random)),
        code: Some(nasty(random)),
        text: nasty(random),
        request_id: Some(nasty(random)),
    };
    observe(&mut state, 0, SourceId::EFS, 0, Err(failure));
    let env = &mut state.environments[0];
    env.info.region = Some(nasty(random));
    if let Some(count) = &mut env.world.file_count {
        for directory in &mut count.largest {
            directory.path = nasty(random);
        }
    }
    for target in env.world.mount_targets.iter_mut().flatten() {
        target.mount_target_id = nasty(random);
        target.ip_address = Some(nasty(random));
    }
    update(&mut state, Event::Notice(nasty(random)), now());
    state
}

#[test]
fn resource_names_stay_text_and_in_their_columns_on_every_screen() {
    const ACTIONS: [&[Action]; 14] = [
        &[Action::Overview],
        &[Action::Storage],
        &[Action::Tasks],
        &[Action::Open],
        &[Action::Raw],
        &[Action::Back],
        &[Action::Impressions],
        &[Action::Changes],
        &[Action::Journal],
        &[Action::Errors],
        &[Action::ServiceEvents],
        &[Action::Sources],
        &[Action::Environments],
        &[Action::Figures],
    ];
    for seed in 0..WORLDS as u64 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let state = world(&mut random);
        let mut ui = ui(&Glyphs::ALL[random.random_range(0..Glyphs::ALL.len())]);
        let mut line = Wire::new();
        if random.random_range(0..4) == 0 {
            ui.set_masked(true);
        }
        for actions in ACTIONS {
            for action in actions {
                ui.on(*action, &state);
            }
            line.draw(&format!("seed {seed}, {actions:?}"), |frame| ui.draw(&state, frame));
        }
        let title = terminal::title(&ui.title(&state));
        let inner = title.strip_prefix("\x1b]0;").and_then(|t| t.strip_suffix('\x07')).unwrap();
        assert!(!inner.chars().any(char::is_control), "seed {seed}: {title:?}");
        let copied = clipboard::sequence(&nasty(&mut random), Multiplexer::None);
        let inner = copied.strip_prefix("\x1b]52;c;").and_then(|t| t.strip_suffix('\x07')).unwrap();
        assert!(inner.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)), "seed {seed}");
    }
}
