//! Large digits, for whoever sits at the back of the room.

use font8x8::{BASIC_FONTS, UnicodeFonts};
use ratatui::layout::Rect;

use crate::config::theme::Role;

use super::canvas::Canvas;

/// Rows of points of a digit; the eighth row of the font is the gap below it.
const POINTS: u16 = 7;

/// How large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// A cell for each point: 7 rows.
    Whole,
    /// Two points in a cell: 4 rows.
    Half,
}

impl Size {
    /// Rows that a text takes.
    pub(super) fn rows(self) -> u16 {
        match self {
            Self::Whole => POINTS,
            Self::Half => POINTS.div_ceil(2),
        }
    }
}

/// A character as columns of points, the top one in the lowest bit.
fn columns(c: char) -> Vec<u8> {
    let Some(rows) = BASIC_FONTS.get(c) else { return vec![0; 4] };
    let all: Vec<u8> = (0..8)
        .map(|x| (0_u8..7).zip(rows).fold(0, |column, (y, row)| column | ((row >> x) & 1) << y))
        .collect();
    // digits are all equally wide, so that a number does not move as it counts
    if c.is_ascii_digit() {
        return all;
    }
    let used = |c: &u8| *c != 0;
    let (Some(first), Some(last)) = (all.iter().position(used), all.iter().rposition(used)) else {
        return vec![0; 4]; // a space
    };
    let mut out = all.get(first..=last).unwrap_or_default().to_vec();
    out.push(0);
    out
}

fn points(text: &str) -> Vec<u8> {
    text.chars().flat_map(columns).collect()
}

/// Columns that `text` takes.
pub(super) fn width(text: &str) -> u16 {
    u16::try_from(points(text).len()).unwrap_or(u16::MAX)
}

/// Draws `text` into `area`, from its top left on; what does not fit is left out.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect, role: Role, size: Size, text: &str) {
    let [upper, lower, both] = canvas.look.glyphs.points;
    for (x, column) in (0..area.width).zip(points(text)) {
        for y in 0..size.rows().min(area.height) {
            let lit = |point: u16| column >> point & 1 == 1;
            let shape = match size {
                Size::Whole => lit(y).then_some(both),
                Size::Half => match (lit(2 * y), lit(2 * y + 1)) {
                    (true, true) => Some(both),
                    (true, false) => Some(upper),
                    (false, true) => Some(lower),
                    (false, false) => None,
                },
            };
            if let Some(shape) = shape {
                canvas.fill(area, x, x + 1, y, role, shape);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_figures_are_written_with_is_in_the_font() {
        for c in "0123456789.,%/-+<>kMG?".chars() {
            assert!(columns(c).iter().any(|column| *column != 0), "{c}");
        }
        assert_eq!(width("10"), width("88"), "digits are equally wide");
        assert!(width("99.962 %") <= 57, "fits beside its label at 80 columns: {}", width("99.962 %"));
        assert!(width("131 402") <= 57, "{}", width("131 402"));
    }
}
