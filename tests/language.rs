//! The translation is complete: every text for people that stands in the source has one, none is left over, and
//! nothing that a screen shows stays in English but what came from outside.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says where by panicking")]

#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "frames/decisions.rs"]
mod decisions;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "frames/harness.rs"]
mod harness;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "frames/load.rs"]
mod load;
#[path = "frames/parts.rs"]
mod parts;
#[path = "frames/scenes.rs"]
mod scenes;
#[path = "language/screens.rs"]
mod screens;
#[path = "language/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::path::Path;

use miharu::config;
use miharu::config::model::Lang;
use miharu::language::{Language, Table, say, within};
use miharu::simulated::Scenario;

/// Where texts for people stand.
const SPOKEN: &[&str] = &[
    "src/ui",
    "src/app",
    "src/domain",
    "src/engine",
    "src/sources",
    "src/aws",
    "src/actuators",
    "src/store",
    "src/count/words.rs",
    "src/count/apart.rs",
    "src/count/crew.rs",
    "src/count/disk.rs",
    "src/runtime/clipboard.rs",
    "src/runtime/core.rs",
    "src/runtime/files.rs",
    "src/runtime/keep.rs",
    "src/runtime/ui_loop.rs",
    "src/cli/acting.rs",
    "src/cli/apply",
    "src/cli/autopilot.rs",
    "src/cli/console.rs",
    "src/cli/count.rs",
    "src/cli/doctor",
    "src/cli/ending.rs",
    "src/cli/history.rs",
    "src/cli/impressions.rs",
    "src/cli/mod.rs",
    "src/cli/proposal.rs",
    "src/cli/recommend.rs",
    "src/cli/route.rs",
    "src/cli/snapshot.rs",
    "src/cli/teller.rs",
    "src/cli/text.rs",
    "src/cli/watch.rs",
];

/// Files below them without a word for people: policies, requests, SQL, lists of what others call their things,
/// and what is looked for in the texts of others.
const SILENT: &[&str] = &[
    "src/domain/iam.rs",
    "src/domain/render.rs",
    "src/domain/request.rs",
    "src/domain/log/json.rs",
    "src/domain/log/level.rs",
    "src/sources/cloudwatch/catalog.rs",
    "src/sources/impressions/sql.rs",
    "src/sources/impressions/inspect.rs",
    "src/aws/sdk/allow.rs",
    "src/aws/sdk/causes.rs",
    "src/aws/sdk/clients.rs",
    "src/actuators/sdk/allow.rs",
    "src/store/place.rs",
    "src/store/sql.rs",
];

/// Literals that look like words and are names.
const NAMES: &[&str] = &[
    // kinds of shapes, actions, panels, guardrails, sources
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
    "evaluations",
    "stabilisation",
    "limit",
    "decided",
    "alarms",
    "identity",
    "autoscaling",
    "path",
    "logs",
    // members of the journal's details and of others' documents
    "until",
    "recommendation",
    "verdict",
    "outputs",
    "message",
    "log",
    "msg",
    "pod",
    "outcome",
    "le",
    "holder",
    "options",
    "Action",
    "Version",
    "POST",
    "MISSING",
    "None",
    "default",
    "spill",
    "keep",
    "hex",
    // an example for the width of a column
    "entry 0",
    "mask",
    "signals",
    "preview",
    "config.toml",
    "counts.json",
    "LOGNAME",
    "USER",
    "uid{}",
    "TERM",
    "COLORTERM",
    "LANG",
    "ARN-OF-{function}",
    ".json",
    "{}.new",
    "public",
    "oidc",
    "SSO OIDC",
    "sso:account:access",
    "include",
    "exclude",
    "toggle",
    "earlier",
    "later",
    "wrap",
    "export",
    "login",
    "alive",
    "MARK",
    // what AWS and CloudWatch call their things
    "CPUUtilization",
    "Average",
    "Duration",
    "Maximum",
    "Invocations",
    "Sum",
    "Count",
    "Bytes",
    "Milliseconds",
    "Days",
    "Percent",
    "elastic",
    "bursting",
    "cloudwatch",
    "ssm",
    // what is looked for in the texts of others
    "unable",
    "identity resolver timed out",
    "attempt timeout",
    "connect timeout",
    "HTTP connect",
    "dns error",
    "client error (Connect)",
    "File count result:",
    // units, and verbs that are part of a longer text
    "min",
    "hex",
    "keep",
    "screen",
    "copy",
    "svg",
    "txt",
    "{kind}-{}",
    "{name}-{n}",
    "{name}.{extension}",
    "{ms} ms",
    "{value} ms",
    "are",
    "SQLite {}",
    "SET SESSION TRANSACTION READ ONLY",
];

/// What themes, keymaps and scenarios are for: texts for people that stand in other files than the source.
fn described() -> Vec<String> {
    let none = Path::new("");
    let themes =
        config::themes(none).into_iter().filter_map(|n| Some(config::theme(&n, none).ok()?.description));
    let keymaps =
        config::keymaps(none).into_iter().filter_map(|n| Some(config::keymap(&n, none).ok()?.description));
    let scenarios = Scenario::shipped().iter().map(|s| s.title.clone()).collect::<Vec<_>>();
    themes.chain(keymaps).chain(scenarios).collect()
}

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

/// Says what is missing as lines for a file of `lang/ja/`.
#[test]
fn every_text_has_a_translation() {
    let have: BTreeSet<String> = table().keys().map(source::key).collect();
    let mut missing = Vec::new();
    for folder in SPOKEN {
        for (text, place) in source::literals(root(), folder) {
            let silent = SILENT.iter().any(|file| place.starts_with(file));
            if !silent && !have.contains(&text) && !NAMES.contains(&text.as_str()) {
                missing.push(format!("{} = \"\" # {place}", toml::Value::String(text)));
            }
        }
    }
    missing.extend(described().into_iter().filter(|t| !have.contains(t)).map(|t| format!("{t:?} = \"\"")));
    assert!(
        missing.is_empty(),
        "these have no translation; fill in and add to lang/ja/:\n{}",
        missing.join("\n")
    );
}

#[test]
fn no_translation_is_left_over() {
    let mut texts = BTreeSet::new();
    for folder in SPOKEN {
        texts.extend(source::texts(root(), folder).into_keys());
    }
    texts.extend(described());
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
        (
            "HIGH: 100 001 files, over 100 000. Every zone already has a mount target, so none can be added.",
            "高: ファイル数 100 001 > 100 000。全ゾーンにマウントターゲットがあるため、追加できません。",
        ),
        ("MEDIUM: 1d has 2 tasks and no mount target", "中: 1d: タスク 2 個、マウントターゲットなし"),
        (
            "100 001 files are above the threshold of 100 000 on 2 mount targets; 1d has 2 tasks and no local target",
            "マウントターゲット 2 個でファイル数 100 001 がしきい値 100 000 を超過。1d にはタスク 2 個がありますが、ゾーン内のターゲットがありません",
        ),
        (
            "sts:GetCallerIdentity: the token in the request is expired and in no list",
            "sts:GetCallerIdentity: the token in the request is expired and in no list",
        ),
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
