//! The one HTTP client of all calls, SDK-made and hand-signed: rustls with ring, proxies from the environment.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpClient};

/// How long calls wait and how often the SDK repeats them. A poller waits longer between whole polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// For one request and its answer.
    pub attempt: Duration,
    /// For one call, its repetitions included; below the deadline of a poll, so that the call that hangs is
    /// named.
    pub overall: Duration,
    /// Requests for one call, the first included.
    pub attempts: u32,
    /// Before the first repetition; doubles from there.
    pub back_off: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(5),
            overall: Duration::from_secs(10),
            attempts: 3,
            back_off: Duration::from_millis(200),
        }
    }
}

fn connector(settings: &HttpConnectorSettings) -> Connector {
    Connector::builder()
        .connector_settings(settings.clone())
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build()
}

/// The client that the SDK's clients share. Connections are kept; certificates are read at the first call.
pub(super) fn client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, _components| match settings {
        Some(settings) => connector(settings),
        None => connector(&HttpConnectorSettings::builder().build()),
    })
}

/// The same transport for the hand-signed call.
pub(super) fn by_hand(limits: &Limits) -> Connector {
    connector(&HttpConnectorSettings::builder().connect_timeout(limits.connect).build())
}
