//! Keymaps are data: which chords mean which action, where.

use crate::app::action::Action;

/// One key with modifiers in canonical spelling: `q`, `G`, `ctrl-x`, `esc`, `pgdn`, `space`, `?`.
///
/// Canonical means: lower-case names, modifiers in the order ctrl-alt-shift, a printable character stands for
/// itself with shift already applied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chord(pub String);

/// Where a binding holds. The innermost context that binds a chord wins; `Global` is the outermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Everywhere but in a text field.
    Global,
    /// Tables: the focused panel has rows.
    Table,
    /// The logs screen.
    Logs,
    /// A list on the logs screen: filters, patterns, bookmarks, fields of a line.
    LogList,
    /// An open overlay that scrolls: detail, raw record, help, errors.
    Overlay,
    /// A text field: palette, filter. Characters without a binding are text.
    Input,
}

impl Context {
    /// All contexts with their names in keymap files.
    pub const ALL: &[(Self, &str)] = &[
        (Self::Global, "global"),
        (Self::Table, "table"),
        (Self::Logs, "logs"),
        (Self::LogList, "log-list"),
        (Self::Overlay, "overlay"),
        (Self::Input, "input"),
    ];
}

/// One line of a keymap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Where.
    pub context: Context,
    /// The chords, typed one after the other.
    pub on: Vec<Chord>,
    /// What it means.
    pub run: Action,
}

/// A keymap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// Its name, the file's name without `.toml`.
    pub name: String,
    /// One line for the list.
    pub description: String,
    /// In the order of the file.
    pub bindings: Vec<Binding>,
}

/// What typed chords lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// A complete binding.
    Action(Action),
    /// The beginning of one or more.
    Prefix,
    /// Nothing.
    None,
}

impl Keymap {
    /// What `typed` means in `contexts` (innermost first).
    pub fn resolve(&self, contexts: &[Context], typed: &[Chord]) -> Resolution {
        for context in contexts {
            let mut prefix = false;
            for binding in self.bindings.iter().filter(|b| b.context == *context) {
                if binding.on == typed {
                    return Resolution::Action(binding.run);
                }
                prefix |= binding.on.len() > typed.len() && binding.on.starts_with(typed);
            }
            if prefix {
                return Resolution::Prefix;
            }
        }
        Resolution::None
    }

    /// What may follow `typed`, the beginning of one or more bindings in `contexts` (innermost first): the chords
    /// that are missing, and what they lead to, in the order of the file.
    pub fn following(&self, contexts: &[Context], typed: &[Chord]) -> Vec<(String, Action)> {
        let longer = |context: &Context| -> Vec<(&[Chord], Action)> {
            let here = self.bindings.iter().filter(|b| b.context == *context);
            let longer = here.filter(|b| b.on.len() > typed.len() && b.on.starts_with(typed));
            longer.map(|b| (b.on.get(typed.len()..).unwrap_or_default(), b.run)).collect()
        };
        // As in `resolve`: the innermost context that has one has them all.
        let found = contexts.iter().map(longer).find(|found| !found.is_empty());
        let words = |(rest, run): (&[Chord], Action)| {
            (rest.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(" "), run)
        };
        found.unwrap_or_default().into_iter().map(words).collect()
    }

    /// The keys of an action as help shows them (`g g`), the first binding first, each once.
    pub fn keys_of(&self, action: Action) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for binding in self.bindings.iter().filter(|b| b.run == action) {
            let keys = binding.on.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(" ");
            if !all.contains(&keys) {
                all.push(keys);
            }
        }
        all
    }
}
