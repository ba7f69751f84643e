//! AWS STS.

use async_trait::async_trait;

use super::SdkAws;
use super::allow::CALLER_IDENTITY;
use crate::aws::{Answer, Sts};
use crate::domain::identity::Identity;

#[async_trait]
impl Sts for SdkAws {
    async fn caller_identity(&self) -> Answer<Identity> {
        let clients = self.clients().await;
        let result = clients.sts.get_caller_identity().send().await;
        let output = self.answer(&CALLER_IDENTITY, &clients, result)?;
        Ok(Identity {
            account: output.account().unwrap_or_default().to_owned(),
            arn: output.arn().unwrap_or_default().to_owned(),
            region: clients.region.clone(),
        })
    }
}
