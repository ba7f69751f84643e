//! What lines have in common.

use miharu::domain::log::level::Level;
use miharu::domain::log::ring::{Limits, Ring};
use proptest::prelude::*;

use crate::{as_is, batch, batch_of, event, instant};

#[test]
fn lines_that_differ_in_what_varies_are_one_pattern() {
    let mut ring = Ring::new(Limits::default(), as_is);
    let mut lines = Vec::new();
    for i in 0..412 {
        lines.push(format!("WARN mount target fs-{i:04x}:10.0.{}.100 timed out after {}ms", i % 3, i * 7));
    }
    for i in 0..90 {
        lines.push(format!("INFO counted ファイル {i}個 in /export/{i}"));
    }
    for name in ["alice", "bob", "carol", "dave"] {
        lines.push(format!("user {name} has logged in"));
    }
    lines.push(r#"{"level":"error","message":"user erin has logged in"}"#.into());
    let events = lines.iter().zip(0..).map(|(text, ms)| event(0, "/g", instant(ms), text.as_str())).collect();
    ring.append(&batch_of(events));
    assert!(ring.mine(usize::MAX));
    let patterns = ring.patterns();
    let told: Vec<(u64, String, Level)> = patterns.iter().map(|p| (p.lines, p.text("…"), p.worst)).collect();
    assert_eq!(
        told,
        [
            (412, "WARN mount target fs-… timed out after …".to_owned(), Level::Warn),
            (90, "INFO counted ファイル …個 in /export/…".to_owned(), Level::Info),
            (5, "user … has logged in".to_owned(), Level::Error),
        ]
    );
    // A pattern finds its lines.
    for (pattern, n) in patterns.iter().zip([412, 90, 5]) {
        ring.search(Some(pattern.query().unwrap()));
        assert!(ring.work(None, usize::MAX));
        assert_eq!(ring.totals().hits, n, "{}", pattern.text("…"));
    }
}

#[test]
fn what_is_dropped_no_longer_counts() {
    let mut ring = Ring::new(Limits { lines: 100, bytes: usize::MAX }, as_is);
    for n in 0..50 {
        ring.append(&batch(&[
            (n * 10, "disk full"),
            (n * 10 + 1, "all is well here"),
            (n, "late one came in"),
        ]));
        ring.mine(usize::MAX);
        let sum: u64 = ring.patterns().iter().map(|p| p.lines).sum();
        assert_eq!(sum, ring.totals().held, "after {n}");
    }
}

proptest! {
    #[test]
    fn every_line_is_of_one_pattern(texts in prop::collection::vec("[a-c0-3 :./日]{0,30}", 1..200)) {
        let mut ring = Ring::new(Limits::default(), as_is);
        let events = texts.iter().enumerate().map(|(i, t)| event(i, "/g", instant(0), t.as_str())).collect();
        ring.append(&batch_of(events));
        prop_assert!(ring.mine(usize::MAX));
        let sum: u64 = ring.patterns().iter().map(|p| p.lines).sum();
        prop_assert_eq!(sum, texts.len() as u64);
    }
}

#[test]
fn there_are_never_too_many_patterns() {
    let mut ring = Ring::new(Limits::default(), as_is);
    let letters =
        |n: usize| -> String { n.to_string().bytes().map(|d| char::from(b'a' + (d - b'0'))).collect() };
    let events = (0..3_000).map(|i| event(i, "/g", instant(0), letters(i))).collect();
    ring.append(&batch_of(events));
    assert!(ring.mine(usize::MAX));
    let patterns = ring.patterns();
    assert_eq!(patterns.len(), 1_001);
    assert_eq!(patterns.iter().map(|p| p.lines).sum::<u64>(), 3_000);
    assert!(patterns.last().unwrap().words.is_empty(), "the others come last");
}
