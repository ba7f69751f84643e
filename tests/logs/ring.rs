//! The ring against a list that does everything the slow way.

use miharu::domain::log::LogEvent;
use miharu::domain::log::batch::Batch;
use miharu::domain::log::filter::{Condition, Effect, Filter, Query};
use miharu::domain::log::level::{Level, detect};
use miharu::domain::log::line::LineKey;
use miharu::domain::log::mark::{Mark, MarkChange, MarkKind};
use miharu::domain::log::ring::{Limits, Ring};
use miharu::domain::log::seek::{Direction, Find, Found, Target};
use miharu::ui::text::printable;
use proptest::prelude::*;

use crate::{as_is, batch, batch_of, event, instant};

#[derive(Debug, Clone)]
enum Step {
    /// Lines: milliseconds, and which text.
    Lines(Vec<(i64, usize)>),
    Add(usize, bool),
    Remove,
    Toggle(usize),
    Search(usize),
    Work(usize),
    Mark(u64, i64),
    Unmark(u64),
}

const TEXTS: &[&str] = &[
    "INFO mount target 1a is there",
    "WARN mount target 1c timed out",
    "ERROR mount target 1d failed",
    "マウント先がない ERROR",
    "two\nlines ERROR here",
    "\u{1b}[31mERR\u{1b}[0mOR in red",
    "",
    "{\"level\":\"error\",\"zone\":\"1d\"}",
    "plain",
];

const QUERIES: &[&str] = &[
    "1[ad]",
    "^error",
    "timed out$",
    "mount",
    "マウント",
    r"\bhere\b",
    "e.*r",
    r"[^x]r",
    "ERROR in red",
    "^$",
    r"1a[\t-~]+WARN",
];

fn condition(n: usize) -> Condition {
    match n {
        0 => Condition::Below(Level::Warn),
        1 => Condition::Group("/group".into()),
        2 => Condition::Stream("stream/1".into()),
        3 => Condition::Outside { from: instant(200), until: Some(instant(800)) },
        4 => Condition::Field { name: "zone".into(), query: Query::new("^1d$").unwrap() },
        n => Condition::Text(Query::new(QUERIES[n % QUERIES.len()]).unwrap()),
    }
}

fn fulfils(event: &LogEvent, condition: &Condition) -> bool {
    let text = &event.message;
    match condition {
        Condition::Below(level) => !detect(text, text.starts_with('{')).at_least(*level),
        Condition::Group(group) => **group == *event.group,
        Condition::Stream(stream) => **stream == *event.stream,
        Condition::Outside { from, until } => event.at < *from || until.is_some_and(|u| event.at >= u),
        Condition::Field { query, .. } => text.contains("\"zone\":\"1d\"") && query.is_match("1d"),
        Condition::Text(query) => query.is_match(text) || query.is_match(&printable(text)),
    }
}

fn step() -> impl Strategy<Value = Step> {
    let lines = prop::collection::vec((0i64..1_000, 0..TEXTS.len()), 1..40);
    prop_oneof![
        6 => lines.prop_map(Step::Lines),
        1 => (0..15usize, any::<bool>()).prop_map(|(n, include)| Step::Add(n, include)),
        1 => Just(Step::Remove),
        1 => (0..4usize).prop_map(Step::Toggle),
        1 => (0..QUERIES.len()).prop_map(Step::Search),
        1 => (0..2_000usize).prop_map(Step::Work),
        1 => (0..3u64, 0i64..1_000).prop_map(|(id, at)| Step::Mark(id, at)),
        1 => (0..3u64).prop_map(Step::Unmark),
    ]
}

/// Everything the slow way. Marks have no event.
struct Model {
    lines: Vec<(i64, u64, Option<LogEvent>, u64)>,
    filters: Vec<Filter>,
    search: Option<Query>,
    arrivals: u64,
    dropped: u64,
    most: usize,
}

impl Model {
    fn hidden_by(&self, event: &LogEvent) -> Option<usize> {
        let on =
            |effect| self.filters.iter().enumerate().filter(move |(_, f)| f.enabled && f.effect == effect);
        if let Some((i, _)) = on(Effect::Exclude).find(|(_, f)| fulfils(event, &f.condition)) {
            return Some(i);
        }
        let first = on(Effect::Include).next()?.0;
        (!on(Effect::Include).any(|(_, f)| fulfils(event, &f.condition))).then_some(first)
    }

    fn insert(&mut self, at: i64, event: Option<LogEvent>, mark: u64) {
        self.arrivals += 1;
        self.lines.push((at, self.arrivals, event, mark));
        self.lines.sort_by_key(|(at, seq, ..)| (*at, *seq));
    }

    fn trim(&mut self) {
        while self.lines.len() > self.most {
            let (.., event, _) = self.lines.remove(0);
            self.dropped += u64::from(event.is_some());
        }
    }
}

fn check(ring: &mut Ring, model: &Model) {
    assert!(ring.work(None, usize::MAX));
    let shown: Vec<&(i64, u64, Option<LogEvent>, u64)> = model
        .lines
        .iter()
        .filter(|(.., e, _)| e.as_ref().is_none_or(|e| model.hidden_by(e).is_none()))
        .collect();
    let texts: Vec<&str> =
        shown.iter().filter_map(|(.., e, _)| e.as_ref()).map(|e| e.message.as_str()).collect();
    let walked: Vec<_> = ring.walk(None, Direction::Forth).collect();
    assert_eq!(walked.iter().filter(|l| !l.mark).map(|l| l.text).collect::<Vec<_>>(), texts);
    assert!(walked.windows(2).all(|w| w[0].key < w[1].key));
    let mut back: Vec<LineKey> = ring.walk(None, Direction::Back).map(|l| l.key).collect();
    back.reverse();
    let forth: Vec<LineKey> = walked.iter().map(|l| l.key).collect();
    assert_eq!(back, forth);

    let totals = ring.totals();
    let held = model.lines.iter().filter(|(.., e, _)| e.is_some()).count() as u64;
    assert_eq!((totals.held, totals.shown, totals.unsettled), (held, texts.len() as u64, 0));
    assert_eq!(totals.hidden, held - texts.len() as u64);
    assert_eq!(totals.dropped, model.dropped);
    for (i, row) in ring.filters().iter().enumerate() {
        let events = || model.lines.iter().filter_map(|(.., e, _)| e.as_ref());
        let matching = events().filter(|e| fulfils(e, &row.filter.condition)).count() as u64;
        let hides = events().filter(|e| model.hidden_by(e) == Some(i)).count() as u64;
        assert_eq!((row.matching, row.hides), (matching, hides), "{:?}", row.filter);
    }

    let histogram = ring.histogram(instant(100), instant(900), 7);
    let within = |e: &&LogEvent| (instant(100)..instant(900)).contains(&e.at);
    let events: Vec<&LogEvent> =
        model.lines.iter().filter_map(|(.., e, _)| e.as_ref()).filter(within).collect();
    assert_eq!(histogram.buckets.iter().map(|b| b.lines).sum::<u64>(), events.len() as u64);
    let seen: Vec<&&LogEvent> = events.iter().filter(|e| model.hidden_by(e).is_none()).collect();
    assert_eq!(histogram.buckets.iter().map(|b| b.shown).sum::<u64>(), seen.len() as u64);
    let bad = |e: &LogEvent| detect(&e.message, e.message.starts_with('{')) >= Level::Error;
    let errors = seen.iter().filter(|e| bad(e)).count() as u64;
    assert_eq!(histogram.buckets.iter().map(|b| b.errors).sum::<u64>(), errors);

    let hit =
        |event: &LogEvent| model.search.as_ref().is_some_and(|q| fulfils(event, &Condition::Text(q.clone())));
    for (target, fits) in [
        (Target::Hit, &hit as &dyn Fn(&LogEvent) -> bool),
        (Target::Level(Level::Error), &bad as &dyn Fn(&LogEvent) -> bool),
    ] {
        let expected = shown.iter().filter_map(|(.., e, _)| e.as_ref()).filter(|e| fits(e)).count();
        for direction in [Direction::Forth, Direction::Back] {
            let (mut at, mut found) = (None, 0);
            while let Some(key) = next(ring, target, direction, at) {
                let line = ring.line(key).unwrap();
                assert!(at.is_none_or(|at| (key > at) == (direction == Direction::Forth)), "{target:?}");
                assert!(!line.mark);
                (at, found) = (Some(key), found + 1);
            }
            assert_eq!(found, expected, "{target:?} {direction:?}");
        }
        if target == Target::Hit {
            assert_eq!(totals.hits, expected as u64);
        }
    }
}

/// In the smallest slices there are.
fn next(ring: &mut Ring, target: Target, direction: Direction, from: Option<LineKey>) -> Option<LineKey> {
    let mut find = Find::new(target, direction, from);
    for _ in 0..10_000 {
        match ring.find(&mut find, 1) {
            Found::Here(key) => return Some(key),
            Found::Nowhere => return None,
            Found::NotYet => {}
        }
    }
    panic!("no end of {find:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn does_what_a_list_does(steps in prop::collection::vec(step(), 1..25), most in 20usize..200) {
        let mut ring = Ring::new(Limits { lines: most, bytes: usize::MAX }, printable);
        let mut model = Model { lines: Vec::new(), filters: Vec::new(), search: None, arrivals: 0, dropped: 0, most };
        let mut ids = Vec::new();
        for step in steps {
            match step {
                Step::Lines(lines) => {
                    let mut events: Vec<LogEvent> = lines
                        .iter()
                        .enumerate()
                        .map(|(i, (ms, text))| event(i, "/group", instant(*ms), TEXTS[*text]))
                        .collect();
                    ring.append(&batch_of(events.clone()));
                    events.sort_by_key(|e| e.at);
                    for e in events {
                        model.insert(e.at.timestamp_millis(), Some(e), 0);
                    }
                }
                Step::Add(n, include) if ids.len() < 10 => {
                    let effect = if include { Effect::Include } else { Effect::Exclude };
                    let filter = Filter { effect, condition: condition(n), enabled: true };
                    // Places are given from the first on; the list has no gaps as long as only the last goes.
                    ids.push(ring.add_filter(filter.clone()).unwrap());
                    model.filters.push(filter);
                }
                Step::Remove if !ids.is_empty() => {
                    ring.remove_filter(ids.pop().unwrap());
                    model.filters.pop();
                }
                Step::Toggle(n) if n < ids.len() => {
                    let enabled = !model.filters[n].enabled;
                    model.filters[n].enabled = enabled;
                    ring.enable_filter(ids[n], enabled);
                }
                Step::Search(n) => {
                    model.search = Some(Query::new(QUERIES[n]).unwrap());
                    ring.search(model.search.clone());
                }
                Step::Work(bytes) => { ring.work(None, bytes); }
                Step::Mark(id, at) => {
                    let kind = MarkKind::Missed { lines: 3 };
                    let mark = Mark { id, group: "/group".into(), at: instant(at), kind };
                    ring.append(&Batch { marks: vec![MarkChange::Put(mark)], ..Batch::default() });
                    model.lines.retain(|(.., e, m)| e.is_some() || *m != id);
                    model.insert(instant(at).timestamp_millis(), None, id);
                }
                Step::Unmark(id) => {
                    ring.append(&Batch { marks: vec![MarkChange::Remove(id)], ..Batch::default() });
                    model.lines.retain(|(.., e, m)| e.is_some() || *m != id);
                }
                _ => {}
            }
            model.trim();
            check(&mut ring, &model);
        }
    }
}

#[test]
fn many_lines_of_one_instant_stay_in_the_order_they_came_and_late_ones_find_their_place() {
    let mut ring = Ring::new(Limits::default(), as_is);
    for round in 0..20 {
        let events: Vec<LogEvent> =
            (0..1_000).map(|i| event(i, "/g", instant(5), format!("{}", round * 1_000 + i))).collect();
        ring.append(&batch_of(events));
    }
    ring.append(&batch(&[(1, "first"), (5, "last of its instant"), (9, "end")]));
    ring.append(&batch(&[(4, "before"), (6, "after")]));
    let texts: Vec<String> = ring.walk(None, Direction::Forth).map(|l| l.text.to_owned()).collect();
    assert_eq!(texts.len(), 20_005);
    assert_eq!(texts[..2], ["first", "before"]);
    assert!(texts[2..20_002].iter().enumerate().all(|(i, text)| *text == i.to_string()));
    assert_eq!(texts[20_002..], ["last of its instant", "after", "end"]);
    // A time is found at once, between lines too.
    let key = ring.nearest(LineKey::at(instant(6))).unwrap();
    assert_eq!(ring.line(key).unwrap().text, "after");
    let key = ring.nearest(LineKey::at(instant(7))).unwrap();
    assert_eq!(ring.line(key).unwrap().text, "end");
    let key = ring.nearest(LineKey::at(instant(10))).unwrap();
    assert_eq!(ring.line(key).unwrap().text, "end");
}

#[test]
fn bytes_are_bounded_too_and_what_is_dropped_is_given() {
    let mut ring = Ring::new(Limits { lines: usize::MAX, bytes: 1 << 20 }, as_is);
    ring.keep_dropped(true);
    let mut dropped = 0;
    for n in 0..3_000 {
        let given = ring.append(&batch(&[(n, &"日本語".repeat(200)), (n, "b")]));
        for line in given.iter().flat_map(miharu::domain::log::block::Block::lines) {
            assert!(line.at() <= instant(n) && line.at() >= instant(dropped / 2 - 1));
            dropped += 1;
        }
        assert!(ring.text_bytes() <= 1 << 20);
        assert!(ring.resident() <= 3 << 20, "{} at {n}", ring.resident());
    }
    let totals = ring.totals();
    assert_eq!(totals.dropped, u64::try_from(dropped).unwrap());
    assert_eq!(totals.taken, 6_000);
    assert_eq!(totals.held + totals.dropped, 6_000);
}

#[test]
fn a_filter_switched_off_and_on_hides_at_once() {
    let mut ring = Ring::new(Limits::default(), as_is);
    let lines: Vec<LogEvent> = (0..4_000).map(|i| event(0, "/g", instant(i), format!("{i}"))).collect();
    ring.append(&batch_of(lines));
    let filter = Filter {
        effect: Effect::Exclude,
        condition: Condition::Text(Query::new("7").unwrap()),
        enabled: true,
    };
    let id = ring.add_filter(filter).unwrap();
    // Nothing that a filter may hide is shown before the filter is known.
    assert_eq!(ring.walk(None, Direction::Forth).count(), 0);
    assert!(!ring.work(None, 1));
    assert!(ring.work(None, usize::MAX));
    let with = ring.walk(None, Direction::Forth).count();
    assert_eq!(with, 4_000 - (0..4_000).filter(|i| i.to_string().contains('7')).count());
    ring.enable_filter(id, false);
    assert_eq!(ring.walk(None, Direction::Forth).count(), 4_000);
    ring.enable_filter(id, true);
    assert_eq!(ring.walk(None, Direction::Forth).count(), with, "known already: no work is needed");
    ring.search(Some(Query::new("9").unwrap()));
    assert_eq!(ring.walk(None, Direction::Forth).count(), with, "a search hides nothing");
}
