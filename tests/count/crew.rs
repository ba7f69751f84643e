//! How a count behaves, on simulated trees.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use miharu::count::{Bounds, Count, Options, RootError};

use super::simulated::{Gate, Tree};
use super::{DEADLINE, count, start};

const MS: Duration = Duration::from_millis(1);
const ACCESS: i32 = 13;
const NO_ENTRY: i32 = 2;
const STALE: i32 = 116;

fn first(tree: &Tree) -> PathBuf {
    PathBuf::from(tree.name(0))
}

#[test]
fn trees_of_all_shapes_are_counted_exactly() {
    for levels in [
        &[][..],
        &[(0, 7)],
        &[(0, 5_000)],
        &[(3, 1), (4, 2), (5, 3)],
        &[(2_500, 0), (0, 3)],
        &[(1, 1); 200],
        &[(9, 0), (9, 0), (9, 0), (9, 1)],
    ] {
        let tree = Tree::new(levels);
        let ended = count(tree.clone(), &Options::default());
        assert_eq!((ended.counted.files, ended.counted.directories), tree.size(), "{levels:?}");
        assert!(ended.whole && !ended.is_partial() && ended.errors.is_empty(), "{ended:?}");
        assert_eq!(
            ended.counted.calls,
            tree.seen.reads.load(Ordering::Relaxed) as u64,
            "what it cost is told"
        );
    }
}

#[test]
fn a_directory_that_fits_a_buffer_is_read_twice() {
    let tree = Tree::new(&[(50, 10), (0, 1_999)]);
    let ended = count(tree, &Options::default());
    assert_eq!((ended.counted.directories, ended.counted.calls), (51, 102));
}

#[test]
fn only_the_root_where_nothing_else_is_asked_for() {
    let ended = count(Tree::new(&[(5, 3), (5, 3)]), &Options { recursive: false, ..Options::default() });
    assert_eq!((ended.counted.files, ended.counted.directories), (3, 6), "subdirectories are seen, not read");
    assert_eq!(ended.listed_largest().len(), 1);
}

#[test]
fn the_largest_directories_are_named_in_order() {
    let ended = count(Tree::new(&[(12, 5), (0, 3)]), &Options { top: 3, ..Options::default() });
    let largest: Vec<_> = ended.listed_largest().into_iter().map(|d| (d.path, d.files)).collect();
    assert_eq!(largest, [(".".into(), 5), ("00000000".into(), 3), ("00000001".into(), 3)]);
}

#[test]
fn entries_of_unknown_kind_are_asked_for() {
    let tree = Tree { untold: true, ..Tree::new(&[(3, 2_500), (0, 4)]) };
    let ended = count(tree.clone(), &Options::default());
    assert_eq!((ended.counted.files, ended.counted.directories), tree.size());
    assert_eq!(ended.counted.asked, 2_503 + 3 * 4);
}

#[test]
fn latency_gets_as_many_reads_as_the_ceiling_allows_and_no_more() {
    for ceiling in [1, 7, 24] {
        let tree = Tree { latency: 5 * MS, ..Tree::new(&[(400, 0), (0, 1)]) };
        let ended = count(tree.clone(), &Options { concurrency: ceiling, ..Options::default() });
        assert_eq!((ended.counted.files, ended.counted.directories), tree.size());
        let most = tree.seen.most.load(Ordering::Relaxed);
        // Opens share the ceiling, so not every read meets all others.
        assert!(most <= ceiling && most * 2 >= ceiling, "{most} of {ceiling}");
    }
}

#[test]
fn a_budget_is_kept() {
    let tree = Tree::new(&[(99, 0), (0, 1)]);
    let began = Instant::now();
    let ended = count(tree, &Options { operations_per_s: Some(500.0), ..Options::default() });
    // 100 opens and 200 reads, of which a burst of 125 costs no time.
    assert_eq!(ended.counted.calls, 200);
    assert!(began.elapsed() >= Duration::from_millis(340), "{:?}", began.elapsed());
}

#[test]
fn what_cannot_be_read_is_listed_and_the_rest_is_counted() {
    let whole = Tree::new(&[(3, 0), (0, 4)]);
    for (code, unread, vanished) in [(ACCESS, 1, 0), (NO_ENTRY, 0, 1), (STALE, 1, 0)] {
        let tree = Tree { failing: Some((first(&whole), code)), ..whole.clone() };
        let ended = count(tree, &Options::default());
        assert_eq!((ended.counted.files, ended.counted.directories), (8, 4));
        assert_eq!((ended.counted.unread, ended.counted.vanished), (unread, vanished), "{code}");
        assert!(ended.is_partial() && ended.whole && ended.no_data().is_none());
        assert_eq!(ended.listed_errors()[0].path, "00000000");
    }
    let broken = Tree { breaking: Some((first(&whole), 5)), ..whole };
    let ended = count(broken, &Options::default());
    assert_eq!((ended.counted.files, ended.counted.unread), (12, 1), "what was read before holds");
}

#[test]
fn errors_are_listed_up_to_a_bound_and_counted_beyond() {
    // Every directory of the second level is too many.
    let bounds = Bounds { waiting: 0, suspended: 0, most_waiting: 300, errors: 2 };
    let tree = Tree::new(&[(2, 0), (9, 0), (9, 1)]);
    let ended = count(tree, &Options { bounds, concurrency: 1, ..Options::default() });
    let errors = ended.listed_errors();
    assert!(ended.counted.unread > 2 && errors.len() == 3, "{errors:?}");
    assert!(errors[0].error.starts_with("names too many directories: "), "{errors:?}");
    let more = format!("{} more below could not be read", ended.counted.unread - 2);
    assert_eq!((errors[2].path.as_str(), errors[2].error.as_str()), (".", more.as_str()));
    assert!(ended.is_partial());
}

#[test]
fn a_directory_that_names_more_than_may_wait_is_read_on_later_and_nothing_is_lost() {
    for suspended in [1, 3, 100] {
        let bounds = Bounds { waiting: 4_000, suspended, ..Bounds::default() };
        let tree = Tree::new(&[(5_000, 0), (0, 2)]);
        let ended = count(tree.clone(), &Options { bounds, ..Options::default() });
        assert_eq!((ended.counted.files, ended.counted.directories), tree.size(), "{suspended}");
        assert!(!ended.is_partial());
    }
    let bounds = Bounds { waiting: 4_000, suspended: 2, ..Bounds::default() };
    let tree = Tree::new(&[(100, 0), (100, 0), (20, 1), (0, 1)]);
    let ended = count(tree.clone(), &Options { bounds, ..Options::default() });
    assert_eq!((ended.counted.files, ended.counted.directories), tree.size());
    assert!(!ended.is_partial());
}

#[test]
fn a_root_that_cannot_be_read_is_no_data() {
    for (code, words) in [
        (NO_ENTRY, "does not exist"),
        (20, "is not a directory"),
        (ACCESS, "may not be read: no permission"),
        (STALE, "is a stale mount: what was mounted there is gone from the server; mount it again"),
        (107, "is a mount whose server is gone; mount it again"),
        (110, "does not answer"),
        (5, "cannot be read: Input/output error (os error 5)"),
    ] {
        let tree = Tree { failing: Some((PathBuf::new(), code)), ..Tree::new(&[(1, 1)]) };
        let ended = count(tree, &Options::default());
        assert!(matches!(ended.root, Some(RootError::Failed(_))), "{ended:?}");
        assert_eq!((ended.no_data().unwrap().as_str(), ended.counted.files), (words, 0));
    }
}

#[test]
fn a_cancelled_count_ends_and_reads_no_further() {
    let tree = Tree { latency: MS, ..Tree::new(&[(1_000, 1), (1_000, 1), (0, 1)]) };
    let (running, receiver) = start(tree.clone(), &Options::default());
    let began = Instant::now();
    while running.counted().calls < 20 {
        assert!(began.elapsed() < DEADLINE);
        std::thread::sleep(MS);
    }
    running.cancel();
    let ended = receiver.recv_timeout(DEADLINE).expect("it does not end");
    assert!(!ended.whole && ended.is_partial());
    let reads = tree.seen.reads.load(Ordering::Relaxed);
    assert!(reads < 100_000, "{reads}");
}

#[test]
fn a_count_that_waits_for_its_budget_is_cancelled_too() {
    let (running, receiver) =
        start(Tree::new(&[(9, 1), (0, 1)]), &Options { operations_per_s: Some(0.01), ..Options::default() });
    drop(running);
    assert!(!receiver.recv_timeout(DEADLINE).expect("it does not end").whole);
}

#[test]
fn a_hanging_directory_holds_nothing_but_itself() {
    let gate = Arc::new(Gate::default());
    let whole = Tree::new(&[(50, 0), (2, 3)]);
    let tree = Tree { stuck: Some((first(&whole), Arc::clone(&gate))), ..whole };
    let (kept, dropped) = sync_channel::<()>(1);
    let (sender, receiver) = sync_channel(1);
    let running = Count::start(tree.clone(), &Options::default(), move |ended| {
        drop(kept);
        let _ = sender.send(ended);
    })
    .unwrap();
    let began = Instant::now();
    let (files, directories) = tree.size();
    while running.counted().files < files - 3 || running.counted().directories < directories - 2 {
        assert!(began.elapsed() < DEADLINE, "{:?}", running.counted());
        std::thread::sleep(MS);
    }
    assert!(matches!(receiver.recv_timeout(50 * MS), Err(RecvTimeoutError::Timeout)), "it is not over");
    let ended = running.abandon();
    assert_eq!(ended.hanging, [first(&tree)]);
    assert!(ended.is_partial() && ended.no_data().is_none());
    let errors = ended.listed_errors();
    assert_eq!(errors[0].error, "does not answer: does the mount hang?");
    assert!(dropped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty), "kept while a thread hangs");
    gate.open();
    let late = receiver.recv_timeout(DEADLINE).expect("the thread does not end");
    assert!(late.hanging.is_empty() && !late.whole);
    assert!(dropped.recv_timeout(DEADLINE).is_err(), "given up with the last thread");
}

#[test]
fn a_root_that_hangs_is_no_data() {
    let gate = Arc::new(Gate::default());
    let tree = Tree { stuck: Some((PathBuf::new(), Arc::clone(&gate))), ..Tree::new(&[(0, 3)]) };
    let (running, receiver) = start(tree.clone(), &Options::default());
    let began = Instant::now();
    while tree.seen.reads.load(Ordering::Relaxed) == 0 {
        assert!(began.elapsed() < DEADLINE);
        std::thread::sleep(MS);
    }
    let ended = running.abandon();
    assert!(matches!(ended.root, Some(RootError::Silent)));
    assert_eq!(ended.hanging, [PathBuf::new()]);
    gate.open();
    receiver.recv_timeout(DEADLINE).expect("the thread does not end");
}
