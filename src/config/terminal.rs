//! What the variables tell of the terminal, beside its colours ([`super::depth`]).

use std::collections::BTreeMap;

/// What stands between this program and the terminal, and how a sequence gets through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplexer {
    /// Nothing that is known.
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
    /// One of the two, on another machine: `TERM` came along, the variables that would tell which did not.
    Either,
}

/// What is known of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Text can be placed on it.
    pub places_text: bool,
    /// The locale is a UTF-8 one.
    pub utf8: bool,
    /// It is the Linux console, whose font has a few hundred characters.
    pub console: bool,
    /// It takes a title. The console of older Linux kernels writes it onto the screen instead.
    pub titles: bool,
    /// What it is reached through.
    pub multiplexer: Multiplexer,
}

impl Terminal {
    /// Whether `COLORTERM` is about this terminal: GNU screen hands down that of the terminal around it, and takes
    /// 24-bit colours for other attributes.
    pub fn colorterm_counts(&self) -> bool {
        matches!(self.multiplexer, Multiplexer::None | Multiplexer::Tmux)
    }

    /// Judges by `TERM`, `TMUX`, `STY` and the locale.
    pub fn detect(variables: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| variables.get(name).map(String::as_str).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        let utf8 = locale.is_some_and(|l| l.to_ascii_lowercase().replace('-', "").contains("utf8"));
        let console = term == "linux" || term.starts_with("linux-");
        let multiplexer = if set("TMUX").is_some() || term.starts_with("tmux") {
            Multiplexer::Tmux
        } else if set("STY").is_some() {
            Multiplexer::Screen
        } else if term.starts_with("screen") {
            Multiplexer::Either
        } else {
            Multiplexer::None
        };
        Self {
            places_text: term != "dumb",
            utf8,
            console,
            titles: !console && !term.starts_with("vt"),
            multiplexer,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn of(variables: &[(&str, &str)]) -> Terminal {
        Terminal::detect(&variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[rstest]
    #[case(&[("TERM", "xterm-256color")], Multiplexer::None)]
    #[case(&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux-0/default,1,0")], Multiplexer::Tmux)]
    #[case(&[("TERM", "tmux-256color")], Multiplexer::Tmux)]
    #[case(&[("TERM", "screen"), ("STY", "1.pts")], Multiplexer::Screen)]
    #[case(&[("TERM", "screen.xterm-256color")], Multiplexer::Either)]
    #[case(&[], Multiplexer::None)]
    fn what_is_in_between(#[case] variables: &[(&str, &str)], #[case] expected: Multiplexer) {
        assert_eq!(of(variables).multiplexer, expected);
    }

    #[test]
    fn the_colours_of_the_terminal_around_screen_are_not_those_of_screen() {
        assert!(!of(&[("TERM", "screen"), ("STY", "1.pts")]).colorterm_counts());
        assert!(!of(&[("TERM", "screen.xterm-256color")]).colorterm_counts());
        assert!(of(&[("TERM", "screen-256color"), ("TMUX", "/tmp/tmux-0/default,1,0")]).colorterm_counts());
        assert!(of(&[("TERM", "xterm-256color")]).colorterm_counts());
    }

    #[test]
    fn what_a_terminal_can() {
        let xterm = of(&[("TERM", "xterm"), ("LANG", "ja_JP.UTF-8")]);
        assert!(xterm.places_text && xterm.utf8 && !xterm.console && xterm.titles);
        assert!(!of(&[("TERM", "xterm"), ("LANG", "ja_JP.eucJP")]).utf8);
        assert!(!of(&[("TERM", "xterm"), ("LC_ALL", "C"), ("LANG", "C.UTF-8")]).utf8);
        let console = of(&[("TERM", "linux"), ("LANG", "C.UTF-8")]);
        assert!(console.places_text && console.utf8 && console.console && !console.titles);
        assert!(of(&[("TERM", "vt100")]).places_text && !of(&[("TERM", "vt100")]).titles);
        assert!(!of(&[("TERM", "dumb")]).places_text);
    }
}
