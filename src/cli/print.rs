//! `miharu print`: documents generated from what the program itself uses.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use color_eyre::eyre;

use crate::config::{self, ConfigError, Loaded, Mistake, Origin, print};

use crate::ui::text::printable;

use super::args::{Cli, Document};

/// Prints a document. Those that show settings need them.
pub fn document(what: Document, name: Option<&str>, loaded: Option<&Loaded>) -> eyre::Result<ExitCode> {
    let text = match (what, loaded) {
        (Document::Man, _) => man(name),
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
    keymap.map(|k| print::keys(&k)).map_err(|e| wrong("print keys", &e))
}

fn theme(loaded: &Loaded, name: Option<&str>) -> Result<String, String> {
    let theme = match name {
        Some(name) => config::theme(name, &loaded.config.directory),
        None => loaded.theme(),
    };
    theme.map(|t| print::theme(&t)).map_err(|e| wrong("print theme", &e))
}

/// An error in words. A name that was given as the command's argument is nothing to be mended in a file.
fn wrong(command: &'static str, error: &ConfigError) -> String {
    match error.mistakes.as_slice() {
        [mistake] if mistake.at == Origin::Default => {
            let remedy = match &mistake.nearest {
                Some(nearest) => {
                    format!("miharu {command} {nearest}; miharu {command} --list names them all")
                }
                None => format!("miharu {command} --list names them all"),
            };
            Mistake { at: Origin::Flag(command), key: String::new(), remedy, ..mistake.clone() }.to_string()
        }
        _ => error.to_string(),
    }
}

/// Prints the names of all themes, keymaps or man pages with what they are for.
pub fn list(what: Document, loaded: &Loaded) -> eyre::Result<ExitCode> {
    let directory = &loaded.config.directory;
    let described = |names: Vec<String>, describe: &dyn Fn(&str) -> Result<String, ConfigError>| -> Vec<_> {
        let line = |name: String| {
            // A file of the user's that is wrong is in the list too: that is where it is looked for.
            let said = describe(&name).unwrap_or_else(|e| {
                let first = e.mistakes.first().map(|m| format!("{}: {} is expected", m.at, m.expected));
                format!("cannot be used: {}", first.unwrap_or_default())
            });
            (name, said)
        };
        names.into_iter().map(line).collect()
    };
    let lines = match what {
        Document::Theme => {
            described(config::themes(directory), &|n| config::theme(n, directory).map(|t| t.description))
        }
        Document::Keys => {
            described(config::keymaps(directory), &|n| config::keymap(n, directory).map(|k| k.description))
        }
        Document::Man => pages()
            .into_iter()
            .map(|(name, c)| (name, c.get_about().map(ToString::to_string).unwrap_or_default()))
            .collect(),
        _ => return Ok(super::usage(&"--list goes with print man, print theme and print keys")),
    };
    let widest = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let text: Vec<String> = lines
        .iter()
        .map(|(name, said)| printable(&format!("{name:<widest$}  {said}")).into_owned())
        .collect();
    super::out(&text.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// All commands with their pages' names, the program itself first: `miharu`, `miharu-watch`, `miharu-bench-files`.
fn pages() -> Vec<(String, clap::Command)> {
    fn below(command: &clap::Command, out: &mut Vec<(String, clap::Command)>) {
        let page = command.get_display_name().unwrap_or_else(|| command.get_name());
        out.push((page.to_owned(), command.clone()));
        command.get_subcommands().filter(|c| !c.is_hide_set()).for_each(|c| below(c, out));
    }
    let mut program = Cli::command();
    program.build();
    let mut out = Vec::new();
    below(&program, &mut out);
    out
}

/// A man page, in roff: that of the program, or of one command (`watch`, `bench files` as `bench-files`).
fn man(command: Option<&str>) -> Result<String, String> {
    let page = command.map_or_else(|| "miharu".to_owned(), |command| format!("miharu-{command}"));
    let (_, wanted) = pages().into_iter().find(|(name, _)| *name == page).ok_or_else(|| {
        format!(
            "there is no command {}: miharu print man --list names all pages",
            command.unwrap_or_default()
        )
    })?;
    let mut out = Vec::new();
    let source = concat!("miharu ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(wanted)
        .source(source)
        .manual("miharu")
        .render(&mut out)
        .map_err(|e| format!("the man page: {e}"))?;
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
