//! Credentials that end, before they do.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::credentials::{Credentials, Matter};
use crate::domain::units;
use crate::ui::view::View;

use super::{Level, New};

/// So short before the end of a sign-in it is urgent.
const SOON: TimeDelta = TimeDelta::minutes(5);
/// What to do about a sign-in.
const REMEDY: &str =
    "Sign in again here (login in the palette), or with aws sso login; nothing on the screen is lost.";

/// How long something lasts, in steps, so that it does not change with every frame: `25 min`.
pub fn left(until: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match units::age_step(until - now).as_str() {
        "now" | "10 s" | "30 s" => "less than 1 min".to_owned(),
        step => step.to_owned(),
    }
}

pub(super) fn add(view: &View<'_>, new: &mut New<'_>) {
    let Some(credentials) = &view.world.credentials else { return };
    let Some(matter) = credentials.matter(view.now) else { return };
    let (level, title) = title(matter, view.now);
    new.add(level, "credentials", title, detail(matter, credentials, view));
}

/// Urgency and words of what matters.
pub fn title(matter: Matter, now: DateTime<Utc>) -> (Level, String) {
    match matter {
        Matter::SessionEnds(at) => {
            let level = if at - now <= SOON { Level::High } else { Level::Medium };
            (level, format!("sign-in ends in {}", left(at, now)))
        }
        Matter::SessionOver => (Level::High, "sign-in has ended".to_owned()),
        Matter::KeysEnd(at) => (Level::High, format!("credentials end in {}", left(at, now))),
        Matter::KeysOver => (Level::High, "credentials have ended".to_owned()),
    }
}

fn detail(matter: Matter, credentials: &Credentials, view: &View<'_>) -> String {
    let name = credentials.session.as_ref().map(|s| s.name.as_str());
    let failed = credentials.renewal_failed.as_deref().unwrap_or("nothing says why");
    let end = match matter {
        Matter::SessionEnds(at) | Matter::KeysEnd(at) => view.clock(at),
        Matter::SessionOver | Matter::KeysOver => {
            credentials.expires_at.map(|at| view.clock(at)).unwrap_or_default()
        }
    };
    let holds = credentials.expires_at.is_some_and(|at| at > view.now);
    match (matter, name) {
        (Matter::SessionEnds(_), Some(name)) => {
            format!("IAM Identity Center session {name} ends at {end} UTC. {REMEDY}")
        }
        (Matter::SessionOver, Some(name)) if holds => format!(
            "IAM Identity Center session {name} has ended; keys that it gave hold until {end} UTC. {REMEDY}"
        ),
        (Matter::SessionOver, Some(name)) => {
            format!("IAM Identity Center session {name} has ended. {REMEDY}")
        }
        (Matter::KeysOver, Some(name)) => {
            format!("Keys of IAM Identity Center session {name} have ended, and calls are refused. {REMEDY}")
        }
        (Matter::KeysEnd(_), Some(_)) => {
            format!("They end at {end} UTC and could not be renewed: {failed}. {REMEDY}")
        }
        (Matter::KeysEnd(_) | Matter::SessionEnds(_), None) => format!(
            "They end at {end} UTC and could not be renewed: {failed}. Log in again where they come from; miharu picks new ones up by itself."
        ),
        (Matter::KeysOver | Matter::SessionOver, None) => format!(
            "They could not be renewed: {failed}. Log in again where they come from; miharu picks new ones up by itself."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_move_in_steps_and_grow_urgent() {
        let now = DateTime::UNIX_EPOCH;
        let at = |minutes: i64| now + TimeDelta::seconds(minutes * 60 + 30);
        for (matter, wanted) in [
            (Matter::SessionEnds(at(29)), (Level::Medium, "sign-in ends in 25 min")),
            (Matter::SessionEnds(at(4)), (Level::High, "sign-in ends in 4 min")),
            (Matter::SessionEnds(at(0)), (Level::High, "sign-in ends in less than 1 min")),
            (Matter::SessionOver, (Level::High, "sign-in has ended")),
            (Matter::KeysEnd(at(2)), (Level::High, "credentials end in 2 min")),
            (Matter::KeysOver, (Level::High, "credentials have ended")),
        ] {
            assert_eq!(title(matter, now), (wanted.0, wanted.1.to_owned()));
        }
    }
}
