//! Amazon CloudWatch Logs.

use async_trait::async_trait;

use super::call::LOG_GROUPS;
use super::page;
use crate::aws::{Answer, LogGroup, Logs, Page};
use crate::simulated::Simulated;

/// Groups a page.
const A_PAGE: usize = 50;

#[async_trait]
impl Logs for Simulated {
    async fn log_groups(&self, prefix: &str, token: Option<String>) -> Answer<Page<LogGroup>> {
        self.call(LOG_GROUPS, |world| {
            let groups = world.log_groups.iter().filter(|(name, _)| name.starts_with(prefix));
            let groups: Vec<LogGroup> = groups.map(|(name, days)| (name.clone(), *days)).collect();
            page(LOG_GROUPS, &groups, token.as_deref(), A_PAGE)
        })
        .await
    }
}
