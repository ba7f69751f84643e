//! Reads a scenario's TOML.

use std::cell::RefCell;
use std::path::Path;

use chrono::TimeDelta;
use serde::Deserialize;
use toml::Spanned;

use super::error::{Noted, Place, ScenarioError};
use super::{HISTORY, Happening, LoadStep, Scenario, deed, keys, world};
use crate::config::document::Document;
use crate::config::{Mistake, Origin};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    // What has to be there is said by `keys`, with everything else that is wrong.
    #[serde(default)]
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    world: world::Raw,
    #[serde(default)]
    load: Vec<RawLoad>,
    #[serde(default)]
    at: Vec<deed::Raw>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLoad {
    at: Option<Spanned<String>>,
    ramp: Option<Spanned<String>>,
    files_per_s: Option<Spanned<f64>>,
    ops_per_s: Option<Spanned<f64>>,
    requests_per_s: Option<Spanned<f64>>,
}

/// A duration such as `90s`, `2m 30s`; with a minus where `negative` allows it.
pub(super) fn duration(
    place: Place<'_>,
    key: &str,
    text: &Spanned<String>,
    negative: bool,
) -> Result<TimeDelta, Noted> {
    let given = text.get_ref().trim();
    let (minus, digits) = match given.strip_prefix('-') {
        Some(rest) if negative => (true, rest),
        _ => (false, given),
    };
    let long = humantime::parse_duration(digits).ok().and_then(|d| TimeDelta::from_std(d).ok());
    match long {
        Some(d) if d <= TimeDelta::days(1) => Ok(if minus { -d } else { d }),
        _ => {
            let expected = "a duration of at most a day, such as \"90s\" or \"2m 30s\"";
            Err(place.wrong(&text.span(), key, expected))
        }
    }
}

pub(super) fn read(name: &str, file: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let path = Path::new(file);
    let document = Document::parse(path, text).map_err(|m| ScenarioError::from(*m))?;
    let found = RefCell::default();
    let place = Place { document: &document, text, table: "", found: &found };
    let rest = keys::check(place);
    let raw: Raw = match toml::from_str(&rest) {
        Ok(raw) => raw,
        Err(_) if !found.borrow().is_empty() => return Err(ScenarioError::of(found.take())),
        Err(error) => return Err(unread(&document, &error).into()),
    };
    let scenario = scenario(place, name, raw);
    let found = found.take();
    if found.is_empty() { Ok(scenario) } else { Err(ScenarioError::of(found)) }
}

/// What the keys allow and the reader does not.
fn unread(document: &Document, error: &toml::de::Error) -> Mistake {
    Mistake {
        at: match error.span() {
            Some(span) => document.at(Some(span)),
            None => Origin::Default,
        },
        key: String::new(),
        value: None,
        expected: format!("another value ({})", error.message().replace('\n', " ")),
        nearest: None,
        remedy: "correct the value, or remove the line to use the default".into(),
    }
}

/// Checks every value; what is wrong is noted.
fn scenario(place: Place<'_>, name: &str, raw: Raw) -> Scenario {
    let world = raw.world.check(place.below("world."));
    let mut load: Vec<LoadStep> = raw.load.iter().map(|l| load_step(place.below("load."), l)).collect();
    load.sort_by_key(|l| l.at);
    let mut happenings: Vec<Happening> =
        raw.at.iter().filter_map(|h| happening(place.below("at."), h, &world.zones)).collect();
    happenings.sort_by_key(|h| h.after);
    Scenario {
        name: name.to_owned(),
        title: raw.title,
        description: raw.description.trim().to_owned(),
        world,
        load,
        happenings,
    }
}

fn happening(place: Place<'_>, raw: &deed::Raw, zones: &[String]) -> Option<Happening> {
    let after = raw.after.as_ref().and_then(|text| {
        let after = duration(place, "after", text, true).ok()?;
        // The first minutes are the birth of the world itself.
        let earliest = -(HISTORY - TimeDelta::minutes(10));
        if after < earliest {
            let expected = format!(
                "\"-{} min\" or later: the world begins {0} minutes before the start",
                -earliest.num_minutes()
            );
            place.wrong(&text.span(), "after", expected);
        }
        Some(after)
    });
    let deed = raw.check(place, zones);
    Some(Happening { after: after?, deed: deed.ok()? })
}

fn load_step(place: Place<'_>, raw: &RawLoad) -> LoadStep {
    let rate = |key: &str, value: &Option<Spanned<f64>>, least: f64, expected: &str| {
        let value = value.as_ref()?;
        if !value.get_ref().is_finite() || *value.get_ref() < least {
            place.wrong(&value.span(), key, expected);
        }
        Some(*value.get_ref())
    };
    let time = |key: &str, text: &Option<Spanned<String>>| {
        text.as_ref().and_then(|t| duration(place, key, t, false).ok()).unwrap_or_default()
    };
    LoadStep {
        at: time("at", &raw.at),
        ramp: time("ramp", &raw.ramp),
        // Below zero, files are deleted.
        files_per_s: rate("files_per_s", &raw.files_per_s, f64::MIN, "a number that can be a rate"),
        ops_per_s: rate("ops_per_s", &raw.ops_per_s, 0.0, "a number that can be a rate, 0 or more"),
        requests_per_s: rate("requests_per_s", &raw.requests_per_s, 0.0, "a rate, 0 or more"),
    }
}
