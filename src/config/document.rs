//! A TOML file with the place of everything in it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Item, Table, TableLike};

use super::error::{Mistake, Origin, redacted};

/// A parsed file.
pub(crate) struct Document {
    path: PathBuf,
    toml: toml_edit::Document<String>,
}

impl Document {
    /// Parses `text`; `path` is only a name. The mistake does not repeat the text: it may hold a password.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Box<Mistake>> {
        match toml_edit::Document::parse(text.to_owned()) {
            Ok(toml) => Ok(Self { path: path.to_owned(), toml }),
            Err(error) => Err(Box::new(Mistake {
                at: Origin::File {
                    path: path.to_owned(),
                    position: Some(position(text, error.span().map_or(text.len(), |s| s.start))),
                },
                key: String::new(),
                value: None,
                expected: format!("TOML ({})", error.message().lines().collect::<Vec<_>>().join("; ")),
                nearest: None,
                remedy: "correct this line; text stands in \"quotes\", a list in [brackets]".into(),
            })),
        }
    }

    /// The top table.
    pub(crate) fn root(&self) -> &Table {
        self.toml.as_table()
    }

    /// The place of a span.
    pub(crate) fn at(&self, span: Option<Range<usize>>) -> Origin {
        Origin::File {
            path: self.path.clone(),
            position: span.map(|span| position(self.toml.raw(), span.start)),
        }
    }

    /// The place of a key of `table`.
    pub(crate) fn at_key(&self, table: &dyn TableLike, key: &str) -> Origin {
        let span = table.key(key).and_then(toml_edit::Key::span);
        self.at(span.or_else(|| table.get(key).and_then(Item::span)))
    }

    /// The place of a value; that of its key where the value has none of its own.
    pub(crate) fn at_value(&self, table: &dyn TableLike, key: &str) -> Origin {
        let span = table.get(key).and_then(Item::span);
        self.at(span.or_else(|| table.key(key).and_then(toml_edit::Key::span)))
    }

    /// A value as it is written, without passwords; for a table only that it is one.
    pub(crate) fn written(&self, item: &Item) -> Option<String> {
        if item.is_table() || item.is_array_of_tables() {
            return Some("a table".into());
        }
        item.span().and_then(|span| self.toml.raw().get(span)).map(redacted)
    }
}

/// A table of a list, with its place.
pub(crate) type Listed<'a> = (Option<Range<usize>>, &'a dyn TableLike);

/// The tables of a list of tables, whichever way it is written; `None` for anything else.
pub(crate) fn tables(item: &Item) -> Option<Vec<Listed<'_>>> {
    if let Some(array) = item.as_array_of_tables() {
        return Some(array.iter().map(|t| (t.span(), t as &dyn TableLike)).collect());
    }
    item.as_array()?
        .iter()
        .map(|value| value.as_inline_table().map(|table| (value.span(), table as &dyn TableLike)))
        .collect()
}

/// Line and column, from 1, of a byte offset. Columns are characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
