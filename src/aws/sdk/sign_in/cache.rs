//! The file of a token of IAM Identity Center, as the AWS CLI and the SDKs keep it:
//! `~/.aws/sso/cache/<SHA-1 of the sso-session's name or of the start URL>.json`, for its owner's eyes only.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// Longest file that is read; a token has a few kilobytes.
const LONGEST: u64 = 1 << 20;

/// A token to be kept, with who may renew it. It is a secret: nothing prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Grant<'a> {
    pub(super) start_url: &'a str,
    pub(super) region: &'a str,
    pub(super) access_token: &'a str,
    #[serde(serialize_with = "seconds")]
    pub(super) expires_at: DateTime<Utc>,
    pub(super) client_id: &'a str,
    pub(super) client_secret: &'a str,
    #[serde(
        rename = "registrationExpiresAt",
        serialize_with = "some_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    pub(super) client_until: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<&'a str>,
}

fn seconds<S: serde::Serializer>(at: &DateTime<Utc>, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn some_seconds<S: serde::Serializer>(at: &Option<DateTime<Utc>>, out: S) -> Result<S::Ok, S::Error> {
    seconds(&at.unwrap_or_default(), out)
}

/// What of a kept token is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) expires_at: DateTime<Utc>,
    /// Whether the SDK can renew it.
    pub(super) renews: bool,
}

/// The file of a token.
pub(super) fn file(home: &Path, identifier: &str) -> PathBuf {
    let mut name = String::with_capacity(45);
    for byte in Sha1::digest(identifier.as_bytes()) {
        let _ = write!(name, "{byte:02x}");
    }
    home.join(".aws/sso/cache").join(name + ".json")
}

/// What a kept token tells; `None`: there is none, or it cannot be read.
pub(super) async fn read(file: &Path) -> Option<Told> {
    let file = file.to_owned();
    tokio::task::spawn_blocking(move || told(&file)).await.ok()?
}

fn told(file: &Path) -> Option<Told> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Kept {
        expires_at: DateTime<Utc>,
        registration_expires_at: Option<DateTime<Utc>>,
        #[serde(default)]
        refresh_token: String,
        #[serde(default)]
        client_id: String,
        #[serde(default)]
        client_secret: String,
    }
    if fs::metadata(file).ok()?.len() > LONGEST {
        return None;
    }
    let kept: Kept = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    let secrets = [&kept.refresh_token, &kept.client_id, &kept.client_secret];
    Some(Told {
        expires_at: kept.expires_at,
        renews: secrets.iter().all(|s| !s.is_empty())
            && kept.registration_expires_at.is_some_and(|until| until > kept.expires_at),
    })
}

/// Keeps a token: another program reads either the old file or the new one.
///
/// # Errors
/// It cannot be written, in words.
pub(super) async fn write(file: &Path, token: &Grant<'_>) -> Result<(), String> {
    let text = serde_json::to_vec(token).map_err(|e| format!("the token cannot be kept: {e}"))?;
    let (file, shown) = (file.to_owned(), file.display().to_string());
    let written = tokio::task::spawn_blocking(move || replace(&file, &text)).await;
    let result = written.unwrap_or_else(|e| Err(std::io::Error::other(e)));
    result.map_err(|e| {
        format!("signed in, but the token cannot be kept in {shown}: {e}; check that file and its folder")
    })
}

fn replace(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().ok_or(std::io::ErrorKind::InvalidInput)?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let new = file.with_extension(format!("{:016x}.new", rand::rng().random::<u64>()));
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
    let written = made.and_then(|mut out| {
        out.write_all(text)?;
        out.sync_all()?;
        fs::rename(&new, file)
    });
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn token(refresh: Option<&'static str>) -> Grant<'static> {
        Grant {
            start_url: "https://d-abc123.awsapps.com/start",
            region: "us-west-2",
            access_token: "secret-token",
            expires_at: "2026-11-20T14:02:13.25Z".parse().unwrap(),
            client_id: "id",
            client_secret: "secret",
            client_until: Some("2027-02-18T00:00:00Z".parse().unwrap()),
            refresh_token: refresh,
        }
    }

    #[test]
    fn the_name_is_that_of_the_aws_cli() {
        // The example of the AWS SDKs' specification of this file.
        let path = file(Path::new("/home/me"), "https://d-92671207e4.awsapps.com/start");
        assert_eq!(path, Path::new("/home/me/.aws/sso/cache/13f9d35043871d073ab260e020f0ffde092cb14b.json"));
    }

    #[tokio::test]
    async fn a_token_is_kept_for_its_owner_only_and_read_as_the_sdks_read_it() {
        let home = tempfile::tempdir().unwrap();
        let path = file(home.path(), "corp");
        assert_eq!(read(&path).await, None);
        write(&path, &token(Some("again"))).await.unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            kept,
            serde_json::json!({
                "startUrl": "https://d-abc123.awsapps.com/start", "region": "us-west-2",
                "accessToken": "secret-token", "expiresAt": "2026-11-20T14:02:13Z", "clientId": "id",
                "clientSecret": "secret", "registrationExpiresAt": "2027-02-18T00:00:00Z", "refreshToken": "again",
            })
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let at = "2026-11-20T14:02:13Z".parse().unwrap();
        assert_eq!(read(&path).await, Some(Told { expires_at: at, renews: true }));
        // It replaces the file whole, and a file that others could read becomes private again.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write(&path, &token(None)).await.unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(read(&path).await, Some(Told { expires_at: at, renews: false }));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[tokio::test]
    async fn what_cannot_be_kept_is_said_without_the_token() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".aws"), "a file where the folder should be").unwrap();
        let error = write(&file(home.path(), "corp"), &token(None)).await.unwrap_err();
        assert!(error.contains(".aws/sso/cache/") && !error.contains("secret"), "{error}");
    }
}
