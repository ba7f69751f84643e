//! How it ends: what was acknowledged is recorded.

use super::database::{assert_recorded, fresh, server, sqlite_values, values};
use super::load::Load;
use super::process::{Hakaru, sqlite};

/// Clients of a load.
const CLIENTS: u32 = 16;

#[test]
fn sigterm_under_load_loses_and_refuses_nothing() {
    let server = &server();
    let hakaru = Hakaru::start(&fresh(server, "sigterm", "utf8mb4"), &[]).ready();
    let load = Load::start(&[hakaru.address], CLIENTS).on(1000);
    let (status, said) = hakaru.stop();
    let seen = load.stop();
    assert!(status.success(), "{said}");
    assert!(said.contains("stopped"), "{said}");
    assert_eq!(
        (seen.broken, seen.refused.as_slice()),
        (0, &[][..]),
        "every request that was let in is answered"
    );
    let recorded = values(server, "sigterm");
    assert_recorded(&seen.acknowledged, &recorded);
    assert_eq!(recorded.len(), seen.count(), "recorded == acknowledged");
    assert!(seen.count() > 100, "there was a load: {}", seen.count());
}

#[test]
fn sigterm_under_load_with_sqlite() {
    let home = tempfile::tempdir().unwrap();
    let hakaru = Hakaru::start(&sqlite(home.path()), &[]).ready();
    let load = Load::start(&[hakaru.address], CLIENTS).on(1000);
    let (status, said) = hakaru.stop();
    let seen = load.stop();
    assert!(status.success(), "{said}");
    assert_eq!((seen.broken, seen.refused.as_slice()), (0, &[][..]));
    let recorded = sqlite_values(&home.path().join("log.db"));
    assert_recorded(&seen.acknowledged, &recorded);
    assert_eq!(recorded.len(), seen.count());
    assert!(seen.count() > 100, "there was a load: {}", seen.count());
}

#[test]
fn sigkill_under_load_loses_nothing_that_was_acknowledged() {
    let server = &server();
    let home = tempfile::tempdir().unwrap();
    for engine in ["mysql", "sqlite"] {
        let url = if engine == "mysql" { fresh(server, "sigkill", "utf8mb4") } else { sqlite(home.path()) };
        let hakaru = Hakaru::start(&url, &[]).ready();
        let load = Load::start(&[hakaru.address], CLIENTS).on(700);
        hakaru.kill();
        let seen = load.stop();
        // The server goes on with what it was given last.
        let settled = Hakaru::start(&url, &[]).ready();
        assert!(settled.stop().0.success());
        let recorded = if engine == "mysql" {
            values(server, "sigkill")
        } else {
            sqlite_values(&home.path().join("log.db"))
        };
        assert_recorded(&seen.acknowledged, &recorded);
        assert!(recorded.len() <= seen.count() + CLIENTS as usize, "{engine}: more than was under way");
        assert!(seen.count() > 100, "there was a load: {}", seen.count());
    }
}

#[test]
fn two_instances_share_a_database() {
    let server = &server();
    let home = tempfile::tempdir().unwrap();
    for engine in ["mysql", "sqlite"] {
        let url = if engine == "mysql" { fresh(server, "two", "utf8mb4") } else { sqlite(home.path()) };
        // Both may make the table.
        let pair = [Hakaru::start(&url, &[]), Hakaru::start(&url, &[])].map(Hakaru::ready);
        let seen = Load::start(&pair.each_ref().map(|h| h.address), CLIENTS).on(700).stop();
        for hakaru in pair {
            let (status, said) = hakaru.stop();
            assert!(status.success(), "{said}");
        }
        assert_eq!((seen.broken, seen.refused.as_slice()), (0, &[][..]), "{engine}");
        let recorded = if engine == "mysql" {
            values(server, "two")
        } else {
            sqlite_values(&home.path().join("log.db"))
        };
        assert_recorded(&seen.acknowledged, &recorded);
        assert_eq!(recorded.len(), seen.count(), "{engine}");
    }
}
