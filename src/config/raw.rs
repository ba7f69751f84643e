//! A value before it is checked: from a file it has a type, from a variable or a flag it is a word.

use toml_edit::{Item, TableLike};

/// A given value.
#[derive(Clone, Copy)]
pub(super) enum Raw<'a> {
    /// From a file.
    Item(&'a Item),
    /// From a variable or a flag.
    Word(&'a str),
}

impl<'a> Raw<'a> {
    /// As text.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Item(item) => item.as_str(),
            Self::Word(word) => Some(word),
        }
    }

    /// As a truth value; of a word `true`, `false`, `1`, `0`.
    pub(super) fn flag(self) -> Option<bool> {
        match self {
            Self::Item(item) => item.as_bool(),
            Self::Word("true" | "1") => Some(true),
            Self::Word("false" | "0") => Some(false),
            Self::Word(_) => None,
        }
    }

    /// As a whole number; `100_000` is one in a word too, as it is in a file.
    pub(super) fn number(self) -> Option<i64> {
        match self {
            Self::Item(item) => item.as_integer(),
            Self::Word(word) => word.replace('_', "").parse().ok(),
        }
    }

    /// As a number that need not be whole.
    pub(super) fn decimal(self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "what no f64 holds is out of every range")]
            Self::Item(item) => item.as_float().or_else(|| item.as_integer().map(|i| i as f64)),
            Self::Word(word) => word.replace('_', "").parse().ok(),
        }
    }

    /// As a list of texts; of a word the parts between commas.
    pub(super) fn list(self) -> Option<Vec<&'a str>> {
        match self {
            Self::Item(item) => item.as_array()?.iter().map(toml_edit::Value::as_str).collect(),
            Self::Word(word) => Some(word.split(',').map(str::trim).filter(|w| !w.is_empty()).collect()),
        }
    }

    /// As a table.
    pub(super) fn table(self) -> Option<&'a dyn TableLike> {
        match self {
            Self::Item(item) => item.as_table_like(),
            Self::Word(_) => None,
        }
    }
}
