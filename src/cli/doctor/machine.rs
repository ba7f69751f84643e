//! What miharu goes by on this machine: files, theme, keymap, terminal.

use std::path::Path;

use crate::config::terminal::Terminal;
use crate::config::{ColourDepth, Inputs, Loaded, Origin};

use super::Check;
use crate::cli::Look;

/// Checks that need no network.
pub(super) fn checks(loaded: &Loaded, inputs: &Inputs) -> Vec<Check> {
    let config = &loaded.config;
    vec![
        Check::ok("config", file(loaded)),
        Check::ok("theme", format!("{} ({})", config.theme, given(loaded.origin("theme")))),
        Check::ok("keymap", format!("{} ({})", config.keymap, given(loaded.origin("keymap")))),
        Check::ok("colours", colours(inputs)),
        Check::ok("text", text(inputs)),
    ]
}

fn file(loaded: &Loaded) -> String {
    match &loaded.file {
        Some(path) => path.display().to_string(),
        None if loaded.config.directory == Path::new("") => {
            "no file, and no home directory to look in".into()
        }
        None => format!("no file; {} was looked for", loaded.config.directory.join("config.toml").display()),
    }
}

fn given(origin: &Origin) -> String {
    match origin {
        Origin::Default => "built in".into(),
        other => other.to_string(),
    }
}

fn colours(inputs: &Inputs) -> String {
    let depth = match Look::depth(inputs) {
        ColourDepth::None => "none, states are told by words and shapes",
        ColourDepth::Sixteen => "16",
        ColourDepth::Palette => "256",
        ColourDepth::True => "24 bits",
    };
    format!("{depth} ({})", set(inputs, &["NO_COLOR", "COLORTERM", "TERM"]))
}

fn text(inputs: &Inputs) -> String {
    let by = set(inputs, &["LC_ALL", "LC_CTYPE", "LANG"]);
    let terminal = Terminal::detect(&inputs.variables);
    if terminal.utf8 && !terminal.console {
        format!("UTF-8 ({by})")
    } else if terminal.utf8 {
        format!("ASCII shapes on the Linux console; --shapes unicode, where its font has more ({by})")
    } else {
        format!("ASCII shapes; a UTF-8 locale such as LANG=C.UTF-8 brings lines and blocks ({by})")
    }
}

/// Those of the variables that are set.
fn set(inputs: &Inputs, names: &[&str]) -> String {
    let set: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name}={}", inputs.variables.get(*name).filter(|v| !v.is_empty())?)))
        .collect();
    if set.is_empty() { format!("{} unset", names.join(", ")) } else { set.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    fn lines(variables: &[(&str, &str)]) -> Vec<String> {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let inputs = Inputs { variables, config_dir: "/home/ops/.config/miharu".into(), ..Inputs::default() };
        let loaded = load(&inputs).unwrap();
        checks(&loaded, &inputs).into_iter().map(|c| format!("{} {}", c.what, c.finding)).collect()
    }

    #[test]
    fn terminal_and_files_are_said_with_what_they_follow_from() {
        assert_eq!(
            lines(&[("TERM", "xterm-256color"), ("LANG", "en_US.UTF-8"), ("MIHARU_THEME", "light")]),
            [
                "config no file; /home/ops/.config/miharu/config.toml was looked for",
                "theme light (variable MIHARU_THEME)",
                "keymap default (built in)",
                "colours 256 (TERM=xterm-256color)",
                "text UTF-8 (LANG=en_US.UTF-8)",
            ]
        );
        let bare = lines(&[("NO_COLOR", "1"), ("TERM", "xterm"), ("LC_ALL", "C")]);
        assert_eq!(bare[3], "colours none, states are told by words and shapes (NO_COLOR=1, TERM=xterm)");
        assert!(bare[4].starts_with("text ASCII shapes") && bare[4].ends_with("(LC_ALL=C)"), "{bare:?}");
    }
}
