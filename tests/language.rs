//! The translation is complete: every text for people that stands in the source has one, none is left over, and
//! nothing that a screen shows stays in English but what came from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says where by panicking"
)]

#[path = "language/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use miharu::config::model::Lang;
use miharu::language::{Language, Table, say, within};

/// Where texts for people stand.
const SPOKEN: &[&str] = &["src/ui", "src/app"];

/// Literals that look like words and are names: of a theme, a file, a key in a document.
const NAMES: &[&str] = &[
    // kinds of shapes, an action, a panel, a metric, keys of documents and what is looked for in foreign text
    "unicode",
    "narrow",
    "ascii",
    "up",
    "down",
    "right",
    "top",
    "bottom",
    "open",
    "back",
    "find",
    "attention",
    "errors",
    "login",
    "snooze",
    "confirm",
    "disarm",
    "environments",
    "themes",
    "proposals",
    "CPUUtilization",
    "until",
    "unable",
    "min",
    "{ms} ms",
];

fn table() -> &'static Table {
    Language::of(Lang::Ja).table().unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_table_is_sound() {
    assert!(table().wrong().is_empty(), "{}", table().wrong().join("\n"));
}

/// Prints what is missing as lines for a file of `lang/ja/`.
#[test]
fn every_text_has_a_translation() {
    let have: BTreeSet<String> = table().keys().map(source::key).collect();
    let mut missing = Vec::new();
    for folder in SPOKEN {
        for (text, place) in source::literals(root(), folder) {
            if !have.contains(&text) && !NAMES.contains(&text.as_str()) {
                missing.push(format!("{} = \"\" # {place}", toml::Value::String(text)));
            }
        }
    }
    println!("{}", missing.join("\n"));
    assert!(missing.is_empty(), "{} texts have no translation; they are listed above", missing.len());
}

#[test]
fn no_translation_is_left_over() {
    let mut texts = BTreeSet::new();
    for folder in SPOKEN {
        texts.extend(source::texts(root(), folder).into_keys());
    }
    let lower: BTreeSet<String> = texts.iter().map(|t| t.to_lowercase()).collect();
    let left: Vec<&str> =
        table().keys().filter(|k| !lower.contains(&source::key(k).to_lowercase())).collect();
    assert!(left.is_empty(), "nobody says: {left:#?}");
}

#[test]
fn what_is_said() {
    let ja = Language::of(Lang::Ja);
    for (english, japanese) in [
        ("all fresh", "全て最新"),
        ("12 min ago", "12 分前"),
        ("  2 panels hidden, enlarge", "  非表示 パネル 2 枚、画面を広げてください"),
        ("● steady", "● 安定"),
        ("i-0123 says nothing we know", "i-0123 says nothing we know"),
        ("", ""),
        ("すべて日本語", "すべて日本語"),
    ] {
        assert_eq!(within(ja, || say(english)), japanese);
        assert_eq!(within(ja, || say(english)), japanese, "remembered");
        assert_eq!(within(Language::ENGLISH, || say(english)), english);
        assert_eq!(say(english), english, "English where nobody chose");
    }
}
