//! The event log as a table that is read by its ids.

use async_trait::async_trait;
use chrono::NaiveDateTime;

use super::database::{Database, Line};
use super::log::{Group, Head, Table};
use super::sql::{self, Span};
use crate::aws::meter;
use crate::domain::source::{Failure, FailureClass};

/// How databases write a time.
const TIME: &str = "%Y-%m-%d %H:%M:%S%.f";

/// The table on a connection.
pub(super) struct EventLog<'a>(pub(super) &'a mut Database);

fn strange(what: &str) -> Failure {
    Failure::new(FailureClass::Malformed, format!("eventlog is not hakaru's table: {what}"))
}

fn number(line: &Line, at: usize) -> Result<Option<u64>, Failure> {
    let Some(text) = line.get(at).and_then(Option::as_deref) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| strange(&format!("{text:?} is not a whole number")))
}

fn time(line: &Line, at: usize) -> Option<NaiveDateTime> {
    let text = line.get(at)?.as_deref()?;
    NaiveDateTime::parse_from_str(text, TIME).ok()
}

impl EventLog<'_> {
    async fn ask(&mut self, sql: String) -> Result<Vec<Line>, Failure> {
        meter::count_call();
        self.0.ask(sql).await
    }
}

#[async_trait]
impl Table for EventLog<'_> {
    async fn head(&mut self, mark: u64) -> Result<Head, Failure> {
        let lines = self.ask(sql::head(self.0.dialect(), mark)).await?;
        let line = lines.first().ok_or_else(|| strange("there is no answer"))?;
        let clock = |at| time(line, at).ok_or_else(|| strange("the database does not say what time it is"));
        Ok(Head {
            max: number(line, 0)?,
            local: clock(1)?,
            utc: clock(2)?,
            mark: line.get(3).cloned().flatten(),
        })
    }

    async fn mark(&mut self, id: u64) -> Result<Option<String>, Failure> {
        let lines = self.ask(sql::mark(self.0.dialect(), id)).await?;
        Ok(lines.into_iter().next().and_then(|line| line.into_iter().next().flatten()))
    }

    async fn groups(&mut self, span: Span) -> Result<Vec<Group>, Failure> {
        let lines = self.ask(sql::groups(span)).await?;
        let group = |line: Line| {
            let rows = number(&line, 2)?.ok_or_else(|| strange("rows without a number"))?;
            let at = time(&line, 0);
            Ok(Group { at, name: line.into_iter().nth(1).flatten().unwrap_or_default(), rows })
        };
        lines.into_iter().map(group).collect()
    }

    async fn counts(&mut self, span: Span, size: u64) -> Result<Vec<(u64, u64)>, Failure> {
        let lines = self.ask(sql::counts(self.0.dialect(), span, size)).await?;
        lines
            .iter()
            .map(|line| Ok((number(line, 0)?.unwrap_or_default(), number(line, 1)?.unwrap_or_default())))
            .collect()
    }

    async fn next_id(&mut self, after: u64) -> Result<Option<u64>, Failure> {
        let lines = self.ask(sql::next_id(after)).await?;
        lines.first().map_or(Ok(None), |line| number(line, 0))
    }
}
