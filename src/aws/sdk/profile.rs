//! The profiles of the AWS configuration: which one is chosen, and whether it is there.

use std::path::Path;

use aws_types::os_shim_internal::{Env, Fs};

use crate::domain::source::{Failure, FailureClass};

#[expect(deprecated, reason = "its new name is in aws-runtime, which only the SDK itself depends on")]
pub(super) type Files = aws_config::profile::profile_file::ProfileFiles;

/// Profiles of one credentials file and no other.
#[expect(deprecated, reason = "its new name is in aws-runtime, which only the SDK itself depends on")]
pub(super) fn credentials_only(path: &Path) -> Files {
    let kind = aws_config::profile::profile_file::ProfileFileKind::Credentials;
    Files::builder().with_file(kind, path).build()
}

/// Likeness from which on a name is offered in place of another.
const LIKE: f64 = 0.5;
/// Profiles that are named.
const NAMED: usize = 12;
/// What is chosen where nothing is; that it does not exist is no mistake.
const DEFAULT: &str = "default";

/// A profile that is in no file of the AWS configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MissingProfile {
    name: String,
    /// Those that there are, sorted.
    known: Vec<String>,
}

/// The chosen profile (by setting, else `AWS_PROFILE`), if no file has it. Files that cannot be read say so
/// at the first call.
pub(super) async fn missing(chosen: Option<&str>, files: Option<&Files>) -> Option<MissingProfile> {
    let all = Files::default();
    let chosen = chosen.map(|name| name.to_owned().into());
    let profiles =
        aws_config::profile::load(&Fs::real(), &Env::real(), files.unwrap_or(&all), chosen).await.ok()?;
    let name = profiles.selected_profile();
    if name == DEFAULT || profiles.get_profile(name).is_some() {
        return None;
    }
    let mut known: Vec<String> = profiles.profiles().map(str::to_owned).collect();
    known.sort();
    Some(MissingProfile { name: name.to_owned(), known })
}

impl MissingProfile {
    /// What every call fails with. A wrong name is not mended by a login, so it is no failure of credentials.
    pub(super) fn failure(&self) -> Failure {
        let like = |k: &str| strsim::normalized_damerau_levenshtein(k, &self.name);
        let names: Vec<&str> = self.known.iter().map(String::as_str).collect();
        let nearest =
            names.iter().copied().filter(|k| like(k) >= LIKE).max_by(|a, b| like(a).total_cmp(&like(b)));
        let meant = nearest.map(|k| format!(", did you mean \"{k}\"?")).unwrap_or_default();
        let first = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let there_are = match names.len() {
            0 => "none at all".to_owned(),
            n if n > NAMED => format!("{first} and {} more", n - NAMED),
            _ => first,
        };
        let text =
            format!("the AWS configuration has no profile \"{}\"{meant} (it has {there_are})", self.name);
        Failure::new(FailureClass::NotFound, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, known: &[&str]) -> String {
        let known = known.iter().map(|k| (*k).to_owned()).collect();
        MissingProfile { name: name.to_owned(), known }.failure().text
    }

    #[test]
    fn a_missing_profile_is_named_with_the_nearest_and_all_there_are() {
        assert_eq!(
            said("porduction", &["dev", "production"]),
            "the AWS configuration has no profile \"porduction\", did you mean \"production\"? (it has dev, production)"
        );
        assert_eq!(said("xyzzy", &["dev"]), "the AWS configuration has no profile \"xyzzy\" (it has dev)");
        assert_eq!(said("ops", &[]), "the AWS configuration has no profile \"ops\" (it has none at all)");
        let many: Vec<String> = (0..15).map(|n| format!("p{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(said("zzz", &many).ends_with("p11 and 3 more)"));
    }

    #[tokio::test]
    async fn the_files_say_what_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("credentials");
        std::fs::write(&path, "[prod]\naws_access_key_id = a\naws_secret_access_key = b\n").unwrap();
        let files = credentials_only(&path);
        assert_eq!(missing(Some("prod"), Some(&files)).await, None);
        let gone = missing(Some("prd"), Some(&files)).await.unwrap();
        assert_eq!((gone.name.as_str(), gone.known), ("prd", vec!["prod".to_owned()]));
    }
}
