//! `miharu print config --template`: a first configuration file, and the table of settings for the manual.

use std::fmt::Write as _;

use crate::config::field::Setting;
use crate::config::model::{Config, Environment};
use crate::config::settings::{ENVIRONMENT, METRIC, ROOT, new_metric};
use crate::config::variables;

const HEAD: &str = "\
# miharu's configuration: $XDG_CONFIG_HOME/miharu/config.toml, or --config FILE.
#
# Every setting stands here with its default, or with an example where it has none. Remove the # in front of what
# you change. Later wins: defaults, this file, variables (MIHARU_POLL__ECS=5s, for an environment
# MIHARU_ENVIRONMENT__PROD__FILES__THRESHOLD=200000), flags. `miharu print config` says what holds and why.
";

const PRICES: &str = "
# Prices of a region over the built-in ones, in US dollars for one unit.
#[prices.\"ap-northeast-1\"]
#as_of = \"2026-11-20\"
#usd.cloudwatch_metric_requested = 0.00001
#usd.cloudwatch_request = 0.00001
";

/// A commented file. As it is, it sets nothing; with every `#` before a setting removed it is valid too.
pub fn template() -> String {
    let mut out = HEAD.to_owned();
    settings_of(&mut out, &ROOT, &mut Config::new(std::path::PathBuf::new()));
    out.push_str(PRICES);
    out.push_str(
        "\n# One table for each environment: an account and region with a file service.\n#[[environment]]\n",
    );
    settings_of(&mut out, &ENVIRONMENT, &mut Environment::named("prod"));
    out.push_str("\n# CloudWatch metrics beside the ones that miharu knows.\n#[[environment.metric]]\n");
    settings_of(&mut out, &METRIC, &mut new_metric());
    out
}

fn settings_of<T>(out: &mut String, settings: &[Setting<T>], defaults: &mut T) {
    for setting in settings {
        // Both would name the same database twice.
        let alternative = setting.key.ends_with("datasource_env");
        let value = default_of(setting, defaults).unwrap_or_else(|| setting.field.example().to_string());
        let mark = if alternative { "# or " } else { "#" };
        _ = writeln!(out, "\n# {}\n{mark}{} = {value}", setting.doc, setting.key);
    }
}

/// The default as TOML, where there is one.
fn default_of<T>(setting: &Setting<T>, defaults: &mut T) -> Option<String> {
    let empty = toml::Value::String(String::new());
    let nothing = toml::Value::Table(toml::Table::new());
    let shown = setting.field.show(defaults).filter(|v| *v != empty && *v != nothing);
    shown.map(|v| v.to_string())
}

/// The table of all settings in Markdown: key, what it takes, default, meaning, variable.
pub fn settings() -> String {
    let mut out =
        String::from("| key | takes | default | meaning | variable |\n| --- | --- | --- | --- | --- |\n");
    let mut rows = |row: Row| out.push_str(&row.line());
    for setting in ROOT.iter() {
        rows(Row::of(
            setting,
            &mut Config::new(std::path::PathBuf::new()),
            "",
            Some(variables::of_key(&setting.key)),
        ));
    }
    for setting in ENVIRONMENT.iter() {
        let variable = (setting.key != "name").then(|| variables::of_environment("NAME", &setting.key));
        let mut defaults = Environment::named("");
        rows(Row::of(setting, &mut defaults, "environment.", variable));
    }
    for setting in METRIC.iter() {
        rows(Row::of(setting, &mut new_metric(), "environment.metric.", None));
    }
    out
}

struct Row {
    key: String,
    takes: String,
    default: Option<String>,
    doc: String,
    variable: Option<String>,
}

impl Row {
    fn of<T>(setting: &Setting<T>, defaults: &mut T, base: &str, variable: Option<String>) -> Self {
        Self {
            key: format!("{base}{}", setting.key),
            takes: setting.field.expects(),
            default: default_of(setting, defaults),
            doc: setting.doc.to_string(),
            variable,
        }
    }

    fn line(&self) -> String {
        let code = |text: &Option<String>| text.as_ref().map_or(String::new(), |t| format!("`{t}`"));
        let cells = [
            format!("`{}`", self.key),
            self.takes.clone(),
            code(&self.default),
            self.doc.clone(),
            code(&self.variable),
        ];
        format!("| {} |\n", cells.map(|c| c.replace('|', "\\|")).join(" | "))
    }
}
