//! AWS Systems Manager Parameter Store.

use async_trait::async_trait;
use aws_smithy_types::DateTime as SdkDateTime;

use super::SdkAws;
use super::allow::{PARAMETER, PARAMETER_HISTORY, Read};
use super::convert::maybe_instant;
use crate::aws::{Answer, Page, Ssm};
use crate::domain::published::ParameterVersion;
use crate::domain::source::{Failure, FailureClass};

/// `GetParameterHistory` gives at most this many a page.
const VERSIONS_A_PAGE: i32 = 50;

#[async_trait]
impl Ssm for SdkAws {
    async fn parameter(&self, name: &str) -> Answer<ParameterVersion> {
        let clients = self.clients().await;
        let result = clients.ssm.get_parameter().name(name).with_decryption(true).send().await;
        let output = self.answer(&PARAMETER, &clients, result)?;
        output
            .parameter()
            .and_then(|p| version(p.version(), p.last_modified_date(), p.value()))
            .ok_or_else(|| incomplete(&PARAMETER))
    }

    async fn parameter_history(&self, name: &str, token: Option<String>) -> Answer<Page<ParameterVersion>> {
        let clients = self.clients().await;
        let result = clients
            .ssm
            .get_parameter_history()
            .name(name)
            .with_decryption(true)
            .max_results(VERSIONS_A_PAGE)
            .set_next_token(token)
            .send()
            .await;
        let output = self.answer(&PARAMETER_HISTORY, &clients, result)?;
        let items = output
            .parameters()
            .iter()
            .map(|p| {
                version(p.version(), p.last_modified_date(), p.value())
                    .ok_or_else(|| incomplete(&PARAMETER_HISTORY))
            })
            .collect::<Answer<Vec<_>>>()?;
        Ok(Page { items, next: output.next_token().filter(|t| !t.is_empty()).map(str::to_owned) })
    }
}

fn version(version: i64, changed: Option<&SdkDateTime>, value: Option<&str>) -> Option<ParameterVersion> {
    Some(ParameterVersion { version, changed_at: maybe_instant(changed)?, value: value?.to_owned() })
}

fn incomplete(read: &Read) -> Failure {
    Failure {
        action: Some(read.action.to_owned()),
        ..Failure::new(FailureClass::Malformed, "a parameter without value or date")
    }
}
