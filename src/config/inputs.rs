//! Everything that settings come from, as values. Only [`gather`] reads the real process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use super::error::{ConfigError, Mistake, Origin};

/// What `load` works on.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Path and text of the configuration file, where there is one.
    pub file: Option<(PathBuf, String)>,
    /// All variables of the process.
    pub variables: BTreeMap<String, String>,
    /// What flags say.
    pub overrides: Overrides,
    /// `$XDG_CONFIG_HOME/miharu`; empty where there is no home directory.
    pub config_dir: PathBuf,
}

/// What flags say, over everything else. `false` means that a switch was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--environment`: moves that one to the front.
    pub environment: Option<String>,
    /// `--read-only`.
    pub read_only: bool,
    /// `--journal`.
    pub journal: Option<String>,
    /// `--low-bandwidth`.
    pub low_bandwidth: bool,
    /// `--ambiguous`.
    pub ambiguous: Option<String>,
    /// `--shapes`.
    pub shapes: Option<String>,
    /// `--mask`.
    pub mask: bool,
    /// `--region`, of every environment.
    pub region: Option<String>,
    /// `--profile`, of every environment.
    pub profile: Option<String>,
    /// `--endpoint-url`, of every environment.
    pub endpoint_url: Option<String>,
    /// `--log-file`.
    pub log_file: Option<PathBuf>,
    /// `--lang`.
    pub lang: Option<String>,
    /// `--theme`.
    pub theme: Option<String>,
    /// `--keymap`.
    pub keymap: Option<String>,
}

/// Variable that names the configuration file where `--config` does not.
pub const CONFIG_VARIABLE: &str = "MIHARU_CONFIG";

/// Reads variables, directories and the configuration file of this process: `config` (`--config`), else
/// `MIHARU_CONFIG`, else `config.toml` in the configuration directory. Only the last may be missing.
pub fn gather(config: Option<&Path>, overrides: Overrides) -> Result<Inputs, ConfigError> {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .map(|(k, v)| (k.to_string_lossy().into_owned(), v.to_string_lossy().into_owned()))
        .collect();
    let config_dir =
        etcetera::base_strategy::Xdg::new().map(|dirs| dirs.config_dir().join("miharu")).unwrap_or_default();
    let variable = variables.get(CONFIG_VARIABLE).filter(|v| !v.is_empty());
    let (path, at) = match (config, variable) {
        (Some(path), _) => (path.to_owned(), Some(Origin::Flag("--config"))),
        (None, Some(path)) => (PathBuf::from(path), Some(Origin::Variable(CONFIG_VARIABLE.into()))),
        (None, None) => (config_dir.join("config.toml"), None),
    };
    let file = match std::fs::read_to_string(&path) {
        Ok(text) => Some((path, text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && at.is_none() => None,
        Err(error) => return Err(unreadable(&path, at, &error).into()),
    };
    Ok(Inputs { file, variables, overrides, config_dir })
}

/// A file that cannot be read.
pub(super) fn unreadable(path: &Path, at: Option<Origin>, error: &std::io::Error) -> Mistake {
    Mistake {
        value: at.as_ref().map(|_| format!("\"{}\"", path.display())),
        at: at.unwrap_or_else(|| Origin::File { path: path.to_owned(), position: None }),
        key: String::new(),
        expected: format!("a file that can be read ({error})"),
        nearest: None,
        remedy: "check the path and its permissions; `miharu print config --template` writes a first file"
            .into(),
    }
}
