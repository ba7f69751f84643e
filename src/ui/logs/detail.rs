//! Everything about one line: when, how late, from where, each member of a JSON object, the text as it is.

use chrono::TimeDelta;

use crate::config::theme::Role;
use crate::domain::log::bookmark::Bookmarks;
use crate::domain::log::filter::{Condition, Query};
use crate::domain::log::json;
use crate::domain::log::level::Level;
use crate::domain::log::line::LineRef;
use crate::domain::units;
use crate::language::say;

use super::lines::level_role;
use super::when::Zone;

/// One fact about a line, in the language of the screen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) label: String,
    pub(super) role: Role,
    pub(super) value: String,
    /// What finds lines that say the same.
    pub(super) alike: Option<Condition>,
}

/// A value from outside.
fn field(label: &str, value: impl Into<String>) -> Field {
    Field { label: say(label).into_owned(), role: Role::Text, value: value.into(), alike: None }
}

/// A value in own words.
fn told(label: &str, role: Role, value: &str) -> Field {
    Field { role, ..field(label, say(value).into_owned()) }
}

/// The facts, the most wanted first.
pub(super) fn fields(line: &LineRef<'_>, bookmarks: &Bookmarks, zone: Zone) -> Vec<Field> {
    let mut out = vec![field("time", zone.exact(line.at()))];
    match bookmarks.get(line.key) {
        None => {}
        Some(bookmark) if bookmark.note.is_empty() => {
            out.push(told("bookmark", Role::Accent, "yes, without a note"));
        }
        Some(bookmark) => out.push(Field { role: Role::Accent, ..field("bookmark", bookmark.note.as_str()) }),
    }
    if line.mark {
        out.push(told("from", Role::Stale, "miharu itself: this is no line of the group"));
        out.push(field("group", &*line.origin.group));
        out.push(field("says", line.text));
        return out;
    }
    if let Some(delay) = line.delay_ms {
        out.push(told("ingested", Role::Text, &ingested(delay)));
    }
    if line.late {
        out.push(told("late", Role::Stale, "came after younger lines of its group were shown"));
    }
    out.push(match line.level {
        Level::Unknown => told("level", Role::Text, "the line names none"),
        level => Field { role: level_role(level), ..field("level", level.word()) },
    });
    out.push(Field {
        alike: Some(Condition::Group(line.origin.group.clone())),
        ..field("group", &*line.origin.group)
    });
    out.push(Field {
        alike: Some(Condition::Stream(line.origin.stream.clone())),
        ..field("stream", &*line.origin.stream)
    });
    if line.redacted {
        out.push(told("redacted", Role::Warn, "something secret was taken out of the text"));
    }
    let members = if line.json { json::fields(line.text) } else { None };
    for (label, value) in members.unwrap_or_default() {
        out.push(Field { alike: member(&label, &value), label, role: Role::Text, value });
    }
    out.push(Field {
        alike: Query::literal(line.text).ok().map(Condition::Text),
        ..field("text", line.text)
    });
    out
}

/// Finds lines whose member has the same value; members within members by what they say.
fn member(name: &str, value: &str) -> Option<Condition> {
    if name.contains('.') {
        return Query::literal(value).ok().map(Condition::Text);
    }
    let query = Query::new(&format!("(?-i:^{}$)", regex::escape(value))).ok()?;
    Some(Condition::Field { name: name.to_owned(), query })
}

/// How long CloudWatch took.
fn ingested(delay_ms: i32) -> String {
    let delay = TimeDelta::milliseconds(delay_ms.into());
    if delay < TimeDelta::zero() {
        return format!("{} before it was logged: clocks differ", millis(-delay));
    }
    format!("{} after it was logged", millis(delay))
}

/// A delay: to the millisecond where it is short.
pub(super) fn millis(delay: TimeDelta) -> String {
    match delay.num_milliseconds() {
        ms if ms < 1_000 => format!("{ms} ms"),
        ms if ms < 10_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => units::duration(TimeDelta::seconds(delay.num_seconds())),
    }
}
