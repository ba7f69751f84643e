//! Filters as the operator sets them: by expression, by level, by time, by what a line says.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::log::filter::{Condition, Effect, FILTERS, Filter, FilterId};
use crate::domain::log::level::Level;

use crate::language::say;

use super::LogDesk;
use super::when::Zone;

/// What `only the last minutes` means.
const LAST: TimeDelta = TimeDelta::minutes(5);

impl LogDesk {
    /// Adds a filter, or says why not.
    pub(super) fn add(&mut self, effect: Effect, condition: Condition) {
        let filter = Filter { effect, condition, enabled: true };
        let same = self
            .facts
            .filters
            .iter()
            .find(|f| f.filter.effect == effect && f.filter.condition == filter.condition);
        if let Some(id) = same.map(|f| f.id) {
            self.ring.enable_filter(id, true);
        } else if self.ring.add_filter(filter).is_none() {
            self.told = Some(format!("there are {FILTERS} filters already: delete one first"));
            return;
        }
        self.filtered();
    }

    /// Filters are different now.
    pub(super) fn filtered(&mut self) {
        self.unsettled = true;
        self.stale = true;
        self.list_filters();
    }

    /// Switches a filter on or off.
    pub(super) fn toggle_filter(&mut self, id: FilterId) {
        let enabled = self.facts.filters.iter().find(|f| f.id == id).is_some_and(|f| f.filter.enabled);
        self.ring.enable_filter(id, !enabled);
        self.filtered();
    }

    /// Takes a filter away.
    pub(super) fn delete_filter(&mut self, id: FilterId) {
        self.ring.remove_filter(id);
        self.filtered();
    }

    /// The filter that hides lines below a level, and that level.
    pub(super) fn least_level(&self) -> Option<(FilterId, Level)> {
        self.facts.filters.iter().find_map(|f| match f.filter.condition {
            Condition::Below(level) if f.filter.enabled => Some((f.id, level)),
            _ => None,
        })
    }

    /// All lines, then only information or worse, warnings or worse, errors or worse, all again.
    pub(super) fn next_least_level(&mut self) {
        let now = self.least_level();
        let next = match now.map(|(_, level)| level) {
            None => Some(Level::Info),
            Some(Level::Info) => Some(Level::Warn),
            Some(Level::Warn) => Some(Level::Error),
            Some(_) => None,
        };
        self.told = Some(match next {
            None => "lines of every level".to_owned(),
            Some(level) => format!("only {} and worse; a line without a level counts as INFO", level.word()),
        });
        match (now, next) {
            (Some((id, _)), Some(level)) => {
                let filter =
                    Filter { effect: Effect::Exclude, condition: Condition::Below(level), enabled: true };
                self.ring.replace_filter(id, filter);
                self.filtered();
            }
            (None, Some(level)) => self.add(Effect::Exclude, Condition::Below(level)),
            (Some((id, _)), None) => self.delete_filter(id),
            (None, None) => {}
        }
    }

    /// The filter that hides lines of other times, and which times it lets in.
    pub(super) fn time_range(&self) -> Option<(FilterId, DateTime<Utc>, Option<DateTime<Utc>>)> {
        self.facts.filters.iter().find_map(|f| match f.filter.condition {
            Condition::Outside { from, until } if f.filter.enabled => Some((f.id, from, until)),
            _ => None,
        })
    }

    fn set_range(&mut self, from: DateTime<Utc>, until: Option<DateTime<Utc>>) {
        let condition = Condition::Outside { from, until };
        if let Some((id, ..)) = self.time_range() {
            self.ring.replace_filter(id, Filter { effect: Effect::Exclude, condition, enabled: true });
            self.filtered();
        } else {
            self.add(Effect::Exclude, condition);
        }
    }

    /// Shows only the last minutes, and what comes.
    pub(super) fn only_last_minutes(&mut self, now: DateTime<Utc>) {
        self.set_range(now - LAST, None);
        self.view.follow();
        self.placed();
    }

    /// Shows only lines from the reader's on, or up to it.
    pub(super) fn only_from_or_to_here(&mut self, from_here: bool) {
        let Some(key) = self.here() else { return };
        let at = DateTime::from_timestamp_millis(key.at_ms).unwrap_or_default();
        let range = self.time_range();
        if from_here {
            let until = range.and_then(|(_, _, until)| until).filter(|until| *until > at);
            self.set_range(at, until);
        } else {
            let from = range.map_or(DateTime::UNIX_EPOCH, |(_, from, _)| from);
            self.set_range(from.min(at), Some(at + TimeDelta::milliseconds(1)));
        }
    }

    /// Shows lines of any time again.
    pub(super) fn any_time(&mut self) {
        match self.time_range() {
            Some((id, ..)) => self.delete_filter(id),
            None => self.told = Some("lines of any time are shown".to_owned()),
        }
    }
}

/// What a filter does with lines.
pub(super) fn verb(effect: Effect) -> &'static str {
    match effect {
        Effect::Include => "only ",
        Effect::Exclude => "hide ",
    }
}

/// What a condition asks for, in the language of the screen.
pub(super) fn in_words(condition: &Condition, zone: Zone, now: DateTime<Utc>) -> String {
    let today = zone.wall(now).date();
    let clock = |at: DateTime<Utc>| zone.clock(at, today);
    let own = match condition {
        Condition::Text(query) => return query.text().to_owned(),
        Condition::Field { name, query } => return format!("{name}: {}", query.text()),
        Condition::Below(level) => format!("below {}", level.word()),
        Condition::Group(group) => format!("group {group}"),
        Condition::Stream(stream) => format!("stream {stream}"),
        Condition::Outside { from, until: None } => format!("before {}", clock(*from)),
        Condition::Outside { from, until: Some(until) } if *from == DateTime::UNIX_EPOCH => {
            format!("after {}", clock(*until))
        }
        Condition::Outside { from, until: Some(until) } => {
            format!("before {} or after {}", clock(*from), clock(*until))
        }
    };
    say(own).into_owned()
}
