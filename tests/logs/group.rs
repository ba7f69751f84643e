//! What is read of one group, case by case, without calls.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use miharu::aws::Page;
use miharu::domain::log::LogEvent;
use miharu::domain::log::batch::TailState;
use miharu::domain::log::mark::{MarkChange, MarkKind, NeverRead};
use miharu::domain::source::{Failure, FailureClass};
use miharu::engine::tail::group::{Call, GroupTail, Next};
use miharu::engine::tail::settings::TailSettings;

use crate::{event, instant};

fn minutes(n: i64) -> DateTime<Utc> {
    instant(n * 60_000)
}

fn tail(settings: TailSettings) -> GroupTail {
    GroupTail::new("/group".into(), 0, settings, minutes(10), true)
}

fn call(tail: &mut GroupTail, now: DateTime<Utc>) -> Call {
    match tail.next(now) {
        Next::Call(call) => call,
        Next::Wait(until) => panic!("waits until {until} at {now}"),
    }
}

fn page(events: Vec<LogEvent>, next: Option<&str>) -> Page<LogEvent> {
    Page { items: events, next: next.map(str::to_owned) }
}

fn at(id: usize, at: DateTime<Utc>) -> LogEvent {
    event(id, "/group", at, format!("line {id}"))
}

#[test]
fn reads_again_from_the_newest_line_less_the_overlap_and_tells_each_line_once() {
    let mut tail = tail(TailSettings::default());
    let first = call(&mut tail, minutes(10));
    assert_eq!((first.query.from, first.query.until, first.token), (minutes(0), None, None));
    let taken = tail.page(minutes(10), true, page(vec![at(1, minutes(8)), at(2, minutes(9))], Some("a")));
    assert_eq!(taken.iter().filter(|a| a.late).count(), 0, "the first read has nothing late");
    assert_eq!(call(&mut tail, minutes(10)).token.as_deref(), Some("a"), "all pages");
    assert_eq!(tail.page(minutes(10), true, page(vec![at(2, minutes(9))], None)).len(), 0);
    assert_eq!(tail.next(minutes(10)), Next::Wait(minutes(10) + TimeDelta::seconds(2)));

    let second = call(&mut tail, minutes(11));
    assert_eq!(second.query.from, minutes(8), "newest − overlap");
    let taken = tail.page(
        minutes(11),
        true,
        page(vec![at(3, minutes(8)), at(2, minutes(9)), at(4, minutes(10))], None),
    );
    let told: Vec<(String, bool)> = taken.into_iter().map(|a| (a.event.message, a.late)).collect();
    assert_eq!(told, [("line 3".to_owned(), true), ("line 4".to_owned(), false)]);
    let counts = tail.status(minutes(11)).counts;
    assert_eq!((counts.lines, counts.late, counts.repeated, counts.calls), (4, 1, 2, 3));
    assert_eq!(tail.status(minutes(11)).delay_ms, Some((1_000, 1_000)));
    // A clock that is an hour fast must not make the tail wait an hour.
    call(&mut tail, minutes(12));
    tail.page(minutes(12), true, page(vec![at(5, minutes(72))], None));
    assert_eq!(call(&mut tail, minutes(13)).query.from, minutes(11));
}

#[test]
fn far_behind_it_shows_what_is_new_and_then_reads_what_it_left_out() {
    let mut tail = tail(TailSettings::default());
    call(&mut tail, minutes(10));
    tail.page(minutes(10), true, page(vec![at(1, minutes(9))], None));
    call(&mut tail, minutes(11));
    for minute in [11, 12, 20, 29] {
        tail.failed(minutes(minute), true, Failure::new(FailureClass::Unreachable, "gone"), |n| {
            assert!((1..=4).contains(&n));
            Duration::from_secs(30)
        });
        assert_eq!(tail.next(minutes(minute)), Next::Wait(minutes(minute) + TimeDelta::seconds(30)));
    }
    let TailState::Failing { since, failures, .. } = tail.status(minutes(29)).state else {
        panic!("is failing")
    };
    assert_eq!((since, failures), (minutes(11), 4));
    // The question that was open when it broke is answered first; then the gap shows.
    call(&mut tail, minutes(30));
    tail.page(minutes(30), true, page(vec![], None));
    call(&mut tail, minutes(31));
    let TailState::CatchingUp { behind_s } = tail.status(minutes(31)).state else { panic!("is behind") };
    assert_eq!(behind_s, (30 - 8) * 60);
    let marks = tail.take_marks();
    let [MarkChange::Put(mark)] = marks.as_slice() else { panic!("one mark: {marks:?}") };
    assert_eq!((mark.at, mark.kind), (minutes(8), MarkKind::Pending { until: minutes(30) }));
    assert!(mark.to_string().contains("not read yet"), "{mark}");
    assert_eq!(tail.page(minutes(31), true, page(vec![at(9, minutes(31))], None)).len(), 1);
    let gap = call(&mut tail, minutes(31));
    assert_eq!((gap.head, gap.query.from, gap.query.until), (false, minutes(8), Some(minutes(30))));
    let found = tail.page(minutes(31), false, page(vec![at(1, minutes(9)), at(2, minutes(15))], None));
    assert!(found.len() == 1 && found[0].late, "{found:?}");
    assert_eq!(tail.take_marks(), [MarkChange::Remove(mark.id)], "the gap is closed");
    assert!(tail.idle());
}

#[test]
fn of_a_busy_group_less_is_read_again_and_more_when_it_is_quiet() {
    let mut tail = tail(TailSettings::default());
    let mut asked = Vec::new();
    for round in 0..16_usize {
        let now = minutes(10) + TimeDelta::seconds(10 * i64::try_from(round).expect("few"));
        let pages = if round < 8 { 5 } else { 1 };
        for n in 0..pages {
            let head = call(&mut tail, now);
            if n == 0 {
                asked.push((now - head.query.from).num_seconds());
            }
            let next = format!("{round}-{n}");
            let next = (n + 1 < pages).then_some(next.as_str());
            tail.page(now, true, page(vec![at(round * 10 + n, now)], next));
        }
    }
    // The newest line is 10 s old when the next read begins; each took 1 s to be readable.
    assert_eq!(asked[1..8], [40, 25, 17, 15, 15, 15, 15], "{asked:?}");
    assert_eq!(asked[8..13], [15, 20, 30, 50, 70], "{asked:?}");
    assert_eq!(asked[15], 70, "{asked:?}");
}

#[test]
fn too_many_pages_are_left_for_later() {
    let mut tail = tail(TailSettings { pages: 3, ..TailSettings::default() });
    for n in 0..3 {
        call(&mut tail, minutes(10));
        tail.page(minutes(10), true, page(vec![at(n, minutes(1))], Some(&format!("{n}"))));
    }
    let fresh = call(&mut tail, minutes(10));
    assert_eq!((fresh.query.from, fresh.token), (minutes(9), None));
    tail.page(minutes(10), true, page(vec![], None));
    let rest = call(&mut tail, minutes(10));
    assert_eq!((rest.head, rest.query.from, rest.query.until), (false, minutes(0), Some(minutes(9))));
    // What is new goes before it, whenever it is time.
    tail.page(minutes(10), false, page(vec![at(7, minutes(2))], Some("x")));
    assert!(call(&mut tail, minutes(10) + TimeDelta::seconds(3)).head);
    tail.page(minutes(10) + TimeDelta::seconds(3), true, page(vec![], None));
    assert_eq!(call(&mut tail, minutes(10) + TimeDelta::seconds(4)).token.as_deref(), Some("x"));
}

#[test]
fn a_token_that_is_refused_or_does_not_move_holds_nothing_up() {
    let mut tail = tail(TailSettings::default());
    call(&mut tail, minutes(10));
    tail.page(minutes(10), true, page(vec![at(1, minutes(1))], Some("a")));
    let refused = Failure::new(FailureClass::Other, "the token has expired");
    tail.failed(minutes(10), true, refused, |_| Duration::ZERO);
    assert_eq!(call(&mut tail, minutes(10)).token, None, "from the first page again");
    assert_eq!(tail.page(minutes(10), true, page(vec![at(1, minutes(1))], Some("b"))).len(), 0);
    for _ in 0..4 {
        assert_eq!(
            call(&mut tail, minutes(10)).token.as_deref(),
            Some("b"),
            "a timeout is no reason to forget it"
        );
        tail.failed(minutes(10), true, Failure::new(FailureClass::Timeout, "slow"), |_| Duration::ZERO);
    }
    assert_eq!(call(&mut tail, minutes(10)).token, None, "four are");
    tail.page(minutes(10), true, page(vec![], Some("c")));
    tail.page(minutes(10), true, page(vec![], Some("c")));
    assert!(matches!(tail.next(minutes(10)), Next::Wait(_)), "the same token again is the end");
}

#[test]
fn what_can_no_longer_be_told_apart_is_said_to_be_never_read() {
    let settings = TailSettings { remembered: 100, pages: 1, ..TailSettings::default() };
    let mut tail = tail(settings);
    call(&mut tail, minutes(10));
    tail.page(minutes(10), true, page(vec![at(0, minutes(1))], Some("more")));
    tail.take_marks();
    call(&mut tail, minutes(10));
    let many = (0..300)
        .map(|n: u16| at(1_000 + usize::from(n), minutes(9) + TimeDelta::milliseconds(i64::from(n))))
        .collect();
    assert_eq!(tail.page(minutes(10), true, page(many, None)).len(), 300);
    // The span that was left for later is older than what is remembered.
    assert!(matches!(tail.next(minutes(10)), Next::Wait(_)));
    let marks = tail.take_marks();
    let [MarkChange::Put(mark)] = marks.as_slice() else { panic!("one mark: {marks:?}") };
    assert!(matches!(mark.kind, MarkKind::NeverRead { why: NeverRead::Memory, .. }), "{mark:?}");
    assert_eq!(tail.status(minutes(10)).counts.spans_never_read, 1);
}

#[test]
fn lines_that_no_read_gives_are_counted_and_looked_for() {
    let mut tail = tail(TailSettings::default());
    call(&mut tail, minutes(10));
    tail.page(minutes(10), true, page(vec![at(1, minutes(3)), at(2, minutes(3))], None));
    assert_eq!(tail.status(minutes(10)).counts.lost, None, "nobody has counted yet");
    tail.audited(minutes(0), minutes(8), &[(minutes(3), 5)]);
    assert_eq!(tail.status(minutes(10)).counts.lost, Some(3));
    let marks = tail.take_marks();
    let [MarkChange::Put(mark)] = marks.as_slice() else { panic!("one mark: {marks:?}") };
    assert_eq!((mark.at, mark.kind), (minutes(3), MarkKind::Missed { lines: 3 }));
    let search = call(&mut tail, minutes(10));
    assert_eq!((search.head, search.query.from, search.query.until), (false, minutes(-12), Some(minutes(4))));
    let mut old = at(3, minutes(-11));
    old.ingested_at = minutes(3);
    let mut known = at(4, minutes(-11));
    known.ingested_at = minutes(-10);
    assert_eq!(
        tail.page(minutes(10), false, page(vec![old, known], None)).len(),
        1,
        "not what was there before"
    );
    assert_eq!(tail.status(minutes(10)).counts.lost, Some(2));
    tail.audited(minutes(0), minutes(8), &[(minutes(3), 5)]);
    assert_eq!(tail.take_marks().len(), 1, "the mark says two now");
    let wider = call(&mut tail, minutes(10));
    assert_eq!(wider.query.from, minutes(3 - 180));
    tail.page(minutes(10), false, page(vec![], None));
    tail.audited(minutes(0), minutes(8), &[(minutes(3), 5)]);
    assert!(tail.idle(), "looked for twice, then it stays counted");
    assert_eq!(tail.status(minutes(10)).counts.lost, Some(2));
}
