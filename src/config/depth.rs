//! How many colours a terminal shows, and a theme in as many.

use std::path::Path;

use super::error::Origin;
use super::theme::{Colour, RoleStyle, Theme};
use super::theme_file;

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColourDepth {
    /// None: bold, dim, reverse and underline only.
    None,
    /// The terminal's own sixteen.
    Sixteen,
    /// The 256-colour palette.
    Palette,
    /// 24 bits.
    True,
}

/// Terminals that show 24 bits without saying so in `COLORTERM`, which sudo and ssh often drop.
const TRUE: [&str; 8] = ["kitty", "alacritty", "ghostty", "wezterm", "foot", "iterm", "contour", "-direct"];
/// Terminals without any colour.
const COLOURLESS: [&str; 6] = ["", "dumb", "unknown", "vt100", "vt102", "vt220"];

impl ColourDepth {
    /// Judges by the variables `COLORTERM`, `TERM` and `NO_COLOR` (<https://no-color.org>: any value but the
    /// empty one counts).
    pub fn detect(colorterm: Option<&str>, term: Option<&str>, no_color: Option<&str>) -> Self {
        let term = term.unwrap_or_default();
        if no_color.is_some_and(|v| !v.is_empty()) || COLOURLESS.contains(&term) || term.ends_with("-mono") {
            return Self::None;
        }
        if matches!(colorterm, Some("truecolor" | "24bit")) || TRUE.iter().any(|t| term.contains(t)) {
            return Self::True;
        }
        if term.contains("256color") { Self::Palette } else { Self::Sixteen }
    }
}

impl Theme {
    /// The theme with the nearest colours that `depth` has. Without colours its styles would fall together, so
    /// it takes those of `mono`; a theme that has no colours anyway stays as it is.
    #[must_use]
    pub fn reduced(&self, depth: ColourDepth) -> Self {
        let of_each = |reduce: fn(RoleStyle) -> RoleStyle| Self {
            roles: self.roles.iter().map(|(role, style)| (*role, reduce(*style))).collect(),
            ..self.clone()
        };
        match depth {
            ColourDepth::True => self.clone(),
            ColourDepth::Palette => of_each(palette),
            ColourDepth::Sixteen => of_each(sixteen),
            ColourDepth::None if self.roles.values().all(|s| s.fg.is_none() && s.bg.is_none()) => {
                self.clone()
            }
            ColourDepth::None => match theme_file::load("mono", Path::new(""), &Origin::Default) {
                Ok(mono) => Self { roles: mono.roles, ..self.clone() },
                Err(_) => of_each(colourless),
            },
        }
    }
}

fn palette(style: RoleStyle) -> RoleStyle {
    RoleStyle { fg: style.fg.map(Colour::to_256), bg: style.bg.map(Colour::to_256), ..style }
}

fn colourless(style: RoleStyle) -> RoleStyle {
    RoleStyle { fg: None, bg: None, reverse: style.reverse || style.bg.is_some(), ..style }
}

/// A soft background has no like among sixteen colours: it would be black on a black terminal, or as bright as
/// the text on it. Reverse video is what always shows; a background with a hue keeps it.
fn sixteen(style: RoleStyle) -> RoleStyle {
    match style.bg {
        None | Some(Colour::Indexed(0..=15)) => RoleStyle { fg: style.fg.map(Colour::to_16), ..style },
        Some(bg) => {
            let fg = Some(bg).filter(|bg| !soft(*bg)).map(Colour::to_16);
            RoleStyle { fg, bg: None, reverse: true, ..style }
        }
    }
}

/// A background that is nearly black, white or grey.
fn soft(colour: Colour) -> bool {
    let (r, g, b) = colour.rgb();
    r.max(g).max(b) - r.min(g).min(b) < 128
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some("truecolor"), Some("xterm-256color"), None, ColourDepth::True)]
    #[case(Some("24bit"), Some("tmux-256color"), None, ColourDepth::True)]
    #[case(None, Some("xterm-kitty"), None, ColourDepth::True)]
    #[case(None, Some("xterm-direct"), None, ColourDepth::True)]
    #[case(None, Some("xterm-256color"), None, ColourDepth::Palette)]
    #[case(Some(""), Some("screen-256color"), Some(""), ColourDepth::Palette)]
    #[case(None, Some("xterm"), None, ColourDepth::Sixteen)]
    #[case(None, Some("linux"), None, ColourDepth::Sixteen)]
    #[case(None, Some("vt100"), None, ColourDepth::None)]
    #[case(None, Some("dumb"), None, ColourDepth::None)]
    #[case(None, None, None, ColourDepth::None)]
    #[case(Some("truecolor"), Some("xterm-256color"), Some("1"), ColourDepth::None)]
    fn the_terminal_says_how_many(
        #[case] colorterm: Option<&str>,
        #[case] term: Option<&str>,
        #[case] no_color: Option<&str>,
        #[case] expected: ColourDepth,
    ) {
        assert_eq!(ColourDepth::detect(colorterm, term, no_color), expected);
    }
}
