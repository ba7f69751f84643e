//! Draws a state into memory and looks at it.

use std::fmt::Write as _;
use std::path::Path;

use miharu::app::action::Action;
use miharu::app::effect::Effect;
use miharu::app::state::State;
use miharu::config;
use miharu::config::theme::{Colour, Role, RoleStyle, Theme};
use miharu::ui::glyphs::Glyphs;
use miharu::ui::{Reply, Ui, picture};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

/// A screen without a terminal.
pub struct Screen {
    pub ui: Ui,
    pub state: State,
    pub replies: Vec<Reply>,
    /// What `update` wants done.
    pub effects: Vec<Effect>,
    terminal: Terminal<TestBackend>,
    theme: Theme,
}

impl Screen {
    pub fn new(state: State, size: (u16, u16), theme: &str, glyphs: &Glyphs) -> Self {
        let theme = config::theme(theme, Path::new("")).unwrap();
        let keymap = config::keymap("default", Path::new("")).unwrap();
        let mut ui = Ui::new(&theme, keymap, glyphs.clone());
        let all = config::themes(Path::new(""));
        ui.set_themes(
            all.into_iter()
                .map(|name| {
                    let theme = config::theme(&name, Path::new("")).unwrap();
                    (theme.name, theme.description)
                })
                .collect(),
        );
        let terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        let mut screen = Self { ui, state, replies: Vec::new(), effects: Vec::new(), terminal, theme };
        screen.draw();
        screen
    }

    /// Dark theme, box lines.
    pub fn dark(state: State, size: (u16, u16)) -> Self {
        Self::new(state, size, "dark", &Glyphs::UNICODE)
    }

    /// Does what waits, as the loop does between two messages, and draws.
    pub fn draw(&mut self) -> &Buffer {
        while self.ui.work(&self.state, usize::MAX).left {}
        // a new terminal: one that is kept shows what once stood under the right half of a wide character
        let size = self.buffer().area;
        self.terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
        self.terminal.draw(|frame| self.ui.draw(&self.state, frame)).unwrap();
        self.terminal.backend().buffer()
    }

    pub fn resize(&mut self, size: (u16, u16)) {
        self.terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
        self.draw();
    }

    /// Does what the runtime does with an action, and draws.
    pub fn act(&mut self, action: Action) -> &mut Self {
        if let Some(reply) = self.ui.on(action, &self.state) {
            if let Reply::Event(event) = &reply {
                let now = self.state.now;
                let effects = miharu::app::update::update(&mut self.state, event.clone(), now);
                self.effects.extend(effects);
            }
            self.replies.push(reply);
        }
        self.draw();
        self
    }

    pub fn acts(&mut self, actions: &[Action]) -> &mut Self {
        for action in actions {
            self.act(*action);
        }
        self
    }

    pub fn copied(&self) -> Option<&str> {
        self.replies.iter().rev().find_map(|r| match r {
            Reply::Effect(Effect::Copy(text)) => Some(text.as_str()),
            _ => None,
        })
    }

    pub fn text(&self) -> String {
        picture::text(self.terminal.backend().buffer())
    }

    /// Text, then the letters of the roles, one letter with a count for each run of cells.
    /// They are read from the same frame in a theme in which no two roles look alike.
    pub fn picture(&mut self) -> String {
        let shown = self.text();
        self.ui.set_theme(&distinct());
        let size = self.buffer().area;
        let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
        terminal.draw(|frame| self.ui.draw(&self.state, frame)).unwrap();
        let picture = format!("{shown}\nroles\n{}", roles(&self.ui, terminal.backend().buffer()));
        self.ui.set_theme(&self.theme);
        picture
    }

    pub fn buffer(&self) -> &Buffer {
        self.terminal.backend().buffer()
    }

    /// As a terminal would show it, for eyes.
    pub fn ansi(&self, light: bool) -> String {
        let mut buffer = self.terminal.backend().buffer().clone();
        for cell in buffer.content.iter_mut().filter(|_| light) {
            if cell.bg == Color::Reset {
                cell.bg = Color::Rgb(250, 250, 248);
            }
            if cell.fg == Color::Reset {
                cell.fg = Color::Rgb(30, 30, 34);
            }
        }
        ansi(&buffer)
    }
}

/// A theme in which each role has a colour of its own.
fn distinct() -> Theme {
    let style = |(colour, (role, _)): (u8, &(Role, &str))| {
        let bg = match role {
            Role::Bar => Some(Colour::Indexed(17)),
            Role::Selection => Some(Colour::Indexed(18)),
            _ => None,
        };
        (*role, RoleStyle { fg: Some(Colour::Indexed(colour)), bg, ..RoleStyle::default() })
    };
    let roles = (100..).zip(Role::ALL).map(style).collect();
    Theme { name: "distinct".into(), description: String::new(), light: false, roles }
}

fn rows(buffer: &Buffer) -> impl Iterator<Item = &[ratatui::buffer::Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width.max(1)))
}

fn roles(ui: &Ui, buffer: &Buffer) -> String {
    let styles = &ui.look().styles;
    let mut out = String::new();
    for row in rows(buffer) {
        // the colour of a blank is not seen, unless it has a background
        let letters: Vec<char> = row
            .iter()
            .map(|c| {
                let letter = styles.letter(c.style());
                if c.symbol().trim().is_empty() && letter != 'S' { ' ' } else { letter }
            })
            .collect();
        let letters = without_single_blanks(letters);
        for run in letters.chunk_by(|a, b| a == b) {
            let _ = write!(out, "{}{} ", if run[0] == ' ' { '_' } else { run[0] }, run.len());
        }
        out.push('\n');
    }
    out
}

/// The blank between two words of one role belongs to it.
fn without_single_blanks(mut letters: Vec<char>) -> Vec<char> {
    for i in 1..letters.len().saturating_sub(1) {
        if letters[i] == ' ' && letters[i - 1] == letters[i + 1] {
            letters[i] = letters[i - 1];
        }
    }
    letters
}

fn ansi(buffer: &Buffer) -> String {
    let mut out = String::from("\x1b[2J\x1b[H\x1b[?25l");
    for (y, row) in rows(buffer).enumerate() {
        let _ = write!(out, "\x1b[{};1H", y + 1);
        let mut skip = 0;
        for cell in row {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let _ = write!(out, "\x1b[0;{};{}", colour(cell.fg, 30), colour(cell.bg, 40));
            for (modifier, code) in
                [(Modifier::BOLD, 1), (Modifier::DIM, 2), (Modifier::UNDERLINED, 4), (Modifier::REVERSED, 7)]
            {
                if cell.modifier.contains(modifier) {
                    let _ = write!(out, ";{code}");
                }
            }
            let _ = write!(out, "m{}", cell.symbol());
            skip = unicode_width::UnicodeWidthStr::width(cell.symbol()).saturating_sub(1);
        }
    }
    out.push_str("\x1b[0m");
    out
}

fn colour(c: Color, base: u8) -> String {
    let index = |i: u8| if i < 8 { (base + i).to_string() } else { (base + 52 + i).to_string() };
    match c {
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
        Color::Indexed(i) => format!("{};5;{i}", base + 8),
        Color::Black => index(0),
        Color::Red => index(1),
        Color::Green => index(2),
        Color::Yellow => index(3),
        Color::Blue => index(4),
        Color::Magenta => index(5),
        Color::Cyan => index(6),
        Color::Gray => index(7),
        Color::DarkGray => index(8),
        Color::LightRed => index(9),
        Color::LightGreen => index(10),
        Color::LightYellow => index(11),
        Color::LightBlue => index(12),
        Color::LightMagenta => index(13),
        Color::LightCyan => index(14),
        Color::White => index(15),
        Color::Reset => (base + 9).to_string(),
    }
}

/// What must hold for every frame: rows are full to the column, and no cell holds what a terminal would obey.
pub fn sound(screen: &Screen, what: &str) {
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
