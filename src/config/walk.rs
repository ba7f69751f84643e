//! Walks a table of a file by a table of settings.

use std::ops::Range;

use toml_edit::TableLike;

use super::deployment::VARIABLES;
use super::document::Document;
use super::error::{Mistake, Wrong, nearest};
use super::field::Setting;
use super::raw::Raw;
use super::report::{Given, Report};
use super::settings::{ENVIRONMENT, ROOT};

/// A walk through one file.
pub(super) struct Walk<'a> {
    /// The file.
    pub(super) document: &'a Document,
    /// What was found.
    pub(super) report: &'a mut Report,
}

/// Where in the settings a table of the file stands.
pub(super) struct Level<'a, T: 'static> {
    /// The settings of `T`.
    pub(super) settings: &'a [Setting<T>],
    /// Path of `T` itself as origins and mistakes name it, with its final dot: `environment.prod.`.
    pub(super) base: &'a str,
    /// Path inside `T`, with its final dot: `files.`.
    pub(super) inside: &'a str,
    /// Keys of this table that somebody else reads.
    pub(super) others: &'a [&'a str],
}

impl Walk<'_> {
    /// Takes every key of `table` into `target`; what is not a setting is a mistake.
    pub(super) fn table<T>(&mut self, table: &dyn TableLike, level: &Level<'_, T>, target: &mut T) {
        for (key, item) in table.iter() {
            if level.others.contains(&key) {
                continue;
            }
            let path = format!("{}{key}", level.inside);
            let shown = format!("{}{path}", level.base);
            let deeper = format!("{path}.");
            // "files.threshold" in quotes is one key, not a path.
            let plain = !key.contains('.');
            if let Some(setting) = level.settings.iter().find(|s| plain && s.key == path) {
                let given = Given {
                    at: self.document.at_value(table, key),
                    raw: Raw::Item(item),
                    written: self.document.written(item),
                };
                self.report.take(setting, target, shown, given);
            } else if level.settings.iter().any(|s| plain && s.key.starts_with(&deeper)) {
                let Some(inner) = item.as_table_like() else {
                    let names = names_in(level.settings, &deeper);
                    let wrong =
                        Wrong::new(format!("a table with {}", super::error::any_of(names.iter().copied())))
                            .remedy(format!("write it as a table: {key} = {{ … }}"));
                    let at = self.document.at_value(table, key);
                    self.report.wrong(at, shown, Some(format!("a {}", item.type_name())), wrong);
                    continue;
                };
                self.table(inner, &Level { inside: &deeper, others: &[], ..*level }, target);
            } else {
                self.unknown(table, key, level);
            }
        }
    }

    /// Notes the settings that have to be in `table`, which begins at `span`, and are not.
    pub(super) fn required<T>(
        &mut self,
        table: &dyn TableLike,
        span: Option<&Range<usize>>,
        level: &Level<'_, T>,
    ) {
        for setting in level.settings.iter().filter(|s| s.required && !table.contains_key(&s.key)) {
            self.report.mistakes.push(Mistake {
                at: self.document.at(span.cloned()),
                key: format!("{}{}", level.base, setting.key),
                value: None,
                expected: setting.field.expects(),
                nearest: None,
                remedy: format!("add {} = {}", setting.key, setting.field.example()),
            });
        }
    }

    /// A key that is not a setting here.
    fn unknown<T>(&mut self, table: &dyn TableLike, key: &str, level: &Level<'_, T>) {
        let mut names = names_in(level.settings, level.inside);
        names.extend(level.others);
        let (near, remedy) = match misplaced(key, level) {
            Some((near, remedy)) => (Some(near), remedy),
            None => match nearest(key, names.iter().copied()) {
                Some(near) => (Some(near.clone()), format!("write {near}, or remove it")),
                None => (None, "remove it; `miharu print schema` lists every key".into()),
            },
        };
        self.report.mistakes.push(Mistake {
            at: self.document.at_key(table, key),
            key: format!("{}{}{key}", level.base, level.inside),
            value: None,
            expected: format!("a known key: {}", names.join(", ")),
            nearest: near,
            remedy,
        });
    }
}

/// Where a key belongs that is right but for its place, and what to do. That is as common a slip as a wrong
/// letter: in TOML whatever follows a table's header belongs to that table.
fn misplaced<T>(key: &str, level: &Level<'_, T>) -> Option<(String, String)> {
    let path = format!("{}{key}", level.inside);
    if level.settings.iter().any(|s| s.key == path) {
        return Some((path.clone(), format!("write {path} without quotes")));
    }
    let table = format!("{key}.");
    let top = level.base.is_empty();
    if top && ENVIRONMENT.iter().any(|s| s.key == key || s.key.starts_with(&table)) {
        return Some((format!("environment.{key}"), "write it below an [[environment]]".into()));
    }
    // By the name of the variable of an existing deployment.
    let variable = VARIABLES.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, key)| *key);
    let end_of =
        |s: &&Setting<T>| s.key == key || variable == Some(&*s.key) || s.key.rsplit('.').next() == Some(key);
    if let Some(setting) = level.settings.iter().find(end_of) {
        let place = level.base.trim_end_matches('.');
        let place = if place.is_empty() { "the top level" } else { place };
        return Some((setting.key.to_string(), format!("write {} in {place}, or remove it", setting.key)));
    }
    let known = !top && ROOT.iter().any(|s| s.key == key || s.key.starts_with(&table));
    known.then(|| (key.to_owned(), "move it to the top level, above the first [[environment]]".into()))
}

/// The names that may stand directly inside a level.
fn names_in<'a, T>(settings: &'a [Setting<T>], inside: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for rest in settings.iter().filter_map(|s| s.key.strip_prefix(inside)) {
        let name = rest.split('.').next().unwrap_or(rest);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
