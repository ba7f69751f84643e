//! Reads theme files: `description`, `light`, `extends`, and a style for each role in `[roles]`.

use std::collections::BTreeMap;
use std::path::Path;

use toml_edit::{Item, TableLike};

use super::catalog::THEMES;
use super::colour;
use super::document::Document;
use super::error::{ConfigError, Mistake, Origin, Wrong};
use super::report::Report;
use super::theme::{Colour, Role, RoleStyle, Theme};

const KEYS: [&str; 4] = ["description", "light", "extends", "roles"];
const STYLE_KEYS: [&str; 6] = ["fg", "bg", "bold", "dim", "reverse", "underline"];

/// Loads the theme `name`, built in or from `directory`/themes; `at` is where the name was given.
pub(super) fn load(name: &str, directory: &Path, at: &Origin) -> Result<Theme, ConfigError> {
    let files = THEMES.files(name, directory, at)?;
    let mut theme =
        Theme { name: name.to_owned(), description: String::new(), light: false, roles: BTreeMap::new() };
    let mut report = Report::default();
    for document in &files {
        Reader { document, report: &mut report }.file(&mut theme);
    }
    if let Some(top) = files.last().filter(|_| report.mistakes.is_empty()) {
        report.mistakes.extend(incomplete(&theme, top));
    }
    if report.mistakes.is_empty() { Ok(theme) } else { Err(ConfigError { mistakes: report.mistakes }) }
}

fn incomplete(theme: &Theme, top: &Document) -> Option<Mistake> {
    let missing: Vec<&str> =
        Role::ALL.iter().filter(|(role, _)| !theme.roles.contains_key(role)).map(|(_, name)| *name).collect();
    (!missing.is_empty()).then(|| Mistake {
        at: top.at(None),
        key: "roles".into(),
        value: None,
        expected: format!("a style for every role; missing: {}", missing.join(", ")),
        nearest: None,
        remedy: "add them, or begin with extends = \"dark\" to change only what differs".into(),
    })
}

struct Reader<'a> {
    document: &'a Document,
    report: &'a mut Report,
}

impl Reader<'_> {
    fn file(&mut self, theme: &mut Theme) {
        let root = self.document.root();
        for (key, item) in root {
            match (key, item.as_str(), item.as_bool(), item.as_table_like()) {
                ("description", Some(text), ..) => text.clone_into(&mut theme.description),
                ("light", _, Some(light), _) => theme.light = light,
                ("roles", .., Some(roles)) => self.roles(roles, theme),
                ("extends", ..) => {}
                ("description", ..) => self.value(root, key, "", item, Wrong::new("one line of text")),
                ("light", ..) => self.value(root, key, "", item, Wrong::new("true or false")),
                ("roles", ..) => self.value(root, key, "", item, Wrong::new("a table [roles]")),
                _ => self.key(root, key, "", &KEYS),
            }
        }
    }

    fn roles(&mut self, roles: &dyn TableLike, theme: &mut Theme) {
        for (key, item) in roles.iter() {
            let Some((role, _)) = Role::ALL.iter().find(|(_, name)| *name == key) else {
                let names: Vec<&str> = Role::ALL.iter().map(|(_, name)| *name).collect();
                self.key(roles, key, "roles.", &names);
                continue;
            };
            let Some(table) = item.as_table_like() else {
                let wrong = Wrong::new("a style such as { fg = \"#82aaff\", bold = true }");
                self.value(roles, key, "roles.", item, wrong);
                continue;
            };
            let mut style = theme.role(*role);
            self.style(table, &format!("roles.{key}."), &mut style);
            theme.roles.insert(*role, style);
        }
    }

    fn style(&mut self, table: &dyn TableLike, base: &str, style: &mut RoleStyle) {
        for (key, item) in table.iter() {
            let switch = match key {
                "fg" | "bg" => {
                    match colour_of(item) {
                        Ok(colour) if key == "fg" => style.fg = colour,
                        Ok(colour) => style.bg = colour,
                        Err(wrong) => self.value(table, key, base, item, wrong),
                    }
                    continue;
                }
                "bold" => &mut style.bold,
                "dim" => &mut style.dim,
                "reverse" => &mut style.reverse,
                "underline" => &mut style.underline,
                _ => {
                    self.key(table, key, base, &STYLE_KEYS);
                    continue;
                }
            };
            match item.as_bool() {
                Some(on) => *switch = on,
                None => self.value(table, key, base, item, Wrong::new("true or false")),
            }
        }
    }

    fn value(&mut self, table: &dyn TableLike, key: &str, base: &str, item: &Item, wrong: Wrong) {
        let at = self.document.at_value(table, key);
        self.report.wrong(at, format!("{base}{key}"), self.document.written(item), wrong);
    }

    fn key(&mut self, table: &dyn TableLike, key: &str, base: &str, known: &[&str]) {
        let at = self.document.at_key(table, key);
        self.report.unknown_key(at, format!("{base}{key}"), key, known);
    }
}

/// A colour; `default` is the terminal's own.
fn colour_of(item: &Item) -> Result<Option<Colour>, Wrong> {
    if let Some(index) = item.as_integer().and_then(|i| u8::try_from(i).ok()) {
        return Ok(Some(Colour::Indexed(index)));
    }
    let text = item.as_str().unwrap_or_default();
    if text == "default" {
        return Ok(None);
    }
    Colour::parse(text).map(Some).ok_or_else(|| Wrong {
        nearest: super::error::nearest(text, colour::NAMES.into_iter().chain(["default"])),
        ..Wrong::new(
            "a colour: \"#rrggbb\", 0 to 255, \"default\", or a name such as \"red\" or \"bright-black\"",
        )
    })
}
