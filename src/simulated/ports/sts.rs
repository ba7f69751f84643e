//! AWS STS.

use async_trait::async_trait;

use super::call::CALLER_IDENTITY;
use crate::aws::{Answer, Sts};
use crate::domain::identity::Identity;
use crate::simulated::Simulated;

#[async_trait]
impl Sts for Simulated {
    async fn caller_identity(&self) -> Answer<Identity> {
        self.call(CALLER_IDENTITY, |world| {
            Ok(Identity {
                account: world.account.clone(),
                arn: format!("arn:aws:sts::{}:assumed-role/ops/on-call", world.account),
                region: world.region.clone(),
            })
        })
        .await
    }
}
