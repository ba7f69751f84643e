//! The screens, as data: which panels, where, with which least sizes, and what goes first when space is short.

use crate::app::action::Action;

use super::layout::{PanelId, Part};

/// One screen.
pub struct Screen {
    /// Its name.
    pub name: &'static str,
    /// What shows it.
    pub action: Action,
    /// The panel that has the focus at first.
    pub focus: PanelId,
    /// From the widest to the narrowest.
    pub layouts: &'static [Part],
}

const fn panel(id: PanelId, width: u16, height: u16, grow: u16, drop: u8) -> Part {
    Part::Panel { id, width, height, grow, drop }
}

/// All screens, in the order of their keys.
pub const SCREENS: &[Screen] = &[
    Screen {
        name: "overview",
        action: Action::Overview,
        focus: "attention",
        layouts: &[
            Part::Rows(&[
                Part::Columns(&[(1, panel("storage", 50, 20, 2, 2)), (1, panel("service", 50, 20, 2, 3))]),
                panel("attention", 60, 5, 0, 0),
                Part::Columns(&[(1, panel("impressions", 46, 5, 0, 2)), (1, panel("changes", 46, 3, 0, 1))]),
                panel("alarms", 60, 5, 0, 4),
                panel("timeline", 60, 10, 0, 6),
                Part::Columns(&[(1, panel("trends", 50, 16, 1, 7)), (1, panel("events", 50, 16, 1, 8))]),
                panel("logs-brief", 60, 4, 1, 3),
                panel("sources", 60, 2, 0, 5),
            ]),
            Part::Rows(&[
                Part::Columns(&[(1, panel("storage", 50, 7, 1, 2)), (1, panel("service", 50, 7, 1, 3))]),
                panel("attention", 60, 3, 0, 0),
                Part::Columns(&[(1, panel("impressions", 46, 5, 0, 2)), (1, panel("changes", 46, 3, 0, 1))]),
                panel("alarms", 60, 3, 0, 4),
                panel("timeline", 60, 9, 0, 6),
                Part::Columns(&[(1, panel("trends", 50, 6, 0, 7)), (1, panel("events", 50, 6, 0, 8))]),
                panel("logs-brief", 60, 4, 1, 3),
                panel("sources", 60, 2, 0, 5),
            ]),
            Part::Rows(&[
                Part::Columns(&[(1, panel("storage", 50, 7, 1, 2)), (1, panel("service", 50, 7, 1, 3))]),
                panel("attention", 60, 6, 0, 0),
                Part::Columns(&[(1, panel("impressions", 46, 5, 0, 2)), (1, panel("changes", 46, 3, 0, 1))]),
                panel("alarms", 60, 4, 0, 5),
                panel("timeline", 60, 9, 0, 7),
                panel("logs-brief", 60, 3, 0, 3),
                panel("sources", 60, 2, 0, 4),
            ]),
            Part::Rows(&[
                Part::Columns(&[(1, panel("storage", 50, 7, 1, 2)), (1, panel("service", 50, 7, 1, 3))]),
                panel("attention", 60, 3, 0, 0),
                Part::Columns(&[(1, panel("impressions", 46, 5, 0, 2)), (1, panel("changes", 46, 3, 0, 1))]),
                panel("alarms", 60, 3, 0, 5),
                panel("logs-brief", 60, 2, 0, 3),
                panel("sources", 60, 2, 0, 4),
            ]),
            Part::Rows(&[
                panel("attention", 38, 5, 0, 0),
                panel("impressions", 38, 5, 0, 2),
                panel("changes", 38, 3, 0, 1),
                panel("storage", 38, 7, 1, 2),
                panel("service", 38, 6, 1, 3),
                panel("alarms", 38, 5, 0, 6),
                panel("timeline", 38, 9, 0, 7),
                panel("logs-brief", 38, 3, 0, 4),
                panel("sources", 38, 3, 0, 5),
            ]),
            // where all of that does not fit, the alarms go first; what rings is under attention too
            Part::Rows(&[
                panel("attention", 38, 3, 1, 0),
                panel("impressions", 38, 5, 0, 2),
                panel("changes", 38, 3, 0, 1),
                panel("storage", 38, 5, 0, 2),
                panel("service", 38, 4, 0, 3),
                panel("alarms", 38, 13, 0, 7),
                panel("timeline", 38, 13, 0, 8),
                panel("logs-brief", 38, 2, 0, 4),
                panel("sources", 38, 2, 0, 5),
            ]),
        ],
    },
    Screen {
        name: "storage",
        action: Action::Storage,
        focus: "mount-targets",
        layouts: &[
            Part::Rows(&[
                Part::Columns(&[(1, panel("file-system", 40, 6, 0, 4)), (1, panel("zones", 46, 4, 0, 3))]),
                panel("mount-targets", 60, 4, 0, 0),
                panel("published", 60, 4, 0, 2),
                Part::Columns(&[(1, panel("files", 46, 5, 1, 5)), (1, panel("trends", 46, 6, 1, 6))]),
                panel("goals", 60, 7, 0, 7),
            ]),
            Part::Rows(&[
                panel("mount-targets", 38, 4, 0, 0),
                panel("published", 38, 4, 0, 2),
                panel("files", 38, 4, 0, 3),
                panel("trends", 38, 6, 0, 5),
                panel("file-system", 38, 6, 0, 6),
                panel("goals", 38, 7, 1, 7),
                panel("zones", 38, 4, 0, 8),
            ]),
        ],
    },
    Screen {
        name: "tasks",
        action: Action::Tasks,
        focus: "tasks",
        layouts: &[Part::Rows(&[
            panel("deployments", 38, 4, 0, 2),
            panel("tasks", 38, 4, 4, 0),
            panel("events", 38, 3, 1, 3),
        ])],
    },
    Screen {
        name: "impressions",
        action: Action::Impressions,
        focus: "rates",
        layouts: &[
            Part::Rows(&[
                panel("rates", 60, 16, 2, 0),
                Part::Columns(&[(1, panel("budget", 46, 8, 0, 1)), (1, panel("loss", 46, 7, 0, 2))]),
                Part::Columns(&[(1, panel("answers", 46, 4, 0, 3)), (1, panel("by-name", 46, 4, 0, 5))]),
                panel("capacity", 60, 5, 1, 4),
            ]),
            // Loss says in a line what the table by name does
            Part::Rows(&[
                panel("rates", 60, 8, 1, 0),
                Part::Columns(&[(1, panel("budget", 38, 8, 0, 1)), (1, panel("loss", 38, 7, 0, 2))]),
                Part::Columns(&[(1, panel("answers", 38, 4, 0, 3)), (1, panel("capacity", 38, 5, 0, 4))]),
            ]),
            Part::Rows(&[
                panel("rates", 38, 8, 1, 0),
                panel("budget", 38, 8, 0, 1),
                panel("loss", 38, 6, 0, 2),
                panel("answers", 38, 4, 0, 3),
                panel("capacity", 38, 5, 0, 4),
                panel("by-name", 38, 4, 0, 5),
            ]),
        ],
    },
    // Drawn by `ui::logs`, whose lines are no panel's: they are held beside the state.
    Screen { name: "logs", action: Action::Logs, focus: "", layouts: &[] },
    Screen {
        name: "changes",
        action: Action::Changes,
        focus: "proposals",
        layouts: &[
            Part::Rows(&[
                panel("proposals", 60, 6, 2, 0),
                Part::Columns(&[(1, panel("in-flight", 46, 5, 0, 3)), (1, panel("brakes", 46, 6, 0, 2))]),
                panel("guardrails", 60, 5, 1, 4),
                panel("undecided", 60, 3, 0, 5),
            ]),
            Part::Rows(&[
                panel("proposals", 38, 5, 2, 0),
                panel("in-flight", 38, 2, 0, 2),
                panel("brakes", 38, 4, 0, 3),
                panel("guardrails", 38, 4, 1, 4),
                panel("undecided", 38, 2, 0, 5),
            ]),
        ],
    },
    Screen {
        name: "journal",
        action: Action::Journal,
        focus: "journal",
        layouts: &[Part::Rows(&[
            panel("timeline", 38, 9, 2, 3),
            panel("journal", 38, 6, 3, 0),
            panel("change-log", 38, 5, 1, 2),
        ])],
    },
];
