//! What went through the door: for the tests that hold a translation to be complete. Off, it costs nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// What was said and drawn while [`listen`] was at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Words for which the language has no message.
    pub untranslated: BTreeSet<String>,
    /// Values that were put into a message as they are: the message, the number of the hole, the value.
    pub kept: BTreeSet<(String, usize, String)>,
    /// Messages that were used, by key.
    pub used: BTreeSet<String>,
    /// Texts in which nothing but numbers was filled in.
    pub labels: BTreeSet<String>,
    /// Texts that did not fit, with the columns they had.
    pub cut: BTreeSet<(String, usize)>,
}

thread_local! {
    static HEARD: RefCell<Option<Heard>> = const { RefCell::new(None) };
}

/// Runs `work` and tells what was said in it on this thread.
pub fn listen<R>(work: impl FnOnce() -> R) -> (R, Heard) {
    HEARD.set(Some(Heard::default()));
    let result = work();
    (result, HEARD.take().unwrap_or_default())
}

pub(super) fn listening() -> bool {
    HEARD.with_borrow(Option::is_some)
}

/// Runs `work` without noting what it says: a try.
pub(super) fn quietly<R>(work: impl FnOnce() -> R) -> R {
    let heard = HEARD.take();
    let result = work();
    HEARD.set(heard);
    result
}

fn note(write: impl FnOnce(&mut Heard)) {
    HEARD.with_borrow_mut(|heard| {
        if let Some(heard) = heard {
            write(heard);
        }
    });
}

pub(super) fn untranslated(text: &str) {
    note(|heard| _ = heard.untranslated.insert(text.to_owned()));
}

pub(super) fn label(text: &str) {
    note(|heard| _ = heard.labels.insert(text.to_owned()));
}

pub(super) fn used(key: &str) {
    note(|heard| _ = heard.used.insert(key.to_owned()));
}

pub(super) fn hole(key: &str, index: usize, value: &str) {
    note(|heard| _ = heard.kept.insert((key.to_owned(), index, value.to_owned())));
}

/// Notes that a text was cut to so many columns.
pub fn cut(text: &str, columns: usize) {
    note(|heard| _ = heard.cut.insert((text.to_owned(), columns)));
}
