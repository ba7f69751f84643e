//! How far a sign-in is, as it is shown.

use chrono::{DateTime, Utc};

use crate::domain::credentials::Device;

/// A sign-in by device code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// A code is being asked for.
    Beginning,
    /// A person is to confirm this code.
    Waiting(Device),
    /// It was confirmed; the sign-in holds until then.
    Done(DateTime<Utc>),
    /// Somebody said no on the page.
    Denied,
    /// The code ended before anybody confirmed it.
    Lapsed,
    /// Why else it came to nothing.
    Failed(String),
}

impl Login {
    /// Whether it goes on.
    pub fn under_way(&self) -> bool {
        matches!(self, Self::Beginning | Self::Waiting(_))
    }
}
