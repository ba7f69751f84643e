//! Floor 6: the command line: reads settings, joins the floors, prints, and says by its exit code how it went.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use color_eyre::eyre::{self, WrapErr};

use crate::clock::Clock;
use crate::config::keymap::Keymap;
use crate::config::terminal::Terminal;
use crate::config::theme::Theme;
use crate::config::{self, ColourDepth, ConfigError, Inputs, Loaded, Overrides, gather, load};
use crate::engine::conductor::Acts;
use crate::engine::start::Watched;
use crate::engine::tail::limiter::Limiters;
use crate::language::{self, Language};
use crate::runtime::ui_loop::LoadTheme;
use crate::ui::glyphs::Glyphs;
use crate::ui::text::printable;

mod acting;
mod apply;
pub mod args;
mod autopilot;
mod bench;
mod connect;
mod console;
mod count;
mod demo;
mod doctor;
mod ending;
mod hakaru;
mod history;
mod impressions;
mod kakeru;
mod log;
mod measured;
mod print;
mod proposal;
mod recommend;
mod route;
mod snapshot;
mod teller;
pub mod text;
mod tied;
mod watch;

use args::{Cli, Command, Document, Global};

/// Exit code of bad usage or configuration.
const USAGE: u8 = 2;
/// Exit code of what is held back.
const REFUSED: u8 = 4;

/// What to say when there is nothing to watch.
const NO_ENVIRONMENT: &str = "miharu: no environment is configured, so there is nothing to watch.\n\n\
    Either set the variables of an existing deployment:\n    \
    EFS_FILE_SYSTEM_ID=fs-... ECS_CLUSTER_NAME=... ECS_SERVICE_NAME=... miharu\n\
    or write a configuration file and adapt it:\n    \
    miharu print config --template > ~/.config/miharu/config.toml\n\
    or try it on a world of its own, without an account:\n    \
    miharu demo";

/// The whole program.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    crate::count::apart::allow();
    if let Err(error) = color_eyre::install() {
        say(&format!("miharu: {error}"));
    }
    match dispatch(&cli) {
        Ok(code) => code,
        Err(report) => {
            say(&format!("miharu: {report:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: &Cli) -> eyre::Result<ExitCode> {
    match &cli.command {
        Some(Command::CountApart { errand }) => return Ok(count::run_apart(errand)),
        Some(Command::Print { what, name, template, list: false }) if !needs_settings(*what, *template) => {
            return print::document(*what, name.as_deref(), None);
        }
        Some(Command::BenchKeeper { parent, name }) => return bench::keep_clean(parent, name),
        Some(Command::KakeruFollow { errand }) => return kakeru::follow::run(errand),
        _ => {}
    }
    let (inputs, loaded) = match settings(&cli.global) {
        Ok(settings) => settings,
        Err(error) => return Ok(usage(&error)),
    };
    if let Some(file) = &loaded.config.log_file
        && let Err(error) = log::start(file, inputs.variables.get("RUST_LOG").map(String::as_str))
    {
        return Ok(usage(&format!("the log file {} cannot be written: {error}", file.display())));
    }
    if let Some(state) = crate::config::journal::state_directory(&inputs.variables) {
        crate::count::known::keep_in(state.join("counts.json"));
    }
    match &cli.command {
        Some(Command::Print { what, list: true, .. }) => print::list(*what, &loaded),
        Some(Command::Print { what, name, .. }) => print::document(*what, name.as_deref(), Some(&loaded)),
        Some(Command::Demo(demo)) => demo::run(demo, &loaded, &inputs),
        Some(Command::Iam) => {
            out(&serde_json::to_string_pretty(&crate::domain::iam::policy(loaded.config.read_only))?)?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Route { paths, targets: Some(n), .. }) => route::run(paths, &route::numbered(*n)),
        Some(Command::Route { paths, list: Some(file), .. }) => match route::of_file(file) {
            Ok(entries) => route::run(paths, &entries),
            Err(why) => Ok(usage(&why)),
        },
        Some(Command::History { json, since }) => {
            let chosen = chosen(&inputs).then(|| loaded.config.environments.first()).flatten();
            history::run(&loaded.config, chosen.map(|e| e.name.as_str()), *since, *json)
        }
        Some(Command::Bench(wanted)) => bench::run(&loaded.config, &inputs, wanted),
        Some(Command::Count(wanted)) => count::run(wanted, &loaded.config),
        Some(Command::Hakaru(_) | Command::Kakeru(_)) if loaded.config.read_only => {
            say("miharu: read-only: the impression service records, and its load makes it record");
            Ok(ExitCode::from(REFUSED))
        }
        Some(Command::Hakaru(wanted)) => Ok(match hakaru::run(wanted, &inputs.variables) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error @ crate::hakaru::Error::Usage(_)) => usage(&format!("hakaru: {error}")),
            Err(error) => {
                say(&format!("miharu: hakaru: {error}"));
                ExitCode::FAILURE
            }
        }),
        Some(Command::Kakeru(wanted)) => kakeru::run(wanted),
        _ if loaded.config.environments.is_empty() => {
            say(NO_ENVIRONMENT);
            Ok(ExitCode::from(USAGE))
        }
        None => real_console(&loaded, &inputs),
        Some(Command::Watch(wanted)) => watch_lines(&loaded, &inputs, wanted),
        Some(Command::Snapshot { json }) => snapshot::run(&loaded.config, *json),
        Some(Command::Recommend { json }) => recommend::run(&loaded.config, *json),
        Some(Command::Route { paths, .. }) => route::of_environment(&loaded.config, paths),
        Some(Command::Apply { id, dry_run, yes, no_verify, json }) => {
            let (id, dry_run, yes, json) = (id.clone(), *dry_run, *yes, *json);
            let wanted = apply::Wanted { id, dry_run, yes, verifies: !no_verify, json };
            apply::run(&loaded.config, &acting::Operator::of(&inputs.variables), &wanted)
        }
        Some(Command::Autopilot { yes_auto_apply, once, no_verify, json }) => {
            let (armed, once, json) = (*yes_auto_apply, *once, *json);
            let wanted = autopilot::Wanted { armed, once, verifies: !no_verify, json };
            autopilot::run(&loaded.config, &acting::Operator::of(&inputs.variables), wanted)
        }
        Some(Command::CountApart { errand }) => Ok(count::run_apart(errand)),
        Some(Command::Doctor) => doctor::run(&loaded, &inputs),
        // Done before any setting was read.
        Some(Command::BenchKeeper { parent, name }) => bench::keep_clean(parent, name),
        Some(Command::KakeruFollow { errand }) => kakeru::follow::run(errand),
    }
}

/// Whether one environment was chosen, by flag or variable.
fn chosen(inputs: &Inputs) -> bool {
    inputs.overrides.environment.is_some()
        || inputs.variables.get(config::variables::ENVIRONMENT_VARIABLE).is_some_and(|v| !v.is_empty())
}

fn needs_settings(document: Document, template: bool) -> bool {
    match document {
        Document::Config => !template,
        Document::Keys | Document::Theme => true,
        Document::Schema | Document::Man | Document::Completions => false,
    }
}

fn settings(global: &Global) -> Result<(Inputs, Loaded), ConfigError> {
    let flags = global.clone();
    let overrides = Overrides {
        environment: flags.environment,
        read_only: flags.read_only,
        journal: flags.journal,
        low_bandwidth: flags.low_bandwidth,
        ambiguous: flags.ambiguous,
        shapes: flags.shapes,
        mask: flags.mask,
        region: flags.region,
        profile: flags.profile,
        endpoint_url: flags.endpoint_url,
        log_file: flags.log_file,
        lang: flags.lang,
        theme: flags.theme,
        keymap: flags.keymap,
    };
    let inputs = gather(global.config.as_deref(), overrides)?;
    let loaded = load(&inputs)?;
    loaded.check_look()?;
    language::speak(Language::of(loaded.config.lang));
    Ok((inputs, loaded))
}

fn real_console(loaded: &Loaded, inputs: &Inputs) -> eyre::Result<ExitCode> {
    let look = match Look::load(loaded, inputs) {
        Ok(look) => look,
        Err(error) => return Ok(usage(&error)),
    };
    let clock = Clock::system();
    console::run(console::Session {
        watched: watched(loaded, inputs, &clock).collect(),
        look,
        screens: screens(loaded, inputs),
        clock,
        read_only: loaded.config.read_only,
        low_bandwidth: loaded.config.low_bandwidth,
        demo: None,
        folder: config::journal::state_directory(&inputs.variables).unwrap_or_default(),
        panic_after: None,
    })
}

/// Lines about the chosen environment, or about all. Whatever is configured, nothing is changed.
fn watch_lines(loaded: &Loaded, inputs: &Inputs, wanted: &args::Watch) -> eyre::Result<ExitCode> {
    let clock = Clock::system();
    let some = if chosen(inputs) { 1 } else { usize::MAX };
    let mut watched: Vec<Watched> = watched(loaded, inputs, &clock).take(some).collect();
    watched.iter_mut().filter_map(|w| w.acts.as_mut()).for_each(Acts::only_watch);
    watch::run(watched, &clock, None, wanted)
}

/// The environments with what they are watched and acted in with. Nothing is asked yet.
fn watched(loaded: &Loaded, inputs: &Inputs, clock: &Clock) -> impl Iterator<Item = Watched> {
    let seed = u64::from(std::process::id());
    let prices = Arc::new(loaded.config.prices.clone());
    let config = Arc::new(loaded.config.clone());
    let operator = acting::Operator::of(&inputs.variables);
    let limiters: Arc<Limiters> = Arc::default();
    let clock = clock.clone();
    (0_u64..).zip(loaded.config.environments.clone()).map(move |(n, environment)| {
        let environment = Arc::new(environment);
        let (wanted, now) = (Arc::clone(&environment), clock.clone());
        let acts = acting::acts(&config, &environment, &clock, &operator);
        Watched {
            environment,
            acts: Some(acts),
            connect: Box::new(move || Box::pin(async move { connect::sdk(&wanted, now).await })),
            clock: clock.clone(),
            prices: Arc::clone(&prices),
            nudges: Arc::default(),
            logins: None,
            seed: seed.wrapping_add(n),
            limiters: Arc::clone(&limiters),
        }
    })
}

/// Where saved screens go: where the settings say, else into the state directory.
fn screens(loaded: &Loaded, inputs: &Inputs) -> Option<PathBuf> {
    let own = || config::journal::state_directory(&inputs.variables).map(|state| state.join("screens"));
    loaded.config.screens.clone().or_else(own)
}

/// Theme, keymap and shapes, fitted to the terminal.
pub struct Look {
    /// The first theme.
    pub theme: Theme,
    /// Loads another one by name.
    pub themes: LoadTheme,
    /// Names and descriptions of all themes.
    pub theme_list: Vec<(String, String)>,
    /// What keys mean.
    pub keymap: Keymap,
    /// Shapes.
    pub glyphs: Glyphs,
    /// Language.
    pub language: Language,
    /// What is known of the terminal.
    pub terminal: Terminal,
    /// Whether East Asian ambiguous characters take two columns; `None`: the terminal is to be asked.
    pub ambiguous: Option<bool>,
    /// Account, addresses and ids are hidden from the start.
    pub masked: bool,
}

impl Look {
    /// How many colours the terminal shows.
    fn depth(inputs: &Inputs) -> ColourDepth {
        let variable = |name: &str| inputs.variables.get(name).map(String::as_str);
        let counts = Terminal::detect(&inputs.variables).colorterm_counts();
        let colorterm = variable("COLORTERM").filter(|_| counts);
        ColourDepth::detect(colorterm, variable("TERM"), variable("NO_COLOR"))
    }

    /// Whether the terminal is asked how wide ambiguous characters are: one that is not known to take UTF-8 would
    /// be sent control characters by the question.
    pub fn measures_width(&self) -> bool {
        self.ambiguous.is_none() && self.terminal.utf8 && !self.terminal.console
    }

    /// Loads what the settings name and reduces it to what the terminal can show.
    ///
    /// # Errors
    /// A theme or keymap that does not exist or is wrong, in words.
    pub fn load(loaded: &Loaded, inputs: &Inputs) -> Result<Self, ConfigError> {
        let depth = Self::depth(inputs);
        let directory = loaded.config.directory.clone();
        let terminal = Terminal::detect(&inputs.variables);
        let unicode = match loaded.config.shapes.as_str() {
            "unicode" => true,
            "ascii" => false,
            _ => terminal.utf8 && !terminal.console,
        };
        let ambiguous = match loaded.config.ambiguous.as_str() {
            "wide" => Some(true),
            "narrow" => Some(false),
            _ => None,
        };
        Ok(Self {
            theme: loaded.theme()?.reduced(depth),
            theme_list: config::themes(&directory)
                .into_iter()
                .filter_map(|name| config::theme(&name, &directory).ok())
                .map(|theme| (theme.name, theme.description))
                .collect(),
            themes: Box::new(move |name| {
                config::theme(name, &directory).map(|t| t.reduced(depth)).map_err(|e| e.to_string())
            }),
            keymap: loaded.keymap()?,
            glyphs: if unicode { Glyphs::UNICODE } else { Glyphs::ASCII },
            language: Language::of(loaded.config.lang),
            terminal,
            ambiguous,
            masked: loaded.config.mask,
        })
    }
}

/// Says what is wrong with usage or configuration; nothing was started. In English: it repeats names and values as
/// they were written, and no language may have been chosen yet.
fn usage(error: &impl Display) -> ExitCode {
    tell(format!("miharu: {error}").lines().map(Cow::Borrowed));
    ExitCode::from(USAGE)
}

/// Writes to standard error in the language of the screens.
fn say(text: &str) {
    tell(text.lines().map(language::say));
}

/// What cannot be written is nobody's loss.
fn tell<'t>(lines: impl Iterator<Item = Cow<'t, str>>) {
    let lines: Vec<_> = lines.map(|line| printable(&line).into_owned()).collect();
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
}

/// Writes a document to standard output. A reader that went away (a pager that was quit) is no failure.
fn out(text: &str) -> eyre::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.wrap_err("standard output cannot be written"),
    }
}

/// One thread is enough for what waits on the network nearly all the time; what takes long has threads of its own. Each
/// further one would keep memory of its own.
fn async_runtime() -> eyre::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("miharu")
        .enable_all()
        .build()
        .wrap_err("the asynchronous runtime does not start")
}
