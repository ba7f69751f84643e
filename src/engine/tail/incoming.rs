//! How many lines CloudWatch took in: the metric `IncomingLogEvents` of a log group.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::aws::{Answer, CloudWatch, MetricQuery};
use crate::domain::metric::MetricKey;

/// Pages of an answer at most: one query of an hour fits on the first.
const PAGES: usize = 5;

/// Says how many lines a log group took in.
#[async_trait]
pub trait Incoming: Send + Sync {
    /// Lines of each minute in `[from, to)`, by the minute's beginning; a minute without lines may be left out.
    async fn incoming(
        &self,
        group: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Answer<Vec<(DateTime<Utc>, u64)>>;
}

/// Asks CloudWatch: one metric a call.
pub struct IncomingMetric(pub Arc<dyn CloudWatch>);

#[async_trait]
impl Incoming for IncomingMetric {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of lines, not negative"
    )]
    async fn incoming(
        &self,
        group: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Answer<Vec<(DateTime<Utc>, u64)>> {
        let key = MetricKey {
            namespace: "AWS/Logs".to_owned(),
            name: "IncomingLogEvents".to_owned(),
            statistic: "Sum".to_owned(),
            dimensions: BTreeMap::from([("LogGroupName".to_owned(), group.to_owned())]),
        };
        let queries = [MetricQuery { key, period_s: 60 }];
        let mut out = Vec::new();
        let mut token = None;
        for _ in 0..PAGES {
            let page = self.0.metric_data(&queries, from, to, token).await?;
            let points = page.items.into_iter().flat_map(|series| series.points);
            out.extend(points.map(|(at, n)| (at, n.max(0.0).round() as u64)));
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        Ok(out)
    }
}
