//! How long the credentials of an environment's calls last, and a sign-in that gives new ones. No secret is here.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A sign-in needs a person, who is to know so long before.
pub const SIGN_IN_AHEAD: TimeDelta = TimeDelta::minutes(30);
/// Keys are renewed by themselves; that they were not so long before their end says that it fails.
pub const RENEWED_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// What is known of the credentials that sign calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// When the keys end; `None`: they do not, or nothing says when.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why they could not be renewed when that was tried last.
    pub renewal_failed: Option<String>,
    /// The sign-in at IAM Identity Center that they come from; `None`: they come from elsewhere.
    pub session: Option<Session>,
}

/// A sign-in at IAM Identity Center, as its file in `~/.aws/sso/cache` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Name of the `sso-session`, or the start URL where the profile has none.
    pub name: String,
    /// When it ends; `None`: nobody has signed in yet, or the file cannot be read.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether the SDK can renew it without a person.
    pub renews: bool,
}

/// What an operator should know of the credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matter {
    /// The sign-in ends then; a person is needed.
    SessionEnds(DateTime<Utc>),
    /// It has ended, or there is none.
    SessionOver,
    /// The keys end then, and renewing them has failed.
    KeysEnd(DateTime<Utc>),
    /// The keys have ended.
    KeysOver,
}

impl Credentials {
    /// What matters now; `None`: nothing does.
    pub fn matter(&self, now: DateTime<Utc>) -> Option<Matter> {
        if self.expires_at.is_some_and(|at| at <= now) {
            return Some(Matter::KeysOver);
        }
        if let Some(session) = &self.session {
            // The SDK renews a session within its last five minutes, when it is used.
            let ahead = if session.renews { RENEWED_AHEAD / 2 } else { SIGN_IN_AHEAD };
            match session.expires_at {
                None => return Some(Matter::SessionOver),
                Some(at) if at <= now => return Some(Matter::SessionOver),
                Some(at) if at - now <= ahead => return Some(Matter::SessionEnds(at)),
                Some(_) => {}
            }
        }
        let at = self.expires_at.filter(|at| *at - now <= RENEWED_AHEAD)?;
        self.renewal_failed.is_some().then_some(Matter::KeysEnd(at))
    }
}

/// What a person is shown to sign in by device code (RFC 8628).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The code that the page shows or asks for.
    pub user_code: String,
    /// The page.
    pub page: String,
    /// The page with the code in its address.
    pub page_with_code: String,
    /// When the code ends.
    pub expires_at: DateTime<Utc>,
    /// How often it may be asked whether it was confirmed.
    pub every: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minutes * 60, 0).unwrap()
    }

    fn session(expires: Option<i64>, renews: bool) -> Session {
        Session { name: "corp".into(), expires_at: expires.map(at), renews }
    }

    #[test]
    fn what_needs_a_person_is_told_half_an_hour_ahead_and_what_renews_itself_when_that_fails() {
        let failed = || Some("no answer".to_owned());
        for (keys, failed, session, matter) in [
            (None, None, None, None),
            (Some(60), None, None, None),
            // Nobody has tried yet, or the provider gives the same keys until their last minutes.
            (Some(4), None, None, None),
            (Some(4), failed(), None, Some(Matter::KeysEnd(at(4)))),
            (Some(6), failed(), None, None),
            (Some(0), None, None, Some(Matter::KeysOver)),
            (Some(60), None, Some(session(Some(31), false)), None),
            (Some(60), None, Some(session(Some(30), false)), Some(Matter::SessionEnds(at(30)))),
            (Some(60), None, Some(session(Some(30), true)), None),
            (Some(60), None, Some(session(Some(2), true)), Some(Matter::SessionEnds(at(2)))),
            (Some(60), None, Some(session(Some(0), false)), Some(Matter::SessionOver)),
            (Some(60), None, Some(session(None, false)), Some(Matter::SessionOver)),
            (Some(-1), failed(), Some(session(Some(-1), false)), Some(Matter::KeysOver)),
        ] {
            let credentials = Credentials { expires_at: keys.map(at), renewal_failed: failed, session };
            assert_eq!(credentials.matter(at(0)), matter, "{credentials:?}");
        }
    }
}
