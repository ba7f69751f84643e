//! Layouts are data: rows and columns of panels with least sizes and priorities. What does not fit is left
//! out, the least important first, and told.

use std::num::NonZeroU16;

use ratatui::layout::Rect;

/// Name of a panel.
pub type PanelId = &'static str;

/// Columns between two panels side by side.
const GAP: u16 = 2;

/// A part of a screen.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// One panel.
    Panel {
        /// Which.
        id: PanelId,
        /// Fewest columns.
        width: u16,
        /// Fewest rows, title included.
        height: u16,
        /// Share of rows that are left over.
        grow: u16,
        /// Left out when space is short: the highest number first.
        drop: u8,
    },
    /// One above the other.
    Rows(&'static [Part]),
    /// Side by side, with their shares of the width.
    Columns(&'static [(u16, Part)]),
}

/// A screen laid out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placed {
    /// Where each panel is.
    pub panels: Vec<(PanelId, Rect)>,
    /// Panels that did not fit.
    pub hidden: Vec<PanelId>,
    /// All panels of the layout in reading order, the hidden ones too.
    pub order: Vec<PanelId>,
}

/// What the layout asks a panel: how many rows it would like at that width, title and a blank row at the end
/// included.
pub type Wish<'a> = &'a dyn Fn(PanelId, u16) -> u16;

/// Takes the first of `layouts` that fits whole, else the last without what does not fit; `keep` always stays,
/// so that every panel can be reached in any terminal. Panels that are `absent` take no part.
pub fn place(layouts: &[Part], area: Rect, keep: PanelId, absent: &[PanelId], wish: Wish<'_>) -> Placed {
    let Some(last) = layouts.last() else { return Placed::default() };
    let part = layouts.iter().find(|p| fits(p, absent, area)).unwrap_or(last);
    let mut all = Vec::new();
    collect(part, &mut all);
    all.retain(|(id, _)| !absent.contains(id));
    let mut hidden: Vec<PanelId> = absent.to_vec();
    while !fits(part, &hidden, area) {
        let next = all.iter().filter(|(id, _)| *id != keep && !hidden.contains(id)).max_by_key(|p| p.1);
        let Some((id, _)) = next else { break };
        hidden.push(id);
    }
    let mut panels = Vec::new();
    put(part, &hidden, area, wish, &mut panels);
    hidden.retain(|id| !absent.contains(id));
    Placed { panels, hidden, order: all.into_iter().map(|p| p.0).collect() }
}

fn collect(part: &Part, out: &mut Vec<(PanelId, u8)>) {
    match part {
        Part::Panel { id, drop, .. } => out.push((id, *drop)),
        Part::Rows(parts) => parts.iter().for_each(|p| collect(p, out)),
        Part::Columns(parts) => parts.iter().for_each(|(_, p)| collect(p, out)),
    }
}

fn fits(part: &Part, hidden: &[PanelId], area: Rect) -> bool {
    least(part, hidden).is_none_or(|(w, h)| w <= area.width && h <= area.height)
}

/// Fewest columns and rows; `None` if nothing of it is shown.
fn least(part: &Part, hidden: &[PanelId]) -> Option<(u16, u16)> {
    match part {
        Part::Panel { id, width, height, .. } => (!hidden.contains(id)).then_some((*width, *height)),
        Part::Rows(parts) => parts
            .iter()
            .filter_map(|p| least(p, hidden))
            .reduce(|a, b| (a.0.max(b.0), a.1.saturating_add(b.1))),
        Part::Columns(parts) => parts
            .iter()
            .filter_map(|(_, p)| least(p, hidden))
            .reduce(|a, b| (a.0.saturating_add(GAP).saturating_add(b.0), a.1.max(b.1))),
    }
}

fn grow(part: &Part, hidden: &[PanelId]) -> u16 {
    match part {
        Part::Panel { id, grow, .. } => {
            if hidden.contains(id) {
                0
            } else {
                *grow
            }
        }
        Part::Rows(parts) => parts.iter().map(|p| grow(p, hidden)).sum(),
        Part::Columns(parts) => parts.iter().map(|(_, p)| grow(p, hidden)).max().unwrap_or(0),
    }
}

/// Rows it would like at that width, at least its fewest.
fn ideal(part: &Part, hidden: &[PanelId], width: u16, wish: Wish<'_>) -> u16 {
    match part {
        Part::Panel { id, height, .. } => {
            if hidden.contains(id) {
                0
            } else {
                wish(id, width).max(*height)
            }
        }
        Part::Rows(parts) => parts.iter().map(|p| ideal(p, hidden, width, wish)).fold(0, u16::saturating_add),
        Part::Columns(parts) => {
            let widths = columns(parts, hidden, width);
            parts.iter().zip(widths).map(|((_, p), w)| ideal(p, hidden, w, wish)).max().unwrap_or(0)
        }
    }
}

fn columns(parts: &[(u16, Part)], hidden: &[PanelId], total: u16) -> Vec<u16> {
    let shown: Vec<Option<u16>> = parts.iter().map(|(_, p)| least(p, hidden).map(|l| l.0)).collect();
    let count = u16::try_from(shown.iter().flatten().count()).unwrap_or(1);
    let room = total.saturating_sub(GAP * count.saturating_sub(1));
    let shares: u16 = parts.iter().zip(&shown).filter(|(_, s)| s.is_some()).map(|((w, _), _)| *w).sum();
    let mut out: Vec<u16> = parts
        .iter()
        .zip(&shown)
        .map(|((share, _), s)| {
            s.map_or(0, |_| {
                let part = u32::from(room) * u32::from(*share) / u32::from(shares.max(1));
                u16::try_from(part).unwrap_or(room)
            })
        })
        .collect();
    // the least widths hold; what they take too much, the widest gives
    for i in 0..out.len() {
        let need = shown.get(i).copied().flatten().unwrap_or(0);
        let short = need.saturating_sub(out.get(i).copied().unwrap_or(0));
        if short > 0
            && let Some(widest) = (0..out.len()).filter(|j| *j != i).max_by_key(|j| out.get(*j).copied())
        {
            if let Some(w) = out.get_mut(widest) {
                *w = w.saturating_sub(short);
            }
            if let Some(w) = out.get_mut(i) {
                *w += short;
            }
        }
    }
    let rest = room.saturating_sub(out.iter().sum());
    if let Some(last) = out.iter_mut().rev().find(|w| **w > 0) {
        *last += rest;
    }
    out
}

fn put(part: &Part, hidden: &[PanelId], area: Rect, wish: Wish<'_>, out: &mut Vec<(PanelId, Rect)>) {
    match part {
        Part::Panel { id, .. } => {
            if !hidden.contains(id) && !area.is_empty() {
                out.push((id, area));
            }
        }
        Part::Columns(parts) => {
            let mut x = area.x;
            for ((_, p), w) in parts.iter().zip(columns(parts, hidden, area.width)) {
                if w > 0 {
                    put(p, hidden, Rect { x, width: w, ..area }.intersection(area), wish, out);
                    x = x.saturating_add(w + GAP);
                }
            }
        }
        Part::Rows(parts) => {
            let mut y = area.y;
            for (p, h) in parts.iter().zip(rows(parts, hidden, area, wish)) {
                if h > 0 {
                    put(p, hidden, Rect { y, height: h, ..area }.intersection(area), wish, out);
                    y = y.saturating_add(h);
                }
            }
        }
    }
}

/// Heights: first the fewest rows of each, then what each would like, then the rest by shares.
fn rows(parts: &[Part], hidden: &[PanelId], area: Rect, wish: Wish<'_>) -> Vec<u16> {
    let mut out: Vec<u16> = parts.iter().map(|p| least(p, hidden).map_or(0, |l| l.1)).collect();
    let mut spare = area.height.saturating_sub(out.iter().fold(0, |a, b| a.saturating_add(*b)));
    // row by row in turn, so that no panel has all it would like while another is cut short
    let ideals: Vec<u16> = parts.iter().map(|p| ideal(p, hidden, area.width, wish)).collect();
    // first what they have to say, then the blank row below
    for blank in [1, 0] {
        let mut given = true;
        while spare > 0 && given {
            given = false;
            for (height, ideal) in out.iter_mut().zip(&ideals) {
                if spare > 0 && *height > 0 && *height + blank < *ideal {
                    *height += 1;
                    spare -= 1;
                    given = true;
                }
            }
        }
    }
    if let Some(shares) = NonZeroU16::new(parts.iter().map(|p| grow(p, hidden)).sum()) {
        let whole = spare;
        for (part, height) in parts.iter().zip(&mut out) {
            let more = whole * grow(part, hidden) / shares;
            *height += more;
            spare -= more;
        }
        if let Some((_, height)) =
            parts.iter().zip(&mut out).rev().find(|(p, h)| **h > 0 && grow(p, hidden) > 0)
        {
            *height += spare;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn panel(id: PanelId, height: u16, grow: u16, drop: u8) -> Part {
        Part::Panel { id, width: 10, height, grow, drop }
    }

    const SIDE: &[(u16, Part)] = &[(1, panel("a", 3, 0, 0)), (2, panel("b", 4, 0, 2))];
    const STACK: &[Part] = &[Part::Columns(SIDE), panel("c", 2, 1, 1)];

    #[test]
    fn the_least_important_goes_first() {
        let layout = [Part::Rows(STACK)];
        let all = place(&layout, Rect::new(0, 0, 32, 10), "a", &[], &|_, _| 0);
        assert_eq!(
            all.panels,
            [("a", Rect::new(0, 0, 10, 4)), ("b", Rect::new(12, 0, 20, 4)), ("c", Rect::new(0, 4, 32, 6))]
        );
        let low = place(&layout, Rect::new(0, 0, 32, 5), "a", &[], &|_, _| 0);
        assert_eq!(low.hidden, ["b"]);
        assert_eq!(low.panels, [("a", Rect::new(0, 0, 32, 3)), ("c", Rect::new(0, 3, 32, 2))]);
        assert_eq!(place(&layout, Rect::new(0, 0, 32, 3), "a", &[], &|_, _| 0).hidden, ["b", "c"]);
        let kept = place(&layout, Rect::new(0, 0, 32, 4), "b", &[], &|_, _| 0);
        assert_eq!((kept.hidden, kept.order), (vec!["c"], vec!["a", "b", "c"]), "what has the focus stays");
        assert!(place(&layout, Rect::new(0, 0, 0, 0), "a", &[], &|_, _| 9).panels.is_empty());
        let without = place(&layout, Rect::new(0, 0, 32, 10), "a", &["b"], &|_, _| 0);
        assert_eq!(
            (without.hidden.len(), without.order),
            (0, vec!["a", "c"]),
            "what is absent is not hidden"
        );
        assert_eq!(without.panels[0], ("a", Rect::new(0, 0, 32, 3)), "its neighbour takes its place");
    }

    #[test]
    fn nothing_overlaps_or_leaves_the_area() {
        let layout = [Part::Rows(STACK)];
        for w in 0..40 {
            for h in 0..20 {
                let area = Rect::new(3, 2, w, h);
                let placed = place(&layout, area, "c", &[], &|_, _| 7);
                for (i, (_, a)) in placed.panels.iter().enumerate() {
                    assert_eq!(a.intersection(area), *a);
                    for (_, b) in &placed.panels[i + 1..] {
                        assert!(!a.intersects(*b), "{w}x{h}");
                    }
                }
            }
        }
    }
}
