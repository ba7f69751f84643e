//! Counts the rows of the event log by their ids, so that none is missed and none counted twice: new ids up to the
//! highest one, and behind them, for a while, the ids that were left out (`holes`). An id is given before its row is
//! committed, so a lower one may appear after a higher one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::holes::{Block, Check, Found, Holes};
use super::sql::Span;
use crate::domain::impressions::{OTHER_NAMES, Second};
use crate::domain::source::{Failure, FailureClass};

/// Ids of a statement, at most.
const CHUNK: u64 = 50_000;
/// Ids of a statement that is kept from ever ending in time.
const LEAST_CHUNK: u64 = 1_000;
/// Rows of a reading, at most: a log that was not watched for a while is caught up in steps.
const ROWS: u64 = 200_000;
/// Statements of a reading that look for new rows, at most.
const STATEMENTS: u32 = 16;
/// Ids of the first reading.
const FIRST: u64 = 20_000;
/// Further behind than this it is not caught up with: counting begins anew.
const TOO_FAR: u64 = 5_000_000;
/// Above this no counter that gives one id after the other gets.
const IN_ORDER: u64 = 1 << 53;
/// Rows that are remembered to recognise the log by.
const MARKS: usize = 16;
/// Seconds that are remembered.
const SECONDS: usize = 900;
/// Names that are told apart in a second.
const NAMES: usize = 20;

/// What the database says of the log as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The highest id; `None`: there are no rows.
    pub(super) max: Option<u64>,
    /// The time of the session.
    pub(super) local: NaiveDateTime,
    /// The same in UTC.
    pub(super) utc: NaiveDateTime,
    /// The row that was asked for.
    pub(super) mark: Option<String>,
}

/// Rows of a second and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// The second in the session's time; `None` where the row has none.
    pub(super) at: Option<NaiveDateTime>,
    /// The name.
    pub(super) name: String,
    /// How many.
    pub(super) rows: u64,
}

/// The event log, wherever it is.
#[async_trait]
pub(super) trait Table: Send {
    /// Highest id, time, and the row with the id `mark`.
    async fn head(&mut self, mark: u64) -> Result<Head, Failure>;
    /// The row with this id.
    async fn mark(&mut self, id: u64) -> Result<Option<String>, Failure>;
    /// Rows of a span.
    async fn groups(&mut self, span: Span) -> Result<Vec<Group>, Failure>;
    /// Rows of each `size` ids of a span, as the number of the part and rows.
    async fn counts(&mut self, span: Span, size: u64) -> Result<Vec<(u64, u64)>, Failure>;
    /// The first id above.
    async fn next_id(&mut self, after: u64) -> Result<Option<u64>, Failure>;
}

/// What a reading found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) head: Head,
    pub(super) seconds: Vec<Second>,
    pub(super) newest: Option<DateTime<Utc>>,
    pub(super) total: u64,
    pub(super) era: u64,
    pub(super) watermark: u64,
    pub(super) behind: u64,
    pub(super) rows: u64,
    pub(super) notes: Vec<String>,
}

/// How far the log has been read.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Highest id that was read; `None` before the first reading.
    watermark: Option<u64>,
    /// Rows that the log is recognised by: id and content, ascending.
    marks: VecDeque<(u64, String)>,
    holes: Holes,
    chunk: u64,
    total: u64,
    era: u64,
    newest: Option<DateTime<Utc>>,
    /// Rows by second and name.
    seconds: BTreeMap<DateTime<Utc>, BTreeMap<String, u64>>,
    /// The oldest second of the first reading, which is not complete.
    ragged: Option<DateTime<Utc>>,
    /// Seconds that are to be told.
    changed: BTreeSet<DateTime<Utc>>,
    /// Rows read in this reading.
    rows: u64,
    notes: Vec<String>,
}

impl Reader {
    /// Reads what is new at `now`, the service's time.
    ///
    /// # Errors
    /// Why nothing, or not everything, could be read; what was read is kept and told by the next one.
    pub(super) async fn read(&mut self, table: &mut dyn Table, now: DateTime<Utc>) -> Result<Tally, Failure> {
        self.rows = 0;
        let head = table.head(self.marks.back().map_or(0, |m| m.0)).await?;
        let offset = offset(&head);
        if head.max.is_some_and(|max| max > IN_ORDER) {
            return Err(Failure::new(
                FailureClass::Other,
                "the ids of eventlog are not handed out one after the other (the highest is above 2^53), so new rows \
                 cannot be told by their ids; give the table an AUTO_INCREMENT id without random bits",
            ));
        }
        let max = head.max.unwrap_or(0);
        match self.watermark {
            None => self.begin(max),
            Some(watermark) => self.same_log(table, &head, max, watermark).await?,
        }
        let behind = self.catch_up(table, max, offset, now).await?;
        self.look_back(table, offset, now).await;
        if let Some(id) = self.watermark.filter(|id| *id > 0 && self.marks.back().is_none_or(|m| m.0 < *id))
            && let Some(mark) = table.mark(id).await?
        {
            self.marks.push_back((id, mark));
            if self.marks.len() > MARKS {
                self.marks.pop_front();
            }
        }
        Ok(self.tally(head, behind))
    }

    /// Counting begins a little before the end.
    fn begin(&mut self, max: u64) {
        self.watermark = Some(max.saturating_sub(FIRST));
        self.chunk = CHUNK;
    }

    /// Starts over with another log, or at another place of it: totals before are not comparable.
    fn anew(&mut self, after: u64, note: String) {
        self.era += 1;
        self.watermark = Some(after);
        self.holes = Holes::default();
        self.marks.retain(|m| m.0 <= after);
        self.seconds.clear();
        self.ragged = None;
        self.newest = None;
        self.notes.push(note);
    }

    /// Makes sure that what was read is still there: a log that was emptied, or another server, starts over; one
    /// that has not got so far yet is waited for.
    async fn same_log(
        &mut self,
        table: &mut dyn Table,
        head: &Head,
        max: u64,
        watermark: u64,
    ) -> Result<(), Failure> {
        if head.max.is_none() && watermark > 0 {
            self.anew(0, "the event log was emptied; counting begins anew".into());
            return Ok(());
        }
        let same = self.marks.back().is_none_or(|(_, mark)| head.mark.as_ref() == Some(mark));
        if same && max >= watermark {
            return Ok(());
        }
        // From the newest mark that the log has an id for, back to one that is as it was.
        let known: Vec<(u64, String)> = self.marks.iter().rev().filter(|m| m.0 <= max).cloned().collect();
        let newest_known = known.first().map(|m| m.0);
        let mut common = None;
        for (id, mark) in known {
            if table.mark(id).await?.as_ref() == Some(&mark) {
                common = Some(id);
                break;
            }
        }
        match common {
            Some(id)
                if Some(id) == newest_known
                    && max < watermark
                    && !self.rewritten(table, Span { after: id, to: max }, offset(head)).await? =>
            {
                Err(Failure::new(
                    FailureClass::Other,
                    format!(
                        "the event log ends at id {max}, but was read up to {watermark}: the server is behind (a replica \
                     after a fail-over), or its newest rows were deleted; counting goes on when it has caught up"
                    ),
                ))
            }
            Some(id) => {
                let note =
                    format!("rows after id {id} are not those that were read; counting begins anew there");
                self.anew(id, note);
                Ok(())
            }
            None => {
                let note = "the event log is another one than before; counting begins anew".to_owned();
                self.anew(max.saturating_sub(FIRST), note);
                Ok(())
            }
        }
    }

    /// Whether the newest rows of a span were written after everything that was read: a server that lost rows gives
    /// their ids to others.
    async fn rewritten(&self, table: &mut dyn Table, span: Span, offset: TimeDelta) -> Result<bool, Failure> {
        if span.width() == 0 {
            return Ok(false);
        }
        let after = span.after.max(span.to.saturating_sub(LEAST_CHUNK));
        let found = Found::of(table.groups(Span { after, ..span }).await?, offset);
        Ok(found.seconds().next_back() > self.newest)
    }

    /// Reads up to `max`, in steps. Ids that are left.
    async fn catch_up(
        &mut self,
        table: &mut dyn Table,
        max: u64,
        offset: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<u64, Failure> {
        let mut from = self.watermark.unwrap_or(max);
        if max.saturating_sub(from) > TOO_FAR {
            // Far away ids may be few rows: a counter that jumped.
            let next = table.next_id(from.saturating_add(CHUNK)).await?.unwrap_or(max);
            if max.saturating_sub(next) > TOO_FAR {
                let note = format!("{} ids are too many to catch up with; they were skipped", max - from);
                from = max.saturating_sub(FIRST);
                self.anew(from, note);
            }
        }
        let first = self.seconds.is_empty() && from > 0;
        for _ in 0..STATEMENTS {
            if from >= max || self.rows >= ROWS {
                break;
            }
            let span = Span { after: from, to: max.min(from.saturating_add(self.chunk)) };
            let groups = match table.groups(span).await {
                Ok(groups) => groups,
                Err(failure) => {
                    if failure.class == FailureClass::Timeout {
                        self.chunk = (self.chunk / 2).max(LEAST_CHUNK);
                    }
                    return Err(failure);
                }
            };
            self.chunk = (self.chunk + self.chunk / 4).min(CHUNK);
            let found = Found::of(groups, offset);
            self.rows += found.rows;
            from = span.to;
            if found.rows == 0 && span.to < max {
                // Nobody has these ids; the next one that somebody has may be far.
                from = table.next_id(span.to).await?.map_or(max, |id| id.saturating_sub(1)).max(span.to);
            }
            let span = Span { to: from, ..span };
            self.add(&found);
            if first && self.ragged.is_none() {
                self.ragged = found.seconds().next();
            }
            self.watermark = Some(from);
            if found.rows < span.width() {
                self.holes.leave(Block::new(span, found), now);
            }
        }
        Ok(max.saturating_sub(from))
    }

    /// Counts again what was left out, where it is due.
    async fn look_back(&mut self, table: &mut dyn Table, offset: TimeDelta, now: DateTime<Utc>) {
        let mut late = 0;
        while let Some(check) = self.holes.due(now) {
            match self.look(table, &check, offset, now).await {
                Ok(rows) => late += rows,
                Err(failure) => {
                    // What is new was read all the same.
                    self.notes.push(format!("ids without a row were not looked at again: {}", failure.text));
                    self.holes.put_back(&check, now);
                    break;
                }
            }
        }
        self.holes.rest();
        if late > 0 {
            self.notes.push(format!("{late} rows appeared below ids that were read before"));
        }
        if let Some(ids) = self.holes.given_up() {
            self.notes.push(format!("{ids} ids without a row are no longer looked at: there are too many"));
        }
    }

    /// Looks at a hole again; rows that have come.
    async fn look(
        &mut self,
        table: &mut dyn Table,
        check: &Check,
        offset: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<u64, Failure> {
        let parts = table.counts(check.span, check.size).await?;
        self.rows += check.rows;
        if parts.iter().map(|p| p.1).sum::<u64>() <= check.rows {
            self.holes.looked(check, &parts, now);
            return Ok(0);
        }
        // Rows have come: what they are is read with those around them.
        let found = Found::of(table.groups(check.block()).await?, offset);
        self.holes.looked(check, &parts, now);
        self.rows += found.rows;
        let Some(before) = self.holes.replace(check.block(), &found) else { return Ok(0) };
        self.take(&before);
        self.add(&found);
        Ok(found.rows.saturating_sub(before.rows))
    }

    fn add(&mut self, found: &Found) {
        self.total += found.rows;
        self.newest = self.newest.max(found.seconds().next_back());
        for ((at, name), rows) in &found.groups {
            *self.seconds.entry(*at).or_default().entry(name.clone()).or_default() += rows;
            self.changed.insert(*at);
        }
        while self.seconds.len() > SECONDS {
            self.seconds.pop_first();
        }
    }

    fn take(&mut self, found: &Found) {
        self.total = self.total.saturating_sub(found.rows);
        for ((at, name), rows) in &found.groups {
            self.changed.insert(*at);
            let Some(names) = self.seconds.get_mut(at) else { continue };
            if let Some(known) = names.get_mut(name) {
                *known = known.saturating_sub(*rows);
            }
        }
    }

    fn tally(&mut self, head: Head, behind: u64) -> Tally {
        let changed = std::mem::take(&mut self.changed);
        let told = changed.into_iter().filter(|at| self.ragged.is_none_or(|ragged| *at > ragged));
        let seconds =
            told.filter_map(|at| Some(Second { at, by_name: most(self.seconds.get(&at)?) })).collect();
        Tally {
            head,
            seconds,
            newest: self.newest,
            total: self.total,
            era: self.era,
            watermark: self.watermark.unwrap_or(0),
            behind,
            rows: self.rows,
            notes: std::mem::take(&mut self.notes),
        }
    }
}

/// How far the session's time is ahead of UTC; whole minutes, as time zones are.
fn offset(head: &Head) -> TimeDelta {
    let seconds = (head.local - head.utc).num_milliseconds() as f64 / 60_000.0;
    #[expect(clippy::cast_possible_truncation, reason = "minutes of a day")]
    TimeDelta::minutes(seconds.round() as i64)
}

/// The names of the most rows, the rest together.
fn most(names: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut all: Vec<(&String, u64)> = names.iter().map(|(n, rows)| (n, *rows)).filter(|n| n.1 > 0).collect();
    if all.len() <= NAMES {
        return all.into_iter().map(|(n, rows)| (n.clone(), rows)).collect();
    }
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let rest: u64 = all.iter().skip(NAMES).map(|n| n.1).sum();
    let mut out: BTreeMap<String, u64> =
        all.into_iter().take(NAMES).map(|(n, rows)| (n.clone(), rows)).collect();
    *out.entry(OTHER_NAMES.to_owned()).or_default() += rest;
    out
}
