//! Reads keymap files: `description`, `extends`, and a list `bind` of `{ context, on, run }`.

use std::path::Path;

use toml_edit::{Item, TableLike};

use super::catalog::KEYMAPS;
use super::chord;
use super::document::{Document, tables};
use super::error::{ConfigError, Mistake, Origin, Wrong};
use super::keymap::{Binding, Chord, Context, Keymap, Resolution};
use super::keymap_changes;
use super::report::Report;
use crate::app::action::Action;

/// What takes a binding of the extended keymap away.
const NONE: &str = "none";

/// What has to be reachable, and where (innermost context first): nobody may be locked in.
const REACHABLE: &[(Action, &[Context])] = &[
    (Action::Quit, &[Context::Global]),
    (Action::Quit, &[Context::Table, Context::Global]),
    (Action::Help, &[Context::Global]),
    (Action::Help, &[Context::Table, Context::Global]),
    (Action::Quit, &[Context::LogList, Context::Logs, Context::Global]),
    (Action::Help, &[Context::LogList, Context::Logs, Context::Global]),
    (Action::Back, &[Context::LogList, Context::Logs, Context::Global]),
    (Action::Back, &[Context::Overlay, Context::Global]),
    (Action::Back, &[Context::Input]),
    (Action::Open, &[Context::Input]),
];

struct Entry {
    binding: Binding,
    at: Origin,
    /// How many files lie below its own.
    level: usize,
}

/// Loads the keymap `name`, built in or from `directory`/keymaps; `at` is where the name was given.
pub(super) fn load(name: &str, directory: &Path, at: &Origin) -> Result<Keymap, ConfigError> {
    let files = KEYMAPS.files(name, directory, at)?;
    let mut keymap = Keymap { name: name.to_owned(), description: String::new(), bindings: Vec::new() };
    let mut report = Report::default();
    let mut entries = Vec::new();
    for (level, document) in files.iter().enumerate() {
        Reader { document, report: &mut report, level }.file(&mut keymap, &mut entries);
    }
    prefixes(&entries, &mut report);
    yes_is_apart(&entries, &mut report);
    keymap.bindings = entries.into_iter().map(|e| e.binding).collect();
    if let Some(top) = files.last().filter(|_| report.mistakes.is_empty()) {
        unreachable(&keymap, top, &mut report);
    }
    if report.mistakes.is_empty() { Ok(keymap) } else { Err(ConfigError { mistakes: report.mistakes }) }
}

struct Reader<'a> {
    document: &'a Document,
    report: &'a mut Report,
    level: usize,
}

impl Reader<'_> {
    /// Puts the file's bindings over `entries`: its own come first, so that help shows them first.
    fn file(&mut self, keymap: &mut Keymap, entries: &mut Vec<Entry>) {
        let root = self.document.root();
        let mut own: Vec<Entry> = Vec::new();
        for (key, item) in root {
            match (key, item.as_str()) {
                ("description", Some(text)) => text.clone_into(&mut keymap.description),
                ("description", None) => self.value(root, key, "", item, Wrong::new("one line of text")),
                ("extends", _) => {}
                ("bind", _) => {
                    let Some(binds) = tables(item) else {
                        let wrong =
                            Wrong::new("a list of { context = \"global\", on = \"g g\", run = \"top\" }");
                        self.value(root, key, "", item, wrong);
                        continue;
                    };
                    for (index, (_, bind)) in binds.into_iter().enumerate() {
                        self.bind(bind, index, &mut own, entries);
                    }
                }
                _ => self.key(root, key, "", &["description", "extends", "bind"]),
            }
        }
        own.append(entries);
        *entries = own;
    }

    fn bind(&mut self, bind: &dyn TableLike, index: usize, own: &mut Vec<Entry>, inherited: &mut Vec<Entry>) {
        let base = format!("bind.{index}.");
        let mistakes = self.report.mistakes.len();
        let (mut context, mut on, mut run) = (Context::Global, Vec::new(), None);
        for (key, item) in bind.iter() {
            match key {
                "context" => match context_of(item) {
                    Ok(found) => context = found,
                    Err(wrong) => self.value(bind, key, &base, item, wrong),
                },
                "on" => match chords_of(item) {
                    Ok(found) => on = found,
                    Err(wrong) => self.value(bind, key, &base, item, wrong),
                },
                "run" => match action_of(item) {
                    Ok(found) => run = Some(found),
                    Err(wrong) => self.value(bind, key, &base, item, wrong),
                },
                _ => self.key(bind, key, &base, &["context", "on", "run"]),
            }
        }
        for needed in ["on", "run"] {
            if !bind.contains_key(needed) {
                self.report.mistakes.push(Mistake {
                    at: self.document.at_key(bind, if needed == "on" { "run" } else { "on" }),
                    key: format!("{base}{needed}"),
                    value: None,
                    expected: "a binding with both \"on\" and \"run\"".into(),
                    nearest: None,
                    remedy: format!("add {needed} = \"…\""),
                });
            }
        }
        let Some(run) = run.filter(|_| self.report.mistakes.len() == mistakes) else { return };
        let at = self.document.at_value(bind, "on");
        if let Some(why) = run.and_then(|run| on.iter().find_map(|c| keymap_changes::forbidden(run, c))) {
            let wrong = Wrong::new(why).remedy("choose another key");
            return self.report.wrong(at, format!("{base}on"), Some(shown(&on)), wrong);
        }
        if let Some(first) = own.iter().find(|e| e.binding.context == context && e.binding.on == on) {
            let expected = format!(
                "each chord once in a context; it already means \"{}\" at {}",
                first.binding.run.name(),
                first.at
            );
            let wrong = Wrong::new(expected).remedy("remove one of the two");
            return self.report.wrong(at, format!("{base}on"), Some(shown(&on)), wrong);
        }
        let before = inherited.len();
        inherited.retain(|e| e.binding.context != context || e.binding.on != on);
        match run {
            Some(run) => own.push(Entry { binding: Binding { context, on, run }, at, level: self.level }),
            None if inherited.len() == before => {
                let wrong = Wrong::new("a chord that the extended keymap binds in this context")
                    .remedy("correct the chord or the context, or remove the line");
                self.report.wrong(at, format!("{base}on"), Some(shown(&on)), wrong);
            }
            None => {}
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

fn context_of(item: &Item) -> Result<Context, Wrong> {
    let name = item.as_str().unwrap_or_default();
    let found = Context::ALL.iter().find(|(_, n)| *n == name).map(|(context, _)| *context);
    found.ok_or_else(|| Wrong::one_of(name, Context::ALL.iter().map(|(_, n)| *n)))
}

/// An action; `None` takes a binding away.
fn action_of(item: &Item) -> Result<Option<Action>, Wrong> {
    let name = item.as_str().unwrap_or_default();
    if name == NONE {
        return Ok(None);
    }
    Action::named(name).map(Some).ok_or_else(|| Wrong {
        expected: "an action (`miharu print keys` lists them), or \"none\" to take a binding away".into(),
        ..Wrong::one_of(name, Action::ALL.iter().map(|a| a.1).chain([NONE]))
    })
}

fn chords_of(item: &Item) -> Result<Vec<Chord>, Wrong> {
    let expected = "chords typed one after the other, such as \"g g\", \"ctrl-x\" or [\"space\", \"q\"]";
    let words: Option<Vec<&str>> = match item.as_str() {
        Some(text) => Some(text.split_whitespace().collect()),
        None => item.as_array().and_then(|a| a.iter().map(toml_edit::Value::as_str).collect()),
    };
    let words = words.filter(|w| !w.is_empty()).ok_or_else(|| Wrong::new(expected))?;
    let mut chords = Vec::new();
    for word in words {
        let chord = Chord::parse(word)
            .ok_or_else(|| Wrong { nearest: chord::nearest(word), ..Wrong::new(expected) })?;
        if let Some(why) = chord.taken() {
            return Err(Wrong::new(format!("a key that arrives: {} must not be bound, {why}", chord.0))
                .remedy("choose another key"));
        }
        chords.push(chord);
    }
    Ok(chords)
}

fn shown(on: &[Chord]) -> String {
    format!("\"{}\"", on.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(" "))
}

/// A chord that begins another one of its context hides it. Said at the one that came later.
fn prefixes(entries: &[Entry], report: &mut Report) {
    for short in entries {
        let hidden = entries.iter().find(|long| {
            long.binding.context == short.binding.context
                && long.binding.on.len() > short.binding.on.len()
                && long.binding.on.starts_with(&short.binding.on)
        });
        let Some(long) = hidden else { continue };
        let (here, there, relation) = if long.level > short.level {
            (long, short, "that no other one begins")
        } else {
            (short, long, "that does not begin another one")
        };
        let expected = format!(
            "chords {relation}: {} already means \"{}\" at {}",
            shown(&there.binding.on),
            there.binding.run.name(),
            there.at
        );
        let remedy = "choose other chords for one of the two, or take one away with run = \"none\"";
        let wrong = Wrong::new(expected).remedy(remedy);
        report.wrong(here.at.clone(), "bind.on".into(), Some(shown(&here.binding.on)), wrong);
    }
}

/// Yes has a key of its own. Said at the one that came later.
fn yes_is_apart(entries: &[Entry], report: &mut Report) {
    for yes in entries.iter().filter(|e| e.binding.run == Action::Confirm) {
        let Some(other) = entries.iter().find(|e| keymap_changes::shares_yes(&yes.binding, &e.binding))
        else {
            continue;
        };
        let (here, there) = if other.level > yes.level { (other, yes) } else { (yes, other) };
        let expected = format!(
            "a key of its own for \"confirm\": {} already means \"{}\" at {}",
            shown(&there.binding.on),
            there.binding.run.name(),
            there.at
        );
        let wrong = Wrong::new(expected).remedy("choose another key for one of the two");
        report.wrong(here.at.clone(), "bind.on".into(), Some(shown(&here.binding.on)), wrong);
    }
}

fn unreachable(keymap: &Keymap, top: &Document, report: &mut Report) {
    for (action, contexts) in REACHABLE {
        let typed = |on: &[Chord]| {
            (1..=on.len()).map(|n| keymap.resolve(contexts, on.get(..n).unwrap_or(on))).next_back()
        };
        let reached = keymap
            .bindings
            .iter()
            .any(|b| b.run == *action && typed(&b.on) == Some(Resolution::Action(*action)));
        if !reached {
            let names: Vec<&str> = contexts
                .iter()
                .filter_map(|c| Context::ALL.iter().find(|(context, _)| context == c).map(|(_, n)| *n))
                .collect();
            let place = names.join(" or ");
            report.mistakes.push(Mistake {
                at: top.at(None),
                key: "bind".into(),
                value: None,
                expected: format!("a key for \"{}\" that works in context {place}", action.name()),
                nearest: None,
                remedy: format!(
                    "add {{ context = \"{}\", on = \"…\", run = \"{}\" }}",
                    names.last().unwrap_or(&"global"),
                    action.name()
                ),
            });
            return;
        }
    }
}
