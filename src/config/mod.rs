//! Floor 2: settings, themes and keymaps: data from files, variables and flags, checked before anything starts.
//!
//! [`load()`] puts the layers together and is pure; [`gather`] is the one place that reads the process. A setting
//! is one line in `settings.rs` and its field in [`model`]; a theme is one file in `themes/`, a keymap one file
//! in `keymaps/`, and neither needs any code. What is wrong becomes a [`ConfigError`] that names the place.

use std::path::Path;

pub mod apply;
mod catalog;
mod chord;
pub mod colour;
mod contradictions;
pub mod datasource;
pub mod deployment;
pub mod depth;
pub(crate) mod document;
pub mod error;
mod expressions;
mod field;
mod file;
mod forms;
mod freeze;
mod inputs;
pub mod journal;
pub mod keymap;
mod keymap_changes;
mod keymap_file;
mod load;
pub mod logs;
pub mod model;
mod prices;
pub mod print;
mod raw;
mod report;
mod settings;
mod settings_policy;
pub mod terminal;
pub mod theme;
mod theme_file;
pub mod variables;
mod walk;

pub use depth::ColourDepth;
pub use error::{ConfigError, Mistake, Origin};
pub use inputs::{CONFIG_VARIABLE, Inputs, Overrides, gather};
pub use load::{Loaded, load};
pub use prices::built_in as built_in_prices;

use keymap::Keymap;
use theme::Theme;

/// Names of all themes, sorted: built in, and in `directory`/themes. An empty directory is none.
pub fn themes(directory: &Path) -> Vec<String> {
    catalog::THEMES.names(directory)
}

/// Names of all keymaps, sorted: built in, and in `directory`/keymaps. An empty directory is none.
pub fn keymaps(directory: &Path) -> Vec<String> {
    catalog::KEYMAPS.names(directory)
}

/// Reads a database in any of the forms in which one is named.
///
/// # Errors
/// What is expected instead, in words that do not repeat the text, which may hold a password.
pub fn datasource(text: &str) -> Result<model::Datasource, String> {
    datasource::parse(text).map_err(|wrong| {
        let remedy = wrong.remedy.map(|remedy| format!("; {remedy}")).unwrap_or_default();
        format!("expected {}{remedy}", wrong.expected)
    })
}

/// The theme of that name.
pub fn theme(name: &str, directory: &Path) -> Result<Theme, ConfigError> {
    theme_file::load(name, directory, &Origin::Default)
}

/// The keymap of that name.
pub fn keymap(name: &str, directory: &Path) -> Result<Keymap, ConfigError> {
    keymap_file::load(name, directory, &Origin::Default)
}
