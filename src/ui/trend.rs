//! Trend lines of one row. Where data is missing the line is cut; a missing value is never drawn as zero.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::metric::MetricSeries;

use super::glyphs::Glyphs;

/// How values are put onto the height of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// From zero to this value, so that lines can be compared.
    Upto(f64),
    /// From zero to somewhat more than the largest value, so that a steady load does not look like a full one.
    FromZero,
    /// From the smallest value to the largest: shows growth of a large number.
    MinMax,
}

/// Height of a scale from zero, as a multiple of the largest value.
const HEADROOM: f64 = 1.6;
/// A series whose values differ by less than this share of the largest is drawn as a thin line.
const FLAT: f64 = 0.02;

/// The scale that suits a CloudWatch unit.
pub fn scale_of(unit: &str) -> Scale {
    if unit == "Percent" { Scale::Upto(100.0) } else { Scale::FromZero }
}

/// The last `len` slots of a series. They end with the newest point as long as it is no older than
/// CloudWatch's usual delay, so that this delay does not look like missing data; else with `now`.
pub fn slots(series: &MetricSeries, now: DateTime<Utc>, len: usize) -> Vec<Option<f64>> {
    let delay = TimeDelta::minutes(3) + TimeDelta::seconds(series.period_s.into());
    let end = series.last().map(|p| p.0).filter(|at| now - *at <= delay).unwrap_or(now);
    series.slots(end, len)
}

/// The last `len` slots of counts that are taken about every `every`. A slot takes the newest count up to its
/// end; without one for two and a half periods it is empty.
pub fn count_slots<'a>(
    history: impl DoubleEndedIterator<Item = &'a (DateTime<Utc>, u64)>,
    every: TimeDelta,
    len: usize,
) -> Vec<Option<f64>> {
    let mut slots = vec![None; len];
    let mut points = history.rev().peekable();
    let Some((end, _)) = points.peek().copied().copied() else { return slots };
    let every = every.max(TimeDelta::seconds(1));
    let patience = every * 5 / 2;
    for (back, slot) in slots.iter_mut().rev().enumerate() {
        let Ok(back) = i32::try_from(back) else { break };
        let until = end - every * back;
        while points.next_if(|(at, _)| *at > until).is_some() {}
        let Some((at, count)) = points.peek() else { break };
        if until - *at < patience {
            *slot = Some(*count as f64);
        }
    }
    slots
}

/// The bars in one row.
pub fn bars(slots: &[Option<f64>], scale: Scale, glyphs: &Glyphs) -> String {
    chart(slots, scale, glyphs, 1).pop().unwrap_or_default()
}

/// The bars over several rows, the top row first.
pub fn chart(slots: &[Option<f64>], scale: Scale, glyphs: &Glyphs, rows: usize) -> Vec<String> {
    if flat(slots, scale) {
        let line = |s: &Option<f64>| if s.is_some() { glyphs.flat } else { glyphs.gap };
        let blank = " ".repeat(slots.len());
        let mut out = vec![blank; rows.max(1) - 1];
        out.push(slots.iter().map(line).collect());
        return out;
    }
    let steps = rows.max(1) * 8;
    let levels = levels(slots, scale, steps);
    (0..rows.max(1))
        .rev()
        .map(|row| {
            let below = row * 8;
            levels
                .iter()
                .map(|level| match level {
                    Some(l) if *l >= below => {
                        let step = (l - below).min(7);
                        glyphs.bars.get(step).copied().unwrap_or(glyphs.gap)
                    }
                    Some(_) => " ",
                    None => glyphs.gap,
                })
                .collect()
        })
        .collect()
}

/// Whether there is no change to be seen. Where the scale has an end of its own, the height alone tells much.
fn flat(slots: &[Option<f64>], scale: Scale) -> bool {
    let known = || slots.iter().flatten().copied().filter(|v| v.is_finite());
    let top = known().fold(f64::NEG_INFINITY, f64::max);
    let bottom = known().fold(f64::INFINITY, f64::min);
    !matches!(scale, Scale::Upto(_)) && top >= bottom && top - bottom <= FLAT * top.abs().max(bottom.abs())
}

/// Each value as one of `steps` levels from 0 on; `None` where data is missing.
fn levels(slots: &[Option<f64>], scale: Scale, steps: usize) -> Vec<Option<usize>> {
    let known = || slots.iter().flatten().copied().filter(|v| v.is_finite());
    let top = known().fold(f64::NEG_INFINITY, f64::max);
    let bottom = known().fold(f64::INFINITY, f64::min);
    let (low, high) = match scale {
        Scale::Upto(limit) => (0.0, limit.max(top)),
        Scale::FromZero => (0.0, top * HEADROOM),
        Scale::MinMax => (bottom, top),
    };
    let last = steps.saturating_sub(1) as f64;
    slots
        .iter()
        .map(|slot| {
            let v = slot.filter(|v| v.is_finite())?;
            let share = if high > low { (v - low) / (high - low) } else { 0.0 };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the last step")]
            let level = (share.clamp(0.0, 1.0) * last).round() as usize;
            Some(level)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(s, 0).unwrap()
    }

    #[test]
    fn a_gap_is_a_gap_and_zero_is_the_lowest_bar() {
        let g = &Glyphs::UNICODE;
        assert_eq!(bars(&[Some(0.0), None, Some(50.0), Some(100.0)], Scale::Upto(100.0), g), "▁ ▅█");
        assert_eq!(bars(&[Some(7.0), None, Some(8.0)], Scale::MinMax, g), "▁ █");
        assert_eq!(bars(&[Some(f64::NAN), Some(0.0), Some(1.0)], Scale::FromZero, g), " ▁▅");
        assert_eq!(bars(&[None, None], Scale::FromZero, g), "  ");
    }

    #[test]
    fn what_hardly_changes_is_a_thin_line() {
        let g = &Glyphs::UNICODE;
        assert_eq!(bars(&[Some(12.0), None, Some(12.0)], Scale::FromZero, g), "─ ─");
        assert_eq!(bars(&[Some(61_400.0), Some(61_402.0)], Scale::MinMax, g), "──");
        assert_eq!(bars(&[Some(0.0), Some(0.0)], Scale::FromZero, g), "──");
        assert_eq!(bars(&[Some(100.0), Some(100.0)], Scale::Upto(100.0), g), "██", "full is full");
        assert_eq!(chart(&[Some(3.0), Some(3.0)], Scale::FromZero, g, 2), ["  ", "──"]);
    }

    #[test]
    fn a_chart_stacks_its_rows() {
        let g = &Glyphs::UNICODE;
        let slots = [Some(0.0), Some(50.0), None, Some(100.0)];
        assert_eq!(chart(&slots, Scale::Upto(100.0), g, 2), [" ▁ █", "▁█ █"]);
    }

    #[test]
    fn counts_keep_their_gaps() {
        let history = [(at(0), 1), (at(60), 2), (at(120), 3), (at(600), 4)];
        let slots = count_slots(history.iter(), TimeDelta::seconds(60), 11);
        let expected =
            [Some(1.0), Some(2.0), Some(3.0), Some(3.0), Some(3.0), None, None, None, None, None, Some(4.0)];
        assert_eq!(slots, expected);
    }
}
