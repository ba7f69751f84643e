//! Amazon CloudWatch.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::call::{ALARMS, LIST_METRICS, METRIC_DATA};
use super::page;
use crate::aws::{Answer, CloudWatch, MetricPoints, MetricQuery, Page, QUERIES_A_CALL, meter};
use crate::domain::alarm::Alarm;
use crate::domain::price::{CLOUDWATCH_REQUEST, METRIC_REQUESTED};
use crate::simulated::Simulated;

const ALARMS_A_PAGE: usize = 100;
const METRICS_A_PAGE: usize = 500;
/// Points that `GetMetricData` gives at most in one answer.
const POINTS_A_PAGE: usize = 100_800;

/// What of all series belongs on the page that begins at query `q`, point `p`; and where the next begins.
fn cut(all: &[MetricPoints], (q, p): (usize, usize)) -> (Vec<MetricPoints>, Option<(usize, usize)>) {
    let mut room = POINTS_A_PAGE;
    let mut items = Vec::new();
    for (i, series) in all.iter().enumerate().skip(q) {
        let from = if i == q { p } else { 0 };
        let points: Vec<_> = series.points.iter().skip(from).take(room).copied().collect();
        let (taken, end) = (points.len(), from + points.len());
        items.push(MetricPoints { query: series.query, points });
        if end < series.points.len() {
            return (items, Some((i, end)));
        }
        room -= taken;
    }
    (items, None)
}

fn place(token: &str) -> Option<(usize, usize)> {
    let (q, p) = token.split_once(':')?;
    Some((q.parse().ok()?, p.parse().ok()?))
}

#[async_trait]
impl CloudWatch for Simulated {
    async fn metric_data(
        &self,
        queries: &[MetricQuery],
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        token: Option<String>,
    ) -> Answer<Page<MetricPoints>> {
        let answer = self
            .call(METRIC_DATA, |world| {
                let refused = |text: &str| Err(METRIC_DATA.invalid("ValidationError", text));
                if queries.is_empty() || queries.len() > QUERIES_A_CALL {
                    return refused("The collection MetricDataQueries must have 1 to 500 elements.");
                }
                if from >= to {
                    return refused("The parameter StartTime must be less than the parameter EndTime.");
                }
                if queries.iter().any(|q| q.period_s == 0 || q.period_s % 60 != 0) {
                    return refused("Period must be a multiple of 60.");
                }
                let start = match token.as_deref().map(place) {
                    None => (0, 0),
                    Some(Some(start)) => start,
                    Some(None) => return refused("Invalid nextToken."),
                };
                let all: Vec<MetricPoints> = queries
                    .iter()
                    .enumerate()
                    .map(|(query, q)| MetricPoints {
                        query,
                        points: world.points(&q.key, q.period_s, from, to),
                    })
                    .collect();
                let (items, next) = cut(&all, start);
                Ok(Page { items, next: next.map(|(q, p)| format!("{q}:{p}")) })
            })
            .await?;
        if token.is_none() {
            meter::count_billed(METRIC_REQUESTED, u64::try_from(queries.len()).unwrap_or(u64::MAX));
        }
        Ok(answer)
    }

    async fn list_metrics(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &BTreeMap<String, String>,
        token: Option<String>,
    ) -> Answer<Page<BTreeMap<String, String>>> {
        let answer = self
            .call(LIST_METRICS, |world| {
                let all = world.list_metrics(namespace, name, dimensions);
                page(LIST_METRICS, &all, token.as_deref(), METRICS_A_PAGE)
            })
            .await?;
        meter::count_billed(CLOUDWATCH_REQUEST, 1);
        Ok(answer)
    }

    async fn alarms(&self, token: Option<String>) -> Answer<Page<Alarm>> {
        let answer = self
            .call(ALARMS, |world| page(ALARMS, &world.describe_alarms(), token.as_deref(), ALARMS_A_PAGE))
            .await?;
        meter::count_billed(CLOUDWATCH_REQUEST, 1);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_without_losing_a_point() {
        let points = |n: i64| (0..n).map(|i| (DateTime::from_timestamp(i * 60, 0).unwrap(), 1.0)).collect();
        let all: Vec<MetricPoints> = [70_000, 70_000, 0, 90_000]
            .into_iter()
            .enumerate()
            .map(|(query, n)| MetricPoints { query, points: points(n) })
            .collect();
        let mut counted = [0; 4];
        let (mut place, mut pages) = (Some((0, 0)), 0);
        while let Some(start) = place {
            let (items, next) = cut(&all, start);
            let on_page: usize = items.iter().map(|i| i.points.len()).sum();
            assert!(on_page <= POINTS_A_PAGE);
            for item in items {
                counted[item.query] += item.points.len();
            }
            (place, pages) = (next, pages + 1);
        }
        assert_eq!((counted, pages), ([70_000, 70_000, 0, 90_000], 3));
    }
}
