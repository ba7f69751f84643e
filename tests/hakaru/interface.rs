//! The original's interface, and what cannot be recorded.

use std::io::{Read as _, Write as _};

use super::database::{fresh, server, sqlite_rows};
use super::process::{Hakaru, sqlite};

#[test]
fn the_interface_is_the_originals() {
    let server = &server();
    server.sql("set global time_zone = '+09:00'");
    let hakaru = Hakaru::start(&fresh(server, "interface", "utf8mb4"), &[]).ready();
    let get = |headers: &str| {
        hakaru.ask(&format!(
            "GET /hakaru?name=open&value=0 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}\r\n"
        ))
    };
    let plain = get("");
    assert_eq!((plain.status, plain.body.as_str()), (200, ""));
    assert_eq!(plain.header("access-control-allow-origin"), Some("*"));
    assert_eq!(plain.header("access-control-allow-credentials"), None);
    assert_eq!(plain.header("access-control-allow-headers"), Some("Content-Type"));
    assert_eq!(plain.header("access-control-allow-methods"), Some("GET"));
    let cross = get("Origin: https://a.example\r\n");
    assert_eq!(cross.header("access-control-allow-origin"), Some("https://a.example"));
    assert_eq!(cross.header("access-control-allow-credentials"), Some("true"));

    let options = hakaru.ask(
        "OPTIONS /hakaru?name=open&value=0 HTTP/1.1\r\nHost: h\r\nOrigin: x\r\nConnection: close\r\n\r\n",
    );
    assert_eq!((options.status, options.header("access-control-allow-origin")), (200, Some("x")));
    let post = hakaru.ask("POST /hakaru?name=open&value=0 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, OPTIONS")));
    assert_eq!(hakaru.get("/").status, 404);
    assert_eq!(hakaru.get("/ok").status, 200);

    let count = server.sql(
        "select count(*), sum(abs(timestampdiff(second, at, now())) < 60) from interface.eventlog where name = 'open'",
    );
    assert_eq!(count.trim(), "2\t2", "two GETs, at the database's own time");
    let table = server.sql("show create table interface.eventlog");
    for column in [
        "`id` bigint(20) unsigned NOT NULL AUTO_INCREMENT",
        "`at` datetime DEFAULT NULL",
        "`name` varchar(255) NOT NULL",
        "`value` int(10) unsigned DEFAULT NULL",
        "PRIMARY KEY (`id`)",
    ] {
        assert!(table.contains(column), "{column}: {table}");
    }
    let (status, said) = hakaru.stop();
    assert!(status.success(), "{said}");
    assert!(said.contains("innodb_flush_log_at_trx_commit") && !said.contains("hunter2"), "{said}");
}

/// Query and status; what is 200 is recorded as name and value.
type Case = (String, u16, Option<(String, u32)>);

fn cases() -> Vec<Case> {
    let emoji = "%F0%9F%98%80";
    let ok = |query: &str, name: &str, value| (query.to_owned(), 200, Some((name.to_owned(), value)));
    let bad = |query: &str| (query.to_owned(), 400, None);
    vec![
        ok("name=open&value=0", "open", 0),
        ok("name=max&value=4294967295", "max", u32::MAX),
        bad("name=open&value=4294967296"),
        bad("name=open&value=-1"),
        bad("name=open&value=abc"),
        bad("name=open&value=1.5"),
        bad("name=open&value="),
        bad("name=open"),
        bad("value=1"),
        bad(""),
        ok("name=&value=3", "", 3),
        ok("name=it%27s%22%5C%3B--&value=4", "it's\"\\;--", 4),
        ok("name=%E8%A8%88%E3%82%8B&value=5", "計る", 5),
        ok("name=a+b%26c&value=6", "a b&c", 6),
        ok(&format!("name={emoji}&value=7"), "😀", 7),
        ok("name=a%00b&value=8", "a\0b", 8),
        ok(&format!("name={}&value=9", "x".repeat(255)), &"x".repeat(255), 9),
        bad(&format!("name={}&value=9", "x".repeat(256))),
        ok(&format!("name={}&value=10", emoji.repeat(255)), &"😀".repeat(255), 10),
        bad(&format!("name={}&value=10", emoji.repeat(256))),
        bad("name=%FF&value=1"),
        bad("name=%zz&value=1"),
    ]
}

fn send_cases(hakaru: &Hakaru) -> Vec<(String, u32)> {
    let mut expected = Vec::new();
    for (query, status, row) in cases() {
        let reply = hakaru.get(&format!("/hakaru?{query}"));
        assert_eq!(reply.status, status, "{query}: {reply:?}");
        if status == 400 {
            assert!(
                reply.body.starts_with("name ") || reply.body.starts_with("value "),
                "{query}: {reply:?}"
            );
            assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        }
        expected.extend(row);
    }
    let long = hakaru.get(&format!("/hakaru?value=1&name={}", "x".repeat(64 << 10)));
    assert!(matches!(long.status, 414 | 431), "{long:?}");
    expected
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"))
}

#[test]
fn every_input_is_recorded_as_it_is_or_refused_with_a_reason() {
    let server = &server();
    let hakaru = Hakaru::start(&fresh(server, "inputs", "utf8mb4"), &[]).ready();
    let expected = send_cases(&hakaru);
    let out = server.sql("select hex(name), value from inputs.eventlog order by id");
    let expected: Vec<String> =
        expected.iter().map(|(name, value)| format!("{}\t{value}", hex(name))).collect();
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn the_same_in_sqlite() {
    let home = tempfile::tempdir().unwrap();
    let hakaru = Hakaru::start(&sqlite(home.path()), &[]).ready();
    let expected = send_cases(&hakaru);
    let (status, said) = hakaru.stop();
    assert!(status.success() && said.contains("synchronous=full"), "{said}");
    assert_eq!(sqlite_rows(&home.path().join("log.db")), expected);
}

/// The column has no emoji: only the rows that hold one are refused, whatever batch they are in.
#[test]
fn a_row_that_the_database_refuses_is_refused_alone() {
    let server = &server();
    for (database, spool) in [("refused", false), ("refused_spool", true)] {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().to_str().unwrap();
        let arguments = if spool { vec!["--spool", dir, "--writers", "1"] } else { vec!["--writers", "1"] };
        let hakaru = Hakaru::start(&fresh(server, database, "latin1"), &arguments).ready();
        // One connection, everything at once: what gathers behind the first one is a batch.
        let mut stream = hakaru.connect();
        let clients: Vec<_> = (0..60)
            .map(|n| {
                let name = if n % 20 == 7 { "%F0%9F%98%80" } else { "open" };
                let mut stream = hakaru.connect();
                let request = format!(
                    "GET /hakaru?name={name}&value={n} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(request.as_bytes()).unwrap();
                stream
            })
            .collect();
        stream.write_all(b"GET /ok HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
        for (n, mut client) in clients.into_iter().enumerate() {
            let mut bytes = Vec::new();
            client.read_to_end(&mut bytes).unwrap();
            let reply = super::process::parse(&bytes);
            assert_eq!(reply.status, if n % 20 == 7 { 400 } else { 200 }, "{n}: {reply:?}");
            if n % 20 == 7 {
                assert!(reply.body.contains("the database refuses it: Incorrect string value"), "{reply:?}");
            }
        }
        let recorded = super::database::values(server, database);
        let mut sorted = recorded.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..60).filter(|n| n % 20 != 7).collect::<Vec<u32>>());
    }
}
