//! One setting: where its value lives, what it takes, how it is shown. The closure of a [`Field`] leads to the
//! value in both directions, so that a default stands in one place, the settings model.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::datasource;
use super::error::{Wrong, any_of, without_password};
use super::expressions;
use super::forms::Form;
use super::freeze;
use super::journal::{self, Location};
use super::model::{Datasource, Lang};
use super::raw::Raw;
use crate::domain::count::CountSource;
use crate::domain::policy::FreezeWindow;
use crate::domain::snapshot::Mode;
use crate::domain::source::SourceId;

/// A setting of `T`.
pub(super) struct Setting<T: 'static> {
    /// Path inside the table of `T`: `files.threshold`.
    pub(super) key: Cow<'static, str>,
    /// One sentence.
    pub(super) doc: Cow<'static, str>,
    /// What it takes and where it goes.
    pub(super) field: Field<T>,
    /// Whether it has to be given.
    pub(super) required: bool,
}

/// The way from `T` to a value inside it.
type Lens<T, U> = fn(&mut T) -> &mut U;

/// What a setting takes and where it goes.
pub(super) enum Field<T: 'static> {
    /// `true` or `false`.
    Flag(Lens<T, bool>),
    /// A whole number in a range.
    Number(RangeInclusive<u64>, Lens<T, u64>),
    /// Text of a form, or nothing.
    Text(&'static Form, Lens<T, Option<String>>),
    /// Text of a form, always there.
    Name(&'static Form, Lens<T, String>),
    /// Texts of a form.
    Texts(&'static Form, Lens<T, Vec<String>>),
    /// One of some words, always there.
    Word(&'static [&'static str], Lens<T, String>),
    /// Regular expressions.
    Expressions(Lens<T, Vec<String>>),
    /// A path; the example.
    Path(&'static str, Lens<T, Option<PathBuf>>),
    /// What miharu may do.
    Mode(Lens<T, Mode>),
    /// Language.
    Lang(Lens<T, Lang>),
    /// Origins of the count.
    Counts(Lens<T, Vec<CountSource>>),
    /// Dimension names to values.
    Dimensions(Lens<T, BTreeMap<String, String>>),
    /// A database; secret.
    Datasource(Lens<T, Option<Datasource>>),
    /// Whole minutes, held in seconds.
    Minutes(RangeInclusive<u64>, Lens<T, u32>),
    /// A whole number in a range, where 32 bits are enough.
    Count(RangeInclusive<u32>, Lens<T, u32>),
    /// One of some whole numbers.
    Days(&'static [u32], Lens<T, u32>),
    /// A number in a range.
    Decimal(RangeInclusive<f64>, Lens<T, f64>),
    /// A number in a range, or nothing.
    Maybe(RangeInclusive<f64>, Lens<T, Option<f64>>),
    /// A duration from and to these seconds.
    Span(RangeInclusive<u64>, Lens<T, Duration>),
    /// Some of the first names, none of the second ones.
    Rules(&'static [&'static str], &'static [&'static str], Lens<T, Vec<String>>),
    /// Times in which nothing is changed.
    Freeze(Lens<T, Vec<FreezeWindow>>),
    /// Where the journal is; secret.
    Journal(Lens<T, Location>),
    /// A duration of one source; the last is what holds where none is given.
    Source(SourceId, RangeInclusive<u64>, Lens<T, BTreeMap<SourceId, Duration>>, fn(SourceId) -> Duration),
}

/// A word of a setting that takes one of a few.
pub(super) trait Choice: Copy + PartialEq + 'static {
    /// All, by name.
    const NAMES: &'static [(&'static str, Self)];

    /// Its name.
    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|n| n.1 == self).map_or("", |n| n.0)
    }

    /// The one of that name.
    fn named(name: &str) -> Result<Self, Wrong> {
        let found = Self::NAMES.iter().find(|n| n.0 == name).map(|n| n.1);
        found.ok_or_else(|| Wrong::one_of(name, Self::names()))
    }

    /// All names.
    fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::NAMES.iter().map(|n| n.0)
    }
}

impl Choice for Mode {
    const NAMES: &'static [(&'static str, Self)] =
        &[("observe", Self::Observe), ("approve", Self::Approve), ("auto", Self::Auto)];
}

impl Choice for Lang {
    const NAMES: &'static [(&'static str, Self)] = &[("en", Self::En), ("ja", Self::Ja)];
}

impl Choice for CountSource {
    const NAMES: &'static [(&'static str, Self)] =
        &[("path", Self::Path), ("cloudwatch", Self::Cloudwatch), ("ssm", Self::Ssm), ("logs", Self::Logs)];
}

impl<T> Field<T> {
    /// Whether the value may hold a password.
    pub(super) fn secret(&self) -> bool {
        matches!(self, Self::Datasource(_) | Self::Journal(_))
    }

    /// What is expected, in words.
    pub(super) fn expects(&self) -> String {
        match self {
            Self::Flag(_) => "true or false".into(),
            Self::Number(range, _) => format!("a whole number from {} to {}", range.start(), range.end()),
            Self::Text(form, _) | Self::Name(form, _) => form.expects(),
            Self::Texts(form, _) => format!("a list, each {}", form.expects()),
            Self::Expressions(_) => expressions::EXPECTED.into(),
            Self::Word(words, _) => any_of(words.iter().copied()),
            Self::Path(example, _) => format!("a path such as \"{example}\""),
            Self::Mode(_) => any_of(Mode::names()),
            Self::Lang(_) => any_of(Lang::names()),
            Self::Counts(_) => format!("a list of {}", any_of(CountSource::names())),
            Self::Dimensions(_) => {
                "a table of texts such as { FileSystemId = \"fs-0123456789abcdef0\" }".into()
            }
            Self::Datasource(_) => datasource::EXPECTED.into(),
            Self::Minutes(range, _) => format!(
                "a duration in whole minutes from {} to {}, such as \"1m\"",
                span(*range.start()),
                span(*range.end())
            ),
            Self::Count(range, _) => format!("a whole number from {} to {}", range.start(), range.end()),
            Self::Days(days, _) => {
                let days: Vec<String> = days.iter().map(u32::to_string).collect();
                format!("one of {}", days.join(", "))
            }
            Self::Decimal(range, _) | Self::Maybe(range, _) => {
                format!("a number from {} to {}", range.start(), range.end())
            }
            Self::Rules(..) => "a list of rules such as [\"add-mount-target\"]".into(),
            Self::Freeze(_) => freeze::EXPECTED.into(),
            Self::Journal(_) => journal::EXPECTED.into(),
            Self::Span(range, _) | Self::Source(_, range, ..) => {
                format!("a duration from {} to {}, such as \"30s\"", span(*range.start()), span(*range.end()))
            }
        }
    }

    /// Takes `raw` into `target`.
    pub(super) fn read(&self, target: &mut T, raw: Raw<'_>) -> Result<(), Wrong> {
        let other_kind = || Wrong::new(self.expects());
        let text = || raw.text().ok_or_else(other_kind);
        match self {
            Self::Flag(at) => {
                *at(target) = raw.flag().ok_or_else(|| Wrong { nearest: truth(raw), ..other_kind() })?;
            }
            Self::Number(range, at) => {
                let given = raw.number().ok_or_else(other_kind)?;
                // What is below nothing is nearest to the least.
                let number = u64::try_from(given).unwrap_or_default();
                *at(target) = in_range(range, number).ok_or_else(|| Wrong {
                    nearest: Some(bound(range, number).to_string()),
                    ..other_kind()
                })?;
            }
            Self::Text(form, at) => {
                let text = raw.text().ok_or_else(|| quoted(raw, other_kind()))?;
                form.check(text)?;
                *at(target) = Some(text.to_owned());
            }
            Self::Name(form, at) => {
                let text = raw.text().ok_or_else(|| quoted(raw, other_kind()))?;
                form.check(text)?;
                text.clone_into(at(target));
            }
            Self::Texts(form, at) => {
                let texts = raw.list().ok_or_else(other_kind)?;
                texts.iter().try_for_each(|text| form.check(text))?;
                *at(target) = texts.into_iter().map(str::to_owned).collect();
            }
            Self::Expressions(at) => {
                *at(target) = expressions::read(&raw.list().ok_or_else(other_kind)?)?;
            }
            Self::Word(words, at) => {
                let word = text()?;
                if !words.contains(&word) {
                    return Err(Wrong::one_of(word, words.iter().copied()));
                }
                word.clone_into(at(target));
            }
            Self::Path(_, at) => {
                let path = Some(text()?).filter(|t| !t.is_empty()).ok_or_else(other_kind)?;
                *at(target) = Some(PathBuf::from(path));
            }
            Self::Mode(at) => *at(target) = Mode::named(text()?)?,
            Self::Lang(at) => *at(target) = Lang::named(text()?)?,
            Self::Counts(at) => *at(target) = counts(&raw.list().ok_or_else(other_kind)?)?,
            Self::Dimensions(at) => {
                let table = raw.table().ok_or_else(other_kind)?;
                let pairs = table.iter().map(|(k, v)| Some((k.to_owned(), v.as_str()?.to_owned())));
                *at(target) = pairs.collect::<Option<_>>().ok_or_else(other_kind)?;
            }
            Self::Datasource(at) => *at(target) = Some(datasource::parse(text()?)?),
            Self::Minutes(range, at) => {
                let duration = duration(raw, range, other_kind)?;
                let seconds = u32::try_from(duration.as_secs()).ok().filter(|s| s % 60 == 0);
                *at(target) = seconds.ok_or_else(other_kind)?;
            }
            Self::Count(range, at) => {
                let number = raw.number().ok_or_else(other_kind)?;
                let found = u32::try_from(number).ok().filter(|n| range.contains(n));
                let nearest = number.clamp((*range.start()).into(), (*range.end()).into()).to_string();
                *at(target) = found.ok_or_else(|| Wrong { nearest: Some(nearest), ..other_kind() })?;
            }
            Self::Days(days, at) => {
                let number = raw.number().ok_or_else(other_kind)?;
                let nearest = days.iter().min_by_key(|d| number.abs_diff((**d).into())).map(u32::to_string);
                let found = days.iter().find(|d| i64::from(**d) == number);
                *at(target) = *found.ok_or_else(|| Wrong { nearest, ..other_kind() })?;
            }
            Self::Decimal(range, at) => *at(target) = decimal(raw, range, other_kind)?,
            Self::Maybe(range, at) => *at(target) = Some(decimal(raw, range, other_kind)?),
            Self::Span(range, at) => *at(target) = duration(raw, range, other_kind)?,
            Self::Rules(all, never, at) => {
                *at(target) = rules(&raw.list().ok_or_else(other_kind)?, all, never)?;
            }
            Self::Freeze(at) => {
                let windows = raw.list().ok_or_else(other_kind)?;
                *at(target) = windows.into_iter().map(freeze::parse).collect::<Result<_, _>>()?;
            }
            Self::Journal(at) => *at(target) = journal::parse(text()?)?,
            Self::Source(source, range, at, _) => {
                at(target).insert(*source, duration(raw, range, other_kind)?);
            }
        }
        Ok(())
    }

    /// The value as TOML, without passwords; `None` where nothing is set.
    pub(super) fn show(&self, target: &mut T) -> Option<toml::Value> {
        let text = |s: &str| Some(toml::Value::String(without_password(s)));
        match self {
            Self::Flag(at) => Some((*at(target)).into()),
            Self::Number(_, at) => i64::try_from(*at(target)).ok().map(toml::Value::Integer),
            Self::Text(_, at) => at(target).as_deref().and_then(text),
            Self::Name(_, at) | Self::Word(_, at) => text(at(target)),
            Self::Path(_, at) => at(target).as_ref().and_then(|p| text(&p.to_string_lossy())),
            Self::Mode(at) => text(at(target).name()),
            Self::Lang(at) => text(at(target).name()),
            Self::Texts(_, at) | Self::Expressions(at) => {
                let texts = at(target).iter().map(|t| toml::Value::from(without_password(t)));
                Some(texts.collect::<Vec<_>>().into())
            }
            Self::Counts(at) => {
                Some(at(target).iter().map(|c| toml::Value::from(c.name())).collect::<Vec<_>>().into())
            }
            Self::Dimensions(at) => {
                let pairs = at(target).iter().map(|(k, v)| (k.clone(), toml::Value::from(v.as_str())));
                Some(toml::Value::Table(pairs.collect()))
            }
            Self::Datasource(at) => at(target).as_ref().map(|d| toml::Value::from(d.shown())),
            Self::Minutes(_, at) => text(&span(u64::from(*at(target)))),
            Self::Count(_, at) | Self::Days(_, at) => Some(i64::from(*at(target)).into()),
            Self::Decimal(_, at) => Some((*at(target)).into()),
            Self::Maybe(_, at) => at(target).map(toml::Value::Float),
            Self::Span(_, at) => text(&humantime::format_duration(*at(target)).to_string()),
            Self::Rules(.., at) => {
                Some(at(target).iter().map(|r| toml::Value::from(r.as_str())).collect::<Vec<_>>().into())
            }
            Self::Freeze(at) => {
                Some(at(target).iter().map(|w| toml::Value::from(freeze::show(w))).collect::<Vec<_>>().into())
            }
            Self::Journal(at) => text(&at(target).to_string()).filter(|t| t.as_str() != Some("")),
            Self::Source(source, _, at, or) => {
                let duration = at(target).get(source).copied().unwrap_or_else(|| or(*source));
                text(&humantime::format_duration(duration).to_string())
            }
        }
    }

    /// A valid value for the template, where there is no default.
    pub(super) fn example(&self) -> toml::Value {
        match self {
            Self::Text(form, _) | Self::Name(form, _) => form.example.into(),
            Self::Texts(form, _) => vec![form.example].into(),
            Self::Expressions(_) => vec![expressions::EXAMPLE].into(),
            Self::Path(example, _) => (*example).into(),
            Self::Datasource(_) => "mysql://root:password@127.0.0.1:13306/hakaru".into(),
            Self::Word(words, _) => words.first().copied().unwrap_or_default().into(),
            Self::Flag(_) => false.into(),
            Self::Number(range, _) => i64::try_from(*range.start()).unwrap_or_default().into(),
            Self::Mode(_) => Mode::default().name().into(),
            Self::Lang(_) => Lang::default().name().into(),
            Self::Counts(_) => vec!["path"].into(),
            Self::Dimensions(_) => toml::Value::Table(
                [("FileSystemId".to_owned(), "fs-0123456789abcdef0".into())].into_iter().collect(),
            ),
            Self::Count(range, _) => i64::from(*range.start()).into(),
            Self::Days(days, _) => i64::from(days.first().copied().unwrap_or_default()).into(),
            Self::Decimal(range, _) | Self::Maybe(range, _) => (*range.start()).into(),
            Self::Rules(all, ..) => all.first().copied().map(|r| vec![r]).unwrap_or_default().into(),
            Self::Freeze(_) => vec!["Sat Sun 00:00-24:00"].into(),
            Self::Journal(_) => "/var/lib/miharu/journal.db".into(),
            Self::Minutes(range, _) | Self::Span(range, _) | Self::Source(_, range, ..) => {
                span(*range.start()).into()
            }
        }
    }
}

impl<T> Setting<T> {
    /// A setting that may be left out.
    pub(super) fn new(
        key: impl Into<Cow<'static, str>>,
        doc: impl Into<Cow<'static, str>>,
        field: Field<T>,
    ) -> Self {
        Self { key: key.into(), doc: doc.into(), field, required: false }
    }

    /// A setting that has to be given.
    pub(super) fn required(key: &'static str, doc: &'static str, field: Field<T>) -> Self {
        Self { required: true, ..Self::new(key, doc, field) }
    }
}

/// Seconds in words: `90` is `1m 30s`.
pub(super) fn span(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

fn in_range(range: &RangeInclusive<u64>, number: u64) -> Option<u64> {
    range.contains(&number).then_some(number)
}

/// The end of `range` that is nearer to a number outside it.
fn bound(range: &RangeInclusive<u64>, number: u64) -> u64 {
    number.clamp(*range.start(), *range.end())
}

/// The truth value that a word stands for elsewhere.
fn truth(raw: Raw<'_>) -> Option<String> {
    let word = raw.text().map(str::to_lowercase);
    match (word.as_deref(), raw.number()) {
        (Some("true" | "yes" | "on" | "y"), _) | (_, Some(1)) => Some("true".into()),
        (Some("false" | "no" | "off" | "n"), _) | (_, Some(0)) => Some("false".into()),
        _ => None,
    }
}

/// A duration within a range of seconds, the ends included.
fn duration(
    raw: Raw<'_>,
    range: &RangeInclusive<u64>,
    other_kind: impl Fn() -> Wrong,
) -> Result<Duration, Wrong> {
    if let Some(n) = raw.number() {
        let nearest = u64::try_from(n).ok().map(|n| span(bound(range, n)));
        return Err(Wrong { nearest, ..other_kind() });
    }
    let duration = raw.text().and_then(|t| humantime::parse_duration(t).ok()).ok_or_else(&other_kind)?;
    let (least, most) = (Duration::from_secs(*range.start()), Duration::from_secs(*range.end()));
    if (least..=most).contains(&duration) {
        return Ok(duration);
    }
    Err(Wrong { nearest: Some(span(bound(range, duration.as_secs()))), ..other_kind() })
}

/// A number within a range, the ends included.
fn decimal(raw: Raw<'_>, range: &RangeInclusive<f64>, other_kind: impl Fn() -> Wrong) -> Result<f64, Wrong> {
    let number = raw.decimal().filter(|n| n.is_finite()).ok_or_else(&other_kind)?;
    if range.contains(&number) {
        return Ok(number);
    }
    let nearest = number.clamp(*range.start(), *range.end()).to_string();
    Err(Wrong { nearest: Some(nearest), ..other_kind() })
}

/// Some of `all`, none of `never`, each once.
fn rules(names: &[&str], all: &[&str], never: &[&str]) -> Result<Vec<String>, Wrong> {
    let mut rules: Vec<String> = Vec::new();
    let allowed = || all.iter().copied().filter(|rule| !never.contains(rule));
    for name in names {
        if never.contains(name) {
            let expected = format!("rules that apply themselves: {}", any_of(allowed()));
            let why = format!("remove \"{name}\": it takes something away, and is applied by hand alone");
            return Err(Wrong::new(expected).remedy(why));
        }
        if !all.contains(name) {
            return Err(Wrong {
                expected: format!("rules: {}", any_of(allowed())),
                ..Wrong::one_of(name, all.iter().copied())
            });
        }
        if !rules.iter().any(|rule| rule == name) {
            rules.push((*name).to_owned());
        }
    }
    Ok(rules)
}

fn counts(names: &[&str]) -> Result<Vec<CountSource>, Wrong> {
    let mut counts = Vec::new();
    for name in names {
        let count = CountSource::named(name)?;
        if counts.contains(&count) {
            return Err(Wrong::new(format!("each origin once (\"{name}\" stands there twice)")));
        }
        counts.push(count);
    }
    if counts.is_empty() {
        return Err(Wrong::new(format!("a list of at least one of {}", any_of(CountSource::names()))));
    }
    Ok(counts)
}

/// A number where text was expected lacks its quotes: an account id would lose its leading zeros.
fn quoted(raw: Raw<'_>, wrong: Wrong) -> Wrong {
    match raw.number() {
        Some(_) => wrong.remedy("write it in quotes"),
        None => wrong,
    }
}
