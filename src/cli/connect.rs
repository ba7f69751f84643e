//! Joins an environment with the real outside world.

use std::sync::Arc;

use crate::aws::Outside;
use crate::aws::nfs::TcpNfs;
use crate::aws::sdk::SdkAws;
use crate::clock::Clock;
use crate::config::model::Environment;

/// The real AWS of an environment. Nothing is read or asked yet.
pub fn unasked(environment: &Environment, clock: Clock) -> (Arc<SdkAws>, Outside) {
    let aws = Arc::new(SdkAws::new(environment, clock));
    let nfs = Arc::new(TcpNfs::default());
    (Arc::clone(&aws), Outside { aws: Arc::clone(&aws) as _, nfs, sign_in: aws })
}

/// The real AWS of an environment and the region it is in.
pub async fn sdk(environment: &Environment, clock: Clock) -> (Outside, String) {
    let (aws, outside) = unasked(environment, clock);
    let region = aws.region().await;
    (outside, region)
}
