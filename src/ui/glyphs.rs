//! The shapes that are drawn. State is a shape and a word before it is a colour.
//!
//! Three sets: `unicode` with box lines and block bars; `narrow` for terminals that draw East Asian
//! *ambiguous* characters (`●`, `…`, box lines) two columns wide, made only of characters whose width no
//! terminal disputes; `ascii` for everything else.

/// A set of shapes. Each is one column wide, but for [`Glyphs::ellipsis`] and [`Glyphs::limits`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glyphs {
    /// Name in settings.
    pub name: &'static str,
    /// Rule of a panel's title.
    pub rule: &'static str,
    /// Rule of the focused panel's title.
    pub rule_focus: &'static str,
    /// Box of an overlay: top left, top right, bottom left, bottom right, horizontal, vertical.
    pub frame: [&'static str; 6],
    /// As it should be.
    pub ok: &'static str,
    /// On its way.
    pub busy: &'static str,
    /// Not there.
    pub none: &'static str,
    /// Broken.
    pub bad: &'static str,
    /// Not known.
    pub unknown: &'static str,
    /// The selected row.
    pub cursor: &'static str,
    /// Text cursor.
    pub caret: &'static str,
    /// Ascending and descending order.
    pub order: [&'static str; 2],
    /// Bars of a trend, low to high.
    pub bars: [&'static str; 8],
    /// Points of large digits, two in a cell: the upper, the lower, both.
    pub points: [&'static str; 3],
    /// A trend that hardly changes.
    pub flat: &'static str,
    /// A threshold in a chart.
    pub mark: &'static str,
    /// At most, at least.
    pub limits: [&'static str; 2],
    /// Where a trend has no data.
    pub gap: &'static str,
    /// Ends a text that was cut.
    pub ellipsis: &'static str,
    /// A bookmarked line.
    pub bookmark: &'static str,
    /// A line that came late.
    pub late: &'static str,
}

impl Glyphs {
    /// Box lines and block bars.
    pub const UNICODE: Self = Self {
        name: "unicode",
        rule: "─",
        rule_focus: "━",
        frame: ["╭", "╮", "╰", "╯", "─", "│"],
        ok: "●",
        busy: "◐",
        none: "○",
        bad: "✗",
        unknown: "?",
        cursor: "▸",
        caret: "▏",
        order: ["↑", "↓"],
        bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        points: ["▀", "▄", "█"],
        flat: "─",
        mark: "┄",
        limits: ["≤", "≥"],
        gap: " ",
        ellipsis: "…",
        bookmark: "◆",
        late: "~",
    };

    /// Only characters that are one column wide everywhere.
    pub const NARROW: Self = Self {
        name: "narrow",
        rule: "-",
        rule_focus: "=",
        frame: ["+", "+", "+", "+", "-", "|"],
        ok: "✓",
        busy: "~",
        none: "-",
        bad: "✗",
        unknown: "?",
        cursor: "▸",
        caret: "_",
        order: ["^", "v"],
        bars: ["⣀", "⣀", "⣤", "⣤", "⣶", "⣶", "⣿", "⣿"],
        points: ["⠛", "⣤", "⣿"],
        flat: "-",
        mark: "-",
        limits: ["<=", ">="],
        gap: " ",
        ellipsis: "⋯",
        bookmark: "#",
        late: "~",
    };

    /// Only ASCII.
    pub const ASCII: Self = Self {
        name: "ascii",
        rule: "-",
        rule_focus: "=",
        frame: ["+", "+", "+", "+", "-", "|"],
        ok: "*",
        busy: "~",
        none: "o",
        bad: "x",
        unknown: "?",
        cursor: ">",
        caret: "_",
        order: ["^", "v"],
        bars: ["_", ".", ":", "-", "=", "+", "*", "#"],
        points: ["\"", "_", "#"],
        flat: "-",
        mark: "-",
        limits: ["<=", ">="],
        gap: " ",
        ellipsis: "..",
        bookmark: "#",
        late: "~",
    };

    /// All sets.
    pub const ALL: &[Self] = &[Self::UNICODE, Self::NARROW, Self::ASCII];

    /// The set of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|g| g.name == name)
    }

    #[cfg(test)]
    fn each(&self) -> Vec<&'static str> {
        let single = [self.rule, self.rule_focus, self.ok, self.busy, self.none, self.bad, self.unknown];
        let more = [self.cursor, self.caret, self.flat, self.mark, self.gap, self.bookmark, self.late];
        let sets = single.into_iter().chain(more).chain(self.frame).chain(self.order);
        sets.chain(self.bars).chain(self.points).collect()
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn every_shape_is_one_column() {
        for set in Glyphs::ALL {
            for glyph in set.each() {
                assert_eq!(glyph.width(), 1, "{} {glyph}", set.name);
            }
            assert_eq!(Glyphs::named(set.name), Some(set));
        }
    }

    #[test]
    fn narrow_is_narrow_where_ambiguous_is_wide() {
        for glyph in Glyphs::NARROW.each().into_iter().chain([Glyphs::NARROW.ellipsis]) {
            assert_eq!(glyph.width_cjk(), 1, "{glyph}");
        }
        assert!(Glyphs::ASCII.each().iter().all(|g| g.is_ascii()));
    }

    #[test]
    fn states_differ_by_shape() {
        for g in Glyphs::ALL {
            let states = [g.ok, g.busy, g.none, g.bad, g.unknown];
            for (i, a) in states.iter().enumerate() {
                assert!(!states[i + 1..].contains(a), "{} {a}", g.name);
            }
        }
    }
}
