//! The histogram: lines and errors over time. Its bars begin at round times, so that they stand still while lines
//! come.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::style::Modifier;

use crate::config::theme::Role;
use crate::domain::log::histogram::{Bucket, Histogram};
use crate::domain::log::line::LineKey;
use crate::domain::log::seek::Direction;
use crate::domain::units;
use crate::language::say;
use crate::ui::canvas::{Line, Look};
use crate::ui::text;
use crate::ui::trend::{self, Scale};

use super::LogDesk;
use super::when::Zone;

/// Columns left of the bars, and right of them.
pub(super) const GUTTER: usize = 9;

/// Milliseconds of a bar: such as people count in.
const STEPS: [i64; 26] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    20_000,
    30_000,
    60_000,
    120_000,
    180_000,
    300_000,
    600_000,
    900_000,
    1_200_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    14_400_000,
    21_600_000,
    43_200_000,
    86_400_000,
    604_800_000,
];

/// Index of a second: shorter only where it is asked for.
const SECOND: usize = 3;

/// How long a bar is: so that all lines that are held fit in, or as the operator set it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// Index of the step.
    set: Option<usize>,
    /// The step of the last window.
    last: usize,
}

impl Span {
    /// Shorter or longer bars than those seen last.
    pub(super) fn change(&mut self, longer: bool) {
        let now = self.set.unwrap_or(self.last);
        self.set = Some(if longer { (now + 1).min(STEPS.len() - 1) } else { now.saturating_sub(1) });
    }

    /// The time that `bars` bars cover: up to the newest line, or around the reader, who is never out of it.
    pub(super) fn window(
        &mut self,
        first: DateTime<Utc>,
        last: DateTime<Utc>,
        here: Option<DateTime<Utc>>,
        bars: usize,
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        let n = i64::try_from(bars.max(1)).unwrap_or(1);
        let (first, last) = (first.timestamp_millis(), last.timestamp_millis());
        let fits = |step: &i64| last.div_euclid(*step) - first.div_euclid(*step) < n;
        self.last = STEPS.iter().position(fits).unwrap_or(STEPS.len() - 1).max(SECOND);
        let step = self.set.and_then(|i| STEPS.get(i)).or(STEPS.get(self.last)).copied().unwrap_or(60_000);
        let mut end = (last.div_euclid(step) + 1) * step;
        if let Some(here) = here.map(|at| at.timestamp_millis())
            && here < end - n * step
        {
            end = ((here.div_euclid(step) + n / 2 + 1) * step).min(end);
        }
        let instant = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
        (instant(end - n * step), instant(end))
    }
}

impl LogDesk {
    /// Goes to the next bar with lines, that way.
    pub(super) fn go_to_bar(&mut self, direction: Direction) {
        let Some(here) = self.here() else { return };
        let chart = &self.facts.chart;
        let Some(now) = place(chart, here.at_ms) else { return };
        let shown = |i: &usize| chart.buckets.get(*i).is_some_and(|b| b.shown > 0);
        let next = match direction {
            Direction::Forth => (now + 1..chart.buckets.len()).find(shown),
            Direction::Back => (0..now).rev().find(shown),
        };
        let Some(next) = next.and_then(|i| i64::try_from(i).ok()) else {
            match direction {
                Direction::Forth => self.view.follow(),
                Direction::Back => {
                    self.told = Some("no earlier bar; longer bars reach further back".to_owned());
                }
            }
            self.placed();
            return;
        };
        let at_ms = chart.from.timestamp_millis() + next * chart.step_ms;
        self.view.go_to(&self.ring, self.size, LineKey { at_ms, seq: 0 });
        self.placed();
    }
}

/// The bar of an instant.
fn place(chart: &Histogram, at_ms: i64) -> Option<usize> {
    let since = usize::try_from(at_ms - chart.from.timestamp_millis()).ok()?;
    let bar = since / usize::try_from(chart.step_ms).ok().filter(|step| *step > 0)?;
    (bar < chart.buckets.len()).then_some(bar)
}

/// The lines: `rows` rows of all shown lines, one of errors or else warnings, and the time below. `sight`: first
/// and last instant on the screen.
pub(super) fn lines(
    chart: &Histogram,
    rows: usize,
    sight: Option<(i64, i64)>,
    zone: Zone,
    look: &Look,
) -> Vec<Line<'static>> {
    let mut out = bars("lines", Role::Series1, chart, rows, |b| b.shown, look);
    if chart.buckets.iter().all(|b| b.errors == 0) {
        out.extend(bars("warnings", Role::Warn, chart, 1, |b| b.warnings, look));
    } else {
        out.extend(bars("errors", Role::Bad, chart, 1, |b| b.errors, look));
    }
    out.push(axis(chart, sight, zone, look));
    out
}

fn bars(
    name: &str,
    role: Role,
    chart: &Histogram,
    rows: usize,
    of: fn(&Bucket) -> u64,
    look: &Look,
) -> Vec<Line<'static>> {
    #[expect(clippy::cast_precision_loss, reason = "a number of lines, drawn in eighths of a row")]
    let height = |n: u64| n as f64;
    let slots: Vec<Option<f64>> =
        chart.buckets.iter().map(|b| Some(height(of(b))).filter(|n| *n > 0.0)).collect();
    let most = chart.buckets.iter().map(of).max().unwrap_or_default();
    // a bar in reverse would be its own opposite
    let plain = look.styles.get(role).add_modifier.difference(Modifier::BOLD).is_empty();
    let role = if plain { role } else { Role::Text };
    let drawn = trend::chart(&slots, Scale::Upto(height(most.max(1))), &look.glyphs, rows.max(1));
    let mut out: Vec<Line<'static>> = Vec::new();
    for (row, bars) in drawn.into_iter().enumerate() {
        let (name, most) = if row == 0 { (name, units::si(height(most))) } else { ("", String::new()) };
        let line = Line::new().cell(GUTTER, Role::Muted, name, look).quote(role, bars);
        out.push(line.quote_number(GUTTER, Role::Muted, &most, look));
    }
    out
}

/// The times of the first and the last bar, the length of a bar, and where the reader is.
fn axis(chart: &Histogram, sight: Option<(i64, i64)>, zone: Zone, look: &Look) -> Line<'static> {
    let n = chart.buckets.len();
    let step = TimeDelta::milliseconds(chart.step_ms);
    let until = chart.from + step * i32::try_from(n).unwrap_or(i32::MAX);
    let form = match until - chart.from {
        span if span > TimeDelta::hours(24) => "%d %H:%M",
        span if span > TimeDelta::hours(2) => "%H:%M",
        _ => "%H:%M:%S",
    };
    let time = |at| zone.wall(at).format(form).to_string();
    let mut cells: Vec<Role> = vec![Role::Border; n];
    if let Some((first, last)) = sight
        && let (from, to) = (place(chart, first), place(chart, last))
        && let Some(seen) = cells.get_mut(from.or(to).unwrap_or(n)..=to.or(from).unwrap_or(n))
    {
        seen.fill(Role::Focus);
    }
    let bar = if chart.step_ms < 1_000 { format!("{} ms", chart.step_ms) } else { units::duration(step) };
    let bar = format!(" {} ", say(format!("{bar} a bar")));
    let told = if n > text::width(&bar) + 8 { 2..2 + text::width(&bar) } else { 0..0 };
    let mut line = Line::new().quote_cell(GUTTER, Role::Muted, &time(chart.from), look);
    for (i, role) in cells.iter().enumerate() {
        if i == told.start && !told.is_empty() {
            line = line.quote(Role::Muted, bar.clone());
        }
        if !told.contains(&i) {
            let seen = *role == Role::Focus;
            line = line.quote(*role, if seen { look.glyphs.rule_focus } else { look.glyphs.rule });
        }
    }
    line.quote_number(GUTTER, Role::Muted, &time(until), look)
}
