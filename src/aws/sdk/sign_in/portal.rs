//! Which IAM Identity Center an environment's credentials come from, by the profiles of the AWS configuration.

use std::path::PathBuf;

use aws_types::os_shim_internal::{Env, Fs};

use super::cache;
use crate::aws::sdk::clients::Options;
use crate::aws::sdk::profile::{self, Files};

/// Profiles that lead to another (`source_profile`) until it is taken for a circle.
const CHAIN: usize = 10;
/// What is asked for where an `sso-session` says nothing else, as `aws sso login` does.
const SCOPES: &str = "sso:account:access";

/// An IAM Identity Center, and where its token is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Portal {
    /// Name of the `sso-session`, or the start URL.
    pub(super) name: String,
    pub(super) start_url: String,
    pub(super) region: String,
    /// Empty for a profile without an `sso-session`, whose token cannot be renewed.
    pub(super) scopes: Vec<String>,
    /// `~/.aws/sso/cache/….json`.
    pub(super) file: PathBuf,
}

/// The portal of the chosen profile, or of the one that it takes its credentials from; `None`: it has none, or
/// keys in the environment come first.
///
/// # Errors
/// The configuration cannot be read, or is wrong, in words.
pub(super) async fn of(options: &Options) -> Result<Option<Portal>, String> {
    let env = Env::real();
    let files = match &options.credentials_file {
        Some(path) => profile::credentials_only(path),
        None if env.get("AWS_ACCESS_KEY_ID").is_ok_and(|key| !key.trim().is_empty()) => return Ok(None),
        None => Files::default(),
    };
    let chosen = options.profile.clone().map(Into::into);
    let profiles = aws_config::profile::load(&Fs::real(), &env, &files, chosen)
        .await
        .map_err(|e| format!("the AWS configuration cannot be read: {e}"))?;
    let mut name = profiles.selected_profile();
    for _ in 0..CHAIN {
        let Some(profile) = profiles.get_profile(name) else { return Ok(None) };
        let session = profile.get("sso_session");
        let get = |key: &str| match session {
            Some(session) => profiles.sso_session(session).and_then(|s| s.get(key)),
            None => profile.get(key),
        };
        if let (Some(start_url), Some(region)) = (get("sso_start_url"), get("sso_region")) {
            let home = env.get("HOME").map_err(|_| "HOME is not set, so there is no ~/.aws".to_owned())?;
            let scopes = get("sso_registration_scopes").unwrap_or(SCOPES);
            let scopes = scopes.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
            return Ok(Some(Portal {
                name: session.unwrap_or(start_url).to_owned(),
                start_url: start_url.to_owned(),
                region: region.to_owned(),
                scopes: if session.is_some() { scopes.collect() } else { Vec::new() },
                file: cache::file(home.as_ref(), session.unwrap_or(start_url)),
            }));
        }
        if let Some(session) = session {
            return Err(format!(
                "profile {name} names sso_session {session}, which the AWS configuration does not have, or has without \
                 sso_start_url and sso_region"
            ));
        }
        match profile.get("source_profile") {
            Some(next) if next != name => name = next,
            _ => return Ok(None),
        }
    }
    Ok(None)
}
