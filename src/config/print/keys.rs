//! `miharu print keys`: a keymap as a Markdown table.

use std::fmt::Write as _;

use crate::app::action::Action;
use crate::config::keymap::Keymap;

/// Action, keys and what it does, in the order of help.
pub fn keys(keymap: &Keymap) -> String {
    let mut out = String::from("| action | keys | does |\n| --- | --- | --- |\n");
    for (action, name, does) in Action::ALL {
        let shown = |key: String| format!("`{}`", key.replace('|', "\\|"));
        let keys: Vec<String> = keymap.keys_of(*action).into_iter().map(shown).collect();
        let keys = if keys.is_empty() { "palette only".into() } else { keys.join(", ") };
        _ = writeln!(out, "| {name} | {keys} | {does} |");
    }
    out
}
