//! Generated documents: each is held against what generated it.

use std::path::PathBuf;

use miharu::config::model::Environment;
use miharu::config::{self, Inputs, Overrides, print};
use serde_json::Value;

fn load(text: &str) -> config::Loaded {
    let file = Some((PathBuf::from("config.toml"), text.to_owned()));
    config::load(&Inputs { file, ..Inputs::default() }).unwrap_or_else(|e| panic!("{e}"))
}

/// The template with its settings made real.
fn opened() -> String {
    let open = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
        _ => format!("{line}\n"),
    };
    print::template().lines().map(open).collect()
}

#[test]
fn the_template_sets_nothing() {
    let loaded = load(&print::template());
    assert!(loaded.origins.is_empty() && loaded.config.environments.is_empty());
}

#[test]
fn the_opened_template_holds_the_defaults() {
    let opened = load(&opened()).config;
    let defaults = load("").config;
    assert_eq!(
        (&opened.theme, &opened.keymap, opened.lang),
        (&defaults.theme, &defaults.keymap, defaults.lang)
    );
    assert_eq!((opened.read_only, opened.low_bandwidth), (defaults.read_only, defaults.low_bandwidth));
    assert_eq!(opened.prices["ap-northeast-1"].usd, defaults.prices["ap-northeast-1"].usd);
    let [environment] = opened.environments.as_slice() else { panic!("one environment") };
    let default = Environment::named("prod");
    assert_eq!(environment.mode, default.mode);
    assert_eq!(environment.published_parameter, default.published_parameter);
    assert_eq!(environment.lambda_function, default.lambda_function);
    assert_eq!(environment.probe, default.probe);
    let files =
        miharu::config::model::Files { directory: None, cache_parameter: None, ..environment.files.clone() };
    assert_eq!(files, default.files);
    for (source, _) in miharu::config::model::PERIODS {
        assert_eq!(environment.every(*source), default.every(*source), "{source}");
        assert_eq!(environment.deadline(*source), default.deadline(*source), "{source}");
    }
    assert_eq!(environment.metrics.len(), 1);
}

/// Every key that the opened template sets is in the schema, and the other way round.
#[test]
fn template_and_schema_know_the_same_keys() {
    let schema: Value = serde_json::from_str(&print::schema()).unwrap();
    let mut in_schema = Vec::new();
    leaves(&schema, "", &mut in_schema);
    let mut in_template: Vec<String> = load(&opened())
        .origins
        .into_keys()
        .map(|key| key.replace("environment.prod.", "environment.").replace("metric.0.", "metric."))
        .filter(|key| !key.starts_with("prices."))
        .collect();
    // The template offers it as the alternative to datasource.
    in_template.push("environment.hakaru.datasource_env".into());
    in_schema.sort();
    in_template.sort();
    assert_eq!(in_schema, in_template);
}

fn leaves(schema: &Value, path: &str, into: &mut Vec<String>) {
    let schema = schema.get("items").filter(|i| i.get("properties").is_some()).unwrap_or(schema);
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        if path != "prices" {
            into.push(path.to_owned());
        }
        return;
    };
    for (key, value) in properties {
        leaves(value, &if path.is_empty() { key.clone() } else { format!("{path}.{key}") }, into);
    }
}

#[test]
fn schema() {
    insta::assert_snapshot!(print::schema());
}

#[test]
fn table_of_settings() {
    insta::assert_snapshot!(print::settings());
}

#[test]
fn every_effective_value_with_its_origin() {
    let text = r#"
theme = "light"
[[environment]]
name = "prod"
endpoint_url = "https://user:hunter2@proxy:8080/"
hakaru.datasource = "root:hunter2@tcp(db:3306)/hakaru?x=hunter2"
[[environment.metric]]
namespace = "AWS/EFS"
name = "ClientConnections"
"#;
    let inputs = Inputs {
        file: Some((PathBuf::from("config.toml"), text.to_owned())),
        variables: [
            ("MIHARU_POLL__ECS", "20s"),
            ("FILE_COUNT_THRESHOLD", "5"),
            ("MIHARU_JOURNAL", "mysql://root:hunter2@db/journal"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into(),
        overrides: Overrides { read_only: true, region: Some("us-east-1".into()), ..Overrides::default() },
        config_dir: PathBuf::new(),
    };
    let printed = print::config(&config::load(&inputs).unwrap());
    assert!(!printed.contains("hunter2"), "{printed}");
    insta::assert_snapshot!(printed);
}

#[test]
fn the_printed_configuration_is_read_again() {
    let text = "lang = \"ja\"\n[[environment]]\nname = \"prod\"\nfiles.threshold = 7\npoll.efs = \"90s\"\n";
    let first = load(text).config;
    let second = load(&print::config(&load(text))).config;
    assert_eq!(second.lang, first.lang);
    assert_eq!(second.prices, first.prices);
    let [a, b] = [&first.environments[0], &second.environments[0]];
    assert_eq!((&a.files, a.mode, &a.region), (&b.files, b.mode, &b.region));
    for (source, _) in miharu::config::model::PERIODS {
        assert_eq!(a.every(*source), b.every(*source));
    }
}

#[test]
fn nothing_configured_says_how_to_begin() {
    let printed = print::config(&config::load(&Inputs::default()).unwrap());
    assert!(printed.contains("print config --template") && printed.contains("miharu demo"), "{printed}");
}
