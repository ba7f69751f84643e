//! Scenarios: worlds and incidents as TOML files, shipped ones and the user's own alike. They set causes (load,
//! faults, what somebody does and when), never a number that is shown.
//!
//! ```toml
//! title = "A bad deployment"
//! description = "After half a minute somebody deploys an image that exits at once."
//!
//! [world]                       # every key has a default, see [`World`]
//! tasks = 6
//! task_requests_per_s = 100     # tasks are processes in the demo, which serve so many impressions a second
//!
//! [[load]]                      # from `at` on, reached within `ramp`
//! at = "0s"
//! ops_per_s = 700
//! requests_per_s = 60           # impressions
//!
//! [[at]]                        # what happens, see [`Deed`]
//! after = "30s"                 # "-40m": before the console was started
//! do = "deploy-bad-image"
//! ```
//!
//! Times from the start on are the spectator's: real time, whatever the speed of the clock. Times before the
//! start are times of the world.

use std::path::Path;

use chrono::TimeDelta;
use include_dir::{Dir, include_dir};

pub mod deed;
pub mod error;
mod file;
mod keys;
pub mod world;

pub use deed::{Deed, Fault, FaultKind};
pub use error::ScenarioError;
pub use world::World;

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/simulated/scenarios");

/// How long the world existed before the console looks at it, so that there is history to draw.
pub const HISTORY: TimeDelta = TimeDelta::hours(2);

/// A world and what happens in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Name it is chosen by: the file's name without `.toml`.
    pub name: String,
    /// A few words.
    pub title: String,
    /// What an operator will see, in sentences.
    pub description: String,
    /// The world at its beginning.
    pub world: World,
    /// The load, in the order of time.
    pub load: Vec<LoadStep>,
    /// What happens, in the order of time.
    pub happenings: Vec<Happening>,
}

/// From `at` on the load goes to these values within `ramp`.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadStep {
    /// Time of the scenario.
    pub at: TimeDelta,
    /// Time of the change.
    pub ramp: TimeDelta,
    /// Files created a second; `None` leaves it as it is.
    pub files_per_s: Option<f64>,
    /// Operations that clients ask for a second; `None` leaves it as it is.
    pub ops_per_s: Option<f64>,
    /// Impressions a second that users send to the service; `None` leaves it as it is.
    pub requests_per_s: Option<f64>,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// Time of the scenario.
    pub after: TimeDelta,
    /// What.
    pub deed: Deed,
}

impl Scenario {
    /// Names, in alphabetical order, of the scenarios that come with the program.
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = SHIPPED
            .files()
            .filter(|f| f.path().extension().is_some_and(|e| e == "toml"))
            .filter_map(|f| f.path().file_stem()?.to_str())
            .collect();
        names.sort_unstable();
        names
    }

    /// All scenarios that come with the program. A test holds that each can be read.
    pub fn shipped() -> Vec<Self> {
        Self::names().into_iter().filter_map(|name| Self::load(name).ok()).collect()
    }

    /// A shipped scenario by its name, or a file by its path.
    ///
    /// # Errors
    /// Names file, line, key, what was expected and the nearest valid spelling.
    pub fn load(name_or_path: &str) -> Result<Self, ScenarioError> {
        if let Some(file) = SHIPPED.get_file(format!("{name_or_path}.toml")) {
            let text = file.contents_utf8().unwrap_or_default();
            return Self::parse(name_or_path, &format!("{name_or_path}.toml"), text);
        }
        let path = Path::new(name_or_path);
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let name = path.file_stem().map_or(name_or_path.into(), |s| s.to_string_lossy().into_owned());
                Self::parse(&name, name_or_path, &text)
            }
            Err(why) => Err(ScenarioError::unknown(name_or_path, &Self::names(), &why)),
        }
    }

    /// Reads the text of a scenario. `file` is named in errors.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self, ScenarioError> {
        file::read(name, file, text)
    }
}

#[cfg(test)]
mod tests;
