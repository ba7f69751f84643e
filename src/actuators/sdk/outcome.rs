//! How a call ended: whether it can have taken effect decides what the executor does next, so doubt is always
//! said as doubt.

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::actuators::Sent;
use crate::aws::sdk::allow::{Call, Refused};
use crate::aws::sdk::causes::{find, is_html, mentions};
use crate::aws::sdk::clients::Clients;
use crate::aws::sdk::failure;
use crate::domain::source::{Failure, FailureClass};

/// HTTP 408: the service gave up waiting for the request's end.
const REQUEST_TIMEOUT: u16 = 408;

/// What an SDK error says of a call that was to change something.
pub(super) fn of<E>(call: &Call, error: &SdkError<E, HttpResponse>, clients: &Clients) -> Sent
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let failure = failure::of(call, error, clients);
    if without_effect(error, &failure) { Sent::Refused(failure) } else { Sent::Unknown(failure) }
}

/// The answer does not have what it must have.
pub(super) fn incomplete(call: &Call, what: &str) -> Sent {
    Sent::Unknown(Failure {
        action: Some(call.action.to_owned()),
        ..Failure::new(FailureClass::Malformed, format!("the answer has no {what}"))
    })
}

/// Whether the call certainly had no effect: it never left, or the service itself refused it.
fn without_effect<E>(error: &SdkError<E, HttpResponse>, failure: &Failure) -> bool
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::ServiceError(e) => {
            let status = e.raw().status().as_u16();
            let page = e.raw().body().bytes().is_some_and(is_html);
            // Only the service gives a code; without one, something in between may have spoken.
            e.err().code().is_some()
                && !page
                && (failure.class == FailureClass::Throttled
                    || (400..500).contains(&status)
                        && status != REQUEST_TIMEOUT
                        && failure.class != FailureClass::Server)
        }
        SdkError::DispatchFailure(_) => never_left(error),
        SdkError::TimeoutError(_) => no_identity(error),
        _ => false,
    }
}

/// Without a connection nothing was sent. hyper names the stage in which it failed; once a request may have
/// been written, it is another one.
fn never_left(error: &(dyn std::error::Error + 'static)) -> bool {
    no_identity(error)
        || find::<Refused>(error).is_some()
        || mentions(error, "client error (Connect)")
        || mentions(error, "connect timeout")
        || mentions(error, "dns error")
}

/// Nothing to sign with.
fn no_identity(error: &(dyn std::error::Error + 'static)) -> bool {
    find::<CredentialsError>(error).is_some() || mentions(error, "identity resolver timed out")
}
