//! One table of behaviours for every engine.

use super::*;
use miharu::domain::journal::Entry;
use miharu::store::Query;
use miharu::store::memory::memory;

#[tokio::test]
async fn in_memory() {
    every_behaviour(&memory(advance)).await;
}

#[tokio::test]
async fn on_sqlite() {
    let home = tempfile::tempdir().unwrap();
    let location = file(&home.path().join("new/directory/journal.db"));
    every_behaviour(&open(&location).await).await;
    kept(&location).await;
}

#[tokio::test]
async fn on_mariadb() {
    let mariadb = mariadb::MariaDb::start();
    let location = server(&mariadb.url());
    every_behaviour(&open(&location).await).await;
    kept(&location).await;
}

/// Each behaviour in environments and changes of its own; positions go on.
async fn every_behaviour(journal: &Arc<dyn Journal>) {
    what_is_appended_is_read(journal).await;
    only_what_is_legal(journal).await;
    in_flight(journal).await;
    pages(journal).await;
    leases(journal).await;
}

/// What another console finds when it opens the same journal.
async fn kept(location: &Location) {
    let journal = open(location).await;
    let all = journal.read(&Query::default()).await.unwrap();
    let positions: Vec<i64> = all.iter().map(|e| e.seq).collect();
    assert_eq!(positions, (1..=i64::try_from(all.len()).unwrap()).collect::<Vec<_>>(), "gaps");
    assert!(!all.is_empty());
    assert_eq!(journal.open_changes("prod").await.unwrap(), ["c-flight"]);
    let next = journal.append(note(0, "prod")).await.unwrap();
    assert_eq!(next.seq, positions.last().unwrap() + 1);
}

async fn what_is_appended_is_read(journal: &Arc<dyn Journal>) {
    let full = entry(EntryKind::Proposed, "c-read", Some(3));
    let written = journal.append(full.clone()).await.unwrap();
    assert_eq!(written.seq, 1);
    let bare = journal.append(note(-1, "empty")).await.unwrap();
    assert_eq!(bare.seq, 2);
    let read = journal.read(&Query::default()).await.unwrap();
    assert_eq!(read, [written.clone(), bare]);
    let Entry { at, environment, change, rule, event, by, step, detail, .. } = written;
    assert_eq!(NewEntry { at, environment, change, rule, event, by, step, detail }, full);
}

async fn only_what_is_legal(journal: &Arc<dyn Journal>) {
    use EntryKind as K;
    let before = journal.read(&Query::default()).await.unwrap().len();
    let refused = async |entry: NewEntry, why: &str| {
        let error = journal.append(entry).await.unwrap_err();
        assert!(error.conflict && error.text.contains(why), "{error:?}");
    };
    refused(entry(K::Approved, "c-legal", None), "Approved is not allowed in None").await;
    journal.append(entry(K::Proposed, "c-legal", None)).await.unwrap();
    refused(entry(K::Proposed, "c-legal", None), "not allowed in Some(Proposed)").await;
    refused(entry(K::Started, "c-legal", Some(1)), "change c-legal").await;
    refused(
        NewEntry { environment: "other".into(), ..entry(K::Approved, "c-legal", None) },
        "belongs to the environment prod",
    )
    .await;
    refused(NewEntry { change: None, ..entry(K::Started, "", Some(1)) }, "\"started\" names its change")
        .await;
    refused(NewEntry { by: "x".repeat(256), ..note(0, "prod") }, "at most 255 characters").await;
    refused(NewEntry { environment: "prod ".into(), ..note(0, "prod") }, "no blank at its end").await;
    refused(NewEntry { at: DateTime::<Utc>::MAX_UTC, ..note(0, "prod") }, "times from").await;
    refused(NewEntry { detail: "x".repeat(1 << 20).into(), ..note(0, "prod") }, "bytes").await;
    // Letters differ by case, as they do in memory.
    journal.append(entry(K::Proposed, "C-LEGAL", None)).await.unwrap();
    journal.append(entry(K::Rejected, "C-LEGAL", None)).await.unwrap();
    journal.append(entry(K::Approved, "c-legal", None)).await.unwrap();
    for (kind, step) in
        [(K::Started, Some(1)), (K::Succeeded, Some(1)), (K::Converged, None), (K::Verified, None)]
    {
        journal.append(entry(kind, "c-legal", step)).await.unwrap();
    }
    refused(entry(K::Verified, "c-legal", None), "Ended(Verified)").await;
    // What was refused left nothing behind.
    assert_eq!(journal.read(&Query::default()).await.unwrap().len(), before + 8);
}

async fn in_flight(journal: &Arc<dyn Journal>) {
    use EntryKind as K;
    assert!(journal.open_changes("prod").await.unwrap().is_empty());
    journal.append(entry(K::Proposed, "c-flight", None)).await.unwrap();
    assert!(journal.open_changes("prod").await.unwrap().is_empty());
    journal.append(entry(K::Approved, "c-flight", None)).await.unwrap();
    assert_eq!(journal.open_changes("prod").await.unwrap(), ["c-flight"]);
    journal.append(entry(K::Started, "c-flight", Some(1))).await.unwrap();
    journal.append(entry(K::Unknown, "c-flight", Some(1))).await.unwrap();
    assert_eq!(journal.open_changes("prod").await.unwrap(), ["c-flight"]);
    assert!(journal.open_changes("other").await.unwrap().is_empty());
}

async fn pages(journal: &Arc<dyn Journal>) {
    // Times go back and forth: clocks of two machines.
    let times = [10, 5, 20, 15, 30, 25];
    let mut seqs = Vec::new();
    for seconds in times {
        seqs.push(journal.append(note(1000 + seconds, "pages")).await.unwrap().seq);
        journal.append(note(0, "beside")).await.unwrap();
    }
    let base = Query { environment: Some("pages".into()), ..Query::default() };
    let read = async |query: Query| -> Vec<i64> {
        journal.read(&query).await.unwrap().into_iter().map(|e| e.seq).collect()
    };
    let some = |range: std::ops::Range<usize>| seqs[range].to_vec();
    assert_eq!(read(base.clone()).await, seqs);
    assert_eq!(read(Query { limit: Some(2), ..base.clone() }).await, some(4..6));
    assert_eq!(read(Query { before: Some(seqs[4]), limit: Some(2), ..base.clone() }).await, some(2..4));
    assert_eq!(read(Query { before: Some(seqs[2]), limit: Some(9), ..base.clone() }).await, some(0..2));
    assert_eq!(read(Query { after: Some(seqs[1]), limit: Some(2), ..base.clone() }).await, some(2..4));
    assert_eq!(read(Query { after: Some(seqs[3]), ..base.clone() }).await, some(4..6));
    assert_eq!(
        read(Query { after: Some(seqs[0]), before: Some(seqs[5]), limit: Some(2), ..base.clone() }).await,
        some(3..5)
    );
    assert_eq!(read(Query { limit: Some(0), ..base.clone() }).await, [0i64; 0]);
    let since = |seconds: i64| Query { since: Some(at(1000 + seconds)), ..base.clone() };
    assert_eq!(read(since(15)).await, [seqs[2], seqs[3], seqs[4], seqs[5]]);
    assert_eq!(read(since(20)).await, [seqs[2], seqs[4], seqs[5]]);
    assert_eq!(read(Query { limit: Some(1), ..since(20) }).await, some(5..6));
    assert_eq!(read(Query { environment: None, ..since(31) }).await, [0i64; 0]);
    let change = Query { change: Some("c-flight".into()), ..Query::default() };
    assert_eq!(read(change.clone()).await.len(), 4);
    assert_eq!(read(Query { environment: Some("prod".into()), ..change.clone() }).await.len(), 4);
    assert_eq!(read(Query { environment: Some("pages".into()), ..change.clone() }).await, [0i64; 0]);
    assert_eq!(read(Query { change: Some("none".into()), ..Query::default() }).await, [0i64; 0]);
    assert_eq!(read(Query { after: Some(i64::MAX), ..Query::default() }).await, [0i64; 0]);
    assert_eq!(read(Query { before: Some(i64::MIN), ..Query::default() }).await, [0i64; 0]);
}

async fn leases(journal: &Arc<dyn Journal>) {
    let lease = async |holder: &str, now: i64, until: i64| {
        journal.lease("prod", holder, at(now), at(until)).await.unwrap()
    };
    let holder = async |now: i64| journal.holder("prod", at(now)).await.unwrap();
    assert_eq!(holder(0).await, None);
    assert!(lease("a", 0, 10).await);
    assert!(!lease("b", 9, 19).await);
    assert!(lease("a", 9, 20).await, "renewed");
    assert!(lease("a", 9, 20).await, "renewed without a difference");
    assert_eq!(holder(19).await, Some(("a".into(), at(20))));
    assert_eq!(holder(20).await, None);
    assert!(journal.lease("other", "b", at(9), at(19)).await.unwrap(), "each environment has its own");
    assert!(lease("b", 20, 30).await, "an expired one is taken");
    assert!(!lease("a", 20, 30).await);
    journal.release("prod", "a").await.unwrap();
    assert_eq!(holder(21).await, Some(("b".into(), at(30))), "only the holder gives back");
    journal.release("prod", "b").await.unwrap();
    assert_eq!(holder(21).await, None);
    assert!(lease("a", 21, 31).await);
    let long = journal.lease(&"x".repeat(256), "a", at(0), at(1)).await.unwrap_err();
    assert!(long.text.contains("at most 255"), "{long}");
}
