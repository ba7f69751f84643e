//! Reads a scenario's TOML.

use chrono::TimeDelta;
use serde::Deserialize;
use toml::Spanned;

use super::error::{Place, ScenarioError};
use super::{HISTORY, Happening, LoadStep, Scenario, deed, world};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: String,
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
    at: Spanned<String>,
    ramp: Option<Spanned<String>>,
    files_per_s: Option<Spanned<f64>>,
    ops_per_s: Option<Spanned<f64>>,
}

/// A duration such as `90s`, `2m 30s`; with a minus where `negative` allows it.
pub(super) fn duration(
    place: Place<'_>,
    key: &str,
    text: &Spanned<String>,
    negative: bool,
) -> Result<TimeDelta, ScenarioError> {
    let given = text.get_ref().trim();
    let (minus, digits) = match given.strip_prefix('-') {
        Some(rest) if negative => (true, rest),
        _ => (false, given),
    };
    let long = humantime::parse_duration(digits).ok().and_then(|d| TimeDelta::from_std(d).ok());
    match long {
        Some(d) if d <= TimeDelta::days(1) => Ok(if minus { -d } else { d }),
        _ => {
            let why = format!("{given:?} is not a duration of at most a day, such as \"90s\" or \"2m 30s\"");
            Err(place.wrong(&text.span(), key, why))
        }
    }
}

pub(super) fn read(name: &str, file: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let place = Place { file, text };
    let raw: Raw = toml::from_str(text).map_err(|e| place.toml(&e))?;
    let world = raw.world.check(place)?;
    let mut load = raw.load.iter().map(|l| load_step(place, l)).collect::<Result<Vec<_>, _>>()?;
    load.sort_by_key(|l| l.at);
    let mut happenings = Vec::new();
    for happening in &raw.at {
        let after = duration(place, "after", &happening.after, true)?;
        // The first minutes are the birth of the world itself.
        let earliest = -(HISTORY - TimeDelta::minutes(10));
        if after < earliest {
            let text = format!("the world begins {} minutes before the start", -earliest.num_minutes());
            return Err(place.wrong(&happening.after.span(), "after", text));
        }
        happenings.push(Happening { after, deed: happening.check(place, &world.zones)? });
    }
    happenings.sort_by_key(|h| h.after);
    Ok(Scenario {
        name: name.to_owned(),
        title: raw.title,
        description: raw.description.trim().to_owned(),
        world,
        load,
        happenings,
    })
}

fn load_step(place: Place<'_>, raw: &RawLoad) -> Result<LoadStep, ScenarioError> {
    let rate = |key: &str, value: &Option<Spanned<f64>>, least: f64| match value {
        None => Ok(None),
        Some(v) if v.get_ref().is_finite() && *v.get_ref() >= least => Ok(Some(*v.get_ref())),
        Some(v) => Err(place.wrong(&v.span(), key, "expected a number that can be a rate")),
    };
    Ok(LoadStep {
        at: duration(place, "at", &raw.at, false)?,
        ramp: raw.ramp.as_ref().map_or(Ok(TimeDelta::zero()), |r| duration(place, "ramp", r, false))?,
        // Below zero, files are deleted.
        files_per_s: rate("files_per_s", &raw.files_per_s, f64::MIN)?,
        ops_per_s: rate("ops_per_s", &raw.ops_per_s, 0.0)?,
    })
}
