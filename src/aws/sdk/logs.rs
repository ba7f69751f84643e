//! Amazon CloudWatch Logs.

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use chrono::DateTime;

use super::SdkAws;
use super::allow::{LOG_EVENTS, LOG_GROUPS};
use crate::aws::{Answer, EventQuery, LogGroup, Logs, Page};
use crate::domain::log::LogEvent;
use crate::domain::source::{Failure, FailureClass};

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

    async fn events(&self, group: &str, query: &EventQuery, token: Option<String>) -> Answer<Page<LogEvent>> {
        let clients = self.clients().await;
        let result = clients
            .logs
            .filter_log_events()
            .log_group_name(group)
            .start_time(query.from.timestamp_millis())
            .set_end_time(query.until.map(|until| until.timestamp_millis()))
            .set_filter_pattern(query.pattern.clone())
            .set_next_token(token)
            .send()
            .await;
        let output = self.answer(&LOG_EVENTS, &clients, result)?;
        let items = output.events().iter().map(|e| event(group, e)).collect::<Option<Vec<_>>>();
        Ok(Page {
            // Left out silently it would be a line that nobody misses.
            items: items.ok_or_else(|| Failure {
                action: Some(LOG_EVENTS.action.to_owned()),
                ..Failure::new(FailureClass::Malformed, "a log event came without id or time")
            })?,
            next: output.next_token().filter(|t| !t.is_empty()).map(str::to_owned),
        })
    }
}

fn event(group: &str, e: &FilteredLogEvent) -> Option<LogEvent> {
    let at = DateTime::from_timestamp_millis(e.timestamp()?)?;
    Some(LogEvent {
        id: e.event_id().filter(|id| !id.is_empty())?.to_owned(),
        group: group.to_owned(),
        stream: e.log_stream_name().unwrap_or_default().to_owned(),
        at,
        ingested_at: e.ingestion_time().and_then(DateTime::from_timestamp_millis).unwrap_or(at),
        message: e.message().unwrap_or_default().to_owned(),
    })
}
