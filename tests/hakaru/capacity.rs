//! A service that is as slow as a small task, and one that does as the original does.

use super::database::{assert_recorded, sqlite_values};
use super::load::Load;
use super::process::{Hakaru, sqlite};

#[test]
fn above_its_capacity_it_refuses_and_what_it_takes_is_recorded() {
    let home = tempfile::tempdir().unwrap();
    let hakaru = Hakaru::start(&sqlite(home.path()), &["--capacity", "40"]).ready();
    let seen = Load::start(&[hakaru.address], 40).on(2500);
    hakaru.until("it refuses", || {
        let reply = hakaru.get("/hakaru?name=open&value=4000000000");
        reply.status == 503 && reply.body.contains("capacity") && reply.header("retry-after") == Some("1")
    });
    assert_eq!(hakaru.get("/ok").status, 200, "a balancer leaves it in");
    hakaru.until("it says so", || hakaru.said().contains("at the capacity of 40 a second"));
    let seen = seen.stop();
    assert!(seen.refused.iter().all(|status| *status == 503) && !seen.refused.is_empty(), "{seen:?}");
    assert!(seen.count() > 20, "{}", seen.count());
    assert!(hakaru.stop().0.success());
    assert_recorded(&seen.acknowledged, &recorded(home.path()));
}

#[test]
fn the_original_acknowledges_what_it_loses_and_says_nothing() {
    let home = tempfile::tempdir().unwrap();
    let hakaru = Hakaru::start(&sqlite(home.path()), &["--capacity", "40", "--as-the-original"]).ready();
    let seen = Load::start(&[hakaru.address], 40).on(2500).stop();
    assert!(seen.refused.is_empty(), "{seen:?}");
    let (status, said) = hakaru.stop();
    assert!(status.success() && !said.contains("WARN") && !said.contains("capacity"), "{said}");
    let recorded = recorded(home.path());
    assert!(!recorded.is_empty() && recorded.len() < seen.count(), "{} of {}", recorded.len(), seen.count());
}

fn recorded(home: &std::path::Path) -> Vec<u32> {
    // The value with which the test itself asked.
    sqlite_values(&home.join("log.db")).into_iter().filter(|value| *value != 4_000_000_000).collect()
}
