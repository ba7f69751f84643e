//! `miharu print keys`: a keymap as a Markdown table.

use std::fmt::Write as _;

use crate::app::action::Action;
use crate::config::keymap::Keymap;

/// Action, keys and what it does, in the order of help.
pub fn keys(keymap: &Keymap) -> String {
    let mut out = String::from("| action | keys | does |\n| --- | --- | --- |\n");
    for (action, name, does) in Action::ALL {
        let mut keys: Vec<String> = Vec::new();
        for key in keymap.keys_of(*action) {
            let key = format!("`{}`", key.replace('|', "\\|"));
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let keys = if keys.is_empty() { "palette only".into() } else { keys.join(", ") };
        _ = writeln!(out, "| {name} | {keys} | {does} |");
    }
    out
}
