//! What the terminal's title says: where it is, and what should be known of it while nobody looks at the screen.

use crate::app::state::State;
use crate::language::{self, say};

use super::Ui;
use super::proposal::{severity, waiting};
use super::text::printable;
use super::view::View;

/// Characters of a title: as many as a list of windows shows.
const LONGEST: usize = 80;

impl Ui {
    /// The title: harmless, short, and the same while nothing that matters changes.
    pub fn title(&self, state: &State) -> String {
        language::within(self.language, || self.titled(state))
    }

    fn titled(&self, state: &State) -> String {
        let view = View::new(state, &self.look, &self.derived);
        let changes = &view.env.changes;
        let mut out = vec![format!("miharu {}", view.env.info.name)];
        if changes.brakes.veto.is_some() {
            out.push(say("AUTO IS ABOUT TO ACT").into_owned());
        } else if changes.brakes.armed {
            out.push(say("AUTO ARMED").into_owned());
        }
        if let Some((n, first)) = waiting(&view) {
            let words = format!("{n} to decide ({})", severity(first.recommendation.severity).1);
            out.push(say(words).into_owned());
        }
        if changes.in_flight.is_some() {
            out.push(say("change in flight").into_owned());
        }
        let _manner = self.audience.manner.enter();
        printable(&out.join(" - ")).chars().take(LONGEST).collect()
    }
}
