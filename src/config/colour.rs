//! Colours: how files name them, and what of them a terminal can show.

use super::theme::Colour;

/// The terminal's own sixteen, by index.
pub const NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// xterm's values of the sixteen: what they look like when nobody changed them.
const SIXTEEN: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// Levels of red, green and blue in the cube of the 256-colour palette.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// Largest difference between red, green and blue of a colour that counts as a grey.
const GREY: u8 = 40;

impl Colour {
    /// Reads `#rrggbb`, a name of the sixteen, or `0` to `255`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(hex) = text.strip_prefix('#') {
            let all_hex = hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
            let rgb = all_hex.then(|| u32::from_str_radix(hex, 16).ok()).flatten()?;
            let [_, r, g, b] = rgb.to_be_bytes();
            return Some(Self::Rgb(r, g, b));
        }
        if let Some(index) = (0..).zip(NAMES).find(|(_, name)| *name == text).map(|(i, _)| i) {
            return Some(Self::Indexed(index));
        }
        text.parse().ok().map(Self::Indexed)
    }

    /// Its canonical spelling.
    pub fn name(self) -> String {
        match self {
            Self::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
            Self::Indexed(i) => NAMES.get(usize::from(i)).map_or_else(|| i.to_string(), |n| (*n).into()),
        }
    }

    /// Red, green and blue; for the sixteen what xterm makes of them.
    pub fn rgb(self) -> (u8, u8, u8) {
        let Self::Indexed(i) = self else {
            let Self::Rgb(r, g, b) = self else { return (0, 0, 0) };
            return (r, g, b);
        };
        if let Some(rgb) = SIXTEEN.get(usize::from(i)) {
            return *rgb;
        }
        if i >= 232 {
            let level = (i - 232).saturating_mul(10).saturating_add(8);
            return (level, level, level);
        }
        let i = usize::from(i - 16);
        let level = |n: usize| CUBE.get(n % 6).copied().unwrap_or_default();
        (level(i / 36), level(i / 6), level(i))
    }

    /// The nearest of the 256-colour palette. The sixteen are left out: a user may have changed them.
    #[must_use]
    pub fn to_256(self) -> Self {
        match self {
            Self::Indexed(_) => self,
            Self::Rgb(..) => nearest(self, 16..=255).unwrap_or(self),
        }
    }

    /// The nearest of the sixteen. A colour keeps a colour: a pale red is a red, not a grey.
    #[must_use]
    pub fn to_16(self) -> Self {
        match self {
            Self::Indexed(0..=15) => self,
            _ if self.grey() => nearest(self, [0, 7, 8, 15]).unwrap_or(self),
            _ => nearest(self.vivid(), [1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14]).unwrap_or(self),
        }
    }

    /// Whether it has no hue to speak of.
    pub fn grey(self) -> bool {
        let (r, g, b) = self.rgb();
        r.max(g).max(b) - r.min(g).min(b) < GREY
    }

    /// The same hue and brightness, fully saturated.
    fn vivid(self) -> Self {
        let (r, g, b) = self.rgb();
        let (low, high) = (r.min(g).min(b), r.max(g).max(b));
        let stretch = |v: u8| {
            let part = u32::from(v - low) * u32::from(high) / u32::from((high - low).max(1));
            u8::try_from(part).unwrap_or(u8::MAX)
        };
        Self::Rgb(stretch(r), stretch(g), stretch(b))
    }
}

/// The palette entry of `among` that looks most like `colour`, by the "redmean" distance: Euclidean, weighted by
/// how the eye sees each channel at that level of red (<https://www.compuphase.com/cmetric.htm>).
fn nearest(colour: Colour, among: impl IntoIterator<Item = u8>) -> Option<Colour> {
    among.into_iter().map(Colour::Indexed).min_by_key(|c| distance(c.rgb(), colour.rgb()))
}

/// Square of the redmean distance, times 256.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i64 {
    let (ar, br) = (i64::from(a.0), i64::from(b.0));
    let mean = i64::midpoint(ar, br);
    let (r, g, b) = (ar - br, i64::from(a.1) - i64::from(b.1), i64::from(a.2) - i64::from(b.2));
    (512 + mean) * r * r + 1024 * g * g + (767 - mean) * b * b
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hues_survive_in_sixteen_colours() {
        for (given, expected) in [
            ("#7fc97f", "green"),
            ("#e5b567", "yellow"),
            ("#f2777a", "red"),
            ("#82aaff", "blue"),
            ("#8b93a1", "bright-black"),
            ("#ffffff", "bright-white"),
            ("#24292f", "black"),
        ] {
            let name = Colour::parse(given).unwrap().to_16().name();
            assert!(name.ends_with(expected), "{given} became {name}, not {expected}");
        }
    }

    #[test]
    fn the_palette_reduces_to_itself() {
        for index in 16..=255 {
            let (r, g, b) = Colour::Indexed(index).rgb();
            assert_eq!(Colour::Rgb(r, g, b).to_256().rgb(), (r, g, b), "{index}");
        }
    }

    proptest! {
        #[test]
        fn a_colour_is_read_as_it_is_written(r: u8, g: u8, b: u8, i: u8) {
            for colour in [Colour::Rgb(r, g, b), Colour::Indexed(i)] {
                prop_assert_eq!(Colour::parse(&colour.name()), Some(colour));
            }
        }

        #[test]
        fn reading_never_panics(text in ".{0,9}") {
            let _ = Colour::parse(&text);
            let _ = Colour::parse(&format!("#{text}"));
        }
    }
}
