//! The event log of the impression service: whether it can be watched, and whether it is only watched.

use std::time::Duration;

use crate::cli::text::said;
use crate::config::model::Environment;
use crate::sources::impressions::{Inspection, inspect};

use super::Check;

/// A database that has not answered within this time does not.
const PATIENCE: Duration = Duration::from_secs(8);
/// What it is called.
const WHAT: &str = "event log";

/// What there is to say; nothing where none is configured.
pub(super) async fn checks(environment: &Environment) -> Vec<Check> {
    let Some(source) = &environment.datasource else { return Vec::new() };
    match tokio::time::timeout(PATIENCE, inspect(source)).await {
        Ok(Ok(seen)) => judged(&source.shown(), &seen),
        Ok(Err(failure)) => vec![Check::fail(WHAT, said(&failure), failure.remedy())],
        Err(_) => vec![Check::fail(
            WHAT,
            format!("{} does not answer within {} s", source.shown(), PATIENCE.as_secs()),
            "check address, network and security groups of the database",
        )],
    }
}

fn judged(shown: &str, seen: &Inspection) -> Vec<Check> {
    let mut out = Vec::new();
    if !seen.keyed {
        out.push(Check::fail(
            WHAT,
            format!("eventlog in {shown} has no primary key id: every look would read the whole table"),
            "ALTER TABLE eventlog ADD PRIMARY KEY (id)",
        ));
    }
    if !seen.rights.is_empty() {
        out.push(Check::warn(
            WHAT,
            format!("the account of {shown} may do more than read: {}", seen.rights.join(", ")),
            "make one that may only read (GRANT SELECT ON <database>.eventlog TO <user>) and name it in \
             hakaru.datasource",
        ));
    }
    if seen.in_the_way {
        out.push(Check::warn(
            WHAT,
            format!("{shown} has no write-ahead log: a writer may wait for a reader"),
            "PRAGMA journal_mode = WAL, as hakaru sets it",
        ));
    }
    if out.is_empty() {
        out.push(Check::ok(
            WHAT,
            format!("{shown} on {}: read by primary key, with no right to write", seen.database),
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn each_finding_has_its_remedy() {
        let fine =
            Inspection { database: "MariaDB 11".into(), keyed: true, rights: vec![], in_the_way: false };
        let of = |seen: &Inspection| {
            judged("mysql://r:…@h/d", seen)
                .into_iter()
                .map(|c| (c.verdict, c.remedy.is_some()))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&fine), [(Verdict::Ok, false)]);
        assert_eq!(of(&Inspection { keyed: false, ..fine.clone() }), [(Verdict::Fail, true)]);
        let careless = Inspection { rights: vec!["INSERT".into()], in_the_way: true, ..fine };
        assert_eq!(of(&careless), [(Verdict::Warn, true), (Verdict::Warn, true)]);
    }
}
