//! `miharu print`: documents generated from what the program itself uses.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use color_eyre::eyre;

use crate::config::{self, Loaded, print};

use super::args::{Cli, Document};

/// Prints a document. Those that show settings need them.
pub fn document(what: Document, name: Option<&str>, loaded: Option<&Loaded>) -> eyre::Result<ExitCode> {
    let text = match (what, loaded) {
        (Document::Man, _) => Ok(man()?),
        (Document::Completions, _) => completions(name),
        (Document::Schema, _) => Ok(print::schema()),
        (Document::Config, None) => Ok(print::template()),
        (Document::Config, Some(loaded)) => Ok(print::config(loaded)),
        (Document::Keys, Some(loaded)) => keymap(loaded, name),
        (Document::Theme, Some(loaded)) => theme(loaded, name),
        (Document::Keys | Document::Theme, None) => Err("settings are needed".to_owned()),
    };
    match text {
        Ok(text) => {
            super::out(text.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(super::usage(&error)),
    }
}

fn keymap(loaded: &Loaded, name: Option<&str>) -> Result<String, String> {
    let keymap = match name {
        Some(name) => config::keymap(name, &loaded.config.directory),
        None => loaded.keymap(),
    };
    keymap.map(|k| print::keys(&k)).map_err(|e| e.to_string())
}

fn theme(loaded: &Loaded, name: Option<&str>) -> Result<String, String> {
    let theme = match name {
        Some(name) => config::theme(name, &loaded.config.directory),
        None => loaded.theme(),
    };
    theme.map(|t| print::theme(&t)).map_err(|e| e.to_string())
}

/// The man page, in roff.
fn man() -> std::io::Result<String> {
    let mut out = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// Completions for a shell.
fn completions(shell: Option<&str>) -> Result<String, String> {
    let wanted = shell.unwrap_or("bash");
    let shell: Shell = wanted.parse().map_err(|_| {
        format!("no completions for \"{wanted}\": bash, elvish, fish, powershell or zsh is expected")
    })?;
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "miharu", &mut out);
    Ok(String::from_utf8_lossy(&out).into_owned())
}
