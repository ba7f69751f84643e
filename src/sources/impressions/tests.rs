//! The reader against a table in memory that commits late, is emptied, falls back and jumps; and counters of
//! processes that come and go.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::counters::Counters;
use super::log::{Group, Head, Reader, Table, Tally};
use super::page;
use super::sql::Span;
use crate::domain::source::{Failure, FailureClass};

/// Nine hours east of UTC, as a server in Tokyo is.
const EAST: TimeDelta = TimeDelta::hours(9);

fn at(s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + s, 0).unwrap()
}

#[derive(Default, Clone)]
struct Fake {
    rows: BTreeMap<u64, (i64, String)>,
    now: i64,
    /// Most rows that a statement gets through.
    able: Option<usize>,
    read: usize,
}

impl Fake {
    fn put(&mut self, ids: std::ops::RangeInclusive<u64>, name: &str) {
        let now = self.now;
        self.rows.extend(ids.map(|id| (id, (now, name.to_owned()))));
    }

    fn local(s: i64) -> NaiveDateTime {
        (at(s) + EAST).naive_utc()
    }

    fn span(&mut self, span: Span) -> Result<Vec<(u64, i64, String)>, Failure> {
        let rows: Vec<_> = self
            .rows
            .range(span.after + 1..=span.to)
            .map(|(id, (at, name))| (*id, *at, name.clone()))
            .collect();
        self.read += rows.len();
        match self.able {
            Some(able) if rows.len() > able => Err(Failure::new(FailureClass::Timeout, "stopped")),
            _ => Ok(rows),
        }
    }

    fn mark_of(&self, id: u64) -> Option<String> {
        self.rows.get(&id).map(|(at, name)| format!("{at}|{name}"))
    }
}

#[async_trait]
impl Table for Fake {
    async fn head(&mut self, mark: u64) -> Result<Head, Failure> {
        Ok(Head {
            max: self.rows.last_key_value().map(|r| *r.0),
            local: Self::local(self.now),
            utc: at(self.now).naive_utc(),
            mark: self.mark_of(mark),
        })
    }
    async fn mark(&mut self, id: u64) -> Result<Option<String>, Failure> {
        Ok(self.mark_of(id))
    }
    async fn groups(&mut self, span: Span) -> Result<Vec<Group>, Failure> {
        let mut groups: BTreeMap<(i64, String), u64> = BTreeMap::new();
        for (_, at, name) in self.span(span)? {
            *groups.entry((at, name)).or_default() += 1;
        }
        let group =
            |((at, name), rows): ((i64, String), u64)| Group { at: Some(Self::local(at)), name, rows };
        Ok(groups.into_iter().map(group).collect())
    }
    async fn counts(&mut self, span: Span, size: u64) -> Result<Vec<(u64, u64)>, Failure> {
        let mut parts: BTreeMap<u64, u64> = BTreeMap::new();
        for (id, ..) in self.span(span)? {
            *parts.entry((id - span.after - 1) / size).or_default() += 1;
        }
        Ok(parts.into_iter().collect())
    }
    async fn next_id(&mut self, after: u64) -> Result<Option<u64>, Failure> {
        Ok(self.rows.range(after + 1..).next().map(|r| *r.0))
    }
}

/// Two seconds later, one reading.
async fn poll(reader: &mut Reader, table: &mut Fake) -> Result<Tally, Failure> {
    table.now += 2;
    let now = at(table.now);
    reader.read(table, now).await
}

#[tokio::test]
async fn new_rows_are_counted_once_and_by_second_in_utc() {
    let (mut reader, mut table) = (Reader::default(), Fake::default());
    let empty = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!((empty.total, empty.newest, empty.watermark), (0, None, 0));
    table.put(1..=10, "open");
    table.put(11..=12, "purchase");
    let tally = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!((tally.total, tally.watermark, tally.behind, tally.rows), (12, 12, 0, 12));
    assert_eq!(tally.newest, Some(at(2)));
    let second = &tally.seconds[0];
    assert_eq!((second.at, second.by_name["open"], second.by_name["purchase"]), (at(2), 10, 2));
    let idle = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!((idle.total, idle.rows, idle.seconds.len()), (12, 0, 0), "nothing new is nothing read");
}

#[tokio::test]
async fn a_row_that_appears_below_is_found() {
    for open_for in [1_i64, 5, 40, 200] {
        let (mut reader, mut table) = (Reader::default(), Fake::default());
        table.put(1..=100, "open");
        poll(&mut reader, &mut table).await.unwrap();
        // 150 is given to a transaction that stays open; everybody else goes on.
        let opened = table.now;
        table.put(101..=149, "open");
        table.put(151..=200, "open");
        let mut next = 201;
        for _ in 0..open_for {
            poll(&mut reader, &mut table).await.unwrap();
            table.put(next..=next + 99, "open");
            next += 100;
        }
        table.rows.insert(150, (opened, "late".into()));
        table.read = 0;
        let mut notes = Vec::new();
        let mut polls = 0;
        let last = loop {
            let tally = poll(&mut reader, &mut table).await.unwrap();
            notes.extend(tally.notes.clone());
            polls += 1;
            if tally.total == table.rows.len() as u64 || polls > 100 {
                break tally;
            }
        };
        assert_eq!(last.total, table.rows.len() as u64, "open for {open_for} polls");
        assert!(polls <= open_for + 62, "{polls} polls: it is looked for at least every two minutes");
        assert!(notes.iter().any(|n| n.contains("1 rows appeared below")), "{notes:?}");
        assert!(last.seconds.iter().any(|s| s.at == at(opened) && s.by_name["late"] == 1), "{last:?}");
    }
}

#[tokio::test]
async fn looking_for_few_missing_ids_costs_little() {
    let (mut reader, mut table) = (Reader::default(), Fake::default());
    table.put(1..=20_000, "open");
    table.rows.remove(&12_345);
    poll(&mut reader, &mut table).await.unwrap();
    table.read = 0;
    for _ in 0..600 {
        poll(&mut reader, &mut table).await.unwrap();
    }
    assert!(table.read < 25_000, "{} rows were read again for one that never came", table.read);
    let before = table.read;
    for _ in 0..100 {
        poll(&mut reader, &mut table).await.unwrap();
    }
    assert_eq!(table.read, before, "after a quarter of an hour it is not waited for");
}

#[tokio::test]
async fn an_emptied_log_another_one_and_one_that_is_behind_are_told_apart() {
    let (mut reader, mut table) = (Reader::default(), Fake::default());
    for ids in [1..=100, 101..=200, 201..=300] {
        table.put(ids, "open");
        poll(&mut reader, &mut table).await.unwrap();
    }
    // A replica that has not got the last hundred yet.
    let whole = table.rows.clone();
    table.rows.split_off(&201);
    let failure = poll(&mut reader, &mut table).await.unwrap_err();
    assert!(failure.text.contains("ends at id 200") && failure.text.contains("up to 300"), "{failure:?}");
    table.rows = whole;
    table.put(301..=310, "open");
    let tally = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!((tally.total, tally.era), (310, 0), "it caught up: nothing is counted twice");
    // A replica that lost them, and gives their ids to others.
    table.rows.split_off(&201);
    table.put(201..=230, "other");
    let tally = poll(&mut reader, &mut table).await.unwrap_or_else(|f| panic!("{f:?}"));
    assert_eq!((tally.total, tally.era, tally.watermark), (340, 1, 230), "{:?}", tally.notes);
    assert!(tally.notes[0].contains("after id 200"), "{:?}", tally.notes);
    table.rows.clear();
    let tally = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!((tally.era, tally.watermark, tally.newest), (2, 0, None));
    table.put(1..=5, "open");
    let tally = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!((tally.total, tally.era), (345, 2));
    // Emptied and filled between two readings.
    table.rows.clear();
    table.put(1..=50, "another");
    let tally = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!((tally.era, tally.watermark), (3, 50), "{:?}", tally.notes);
}

#[tokio::test]
async fn what_is_behind_is_caught_up_in_steps_and_what_is_hopeless_skipped() {
    let (mut reader, mut table) = (Reader::default(), Fake::default());
    table.put(1..=10, "open");
    poll(&mut reader, &mut table).await.unwrap();
    table.put(11..=450_000, "open");
    table.able = Some(30_000);
    let failure = poll(&mut reader, &mut table).await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Timeout);
    table.able = None;
    table.read = 0;
    let mut tally = poll(&mut reader, &mut table).await.unwrap();
    assert!(tally.behind > 0 && table.read <= 260_000, "{} rows in one reading", table.read);
    for _ in 0..3 {
        tally = poll(&mut reader, &mut table).await.unwrap();
    }
    assert_eq!((tally.total, tally.behind), (450_000, 0));
    // Few rows far away are no burden.
    table.put(90_000_000..=90_000_010, "open");
    let tally = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!((tally.total, tally.era), (450_011, 0), "{:?}", tally.notes);
    table.put(180_000_000..=180_000_010, "open");
    table.put(91_000_000..=91_060_000, "open");
    let tally = poll(&mut reader, &mut table).await.unwrap();
    assert_eq!(tally.era, 1);
    assert!(tally.notes[0].contains("were skipped"), "{:?}", tally.notes);
}

#[tokio::test]
async fn ids_with_random_bits_are_said_to_be_beyond_it() {
    let (mut reader, mut table) = (Reader::default(), Fake::default());
    table.put(1 << 60..=1 << 60, "open");
    let failure = poll(&mut reader, &mut table).await.unwrap_err();
    assert!(failure.text.contains("one after the other"), "{failure:?}");
}

/// Writers of a cluster, each with a range of ids of its own, and rollbacks: in the end every row is counted once.
#[tokio::test]
async fn whatever_the_order_of_ids_every_row_is_counted_once() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut reader, mut table) = (Reader::default(), Fake::default());
        let writers = rng.random_range(1..4_u64);
        let range = rng.random_range(10..400_u64);
        let mut places: Vec<(u64, u64)> = (0..writers).map(|w| (w * range + 1, (w + 1) * range)).collect();
        let mut top = writers * range;
        for _ in 0..60 {
            for place in &mut places {
                for _ in 0..rng.random_range(0..60) {
                    if place.0 > place.1 {
                        *place = (top + 1, top + range);
                        top += range;
                    }
                    if rng.random_bool(0.97) {
                        table.put(place.0..=place.0, "open");
                    }
                    place.0 += 1;
                }
            }
            poll(&mut reader, &mut table).await.unwrap();
        }
        let mut total = 0;
        for _ in 0..70 {
            total = poll(&mut reader, &mut table).await.unwrap().total;
        }
        assert_eq!(total, table.rows.len() as u64, "seed {seed}: {writers} writers, ranges of {range}");
    }
}

const HAKARU: &str = "http_requests_total{handler=\"/hakaru\",code=\"200\"} GOOD\n\
    http_requests_total{handler=\"/hakaru\",code=\"400\"} 7\n\
    http_requests_total{handler=\"/hakaru\",code=\"503\"} BAD\n\
    http_requests_total{handler=\"other\",code=\"200\"} 99\n\
    http_request_duration_seconds_bucket{le=\"0.1\"} GOOD\n\
    http_request_duration_seconds_bucket{le=\"+Inf\"} GOOD\n\
    hakaru_queue_length 3\nhakaru_spooled_total 9\nhakaru_replayed_total 4\n\
    process_cpu_seconds_total GOOD\nprocess_start_time_seconds START\n";

fn hakaru(good: u64, bad: u64, start: u64) -> String {
    HAKARU
        .replace("GOOD", &good.to_string())
        .replace("BAD", &bad.to_string())
        .replace("START", &start.to_string())
}

#[test]
fn counters_are_told_by_their_growth_whatever_becomes_of_the_process() {
    let mut counters = Counters::default();
    let mut read = |text: &str| counters.read("h:1", page::parse(text), 2.0);
    let first = read(&hakaru(1000, 5, 1));
    assert!(!first.compared && first.instances[0].counts.is_none());
    let told = read(&hakaru(1010, 7, 1));
    let service = told.service.unwrap();
    assert_eq!((service.good, &service.bad), (10, &BTreeMap::from([("503".to_owned(), 2)])));
    assert_eq!((service.latency.count(), service.waiting), (10, Some(5)));
    assert_eq!(told.instances[0].processor, Some(5.0));
    // A new process: counts from nothing, also where it has already more than the one before.
    let service = read(&hakaru(2000, 1, 2)).service.unwrap();
    assert_eq!((service.good, service.counts().bad), (2000, 1));
    // One that does not say when it began is known by a lower count.
    let service = read(&hakaru(30, 0, 2)).service.unwrap();
    assert_eq!((service.good, service.counts().bad), (30, 0));
}

#[test]
fn a_page_may_tell_of_several_that_come_and_go() {
    let line = |task: &str, n: u64| {
        format!("http_requests_total{{handler=\"/hakaru\",code=\"200\",instance=\"{task}\"}} {n}\n")
    };
    let mut counters = Counters::default();
    let mut read = |text: String| counters.read("h:1", page::parse(&text), 2.0);
    read(line("a", 10) + &line("b", 20));
    let told = read(line("a", 15) + &line("b", 21) + &line("c", 4));
    assert_eq!((told.service.unwrap().good, told.gone), (10, false));
    let names: Vec<_> = told.instances.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["h:1 a", "h:1 b", "h:1 c"]);
    let told = read(line("a", 16) + &line("c", 4));
    assert_eq!((told.service.unwrap().good, told.gone), (1, true));
    // What one did that was out of sight is not of this moment.
    let told = read(line("a", 17) + &line("b", 5000) + &line("c", 4));
    assert_eq!((told.service.unwrap().good, told.gone), (1, true));
    assert_eq!(told.instances[1].counts, None);
    let told = read(line("a", 17) + &line("b", 5002) + &line("c", 4) + &line("127.0.0.1:80", 1));
    assert_eq!((told.service.unwrap().good, told.gone), (3, false));
    let names: Vec<_> = told.instances.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(names, ["127.0.0.1:80", "h:1 a", "h:1 b", "h:1 c"]);
}

#[test]
fn kakeru_tells_what_users_got() {
    let page = |n: u64| {
        format!(
            "kakeru_offered_rate 250\nkakeru_requests_total{{outcome=\"success\"}} {n}\n\
             kakeru_requests_total{{outcome=\"timed out\"}} {n}\n\
             kakeru_request_duration_seconds_bucket{{le=\"0.5\"}} {n}\n"
        )
    };
    let mut counters = Counters::default();
    counters.read("k:1", page::parse(&page(0)), 2.0);
    let told = counters.read("k:1", page::parse(&page(9)), 2.0);
    let load = told.load.unwrap();
    assert_eq!((load.good, load.bad["timed out"], load.asked_per_s), (9, 9, Some(250.0)));
    assert!(told.service.is_none());
}
