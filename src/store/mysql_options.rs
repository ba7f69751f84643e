//! How to connect to a MySQL server by a URL, also by one that was a DSN of the Go driver.

use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

/// What the Go driver's parameter `tls` may be; it is what a URL calls `ssl-mode`.
const TLS: &str = "tls is one of true, false, preferred and skip-verify";

/// Options and the time zone of the session, where one is given. The session stays the server's own otherwise: no
/// time zone and no mode is set, so that `NOW()` is what it is for everyone else.
///
/// # Errors
/// What is wrong with the URL, without its password.
pub fn of(url: &str) -> Result<(MySqlConnectOptions, Option<String>), String> {
    let options = MySqlConnectOptions::from_str(url).map_err(|e| e.to_string())?;
    let options = encrypted(options, url)?
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .disable_statement_logging();
    // A variable of the session, in the DSN as the Go driver takes it: quoted and percent-encoded.
    let zone = match parameter(url, "time_zone=") {
        None => None,
        Some(zone) => {
            let zone = percent_encoding::percent_decode_str(zone).decode_utf8_lossy();
            let zone = zone.trim_matches('\'');
            if !zone.chars().all(|c| c.is_ascii_alphanumeric() || "_/+-:".contains(c)) {
                return Err("time_zone is not a time zone".into());
            }
            Some(zone.to_owned())
        }
    };
    Ok((options, zone))
}

/// A parameter of a URL; of several the last one.
fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = url.split_once('?')?;
    parameters.split('&').rev().find_map(|p| p.strip_prefix(name))
}

/// As the URL's `tls` says, where it says something.
///
/// # Errors
/// It says what is not known.
pub fn encrypted(options: MySqlConnectOptions, url: &str) -> Result<MySqlConnectOptions, String> {
    Ok(match parameter(url, "tls=") {
        Some("true") => options.ssl_mode(MySqlSslMode::VerifyIdentity),
        Some("skip-verify") => options.ssl_mode(MySqlSslMode::Required),
        Some("preferred") => options.ssl_mode(MySqlSslMode::Preferred),
        Some("false") => options.ssl_mode(MySqlSslMode::Disabled),
        Some(_) => return Err(TLS.into()),
        None => options,
    })
}
