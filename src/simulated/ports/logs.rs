//! Amazon CloudWatch Logs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::call::{LIVE_TAIL, LOG_EVENTS, LOG_GROUPS};
use super::page;
use crate::aws::{Answer, EventQuery, LIVE_GROUPS, LIVE_SESSION, LiveTail, LiveUpdate, LogGroup, Logs, Page};
use crate::domain::log::LogEvent;
use crate::domain::units::delta;
use crate::simulated::Simulated;
use crate::simulated::log::Pattern;

/// Between two updates of a session of Live Tail, and the events of one at most.
const UPDATE: Duration = Duration::from_secs(1);
const SAMPLE: usize = 500;
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

    async fn live_tail(&self, groups: &[Arc<str>]) -> Answer<Box<dyn LiveTail + '_>> {
        let from = self
            .call(LIVE_TAIL, |world| {
                if groups.is_empty() || groups.len() > LIVE_GROUPS {
                    let words = "logGroupIdentifiers must have 1 to 10 elements.";
                    return Err(LIVE_TAIL.invalid("InvalidParameterException", words));
                }
                match groups.iter().find(|group| !world.log_groups.contains_key(&***group)) {
                    Some(_) => {
                        let words = "The specified log group does not exist.";
                        Err(LIVE_TAIL.not_found("ResourceNotFoundException", words))
                    }
                    None => Ok(world.now),
                }
            })
            .await?;
        Ok(Box::new(Session { simulated: self, groups: groups.to_vec(), began: from, told: from }))
    }
}

/// A session of Live Tail.
struct Session<'s> {
    simulated: &'s Simulated,
    groups: Vec<Arc<str>>,
    began: DateTime<Utc>,
    /// What was taken in until then was told.
    told: DateTime<Utc>,
}

#[async_trait]
impl LiveTail for Session<'_> {
    async fn next(&mut self) -> Answer<Option<LiveUpdate>> {
        self.simulated.clock.sleep(UPDATE).await;
        let (now, events) = self.simulated.streamed(LIVE_TAIL, &self.groups, self.told)?;
        if now - self.began >= delta(LIVE_SESSION) {
            return Ok(None);
        }
        self.told = now;
        let sampled = events.len() > SAMPLE;
        let events = if sampled {
            // Evenly, as far as whole numbers go.
            (0..SAMPLE).filter_map(|n| events.get(n * events.len() / SAMPLE).cloned()).collect()
        } else {
            events
        };
        Ok(Some(LiveUpdate { events, sampled }))
    }
}
