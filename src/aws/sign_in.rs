//! Where credentials come from, as a port: how long they last, and a sign-in of a person at IAM Identity Center by
//! device code. It changes nothing in any account.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::Answer;
use crate::domain::credentials::{Credentials, Device};

/// What became of a device code so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has confirmed it yet.
    Pending,
    /// Nobody has, and it is to be asked less often: every 5 s more (RFC 8628, 3.5).
    SlowDown,
    /// It was confirmed: the sign-in is written down for all programs of this user, and holds until then.
    Granted(DateTime<Utc>),
    /// The person said no.
    Denied,
    /// The code has ended.
    Expired,
}

/// A device code that waits for its confirmation. It holds secrets, which it never shows.
#[async_trait]
pub trait Attempt: Send {
    /// Asks once whether it was confirmed.
    async fn ask(&mut self) -> Answer<Standing>;
}

/// Credentials of one environment.
#[async_trait]
pub trait SignIn: Send + Sync {
    /// What is known of them now. Renews them in their last minutes, as a call would.
    async fn credentials(&self) -> Credentials;
    /// Gets a device code.
    ///
    /// # Errors
    /// Also where the environment's credentials do not come from IAM Identity Center.
    async fn begin(&self) -> Answer<(Device, Box<dyn Attempt>)>;
}
