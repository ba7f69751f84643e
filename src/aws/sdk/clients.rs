//! The SDK's clients of one environment: built from one configuration, replaced as a whole when credentials
//! have failed.

use std::path::PathBuf;
use std::time::Duration;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_types::service_config::ServiceConfigKey;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::failure::no_credentials;
use super::profile::{self, Files, MissingProfile};
use super::transport::{self, Limits};
use crate::config::model::Environment;
use crate::domain::credentials::RENEWED_AHEAD;
use crate::domain::source::Failure;

/// Where nothing else names a region.
pub const DEFAULT_REGION: &str = "ap-northeast-1";
/// The instance metadata service answers within milliseconds or is not there.
const IMDS_PATIENCE: Duration = Duration::from_secs(1);
/// Longest wait for a credentials provider (SSO, a process, IMDS).
pub(super) const CREDENTIALS_PATIENCE: Duration = Duration::from_secs(5);
/// Keys that end so soon are not used where others can be had.
const EXPIRY_MARGIN: TimeDelta = TimeDelta::seconds(60);

/// What the clients of an environment are built from.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Region by flag or environment table.
    pub region: Option<String>,
    /// Profile of the AWS configuration.
    pub profile: Option<String>,
    /// Endpoint of all services.
    pub endpoint_url: Option<String>,
    /// Credentials come from this file alone, not from the SDK's chain of providers.
    pub credentials_file: Option<PathBuf>,
    /// Waiting and repeating.
    pub limits: Limits,
    /// Clients are replaced at most this often.
    pub renew_every: Option<Duration>,
}

impl From<&Environment> for Options {
    fn from(environment: &Environment) -> Self {
        Self {
            region: environment.region.clone(),
            profile: environment.profile.clone(),
            endpoint_url: environment.endpoint_url.clone(),
            ..Self::default()
        }
    }
}

/// All clients, with what the hand-signed call needs.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) efs: aws_sdk_efs::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) ssm: aws_sdk_ssm::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) sts: aws_sdk_sts::Client,
    pub(crate) autoscaling: aws_sdk_applicationautoscaling::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    /// Signs a person in; only clients made for that let it.
    pub(super) oidc: aws_sdk_ssooidc::Client,
    /// Transport of the hand-signed call.
    pub(super) by_hand: Connector,
    /// Region of every call.
    pub(super) region: String,
    pub(super) limits: Limits,
    pub(super) built_at: DateTime<Utc>,
    /// The profile that was asked for and is in no file.
    pub(super) missing_profile: Option<MissingProfile>,
    config: SdkConfig,
    explicit_endpoint: Option<String>,
    credentials: Mutex<Option<Credentials>>,
}

impl Clients {
    /// Reads the AWS configuration and builds clients. Makes no AWS call; asks IMDS for a region, for at most
    /// a second, where nothing else names one. Each client has `guard` as its interceptor.
    pub(super) async fn load<G>(options: &Options, now: DateTime<Utc>, guard: G) -> Self
    where
        G: Intercept + Copy + 'static,
    {
        let http = transport::client();
        let limits = options.limits;
        let files = options.credentials_file.as_deref().map(profile::credentials_only);
        let missing_profile = profile::missing(options.profile.as_deref(), files.as_ref()).await;
        let providers = ProviderConfig::without_region().with_http_client(http.clone());
        let region = region(options, files.as_ref(), &providers).await;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .region(region.clone())
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(limits.attempts)
                    .with_initial_backoff(limits.back_off),
            )
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(limits.connect)
                    .operation_attempt_timeout(limits.attempt)
                    .operation_timeout(limits.overall)
                    .build(),
            )
            .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS_PATIENCE).build());
        if let Ok(name) = AppName::new("miharu") {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(files) = files {
            let mut provider =
                ProfileFileCredentialsProvider::builder().configure(&providers).profile_files(files.clone());
            if let Some(profile) = &options.profile {
                provider = provider.profile_name(profile);
            }
            loader = loader.profile_files(files).credentials_provider(provider.build());
        }
        Self { missing_profile, ..Self::build(loader.load().await, region.to_string(), options, now, guard) }
    }

    fn build<G>(
        config: SdkConfig,
        region: String,
        options: &Options,
        built_at: DateTime<Utc>,
        guard: G,
    ) -> Self
    where
        G: Intercept + Copy + 'static,
    {
        macro_rules! client {
            ($service:ident) => {
                $service::Client::from_conf(
                    $service::config::Builder::from(&config).interceptor(guard).build(),
                )
            };
        }
        Self {
            efs: client!(aws_sdk_efs),
            ecs: client!(aws_sdk_ecs),
            ssm: client!(aws_sdk_ssm),
            cloudwatch: client!(aws_sdk_cloudwatch),
            sts: client!(aws_sdk_sts),
            autoscaling: client!(aws_sdk_applicationautoscaling),
            logs: client!(aws_sdk_cloudwatchlogs),
            oidc: client!(aws_sdk_ssooidc),
            by_hand: transport::by_hand(&options.limits),
            region,
            limits: options.limits,
            built_at,
            missing_profile: None,
            config,
            explicit_endpoint: options.endpoint_url.clone(),
            credentials: Mutex::new(None),
        }
    }

    /// The endpoint that configuration names for a service, in the SDK's order: an explicit one, that of the
    /// service (`AWS_ENDPOINT_URL_EC2`, `services` section of the profile), that of all services.
    pub(super) fn endpoint(&self, service: &str) -> Option<String> {
        if let Some(url) = &self.explicit_endpoint {
            return Some(url.clone());
        }
        let key =
            ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        self.config
            .service_config()
            .and_then(|c| c.load_config(key.build().ok()?))
            .or_else(|| self.config.endpoint_url().map(str::to_owned))
    }

    /// Host, with port where one is given, that calls of a service go to.
    pub(super) fn host(&self, service: &str) -> String {
        if let Some(url) = self.endpoint(service) {
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            return rest.split('/').next().unwrap_or(rest).to_owned();
        }
        let prefix = match service {
            "EFS" => "elasticfilesystem",
            "CloudWatch" => "monitoring",
            "CloudWatch Logs" => "logs",
            "SSO OIDC" => "oidc",
            "Application Auto Scaling" => "application-autoscaling",
            other => &other.to_lowercase(),
        };
        let fips = if self.config.use_fips() == Some(true) { "-fips" } else { "" };
        let china = self.region.starts_with("cn-");
        let domain = match (self.config.use_dual_stack() == Some(true), china) {
            (false, false) => "amazonaws.com",
            (false, true) => "amazonaws.com.cn",
            (true, false) => "api.aws",
            (true, true) => "api.amazonwebservices.com.cn",
        };
        format!("{prefix}{fips}.{}.{domain}", self.region)
    }

    /// Credentials for the hand-signed call, kept until a minute before they end.
    pub(super) async fn credentials(&self, now: DateTime<Utc>) -> Result<Credentials, CredentialsError> {
        let mut kept = self.credentials.lock().await;
        if let Some(credentials) = kept.as_ref()
            && ends(credentials).is_none_or(|end| end > now + EXPIRY_MARGIN)
        {
            return Ok(credentials.clone());
        }
        let credentials = self.provided().await?;
        *kept = Some(credentials.clone());
        Ok(credentials)
    }

    /// When the keys end, and why they could not be renewed where that was tried: in their last minutes it is.
    pub(super) async fn standing(&self, now: DateTime<Utc>) -> (Option<DateTime<Utc>>, Option<Failure>) {
        let mut kept = self.credentials.lock().await;
        let until = kept.as_ref().map(ends);
        if until.is_some_and(|until| until.is_none_or(|end| end > now + RENEWED_AHEAD)) {
            return (until.flatten(), None);
        }
        match self.provided().await {
            Ok(credentials) => {
                let until = ends(&credentials);
                *kept = Some(credentials);
                (until, None)
            }
            // Those that are kept may hold for a while.
            Err(error) => (until.flatten(), Some(no_credentials(&error))),
        }
    }

    async fn provided(&self) -> Result<Credentials, CredentialsError> {
        let provider = self
            .config
            .credentials_provider()
            .ok_or_else(|| CredentialsError::not_loaded("no credentials provider is configured"))?;
        tokio::time::timeout(CREDENTIALS_PATIENCE, provider.provide_credentials())
            .await
            .map_err(|_| CredentialsError::provider_timed_out(CREDENTIALS_PATIENCE))?
    }
}

/// When credentials end.
fn ends(credentials: &Credentials) -> Option<DateTime<Utc>> {
    credentials.expiry().map(DateTime::from)
}

/// `--region` or environment table, `AWS_REGION`, profile, IMDS for a second, then [`DEFAULT_REGION`].
async fn region(options: &Options, files: Option<&Files>, providers: &ProviderConfig) -> Region {
    if let Some(region) = &options.region {
        return Region::new(region.clone());
    }
    if let Some(region) = EnvironmentVariableRegionProvider::new().region().await {
        return region;
    }
    let mut profile = ProfileFileRegionProvider::builder().configure(providers);
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    if let Some(files) = files {
        profile = profile.profile_files(files.clone());
    }
    if let Some(region) = profile.build().region().await {
        return region;
    }
    let imds = ImdsRegionProvider::builder().configure(providers).build();
    match tokio::time::timeout(IMDS_PATIENCE, imds.region()).await {
        Ok(Some(region)) => region,
        _ => Region::from_static(DEFAULT_REGION),
    }
}
