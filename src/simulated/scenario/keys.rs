//! The keys of a scenario file and what each takes. The whole file is held against them before any value is
//! looked at, so that one slip does not hide the next.

use std::ops::Range;

use toml_edit::{Item, TableLike};

use super::error::Place;
use crate::config::document::{Document, tables};
use crate::config::error::nearest;
use crate::config::{Mistake, Origin};

/// What a key takes.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Flag,
    /// Any number.
    Number,
    /// A whole number of this range.
    Whole(i64, i64),
    Table(&'static [Key]),
    Tables(&'static [Key]),
}

/// A key: its name, what it takes, and an example where it has to be there.
type Key = (&'static str, Kind, Option<&'static str>);

const SMALL: Kind = Kind::Whole(0, u32::MAX as i64);
const LARGE: Kind = Kind::Whole(0, i64::MAX);
const CODE: Kind = Kind::Whole(i32::MIN as i64, i32::MAX as i64);

const ROOT: &[Key] = &[
    ("title", Kind::Text, Some("\"A few words\"")),
    ("description", Kind::Text, Some("\"What an operator will see.\"")),
    ("world", Kind::Table(WORLD), None),
    ("load", Kind::Tables(LOAD), None),
    ("at", Kind::Tables(AT), None),
];

const WORLD: &[Key] = &[
    ("zones", Kind::Texts, None),
    ("subnets_a_zone", SMALL, None),
    ("targets", Kind::Texts, None),
    ("service_zones", Kind::Texts, None),
    ("tasks", SMALL, None),
    ("cpu", SMALL, None),
    ("memory", SMALL, None),
    ("mounts_by", Kind::Text, None),
    ("files", LARGE, None),
    ("directories", LARGE, None),
    ("threshold", LARGE, None),
    ("minimum_healthy_percent", SMALL, None),
    ("maximum_percent", SMALL, None),
    ("circuit_breaker", Kind::Flag, None),
    ("rollback", Kind::Flag, None),
    ("throughput_mode", Kind::Text, None),
    ("provisioned_mibps", Kind::Number, None),
    ("burst_credits_gib", Kind::Number, None),
    ("task_ops_per_s", Kind::Number, None),
    ("target_ops_per_s", Kind::Number, None),
    ("wobble", Kind::Number, None),
    ("lambda", Kind::Flag, None),
    ("task_requests_per_s", Kind::Number, None),
    ("original", Kind::Flag, None),
    ("autoscaling", Kind::Table(AUTOSCALING), None),
];

const AUTOSCALING: &[Key] = &[("min", SMALL, Some("2")), ("max", SMALL, Some("10"))];

const LOAD: &[Key] = &[
    ("at", Kind::Text, Some("\"0s\"")),
    ("ramp", Kind::Text, None),
    ("files_per_s", Kind::Number, None),
    ("ops_per_s", Kind::Number, None),
    ("requests_per_s", Kind::Number, None),
];

const AT: &[Key] = &[
    ("after", Kind::Text, Some("\"30s\"")),
    ("do", Kind::Text, Some("\"force-deployment\"")),
    ("zone", Kind::Text, None),
    ("zones", Kind::Texts, None),
    ("tasks", SMALL, None),
    ("value", Kind::Text, None),
    ("exit_code", CODE, None),
    ("reason", Kind::Text, None),
    ("kind", Kind::Text, None),
    ("service", Kind::Text, None),
    ("operation", Kind::Text, None),
    ("share", Kind::Number, None),
    ("seconds", Kind::Number, None),
    ("for", Kind::Text, None),
];

impl Kind {
    fn takes(self, item: &Item) -> bool {
        match self {
            Self::Text => item.is_str(),
            Self::Texts => item.as_array().is_some_and(|a| a.iter().all(toml_edit::Value::is_str)),
            Self::Flag => item.is_bool(),
            Self::Number => item.is_float() || item.is_integer(),
            Self::Whole(from, to) => item.as_integer().is_some_and(|n| (from..=to).contains(&n)),
            Self::Table(_) => item.is_table_like(),
            Self::Tables(_) => tables(item).is_some(),
        }
    }

    fn expects(self) -> String {
        match self {
            Self::Text => "text in quotes".into(),
            Self::Texts => "a list of texts in quotes".into(),
            Self::Flag => "true or false".into(),
            Self::Number => "a number".into(),
            Self::Whole(0, _) => "a whole number, 0 or more".into(),
            Self::Whole(..) => "a whole number".into(),
            Self::Table(keys) => format!("a table with {}", names(keys)),
            Self::Tables(keys) => format!("a list of tables with {}", names(keys)),
        }
    }
}

fn names(keys: &[Key]) -> String {
    keys.iter().map(|k| k.0).collect::<Vec<_>>().join(", ")
}

/// Notes every key that is unknown, of a wrong kind or missing, and gives the text with such entries blanked
/// out, so that the rest can be read and checked at its places.
pub(super) fn check(place: Place<'_>) -> String {
    let mut walk = Walk { place, wrong: Vec::new() };
    walk.table(place.document.root(), None, ROOT, "");
    let mut text = place.text.to_owned();
    for span in walk.wrong {
        let blank: Option<String> = text.get(span.clone()).map(|entry| {
            entry.chars().flat_map(|c| if c == '\n' { vec![c] } else { vec![' '; c.len_utf8()] }).collect()
        });
        if let Some(blank) = blank {
            text.replace_range(span, &blank);
        }
    }
    text
}

struct Walk<'a> {
    place: Place<'a>,
    /// What is blanked out.
    wrong: Vec<Range<usize>>,
}

impl Walk<'_> {
    fn document(&self) -> &Document {
        self.place.document
    }

    fn table(&mut self, table: &dyn TableLike, span: Option<&Range<usize>>, keys: &[Key], path: &str) {
        for (name, item) in table.iter() {
            let Some((_, kind, _)) = keys.iter().find(|k| k.0 == name) else {
                self.unknown(table, name, keys, path);
                continue;
            };
            if !kind.takes(item) {
                let at = self.document().at_value(table, name);
                let value = self.document().written(item);
                let remedy = "correct the value, or remove the line to use the default".into();
                self.note(at, format!("{path}{name}"), (value, kind.expects(), None, remedy));
                self.blank(table, name);
                continue;
            }
            match kind {
                Kind::Table(inner) => {
                    if let Some(table) = item.as_table_like() {
                        let span = item.span();
                        self.table(table, span.as_ref(), inner, &format!("{path}{name}."));
                    }
                }
                Kind::Tables(inner) => {
                    for (span, table) in tables(item).unwrap_or_default() {
                        self.table(table, span.as_ref(), inner, &format!("{path}{name}."));
                    }
                }
                _ => {}
            }
        }
        for (name, kind, example) in keys {
            if let Some(example) = example.filter(|_| !table.contains_key(name)) {
                let at = self.document().at(span.cloned().or(Some(0..0)));
                let key = format!("{path}{name}");
                self.note(at, key, (None, kind.expects(), None, format!("add {name} = {example}")));
            }
        }
    }

    fn unknown(&mut self, table: &dyn TableLike, name: &str, keys: &[Key], path: &str) {
        let near = nearest(name, keys.iter().map(|k| k.0));
        let remedy = match &near {
            Some(near) => format!("write {near}, or remove it"),
            None => "remove it".into(),
        };
        let at = self.document().at_key(table, name);
        let expected = format!("a known key: {}", names(keys));
        self.note(at, format!("{path}{name}"), (None, expected, near, remedy));
        self.blank(table, name);
    }

    fn note(
        &self,
        at: Origin,
        key: String,
        (value, expected, nearest, remedy): (Option<String>, String, Option<String>, String),
    ) {
        self.place.found.borrow_mut().push(Mistake { at, key, value, expected, nearest, remedy });
    }

    /// The text of an entry: from its key to the end of its value; of a table with a header all lines up to the
    /// next header.
    fn blank(&mut self, table: &dyn TableLike, name: &str) {
        let Some(item) = table.get(name) else { return };
        let key = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        let Some(key) = key else { return };
        if item.is_value() {
            self.wrong.push(key.start..item.span().map_or(key.end, |s| s.end));
            return;
        }
        let text = self.place.text;
        let start = text.get(..key.start).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
        let end = text.get(key.end..).and_then(|t| t.find("\n[")).map_or(text.len(), |i| key.end + i);
        self.wrong.push(start..end);
    }
}
