//! Metrics, all in one batch a poll.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::balancer::Balancers;
use super::{AT_ONCE, Built, Observation, PAGES, Pace, Setup, Source, paced, service_of};
use crate::aws::{Answer, Aws, MetricQuery, QUERIES_A_CALL, all_pages};
use crate::config::model::Environment;
use crate::domain::facts::Facts;
use crate::domain::metric::MetricSeries;
use crate::domain::source::{Failure, SourceId};

pub(in crate::sources) mod catalog;

use catalog::Wanted;

/// The past that is read.
const WINDOW: TimeDelta = TimeDelta::hours(1);
/// The past that is read of a metric with few points.
const SLOW_WINDOW: TimeDelta = TimeDelta::hours(3);
/// From this period on a metric is a slow one.
const SLOW_PERIOD_S: u32 = 900;

struct CloudWatchSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    environment: Arc<Environment>,
    balancers: Balancers,
}

/// Needs something that has metrics.
///
/// # Errors
/// Nothing is configured.
pub fn build(setup: &Setup) -> Built {
    let environment = &setup.environment;
    let findable = environment.load_balancer.is_some()
        || environment.target_group.is_some()
        || service_of(setup).is_ok();
    if !findable && catalog::wanted(environment, &[]).is_empty() {
        return Err("nothing configured that has metrics (file_system.id, service.name, metric)".to_owned());
    }
    Ok(Box::new(CloudWatchSource {
        pace: Pace::of(setup, SourceId::CLOUDWATCH),
        aws: Arc::clone(&setup.outside.aws),
        environment: Arc::clone(environment),
        balancers: Balancers::new(setup),
    }))
}

#[async_trait]
impl Source for CloudWatchSource {
    paced!();

    async fn observe(&mut self, now: DateTime<Utc>) -> Result<Observation, Failure> {
        let (balancers, failure) = self.balancers.get(now).await;
        let wanted = catalog::wanted(&self.environment, balancers);
        let series = read(&self.aws, wanted, now).await?;
        Ok(Observation {
            facts: vec![Facts::Terms(self.environment.terms()), Facts::Metrics(series)],
            warnings: failure.into_iter().collect(),
            incomplete: None,
        })
    }
}

/// The window of a period: aligned to it, so that its points do not wander from poll to poll, and with the
/// period of `now` in it.
pub(in crate::sources) fn window(period_s: u32, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let period = i64::from(period_s.max(1));
    let end = (now.timestamp().div_euclid(period) + 1) * period;
    let past = if period_s >= SLOW_PERIOD_S { SLOW_WINDOW } else { WINDOW };
    // Whole periods, at least one.
    let start = end - (past.num_seconds() / period).max(1) * period;
    let instant = |s| DateTime::from_timestamp(s, 0).unwrap_or(now);
    (instant(start), instant(end))
}

/// Reads all that is wanted: one call for each period and [`QUERIES_A_CALL`] queries. What has no points comes
/// back with none.
async fn read(aws: &Arc<dyn Aws>, wanted: Vec<Wanted>, now: DateTime<Utc>) -> Answer<Vec<MetricSeries>> {
    let mut by_period: BTreeMap<u32, Vec<Wanted>> = BTreeMap::new();
    for one in wanted {
        by_period.entry(one.query.period_s).or_default().push(one);
    }
    let batches: Vec<(u32, Vec<Wanted>)> = by_period
        .into_iter()
        .flat_map(|(period, all)| {
            let parts: Vec<_> = all.chunks(QUERIES_A_CALL).map(<[Wanted]>::to_vec).collect();
            parts.into_iter().map(move |part| (period, part))
        })
        .collect();
    stream::iter(batches)
        .map(|(period, part)| async move { batch(aws.as_ref(), part, window(period, now)).await })
        .buffered(AT_ONCE)
        .try_concat()
        .await
}

async fn batch(
    aws: &dyn Aws,
    wanted: Vec<Wanted>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Answer<Vec<MetricSeries>> {
    let queries: Vec<MetricQuery> = wanted.iter().map(|w| w.query.clone()).collect();
    let parts = all_pages(PAGES, |token| aws.metric_data(&queries, from, to, token)).await?;
    let mut points: Vec<BTreeMap<DateTime<Utc>, f64>> = vec![BTreeMap::new(); wanted.len()];
    for part in parts {
        if let Some(of_query) = points.get_mut(part.query) {
            of_query.extend(part.points);
        }
    }
    Ok(wanted
        .into_iter()
        .zip(points)
        .map(|(wanted, points)| MetricSeries {
            key: wanted.query.key,
            unit: wanted.unit,
            period_s: wanted.query.period_s,
            points: points.into_iter().collect(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_aligned_and_hold_the_present_period() {
        let now = DateTime::from_timestamp(1_800_000_059, 0).unwrap();
        for (period, length) in [(60, 3600), (300, 3600), (900, 10_800), (3600, 10_800), (7, 3598)] {
            let (from, to) = window(period, now);
            assert_eq!((to - from).num_seconds(), length, "{period}");
            assert_eq!(from.timestamp() % i64::from(period), 0, "{period}");
            assert!(to > now && (to - now).num_seconds() <= i64::from(period), "{period}");
        }
    }
}
