//! What the tails and the desk have counted, as it is said above the lines and on the overview.

use crate::config::theme::Role;
use crate::domain::log::batch::{LiveState, TailState};
use crate::domain::log::ring::Totals;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::view::View;

use super::detail::millis;

/// A name and its number.
pub(super) fn part(name: &'static str, role: Role, n: String) -> Line<'static> {
    Line::new().muted(name).text(" ").add(role, n)
}

/// What there is to know, what matters most first.
pub fn parts(totals: &Totals, view: &View<'_>) -> Vec<Line<'static>> {
    let groups = || view.env.logs.groups.values();
    let mut out = vec![
        part("shown", Role::Text, units::thousands(totals.shown)),
        part("hidden", Role::Text, units::thousands(totals.hidden)),
    ];
    if totals.unsettled > 0 {
        out.push(part("filtering", Role::Unknown, units::thousands(totals.unsettled)));
    }
    let late: u64 = groups().map(|g| g.counts.late).sum();
    out.push(match late {
        0 => part("late", Role::Text, "0".to_owned()),
        n => part("late", Role::Stale, format!("{}{}", units::thousands(n), view.look.glyphs.late)),
    });
    let counted = groups().filter_map(|g| g.counts.lost);
    let lost = (groups().any(|g| g.counts.lost.is_some())).then(|| counted.sum::<u64>());
    out.push(match lost {
        Some(0) => part("lost", Role::Ok, "0".to_owned()),
        Some(n) => part("lost", Role::Bad, units::thousands(n)),
        None => part("lost", Role::Unknown, "not counted".to_owned()),
    });
    let never: u64 = groups().map(|g| g.counts.spans_never_read).sum();
    if never > 0 {
        out.push(part("gaps", Role::Bad, units::thousands(never)));
    }
    out.extend(live(view));
    let delays = groups().filter(|g| !matches!(g.state, TailState::Starting)).filter_map(|g| g.delay_ms);
    if let Some((median, longest)) = delays.reduce(|a, b| (a.0.max(b.0), a.1.max(b.1))) {
        let ms = |ms: i64| millis(chrono::TimeDelta::milliseconds(ms.max(0)));
        out.push(part("delay", Role::Text, format!("{}, at most {}", ms(median), ms(longest))));
    }
    out
}

/// How Live Tail is doing, where it is used, and what it sampled.
fn live(view: &View<'_>) -> Vec<Line<'static>> {
    let groups = || view.env.logs.groups.values();
    let mut out = Vec::new();
    let worst = groups().filter_map(|g| g.live.as_ref()).max_by_key(|live| match live {
        LiveState::Streaming { .. } => 0,
        LiveState::Paused => 1,
        LiveState::Starting => 2,
        LiveState::Failing { .. } => 3,
    });
    out.extend(worst.map(|live| match live {
        LiveState::Streaming { .. } => Line::new().add(Role::Ok, "live"),
        LiveState::Paused => Line::new().muted("live paused"),
        LiveState::Starting => Line::new().add(Role::Unknown, "live starting"),
        LiveState::Failing { failure, .. } => {
            Line::new().add(Role::Stale, format!("live: {}", failure.class.word()))
        }
    }));
    let sampled: u64 = groups().map(|g| g.counts.sampled).max().unwrap_or_default();
    if sampled > 0 {
        let words = format!("sampled {} s, the rest is read", units::thousands(sampled));
        out.push(Line::new().add(Role::Stale, words));
    }
    out
}

/// As many of them as fit side by side.
pub fn joined(parts: Vec<Line<'static>>, width: usize) -> Line<'static> {
    let mut line = Line::new();
    for part in parts {
        if line.width() + part.width() + 2 > width {
            break;
        }
        if !line.spans.is_empty() {
            line.push(Role::Text, "  ");
        }
        line.spans.extend(part.spans);
    }
    line
}
