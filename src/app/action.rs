//! What a key can mean. Keymaps, palette and help name actions by [`Action::name`].

/// One thing the operator can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Leave.
    Quit,
    /// Show a screen.
    Overview,
    /// Show a screen.
    Storage,
    /// Show a screen.
    Tasks,
    /// Show a screen.
    Impressions,
    /// Show a screen.
    Logs,
    /// Show a screen.
    Changes,
    /// Show a screen.
    Journal,
    /// The screen to the right.
    NextScreen,
    /// The screen to the left.
    PreviousScreen,
    /// Focus the next panel.
    FocusNext,
    /// Focus the panel before.
    FocusPrevious,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// Scroll or move left.
    Left,
    /// Scroll or move right.
    Right,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// First row.
    Top,
    /// Last row.
    Bottom,
    /// Open the detail of the selected row, or accept.
    Open,
    /// Close what is open; else clear the filter.
    Back,
    /// The raw record of the selected row, or log lines as they came.
    Raw,
    /// Copy the selected row's id or the text that is open.
    Copy,
    /// Freeze or thaw the display.
    Freeze,
    /// Poll every source now.
    PollNow,
    /// Graphs of a shorter time.
    ShorterSpan,
    /// Graphs of a longer time.
    LongerSpan,
    /// Error history.
    Errors,
    /// Help.
    Help,
    /// Command palette.
    Palette,
    /// Filter the focused table, or search the logs.
    Find,
    /// Sort by the next column.
    Sort,
    /// Reverse the order.
    SortReverse,
    /// Only rows that need attention.
    Attention,
    /// Choose another environment.
    Environments,
    /// Choose another theme.
    Themes,
    /// Sources with age, calls and cost.
    Sources,
    /// Service events.
    ServiceEvents,
    /// Sign in at IAM Identity Center.
    Login,
    /// The five figures that matter, in large digits.
    Figures,
    /// Save the screen as text and as a picture.
    SaveScreen,
    /// Hide account, addresses and ids, or show them again.
    Mask,
    /// Show the keys that are pressed, or stop it.
    ShowKeys,
    /// Apply the plan that was read; asks first.
    Approve,
    /// Reject the selected recommendation; asks for a reason.
    Reject,
    /// Put the selected recommendation off; asks for how long.
    Snooze,
    /// Yes, to an open question. Never on a key that opens one.
    Confirm,
    /// Arm auto mode; asks for the environment's name.
    Arm,
    /// Disarm auto mode at once: the kill key.
    Disarm,
    /// Stop the change that auto mode is about to apply.
    Veto,
    /// Stop the change in flight after its step; asks first.
    CancelChange,
    /// Take the last change back; asks first.
    RollBack,
    /// Freeze all changes at once; asks before it ends the freeze.
    FreezeChanges,
    /// Follow the newest line, or stop.
    Follow,
    /// The next match of the search.
    NextHit,
    /// The match before.
    PreviousHit,
    /// The next error.
    NextError,
    /// The error before.
    PreviousError,
    /// The next warning or worse.
    NextWarning,
    /// The warning or worse before.
    PreviousWarning,
    /// Show only lines that match.
    Include,
    /// Hide lines that match.
    Exclude,
    /// The list of filters.
    Filters,
    /// Another least level.
    MinimumLevel,
    /// Switch the filter of the list on or off.
    Toggle,
    /// Delete the filter or bookmark of the list.
    Delete,
    /// Go to a time that is typed.
    GoToTime,
    /// Only the last minutes.
    LastMinutes,
    /// Only lines from this one on.
    FromHere,
    /// Only lines up to this one.
    UntilHere,
    /// Lines of any time again.
    AnyTime,
    /// Times in UTC or in the local time zone.
    LocalTime,
    /// The earlier bar of the histogram.
    Earlier,
    /// The later bar of the histogram.
    Later,
    /// What lines have in common.
    Patterns,
    /// Bookmark the line, or no longer.
    Bookmark,
    /// Bookmark the line with a note.
    Note,
    /// The list of bookmarks.
    Bookmarks,
    /// The next bookmark.
    NextBookmark,
    /// The bookmark before.
    PreviousBookmark,
    /// Begin or end a selection of lines.
    SelectLines,
    /// Wrap long lines, or cut them.
    Wrap,
    /// The journal at the time of the line.
    JournalAt,
    /// What happened at the time of the line, on the overview.
    TimelineAt,
    /// The logs at the time of the selected row.
    LogsAt,
    /// Write the lines that are shown to a file.
    Export,
}

impl Action {
    /// All, in the order help shows them.
    pub const ALL: &[(Self, &str, &str)] = &[
        (Self::Overview, "overview", "overview screen"),
        (Self::Storage, "storage", "storage screen"),
        (Self::Tasks, "tasks", "tasks screen"),
        (Self::Impressions, "impressions", "impressions screen"),
        (Self::Logs, "logs", "logs screen"),
        (Self::Changes, "changes", "changes screen"),
        (Self::Journal, "journal", "journal screen"),
        (Self::NextScreen, "next-screen", "next screen"),
        (Self::PreviousScreen, "previous-screen", "previous screen"),
        (Self::FocusNext, "focus-next", "focus the next panel"),
        (Self::FocusPrevious, "focus-previous", "focus the previous panel"),
        (Self::Up, "up", "one row up"),
        (Self::Down, "down", "one row down"),
        (Self::Left, "left", "one step left"),
        (Self::Right, "right", "one step right"),
        (Self::PageUp, "page-up", "a page up"),
        (Self::PageDown, "page-down", "a page down"),
        (Self::Top, "top", "first row"),
        (Self::Bottom, "bottom", "last row"),
        (Self::Open, "open", "detail of the row"),
        (Self::Back, "back", "close, or clear the filter"),
        (Self::Raw, "raw", "raw record of the row, or log lines as they came"),
        (Self::Copy, "copy", "copy the row's id, the open text, or lines"),
        (Self::Find, "find", "filter the table, or search the logs"),
        (Self::Sort, "sort", "sort by the next column"),
        (Self::SortReverse, "sort-reverse", "reverse the order"),
        (Self::Attention, "attention", "only what needs attention"),
        (Self::ServiceEvents, "service-events", "service events"),
        (Self::Sources, "sources", "sources: age, calls, cost"),
        (Self::Figures, "figures", "the five figures that matter, large"),
        (Self::SaveScreen, "save-screen", "save the screen as text and SVG"),
        (Self::Mask, "mask", "hide account, addresses and ids, or show them"),
        (Self::ShowKeys, "show-keys", "show the keys that are pressed, or not"),
        (Self::Errors, "errors", "error history"),
        (Self::Freeze, "freeze", "freeze or thaw the display"),
        (Self::PollNow, "poll-now", "poll every source now"),
        (Self::ShorterSpan, "shorter-span", "graphs of a shorter time"),
        (Self::LongerSpan, "longer-span", "graphs of a longer time"),
        (Self::Follow, "follow", "follow the newest line, or stop"),
        (Self::NextHit, "next-hit", "next match of the search"),
        (Self::PreviousHit, "previous-hit", "match before"),
        (Self::NextError, "next-error", "next error"),
        (Self::PreviousError, "previous-error", "error before"),
        (Self::NextWarning, "next-warning", "next warning or worse"),
        (Self::PreviousWarning, "previous-warning", "warning or worse before"),
        (Self::Include, "include", "show only lines that match"),
        (Self::Exclude, "exclude", "hide lines that match"),
        (Self::Filters, "filters", "filters, with the lines each hides"),
        (Self::MinimumLevel, "minimum-level", "least level that is shown"),
        (Self::Toggle, "toggle", "switch the filter on or off"),
        (Self::Delete, "delete", "delete the filter or bookmark"),
        (Self::GoToTime, "go-to-time", "go to a time"),
        (Self::LastMinutes, "last-minutes", "only the last 5 minutes"),
        (Self::FromHere, "from-here", "only from this line on"),
        (Self::UntilHere, "until-here", "only up to this line"),
        (Self::AnyTime, "any-time", "lines of any time again"),
        (Self::LocalTime, "local-time", "times in UTC or local"),
        (Self::Earlier, "earlier", "earlier bar of the histogram"),
        (Self::Later, "later", "later bar of the histogram"),
        (Self::Patterns, "patterns", "patterns: what lines have in common"),
        (Self::Bookmark, "bookmark", "bookmark the line, or no longer"),
        (Self::Note, "note", "bookmark the line with a note"),
        (Self::Bookmarks, "bookmarks", "bookmarks"),
        (Self::NextBookmark, "next-bookmark", "next bookmark"),
        (Self::PreviousBookmark, "previous-bookmark", "bookmark before"),
        (Self::SelectLines, "select-lines", "begin or end a selection of lines"),
        (Self::Wrap, "wrap", "wrap long lines, or cut them"),
        (Self::LogsAt, "logs-at", "the logs at the row's time"),
        (Self::JournalAt, "journal-at", "the journal at the line's time"),
        (Self::TimelineAt, "timeline-at", "the timeline at the line's time"),
        (Self::Export, "export", "write the shown lines to a file"),
        (Self::Approve, "approve", "approve the plan that was read"),
        (Self::Reject, "reject", "reject, with a reason"),
        (Self::Snooze, "snooze", "put off"),
        (Self::Confirm, "confirm", "yes, to a question"),
        (Self::Veto, "veto", "veto the change that auto mode announces"),
        (Self::CancelChange, "cancel-change", "stop the change in flight after its step"),
        (Self::RollBack, "roll-back", "take the last change back"),
        (Self::FreezeChanges, "freeze-changes", "freeze or thaw all changes"),
        (Self::Arm, "arm", "arm auto mode"),
        (Self::Disarm, "disarm", "disarm auto mode at once"),
        (Self::Login, "login", "log in at IAM Identity Center (SSO)"),
        (Self::Environments, "environments", "switch environment"),
        (Self::Themes, "themes", "switch theme"),
        (Self::Palette, "palette", "command palette"),
        (Self::Help, "help", "help"),
        (Self::Quit, "quit", "quit"),
    ];

    /// Its name in keymap files.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|a| a.0 == self).map_or("", |a| a.1)
    }

    /// What it does, for help.
    pub fn description(self) -> &'static str {
        Self::ALL.iter().find(|a| a.0 == self).map_or("", |a| a.2)
    }

    /// The action of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|a| a.1 == name).map(|a| a.0)
    }
}

/// A change of a one-line text (palette, filter).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextEdit {
    /// A typed character.
    Insert(char),
    /// Pasted text. It is text wherever it lands, never keys.
    Paste(String),
    /// Delete before the cursor.
    Backspace,
    /// Delete the word before the cursor.
    DeleteWord,
    /// Delete everything.
    Clear,
}
