//! A chart of several rows: bars from zero on, a threshold, a baseline with the time it covers.

use chrono::TimeDelta;

use crate::config::theme::Role;
use crate::domain::units;
use crate::language::say;

use super::canvas::{Line, Look};
use super::text;
use super::trend;

/// Columns left of the bars: a label and its value, then a gap.
pub const GUTTER: usize = 20;

/// More rows of bars tell nothing more.
const MOST: usize = 14;

/// What a chart draws.
pub struct Chart<'a> {
    /// Values, the newest last; without data: `None`.
    pub slots: &'a [Option<f64>],
    /// Time of one slot.
    pub every: TimeDelta,
    /// Value at the top, unless one is larger.
    pub top: f64,
    /// The threshold and how it is written.
    pub mark: (f64, String),
    /// Colour of the bars.
    pub role: Role,
}

impl Chart<'_> {
    /// The lines: `rows` of bars, then the baseline. `head` stands left of the first row and is [`GUTTER`]
    /// columns wide or less.
    pub fn lines(&self, head: Line<'static>, rows: usize, look: &Look) -> Vec<Line<'static>> {
        let mut out = self.bars(head, rows, look);
        out.push(self.baseline(look));
        out
    }

    /// The lines without the baseline: several charts may share one.
    pub fn bars(&self, head: Line<'static>, rows: usize, look: &Look) -> Vec<Line<'static>> {
        let known = self.slots.iter().flatten().copied().filter(|v| v.is_finite());
        let top = known.fold(self.top, f64::max).max(f64::MIN_POSITIVE);
        let bars = trend::chart(self.slots, trend::Scale::Upto(top), &look.glyphs, rows);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the last row")]
        let marked = ((self.mark.0 / top).clamp(0.0, 1.0) * rows as f64).ceil().max(1.0) as usize;
        let marked = rows.saturating_sub(marked);
        let mut head = Some(head);
        let mut out = Vec::with_capacity(rows + 1); // and the baseline
        for (row, bars) in bars.into_iter().enumerate() {
            let mut line = match head.take().filter(|h| !h.spans.is_empty()) {
                Some(head) => filled(head),
                None if row == marked => label(&self.mark.1, look),
                None => label("", look),
            };
            if row == marked {
                self.crossed(&mut line, &bars, look);
            } else {
                line.push(self.role, bars);
            }
            out.push(line);
        }
        out
    }

    /// The row of the threshold: the mark is seen wherever no bar is.
    fn crossed(&self, line: &mut Line<'static>, bars: &str, look: &Look) {
        let cells: Vec<char> = bars.chars().collect();
        for run in cells.chunk_by(|a, b| (*a == ' ') == (*b == ' ')) {
            if run.first() == Some(&' ') {
                line.push(Role::Muted, look.glyphs.mark.repeat(run.len()));
            } else {
                line.push(self.role, run.iter().collect::<String>());
            }
        }
    }

    /// Zero, and how far back the bars reach.
    fn baseline(&self, look: &Look) -> Line<'static> {
        let slots = self.slots.len();
        let span = self.every * i32::try_from(slots).unwrap_or(i32::MAX);
        let back = format!("{} ", say(format!("{} ago", units::duration(span))));
        let line = label("0", look);
        let rule = look.glyphs.rule;
        let now = format!(" {}", say("now"));
        match slots.checked_sub(text::width(&back) + text::width(&now)) {
            Some(rest) => {
                line.quote(Role::Muted, back).add(Role::Border, rule.repeat(rest)).quote(Role::Muted, now)
            }
            None => line.add(Role::Border, rule.repeat(slots)),
        }
    }
}

fn label(text: &str, look: &Look) -> Line<'static> {
    Line::new().number(GUTTER - 2, Role::Muted, text, look).text("  ")
}

fn filled(line: Line<'static>) -> Line<'static> {
    let fill = GUTTER.saturating_sub(line.width());
    line.text(" ".repeat(fill))
}

/// Rows of bars for each of `charts` charts beside `fixed` other lines; `None`: one line has to do. Where not
/// all can be charts, only the first is. The baselines and a blank row at the end are counted here.
pub fn rows(height: usize, fixed: usize, charts: usize) -> Vec<Option<usize>> {
    let share = |fixed: usize, charts: usize| {
        let each = height.checked_sub(fixed + charts + 1)?.checked_div(charts)?;
        (each >= 3).then(|| each.min(MOST))
    };
    if let Some(each) = share(fixed, charts) {
        return vec![Some(each); charts];
    }
    let mut out = vec![None; charts];
    if let Some(first) = out.first_mut() {
        *first = share(fixed + charts - 1, 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::glyphs::Glyphs;
    use super::super::styles::Styles;
    use super::*;
    use crate::config::theme::Theme;

    #[test]
    fn the_threshold_is_seen_where_no_bar_is() {
        let theme = Theme {
            name: String::new(),
            description: String::new(),
            light: false,
            roles: std::collections::BTreeMap::default(),
        };
        let look = Look { styles: Styles::new(&theme), glyphs: Glyphs::UNICODE };
        let slots: Vec<Option<f64>> =
            (0..20).map(|i| Some(if i == 10 { 100.0 } else { 10.0 })).chain([None]).collect();
        let chart = Chart {
            slots: &slots,
            every: TimeDelta::minutes(1),
            top: 100.0,
            mark: (80.0, "80 %".into()),
            role: Role::Series1,
        };
        let lines: Vec<String> = chart
            .lines(Line::new(), 4, &look)
            .iter()
            .map(|l| l.spans.iter().map(|s| s.1.as_ref()).collect::<String>().trim_end().to_owned())
            .collect();
        let blank = " ".repeat(GUTTER);
        assert_eq!(lines[0], format!("{:>18}  ┄┄┄┄┄┄┄┄┄┄█┄┄┄┄┄┄┄┄┄┄", "80 %"));
        assert_eq!(lines[1], format!("{blank}          █"));
        assert_eq!(lines[3], format!("{blank}▄▄▄▄▄▄▄▄▄▄█▄▄▄▄▄▄▄▄▄"));
        assert_eq!(lines[4], format!("{:>18}  21 min ago ────── now", "0"));
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn charts_need_three_rows() {
        assert_eq!(rows(15, 4, 2), [Some(4), Some(4)]);
        assert_eq!(rows(12, 4, 2), [Some(5), None], "rather one that can be read");
        assert_eq!(rows(9, 4, 2), [None, None]);
        assert_eq!(rows(2, 4, 2), [None, None]);
        assert_eq!(rows(99, 4, 0), []);
    }
}
