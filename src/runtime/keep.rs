//! Screens, and texts too long for a clipboard, go into files: written by a thread of their own, since a disk may
//! hang and the screen must not, and reported with the path.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc::Receiver;

use crate::app::event::Event;
use crate::engine::tasks::Tasks;
use crate::ui::Saved;

use super::files::{PATIENCE, create};

/// Files of one second.
const SAME_SECOND: u32 = 100;
/// How many may wait.
pub const WAITING: usize = 4;

/// What is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A screen, as text and as a picture.
    Screen(Saved),
    /// A text that was to be copied; the most that the clipboard takes, in bytes.
    Copy(String, usize),
}

/// Writes what comes until nobody asks any more; `directory` is made where it is missing.
pub async fn keep(directory: Option<PathBuf>, mut wanted: Receiver<(What, DateTime<Utc>)>, tasks: Tasks) {
    while let Some((what, at)) = wanted.recv().await {
        let said = match directory.clone() {
            None => "not saved: there is no home directory; set screens to a directory".to_owned(),
            Some(directory) => {
                let shown = directory.display().to_string();
                let writing = tokio::task::spawn_blocking(move || write(&directory, &what, at));
                match tokio::time::timeout(PATIENCE, writing).await {
                    Ok(Ok(Ok(said))) => said,
                    Ok(Ok(Err(error))) => format!("not saved in {shown}: {error}"),
                    Ok(Err(_)) => format!("not saved in {shown}: the writer failed"),
                    Err(_) => format!("not saved in {shown}: the disk did not answer within 10 s"),
                }
            }
        };
        tasks.report(Event::Notice(said)).await;
    }
}

/// Writes it and says where.
fn write(directory: &Path, what: &What, at: DateTime<Utc>) -> io::Result<String> {
    let files: Vec<(&str, &str)> = match what {
        What::Screen(saved) => vec![("txt", &saved.text), ("svg", &saved.svg)],
        What::Copy(text, _) => vec![("txt", text)],
    };
    let kind = if matches!(what, What::Screen(_)) { "screen" } else { "copy" };
    let name = format!("{kind}-{}", at.format("%Y%m%dT%H%M%SZ"));
    for n in 1..=SAME_SECOND {
        let name = if n == 1 { name.clone() } else { format!("{name}-{n}") };
        let path = |extension: &str| directory.join(format!("{name}.{extension}"));
        let taken = files.iter().any(|(extension, _)| path(extension).exists());
        if taken {
            continue;
        }
        for (extension, text) in &files {
            // an audience may see what is on the screen, but not everybody on this machine
            create(&path(extension), text)?;
        }
        return Ok(match what {
            What::Screen(_) => format!("saved as {} and .svg", path("txt").display()),
            What::Copy(text, most) => format!(
                "too long for the clipboard ({} bytes, {most} at most here): saved as {}",
                text.len(),
                path("txt").display()
            ),
        });
    }
    Err(io::Error::other("there are a hundred files of this second already"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-11-21T09:30:12Z".parse().unwrap()
    }

    #[test]
    fn a_screen_is_two_files_and_none_is_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("state/screens");
        let screen = What::Screen(Saved { text: "text\n".into(), svg: "<svg/>\n".into() });
        let first = write(&directory, &screen, at()).unwrap();
        assert!(first.ends_with("screen-20261121T093012Z.txt and .svg"), "{first}");
        let second = write(&directory, &screen, at()).unwrap();
        assert!(second.ends_with("screen-20261121T093012Z-2.txt and .svg"), "{second}");
        let svg = directory.join("screen-20261121T093012Z-2.svg");
        assert_eq!(std::fs::read_to_string(&svg).unwrap(), "<svg/>\n");
        assert_eq!(std::fs::metadata(&svg).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_long_copy_says_how_long_it_may_be_and_where_it_is() {
        let home = tempfile::tempdir().unwrap();
        let said = write(home.path(), &What::Copy("x".repeat(80_000), 74_994), at()).unwrap();
        assert!(said.contains("80000 bytes, 74994 at most here") && said.contains("copy-2026"), "{said}");
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(write(&file.join("screens"), &What::Copy(String::new(), 1), at()).is_err());
    }
}
