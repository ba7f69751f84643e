//! Which version of the published list each task runs by, for many tasks: each version is parsed once.

use chrono::{DateTime, Utc};

use crate::domain::published::{ParameterVersion, Published, PublishedList};

/// The versions of a parameter, ready to be asked.
pub(super) struct Versions<'a> {
    published: &'a Published,
    /// Time of change, version, and the newest version of the same content; by time. Empty where versions and
    /// times do not grow together, which only a clock set back can do.
    by_time: Vec<(DateTime<Utc>, i64)>,
    /// For each, the first later one of other content.
    other_from: Vec<usize>,
}

impl<'a> Versions<'a> {
    pub(super) fn of(published: &'a Published) -> Self {
        let mut all: Vec<&ParameterVersion> = published.history.iter().chain([&published.current]).collect();
        all.sort_by_key(|v| v.version);
        all.dedup_by_key(|v| v.version);
        if !all.is_sorted_by_key(|v| v.changed_at) {
            return Self { published, by_time: Vec::new(), other_from: Vec::new() };
        }
        let classes = classes(&all);
        let newest = |class: usize| {
            let same = all.iter().zip(&classes).rev().find(|(_, c)| **c == class);
            same.map_or(0, |(v, _)| v.version)
        };
        let by_time = all.iter().zip(&classes).map(|(v, class)| (v.changed_at, newest(*class))).collect();
        let mut other_from = vec![all.len(); all.len()];
        for i in (0..all.len().saturating_sub(1)).rev() {
            other_from[i] = if classes[i] == classes[i + 1] { other_from[i + 1] } else { i + 1 };
        }
        Self { published, by_time, other_from }
    }

    /// As [`Published::version_of_task`].
    pub(super) fn of_task(
        &self,
        created_at: DateTime<Utc>,
        started_at: Option<DateTime<Utc>>,
    ) -> Option<i64> {
        if self.by_time.is_empty() {
            return self.published.version_of_task(created_at, started_at);
        }
        let index = self.by_time.partition_point(|(at, _)| *at <= created_at).checked_sub(1)?;
        let other = *self.other_from.get(index)?;
        let changed = self.by_time.get(other).map(|(at, _)| *at);
        let ambiguous = changed.is_some_and(|at| started_at.is_none_or(|started| at <= started));
        if ambiguous { None } else { self.by_time.get(index).map(|(_, version)| *version) }
    }
}

/// A number for each version; equal numbers are equal content (equal after parsing, else equal as text).
fn classes(all: &[&ParameterVersion]) -> Vec<usize> {
    let parsed: Vec<_> = all.iter().map(|v| PublishedList::parse(&v.value).ok()).collect();
    let mut classes: Vec<usize> = Vec::with_capacity(all.len());
    for i in 0..all.len() {
        let same = (0..i)
            .find(|j| all[i].value == all[*j].value || (parsed[i].is_some() && parsed[i] == parsed[*j]));
        classes.push(same.map_or(i, |j| classes[j]));
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(s, 0).unwrap()
    }

    proptest! {
        #[test]
        fn it_says_what_the_published_list_says(
            versions in prop::collection::vec((0i64..20, 0usize..3), 1..8),
            created in 0i64..100,
            starts in prop::option::of(0i64..60),
            monotone in any::<bool>(),
        ) {
            let texts = ["{\"mount_targets\": []}", "{\"mount_targets\":[]}", "{}"];
            let mut time = 0;
            let history: Vec<_> = versions
                .iter()
                .zip(1..)
                .map(|((step, text), version)| {
                    time = if monotone { time + step } else { *step };
                    ParameterVersion { version, changed_at: at(time), value: texts[*text].to_owned() }
                })
                .collect();
            let published = Published { parameter: "/p".into(), current: history.last().unwrap().clone(), history };
            let started = starts.map(|s| at(created + s));
            prop_assert_eq!(
                Versions::of(&published).of_task(at(created), started),
                published.version_of_task(at(created), started)
            );
        }
    }
}
