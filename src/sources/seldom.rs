//! Parts of a poll that hardly ever change, and are not read at every one.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::source::Failure;

/// Seldom enough for what hardly changes.
const SELDOM: TimeDelta = TimeDelta::minutes(5);

/// Remembers when such a part was read, of what, and how it failed.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    last: Option<(DateTime<Utc>, Vec<String>)>,
    failure: Option<Failure>,
}

impl Seldom {
    /// Whether it is to be read now: never read, of something else, or long ago.
    pub(super) fn is_due(&self, now: DateTime<Utc>, of: &[String]) -> bool {
        self.last.as_ref().is_none_or(|(at, what)| what != of || now - *at >= SELDOM)
    }

    /// It was read, or not.
    pub(super) fn read(&mut self, now: DateTime<Utc>, of: Vec<String>, failure: Option<Failure>) {
        self.last = Some((now, of));
        self.failure = failure;
    }

    /// How the last read failed: a warning until the next one.
    pub(super) fn warning(&self) -> Option<Failure> {
        self.failure.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::FailureClass;

    #[test]
    fn it_is_due_at_first_after_a_while_and_for_something_else() {
        let at = |s| DateTime::from_timestamp(s, 0).unwrap();
        let (a, b) = (vec!["a".to_owned()], vec!["b".to_owned()]);
        let mut seldom = Seldom::default();
        assert!(seldom.is_due(at(0), &a));
        let failure = Failure::new(FailureClass::Denied, "no");
        seldom.read(at(0), a.clone(), Some(failure.clone()));
        assert_eq!((seldom.is_due(at(299), &a), seldom.warning()), (false, Some(failure)));
        assert!(seldom.is_due(at(300), &a) && seldom.is_due(at(1), &b));
        seldom.read(at(300), a, None);
        assert_eq!(seldom.warning(), None);
    }
}
