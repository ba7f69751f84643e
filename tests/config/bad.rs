//! One bad file for each rule; what it says stands beside it in `expected/`.

use std::path::{Path, PathBuf};

use miharu::config::{self, ConfigError, Inputs, Origin};
use rstest::rstest;

/// A password that stands in some of the files and never in an error.
const PASSWORD: &str = "hunter2";

fn check(folder: &str, path: &Path, error: &ConfigError) {
    let text = error.to_string();
    assert!(!text.contains(PASSWORD), "a password in an error:\n{text}");
    assert!(!text.contains('\u{1b}'), "an escape sequence in an error:\n{text:?}");
    for mistake in &error.mistakes {
        assert!(matches!(mistake.at, Origin::File { .. }), "no file: {mistake}");
        assert!(!mistake.expected.is_empty() && !mistake.remedy.is_empty(), "incomplete: {mistake}");
    }
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    insta::with_settings!({
        snapshot_path => format!("../bad_config/{folder}expected"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, { insta::assert_snapshot!(name, text) });
}

#[rstest]
fn a_bad_configuration_says_where_and_what(#[files("tests/bad_config/*.toml")] path: PathBuf) {
    let text = std::fs::read_to_string(&path).unwrap();
    let shown = PathBuf::from(path.file_name().unwrap());
    let error = config::load(&Inputs { file: Some((shown, text)), ..Inputs::default() }).unwrap_err();
    check("", &path, &error);
}

#[rstest]
fn a_bad_theme_says_where_and_what(#[files("tests/bad_config/themes/*.toml")] path: PathBuf) {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    check("themes/", &path, &config::theme(&name, Path::new("tests/bad_config")).unwrap_err());
}

#[rstest]
fn a_bad_keymap_says_where_and_what(#[files("tests/bad_config/keymaps/*.toml")] path: PathBuf) {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    check("keymaps/", &path, &config::keymap(&name, Path::new("tests/bad_config")).unwrap_err());
}

/// An expectation whose file is gone would stand there for ever.
#[rstest]
fn every_expectation_has_its_file(#[files("tests/bad_config/**/expected/*.snap")] path: PathBuf) {
    let name = path.file_stem().unwrap();
    let file = path.parent().and_then(Path::parent).unwrap().join(name).with_extension("toml");
    assert!(file.exists(), "{}", file.display());
}

#[test]
fn no_error_carries_escape_sequences() {
    let text = "\"\\u001b[2J\" = 1\n[\"\\u001b]0;x\"]\n";
    let file = Some((PathBuf::from("config\u{1b}.toml"), text.to_owned()));
    let error = config::load(&Inputs { file, ..Inputs::default() }).unwrap_err();
    assert_eq!(error.mistakes.len(), 2);
    assert!(!error.to_string().replace('\n', "").contains(char::is_control), "{error:?}");
}

/// Nothing that stands in a file may bring the reader down, and no error is without a place.
mod any_text {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn never_panics(text in ".{0,200}", value in "[ -~]{0,40}") {
            for text in [text, format!("theme = {value}\n[[environment]]\nname = \"a\"\nmode = {value}\n")] {
                let file = Some((PathBuf::from("config.toml"), text));
                if let Err(error) = config::load(&Inputs { file, ..Inputs::default() }) {
                    prop_assert!(!error.mistakes.is_empty());
                    for mistake in error.mistakes {
                        let placed = matches!(mistake.at, Origin::File { position: Some(_), .. });
                        prop_assert!(placed, "{}", mistake);
                    }
                }
            }
        }
    }
}
