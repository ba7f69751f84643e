//! What is wrong with the settings, in words that name the place and the remedy.

use std::fmt;
use std::path::PathBuf;

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is built in.
    Default,
    /// In a file.
    File {
        /// Which; `built in: themes/dark.toml` for one that is part of the program.
        path: PathBuf,
        /// Line and column, from 1; `None` for the file as a whole.
        position: Option<(usize, usize)>,
    },
    /// In this variable.
    Variable(String),
    /// In this flag, `--theme`.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, position: None } => write!(f, "{}", path.display()),
            Self::File { path, position: Some((line, column)) } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub at: Origin,
    /// Path of the key, `environment.prod.files.threshold`; empty for a whole file.
    pub key: String,
    /// The value as written, without passwords; `None` where there is none or the key itself is wrong.
    pub value: Option<String>,
    /// What was expected there.
    pub expected: String,
    /// The nearest valid spelling.
    pub nearest: Option<String>,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A key or a name from outside may hold escape sequences.
        let plain = |text: &str| text.replace(char::is_control, "\u{fffd}");
        let place = Some(plain(&self.at.to_string())).filter(|_| self.at != Origin::Default);
        let key = Some(plain(&self.key)).filter(|key| !key.is_empty());
        f.write_str(&place.into_iter().chain(key).collect::<Vec<_>>().join(": "))?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, "\n  expected  {}", self.expected)?;
        if let Some(nearest) = &self.nearest {
            write!(f, "\n  nearest   {nearest}")?;
        }
        write!(f, "\n  remedy    {}", self.remedy)
    }
}

/// Settings that cannot be used: at least one mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// In the order in which they were met: file, variables, flags.
    pub mistakes: Vec<Mistake>,
}

impl From<Mistake> for ConfigError {
    fn from(mistake: Mistake) -> Self {
        Self { mistakes: vec![mistake] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mistakes.len() {
            1 => f.write_str("1 mistake in the configuration")?,
            n => write!(f, "{n} mistakes in the configuration")?,
        }
        for mistake in &self.mistakes {
            write!(f, "\n\n{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// What a reader of one value says; the caller knows the place and the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) expected: String,
    pub(super) nearest: Option<String>,
    pub(super) remedy: Option<String>,
}

impl Wrong {
    pub(super) fn new(expected: impl Into<String>) -> Self {
        Self { expected: expected.into(), nearest: None, remedy: None }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// One of `names` was expected and `got` was written.
    pub(super) fn one_of<'a>(got: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> Self {
        Self { expected: any_of(names.clone()), nearest: nearest(got, names), remedy: None }
    }
}

/// `"a", "b" or "c"`.
pub(crate) fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|n| format!("\"{n}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// The candidate that `got` was most likely meant to be, if one is near at all.
pub(crate) fn nearest<'a>(got: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let got = got.to_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::normalized_damerau_levenshtein(&got, &c.to_lowercase()), c))
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, c)| c.to_owned())
}

/// Longest value that an error repeats, in characters.
const VALUE_SHOWN: usize = 80;

/// `text` without what stands between a `:` and an `@`: a value that was written into the wrong place may be a
/// URL with a password.
pub fn without_password(text: &str) -> String {
    let Some(at) = text.rfind('@') else { return text.to_owned() };
    let (head, tail) = text.split_at(at);
    let from = head.find("://").map_or(0, |i| i + 3);
    match head.get(from..).and_then(|credentials| credentials.find(':')) {
        Some(colon) => format!("{}:…{tail}", head.get(..from + colon).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// `text` as an error repeats it: without password, control characters and great length.
pub(crate) fn redacted(text: &str) -> String {
    let text = without_password(text).replace(char::is_control, " ");
    match text.char_indices().nth(VALUE_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
