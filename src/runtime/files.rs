//! Writes files for the operator, away from the screen: it may be a slow disk, or one that hangs.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender};

use crate::app::event::Event;
use crate::domain::units;

use super::inbox::Message;

/// Longest that a disk may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Files that may wait: one, while another is written.
pub const WAITING: usize = 1;

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// A name in the folder of the program, or a path.
    pub name: String,
    /// What to write.
    pub text: String,
    /// Log lines in it.
    pub lines: u64,
    /// There were more than a file takes.
    pub cut: bool,
}

/// Writes one file after the other, until nobody asks for one, and tells what came of each. A name without a folder
/// goes into `folder`.
pub async fn write(mut wanted: Receiver<File>, folder: PathBuf, inbox: Sender<Message>) {
    while let Some(file) = wanted.recv().await {
        let folder = folder.clone();
        let writing = tokio::task::spawn_blocking(move || told(&file, &folder));
        let told = match tokio::time::timeout(PATIENCE, writing).await {
            Ok(Ok(told)) => told,
            Ok(Err(_)) => "not written: the writer failed".to_owned(),
            Err(_) => "not written: the disk did not answer within 10 s".to_owned(),
        };
        if inbox.send(Message::Event(Event::Notice(told))).await.is_err() {
            return;
        }
    }
}

/// Writes a file and says so, or why not.
pub fn told(file: &File, folder: &Path) -> String {
    let path = place(&file.name, folder);
    match create(&path, &file.text) {
        Ok(()) => {
            let (lines, path) = (units::thousands(file.lines), path.display());
            if file.cut {
                format!("wrote {lines} lines to {path}, the rest does not fit: narrow the time")
            } else {
                format!("wrote {lines} lines to {path}")
            }
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            format!("not written: {} is there already", path.display())
        }
        Err(error) => format!("not written: {}: {error}", path.display()),
    }
}

/// `~` is the shell's; whoever types it means a home that is not known here, so the path is taken as it is.
fn place(name: &str, folder: &Path) -> PathBuf {
    if name.contains('/') { PathBuf::from(name) } else { folder.join(name) }
}

/// A new file for its owner alone, since it may be confidential, in a folder that is made where it is missing.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_new_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("state");
        let file = File { name: "a.txt".into(), text: "one\ntwo\n".into(), lines: 1_200, cut: false };
        assert_eq!(told(&file, &place), format!("wrote 1 200 lines to {}/a.txt", place.display()));
        assert_eq!(std::fs::read_to_string(place.join("a.txt")).unwrap(), "one\ntwo\n");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&place.join("a.txt").metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        assert!(told(&file, &place).ends_with("a.txt is there already"));
        let elsewhere = folder.path().join("b.txt").display().to_string();
        let cut = File { name: elsewhere.clone(), cut: true, ..file.clone() };
        assert_eq!(
            told(&cut, &place),
            format!("wrote 1 200 lines to {elsewhere}, the rest does not fit: narrow the time")
        );
        let under_a_file = File { name: format!("{elsewhere}/c.txt"), ..file };
        assert!(told(&under_a_file, &place).starts_with("not written: "));
    }
}
