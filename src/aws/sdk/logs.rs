//! Amazon CloudWatch Logs.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::operation::start_live_tail::StartLiveTailOutput;
use aws_sdk_cloudwatchlogs::types::error::StartLiveTailResponseStreamError;
use aws_sdk_cloudwatchlogs::types::{
    FilteredLogEvent, LiveTailSessionLogEvent, LiveTailSessionMetadata, StartLiveTailResponseStream,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use chrono::DateTime;

use super::SdkAws;
use super::allow::{LIVE_TAIL, LOG_EVENTS, LOG_GROUPS};
use super::causes::innermost;
use super::clients::Clients;
use crate::aws::{Answer, EventQuery, LiveTail, LiveUpdate, LogGroup, Logs, Page};
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
        let group: Arc<str> = Arc::from(group);
        // Taken over, not copied: a page may hold 10 000 lines.
        let events = output.events.unwrap_or_default().into_iter();
        let items = events.map(|e| event(&group, e)).collect::<Option<Vec<_>>>();
        Ok(Page {
            // Left out silently it would be a line that nobody misses.
            items: items.ok_or_else(|| Failure {
                action: Some(LOG_EVENTS.action.to_owned()),
                ..Failure::new(FailureClass::Malformed, "a log event came without id or time")
            })?,
            next: output.next_token.filter(|t| !t.is_empty()),
        })
    }

    async fn live_tail(&self, groups: &[Arc<str>]) -> Answer<Box<dyn LiveTail + '_>> {
        let clients = self.clients().await;
        let mut arns = Vec::with_capacity(groups.len());
        for group in groups {
            arns.push(self.arn(&clients, group).await?);
        }
        let call = clients.logs.start_live_tail().set_log_group_identifiers(Some(arns));
        let started = match clients.endpoint(LIVE_TAIL.service) {
            Some(_) => call.customize().interceptor(NamedEndpoint).send().await,
            None => call.send().await,
        };
        let output = self.answer(&LIVE_TAIL, &clients, started)?;
        Ok(Box::new(Session { output, groups: groups.to_vec() }))
    }
}

impl SdkAws {
    /// Live Tail knows groups by their ARN alone.
    async fn arn(&self, clients: &Arc<Clients>, group: &str) -> Answer<String> {
        let asked = clients.logs.describe_log_groups().log_group_name_prefix(group).send().await;
        let output = self.answer(&LOG_GROUPS, clients, asked)?;
        // Names are in order, so the one that is its own prefix comes first.
        let found = output.log_groups().iter().find(|g| g.log_group_name() == Some(group));
        // The older of the two forms ends with a star for the streams.
        let arn = found.and_then(|g| g.log_group_arn().or_else(|| g.arn()?.strip_suffix(":*")));
        arn.map(str::to_owned).ok_or_else(|| Failure {
            action: Some(LIVE_TAIL.action.to_owned()),
            ..Failure::new(FailureClass::NotFound, format!("the log group {group} does not exist"))
        })
    }
}

/// AWS streams from a host of its own, whose name begins with `stream-`. An endpoint that somebody named is meant as it is.
#[derive(Debug)]
struct NamedEndpoint;

impl Intercept for NamedEndpoint {
    fn name(&self) -> &'static str {
        "NamedEndpoint"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let plain = request.uri().replacen("//stream-", "//", 1);
        Ok(request.set_uri(plain)?)
    }
}

/// A session of Live Tail.
struct Session {
    output: StartLiveTailOutput,
    groups: Vec<Arc<str>>,
}

#[async_trait]
impl LiveTail for Session {
    async fn next(&mut self) -> Answer<Option<LiveUpdate>> {
        loop {
            let update = match self.output.response_stream.recv().await {
                Ok(None) => return Ok(None),
                Ok(Some(StartLiveTailResponseStream::SessionUpdate(update))) => update,
                // The beginning of the session, or what a later version of the service tells.
                Ok(Some(_)) => continue,
                Err(error) => {
                    let service = error.as_service_error();
                    let timed_out =
                        service.is_some_and(StartLiveTailResponseStreamError::is_session_timeout_exception);
                    if timed_out {
                        return Ok(None);
                    }
                    let class =
                        if service.is_some() { FailureClass::Server } else { FailureClass::Unreachable };
                    let text = format!("the session broke: {}", innermost(&error));
                    return Err(Failure {
                        action: Some(LIVE_TAIL.action.to_owned()),
                        ..Failure::new(class, text)
                    });
                }
            };
            let sampled = update.session_metadata().is_some_and(LiveTailSessionMetadata::sampled);
            let events = update.session_results.unwrap_or_default();
            let events = events.into_iter().filter_map(|e| self.event(e)).collect();
            return Ok(Some(LiveUpdate { events, sampled }));
        }
    }
}

impl Session {
    fn event(&self, e: LiveTailSessionLogEvent) -> Option<LogEvent> {
        let at = DateTime::from_timestamp_millis(e.timestamp()?)?;
        // `account:name`, `name` or an ARN.
        let from = e.log_group_identifier().unwrap_or_default();
        let from = from.strip_suffix(":*").unwrap_or(from);
        let named = |group: &&Arc<str>| {
            from.strip_suffix(&***group).is_some_and(|b| b.is_empty() || b.ends_with(':'))
        };
        Some(LogEvent {
            id: String::new(),
            group: Arc::clone(self.groups.iter().find(named)?),
            stream: e.log_stream_name.unwrap_or_default(),
            at,
            ingested_at: e.ingestion_time.and_then(DateTime::from_timestamp_millis).unwrap_or(at),
            message: e.message.unwrap_or_default(),
        })
    }
}

fn event(group: &Arc<str>, e: FilteredLogEvent) -> Option<LogEvent> {
    let at = DateTime::from_timestamp_millis(e.timestamp?)?;
    Some(LogEvent {
        id: e.event_id.filter(|id| !id.is_empty())?,
        group: Arc::clone(group),
        stream: e.log_stream_name.unwrap_or_default(),
        at,
        ingested_at: e.ingestion_time.and_then(DateTime::from_timestamp_millis).unwrap_or(at),
        message: e.message.unwrap_or_default(),
    })
}
