//! Walks a table of a file by a table of settings.

use std::ops::Range;

use toml_edit::TableLike;

use super::document::Document;
use super::error::{Mistake, Wrong, nearest};
use super::field::Setting;
use super::raw::Raw;
use super::report::{Given, Report};

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
            if let Some(setting) = level.settings.iter().find(|s| s.key == path) {
                let given = Given {
                    at: self.document.at_value(table, key),
                    raw: Raw::Item(item),
                    written: self.document.written(item),
                };
                self.report.take(setting, target, shown, given);
            } else if level.settings.iter().any(|s| s.key.starts_with(&deeper)) {
                let Some(inner) = item.as_table_like() else {
                    let names = names_in(level.settings, &deeper);
                    let wrong =
                        Wrong::new(format!("a table with {}", super::error::any_of(names.iter().copied())))
                            .remedy(format!("write it as a table: {key} = {{ … }} or [{path}]"));
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
        // The right name at the wrong level is as common a slip as a wrong letter.
        let elsewhere = level
            .settings
            .iter()
            .filter(|s| s.key.rsplit('.').next() == Some(key))
            .map(|s| s.key.as_ref())
            .next();
        let near = elsewhere.map(str::to_owned).or_else(|| nearest(key, names.iter().copied()));
        let remedy = match &near {
            Some(near) => format!("write {near}, or remove it"),
            None => "remove it; `miharu print schema` lists every key".into(),
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
