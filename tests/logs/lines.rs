//! What is known about a line: level, secrets, JSON.

use miharu::domain::log::intake::{Arrived, Intake};
use miharu::domain::log::json;
use miharu::domain::log::level::{Level, detect};
use miharu::domain::log::redact::Redactor;
use proptest::prelude::*;

use crate::{event, instant};

#[test]
fn levels_are_what_the_line_says() {
    for (text, level) in [
        ("2026-11-21T14:02:09Z ERROR mount failed", Level::Error),
        ("[ERROR]\t2026-11-21T14:02:09Z\tid\tboom", Level::Error),
        ("[warn] disk is slow", Level::Warn),
        ("ts=1 level=warn msg=slow", Level::Warn),
        ("ts=1 level=\"error\" msg=slow", Level::Error),
        ("error: no such file", Level::Error),
        ("Warning: deprecated", Level::Warn),
        ("WARNING deprecated", Level::Warn),
        ("E0821 14:02:09.123456       1 x.go:1] no", Level::Error),
        ("I0821 14:02:09.123456       1 x.go:1] yes", Level::Info),
        ("2026-11-21 Task timed out after 30.03 seconds", Level::Error),
        ("Traceback (most recent call last):", Level::Error),
        ("thread 'main' panicked at src/main.rs:1:1", Level::Fatal),
        (r#"{"level":"error","message":"no INFO here"}"#, Level::Error),
        (r#"{"time":1,"msg":"a \"level\":\"error\" inside","level":30}"#, Level::Info),
        (r#"{"severity":"WARNING","x":{"level":"debug"}}"#, Level::Warn),
        (r#"{"x":{"status":"error"}}"#, Level::Error),
        (r#"{"x":{"errors":0}}"#, Level::Unknown),
        ("DEBUG x", Level::Debug),
        ("<crit> x", Level::Fatal),
        ("エラー ERROR 失敗", Level::Error),
        ("INFO then ERROR: the first counts", Level::Info),
        // Words that are no level.
        ("0 errors, 3 warnings", Level::Unknown),
        ("the error rate is fine", Level::Unknown),
        ("GET /error HTTP/1.1", Level::Unknown),
        ("terror-ERROR-x of a name", Level::Unknown),
        ("information about errors", Level::Unknown),
        ("", Level::Unknown),
        ("日本語だけの行", Level::Unknown),
    ] {
        assert_eq!(detect(text, json::looks_like(text)), level, "{text}");
    }
}

#[test]
fn secrets_are_taken_out_and_the_rest_stays() {
    let redactor = Redactor::new(&[]);
    for (text, left) in [
        ("password=hunter2 next", "password=[redacted] next"),
        ("DB_PASSWORD='a b' x", "DB_PASSWORD='[redacted]' x"),
        (r#"{"user":"a","password":"x\"y","n":1}"#, r#"{"user":"a","password":"[redacted]","n":1}"#),
        (r#"{"m":"{\"token\":\"abc\",\"n\":1}"}"#, r#"{"m":"{\"token\":\"[redacted]\",\"n\":1}"}"#),
        ("secret: \"cut off", "secret: \"[redacted]\""),
        ("Authorization: Bearer abcdefgh12345", "Authorization: [redacted] [redacted]"),
        ("sent bearer abcdefgh12345 on", "sent bearer [redacted] on"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key [redacted] used"),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "aws_secret_access_key = [redacted]",
        ),
        ("mysql://hakaru:p@db:3306/hakaru", "mysql://hakaru:[redacted]@db:3306/hakaru"),
        ("jwt eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSM x", "jwt [redacted] x"),
        ("ghp_0123456789abcdef0123456789abcdef0123", "[redacted]"),
        ("curl --password hunter2 http://x/", "curl --password [redacted] http://x/"),
        ("https://s3/x?X-Amz-Signature=deadbeef&b=1", "https://s3/x?X-Amz-Signature=[redacted]&b=1"),
        ("パスワード：ひみつ です", "パスワード：[redacted] です"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- x", "[redacted] x"),
        // Nothing secret.
        ("the password was changed", "the password was changed"),
        ("tokens: 512 used", "tokens: 512 used"),
        ("http://10.0.1.100:2049/a", "http://10.0.1.100:2049/a"),
        ("mount target fs-0ab1 timed out", "mount target fs-0ab1 timed out"),
    ] {
        assert_eq!(redactor.redact(text), left, "{text}");
        assert_eq!(redactor.redact(left), left, "again: {left}");
    }
}

#[test]
fn a_private_key_over_several_events_is_taken_out_of_all() {
    let lines = [
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBg",
        "kqhkiG9w0BAQEF",
        "-----END PRIVATE KEY-----",
        "on",
    ];
    let arrived = lines.iter().zip(0..).map(|(text, i)| {
        let mut event = event(0, "/g", instant(i), *text);
        event.stream = "one".into();
        Arrived { event, late: false }
    });
    let other = Arrived { event: event(1, "/g", instant(2), "of another stream"), late: false };
    let blocks = Intake::default().blocks(arrived.chain([other]).collect());
    let texts: Vec<&str> = blocks[0].lines().map(|line| line.text).collect();
    assert_eq!(texts, ["[redacted]", "[redacted]", "[redacted]", "of another stream", "[redacted]", "on"]);
    assert!(blocks[0].lines().take(3).all(|line| line.redacted));
}

#[test]
fn members_of_json_lines_are_read_in_their_order() {
    let text = r#" {"b":1,"a":{"x":"日本","y":[1,{"z":2}]},"s":"q\"uote","n":null,"e":{}} "#;
    assert!(json::looks_like(text));
    let pairs = json::fields(text).unwrap();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let expected = [
        ("b", "1"),
        ("a.x", "日本"),
        ("a.y", r#"[1,{"z":2}]"#),
        ("s", "q\"uote"),
        ("n", "null"),
        ("e", "{}"),
    ];
    assert_eq!(pairs, expected);
    assert_eq!(json::field(text, "s").unwrap(), "q\"uote");
    assert_eq!(json::field(text, "b").unwrap(), "1");
    assert_eq!(json::field(text, "x"), None);
    assert_eq!(json::fields("{broken"), None);
    assert_eq!(json::fields("[1]"), None);
}

proptest! {
    #[test]
    fn the_quick_reader_of_members_agrees_with_the_exact_one(
        object in prop::collection::btree_map("[a-z\"\\\\日]{1,6}", "\\PC{0,12}", 0..8),
    ) {
        let text = serde_json::to_string(&object).unwrap();
        let quick: Vec<(String, String)> = json::Members::of(&text)
            .map(|(key, value)| {
                let key = serde_json::from_str(&format!("\"{key}\"")).unwrap();
                (key, serde_json::from_str(value).unwrap())
            })
            .collect();
        prop_assert_eq!(quick, object.into_iter().collect::<Vec<_>>());
    }

    /// Whatever comes is held as it came, to the byte, unless it has a secret.
    #[test]
    fn nothing_breaks_and_nothing_changes(texts in prop::collection::vec("\\PC{0,40}|[\\x00-\\x7f]{0,40}", 1..30)) {
        let arrived = texts
            .iter()
            .zip(0..)
            .map(|(text, i)| Arrived { event: event(0, "/g", instant(i), text.as_str()), late: i % 2 == 0 })
            .collect();
        let blocks = Intake::default().blocks(arrived);
        let lines: Vec<_> = blocks.iter().flat_map(miharu::domain::log::block::Block::lines).collect();
        prop_assert_eq!(lines.len(), texts.len());
        let redactor = Redactor::new(&[]);
        for ((line, text), i) in lines.iter().zip(&texts).zip(0..) {
            let expected = redactor.redact(text);
            prop_assert_eq!(line.text, expected.as_ref());
            prop_assert_eq!(line.at(), instant(i));
            prop_assert_eq!(line.late, i % 2 == 0);
        }
    }
}
