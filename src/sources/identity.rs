//! Who is asking, and how long the credentials for that last.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Built, Observation, Pace, Setup, Source, paced};
use crate::aws::Aws;
use crate::aws::sign_in::SignIn;
use crate::domain::facts::Facts;
use crate::domain::identity::Identity;
use crate::domain::source::{Failure, FailureClass, SourceId};

struct IdentitySource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    sign_in: Arc<dyn SignIn>,
    expected_account: Option<String>,
}

/// Every environment has it.
///
/// # Errors
/// Never.
pub fn build(setup: &Setup) -> Built {
    Ok(Box::new(IdentitySource {
        pace: Pace::of(setup, SourceId::IDENTITY),
        aws: Arc::clone(&setup.outside.aws),
        sign_in: Arc::clone(&setup.outside.sign_in),
        expected_account: setup.environment.expected_account.clone(),
    }))
}

#[async_trait]
impl Source for IdentitySource {
    paced!();

    async fn observe(&mut self, _now: DateTime<Utc>) -> Result<Observation, Failure> {
        let (identity, credentials) = tokio::join!(self.aws.caller_identity(), self.sign_in.credentials());
        let told = credentials.expires_at.is_some() || credentials.session.is_some();
        let mut facts = vec![Facts::Credentials(credentials)];
        let identity = match identity {
            Ok(identity) => identity,
            // Also where nobody answers to them: when they end may be why, and is what is wanted then.
            Err(failure) if told => {
                return Ok(Observation { facts, warnings: Vec::new(), incomplete: Some(failure) });
            }
            Err(failure) => return Err(failure),
        };
        let warnings = self.expected_account.as_deref().and_then(|account| other_account(&identity, account));
        facts.push(Facts::Identity(identity));
        Ok(Observation { facts, warnings: warnings.into_iter().collect(), incomplete: None })
    }
}

/// That the identity belongs to another account than the one that is configured: the profile, or the login, is
/// a wrong one, and everything that is shown is of another world.
fn other_account(identity: &Identity, expected: &str) -> Option<Failure> {
    let text = format!("account is {}, but {expected} is expected", identity.account);
    (identity.account != expected).then(|| Failure::new(FailureClass::Credentials, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_account_is_a_warning() {
        let identity = Identity { account: "1".into(), arn: "a".into(), region: "r".into() };
        assert_eq!(other_account(&identity, "1"), None);
        assert_eq!(other_account(&identity, "2").unwrap().text, "account is 1, but 2 is expected");
    }
}
