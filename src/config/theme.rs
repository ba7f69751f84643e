//! Themes are data: a name, a base and a style for each role. A role means something; a widget has no colour
//! of its own. State is always also a word or a shape, so a theme may leave every colour out.

use std::collections::BTreeMap;

/// What a style is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Ordinary text.
    Text,
    /// Labels, hints, what may be overlooked.
    Muted,
    /// Panel titles.
    Title,
    /// Panel borders.
    Border,
    /// Border of the focused panel.
    Focus,
    /// The selected row.
    Selection,
    /// What a filter or search matched; the program's own name.
    Accent,
    /// As it should be.
    Ok,
    /// Needs attention soon.
    Warn,
    /// Needs attention now.
    Bad,
    /// Not known.
    Unknown,
    /// Older than it should be.
    Stale,
    /// The top bar.
    Bar,
    /// A key name in hints and help.
    Key,
    /// First series of a trend.
    Series1,
    /// Second series.
    Series2,
    /// Third series.
    Series3,
}

impl Role {
    /// All roles with their names in theme files.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Text, "text"),
        (Self::Muted, "muted"),
        (Self::Title, "title"),
        (Self::Border, "border"),
        (Self::Focus, "focus"),
        (Self::Selection, "selection"),
        (Self::Accent, "accent"),
        (Self::Ok, "ok"),
        (Self::Warn, "warn"),
        (Self::Bad, "bad"),
        (Self::Unknown, "unknown"),
        (Self::Stale, "stale"),
        (Self::Bar, "bar"),
        (Self::Key, "key"),
        (Self::Series1, "series-1"),
        (Self::Series2, "series-2"),
        (Self::Series3, "series-3"),
    ];
}

/// A colour as a theme file names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// `#rrggbb`.
    Rgb(u8, u8, u8),
    /// `0` to `255` of the 256-colour palette; 0 to 15 are the terminal's own sixteen, also by name
    /// (`red`, `bright-black`, …).
    Indexed(u8),
}

/// How a role is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RoleStyle {
    /// Foreground; `None`: the terminal's own.
    pub fg: Option<Colour>,
    /// Background; `None`: the terminal's own.
    pub bg: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Foreground and background exchanged.
    pub reverse: bool,
    /// Underlined.
    pub underline: bool,
}

/// A theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Its name, the file's name without `.toml`.
    pub name: String,
    /// One line for the list.
    pub description: String,
    /// Made for a light background.
    pub light: bool,
    /// Style of each role; complete.
    pub roles: BTreeMap<Role, RoleStyle>,
}

impl Theme {
    /// Style of a role.
    pub fn role(&self, role: Role) -> RoleStyle {
        self.roles.get(&role).copied().unwrap_or_default()
    }
}
