//! `miharu print config`: every effective value with where it came from.

use std::fmt::Write as _;

use crate::config::error::Origin;
use crate::config::field::Setting;
use crate::config::load::Loaded;
use crate::config::settings::{ENVIRONMENT, METRIC, ROOT};

/// Every effective value as TOML, one a line, with its origin behind it. A password is `…`; a setting that has
/// no value stands there as a comment.
pub fn config(loaded: &Loaded) -> String {
    let mut config = loaded.config.clone();
    let mut out = Lines::default();
    match &loaded.file {
        Some(file) => out.comment(&format!("file: {}", file.display())),
        None => out
            .comment(&format!("no file; {} was looked for", config.directory.join("config.toml").display())),
    }
    out.settings(&ROOT, &mut config, "", "", loaded);
    for (region, list) in &config.prices {
        _ = writeln!(out.text, "\n[prices.{}]", toml::Value::from(region.as_str()));
        let base = format!("prices.{region}");
        let key = format!("{base}.as_of");
        out.line("as_of", &toml::Value::from(list.as_of.as_str()).to_string(), loaded.origin(&key));
        for (unit, usd) in &list.usd {
            let origin = loaded.origin(&format!("{base}.usd.{unit}"));
            out.line(&format!("usd.{unit}"), &format!("{usd}"), origin);
        }
    }
    if config.environments.is_empty() {
        out.text.push('\n');
        out.comment(
            "no [[environment]]: `miharu print config --template` begins a file, `miharu demo` needs none",
        );
    }
    for environment in &mut config.environments {
        let base = format!("environment.{}.", environment.name);
        out.settings(&ENVIRONMENT, environment, &base, "[[environment]]", loaded);
        for (index, metric) in environment.metrics.iter_mut().enumerate() {
            out.settings(
                &METRIC,
                metric,
                &format!("{base}metric.{index}."),
                "[[environment.metric]]",
                loaded,
            );
        }
    }
    out.text
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn comment(&mut self, text: &str) {
        _ = writeln!(self.text, "# {text}");
    }

    fn line(&mut self, key: &str, value: &str, origin: &Origin) {
        _ = writeln!(self.text, "{:<58} # {origin}", format!("{key} = {value}"));
    }

    fn settings<T>(
        &mut self,
        settings: &[Setting<T>],
        target: &mut T,
        base: &str,
        header: &str,
        loaded: &Loaded,
    ) {
        if !header.is_empty() {
            _ = writeln!(self.text, "\n{header}");
        }
        for setting in settings {
            let origin = loaded.origin(&format!("{base}{}", setting.key));
            match setting.field.show(target) {
                Some(value) => self.line(&setting.key, &value.to_string(), origin),
                None => self.line(&format!("# {}", setting.key), "none", origin),
            }
        }
    }
}
