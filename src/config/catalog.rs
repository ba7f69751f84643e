//! Themes and keymaps alike: files that are part of the program, embedded by directory, and the user's own in
//! the configuration directory, which stand over them or beside them.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use super::document::Document;
use super::error::{ConfigError, Mistake, Origin, Wrong};
use super::inputs::unreadable;
use super::report::Report;

static THEME_FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/themes");
static KEYMAP_FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/keymaps");

/// A folder of files of one kind.
pub(super) struct Catalog {
    /// Its name, here and in the configuration directory; without the `s` it is the key of the choice.
    folder: &'static str,
    embedded: &'static Dir<'static>,
}

/// All themes.
pub(super) static THEMES: Catalog = Catalog { folder: "themes", embedded: &THEME_FILES };
/// All keymaps.
pub(super) static KEYMAPS: Catalog = Catalog { folder: "keymaps", embedded: &KEYMAP_FILES };

/// Which of two files of one name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    User,
    BuiltIn,
}

impl Catalog {
    /// All names, sorted: the built-in ones and those in `directory`.
    pub(super) fn names(&self, directory: &Path) -> Vec<String> {
        let mut names: Vec<String> = self.embedded.files().filter_map(|f| name_of(f.path())).collect();
        if !directory.as_os_str().is_empty()
            && let Ok(entries) = std::fs::read_dir(directory.join(self.folder))
        {
            names.extend(entries.flatten().filter_map(|entry| name_of(&entry.path())));
        }
        names.sort();
        names.dedup();
        names
    }

    /// The files that make up `name`, the base first: each file stands over the one it `extends`, and a user's
    /// file over the built-in one of its own name. `at` is where the name was given.
    pub(super) fn files(
        &self,
        name: &str,
        directory: &Path,
        at: &Origin,
    ) -> Result<Vec<Document>, ConfigError> {
        let mut files = Vec::new();
        let mut seen = Vec::new();
        let mut next = Some((name.to_owned(), at.clone()));
        while let Some((name, at)) = next.take() {
            let (layer, path, text) = self.open(&name, directory, &seen, &at)?;
            seen.push((name.clone(), layer));
            let document = Document::parse(&path, &text).map_err(|m| *m)?;
            next = match document.root().get("extends") {
                Some(item) => {
                    let at = document.at_value(document.root(), "extends");
                    let Some(base) = item.as_str() else {
                        let mut report = Report::default();
                        let written = document.written(item);
                        report.wrong(at, "extends".into(), written, Wrong::new("a name in quotes"));
                        return Err(ConfigError { mistakes: report.mistakes });
                    };
                    Some((base.to_owned(), at))
                }
                None if layer == Layer::User && self.built_in(&name).is_some() => Some((name, at)),
                None => None,
            };
            files.push(document);
        }
        files.reverse();
        Ok(files)
    }

    /// The file of `name` that has not been `seen` yet, the user's before the built-in one.
    fn open(
        &self,
        name: &str,
        directory: &Path,
        seen: &[(String, Layer)],
        at: &Origin,
    ) -> Result<(Layer, PathBuf, String), ConfigError> {
        let fresh = |layer| !seen.iter().any(|(n, l)| n == name && *l == layer);
        // Built-in files build on built-in files alone, whatever a user calls his own.
        let from_built_in = seen.last().is_some_and(|(_, layer)| *layer == Layer::BuiltIn);
        let plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
        if plain && !directory.as_os_str().is_empty() && !from_built_in && fresh(Layer::User) {
            let path = directory.join(self.folder).join(format!("{name}.toml"));
            match std::fs::read_to_string(&path) {
                Ok(text) => return Ok((Layer::User, path, text)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(unreadable(&path, None, &error).into()),
            }
        }
        if fresh(Layer::BuiltIn)
            && let Some((path, text)) = self.built_in(name)
        {
            return Ok((Layer::BuiltIn, path, text.to_owned()));
        }
        Err(self.missing(name, directory, seen, at).into())
    }

    fn built_in(&self, name: &str) -> Option<(PathBuf, &'static str)> {
        let file = self.embedded.get_file(format!("{name}.toml"))?;
        Some((PathBuf::from(format!("built in: {}/{name}.toml", self.folder)), file.contents_utf8()?))
    }

    fn missing(&self, name: &str, directory: &Path, seen: &[(String, Layer)], at: &Origin) -> Mistake {
        let kind = self.folder.trim_end_matches('s');
        let circle = seen.iter().any(|(n, _)| n == name);
        let names = self.names(directory);
        let mut report = Report::default();
        let wrong = if circle {
            Wrong::new(format!("a {kind} that does not lead back to itself")).remedy("extend another one")
        } else {
            Wrong::one_of(name, names.iter().map(String::as_str))
        };
        let key = if seen.is_empty() { kind } else { "extends" };
        report.wrong(at.clone(), key.into(), Some(format!("\"{}\"", super::error::redacted(name))), wrong);
        report.mistakes.swap_remove(0)
    }
}

/// `dark` of `…/dark.toml`.
fn name_of(path: &Path) -> Option<String> {
    let toml = path.extension().is_some_and(|e| e == "toml");
    path.file_stem().filter(|_| toml).map(|stem| stem.to_string_lossy().into_owned())
}
