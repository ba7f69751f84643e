//! The real AWS client and the sources on it, as the program builds them, but with credentials of the test's
//! own and short waits.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use miharu::actuators::sdk::SdkActuator;
use miharu::aws::sdk::{Limits, Options, SdkAws};
use miharu::aws::{Nfs, Outside};
use miharu::clock::Clock;
use miharu::config::model::Environment;
use miharu::domain::source::{Failure, SourceId};
use miharu::sources::{Observation, Setup, Source, registry};

/// Access key of the tests' calls; `world.py` signs with another.
pub const KEY: &str = "AKIATEST";

/// A mount target that answers in a millisecond, unless its address ends in `.5`.
pub struct FakeNfs;

#[async_trait]
impl Nfs for FakeNfs {
    async fn null_call(&self, ip_address: &str) -> Result<f64, String> {
        if ip_address.ends_with(".5") { Err("connection refused".into()) } else { Ok(1.0) }
    }
}

/// A folder with a credentials file, gone when dropped.
pub struct Credentials(tempfile::TempDir);

impl Credentials {
    /// Signs with `key`.
    pub fn of(key: &str) -> Self {
        let credentials = Self(tempfile::tempdir().unwrap());
        credentials.change(key);
        credentials
    }

    /// Writes another key into the file, as a login would.
    pub fn change(&self, key: &str) {
        let text = format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = secret\n");
        std::fs::write(self.path(), text).unwrap();
    }

    /// Where the file is.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("credentials")
    }
}

/// Short waits, one repetition.
pub fn limits() -> Limits {
    Limits {
        connect: Duration::from_millis(500),
        attempt: Duration::from_secs(5),
        overall: Duration::from_secs(20),
        attempts: 2,
        back_off: Duration::from_millis(1),
    }
}

/// The outside world of an environment.
pub fn setup(environment: Environment, credentials: &Credentials, limits: Limits) -> Setup {
    let options = Options {
        credentials_file: Some(credentials.path()),
        limits,
        renew_every: Some(Duration::ZERO),
        ..Options::from(&environment)
    };
    let aws = Arc::new(SdkAws::new(options, Clock::system()));
    Setup {
        environment: Arc::new(environment),
        outside: Outside { aws: Arc::clone(&aws) as _, nfs: Arc::new(FakeNfs), sign_in: aws },
    }
}

/// What changes something in an environment.
pub fn actuator(environment: &Environment, credentials: &Credentials, limits: Limits) -> SdkActuator {
    let options = Options {
        credentials_file: Some(credentials.path()),
        limits,
        renew_every: Some(Duration::ZERO),
        ..Options::from(environment)
    };
    SdkActuator::new(options, Clock::system())
}

/// A source by its name.
///
/// # Panics
/// The environment does not have it.
pub fn source(setup: &Setup, id: SourceId) -> Box<dyn Source> {
    let (_, build) = registry().iter().find(|(of, _)| *of == id).expect("a registered source");
    build(setup).map_err(|why| format!("{id} is off: {why}")).unwrap()
}

/// One poll of a source.
pub async fn poll(source: &mut Box<dyn Source>) -> Result<Observation, Failure> {
    source.observe(Clock::system().now()).await
}
