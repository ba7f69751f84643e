//! What the screen says in numbers. Counted in a slice of work, so that a frame and a key cost the same however
//! many lines are held.

use chrono::{DateTime, Utc};

use crate::domain::log::filter::{Filter, FilterId};
use crate::domain::log::histogram::Histogram;
use crate::domain::log::pattern::Pattern;
use crate::domain::log::ring::Totals;
use crate::domain::log::seek::Around;

use super::LogDesk;
use super::sheet::Kind;

/// A filter of the list with what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterFact {
    /// Its place.
    pub id: FilterId,
    /// It.
    pub filter: Filter,
    /// Held lines that fulfil its condition.
    pub matching: u64,
    /// Held lines that it hides.
    pub hides: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) totals: Totals,
    /// Shown lines that came since the reader stopped.
    pub(super) new: u64,
    /// Matches up to the reader's line.
    pub(super) hits_to: u64,
    pub(super) filters: Vec<FilterFact>,
    pub(super) chart: Histogram,
    pub(super) patterns: Vec<Pattern>,
}

impl LogDesk {
    /// Counts everything anew.
    pub(super) fn count(&mut self) {
        self.facts.totals = self.ring.totals();
        self.facts.new = self.stopped.map_or(0, |key| self.ring.around(key).shown_after);
        let here = if self.ring.query().is_some() { self.here() } else { None };
        self.facts.hits_to = here.map_or_else(Around::default, |key| self.ring.around(key)).hits_to;
        self.list_filters();
        self.facts.chart = self.bars();
        if self.wants_patterns() {
            let chosen = self.sheet.as_ref().and_then(|s| self.facts.patterns.get(s.place)).cloned();
            self.facts.patterns = self.ring.patterns();
            // the one that is chosen stays chosen, wherever it stands now
            let place =
                chosen.and_then(|chosen| self.facts.patterns.iter().position(|p| p.words == chosen.words));
            if let (Some(place), Some(sheet)) = (place, &mut self.sheet) {
                sheet.place = place;
            }
        }
    }

    /// The filters as they are now.
    pub(super) fn list_filters(&mut self) {
        let rows = self.ring.filters().into_iter().map(|row| FilterFact {
            id: row.id,
            filter: row.filter.clone(),
            matching: row.matching,
            hides: row.hides,
        });
        self.facts.filters = rows.collect();
    }

    pub(super) fn wants_patterns(&self) -> bool {
        self.sheet.as_ref().is_some_and(|sheet| sheet.kind == Kind::Patterns)
    }

    /// So many bars fit onto the screen.
    pub(super) fn set_bars(&mut self, bars: usize) {
        if self.bars != bars {
            self.bars = bars;
            self.facts.chart = self.bars();
        }
    }

    fn bars(&mut self) -> Histogram {
        let Some((first, last)) = self.ring.ends() else { return Histogram::default() };
        let instant = |ms| DateTime::<Utc>::from_timestamp_millis(ms).unwrap_or_default();
        let here = if self.view.follows() { None } else { self.here() };
        let (from, until) = self.span.window(
            instant(first.at_ms),
            instant(last.at_ms),
            here.map(|k| instant(k.at_ms)),
            self.bars,
        );
        self.ring.histogram(from, until, self.bars)
    }
}
