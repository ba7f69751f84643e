//! The state and what changes in it as lines of text, for screen readers, pipes and logs: the same facts as the
//! screens, each told once when it begins, when it changes and when it ends, the important words first.
//!
//! Pure: what was told is remembered here, the time is the state's.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::app::state::{EnvironmentState, State};
use crate::config::theme::Theme;
use crate::language::say;

use super::canvas::Look;
use super::derived::Derived;
use super::findings::Level;
use super::glyphs::Glyphs;
use super::styles::Styles;
use super::text::printable;
use super::view::View;

mod happened;
mod standing;
mod summary;

use standing::Standing;

/// The state is told without the sources that have not answered within this time.
const PATIENCE: TimeDelta = TimeDelta::seconds(10);

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// How things stand at the start.
    State,
    /// Something begins that lasts.
    Begins,
    /// It is different from what was told.
    Changes,
    /// It is over.
    Ends,
    /// Something happened.
    Happened,
    /// Nothing did, and this still watches.
    Alive,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct News {
    /// When, by the environment's clock.
    pub at: DateTime<Utc>,
    /// Environment's name.
    pub environment: String,
    /// What it is about.
    pub event: Kind,
    /// How urgent; `None` where it is no matter of urgency.
    pub level: Option<Level>,
    /// What it belongs to: the same from beginning to end.
    pub key: String,
    /// In words, as they came from outside.
    pub text: String,
}

impl News {
    /// The line for people, in their language: the words first, then where and when; harmless.
    pub fn line(&self) -> String {
        let time = self.at.format("%H:%M:%S UTC");
        printable(&format!("{} [{} {time}]", say(self.text.as_str()), self.environment)).into_owned()
    }
}

/// What was told of something that lasts.
struct Said {
    level: Level,
    mark: String,
    over: String,
    settle: TimeDelta,
    /// When it was told.
    at: DateTime<Utc>,
    /// When it was last as it was told.
    held: DateTime<Utc>,
    /// Since when it is not there any more; it may come back before its end is told.
    missing: Option<DateTime<Utc>>,
}

/// What was told of an environment.
#[derive(Default)]
struct Told {
    /// The state was told.
    introduced: bool,
    standing: BTreeMap<String, Said>,
    seen: Seen,
}

/// What was there when it was looked last.
#[derive(Default)]
struct Seen {
    /// Tasks that have stopped.
    stopped: BTreeSet<String>,
    /// Tasks wanted.
    desired: Option<u32>,
    /// State by mount target.
    targets: Option<BTreeMap<String, String>>,
    /// Version of the published list.
    list: Option<i64>,
    /// Entries of the journal up to this position.
    entry: i64,
}

/// Tells what changes in the environments of a state.
pub struct Linear {
    look: Look,
    began: DateTime<Utc>,
    told: Vec<(Derived, Told)>,
    /// When the last line was told.
    last: DateTime<Utc>,
}

impl Linear {
    /// Nothing is told yet.
    pub fn new(state: &State) -> Self {
        let none = Theme {
            name: String::new(),
            description: String::new(),
            light: false,
            roles: BTreeMap::default(),
        };
        Self {
            look: Look { styles: Styles::new(&none), glyphs: Glyphs::ASCII },
            began: state.now,
            told: state.environments.iter().map(|_| Default::default()).collect(),
            last: state.now,
        }
    }

    /// Whether the state of every environment was told.
    pub fn introduced(&self) -> bool {
        self.told.iter().all(|(_, told)| told.introduced)
    }

    /// What is new, the most urgent first. An environment's state is told once all its sources were asked.
    pub fn news(&mut self, state: &State) -> Vec<News> {
        let mut out = Vec::new();
        let waited = state.now - self.began >= state.felt(PATIENCE);
        for (env, (derived, told)) in state.environments.iter().zip(&mut self.told) {
            let view = view(state, env, derived, &self.look);
            let mut teller = Teller { view: &view, began: self.began, out: &mut out };
            if told.introduced {
                told.news(&mut teller);
            } else if waited || summary::complete(&view) {
                told.introduce(&mut teller);
            }
        }
        if !out.is_empty() {
            self.last = state.now;
        }
        out
    }

    /// That nothing is new, once nothing has been for `every`.
    pub fn alive(&mut self, state: &State, every: TimeDelta) -> Vec<News> {
        let quiet = state.now - self.last;
        if quiet < every || !self.introduced() {
            return Vec::new();
        }
        self.last = state.now;
        let mut out = Vec::new();
        for (env, (derived, told)) in state.environments.iter().zip(&mut self.told) {
            let view = view(state, env, derived, &self.look);
            let matter = told.standing.values().filter(|s| s.level < Level::Low).count();
            let text = format!("{} {}", summary::alive(&view, quiet), summary::matter(matter));
            Teller { view: &view, began: self.began, out: &mut out }.tell(
                Kind::Alive,
                None,
                "watch/alive",
                text,
            );
        }
        out
    }
}

/// One environment, whichever is focused.
fn view<'v>(
    state: &'v State,
    env: &'v EnvironmentState,
    derived: &'v mut Derived,
    look: &'v Look,
) -> View<'v> {
    derived.refresh_for(env, state.now, None);
    View::of(state, env, look, derived)
}

/// A task of the program ended that should not have.
pub fn died(state: &State, name: &str, why: &str) -> News {
    News {
        at: state.now,
        environment: state.shown().info.name.clone(),
        event: Kind::Happened,
        level: Some(Level::High),
        key: format!("program/{name}"),
        text: format!("HIGH: {name} ended: {why}. What it showed goes stale; restart miharu to get it back."),
    }
}

/// Makes lines about one environment.
struct Teller<'a, 'v> {
    view: &'a View<'v>,
    /// Since when this watches.
    began: DateTime<Utc>,
    out: &'a mut Vec<News>,
}

impl Teller<'_, '_> {
    fn tell(&mut self, event: Kind, level: Option<Level>, key: &str, text: String) {
        self.out.push(News {
            at: self.view.now,
            environment: self.view.env.info.name.clone(),
            event,
            level,
            key: key.to_owned(),
            text,
        });
    }
}

impl Told {
    /// Tells how things stand, and takes it for told.
    fn introduce(&mut self, teller: &mut Teller<'_, '_>) {
        self.introduced = true;
        self.seen.look(teller.view);
        for text in summary::sentences(teller.view) {
            teller.tell(Kind::State, None, "state", text);
        }
        let all = standing::all(teller.view);
        let matter = all.iter().filter(|s| s.level < Level::Low).count();
        teller.tell(Kind::State, None, "state", summary::matter(matter));
        for standing in all {
            if !standing.usual {
                teller.tell(Kind::State, Some(standing.level), &standing.key, standing.says.clone());
            }
            self.said(standing, teller.view.now);
        }
    }

    fn news(&mut self, teller: &mut Teller<'_, '_>) {
        let (now, state) = (teller.view.now, teller.view.state);
        let felt = |time| state.felt(time);
        let all = standing::all(teller.view);
        self.end(&all, teller);
        for standing in all {
            let event = match self.standing.get_mut(&standing.key) {
                None => Kind::Begins,
                Some(said) => {
                    said.missing = None;
                    if said.mark == standing.mark {
                        said.held = now;
                        continue;
                    }
                    // Worse is told at once, better once it has stayed so.
                    let sure = standing.level < said.level || now - said.held >= felt(standing.settle);
                    if !sure || now - said.at < felt(standing.pace) {
                        continue;
                    }
                    Kind::Changes
                }
            };
            teller.tell(event, Some(standing.level), &standing.key, standing.says.clone());
            self.said(standing, now);
        }
        self.seen.changes(teller);
    }

    fn said(&mut self, standing: Standing, now: DateTime<Utc>) {
        let Standing { key, level, mark, over, settle, .. } = standing;
        self.standing.insert(key, Said { level, mark, over, settle, at: now, held: now, missing: None });
    }

    /// Tells what is over, and has been for as long as it takes to be sure.
    fn end(&mut self, all: &[Standing], teller: &mut Teller<'_, '_>) {
        let (now, state) = (teller.view.now, teller.view.state);
        self.standing.retain(|key, said| {
            if all.iter().any(|s| s.key == *key) {
                return true;
            }
            let since = *said.missing.get_or_insert(now);
            if now - since < state.felt(said.settle) {
                return true;
            }
            if !said.over.is_empty() {
                teller.tell(Kind::Ends, None, key, said.over.clone());
            }
            false
        });
    }
}
