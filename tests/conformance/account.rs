//! The caller, scaling, and what calls cost.

use super::cloudwatch::{every, from};
use super::*;

pub(crate) async fn the_caller_has_an_account_of_twelve_digits(s: &Subject) {
    let identity = s.aws.caller_identity().await.unwrap();
    assert!(identity.account.len() == 12 && identity.account.chars().all(|c| c.is_ascii_digit()));
    assert!(identity.arn.starts_with("arn:aws:") && identity.arn.contains(&identity.account));
    assert_eq!(identity.region, s.region);
}

pub(crate) async fn a_service_without_auto_scaling_has_no_scalable_target(s: &Subject) {
    assert_eq!(s.aws.scalable_target(&s.cluster, &s.service).await.unwrap(), None);
}

pub(crate) async fn calls_are_counted_and_cloudwatch_is_billed(s: &Subject) {
    let ((), calls) = metered(async {
        s.aws.service(&s.cluster, &s.service).await.unwrap();
        s.aws.subnets(&SubnetFilter::Vpc(s.vpc.clone()), None).await.unwrap();
    })
    .await;
    assert_eq!((calls.calls, calls.usage.len()), (2, 0));
    let queries = every(s, 60);
    let ((), calls) = metered(async {
        s.aws.metric_data(&queries, from(s, 10), s.now, None).await.unwrap();
        s.aws.alarms(None).await.unwrap();
    })
    .await;
    assert_eq!(calls.calls, 2);
    assert_eq!(calls.usage.get(METRIC_REQUESTED), Some(&(queries.len() as u64)));
    assert_eq!(calls.usage.get(CLOUDWATCH_REQUEST), Some(&1));
}
