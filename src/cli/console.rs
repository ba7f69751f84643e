//! The console: takes the terminal, draws the first frame, then sets the environments in motion.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr};
use tokio::sync::{mpsc, watch};

use crate::app::state::{EnvironmentInfo, State};
use crate::clock::Clock;
use crate::config::model::Environment;
use crate::domain::log::ring::Limits;
use crate::domain::snapshot::Mode;
use crate::engine::login::LoginHand;
use crate::engine::start::{Watched, start};
use crate::engine::tail::spill::Spill;
use crate::engine::tasks::Tasks;
use crate::runtime::core::Core;
use crate::runtime::inbox::Message;
use crate::runtime::ui_loop::{self, Doors, Edges, Pace};
use crate::runtime::{files, inbox, input, keep, terminal};
use crate::ui::Ui;

use super::Look;

/// How long the end waits for pollers before it goes without them.
const GRACE: Duration = Duration::from_millis(500);

/// Everything the console is made of.
pub struct Session {
    /// What is watched; never empty.
    pub watched: Vec<Watched>,
    /// Theme, keymap and shapes.
    pub look: Look,
    /// Where saved screens go.
    pub screens: Option<PathBuf>,
    /// The time of the state.
    pub clock: Clock,
    /// No change is possible.
    pub read_only: bool,
    /// Data is drawn once a second at most.
    pub low_bandwidth: bool,
    /// The demo's scenario, in words.
    pub demo: Option<String>,
    /// Where files go that the operator asks for by a name alone.
    pub folder: PathBuf,
    /// Test of the terminal's restoration.
    pub panic_after: Option<Duration>,
}

/// What of an environment the screens show.
pub fn info(environment: &Environment, mode: Mode) -> EnvironmentInfo {
    EnvironmentInfo {
        name: environment.name.clone(),
        region: environment.region.clone(),
        expected_account: environment.expected_account.clone(),
        mode,
        file_count_threshold: environment.files.threshold,
        service: environment.cluster.clone().zip(environment.service.clone()),
        file_system: environment.file_system_id.clone(),
    }
}

/// What of an environment that is watched the screens show.
pub(super) fn shown(watched: &Watched) -> EnvironmentInfo {
    info(&watched.environment, watched.acts.as_ref().map_or(Mode::Observe, |acts| acts.mode))
}

/// Runs the console to its end.
pub fn run(session: Session) -> eyre::Result<ExitCode> {
    if !terminal::present() {
        super::say(
            "miharu: the console needs a terminal for keys and screen.\n\
             Without one: miharu watch (a line for each change) or miharu snapshot, both also with --json.",
        );
        return Ok(ExitCode::from(super::USAGE));
    }
    if !session.look.terminal.places_text {
        super::say(
            "miharu: this terminal cannot place text on a screen (TERM=dumb).\n\
             Set TERM to what it is, such as xterm-256color; or take miharu snapshot (text).",
        );
        return Ok(ExitCode::from(super::USAGE));
    }
    let spills = match spills(&session.watched, &session.clock) {
        Ok(spills) => spills,
        Err(error) => {
            super::say(&error);
            return Ok(ExitCode::FAILURE);
        }
    };
    terminal::restore_on_panic(std::thread::current().id());
    let runtime = super::async_runtime()?;
    let signals = {
        let _inside = runtime.enter();
        input::Signals::catch().wrap_err("signals cannot be caught")?
    };
    let (taken, mut screen) =
        terminal::take(session.look.measures_width()).wrap_err("could not take the terminal")?;
    let result = runtime.block_on(in_terminal(session, spills, &mut screen, signals));
    drop(taken);
    runtime.shutdown_background();
    result.wrap_err("the terminal failed")?;
    Ok(ExitCode::SUCCESS)
}

/// The files of the environments that want one.
///
/// # Errors
/// Why one cannot be made, and what to do.
fn spills(watched: &[Watched], clock: &Clock) -> Result<Vec<(usize, Spill)>, String> {
    let mut spills = Vec::new();
    for (index, environment) in watched.iter().map(|w| &w.environment).enumerate() {
        let Some(directory) = environment.logs.spill.as_ref().filter(|_| environment.logs.enabled) else {
            continue;
        };
        let name: String =
            environment.name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        let at = clock.now().format("%Y%m%dT%H%M%SZ");
        let file = directory.join(format!("miharu-logs-{name}-{at}-{}.jsonl", std::process::id()));
        let spill = Spill::create(&file, environment.logs.spill_megabytes << 20).map_err(|error| {
            format!(
                "miharu: the file for log lines cannot be made: {}: {error}
                 Make the directory, or change logs.spill of the environment {}.",
                crate::ui::text::printable(&file.to_string_lossy()),
                crate::ui::text::printable(&environment.name)
            )
        })?;
        spills.push((index, spill));
    }
    Ok(spills)
}

async fn in_terminal(
    session: Session,
    spills: Vec<(usize, Spill)>,
    screen: &mut terminal::Screen,
    signals: input::Signals,
) -> std::io::Result<()> {
    let Session { watched, look, screens, clock, read_only, low_bandwidth, demo, folder, panic_after } =
        session;
    let measures_width = look.measures_width();
    let Look { theme, themes, theme_list, keymap, glyphs, language, terminal, ambiguous, masked } = look;
    let mut state = State::new(watched.iter().map(shown).collect(), clock.now());
    state.speed = clock.speed();
    state.read_only = read_only;
    state.demo = demo;
    // One configuration gives all environments their prices.
    state.prices = watched.first().map(|w| Arc::clone(&w.prices)).unwrap_or_default();
    let mut ui = Ui::new(&theme, keymap.clone(), glyphs);
    ui.set_language(language);
    ui.set_themes(theme_list);
    ui.set_ambiguous(ambiguous == Some(true));
    ui.set_masked(masked);
    for (index, environment) in watched.iter().map(|w| &w.environment).enumerate() {
        let mebibytes = |n: u64| usize::try_from(n).unwrap_or(usize::MAX >> 20) << 20;
        let lines = usize::try_from(environment.logs.lines).unwrap_or(usize::MAX);
        let limits = Limits { lines, bytes: mebibytes(environment.logs.megabytes) };
        ui.set_desk(index, limits, spills.iter().any(|(spilled, _)| *spilled == index));
    }
    let mut core = Core::new(state, ui, keymap);
    for (index, spill) in spills {
        core.spill(index, spill);
    }
    // Before anything is connected, asked or read.
    screen.draw(|frame| core.ui.draw(&core.state, frame))?;

    let (sender, messages) = mpsc::channel::<Message>(inbox::CAPACITY);
    let (keys, operator) = mpsc::channel(inbox::KEYS);
    let mut doors = Doors { keys: operator, inbox: messages };
    let (files, wanted) = mpsc::channel(files::WAITING);
    let told = sender.clone();
    let tasks = Tasks::new(sender);
    let mut watched = watched;
    let logins = watched
        .iter_mut()
        .map(|w| {
            let (hand, wishes) = LoginHand::new();
            w.logins = Some(wishes);
            hand
        })
        .collect();
    let (focus, focused) = watch::channel(0);
    let (keep, kept) = mpsc::channel(keep::WAITING);
    tasks.spawn("saved screens", keep::keep(screens, kept, tasks.clone()));
    let edges = Edges {
        nudges: watched.iter().map(|w| Arc::clone(&w.nudges)).collect(),
        focus,
        theme: themes,
        files,
        hands: watched.iter().map(|w| w.acts.as_ref().map(|a| Arc::clone(&a.hand))).collect(),
        logins,
        keep,
        terminal,
        measures_width,
    };
    input::read_terminal(keys.clone())?;
    tasks.spawn("signals", signals.watch(keys));
    tasks.spawn("files", files::write(wanted, folder, told));
    for (index, environment) in watched.into_iter().enumerate() {
        start(index, environment, &focused, &tasks);
    }
    let frame = if low_bandwidth { ui_loop::FRAME_LOW_BANDWIDTH } else { ui_loop::FRAME };
    let ended =
        ui_loop::run(&mut core, screen, &mut doors, &clock, &edges, Pace { frame, panic_after }).await;
    tasks.cancel();
    drop(doors);
    let spills = core.take_spills();
    let written = tokio::task::spawn_blocking(move || spills.into_iter().map(Spill::finish).count());
    if tokio::time::timeout(GRACE, written).await.is_err() {
        tracing::warn!("log lines that are no longer held were still being written at the end");
    }
    if tokio::time::timeout(GRACE, tasks.ended()).await.is_err() {
        tracing::warn!("a poll was still under way at the end");
    }
    ended.map(|why| tracing::info!(?why, "console ended"))
}
