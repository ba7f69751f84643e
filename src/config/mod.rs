//! Floor 2: settings, themes and keymaps: data from files, variables and flags, checked before anything starts.

pub mod keymap;
pub mod model;
pub mod theme;
