//! `miharu print theme`: a theme as the file that it could be.

use std::fmt::Write as _;

use crate::config::theme::{Role, Theme};

/// The complete theme as TOML, without `extends`: a start for a theme of one's own.
pub fn theme(theme: &Theme) -> String {
    let description = toml::Value::from(theme.description.as_str());
    let mut out = format!("description = {description}\nlight = {}\n\n[roles]\n", theme.light);
    for (role, name) in Role::ALL {
        let style = theme.role(*role);
        let colours = [("fg", style.fg), ("bg", style.bg)];
        let switches = [
            ("bold", style.bold),
            ("dim", style.dim),
            ("reverse", style.reverse),
            ("underline", style.underline),
        ];
        let parts: Vec<String> = colours
            .into_iter()
            .filter_map(|(key, colour)| Some(format!("{key} = \"{}\"", colour?.name())))
            .chain(switches.into_iter().filter(|(_, on)| *on).map(|(key, _)| format!("{key} = true")))
            .collect();
        let body = if parts.is_empty() { "{}".into() } else { format!("{{ {} }}", parts.join(", ")) };
        _ = writeln!(out, "{name} = {body}");
    }
    out
}
