//! Signing in: the page and the code, big and clear, or what came of it. It never opens a browser: the one that
//! this terminal is far away from is another machine's.

use std::borrow::Cow;

use crate::app::login::Login;
use crate::config::theme::Role;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::text;
use crate::ui::view::View;

/// The page's address with the code, for the clipboard.
pub fn address(view: &View<'_>) -> Option<String> {
    match &view.env.login {
        Some(Login::Waiting(device)) => Some(device.page_with_code.clone()),
        _ => None,
    }
}

/// What is shown.
pub fn lines(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    let mut out = Lines { out: Vec::new(), width };
    match &view.env.login {
        None | Some(Login::Beginning) => out.say(Role::Text, "Asking IAM Identity Center for a code."),
        Some(Login::Waiting(device)) => {
            out.say(Role::Text, "Open this page on any device and sign in there:");
            out.blank();
            out.say(Role::Key, &device.page_with_code);
            out.blank();
            out.say(Role::Text, "It shows this code, or asks for it. Confirm only this one:");
            out.blank();
            let code: String = device.user_code.chars().flat_map(|c| [c, ' ']).collect();
            let code = format!("  {}  ", text::printable(code.trim_end()));
            let margin = width.saturating_sub(text::width(&code)) / 2;
            out.out.push(Line::new().text(" ".repeat(margin)).add(Role::Selection, code));
            out.blank();
            let left = units::age_step(device.expires_at - view.now);
            out.say(Role::Muted, &format!("Waiting for the confirmation. The code ends in {left}."));
            out.say(
                Role::Muted,
                "The console goes on behind this. Closing this stops waiting; showing another screen does not.",
            );
        }
        Some(Login::Done(until)) => {
            let until = until.format("%Y-%m-%d %H:%M UTC");
            out.say(Role::Ok, &format!("Signed in until {until}. Every source is asked anew."));
        }
        Some(Login::Denied) => out.nothing("Not signed in: it was denied on the page."),
        Some(Login::Lapsed) => out.nothing("Not signed in: the code has ended before it was confirmed."),
        Some(Login::Failed(why)) => out.nothing(&format!("Not signed in: {why}.")),
    }
    out.out
}

struct Lines {
    out: Vec<Line<'static>>,
    width: usize,
}

impl Lines {
    fn say(&mut self, role: Role, words: &str) {
        let words: Cow<'_, str> = text::printable(words);
        for line in text::wrap(&words, self.width) {
            self.out.push(Line::new().add(role, line));
        }
    }

    /// Why nothing came of it, and what can be done.
    fn nothing(&mut self, why: &str) {
        self.say(Role::Bad, why);
        self.blank();
        self.say(
            Role::Muted,
            "Close this and sign in again, or elsewhere with: aws sso login. Credentials of elsewhere are picked up by themselves.",
        );
    }

    fn blank(&mut self) {
        self.out.push(Line::new());
    }
}
