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
    /// The raw record of the selected row.
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
    /// Filter the focused table.
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
}

impl Action {
    /// All, in the order help shows them.
    pub const ALL: &[(Self, &str, &str)] = &[
        (Self::Overview, "overview", "overview screen"),
        (Self::Storage, "storage", "storage screen"),
        (Self::Tasks, "tasks", "tasks screen"),
        (Self::Impressions, "impressions", "impressions screen"),
        (Self::Changes, "changes", "changes screen"),
        (Self::Journal, "journal", "journal screen"),
        (Self::NextScreen, "next-screen", "next screen"),
        (Self::PreviousScreen, "previous-screen", "previous screen"),
        (Self::FocusNext, "focus-next", "focus the next panel"),
        (Self::FocusPrevious, "focus-previous", "focus the previous panel"),
        (Self::Up, "up", "one row up"),
        (Self::Down, "down", "one row down"),
        (Self::Left, "left", "left"),
        (Self::Right, "right", "right"),
        (Self::PageUp, "page-up", "a page up"),
        (Self::PageDown, "page-down", "a page down"),
        (Self::Top, "top", "first row"),
        (Self::Bottom, "bottom", "last row"),
        (Self::Open, "open", "detail of the row"),
        (Self::Back, "back", "close, or clear the filter"),
        (Self::Raw, "raw", "raw record of the row"),
        (Self::Copy, "copy", "copy the row's id or the open text"),
        (Self::Find, "find", "filter the table"),
        (Self::Sort, "sort", "sort by the next column"),
        (Self::SortReverse, "sort-reverse", "reverse the order"),
        (Self::Attention, "attention", "only what needs attention"),
        (Self::ServiceEvents, "service-events", "service events"),
        (Self::Sources, "sources", "sources: age, calls, cost"),
        (Self::Errors, "errors", "error history"),
        (Self::Freeze, "freeze", "freeze or thaw the display"),
        (Self::PollNow, "poll-now", "poll every source now"),
        (Self::ShorterSpan, "shorter-span", "graphs of a shorter time"),
        (Self::LongerSpan, "longer-span", "graphs of a longer time"),
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
