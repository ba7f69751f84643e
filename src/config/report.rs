//! What loading gathers beside the settings: where each value came from, and every mistake.

use std::collections::BTreeMap;

use super::error::{Mistake, Origin, Wrong, redacted};
use super::field::Setting;
use super::raw::Raw;

/// Origins and mistakes.
#[derive(Default)]
pub(super) struct Report {
    /// Path of the key to where its value was given; what is not in here is a default.
    pub(super) origins: BTreeMap<String, Origin>,
    /// In the order in which they were met.
    pub(super) mistakes: Vec<Mistake>,
}

/// A value with its place.
pub(super) struct Given<'a> {
    /// Where.
    pub(super) at: Origin,
    /// What.
    pub(super) raw: Raw<'a>,
    /// As it is written, without passwords.
    pub(super) written: Option<String>,
}

impl<'a> Given<'a> {
    /// A word from a variable or a flag.
    pub(super) fn word(at: Origin, word: &'a str) -> Self {
        Self { at, raw: Raw::Word(word), written: Some(format!("\"{}\"", redacted(word))) }
    }
}

impl Report {
    /// Takes a given value into `target`, and notes its place or what is wrong. `path` is the path of the key.
    pub(super) fn take<T>(
        &mut self,
        setting: &Setting<T>,
        target: &mut T,
        path: String,
        given: Given<'_>,
    ) -> bool {
        match setting.field.read(target, given.raw) {
            Ok(()) => {
                self.origins.insert(path, given.at);
                true
            }
            Err(mut wrong) => {
                if setting.required && wrong.nearest.is_none() {
                    wrong.remedy.get_or_insert_with(|| "correct the value".into());
                }
                let written = if setting.field.secret() { Some("…".into()) } else { given.written };
                self.wrong(given.at, path, written, wrong);
                false
            }
        }
    }

    /// Notes a key that is none of `known`.
    pub(super) fn unknown_key(&mut self, at: Origin, path: String, key: &str, known: &[&str]) {
        let wrong = Wrong::one_of(key, known.iter().copied());
        let remedy = match &wrong.nearest {
            Some(near) => format!("write {near}, or remove it"),
            None => "remove it".into(),
        };
        self.wrong(at, path, None, wrong.remedy(remedy));
    }

    /// Notes a wrong value.
    pub(super) fn wrong(&mut self, at: Origin, key: String, value: Option<String>, wrong: Wrong) {
        let remedy = wrong.remedy.unwrap_or_else(|| match (&wrong.nearest, &at) {
            (Some(nearest), Origin::File { .. } | Origin::Default) => format!("write {}", bare(nearest)),
            (Some(nearest), Origin::Variable(name)) => format!("set {name}={nearest}, or unset it"),
            (Some(nearest), Origin::Flag(name)) => format!("give {name} {nearest}"),
            (None, Origin::Variable(_)) => "correct the variable, or unset it".into(),
            (None, Origin::Flag(_)) => "correct the flag, or leave it out".into(),
            (None, _) => "correct the value, or remove the line to use the default".into(),
        });
        let Wrong { expected, nearest, .. } = wrong;
        self.mistakes.push(Mistake { at, key, value, expected, nearest, remedy });
    }
}

/// A value as it is written in a file.
fn bare(value: &str) -> String {
    let bare = value.parse::<f64>().is_ok() || ["true", "false"].contains(&value);
    if bare { value.to_owned() } else { format!("\"{value}\"") }
}
