//! Amazon CloudWatch Logs.

use async_trait::async_trait;

use super::SdkAws;
use super::allow::LOG_GROUPS;
use crate::aws::{Answer, LogGroup, Logs, Page};

#[async_trait]
impl Logs for SdkAws {
    async fn log_groups(&self, prefix: &str, token: Option<String>) -> Answer<Page<LogGroup>> {
        let clients = self.clients().await;
        let result = clients
            .logs
            .describe_log_groups()
            .log_group_name_prefix(prefix)
            .set_next_token(token)
            .send()
            .await;
        let output = self.answer(&LOG_GROUPS, &clients, result)?;
        let items = output.log_groups().iter().filter_map(|g| {
            let days = g.retention_in_days().and_then(|days| u32::try_from(days).ok());
            Some((g.log_group_name()?.to_owned(), days))
        });
        Ok(Page {
            items: items.collect(),
            next: output.next_token().filter(|t| !t.is_empty()).map(str::to_owned),
        })
    }
}
