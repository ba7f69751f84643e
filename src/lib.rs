//! miharu keeps watch over an EFS-backed file service on ECS Fargate and over the load on it.
//!
//! # Architecture note
//!
//! One binary, one crate, seven floors. **Imports point down only**; `tests/tidy.rs` reads the tree and fails on
//! an upward one.
//!
//! ```text
//! 6 cli, main            arguments, error hooks, one file a command
//! 5 runtime              terminal, input, signals, the loop; Core joins state, screens and keymap
//! 4 ui                   panels, widgets, styles: &State -> Frame       (no engine, no tokio)
//! 3 engine               pollers, back-off, one-shot observation        (sources only as trait objects)
//! 2 aws · sources · count · simulated · config · clock                  the outside world
//! 1 app                  State, Event, Action, Effect, update()         (pure)
//! 0 domain               world, freshness, drift, zones, goals, units   (pure)
//! ```
//!
//! ## How a number gets onto the screen
//!
//! ```text
//!  aws::sdk | simulated      the ports of aws/mod.rs: one trait a service, one method a call and a page
//!        ▼
//!  sources/<name>.rs         asks its question, gives Facts or a Failure in words
//!        ▼
//!  engine::poller            period, deadline, meter, back-off without end  → Reading
//!        ▼ Event::Observed   (one bounded inbox; a full one delays the poller, never the screen)
//!  app::update               World::merge: a failed reading changes nothing but its source's state
//!        ▼
//!  runtime::ui_loop          keys first, then the inbox, nothing else; a key is drawn at once, data ≤ 30/s
//!        ▼
//!  ui                        draws &State; only changed cells leave, in one synchronized write
//! ```
//!
//! ## What always holds
//!
//! - [`domain`] and [`app`] never ask what time it is, never do I/O, never log. Time is a value that comes with
//!   the event; [`clock`] is the one door it enters through (`clippy.toml` bans the others).
//! - Only reads exist: an interceptor on every AWS client refuses, before it leaves, each operation that is not on
//!   the read list ([`aws::sdk`]), and the simulated AWS offers nothing else. Writes will be actuators, a module
//!   that is not constructed in read-only mode.
//! - No AWS, crossterm or ratatui type crosses the floor it was born on.
//! - Every queue is bounded, every wait has a deadline, every loop ends when cancelled.
//! - A name and its data travel together ([`app::state::EnvironmentState`]), so one environment's name never
//!   stands over another's data.
//! - Text from outside is kept as it came and made harmless where it is drawn (`ui::text::printable`) or printed;
//!   the terminal backend replaces control and bidi characters in cells once more, should a panel forget.
//! - The simulated AWS stands behind the same ports, so the demo runs the real sources, pollers, screens. Scenario
//!   files set causes (load, faults, times), never a number that is shown.
//!
//! ## How to add …
//!
//! | what | the one file | the one line |
//! | --- | --- | --- |
//! | a source | `src/sources/<name>.rs`, with a type that implements [`sources::Source`] and a `build` function | its `mod` line and, right below, its line in `sources::registry` (`src/sources/mod.rs`). A source of plain metrics returns [`domain::facts::Facts::Metrics`] and needs nothing else; one that knows something nobody knew before adds its variant to `Facts` and its field to `World` |
//! | a panel | `src/ui/panels/<name>.rs`, with a unit struct that implements `ui::panels::Panel` | its `mod` line and its line in `ui::panels::PANELS` (`src/ui/panels/mod.rs`); a layout in `src/ui/screens.rs` gives it a place |
//! | a theme | `themes/<name>.toml` | none: the folder is embedded. A user's own goes to `$XDG_CONFIG_HOME/miharu/themes/` |
//! | a keymap | `keymaps/<name>.toml` | none: the folder is embedded. A user's own goes to `$XDG_CONFIG_HOME/miharu/keymaps/` |
//! | a scenario | `src/simulated/scenarios/<name>.toml` | none: the folder is embedded. A user's own: `--scenario FILE` |
//!
//! ## Decisions worth knowing
//!
//! - **Ports are AWS calls, sources are questions.** The simulated AWS is put behind the calls, not behind the
//!   sources, so paging, joining and failure handling of the sources are the same code in the demo, and one table
//!   (`tests/conformance.rs`) can hold both implementations to the same behaviour.
//! - **`DescribeSubnets` is signed by hand** with the SDK's own signer and HTTP client: `aws-sdk-ec2` costs a
//!   release build seven minutes and 8 GB of memory for that one call.
//! - **Screens keep selection, scrolling, filter and order; the state keeps facts.** What is shown is a function
//!   of both, and a recorded run needs only the events.
//! - **The terminal backend writes frames, not cells**: an equal frame writes nothing, a changed one is a single
//!   write inside a synchronized update.
//! - **Counting waits for latency, not for the processor** ([`count`]): directory reads only, as many in flight as
//!   shorten the count (found as TCP finds its window), in memory bounded by bytes. A thread in a hanging read
//!   cannot be called off, and may keep its process from ending: on a mount that is not local the count is a
//!   child process that nobody waits for.
//! - **A virtual clock is tokio's clock times a speed**, so the demo at any speed and the tests under paused time
//!   use the same type.

pub mod actuators;
pub mod app;
pub mod aws;
pub mod cli;
pub mod clock;
pub mod config;
pub mod count;
pub mod domain;
pub mod engine;
pub mod runtime;
pub mod simulated;
pub mod sources;
pub mod store;
pub mod ui;
