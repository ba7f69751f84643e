//! Amazon CloudWatch.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::{
    Dimension, DimensionFilter, Metric, MetricAlarm, MetricDataQuery, MetricStat, ScanBy, StateValue,
};
use aws_smithy_types::DateTime as SdkDateTime;
use chrono::{DateTime, Utc};

use super::SdkAws;
use super::allow::{ALARMS, LIST_METRICS, METRIC_DATA};
use super::convert::{instant, maybe_instant};
use crate::aws::{Answer, CloudWatch, MetricPoints, MetricQuery, Page, meter};
use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::price::{CLOUDWATCH_REQUEST, METRIC_REQUESTED};

/// `DescribeAlarms` gives at most this many a page.
const ALARMS_A_PAGE: i32 = 100;

#[async_trait]
impl CloudWatch for SdkAws {
    async fn metric_data(
        &self,
        queries: &[MetricQuery],
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        token: Option<String>,
    ) -> Answer<Page<MetricPoints>> {
        let clients = self.clients().await;
        let first_page = token.is_none();
        let result = clients
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries.iter().enumerate().map(query).collect()))
            .start_time(SdkDateTime::from_secs(from.timestamp()))
            .end_time(SdkDateTime::from_secs(to.timestamp()))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token)
            .send()
            .await;
        let output = self.answer(&METRIC_DATA, &clients, result)?;
        if first_page {
            meter::count_billed(METRIC_REQUESTED, u64::try_from(queries.len()).unwrap_or(u64::MAX));
        }
        let items = output
            .metric_data_results()
            .iter()
            .filter_map(|r| {
                let query = r.id()?.strip_prefix('q')?.parse().ok()?;
                let points = r
                    .timestamps()
                    .iter()
                    .zip(r.values())
                    .filter_map(|(at, value)| Some((instant(at)?, *value)))
                    .collect();
                Some(MetricPoints { query, points })
            })
            .collect();
        Ok(Page { items, next: output.next_token().filter(|t| !t.is_empty()).map(str::to_owned) })
    }

    async fn list_metrics(
        &self,
        namespace: &str,
        name: &str,
        dimensions: &BTreeMap<String, String>,
        token: Option<String>,
    ) -> Answer<Page<BTreeMap<String, String>>> {
        let clients = self.clients().await;
        let filters = dimensions
            .iter()
            .map(|(name, value)| DimensionFilter::builder().name(name).value(value).build())
            .collect();
        let result = clients
            .cloudwatch
            .list_metrics()
            .namespace(namespace)
            .metric_name(name)
            .set_dimensions(Some(filters))
            .set_next_token(token)
            .send()
            .await;
        let output = self.answer(&LIST_METRICS, &clients, result)?;
        meter::count_billed(CLOUDWATCH_REQUEST, 1);
        Ok(Page {
            items: output.metrics().iter().map(|m| dimension_map(m.dimensions())).collect(),
            next: output.next_token().filter(|t| !t.is_empty()).map(str::to_owned),
        })
    }

    async fn alarms(&self, token: Option<String>) -> Answer<Page<Alarm>> {
        let clients = self.clients().await;
        let result = clients
            .cloudwatch
            .describe_alarms()
            .max_records(ALARMS_A_PAGE)
            .set_next_token(token)
            .send()
            .await;
        let output = self.answer(&ALARMS, &clients, result)?;
        meter::count_billed(CLOUDWATCH_REQUEST, 1);
        Ok(Page {
            items: output.metric_alarms().iter().map(alarm).collect(),
            next: output.next_token().filter(|t| !t.is_empty()).map(str::to_owned),
        })
    }
}

fn query((index, query): (usize, &MetricQuery)) -> MetricDataQuery {
    let dimensions = query
        .key
        .dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build())
        .collect();
    let metric = Metric::builder()
        .namespace(&query.key.namespace)
        .metric_name(&query.key.name)
        .set_dimensions(Some(dimensions))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(i32::try_from(query.period_s).unwrap_or(i32::MAX))
        .stat(&query.key.statistic)
        .build();
    MetricDataQuery::builder().id(format!("q{index}")).metric_stat(stat).build()
}

fn dimension_map(dimensions: &[Dimension]) -> BTreeMap<String, String> {
    dimensions.iter().filter_map(|d| Some((d.name()?.to_owned(), d.value()?.to_owned()))).collect()
}

fn alarm(a: &MetricAlarm) -> Alarm {
    let mut dimensions: Vec<_> = a
        .metrics()
        .iter()
        .filter_map(|q| q.metric_stat()?.metric())
        .map(|m| dimension_map(m.dimensions()))
        .collect();
    if dimensions.is_empty() {
        dimensions.push(dimension_map(a.dimensions()));
    }
    Alarm {
        name: a.alarm_name().unwrap_or_default().to_owned(),
        state: match a.state_value() {
            Some(StateValue::Alarm) => AlarmState::Alarm,
            Some(StateValue::Ok) => AlarmState::Ok,
            _ => AlarmState::InsufficientData,
        },
        since: maybe_instant(a.state_transitioned_timestamp())
            .or_else(|| maybe_instant(a.state_updated_timestamp())),
        reason: a.state_reason().unwrap_or_default().to_owned(),
        dimensions,
    }
}
