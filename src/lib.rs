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
//! 3 engine               pollers, conductor, executor, recovery, auto mode (sources, actuators, journal as traits)
//! 2 aws · sources · actuators · store · count · bench · simulated · config · clock     the outside world
//! 1 app                  State, Event, Action, Effect, update()         (pure)
//! 0 domain               world, drift, rules, guardrails, plans, journal machine, verdicts, routing (pure)
//!
//! beside                 hakaru, the impression service · kakeru, its load: commands of their own, which the console
//!                        does not need · demo, which makes them the tasks and users of the simulated AWS
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
//! ## How a log line gets onto the screen
//!
//! ```text
//!  aws::Logs                 FilterLogEvents, all pages, again and again; StartLiveTail where that is wanted
//!        ▼
//!  engine::tail::Tail        one a log group: each line once, gaps, late and lost ones counted, secrets out → Batch
//!        ▼ Event::Logged     (a queue of four, then the inbox: a full one delays the tail, and loses nothing)
//!  app::update               how each group is doing; the lines themselves are no state
//!  ui::logs::LogDesk         lines, filters, search, bookmarks of an environment; what it drops → engine::tail::spill
//! ```
//!
//! [`engine::tail::source`] makes the tails of an environment a source like any other: freshness, failures with their
//! remedy, calls, cost, "poll now", a slower pace while another environment is shown.
//!
//! ## How something is changed
//!
//! ```text
//!  domain::rules             World + Policy + Signals → Recommendations: act, fine, or not enough evidence
//!        ▼
//!  domain::guardrail         what holds each of them back, with the end of it; asked again right before applying
//!        ▼
//!  domain::planner           an immutable Plan: steps, exact requests, rollback, expiry, the fingerprint it rests on
//!        ▼                   approved by an operator (console, `apply`) or by auto mode after a veto countdown
//!  engine::executor          lease → re-read and compare → Started in the journal → one call → Succeeded | Failed |
//!        │                   Unknown → wait until the step's target is reached → next step → Converged
//!        ├─ store            the journal, written before each call; the state machine refuses what cannot follow
//!        ├─ actuators        the only module that sends a call which changes something; no retries of the SDK
//!        └─ engine::recovery what a crash left open is read back first, then finished or offered anew
//!        ▼
//!  engine::verify            the effect over a window: better, same, worse, cannot tell; worse is taken back in auto
//! ```
//!
//! In the console the [`engine::conductor`] joins these with the screens:
//!
//! ```text
//!  engine::live              the world as the pollers saw it last, beside the screen's
//!        ▼
//!  engine::conductor         asks rules, guardrails, planner → Event::Proposed; plans keep their id
//!        ▲ Command            a question answered with another key → Effect → Hand (bounded; brakes do not queue)
//!        ▼ store::Journal     followed by position: own entries at once, other consoles' every 2 s
//!  Event::Journaled, Progressed, Braked
//! ```
//!
//! ## What always holds
//!
//! - [`domain`] and [`app`] never ask what time it is, never do I/O, never log. Time is a value that comes with
//!   the event; [`clock`] is the one door it enters through (`clippy.toml` bans the others).
//! - Reads and writes have clients of their own: an interceptor on every AWS client refuses, before it leaves, each
//!   operation that is not on its list ([`aws::sdk`], [`actuators::sdk`]). Only the executor holds an actuator, and
//!   in read-only mode none is constructed.
//! - Signing a person in has clients of its own too, which send these three calls and no others
//!   ([`aws::sdk::allow::SIGN_INS`]); secrets stay in `aws::sdk::sign_in`, what is shown is [`domain::credentials`].
//! - No call without its journal entry, nothing applied twice, one change in flight in an environment: what
//!   `tests/simulation.rs` checks after every event of thousands of seeded runs, with executors that are broken on
//!   purpose to show that it would notice.
//! - No AWS, crossterm or ratatui type crosses the floor it was born on.
//! - Every queue is bounded, every wait has a deadline, every loop ends when cancelled.
//! - A name and its data travel together ([`app::state::EnvironmentState`]), so one environment's name never
//!   stands over another's data.
//! - Text from outside is kept as it came and made harmless where it is drawn (`ui::text::printable`) or printed;
//!   the terminal backend replaces control and bidi characters in cells once more, should a panel forget.
//! - The simulated AWS stands behind the same ports, so the demo runs the real sources, pollers, screens. Scenario
//!   files set causes (load, faults, times), never a number that is shown.
//! - What runs in a task is asked of a port of the simulated AWS ([`simulated::runner`]). Tests leave it out, and
//!   the same seed gives the same world; the demo fills it with processes, which end with it ([`demo`]).
//!
//! ## How to add …
//!
//! | what | the one file | the one line |
//! | --- | --- | --- |
//! | a source | `src/sources/<name>.rs`, with a type that implements [`sources::Source`] and a `build` function | its `mod` line and, right below, its line in `sources::registry` (`src/sources/mod.rs`). A source of plain metrics returns [`domain::facts::Facts::Metrics`] and needs nothing else; one that knows something nobody knew before adds its variant to `Facts` and its field to `World` |
//! | a rule | `src/domain/rules/<name>.rs`, with a unit struct that implements [`domain::rules::Rule`] | its `mod` line and its line in `rules::registry` (`src/domain/rules/mod.rs`); its name in `policy::RULES`, and in `AUTO_RULES` or `NEVER_AUTO` where it belongs there. What it wants done is an [`domain::recommendation::Intent`]; a new one needs its steps in `domain::planner` |
//! | a call that changes something | a variant of [`domain::request::Operation`]; the compiler names the places | its line in `actuators::sdk::allow::WRITES`; a test compares that list with the policy that `miharu iam` prints |
//! | a panel | `src/ui/panels/<name>.rs`, with a unit struct that implements `ui::panels::Panel` | its `mod` line and its line in `ui::panels::PANELS` (`src/ui/panels/mod.rs`); a layout in `src/ui/screens.rs` gives it a place |
//! | a theme | `themes/<name>.toml` | none: the folder is embedded. A user's own goes to `$XDG_CONFIG_HOME/miharu/themes/` |
//! | a keymap | `keymaps/<name>.toml` | none: the folder is embedded. A user's own goes to `$XDG_CONFIG_HOME/miharu/keymaps/` |
//! | a text for people | an English literal, and its Japanese in `lang/ja/`: the key is the literal as it stands in the source | none; `tests/language.rs` prints what is missing as lines to fill in |
//! | a scenario | `src/simulated/scenarios/<name>.toml` | none: the folder is embedded. A user's own: `--scenario FILE` |
//!
//! ## Decisions worth knowing
//!
//! - **Ports are AWS calls, sources are questions.** The simulated AWS is put behind the calls, not behind the
//!   sources, so paging, joining and failure handling of the sources are the same code in the demo, and one table
//!   (`tests/conformance.rs`) can hold both implementations to the same behaviour.
//! - **`DescribeSubnets` is signed by hand** with the SDK's own signer and HTTP client: `aws-sdk-ec2` costs a
//!   release build seven minutes and 8 GB of memory for that one call.
//! - **A lost answer is looked for, never repeated.** AWS has no idempotency token for most of these calls, so the
//!   executor reads until it knows; what reading cannot tell becomes a human's question, not a guess.
//! - **The journal asks the state machine inside its own transaction**, so two consoles on one journal cannot both
//!   take the step that only one may take.
//! - **Screens keep selection, scrolling, filter and order; the state keeps facts.** What is shown is a function
//!   of both, and a recorded run needs only the events.
//! - **The terminal backend writes frames, not cells**: an equal frame writes nothing, a changed one is a single
//!   write inside a synchronized update.
//! - **How wide a character is, and what must not be seen, belongs to the thread that draws** ([`ui::manner`]): every
//!   text is measured, cut and drawn by it, so no panel can forget. Ids are masked where text comes in, while it is
//!   whole, and once more in the finished frame.
//! - **Counting waits for latency, not for the processor** ([`count`]): directory reads only, as many in flight as
//!   shorten the count (found as TCP finds its window), in memory bounded by bytes. A thread in a hanging read
//!   cannot be called off, and may keep its process from ending: on a mount that is not local the count is a
//!   child process that nobody waits for.
//! - **Publishing a count is a write and no change**: it replaces nothing that a plan could rest on, so it has no
//!   steps, lease or rollback. It goes through the executor's one door all the same, between two notes of the journal.
//! - **Lines of logs are held in blocks** ([`domain::log`]): text end to end and 32 bytes of knowledge a line, so that
//!   one search runs over thousands of lines at once. What costs more than a copy happens before the batch
//!   reaches the thread that draws, or in slices between two keys. A line is lost only when it is counted: what
//!   CloudWatch says it took in is compared with what was read, minute by minute ([`engine::tail::audit`]).
//! - **Lines of text are differences** ([`ui::linear`]): what lasts has a key, a mark and an end, so that each is told
//!   once when it begins, when it is another and when it is over, however often the state is looked at.
//! - **The language is chosen at the door onto the screen** ([`language`]), not where a text is made: facts,
//!   journal, plans and JSON stay English, so consoles of two languages share a journal, and a panel needs no word
//!   about it. `ui::canvas` says own texts as they come in, so widths are those of what is shown; text from
//!   outside comes in by `quote` and is never looked up.
//! - **A virtual clock is tokio's clock times a speed**, so the demo at any speed and the tests under paused time
//!   use the same type.

pub mod actuators;
pub mod app;
pub mod aws;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod config;
pub mod count;
pub mod demo;
pub mod domain;
pub mod engine;
pub mod hakaru;
pub mod kakeru;
pub mod language;
pub mod runtime;
pub mod simulated;
pub mod sources;
pub mod store;
pub mod ui;
