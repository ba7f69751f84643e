//! The command line. Names and flags are the contract of DESIGN §2.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// miharu keeps watch: a terminal operations console for an EFS-backed file service and its load.
#[derive(Debug, Parser)]
#[command(name = "miharu", version, about, long_about = None, disable_help_subcommand = true)]
#[command(
    after_help = "Without a command: the console on the configured environment. Try it without an account: miharu demo\n\
                        Exit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 something to do, 4 refused, 5 outcome unknown"
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
    /// Where changes are recorded (no effect yet)
    #[arg(long, global = true, value_name = "URL")]
    pub journal: Option<String>,
    /// At most one frame a second for data, on a slow line
    #[arg(long, global = true)]
    pub low_bandwidth: bool,
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
    /// Language (no effect yet)
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
        /// Shell of completions; name of a theme or keymap
        name: Option<String>,
        /// config: a commented file with every default
        #[arg(long)]
        template: bool,
        /// theme, keys: all names with what they are for
        #[arg(long)]
        list: bool,
    },
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
