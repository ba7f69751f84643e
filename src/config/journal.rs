//! Where the journal is kept, as a setting: a path, a URL, or the Go DSN of an existing deployment.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::datasource;
use super::error::Wrong;
use super::model::Datasource;

/// What is expected of the setting.
pub(super) const EXPECTED: &str = "a path such as \"/var/lib/miharu/journal.db\", or a database as \
    \"sqlite:///path/journal.db\", \"mysql://user:password@host:3306/database\" or \
    \"user:password@tcp(host:3306)/database\"";

/// Where the journal is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A SQLite file. An empty path says that there is no home directory.
    File(PathBuf),
    /// A MySQL or MariaDB server.
    Server(Datasource),
}

impl fmt::Display for Location {
    /// Without password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server(server) => f.write_str(&server.shown()),
        }
    }
}

/// The state directory: `$XDG_STATE_HOME/miharu`, else `~/.local/state/miharu` (XDG base directories: a variable
/// that holds no absolute path counts as unset). `None`: there is no home.
pub fn state_directory(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let absolute = |name: &str| variables.get(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".local/state"));
    absolute("XDG_STATE_HOME").or_else(home).map(|state| state.join("miharu"))
}

impl Location {
    /// `journal.db` in the state directory.
    pub(super) fn default_of(variables: &BTreeMap<String, String>) -> Self {
        Self::File(state_directory(variables).map(|state| state.join("journal.db")).unwrap_or_default())
    }
}

/// Reads the setting.
pub(super) fn parse(text: &str) -> Result<Location, Wrong> {
    let wrong = |why: &str| Wrong::new(EXPECTED).remedy(format!("correct it: {why}"));
    let file = |path: &str| match path {
        "" => Err(wrong("there is no path")),
        ":memory:" => Err(wrong("a journal in memory would forget what is in flight")),
        _ if path.contains('\0') || path.ends_with('/') => Err(wrong("the path is not that of a file")),
        _ if path.starts_with('~') => Err(wrong("write the whole path, ~ is not replaced")),
        _ => Ok(Location::File(PathBuf::from(path))),
    };
    if let Some(rest) = text.strip_prefix("sqlite:") {
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.contains('?') {
            return Err(wrong("parameters after \"?\" have no meaning here"));
        }
        let path = percent_decode_str(path).decode_utf8().map_err(|_| wrong("the path is not UTF-8"))?;
        return file(&path);
    }
    let plain = text.starts_with(['/', '.', '~']);
    if !plain && text.contains(['@', '(', ':']) {
        let read = datasource::parse(text).map_err(|w| Wrong { expected: EXPECTED.into(), ..w });
        return read.map(Location::Server);
    }
    if !plain && !text.contains(['/', '.']) {
        return Err(Wrong::new(EXPECTED)); // a word, not a path
    }
    file(text)
}
