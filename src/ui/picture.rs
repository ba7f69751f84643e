//! A frame as a picture: SVG that any browser shows, made from the same cells as the terminal's.

use std::fmt::Write;

use ratatui::buffer::{Buffer, CellWidth};
use ratatui::style::{Color, Modifier};

/// Width and height of a cell in pixels; fonts of 14 px are close to this.
const CELL: (f64, f64) = (8.4, 18.0);

/// Colours of a terminal: background, foreground, the sixteen.
struct Terminal {
    background: &'static str,
    foreground: &'static str,
    sixteen: [&'static str; 16],
}

const DARK: Terminal = Terminal {
    background: "#101014",
    foreground: "#dcdcdc",
    sixteen: [
        "#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5", "#666666",
        "#f14c4c", "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff",
    ],
};

const LIGHT: Terminal = Terminal {
    background: "#ffffff",
    foreground: "#202020",
    sixteen: [
        "#000000", "#a31515", "#00722f", "#7f6000", "#0451a5", "#8f2a8f", "#00687a", "#555555", "#666666",
        "#cd3131", "#14853f", "#949800", "#0451a5", "#bc05bc", "#0598bc", "#a5a5a5",
    ],
};

/// The buffer as text, without blanks at the ends of lines.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width.max(1))) {
        let mut hidden = 0;
        let mut line = String::new();
        for cell in row {
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            hidden = cell.cell_width().saturating_sub(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// The buffer as an SVG document, on a light or a dark terminal.
pub fn svg(buffer: &Buffer, light: bool) -> String {
    let terminal = if light { &LIGHT } else { &DARK };
    let (width, height) = (f64::from(buffer.area.width) * CELL.0, f64::from(buffer.area.height) * CELL.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, \
         monospace\" font-size=\"14\" xml:space=\"preserve\">\n<rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n",
        terminal.background
    );
    for y in 0..buffer.area.height {
        row(&mut out, buffer, y, terminal);
    }
    out.push_str("</svg>\n");
    out
}

/// A run of cells of one look.
#[derive(PartialEq, Clone)]
struct Look {
    fg: String,
    bg: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
}

fn row(out: &mut String, buffer: &Buffer, y: u16, terminal: &Terminal) {
    let mut x = 0;
    let mut runs: Vec<(u16, u16, Look, String)> = Vec::new();
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        let columns = cell.cell_width().max(1);
        let look = look(cell, terminal);
        match runs.last_mut() {
            Some((_, width, last, text)) if *last == look => {
                *width += columns;
                text.push_str(cell.symbol());
            }
            _ => runs.push((x, columns, look, cell.symbol().to_owned())),
        }
        x += columns;
    }
    let top = f64::from(y) * CELL.1;
    for (at, columns, look, text) in runs {
        let (left, width) = (f64::from(at) * CELL.0, f64::from(columns) * CELL.0);
        if let Some(bg) = &look.bg {
            let _ = writeln!(
                out,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\" fill=\"{bg}\"/>",
                CELL.1
            );
        }
        if text.trim().is_empty() {
            continue;
        }
        let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
        let dim = if look.dim { " opacity=\"0.6\"" } else { "" };
        let line = if look.underline { " text-decoration=\"underline\"" } else { "" };
        let _ = writeln!(
            out,
            "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" fill=\"{}\"{bold}{dim}{line}>{}</text>",
            top + 13.5,
            look.fg,
            quick_xml::escape::escape(text.as_str())
        );
    }
}

fn look(cell: &ratatui::buffer::Cell, terminal: &Terminal) -> Look {
    let (mut fg, mut bg) = (colour(cell.fg, terminal), colour(cell.bg, terminal));
    if cell.modifier.contains(Modifier::REVERSED) {
        (fg, bg) = (
            Some(bg.unwrap_or_else(|| terminal.background.to_owned())),
            Some(fg.unwrap_or_else(|| terminal.foreground.to_owned())),
        );
    }
    Look {
        fg: fg.unwrap_or_else(|| terminal.foreground.to_owned()),
        bg,
        bold: cell.modifier.contains(Modifier::BOLD),
        dim: cell.modifier.contains(Modifier::DIM),
        underline: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

/// `None`: the terminal's own.
fn colour(colour: Color, terminal: &Terminal) -> Option<String> {
    let index = match colour {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Indexed(i) => i,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    Some(match index {
        0..=15 => terminal.sixteen.get(usize::from(index)).copied().unwrap_or(terminal.foreground).to_owned(),
        // xterm's 6×6×6 cube and grey ramp
        16..=231 => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = index - 16;
            format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
    })
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn text_is_escaped_and_wide_characters_keep_their_columns() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        buffer.set_string(0, 0, "<&", Style::new().fg(Color::Rgb(1, 2, 3)));
        buffer.set_string(2, 0, "見x", Style::new().bg(Color::Indexed(1)));
        let svg = svg(&buffer, false);
        assert!(svg.contains("&lt;&amp;") && svg.contains("#010203"), "{svg}");
        assert!(svg.contains("textLength=\"25.2\"") && svg.contains("見x"), "{svg}");
        assert!(svg.contains("<rect x=\"16.8\" y=\"0.0\" width=\"25.2\""), "{svg}");
    }
}
