//! How near the file system is to its I/O limit, which a count of its files would add to.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::aws::{Aws, MetricQuery, all_pages};
use crate::domain::metric::MetricKey;
use crate::sources::PAGES;
use crate::sources::cloudwatch::window;

/// The count is what matters: it does not wait longer than this for the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The newest `PercentIOLimit`; `None` where it is not known, which file systems of some kinds do not tell.
pub(super) async fn percent_of_limit(aws: &dyn Aws, file_system: &str, now: DateTime<Utc>) -> Option<f64> {
    let key = MetricKey {
        namespace: "AWS/EFS".to_owned(),
        name: "PercentIOLimit".to_owned(),
        statistic: "Average".to_owned(),
        dimensions: BTreeMap::from([("FileSystemId".to_owned(), file_system.to_owned())]),
    };
    let query = MetricQuery { key, period_s: 60 };
    let (from, to) = window(query.period_s, now);
    let queries = [query];
    let asking = all_pages(PAGES, |token| aws.metric_data(&queries, from, to, token));
    // That it cannot be asked is said by the source of metrics, which asks for it too.
    let parts = tokio::time::timeout(PATIENCE, asking).await.ok()?.ok()?;
    parts.into_iter().flat_map(|part| part.points).max_by_key(|(at, _)| *at).map(|(_, percent)| percent)
}
