//! The layers, later wins: built-in defaults, file, variables, flags.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::{ConfigError, Mistake, Origin, Wrong, nearest};
use super::inputs::{Inputs, Overrides};
use super::journal::Location;
use super::keymap::Keymap;
use super::model::{Config, Lang};
use super::report::{Given, Report};
use super::settings::{ENVIRONMENT, ROOT};
use super::theme::Theme;
use super::variables::ENVIRONMENT_VARIABLE;
use super::{contradictions, deployment, file, keymap_file, prices, theme_file, variables};

/// Settings with where they came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings. Without any environment the console has nothing to show but the demo.
    pub config: Config,
    /// Where each key's value was given; a key that is not in here has its default.
    pub origins: BTreeMap<String, Origin>,
    /// The configuration file that was read.
    pub file: Option<PathBuf>,
}

/// Puts the layers together and checks everything that was given.
pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigError> {
    let mut config = Config::new(inputs.config_dir.clone());
    config.prices = prices::built_in();
    config.journal = Location::default_of(&inputs.variables);
    let mut report = Report::default();
    if let Some((lang, variable)) = Lang::of_locale(&inputs.variables) {
        config.lang = lang;
        report.origins.insert("lang".into(), Origin::Variable(variable.into()));
    }
    if let Some((path, text)) = &inputs.file {
        // Without the file nothing could be said about variables that name its environments.
        file::read(path, text, &mut config, &mut report)?;
    }
    deployment::apply(inputs, &mut config, &mut report);
    variables::apply(inputs, &mut config, &mut report);
    flags(&inputs.overrides, &mut config, &mut report);
    datasources(inputs, &mut config, &mut report);
    inherit(&mut config, &mut report);
    contradictions::settle(&mut config, &mut report);
    // An environment may be missing only because its name is a mistake.
    if report.mistakes.is_empty() {
        focus(inputs, &mut config, &mut report);
    }
    if report.mistakes.is_empty() {
        let file = inputs.file.as_ref().map(|(path, _)| path.clone());
        return Ok(Loaded { config, origins: report.origins, file });
    }
    Err(ConfigError { mistakes: report.mistakes })
}

impl Loaded {
    /// Where the value of a key was given.
    pub fn origin(&self, key: &str) -> &Origin {
        self.origins.get(key).unwrap_or(&Origin::Default)
    }

    /// Whether the chosen theme and keymap can be used: a mistake in them is one for every command, also for
    /// one that draws nothing.
    pub fn check_look(&self) -> Result<(), ConfigError> {
        let mistakes: Vec<Mistake> = [self.theme().err(), self.keymap().err()]
            .into_iter()
            .flatten()
            .flat_map(|e| e.mistakes)
            .collect();
        if mistakes.is_empty() { Ok(()) } else { Err(ConfigError { mistakes }) }
    }

    /// The chosen theme. A name that does not exist is a mistake where it was given.
    pub fn theme(&self) -> Result<Theme, ConfigError> {
        theme_file::load(&self.config.theme, &self.config.directory, self.origin("theme"))
    }

    /// The chosen keymap. A name that does not exist is a mistake where it was given.
    pub fn keymap(&self) -> Result<Keymap, ConfigError> {
        keymap_file::load(&self.config.keymap, &self.config.directory, self.origin("keymap"))
    }
}

fn flags(overrides: &Overrides, config: &mut Config, report: &mut Report) {
    let log_file = overrides.log_file.as_ref().map(|p| p.to_string_lossy().into_owned());
    let switch = |on: bool| on.then_some("true");
    let root = [
        ("read_only", "--read-only", switch(overrides.read_only)),
        ("low_bandwidth", "--low-bandwidth", switch(overrides.low_bandwidth)),
        ("ambiguous", "--ambiguous", overrides.ambiguous.as_deref()),
        ("shapes", "--shapes", overrides.shapes.as_deref()),
        ("mask", "--mask", switch(overrides.mask)),
        ("journal", "--journal", overrides.journal.as_deref()),
        ("log_file", "--log-file", log_file.as_deref()),
        ("lang", "--lang", overrides.lang.as_deref()),
        ("theme", "--theme", overrides.theme.as_deref()),
        ("keymap", "--keymap", overrides.keymap.as_deref()),
    ];
    for (key, flag, value) in root {
        if let (Some(value), Some(setting)) = (value, ROOT.iter().find(|s| s.key == key)) {
            report.take(setting, config, key.to_owned(), Given::word(Origin::Flag(flag), value));
        }
    }
    let every_environment = [
        ("region", "--region", overrides.region.as_deref()),
        ("profile", "--profile", overrides.profile.as_deref()),
        ("endpoint_url", "--endpoint-url", overrides.endpoint_url.as_deref()),
    ];
    for (key, flag, value) in every_environment {
        let (Some(value), Some(setting)) = (value, ENVIRONMENT.iter().find(|s| s.key == key)) else {
            continue;
        };
        // A wrong flag is one mistake, however many environments there are.
        for environment in &mut config.environments {
            let path = format!("environment.{}.{key}", environment.name);
            if !report.take(setting, environment, path, Given::word(Origin::Flag(flag), value)) {
                break;
            }
        }
    }
}

/// Fetches the datasources whose variable the file names.
fn datasources(inputs: &Inputs, config: &mut Config, report: &mut Report) {
    let Some(setting) = ENVIRONMENT.iter().find(|s| s.key == "hakaru.datasource") else { return };
    for environment in &mut config.environments {
        let Some(variable) = environment.datasource_env.clone() else { continue };
        let base = format!("environment.{}.hakaru", environment.name);
        let by_variable =
            matches!(report.origins.get(&format!("{base}.datasource_env")), Some(Origin::Variable(_)));
        if environment.datasource.is_some() && !by_variable {
            continue; // a variable has given the datasource itself: a later layer than the file
        }
        let value = inputs.variables.get(&variable).filter(|v| !v.is_empty());
        let Some(value) = value else {
            let path = format!("{base}.datasource_env");
            let at = report.origins.get(&path).cloned().unwrap_or(Origin::Default);
            let wrong = Wrong {
                nearest: nearest(&variable, inputs.variables.keys().map(String::as_str)),
                ..Wrong::new("a variable that is set").remedy(format!("set {variable} to the database's URL"))
            };
            report.wrong(at, path, Some(format!("\"{variable}\"")), wrong);
            continue;
        };
        let given = Given::word(Origin::Variable(variable), value);
        report.take(setting, environment, format!("{base}.datasource"), given);
    }
}

/// Gives each environment the periods and deadlines of the top level where it has none of its own.
fn inherit(config: &mut Config, report: &mut Report) {
    for environment in &mut config.environments {
        let tables = [
            ("poll", &config.every, &mut environment.every),
            ("deadline", &config.deadline, &mut environment.deadline),
        ];
        for (table, from, into) in tables {
            for (source, duration) in from {
                if into.contains_key(source) {
                    continue;
                }
                into.insert(*source, *duration);
                if let Some(origin) = report.origins.get(&format!("{table}.{source}")).cloned() {
                    report
                        .origins
                        .insert(format!("environment.{}.{table}.{source}", environment.name), origin);
                }
            }
        }
    }
}

/// Moves the chosen environment to the front.
fn focus(inputs: &Inputs, config: &mut Config, report: &mut Report) {
    let variable = inputs.variables.get(ENVIRONMENT_VARIABLE).filter(|v| !v.is_empty());
    let (name, at) = match (&inputs.overrides.environment, variable) {
        (Some(name), _) => (name, Origin::Flag("--environment")),
        (None, Some(name)) => (name, Origin::Variable(ENVIRONMENT_VARIABLE.into())),
        (None, None) => return,
    };
    if let Some(index) = config.environments.iter().position(|e| e.name == *name) {
        config.environments[..=index].rotate_right(1);
        return;
    }
    let names: Vec<&str> = config.environments.iter().map(|e| e.name.as_str()).collect();
    if names.is_empty() {
        report.mistakes.push(Mistake {
            at,
            key: "environment".into(),
            value: Some(format!("\"{name}\"")),
            expected: "an environment, but none is configured".into(),
            nearest: None,
            remedy: "write one ([[environment]]) into the configuration file, or run `miharu demo`".into(),
        });
    } else {
        let wrong = Wrong::one_of(name, names.iter().copied());
        report.wrong(at, "environment".into(), Some(format!("\"{name}\"")), wrong);
    }
}
