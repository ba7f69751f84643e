//! Metrics and alarms.

use miharu::engine::tail::incoming::{Incoming, IncomingMetric};

use super::*;

pub(crate) async fn points(s: &Subject, queries: &[MetricQuery], from: DateTime<Utc>) -> Vec<MetricPoints> {
    let parts = all_pages(20, |token| s.aws.metric_data(queries, from, s.now, token)).await.unwrap();
    // One query may come in parts.
    let mut joined: BTreeMap<usize, MetricPoints> = BTreeMap::new();
    for part in parts {
        assert!(part.query < queries.len());
        let series =
            joined.entry(part.query).or_insert(MetricPoints { query: part.query, points: Vec::new() });
        series.points.extend(part.points);
    }
    joined.into_values().collect()
}

pub(crate) fn every(s: &Subject, period_s: u32) -> Vec<MetricQuery> {
    s.metrics.iter().map(|key| MetricQuery { key: key.clone(), period_s }).collect()
}

/// The beginning of a window of full five minutes.
pub(crate) fn from(s: &Subject, minutes: i64) -> DateTime<Utc> {
    (s.now - TimeDelta::minutes(minutes)).duration_trunc(TimeDelta::minutes(5)).unwrap()
}

pub(crate) async fn metric_points_are_sorted_aligned_and_inside_the_window(s: &Subject) {
    let from = from(s, 10);
    let series = points(s, &every(s, 60), from).await;
    assert_eq!(series.len(), s.metrics.len());
    for one in series {
        let name = &s.metrics[one.query].name;
        assert!(one.points.len() >= 2, "{name}: {:?}", one.points);
        assert!(one.points.windows(2).all(|w| w[0].0 < w[1].0), "{name}");
        assert!(one.points.iter().all(|(at, _)| *at >= from && *at < s.now), "{name}");
        assert!(one.points.iter().all(|(at, _)| at.timestamp() % 60 == 0), "{name}");
        assert!(one.points.iter().all(|(_, v)| v.is_finite() && *v >= 0.0), "{name}");
    }
}

pub(crate) async fn longer_periods_gather_the_minutes(s: &Subject) {
    let from = from(s, 10);
    let (minutes, fives) = (points(s, &every(s, 60), from).await, points(s, &every(s, 300), from).await);
    for (one, five) in minutes.iter().zip(&fives) {
        let key = &s.metrics[one.query];
        assert!(five.points.iter().all(|(at, _)| at.timestamp() % 300 == 0), "{}", key.name);
        let (at, value) = five.points[0];
        let inside = one.points.iter().filter(|(t, _)| *t >= at && *t < at + TimeDelta::minutes(5));
        let inside: Vec<f64> = inside.map(|(_, v)| *v).collect();
        let expected = match key.statistic.as_str() {
            "Sum" => inside.iter().sum(),
            "Maximum" => inside.iter().copied().fold(f64::MIN, f64::max),
            _ => continue,
        };
        assert!((value - expected).abs() <= expected.abs() * 1e-9, "{}: {value} {expected}", key.name);
    }
}

pub(crate) async fn an_unknown_metric_has_no_points(s: &Subject) {
    let mut none = s.metrics[0].clone();
    none.name = "NoSuchMetric".into();
    let mut elsewhere = s.metrics[0].clone();
    elsewhere.dimensions.insert("NoSuchDimension".into(), "x".into());
    for key in [none, elsewhere] {
        let queries = [MetricQuery { key, period_s: 60 }];
        let series = points(s, &queries, from(s, 10)).await;
        assert!(series.iter().all(|one| one.points.is_empty()), "{series:?}");
    }
}

pub(crate) async fn five_hundred_queries_are_answered_and_one_more_is_refused(s: &Subject) {
    let query = MetricQuery { key: s.metrics[0].clone(), period_s: 60 };
    let mut queries = vec![query; QUERIES_A_CALL];
    let series = points(s, &queries, from(s, 10)).await;
    assert_eq!(series.len(), QUERIES_A_CALL);
    assert!(series.iter().all(|one| one.points == series[0].points));
    queries.push(queries[0].clone());
    let refused = s.aws.metric_data(&queries, from(s, 10), s.now, None).await;
    let failure = refused.unwrap_err();
    assert_eq!((failure.class, action(&failure)), (FailureClass::Other, "cloudwatch:GetMetricData"));
}

pub(crate) async fn metrics_are_listed_with_their_dimensions(s: &Subject) {
    for key in &s.metrics {
        let all = all_pages(5, |t| s.aws.list_metrics(&key.namespace, &key.name, &key.dimensions, t)).await;
        assert!(all.unwrap().contains(&key.dimensions), "{}", key.name);
    }
    let wrong = BTreeMap::from([("FileSystemId".to_owned(), "fs-0000000000000dead".to_owned())]);
    let page = s.aws.list_metrics("AWS/EFS", "TotalIOBytes", &wrong, None).await.unwrap();
    assert_eq!(page.items, []);
}

pub(crate) async fn alarms_have_state_reason_and_dimensions(s: &Subject) {
    let alarms = all_pages(10, |token| s.aws.alarms(token)).await.unwrap();
    let names: BTreeSet<_> = alarms.iter().map(|a| &a.name).collect();
    assert!(!alarms.is_empty() && names.len() == alarms.len());
    for alarm in &alarms {
        assert!(!alarm.reason.is_empty() && !alarm.dimensions.is_empty(), "{alarm:?}");
        assert!(alarm.since.unwrap() <= s.now + TimeDelta::minutes(1), "{alarm:?}");
    }
    let ours = |a: &&miharu::domain::alarm::Alarm| {
        a.dimensions.iter().any(|d| d.get("FileSystemId") == Some(&s.file_system))
    };
    assert!(alarms.iter().any(|a| ours(&a)), "one on the file system");
    let told: BTreeSet<AlarmState> = alarms.iter().map(|a| a.state).collect();
    assert!(told.iter().all(|state| !state.as_str().is_empty()));
}

pub(crate) async fn lines_that_a_log_group_took_in_are_counted_by_minute(s: &Subject) {
    let metric = IncomingMetric(Arc::clone(&s.aws) as _);
    let (from, to) = (from(s, 15), s.now + TimeDelta::minutes(10));
    let lines = |minutes: &[(DateTime<Utc>, u64)]| minutes.iter().map(|(_, n)| *n).sum::<u64>();
    let mut minutes = Vec::new();
    for _ in 0..5 {
        minutes = metric.incoming(&s.log_group, from, to).await.unwrap();
        if lines(&minutes) > 0 {
            break;
        }
        // CloudWatch tells it a few minutes late.
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    assert!(minutes.windows(2).all(|two| two[0].0 < two[1].0), "{minutes:?}");
    assert!(minutes.iter().all(|(at, n)| at.timestamp() % 60 == 0 && *n > 0), "{minutes:?}");
    assert_eq!(lines(&minutes), LINES as u64, "{minutes:?}");
    assert_eq!(metric.incoming("/no/such/group", from, to).await.unwrap(), []);
    let of_group = BTreeMap::from([("LogGroupName".to_owned(), s.log_group.clone())]);
    let listed = s.aws.list_metrics("AWS/Logs", "IncomingLogEvents", &of_group, None).await.unwrap();
    assert_eq!(listed.items, [of_group]);
}
