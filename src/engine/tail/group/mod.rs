//! What is to be read of one log group, and what has been: without a clock, without calls, so that every case
//! can be played through.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use crate::aws::{EventQuery, Page};
use crate::domain::log::LogEvent;
use crate::domain::log::batch::{GroupStatus, LiveState, TailCounts, TailState};
use crate::domain::log::intake::Arrived;
use crate::domain::log::mark::{MarkChange, NeverRead};
use crate::domain::source::{Failure, FailureClass};

use super::audit::Audit;
use super::delays::Delays;
use super::live::Live;
use super::seen::{Known, Seen};
use super::settings::TailSettings;

mod spans;
mod twice;

use spans::Span;
use twice::Twice;

/// Failures of a page in a row after which its token is no longer trusted.
const TOKEN_TRIES: u32 = 3;

/// Pages that reading the newest lines again may take before less is read again.
const CHEAP_PAGES: usize = 3;
/// Read again in any case: CloudWatch gives lines of one moment some seconds apart.
const LEAST_OVERLAP: Duration = Duration::from_secs(5);

/// While Live Tail tells what is new, it is read so many times less often.
const BESIDE_LIVE: u32 = 5;
/// Pages of one question.
#[derive(Debug, Clone)]
struct Read {
    from: i64,
    until: Option<i64>,
    token: Option<String>,
    pages: usize,
    began: i64,
    tries: u32,
    /// The newest line handed over before it began.
    shown: Option<i64>,
    span: Option<Span>,
}

/// The next call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is asked.
    pub query: EventQuery,
    /// From which page on.
    pub token: Option<String>,
    /// It is about what is new, not about what was left behind.
    pub head: bool,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// This call.
    Call(Call),
    /// Nothing before then.
    Wait(DateTime<Utc>),
}

/// See the module.
pub struct GroupTail {
    group: Arc<str>,
    settings: TailSettings,
    start: i64,
    seen: Seen,
    delays: Delays,
    audit: Option<Audit>,
    read_until: i64,
    newest: Option<i64>,
    head: Option<Read>,
    next_head: i64,
    /// What is before was left for later.
    head_floor: i64,
    /// How far before the newest line it is read again, milliseconds.
    overlap: i64,
    back: Option<Read>,
    spans: VecDeque<Span>,
    marks: Vec<MarkChange>,
    next_mark: u64,
    missed: Vec<(DateTime<Utc>, u64)>,
    failing: Option<(Failure, DateTime<Utc>, u32, DateTime<Utc>)>,
    began: bool,
    /// Something came that is too old to be known or not.
    forgotten: bool,
    counts: TailCounts,
    /// Live Tail tells too, and how it is doing.
    live: Option<(LiveState, Twice)>,
}

impl GroupTail {
    /// A tail of `group` that begins `now`. `index` tells groups apart in the numbers of marks; `audited`: lost
    /// lines will be counted.
    pub fn new(
        group: Arc<str>,
        index: u32,
        settings: TailSettings,
        now: DateTime<Utc>,
        audited: bool,
    ) -> Self {
        // A whole minute, so that the first one can be counted too.
        let start = now - settings.lookback;
        let start = start.duration_trunc(TimeDelta::minutes(1)).unwrap_or(start);
        let start_ms = start.timestamp_millis();
        Self {
            group,
            start: start_ms,
            seen: Seen::new(settings.remembered),
            delays: Delays::default(),
            audit: (audited && settings.pattern.is_none()).then(|| Audit::new(start)),
            read_until: start_ms,
            newest: None,
            head: None,
            next_head: i64::MIN,
            head_floor: i64::MIN,
            overlap: millis(settings.overlap),
            back: None,
            spans: VecDeque::new(),
            marks: Vec::new(),
            next_mark: u64::from(index) << 32,
            missed: Vec::new(),
            failing: None,
            began: false,
            forgotten: false,
            counts: TailCounts::default(),
            live: None,
            settings,
        }
    }

    /// What is to be done.
    pub fn next(&mut self, now: DateTime<Utc>) -> Next {
        let now_ms = now.timestamp_millis();
        if let Some((_, _, _, again)) = &self.failing
            && now < *again
        {
            return Next::Wait(*again);
        }
        if self.head.is_none() && now_ms >= self.next_head {
            self.begin_head(now_ms);
        }
        if let Some(read) = &self.head {
            return Next::Call(self.call(read));
        }
        self.trim_spans();
        if self.back.is_none()
            && let Some(span) = self.spans.pop_front()
        {
            self.back = Some(Read {
                from: span.from,
                until: Some(span.until),
                token: None,
                pages: 0,
                began: now_ms,
                tries: 0,
                shown: self.newest,
                span: Some(span),
            });
        }
        match &self.back {
            Some(read) => Next::Call(self.call(read)),
            None => Next::Wait(instant(self.next_head)),
        }
    }

    fn call(&self, read: &Read) -> Call {
        let query = EventQuery {
            from: instant(read.from),
            until: read.until.map(instant),
            pattern: self.settings.pattern.clone(),
        };
        Call { query, token: read.token.clone(), head: read.span.is_none() }
    }

    /// How far back what is new is read again: twice the delay that is measured, as long as that stays cheap.
    /// In a group so busy that reading again takes more pages than what is new, it is no more than that, even
    /// where that is less than the settings say. Lines that come later still are found when they are missed.
    fn adapt(&mut self, pages: usize) {
        let wished = millis(self.settings.overlap);
        let needed = self.delays.longest().map_or(wished, |ms| ms.saturating_mul(2));
        let most = needed.clamp(wished, wished.max(millis(self.settings.lookback_most)));
        let least = needed.clamp(millis(LEAST_OVERLAP).min(wished), wished);
        let wanted = if pages > CHEAP_PAGES { self.overlap / 2 } else { self.overlap.saturating_mul(2) };
        self.overlap = wanted.clamp(least, most);
    }

    fn begin_head(&mut self, now: i64) {
        let overlap = self.overlap;
        let reached = self.newest.unwrap_or(self.read_until).min(self.read_until);
        let mut from = (reached - overlap).max(self.read_until - millis(self.settings.lookback_most));
        if self.began && now - self.read_until > millis(self.settings.behind) {
            // What is new comes first; what lies between is read after it.
            self.leave_behind(from, now - overlap);
            from = now - overlap;
        }
        let from = from.max(self.seen.floor()).max(self.start).max(self.head_floor);
        self.began = true;
        self.head = Some(Read {
            from,
            until: None,
            token: None,
            pages: 0,
            began: now,
            tries: 0,
            shown: self.newest,
            span: None,
        });
    }

    /// A page of the call that [`GroupTail::next`] gave has come.
    pub fn page(&mut self, now: DateTime<Utc>, head: bool, page: Page<LogEvent>) -> Vec<Arrived> {
        self.failing = None;
        self.counts.calls += 1;
        let Some(mut read) = (if head { self.head.take() } else { self.back.take() }) else {
            return Vec::new();
        };
        let mut out = Vec::with_capacity(page.items.len());
        for event in page.items {
            self.take(event, read.shown, &mut out);
        }
        read.tries = 0;
        read.pages += 1;
        let now_ms = now.timestamp_millis();
        match page.next {
            // A token that does not move would be asked for ever.
            Some(token) if read.token.as_ref() != Some(&token) => {
                read.token = Some(token);
                let long = now_ms - read.from > millis(self.settings.behind);
                if head && long && read.pages >= self.settings.pages {
                    let until = now_ms - self.overlap;
                    self.leave_behind(read.from, until);
                    self.read_until = until;
                    self.next_head = now_ms;
                } else if head {
                    self.head = Some(read);
                } else {
                    self.back = Some(read);
                }
            }
            _ => self.complete(&read, now_ms),
        }
        out
    }

    fn take(&mut self, event: LogEvent, shown: Option<i64>, out: &mut Vec<Arrived>) {
        let at = event.at.timestamp_millis();
        // Beyond what was asked for, and known to CloudWatch before: nobody misses it.
        if at < self.start && event.ingested_at.timestamp_millis() < self.start {
            return;
        }
        match self.seen.take(at, &event.id) {
            Known::New if self.live.as_mut().is_some_and(|(_, twice)| !twice.read(&event)) => {
                self.counts.repeated += 1;
            }
            Known::New => self.give(event, shown, out),
            Known::Repeated => self.counts.repeated += 1,
            Known::Forgotten => self.forgotten = true,
        }
    }

    /// A line is handed over for the first time.
    fn give(&mut self, event: LogEvent, shown: Option<i64>, out: &mut Vec<Arrived>) {
        let at = event.at.timestamp_millis();
        let late = shown.is_some_and(|shown| at < shown);
        self.counts.lines += 1;
        self.counts.late += u64::from(late);
        self.delays.add((event.ingested_at - event.at).num_milliseconds());
        if let Some(audit) = &mut self.audit {
            audit.read(event.ingested_at);
        }
        self.newest = self.newest.max(Some(at));
        out.push(Arrived { event, late });
    }

    /// Live Tail tells something.
    pub fn live(&mut self, now: DateTime<Utc>, heard: Live) -> Vec<Arrived> {
        let remembered = self.settings.remembered;
        let (state, twice) = self.live.get_or_insert_with(|| (LiveState::Starting, Twice::new(remembered)));
        let (events, sampled) = match heard {
            Live::State(new) => {
                *state = new;
                // Without it lines are looked for as often as ever.
                self.next_head = self.next_head.min(now.timestamp_millis() + millis(self.settings.period));
                return Vec::new();
            }
            Live::Lines { events, sampled } => (events, sampled),
        };
        let events: Vec<LogEvent> = events.into_iter().filter(|event| twice.live(event)).collect();
        self.counts.sampled += u64::from(sampled);
        self.counts.live += events.len() as u64;
        let shown = self.newest;
        let mut out = Vec::with_capacity(events.len());
        for event in events {
            self.give(event, shown, &mut out);
        }
        out
    }

    fn complete(&mut self, read: &Read, now: i64) {
        if read.span.is_none() {
            self.read_until = read.began.max(self.read_until);
            let live = matches!(self.live, Some((LiveState::Streaming { .. }, _)));
            let period = if live { self.settings.period * BESIDE_LIVE } else { self.settings.period };
            self.next_head = now + millis(period);
            self.adapt(read.pages);
        }
        let mark = read.span.and_then(|span| span.mark);
        if std::mem::take(&mut self.forgotten) {
            let id = mark.unwrap_or_else(|| self.mark_number());
            let until = self.seen.floor().max(read.from);
            self.give_up(Span { from: read.from, until, mark: Some(id) }, NeverRead::Memory);
        } else {
            self.marks.extend(mark.map(MarkChange::Remove));
        }
    }

    /// The call failed. `wait`: until it is tried again.
    pub fn failed(
        &mut self,
        now: DateTime<Utc>,
        head: bool,
        failure: Failure,
        wait: impl Fn(u32) -> Duration,
    ) {
        self.counts.calls += 1;
        self.counts.throttled += u64::from(failure.class == FailureClass::Throttled);
        let read = if head { &mut self.head } else { &mut self.back };
        if let Some(read) = read {
            read.tries += 1;
            let refused = matches!(
                failure.class,
                FailureClass::Other | FailureClass::Malformed | FailureClass::NotFound
            );
            if read.token.is_some() && (refused || read.tries > TOKEN_TRIES) {
                // From the first page again: what came before comes again, and is known.
                (read.token, read.pages, read.tries) = (None, 0, 0);
            }
        }
        let (since, failures) = self.failing.as_ref().map_or((now, 0), |(_, since, n, _)| (*since, *n));
        let failures = failures.saturating_add(1);
        let again = now + TimeDelta::from_std(wait(failures)).unwrap_or_default();
        self.failing = Some((failure, since, failures, again));
    }

    /// From now on the newest lines are looked for at this pace.
    pub fn paced(&mut self, period: Duration) {
        self.settings.period = period;
    }

    /// Looks for what is new at once, also after a failure.
    pub fn look_now(&mut self, now: DateTime<Utc>) {
        self.next_head = i64::MIN;
        if let Some((_, _, _, again)) = &mut self.failing {
            *again = now;
        }
    }

    /// Whether everything there is to read has been read.
    pub fn idle(&self) -> bool {
        self.head.is_none() && self.back.is_none() && self.spans.is_empty() && self.failing.is_none()
    }

    /// Marks that changed since the last time.
    pub fn take_marks(&mut self) -> Vec<MarkChange> {
        std::mem::take(&mut self.marks)
    }

    /// How it is doing.
    pub fn status(&self, now: DateTime<Utc>) -> GroupStatus {
        let left = self.back.iter().filter_map(|r| r.span).chain(self.spans.iter().copied());
        let behind_ms: i64 = left.filter(|s| s.mark.is_some()).map(|s| s.until - s.from).sum();
        let state = match &self.failing {
            Some((failure, since, failures, again)) => TailState::Failing {
                failure: failure.clone(),
                since: *since,
                failures: *failures,
                again: *again,
            },
            None if behind_ms > 0 => TailState::CatchingUp { behind_s: behind_ms / 1_000 },
            None if self.counts.calls == 0 => TailState::Starting,
            None => TailState::Following,
        };
        GroupStatus {
            group: Arc::clone(&self.group),
            at: now,
            state,
            newest: self.newest.map(instant),
            read_until: instant(self.read_until),
            delay_ms: self.delays.median().zip(self.delays.longest()),
            live: self.live.as_ref().map(|(state, _)| state.clone()),
            counts: TailCounts { lost: self.audit.as_ref().and_then(Audit::lost), ..self.counts },
        }
    }
}

fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or(if ms < 0 {
        DateTime::UNIX_EPOCH
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
