//! miharu's own variables: `MIHARU_` and the path of the key in capitals with `__` between levels, every
//! character that is neither letter nor digit as `_`: `MIHARU_POLL__ECS=5s`,
//! `MIHARU_ENVIRONMENT__PROD_TOKYO__FILES__THRESHOLD=200000` for `files.threshold` of the environment
//! `prod-tokyo`. The environment has to be in the file, or is `default`, that of an existing deployment. A list
//! is written with commas. An empty variable is an unset one.

use super::error::{Mistake, Origin, nearest};
use super::inputs::{CONFIG_VARIABLE, Inputs};
use super::model::Config;
use super::report::{Given, Report};
use super::settings::{ENVIRONMENT, ROOT};

/// What all begin with.
pub const PREFIX: &str = "MIHARU_";
/// Variable that names the environment to show first where `--environment` does not.
pub const ENVIRONMENT_VARIABLE: &str = "MIHARU_ENVIRONMENT";

/// One level of a key as a variable spells it.
fn spelled(level: &str) -> String {
    level.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// The variable of a top-level setting.
pub fn of_key(key: &str) -> String {
    format!("{PREFIX}{}", key.split('.').map(spelled).collect::<Vec<_>>().join("__"))
}

/// The variable of a setting of an environment.
pub fn of_environment(name: &str, key: &str) -> String {
    let key: Vec<String> = key.split('.').map(spelled).collect();
    format!("{PREFIX}ENVIRONMENT__{}__{}", spelled(name), key.join("__"))
}

/// Takes every `MIHARU_` variable into `config`; one that is not a setting is a mistake.
pub(super) fn apply(inputs: &Inputs, config: &mut Config, report: &mut Report) {
    for (variable, value) in inputs.variables.iter().filter(|(k, _)| k.starts_with(PREFIX)) {
        if [CONFIG_VARIABLE, ENVIRONMENT_VARIABLE].contains(&variable.as_str()) || value.is_empty() {
            continue;
        }
        let given = Given::word(Origin::Variable(variable.clone()), value);
        if let Some(setting) = ROOT.iter().find(|s| of_key(&s.key) == *variable) {
            report.take(setting, config, setting.key.to_string(), given);
            continue;
        }
        let targets = addressed(variable, config);
        match targets.as_slice() {
            [(index, key)] => {
                let environment = config.environments.get_mut(*index);
                let setting = ENVIRONMENT.iter().find(|s| s.key == *key);
                if let (Some(environment), Some(setting)) = (environment, setting) {
                    let path = format!("environment.{}.{key}", environment.name);
                    report.take(setting, environment, path, given);
                }
            }
            [] => report.mistakes.push(unknown(variable, config)),
            _ => report.mistakes.push(ambiguous(variable, &targets, config)),
        }
    }
}

/// The settings of environments that `variable` spells.
fn addressed(variable: &str, config: &Config) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (index, environment) in config.environments.iter().enumerate() {
        for setting in ENVIRONMENT.iter().filter(|s| s.key != "name") {
            if of_environment(&environment.name, &setting.key) == variable {
                found.push((index, setting.key.as_ref()));
            }
        }
    }
    found
}

fn unknown(variable: &str, config: &Config) -> Mistake {
    let known: Vec<String> = ROOT
        .iter()
        .map(|s| of_key(&s.key))
        .chain([CONFIG_VARIABLE.to_owned(), ENVIRONMENT_VARIABLE.to_owned()])
        .chain(config.environments.iter().flat_map(|e| {
            ENVIRONMENT.iter().filter(|s| s.key != "name").map(|s| of_environment(&e.name, &s.key))
        }))
        .collect();
    let names: Vec<&str> = config.environments.iter().map(|e| e.name.as_str()).collect();
    let expected = if variable.starts_with("MIHARU_ENVIRONMENT__") {
        let there = if names.is_empty() { "none".into() } else { names.join(", ") };
        format!("MIHARU_ENVIRONMENT__NAME__KEY of a configured environment ({there})")
    } else {
        "MIHARU_ and the path of a key with __ between levels".into()
    };
    let near = nearest(variable, known.iter().map(String::as_str));
    let remedy = match &near {
        Some(near) => format!("set {near}, or unset {variable}"),
        None => format!("unset {variable}; `miharu print config` lists every setting"),
    };
    Mistake {
        at: Origin::Variable(variable.to_owned()),
        key: String::new(),
        value: None,
        expected,
        nearest: near,
        remedy,
    }
}

fn ambiguous(variable: &str, targets: &[(usize, &str)], config: &Config) -> Mistake {
    let keys: Vec<String> = targets
        .iter()
        .filter_map(|(i, key)| Some(format!("environment.{}.{key}", config.environments.get(*i)?.name)))
        .collect();
    Mistake {
        at: Origin::Variable(variable.to_owned()),
        key: String::new(),
        value: None,
        expected: format!("a variable of one environment; this one spells {}", keys.join(" and ")),
        nearest: None,
        remedy: "rename one of the environments, or set the values in the file".into(),
    }
}
