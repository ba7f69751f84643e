//! Which rows stand on the screen: follow and freeze, wrap, columns, what the search marks.

use miharu::domain::log::bookmark::Bookmarks;
use miharu::domain::log::filter::{Condition, Effect, Filter, Query};
use miharu::domain::log::line::LineKey;
use miharu::domain::log::ring::{Limits, Ring};
use miharu::domain::log::seek::Direction;
use miharu::ui::log_view::{LogView, Shown, Size, pieces};
use miharu::ui::text::{printable, width};
use proptest::prelude::*;

use crate::{batch, batch_of, event, instant};

const SIZE: Size = Size { columns: 20, rows: 8 };

fn ring(lines: usize) -> Ring {
    Ring::new(Limits { lines, bytes: usize::MAX }, printable)
}

fn texts(shown: &Shown<'_>) -> Vec<String> {
    shown.rows.iter().map(|row| row.piece.text.clone()).collect()
}

fn top(view: &LogView, ring: &Ring) -> Option<(LineKey, String)> {
    let shown = view.layout(ring, SIZE);
    shown.rows.first().map(|row| (row.line.key, row.piece.text.clone()))
}

#[test]
fn scrolling_up_stops_following_and_the_end_follows_again() {
    let mut ring = ring(1_000);
    let mut view = LogView::default();
    assert!(view.layout(&ring, SIZE).rows.is_empty());
    view.scroll(&ring, SIZE, -3);
    view.select(&ring, SIZE, Direction::Back);
    view.go_to(&ring, SIZE, LineKey::at(instant(0)));
    assert!(view.follows(), "nothing to stop at");
    for n in 0..30 {
        ring.append(&batch(&[(n, &format!("line {n}"))]));
        let shown = view.layout(&ring, SIZE);
        assert_eq!(shown.rows.last().unwrap().piece.text, format!("line {n}"));
        assert_eq!((shown.above, shown.below), (n >= 8, false));
    }
    view.scroll(&ring, SIZE, -2);
    assert!(!view.follows());
    assert_eq!(top(&view, &ring).unwrap().1, "line 20");
    // What comes, and what comes late, does not move it.
    ring.append(&batch(&[(3, "late"), (25, "late in sight"), (40, "new")]));
    assert_eq!(top(&view, &ring).unwrap().1, "line 20");
    assert_eq!(view.layout(&ring, SIZE).rows[6].piece.text, "late in sight");
    assert!(view.layout(&ring, SIZE).below);
    view.scroll(&ring, SIZE, 100);
    assert!(view.follows());
    assert_eq!(view.layout(&ring, SIZE).rows.last().unwrap().piece.text, "new");
    view.freeze(&ring, SIZE);
    ring.append(&batch(&[(41, "newer")]));
    assert_eq!(view.layout(&ring, SIZE).rows.last().unwrap().piece.text, "new");
    view.home(&ring);
    assert_eq!(top(&view, &ring).unwrap().1, "line 0");
}

#[test]
fn a_dropped_line_gives_its_place_to_the_next() {
    let mut ring = ring(20);
    let mut view = LogView::default();
    for n in 0..20 {
        ring.append(&batch(&[(n, &format!("line {n}"))]));
    }
    view.home(&ring);
    for n in 20..60 {
        ring.append(&batch(&[(n, &format!("line {n}"))]));
        assert_eq!(top(&view, &ring).unwrap().1, format!("line {}", n - 19));
    }
}

#[test]
fn a_hidden_line_gives_its_place_to_the_next_and_gets_it_back() {
    let mut ring = ring(1_000);
    let mut view = LogView::default();
    for n in 0..50 {
        ring.append(&batch(&[(n, &format!("line {n}"))]));
    }
    view.go_to(&ring, SIZE, LineKey::at(instant(20)));
    assert_eq!(top(&view, &ring).unwrap().1, "line 18");
    let condition = Condition::Text(Query::new("1[0-9]").unwrap());
    let id = ring.add_filter(Filter { effect: Effect::Exclude, condition, enabled: true }).unwrap();
    ring.work(view.near(), usize::MAX);
    assert_eq!(top(&view, &ring).unwrap().1, "line 20");
    ring.enable_filter(id, false);
    assert_eq!(top(&view, &ring).unwrap().1, "line 18");
}

#[test]
fn lines_wrap_at_any_character_or_are_cut_at_columns_that_stay() {
    let query = Query::new("語x|c+").unwrap();
    let wrapped = pieces("日本語xab\u{1b}[1mccc\nnext\n", 5, None, Some(&query));
    let texts: Vec<&str> = wrapped.iter().map(|p| p.text.as_str()).collect();
    assert_eq!(texts, ["日本", "語xab", "ccc", "next"]);
    let marked: Vec<Vec<&str>> =
        wrapped.iter().map(|p| p.spans.iter().map(|s| &p.text[s.clone()]).collect()).collect();
    assert_eq!(marked, [vec![], vec!["語x"], vec!["ccc"], vec![]]);
    let cut = pieces("日本語xab\nnext", 5, Some(1), Some(&query));
    assert_eq!(cut.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), [" 本語", "ext"]);
    assert_eq!(cut[0].spans, vec![4..7; 1]);
    assert_eq!(pieces("", 5, None, None).len(), 1, "an empty line is a row");
    let long = pieces(&"x".repeat(20_000), 100, None, None);
    assert_eq!((long.len(), long[159].cut), (160, 4_000), "what is not drawn is said");
}

#[test]
fn the_selected_line_comes_into_sight() {
    let mut ring = ring(1_000);
    let mut view = LogView::default();
    for n in 0..50 {
        ring.append(&batch(&[(n, &format!("line {n} {}", "x".repeat(30)))]));
    }
    for direction in [Direction::Back, Direction::Forth] {
        for _ in 0..60 {
            view.select(&ring, SIZE, direction);
            let shown = view.layout(&ring, SIZE);
            assert_eq!(
                shown.rows.iter().filter(|row| row.selected).count(),
                2,
                "{direction:?} {:?}",
                texts(&shown)
            );
        }
    }
    assert_eq!(ring.line(view.selected().unwrap()).unwrap().at(), instant(49));
}

fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{0,30}",
        "日本語[ァ-ヶ]{0,9}",
        Just("\u{1b}[2J".to_owned()),
        Just("\n".to_owned()),
        Just("\u{202e}e\u{301}".to_owned()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|v| v.concat())
}

proptest! {
    #[test]
    fn rows_fit_and_wrapping_loses_nothing(text in nasty(), columns in 2usize..40, from in 0usize..30) {
        let query = Query::new("[a-f本ァ]+").unwrap();
        let rows = pieces(&text, columns, None, Some(&query));
        let joined: String = rows.iter().map(|row| row.text.as_str()).collect();
        let trimmed = text.trim_end_matches(['\n', '\r']);
        let parts: Vec<_> = trimmed.split('\n').map(|p| printable(p.trim_end_matches('\r'))).collect();
        prop_assert_eq!(&joined, &parts.concat());
        let marked: String = rows.iter().flat_map(|r| r.spans.iter().map(|s| &r.text[s.clone()])).collect();
        let expected: String = parts.iter().flat_map(|p| query.spans(p).map(|s| &p[s])).collect();
        prop_assert_eq!(marked, expected);
        let cut = pieces(&text, columns, Some(from), Some(&query));
        prop_assert_eq!(cut.len(), parts.len());
        for row in rows.iter().chain(&cut) {
            prop_assert!(width(&row.text) <= columns, "{:?}", row.text);
            prop_assert!(!row.text.chars().any(char::is_control));
            prop_assert!(row.spans.iter().all(|s| row.text.get(s.clone()).is_some_and(|t| !t.is_empty())));
        }
    }

    #[test]
    fn the_line_at_the_top_stays_whatever_comes(
        first in prop::collection::vec((0i64..100, "[a-z日]{0,50}"), 30..60),
        up in 1isize..40,
        then in prop::collection::vec((0i64..200, "[a-z日]{0,50}"), 0..60),
        wrap: bool,
    ) {
        let mut ring = ring(10_000);
        let put = |ring: &mut Ring, lines: &[(i64, String)]| {
            let events = lines.iter().map(|(at, t)| event(0, "/g", instant(*at), t.as_str())).collect();
            ring.append(&batch_of(events));
        };
        put(&mut ring, &first);
        let mut view = LogView::default();
        view.set_wrap(wrap);
        view.scroll(&ring, SIZE, -up);
        let before = top(&view, &ring);
        put(&mut ring, &then);
        prop_assert_eq!(top(&view, &ring), before.clone());
        // Down and up again is where it was, unless an end was reached.
        view.scroll(&ring, SIZE, 3);
        if !view.follows() {
            view.scroll(&ring, SIZE, -3);
            prop_assert_eq!(top(&view, &ring), before);
        }
        view.follow();
        let shown = view.layout(&ring, SIZE);
        prop_assert!(!shown.below);
        prop_assert_eq!(shown.rows.last().map(|r| r.line.key), ring.ends().map(|(_, last)| last));
        prop_assert!(shown.rows.len() <= SIZE.rows);
    }
}

#[test]
fn bookmarks_outlive_their_lines() {
    let mut ring = ring(3);
    let mut bookmarks = Bookmarks::default();
    for n in 0..6 {
        ring.append(&batch(&[(n, &format!("line {n}"))]));
        let line = ring.walk(None, Direction::Back).next().unwrap();
        assert!(if n == 0 {
            bookmarks.note(&line, "it began here")
        } else {
            n % 2 == 1 || bookmarks.toggle(&line)
        });
    }
    let keys: Vec<LineKey> = bookmarks.iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), 3);
    assert_eq!(bookmarks.get(keys[0]).unwrap().note, "it began here");
    assert_eq!(bookmarks.get(keys[0]).unwrap().text, "line 0", "though it is dropped");
    assert_eq!(bookmarks.beside(keys[0], Direction::Forth), Some(keys[1]));
    assert_eq!(bookmarks.beside(keys[1], Direction::Back), Some(keys[0]));
    assert_eq!(bookmarks.beside(keys[2], Direction::Forth), None);
    let mut view = LogView::default();
    view.go_to(&ring, SIZE, keys[0]);
    assert_eq!(ring.line(view.selected().unwrap()).unwrap().text, "line 3", "the nearest that is held");
    let line = ring.line(keys[2]).unwrap();
    assert!(bookmarks.toggle(&line) && bookmarks.get(keys[2]).is_none());
}
