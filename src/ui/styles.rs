//! Role to style: the only place that builds a colour.

use ratatui::style::{Color, Modifier, Style};

use crate::config::theme::{Colour, Role, RoleStyle, Theme};

/// The styles of a theme, by role.
#[derive(Debug, Clone)]
pub struct Styles([Style; Role::ALL.len()]);

impl Styles {
    /// The styles of `theme`.
    pub fn new(theme: &Theme) -> Self {
        Self(std::array::from_fn(|i| Role::ALL.get(i).map_or_else(Style::new, |r| style(theme.role(r.0)))))
    }

    /// The style of a role.
    pub fn get(&self, role: Role) -> Style {
        self.0.get(role as usize).copied().unwrap_or_default()
    }

    /// A letter for the role that a cell was drawn in, for pictures of frames in tests: the first role in the
    /// order of [`Role::ALL`] whose style it is, `?` for none. The selected row shows as the selection.
    pub fn letter(&self, cell: Style) -> char {
        let text = self.get(Role::Text);
        let looks = |style: Style| {
            let full = text.patch(style);
            (full.fg.or(Some(Color::Reset)), full.bg.or(Some(Color::Reset)), full.add_modifier)
        };
        let selection = self.get(Role::Selection);
        let seen = (cell.fg.or(Some(Color::Reset)), cell.bg.or(Some(Color::Reset)), cell.add_modifier);
        if seen == looks(selection) {
            return letter(Role::Selection);
        }
        for (role, _) in Role::ALL {
            if seen == looks(self.get(*role)) {
                return letter(*role);
            }
        }
        let selected = Role::ALL.iter().any(|(role, _)| seen == looks(self.get(*role).patch(selection)));
        if selected {
            return letter(Role::Selection);
        }
        // on the bar a role keeps its colour, where that can be read, and takes the bar's background
        let bar = self.get(Role::Bar);
        let base = Style { fg: None, ..bar };
        let on_bar = Role::ALL.iter().find(|(role, _)| seen == looks(self.get(*role).patch(base)));
        let whole = Role::ALL.iter().any(|(role, _)| seen == looks(self.get(*role).patch(bar)));
        on_bar.map_or(if whole { letter(Role::Bar) } else { '?' }, |r| letter(r.0))
    }
}

/// The letter of a role.
pub fn letter(role: Role) -> char {
    match role {
        Role::Text => '.',
        Role::Muted => 'm',
        Role::Title => 't',
        Role::Border => 'r',
        Role::Focus => 'f',
        Role::Selection => 'S',
        Role::Accent => 'a',
        Role::Ok => 'O',
        Role::Warn => 'W',
        Role::Bad => 'B',
        Role::Unknown => 'U',
        Role::Stale => 'L',
        Role::Bar => 'b',
        Role::Key => 'k',
        Role::Series1 => '1',
        Role::Series2 => '2',
        Role::Series3 => '3',
    }
}

fn style(role: RoleStyle) -> Style {
    let mut modifier = Modifier::empty();
    modifier.set(Modifier::BOLD, role.bold);
    modifier.set(Modifier::DIM, role.dim);
    modifier.set(Modifier::REVERSED, role.reverse);
    modifier.set(Modifier::UNDERLINED, role.underline);
    Style { fg: role.fg.map(colour), bg: role.bg.map(colour), ..Style::new() }.add_modifier(modifier)
}

fn colour(c: Colour) -> Color {
    match c {
        Colour::Rgb(r, g, b) => Color::Rgb(r, g, b),
        Colour::Indexed(0) => Color::Black,
        Colour::Indexed(1) => Color::Red,
        Colour::Indexed(2) => Color::Green,
        Colour::Indexed(3) => Color::Yellow,
        Colour::Indexed(4) => Color::Blue,
        Colour::Indexed(5) => Color::Magenta,
        Colour::Indexed(6) => Color::Cyan,
        Colour::Indexed(7) => Color::Gray,
        Colour::Indexed(8) => Color::DarkGray,
        Colour::Indexed(9) => Color::LightRed,
        Colour::Indexed(10) => Color::LightGreen,
        Colour::Indexed(11) => Color::LightYellow,
        Colour::Indexed(12) => Color::LightBlue,
        Colour::Indexed(13) => Color::LightMagenta,
        Colour::Indexed(14) => Color::LightCyan,
        Colour::Indexed(15) => Color::White,
        Colour::Indexed(i) => Color::Indexed(i),
    }
}

/// Whether text of one colour can be read on the other: a contrast of at least 3, as WCAG asks of large text.
/// Colours whose looks only the terminal knows are taken as readable.
pub fn readable(fg: Color, bg: Color) -> bool {
    let (Some(a), Some(b)) = (luminance(fg), luminance(bg)) else { return true };
    (a.max(b) + 0.05) / (a.min(b) + 0.05) >= 3.0
}

/// Relative luminance as WCAG 2 defines it.
fn luminance(colour: Color) -> Option<f64> {
    let step = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
    let (red, green, blue) = match colour {
        Color::Rgb(red, green, blue) => (red, green, blue),
        Color::Indexed(i @ 16..232) => {
            let i = i - 16;
            (step(i / 36), step(i / 6 % 6), step(i % 6))
        }
        Color::Indexed(i @ 232..) => (8 + (i - 232) * 10, 8 + (i - 232) * 10, 8 + (i - 232) * 10),
        _ => return None,
    };
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yellow_on_white_cannot_be_read() {
        assert!(!readable(Color::Rgb(240, 228, 66), Color::Rgb(255, 255, 255)));
        assert!(!readable(Color::Indexed(226), Color::Indexed(231)));
        assert!(readable(Color::Rgb(0, 0, 0), Color::Indexed(255)));
        assert!(readable(Color::Yellow, Color::Gray), "the terminal's own colours are its own business");
    }

    #[test]
    fn roles_index_their_own_style() {
        for (i, (role, _)) in Role::ALL.iter().enumerate() {
            assert_eq!(*role as usize, i);
        }
    }

    #[test]
    fn letters_differ() {
        let mut letters: Vec<char> = Role::ALL.iter().map(|r| letter(r.0)).collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), Role::ALL.len());
    }
}
