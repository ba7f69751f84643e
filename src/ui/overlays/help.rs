//! Keys by group, from the keymap in use, and the words that need an explanation.

use crate::app::action::Action;
use crate::config::keymap::Keymap;
use crate::config::theme::Role;
use crate::language::say;
use crate::ui::canvas::{Line, Look};
use crate::ui::filter;
use crate::ui::text;

const GROUPS: &[(&str, &[Action])] = &[
    (
        "screens",
        &[
            Action::Overview,
            Action::Storage,
            Action::Tasks,
            Action::Impressions,
            Action::Logs,
            Action::Changes,
            Action::Journal,
            Action::NextScreen,
            Action::PreviousScreen,
        ],
    ),
    (
        "move",
        &[
            Action::FocusNext,
            Action::FocusPrevious,
            Action::Up,
            Action::Down,
            Action::Left,
            Action::Right,
            Action::PageUp,
            Action::PageDown,
            Action::Top,
            Action::Bottom,
        ],
    ),
    (
        "look closer",
        &[
            Action::Open,
            Action::Back,
            Action::Raw,
            Action::Copy,
            Action::ServiceEvents,
            Action::Sources,
            Action::Errors,
        ],
    ),
    ("tables", &[Action::Find, Action::Sort, Action::SortReverse, Action::Attention]),
    (
        "logs: read",
        &[
            Action::Follow,
            Action::NextHit,
            Action::PreviousHit,
            Action::NextError,
            Action::PreviousError,
            Action::NextWarning,
            Action::PreviousWarning,
            Action::Earlier,
            Action::Later,
            Action::Wrap,
            Action::LocalTime,
        ],
    ),
    (
        "logs: filter",
        &[
            Action::Include,
            Action::Exclude,
            Action::MinimumLevel,
            Action::Filters,
            Action::Toggle,
            Action::Delete,
            Action::Patterns,
        ],
    ),
    (
        "logs: time",
        &[
            Action::GoToTime,
            Action::LastMinutes,
            Action::FromHere,
            Action::UntilHere,
            Action::AnyTime,
            Action::JournalAt,
            Action::TimelineAt,
            Action::LogsAt,
        ],
    ),
    (
        "logs: keep",
        &[
            Action::Bookmark,
            Action::Note,
            Action::Bookmarks,
            Action::NextBookmark,
            Action::PreviousBookmark,
            Action::SelectLines,
            Action::Export,
        ],
    ),
    ("decide", &[Action::Approve, Action::Reject, Action::Snooze, Action::Confirm]),
    (
        "brakes",
        &[
            Action::Disarm,
            Action::Veto,
            Action::CancelChange,
            Action::RollBack,
            Action::FreezeChanges,
            Action::Arm,
        ],
    ),
    ("data", &[Action::Freeze, Action::PollNow, Action::ShorterSpan, Action::LongerSpan]),
    ("audience", &[Action::Figures, Action::SaveScreen, Action::Mask, Action::ShowKeys]),
    (
        "program",
        &[Action::Login, Action::Environments, Action::Themes, Action::Palette, Action::Help, Action::Quit],
    ),
];

const WORDS: &[(&str, &str)] = &[
    ("fresh", "read within 1.5 poll periods"),
    ("late", "older, up to 2 periods and 5 s; the value is the last one read"),
    ("stale", "older still: shown with its age, never decided on"),
    ("local", "share of a task's file system traffic that stays in its zone"),
    ("old list", "the task started before the published list changed and routes by the former one"),
    ("loss", "acknowledged impressions that are neither in the event log nor in a spool"),
    ("budget", "share of the requests that may fail in the objective's window, and how much of it is left"),
    ("burn", "how many times faster than evenly the budget goes: 1 spends all of it in its window"),
    ("drift", "mount targets, published list and the lists of running tasks differ"),
];

/// The help.
pub fn lines(keymap: &Keymap, width: usize, look: &Look) -> Vec<Line<'static>> {
    let mut out = vec![Line::new().muted(format!("keymap {}: {}", keymap.name, keymap.description))];
    for (name, actions) in GROUPS {
        let bound: Vec<(Action, String)> =
            actions.iter().map(|a| (*a, keys(keymap, *a))).filter(|(_, keys)| !keys.is_empty()).collect();
        if bound.is_empty() {
            continue;
        }
        head(&mut out, name);
        for (action, keys) in bound {
            out.extend(row(&keys, action.description(), width, look));
        }
    }
    head(&mut out, "filter, words combined with and");
    for (form, meaning) in filter::HELP {
        out.extend(row(&say(*form), meaning, width, look));
    }
    head(&mut out, "words");
    for (word, meaning) in WORDS {
        out.extend(row(&say(*word), meaning, width, look));
    }
    out
}

/// The keys of an action, each once although several contexts may bind it.
fn keys(keymap: &Keymap, action: Action) -> String {
    let mut keys: Vec<String> = Vec::new();
    for key in keymap.keys_of(action) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.join("  ")
}

fn head(out: &mut Vec<Line<'static>>, name: &str) {
    out.push(Line::new());
    out.push(Line::new().add(Role::Title, name.to_owned()));
}

fn row(keys: &str, meaning: &str, width: usize, look: &Look) -> Vec<Line<'static>> {
    let column = (width / 4).clamp(10, 18);
    let parts = text::wrap(&say(meaning), width.saturating_sub(column + 2));
    let first = |i: usize| if i == 0 { keys } else { "" };
    parts
        .into_iter()
        .enumerate()
        .map(|(i, part)| {
            Line::new().quote_cell(column, Role::Key, first(i), look).text("  ").quote(Role::Text, part)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_group() {
        for (action, name, _) in Action::ALL {
            let groups = GROUPS.iter().filter(|g| g.1.contains(action)).count();
            assert_eq!(groups, 1, "{name}");
        }
    }
}
