//! Signing in at IAM Identity Center by device code, with clients that can do nothing else.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use super::SdkAws;
use super::allow::{self, SignInsOnly};
use super::clients::{Clients, Options};
use super::failure;
use super::transport::Limits;
use crate::aws::Answer;
use crate::aws::sign_in::{Attempt, SignIn, Standing};
use crate::clock::Clock;
use crate::domain::credentials::{Credentials, Device, Session};
use crate::domain::source::{Failure, FailureClass};

mod cache;
mod portal;

use cache::Grant;
use portal::Portal;

/// As who this program registers itself.
const CLIENT: &str = "miharu";
/// RFC 8628, 3.4.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How often is asked where the service does not say (RFC 8628, 3.2).
const EVERY_S: i32 = 5;

#[async_trait]
impl SignIn for SdkAws {
    async fn credentials(&self) -> Credentials {
        let now = self.clock().now();
        let clients = self.clients().await;
        let (expires_at, failed) = clients.standing(now).await;
        // What found no credentials would go on finding none.
        let renewal_failed = failed.map(|failure| self.pool.failed(&clients, failure).text);
        let session = match portal::of(&self.pool.options).await {
            Ok(Some(portal)) => Some(session(&portal).await),
            Ok(None) | Err(_) => None,
        };
        Credentials { expires_at, renewal_failed, session }
    }

    async fn begin(&self) -> Answer<(Device, Box<dyn Attempt>)> {
        let portal = portal::of(&self.pool.options).await.map_err(other)?;
        let portal = portal.ok_or_else(|| {
            other("the credentials of this environment do not come from IAM Identity Center: its profile names no sso_session")
        })?;
        // The service's region is the portal's. What is asked once more is asked by who waits for the answer.
        let limits = Limits { attempts: 1, ..self.pool.options.limits };
        let options = Options { region: Some(portal.region.clone()), limits, ..self.pool.options.clone() };
        let clock = self.clock().clone();
        let clients = Clients::load(&options, clock.now(), SignInsOnly).await;
        let (device, waiting) = Waiting::begin(portal, clients, clock).await?;
        let renew = self.pool.renewal();
        Ok((device, Box::new(Renewing { waiting, renew })))
    }
}

/// Nothing that AWS said.
fn other(text: impl Into<String>) -> Failure {
    Failure::new(FailureClass::Other, text)
}

/// What the file of the portal's token tells.
async fn session(portal: &Portal) -> Session {
    let told = cache::read(&portal.file).await;
    Session {
        name: portal.name.clone(),
        expires_at: told.as_ref().map(|t| t.expires_at),
        renews: told.is_some_and(|t| t.renews),
    }
}

/// A device code, with the secrets that only the service and this program know.
struct Waiting {
    portal: Portal,
    clients: Clients,
    clock: Clock,
    client_id: String,
    client_secret: String,
    client_until: Option<DateTime<Utc>>,
    device_code: String,
}

impl Waiting {
    async fn begin(portal: Portal, clients: Clients, clock: Clock) -> Answer<(Device, Self)> {
        let registering = clients.oidc.register_client().client_name(CLIENT).client_type("public");
        let registered = registering
            .set_scopes((!portal.scopes.is_empty()).then(|| portal.scopes.clone()))
            .send()
            .await
            .map_err(|e| failure::of(&allow::REGISTER_CLIENT, &e, &clients))?;
        let (Some(client_id), Some(client_secret)) = (registered.client_id, registered.client_secret) else {
            return Err(incomplete("RegisterClient"));
        };
        let authorized = clients
            .oidc
            .start_device_authorization()
            .client_id(&client_id)
            .client_secret(&client_secret)
            .start_url(&portal.start_url)
            .send()
            .await
            .map_err(|e| failure::of(&allow::START_DEVICE_AUTHORIZATION, &e, &clients))?;
        let (Some(device_code), Some(user_code), Some(page)) =
            (authorized.device_code, authorized.user_code, authorized.verification_uri)
        else {
            return Err(incomplete("StartDeviceAuthorization"));
        };
        let every = if authorized.interval > 0 { authorized.interval } else { EVERY_S };
        let device = Device {
            page_with_code: authorized.verification_uri_complete.unwrap_or_else(|| page.clone()),
            user_code,
            page,
            expires_at: clock.now() + TimeDelta::seconds(authorized.expires_in.into()),
            every: std::time::Duration::from_secs(u64::try_from(every).unwrap_or(5)),
        };
        let client_until = DateTime::from_timestamp(registered.client_secret_expires_at, 0);
        Ok((device, Self { portal, clients, clock, client_id, client_secret, client_until, device_code }))
    }

    async fn ask(&self) -> Answer<Standing> {
        let asking = self.clients.oidc.create_token();
        let asking = asking.client_id(&self.client_id).client_secret(&self.client_secret);
        let answer = asking.grant_type(GRANT).device_code(&self.device_code).send().await;
        let token = match answer {
            Ok(token) => token,
            Err(error) => {
                let known = error.as_service_error().and_then(|e| match e {
                    e if e.is_authorization_pending_exception() => Some(Standing::Pending),
                    e if e.is_slow_down_exception() => Some(Standing::SlowDown),
                    e if e.is_expired_token_exception() => Some(Standing::Expired),
                    e if e.is_access_denied_exception() => Some(Standing::Denied),
                    _ => None,
                });
                return known.ok_or_else(|| failure::of(&allow::CREATE_TOKEN, &error, &self.clients));
            }
        };
        let Some(access_token) = token.access_token else { return Err(incomplete("CreateToken")) };
        let expires_at = self.clock.now() + TimeDelta::seconds(token.expires_in.into());
        let written = Grant {
            start_url: &self.portal.start_url,
            region: &self.portal.region,
            access_token: &access_token,
            expires_at,
            client_id: &self.client_id,
            client_secret: &self.client_secret,
            client_until: self.client_until,
            refresh_token: token.refresh_token.as_deref(),
        };
        cache::write(&self.portal.file, &written).await.map_err(other)?;
        Ok(Standing::Granted(expires_at))
    }
}

fn incomplete(operation: &str) -> Failure {
    Failure::new(FailureClass::Malformed, format!("the answer of {operation} is not complete"))
}

/// A device code whose confirmation makes the environment's clients start anew.
struct Renewing<F> {
    waiting: Waiting,
    renew: F,
}

#[async_trait]
impl<F: Fn() + Send + Sync> Attempt for Renewing<F> {
    async fn ask(&mut self) -> Answer<Standing> {
        let standing = self.waiting.ask().await?;
        if let Standing::Granted(_) = standing {
            (self.renew)();
        }
        Ok(standing)
    }
}
