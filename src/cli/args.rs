//! The command line. Names and flags are the contract of DESIGN §2.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// miharu keeps watch: a terminal operations console for an EFS-backed file service and its load.
#[derive(Debug, Parser)]
#[command(name = "miharu", version, about, long_about = None, disable_help_subcommand = true)]
#[command(
    after_help = "Without a command: the console on the configured environment. Try it without an account: miharu demo\n\
                        Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 something to do, 4 refused, 5 outcome unknown or not converged"
)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of every command
    #[command(flatten)]
    pub global: Global,
}

/// Flags that every command takes; they win over file and variables.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct Global {
    /// The environment to show or to read
    #[arg(long, global = true, value_name = "NAME")]
    pub environment: Option<String>,
    /// Configuration file instead of the one in the configuration directory
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// No call that changes something can leave
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Where changes are written down: a path, or mysql:// where machines share one journal
    #[arg(long, global = true, value_name = "URL")]
    pub journal: Option<String>,
    /// At most one frame a second for data, on a slow line
    #[arg(long, global = true)]
    pub low_bandwidth: bool,
    /// Columns of East Asian ambiguous characters on this terminal; auto asks it
    #[arg(long, global = true, value_name = "auto|narrow|wide")]
    pub ambiguous: Option<String>,
    /// What lines and bars are made of; auto goes by the locale and the terminal
    #[arg(long, global = true, value_name = "auto|unicode|ascii")]
    pub shapes: Option<String>,
    /// Hide account, addresses, ids and ARNs from the start, for an audience
    #[arg(long, global = true)]
    pub mask: bool,
    /// AWS region of every environment
    #[arg(long, global = true)]
    pub region: Option<String>,
    /// AWS profile of every environment
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// AWS endpoint of every service
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// The program's own log (RUST_LOG sets its level)
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Language of screens and printed text, en or ja; by default that of the locale
    #[arg(long, global = true, value_name = "en|ja")]
    pub lang: Option<String>,
    /// Theme by name (miharu print theme --list names them all)
    #[arg(long, global = true)]
    pub theme: Option<String>,
    /// Keymap by name (miharu print keys --list names them all)
    #[arg(long, global = true)]
    pub keymap: Option<String>,
}

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The console on a world of its own: no account, no network, nothing left behind
    Demo(Demo),
    /// The same facts as lines of text: how things stand, then a line for each change
    #[command(
        after_help = "It changes nothing, moves no cursor and draws nothing, so that screen readers, pipes and logs can follow it.\n\
                      A line begins with what happened and ends with environment and time. It ends with its reader, or by SIGINT or SIGTERM."
    )]
    Watch(Watch),
    /// Poll every source once, within 30 s, and print what was seen
    Snapshot {
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// What should be scaled and why; exit 3 if something of severity medium or high is to be done
    Recommend {
        /// One JSON object instead of text
        #[arg(long)]
        json: bool,
    },
    /// Apply one recommendation: plan, re-check, apply, follow until converged, then watch the effect
    Apply {
        /// What miharu recommend calls it, such as add-mount-target:ap-northeast-1d
        #[arg(value_name = "ID")]
        id: String,
        /// Only show the plan; nothing is changed or written down
        #[arg(long)]
        dry_run: bool,
        /// Without a question
        #[arg(long)]
        yes: bool,
        /// Do not watch the effect once everything has converged
        #[arg(long)]
        no_verify: bool,
        /// The journal's entries as JSON lines, at last {change, outcome, exit}; the plan as one object
        #[arg(long)]
        json: bool,
    },
    /// Auto mode without a screen and without a countdown, until SIGINT or SIGTERM
    Autopilot {
        /// Arms it: changes are applied without a question
        #[arg(long)]
        yes_auto_apply: bool,
        /// One evaluation and at most one change
        #[arg(long)]
        once: bool,
        /// Do not watch the effect of changes
        #[arg(long)]
        no_verify: bool,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// What was proposed, decided, done and found out
    History {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// Not older than a while ago (2h) or a time (RFC 3339)
        #[arg(long, value_name = "2h", value_parser = super::history::since)]
        since: Option<super::history::Since>,
    },
    /// Which published entry a path is routed to, and the share that moves when there is one more
    Route {
        /// Paths as tasks see them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<String>,
        /// Number of entries; else the environment's published list
        #[arg(long, value_name = "N", conflicts_with = "list", value_parser = clap::value_parser!(u32).range(1..=1000))]
        targets: Option<u32>,
        /// A file with the published JSON
        #[arg(long, value_name = "FILE")]
        list: Option<PathBuf>,
    },
    /// The impression service: an answer of 200 means recorded durably
    Hakaru(super::hakaru::Hakaru),
    /// Open-loop load on hakaru, or on anything that answers GET
    Kakeru(super::kakeru::args::Kakeru),
    /// Load for another miharu, on the addresses that it tells
    #[command(hide = true, name = crate::kakeru::follow::COMMAND)]
    KakeruFollow {
        /// What
        errand: String,
    },
    /// The tuning guide's tests on a directory: files a second, bytes a second
    #[command(subcommand)]
    Bench(Bench),
    /// Makes a directory and deletes it when its standard input is closed
    #[command(hide = true)]
    BenchKeeper {
        /// Where
        parent: PathBuf,
        /// The directory's name
        name: String,
    },
    /// Count the files of a directory, politely
    Count(Count),
    /// Counts for another miharu, which is not to hang with a mount
    #[command(hide = true, name = crate::count::apart::COMMAND)]
    CountApart {
        /// What and how
        errand: String,
    },
    /// The least-privilege IAM policy as JSON; with --read-only that of watching alone
    Iam,
    /// What is reachable, permitted, misconfigured, with the remedy
    Doctor,
    /// Print a generated document
    Print {
        /// Which
        #[arg(value_enum)]
        what: Document,
        /// Shell of completions; command of a man page; name of a theme or keymap
        name: Option<String>,
        /// config: a commented file with every default
        #[arg(long)]
        template: bool,
        /// man, theme, keys: all names with what they are for
        #[arg(long)]
        list: bool,
    },
}

/// Tests on a directory.
#[derive(Debug, Clone, Subcommand)]
#[command(
    after_help = "Both leave nothing behind, however they end, check free space first, and keep what they found in the \
                        journal of the configured environment. On a file system that others use they make load."
)]
pub enum Bench {
    /// Create, read and delete many small files, one after another, in a new directory inside DIR
    Files {
        /// Files
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
        files: u64,
        /// Flags of both tests
        #[command(flatten)]
        run: BenchRun,
    },
    /// Write and read a file in order, then 4 KiB blocks at random places, direct where possible
    Throughput {
        /// Size of the file: bytes, or with a unit such as 256MiB or 1G
        #[arg(long, value_name = "BYTES", default_value = "256MiB", value_parser = super::bench::size)]
        size: u64,
        /// Random reads or writes under way at once
        #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=256))]
        queue_depth: u32,
        /// Gives the file a name for a moment, as where the file system has no files without, to test that
        #[arg(long, hide = true)]
        named: bool,
        /// Flags of both tests
        #[command(flatten)]
        run: BenchRun,
    },
}

/// What both tests are told.
#[derive(Debug, Clone, Args)]
pub struct BenchRun {
    /// Where to test
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Needed outside a temporary directory ($TMPDIR, /tmp, /var/tmp) and on a network file system
    #[arg(long)]
    pub yes: bool,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Stop after this time and say how far it came (exit 1)
    #[arg(long, value_name = "DURATION", default_value = "5m")]
    pub deadline: humantime::Duration,
}

impl Bench {
    /// What both tests are told.
    pub fn run(&self) -> &BenchRun {
        match self {
            Self::Files { run, .. } | Self::Throughput { run, .. } => run,
        }
    }

    /// What is done, in order.
    pub fn phases(&self) -> &'static [&'static str] {
        match self {
            Self::Files { .. } => crate::bench::files::PHASES,
            Self::Throughput { .. } => crate::bench::throughput::PHASES,
        }
    }
}

/// What to count and how.
#[derive(Debug, Clone, Args)]
pub struct Count {
    /// The directory; of links, only this path itself is followed
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// One JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Name so many of the directories with the most files
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub top: u16,
    /// Only what is directly in the directory
    #[arg(long)]
    pub not_recursive: bool,
    /// At most so many directory reads in flight; fewer where more do not help
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub concurrency: u16,
    /// Enter other file systems that are mounted below
    #[arg(long)]
    pub cross_file_systems: bool,
}

/// How changes are told as lines of text.
#[derive(Debug, Clone, Args)]
pub struct Watch {
    /// End after this time; 0s: once the state is told
    #[arg(long = "for", value_name = "DURATION")]
    pub time: Option<humantime::Duration>,
    /// Say that nothing was new after so long without a line; 0s: never [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub heartbeat: Option<humantime::Duration>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

impl Watch {
    /// Whether a flag was given.
    pub fn is_set(&self) -> bool {
        self.time.is_some() || self.heartbeat.is_some() || self.json
    }
}

/// The demo's settings.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// Same seed, same world
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// AWS waits, poll periods and the world's clock run this many times faster
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// A scenario by name, or a TOML file
    #[arg(long, default_value = "calm", value_name = "NAME|FILE")]
    pub scenario: String,
    /// Lines of text instead of the console; takes --for, --heartbeat and --json of miharu watch
    #[arg(long)]
    pub watch: bool,
    /// Of --watch
    #[command(flatten)]
    pub lines: Watch,
    /// Panics after so many milliseconds, to test that the terminal is restored
    #[arg(long, hide = true, value_name = "MS")]
    pub panic_after: Option<u64>,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "a number such as 10 or 0.5 is expected".to_owned())?;
    if (0.1..=1000.0).contains(&speed) { Ok(speed) } else { Err("between 0.1 and 1000 is expected".into()) }
}

/// Generated documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Document {
    /// Keys of a keymap, as Markdown
    Keys,
    /// A theme as TOML
    Theme,
    /// Every setting and where its value came from
    Config,
    /// JSON schema of the configuration file
    Schema,
    /// Man page
    Man,
    /// Shell completions
    Completions,
}
