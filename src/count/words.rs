//! Why something could not be read, in words that stand behind its path.

use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Ended, NotMounted, RootError};
use crate::domain::count::{CountError, DirectoryCount};

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// What the system says, by its number.
    System(i32),
    /// It is expected to be a mount of a network file system and is none.
    NotMounted,
    /// Anything else, in words that stand behind a path.
    Other(String),
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<NotMounted>) {
            return Self::NotMounted;
        }
        error.raw_os_error().map_or_else(|| Self::Other(format!("cannot be read: {error}")), Self::System)
    }
}

impl Reason {
    /// Its kind, where the system gave one.
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::System(code) => Some(io::Error::from_raw_os_error(*code).kind()),
            Self::NotMounted | Self::Other(_) => None,
        }
    }

    /// What it says of a path that stands before it.
    pub fn words(&self) -> String {
        let code = match self {
            Self::System(code) => *code,
            Self::NotMounted => return format!("{NotMounted}: no data"),
            Self::Other(words) => return words.clone(),
        };
        let error = io::Error::from_raw_os_error(code);
        match error.kind() {
            ErrorKind::NotFound => "does not exist".into(),
            ErrorKind::NotADirectory => "is not a directory".into(),
            ErrorKind::PermissionDenied => "may not be read: no permission".into(),
            ErrorKind::TimedOut => "does not answer".into(),
            ErrorKind::StaleNetworkFileHandle => {
                "is a stale mount: what was mounted there is gone from the server; mount it again".into()
            }
            ErrorKind::NotConnected => "is a mount whose server is gone; mount it again".into(),
            _ => format!("cannot be read: {error}"),
        }
    }
}

/// A path as it is listed: invalid UTF-8 as U+FFFD, the root as `.`.
pub fn listed(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".into() } else { path.to_string_lossy().into_owned() }
}

impl Ended {
    /// The directories with the most files, as they are listed.
    pub fn listed_largest(&self) -> Vec<DirectoryCount> {
        self.largest
            .iter()
            .map(|(path, files)| DirectoryCount { path: listed(path), files: *files })
            .collect()
    }

    /// What is missing, as far as it is listed, in the order of the paths: what hangs, what could not be read,
    /// what vanished. The last one says how much is not listed.
    pub fn listed_errors(&self) -> Vec<CountError> {
        let hanging = self.hanging.iter().map(|path| CountError {
            path: listed(path),
            error: "does not answer: does the mount hang?".into(),
        });
        let read = self.errors.iter().map(|u| CountError { path: listed(&u.path), error: u.reason.words() });
        let mut all: Vec<CountError> = hanging.chain(read).collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        let more = (self.counted.unread + self.counted.vanished).saturating_sub(self.errors.len() as u64);
        if more > 0 {
            all.push(CountError { path: ".".into(), error: format!("{more} more below could not be read") });
        }
        all
    }

    /// Why there is no count at all, behind the path of the root.
    pub fn no_data(&self) -> Option<String> {
        match self.root.as_ref()? {
            RootError::Failed(reason) => Some(reason.words()),
            RootError::Silent => Some("does not answer: does the mount hang?".into()),
        }
    }

    /// Whether all that is there was counted. What vanished meanwhile is not there any more.
    pub fn is_complete(&self) -> bool {
        self.whole && self.root.is_none() && self.counted.unread == 0
    }

    /// Whether something is missing, or vanished meanwhile.
    pub fn is_partial(&self) -> bool {
        !self.whole || self.root.is_some() || self.counted.unread + self.counted.vanished > 0
    }
}
