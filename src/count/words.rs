//! Why something could not be read, in words that stand behind its path.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::{Ended, NotMounted, RootError};
use crate::domain::count::{CountError, DirectoryCount};

/// What `error` says of a path that stands before it.
pub fn why(error: &io::Error) -> String {
    if error.get_ref().is_some_and(|inner| inner.is::<NotMounted>()) {
        return format!("{NotMounted}: no data");
    }
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
        let read = self.errors.iter().map(|u| CountError { path: listed(&u.path), error: why(&u.error) });
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
            RootError::Failed(error) => Some(why(error)),
            RootError::Silent => Some("does not answer: does the mount hang?".into()),
        }
    }

    /// Whether something is missing, or vanished meanwhile.
    pub fn is_partial(&self) -> bool {
        !self.whole || self.root.is_some() || self.counted.unread + self.counted.vanished > 0
    }
}
