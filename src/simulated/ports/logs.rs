//! Amazon CloudWatch Logs.

use async_trait::async_trait;

use super::call::{LOG_EVENTS, LOG_GROUPS};
use super::page;
use crate::aws::{Answer, EventQuery, LogGroup, Logs, Page};
use crate::domain::log::LogEvent;
use crate::simulated::Simulated;
use crate::simulated::log::Pattern;

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

    async fn events(&self, group: &str, query: &EventQuery, token: Option<String>) -> Answer<Page<LogEvent>> {
        self.call(LOG_EVENTS, |world| {
            if !world.log_groups.contains_key(group) {
                let words = "The specified log group does not exist.";
                return Err(LOG_EVENTS.not_found("ResourceNotFoundException", words));
            }
            let invalid = |words: &str| LOG_EVENTS.invalid("InvalidParameterException", words);
            let pattern = Pattern::parse(query.pattern.as_deref().unwrap_or_default());
            let pattern = pattern.map_err(|why| invalid(&why))?;
            let token = token.as_deref().map(|t| t.parse().map_err(|()| invalid("Invalid token.")));
            Ok(world.log_events(group, query, &pattern, token.transpose()?))
        })
        .await
    }
}
