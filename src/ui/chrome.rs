//! The bar at the top and the line at the bottom.

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::config::keymap::Keymap;
use crate::config::theme::Role;
use crate::domain::freshness::Freshness;
use crate::domain::snapshot::Mode;
use crate::domain::units;
use crate::domain::world::World;
use crate::language::say;

use super::canvas::{Canvas, Line};
use super::findings;
use super::layout::PanelId;
use super::manner::Manner;
use super::proposal;
use super::screens::SCREENS;
use super::text;
use super::view::{View, plural};

/// Columns that one foreign name may take of the bar.
const LONGEST: usize = 30;

/// Draws the bar: where this is, in which mode, how fresh, what it costs, what time it is. What must not be
/// overlooked stays when space is short.
pub fn bar(canvas: &mut Canvas<'_>, row: Rect, view: &View<'_>) {
    let mut parts = parts(view, row.width);
    // nor has a frozen display a clock that would stand still
    let clock = match view.state.frozen {
        Some(_) => String::new(),
        None => view.now.format("%H:%M UTC ").to_string(),
    };
    let room = usize::from(row.width).saturating_sub(clock.len() + 2);
    let total = |parts: &[(u8, Line<'_>)]| parts.iter().map(|p| p.1.width() + 2).sum::<usize>();
    while total(&parts) > room {
        let worst = parts.iter().enumerate().filter(|(_, p)| p.0 > 0).max_by_key(|(_, p)| p.0).map(|p| p.0);
        let Some(worst) = worst else { break };
        parts.remove(worst);
    }
    let mut x = 1;
    for (_, part) in &parts {
        x = canvas.line(row, x, 0, part) + 2;
    }
    if usize::from(x) + clock.len() <= usize::from(row.width) {
        canvas.line_right(row, 0, &Line::new().add(Role::Bar, clock));
    }
    canvas.underlay(row, Role::Bar);
}

/// The parts of the bar with the order in which they are left out; 0: never.
fn parts<'v>(view: &'v View<'_>, width: u16) -> Vec<(u8, Line<'v>)> {
    let info = &view.env.info;
    let state = view.state;
    let longest = LONGEST.min(usize::from(width) / 3);
    let mut out = vec![
        (10, Line::new().add(Role::Accent, "miharu")),
        (0, Line::new().quote(Role::Bar, text::fit(&info.name, longest, view.look.glyphs.ellipsis))),
    ];
    if let Some(demo) = &state.demo {
        out.push((0, Line::new().add(Role::Accent, "DEMO")));
        let demo = text::fit(&say(demo.as_str()), LONGEST, view.look.glyphs.ellipsis).into_owned();
        out.push((6, Line::new().quote(Role::Bar, demo)));
    }
    let identity = view.world.identity.as_ref();
    if let Some(region) = identity.map(|i| &i.region).or(info.region.as_ref()) {
        out.push((7, Line::new().quote(Role::Bar, text::fit(region, LONGEST, view.look.glyphs.ellipsis))));
    }
    if let Some(identity) = identity {
        let wrong = info.expected_account.as_ref().is_some_and(|e| *e != identity.account);
        let who = format!("{}/{}", identity.account, identity.principal());
        let who = text::fit(&who, LONGEST, view.look.glyphs.ellipsis).into_owned();
        let line = if wrong {
            Line::new().add(Role::Bad, format!("{who} WRONG ACCOUNT"))
        } else {
            Line::new().quote(Role::Bar, who)
        };
        out.push((if wrong { 0 } else { 8 }, line));
    }
    // Frozen, it would not count down.
    let credentials = view.world.credentials.as_ref().filter(|_| state.frozen.is_none());
    if let Some(matter) = credentials.and_then(|c| c.matter(view.now)) {
        let (level, words) = findings::credentials::title(matter, view.now);
        out.push((3, Line::new().add(level.role(), words)));
    }
    let brakes = &view.env.changes.brakes;
    let (role, mode, _) = proposal::mode(brakes);
    out.push((if brakes.mode == Mode::Auto { 0 } else { 5 }, Line::new().add(role, mode)));
    if let Some((n, first)) = proposal::waiting(view) {
        let (role, _) = proposal::severity(first.recommendation.severity);
        out.push((2, Line::new().add(role, format!("{n} to decide"))));
    }
    if state.read_only {
        out.push((0, Line::new().add(Role::Ok, "READ-ONLY")));
    }
    if Manner::now().masked {
        out.push((3, Line::new().add(Role::Accent, "MASKED")));
    }
    if let Some(frozen) = &state.frozen {
        let since = format!("FROZEN since {}", frozen.at.format("%H:%M:%S"));
        out.push((0, Line::new().add(Role::Stale, since)));
    }
    // frozen, the display stands still whatever comes in behind it: it must not claim that anything is fresh
    if state.frozen.is_none() {
        let (role, words) = freshness(view.world, view.now);
        out.push((1, Line::new().add(role, words)));
    }
    if let Some(cost) = view.world.cost_usd_per_h().filter(|_| !view.world.sources.is_empty()) {
        out.push((9, Line::new().add(Role::Bar, units::usd_per_h(cost))));
    }
    out
}

/// All sources in a few words: `all fresh`, `ecs late, 2 stale`.
pub fn freshness(world: &World, now: DateTime<Utc>) -> (Role, String) {
    let sources = &world.sources;
    let in_state = |f: Freshness| {
        sources.values().filter(move |s| s.freshness(now) == f).map(|s| s.id.0).collect::<Vec<_>>()
    };
    let never = in_state(Freshness::Never);
    if never.len() == sources.len() {
        let why = sources.values().find_map(|s| s.error.as_ref());
        return match why {
            Some(e) => (Role::Bad, format!("nothing read: {}", e.class.word())),
            None => (Role::Unknown, "nothing read yet".to_owned()),
        };
    }
    let mut words = Vec::new();
    for (names, word) in
        [(in_state(Freshness::Late), "late"), (in_state(Freshness::Stale), "stale"), (never, "not read")]
    {
        match names.as_slice() {
            [] => {}
            [one] => words.push(format!("{one} {}", say(word))),
            many => words.push(format!("{} {}", many.len(), say(word))),
        }
    }
    if words.is_empty() { (Role::Ok, "all fresh".to_owned()) } else { (Role::Stale, words.join(", ")) }
}

/// What the line at the bottom tells.
pub struct Foot<'a> {
    /// Index of the shown screen.
    pub screen: usize,
    /// Where the keys stand.
    pub keymap: &'a Keymap,
    /// Chords typed so far of a longer binding.
    pub pending: &'a str,
    /// Panels that did not fit.
    pub hidden: &'a [PanelId],
}

/// Draws the line at the bottom: the screens, what is to be told, the most useful keys.
pub fn foot(canvas: &mut Canvas<'_>, row: Rect, view: &View<'_>, foot: &Foot<'_>) {
    let key = |action| foot.keymap.keys_of(action).into_iter().next();
    let told = told(view, foot, &key);
    let width = usize::from(row.width.saturating_sub(2));
    let least = told.width() + hints(&[Action::Help], &key).width();
    // at 80 columns all seven fit with one space between them, and the key for help beside them
    let line = [2, 1].map(|gap| screens(foot, &key, gap)).into_iter();
    let line = line.reduce(|wide, narrow| if wide.width() + least <= width { wide } else { narrow });
    let line = line.unwrap_or_default();
    let row = Rect { x: row.x + 1, width: row.width.saturating_sub(2), ..row };
    let mut x = 0;
    let beside = if told.spans.is_empty() { 0 } else { told.width() + 2 };
    if line.width() + beside <= width {
        x = canvas.line(row, 0, 0, &line);
        if !told.spans.is_empty() {
            x += 2;
        }
    }
    let end = canvas.line(row, x, 0, &told);
    let mut best: Vec<&[Action]> = vec![&[Action::Palette, Action::Help, Action::Quit], &[Action::Help]];
    if SCREENS.get(foot.screen).is_some_and(|s| s.action == Action::Changes) {
        best.insert(0, &[Action::Approve, Action::Reject, Action::Snooze, Action::Help, Action::Quit]);
    }
    for actions in best {
        let hints = hints(actions, &key);
        if usize::from(end) + hints.width() <= width {
            canvas.line_right(row, 0, &hints);
            break;
        }
    }
}

/// The screens with their keys, `gap` columns apart.
fn screens(foot: &Foot<'_>, key: &dyn Fn(Action) -> Option<String>, gap: usize) -> Line<'static> {
    let mut line = Line::new();
    for (i, screen) in SCREENS.iter().enumerate() {
        if i > 0 {
            line.push(Role::Muted, " ".repeat(gap));
        }
        if let Some(key) = key(screen.action) {
            line = line.quote(Role::Key, key).quote(Role::Muted, " ");
        }
        line.push(if i == foot.screen { Role::Title } else { Role::Muted }, screen.name);
    }
    line
}

fn hints(actions: &[Action], key: &dyn Fn(Action) -> Option<String>) -> Line<'static> {
    let mut line = Line::new();
    for action in actions {
        if let Some(key) = key(*action) {
            line.push(Role::Muted, "  ");
            line = line.quote(Role::Key, key);
            let word = match action {
                Action::Palette => "palette",
                Action::Snooze => "put off",
                action => action.name(),
            };
            line.push(Role::Muted, format!(" {word}"));
        }
    }
    line
}

fn told<'a>(view: &'a View<'_>, foot: &Foot<'a>, key: &dyn Fn(Action) -> Option<String>) -> Line<'a> {
    if !foot.pending.is_empty() {
        return Line::new().quote(Role::Key, foot.pending).add(Role::Accent, view.look.glyphs.ellipsis);
    }
    if let Some((_, notice)) = &view.state.notice {
        return Line::new().add(Role::Accent, notice.as_str());
    }
    if let Some((title, until)) = view.env.changes.brakes.veto.as_ref().filter(|v| v.1 > view.now) {
        let left = proposal::countdown(*until, view.now);
        let key = key(Action::Veto).unwrap_or_default();
        let line = Line::new().add(Role::Bad, format!("AUTO {left}: {title}  "));
        return line.quote(Role::Key, key).add(Role::Bad, " vetoes");
    }
    if foot.hidden.is_empty() {
        return Line::new();
    }
    let panels = plural(foot.hidden.len(), "panel", "panels");
    let text = match key(Action::FocusNext) {
        Some(key) => format!("{panels} hidden, enlarge or press {key}"),
        None => format!("{panels} hidden, enlarge"),
    };
    Line::new().add(Role::Warn, text)
}
