//! SDK errors to [`Failure`]: the one place that knows what AWS's error codes mean.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::allow::{Read, Refused};
use super::clients::Clients;
use crate::domain::source::{Failure, FailureClass};

/// Longest piece of AWS's own words that is taken over.
const QUOTED: usize = 240;

/// What a service answered, whatever protocol it spoke.
#[derive(Debug, Clone, Default)]
pub(super) struct ErrorAnswer {
    /// HTTP status.
    pub(super) status: u16,
    /// AWS's error code.
    pub(super) code: Option<String>,
    /// AWS's message.
    pub(super) message: Option<String>,
    /// Request id, for a support case.
    pub(super) request_id: Option<String>,
    /// Whether the body is a web page instead of an answer.
    pub(super) html: bool,
}

/// The failure of an SDK call.
pub(super) fn of<E>(read: &Read, error: &SdkError<E, HttpResponse>, clients: &Clients) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let request_id = error.raw_response().and_then(request_id);
    let failure = if let Some(refused) = find::<Refused>(error) {
        Failure::new(FailureClass::Refused, refused.to_string())
    } else if let Some(e) = find::<CredentialsError>(error) {
        no_credentials(e)
    } else {
        match error {
            SdkError::ServiceError(e) => answered(
                read,
                &ErrorAnswer {
                    status: e.raw().status().as_u16(),
                    code: e.err().code().map(str::to_owned),
                    message: e.err().message().map(str::to_owned),
                    request_id: request_id.clone(),
                    html: e.raw().body().bytes().is_some_and(is_html),
                },
            ),
            SdkError::TimeoutError(_) => no_answer(clients),
            SdkError::DispatchFailure(e) => match e.as_connector_error() {
                Some(e) => dispatch(e, &clients.host(read.service), clients),
                None => Failure::new(FailureClass::Unreachable, innermost(error)),
            },
            SdkError::ResponseError(e) if broke_off(error) => {
                tracing::debug!(error = ?e, "answer broke off");
                broken()
            }
            SdkError::ResponseError(e) => malformed(
                e.raw().status().as_u16(),
                e.raw().body().bytes().is_some_and(is_html),
                &innermost(error),
            ),
            _ => Failure::new(FailureClass::Other, innermost(error)),
        }
    };
    Failure {
        action: failure.action.or_else(|| Some(read.action.to_owned())),
        request_id: failure.request_id.or(request_id),
        ..failure
    }
}

/// The failure that an error answer means.
pub(super) fn answered(read: &Read, answer: &ErrorAnswer) -> Failure {
    let class = class_of(answer);
    let code = answer.code.as_deref().map(plain_code);
    let message = answer.message.as_deref().map(shortened).filter(|m| !m.is_empty());
    let named = code.map_or_else(|| format!("status {}", answer.status), str::to_owned);
    let text = match class {
        FailureClass::Throttled => format!("rate exceeded ({named})"),
        FailureClass::Denied => format!("access denied ({named})"),
        FailureClass::Credentials => format!("{} ({named})", credentials_words(&named)),
        FailureClass::Server => format!("the service failed with status {} ({named})", answer.status),
        FailureClass::Malformed => return with_code(read, answer, malformed(answer.status, answer.html, "")),
        FailureClass::NotFound => match &message {
            Some(message) => format!("not found ({named}): {message}"),
            None => format!("not found ({named})"),
        },
        _ => match &message {
            Some(message) => format!("{named}: {message}"),
            None => named,
        },
    };
    with_code(read, answer, Failure::new(class, text))
}

fn with_code(read: &Read, answer: &ErrorAnswer, failure: Failure) -> Failure {
    let denied = failure.class == FailureClass::Denied;
    let action = answer.message.as_deref().filter(|_| denied).and_then(denied_action);
    Failure {
        action: Some(action.unwrap_or(read.action).to_owned()),
        code: answer.code.as_deref().map(|c| plain_code(c).to_owned()),
        request_id: answer.request_id.clone(),
        ..failure
    }
}

/// The action that AWS names in "… is not authorized to perform: kms:Decrypt on resource: …"; it can be
/// another one than that of the call.
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform: ")?;
    let action = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
    action.contains(':').then_some(action)
}

/// `FileSystemNotFound` of `com.amazonaws.efs#FileSystemNotFound:http://…`.
fn plain_code(code: &str) -> &str {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split(':').next().unwrap_or(code)
}

fn class_of(answer: &ErrorAnswer) -> FailureClass {
    let Some(code) = answer.code.as_deref().map(plain_code) else {
        return match answer.status {
            429 => FailureClass::Throttled,
            500.. => FailureClass::Server,
            401 | 403 if !answer.html => FailureClass::Denied,
            _ => FailureClass::Malformed,
        };
    };
    match code {
        "TooManyRequestsException"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "EC2ThrottledException"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "ProvisionedThroughputExceededException"
        | "LimitExceededException"
        | "SlowDown" => FailureClass::Throttled,
        c if c.starts_with("Throttl") => FailureClass::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "UnauthorizedAccess"
        | "UnauthorizedException"
        | "NotAuthorized"
        | "NotAuthorizedException"
        | "Forbidden"
        | "ForbiddenException"
        | "AuthorizationError" => FailureClass::Denied,
        "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "UnrecognizedClient"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "InvalidToken"
        | "InvalidTokenException"
        | "TokenRefreshRequired"
        | "InvalidSignature"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired" => FailureClass::Credentials,
        c if c.contains("NotFound") || c.contains("DoesNotExist") => FailureClass::NotFound,
        _ if answer.status >= 500 => FailureClass::Server,
        "InternalFailure" | "InternalError" | "ServerException" | "ServiceUnavailable" => {
            FailureClass::Server
        }
        _ => FailureClass::Other,
    }
}

fn credentials_words(code: &str) -> &'static str {
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => "the security token is expired",
        "RequestExpired" => "the signature is too old, is this machine's clock right?",
        "InvalidSignature"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException" => "the signature is not accepted: wrong secret key, or wrong clock",
        "MissingAuthenticationToken" | "MissingAuthenticationTokenException" => {
            "the call carried no credentials"
        }
        "OptInRequired" => "the account is not signed up for the service",
        _ => "the security token is not valid",
    }
}

/// No credentials to sign with.
pub(super) fn no_credentials(error: &CredentialsError) -> Failure {
    let text = match error {
        CredentialsError::CredentialsNotLoaded(_) => match error.source() {
            Some(source) => format!("no credentials found: {}", innermost(source)),
            None => "no credentials found".to_owned(),
        },
        CredentialsError::ProviderTimedOut(_) => "the credentials provider did not answer in time".to_owned(),
        CredentialsError::InvalidConfiguration(_) => {
            format!("the AWS configuration is not valid: {}", innermost(error))
        }
        _ => format!("could not load credentials: {}", innermost(error)),
    };
    Failure::new(FailureClass::Credentials, text)
}

/// No answer within the time of one attempt.
pub(super) fn no_answer(clients: &Clients) -> Failure {
    Failure::new(FailureClass::Timeout, format!("no answer within {}", seconds(clients.limits.attempt)))
}

/// The answer's end is missing.
pub(super) fn broken() -> Failure {
    Failure::new(FailureClass::Unreachable, "the connection was dropped in the middle of the answer")
}

/// An answer that is not what the protocol says.
pub(super) fn malformed(status: u16, html: bool, cause: &str) -> Failure {
    let what = if html { "a web page" } else { "something else than AWS's protocol" };
    let text = if cause.is_empty() || html {
        format!("the answer is {what} (status {status})")
    } else {
        format!("the answer cannot be read (status {status}): {}", shortened(cause))
    };
    Failure::new(FailureClass::Malformed, text)
}

/// The request did not get through.
pub(super) fn dispatch(error: &ConnectorError, host: &str, clients: &Clients) -> Failure {
    if error.is_timeout() {
        let failure = Failure::new(
            FailureClass::Timeout,
            format!("no connection to {host} within {}", seconds(clients.limits.connect)),
        );
        return if mentions(error, "connect timeout") || mentions(error, "HTTP connect") {
            failure
        } else {
            no_answer(clients)
        };
    }
    let io = find::<std::io::Error>(error).map(std::io::Error::kind);
    let text = match io {
        Some(std::io::ErrorKind::ConnectionRefused) => format!("connection refused by {host}"),
        Some(std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable) => {
            format!("no route to {host}")
        }
        _ if mentions(error, "dns error") => format!("the name {host} cannot be resolved"),
        Some(
            std::io::ErrorKind::ConnectionReset
            | std::io::ErrorKind::ConnectionAborted
            | std::io::ErrorKind::BrokenPipe
            | std::io::ErrorKind::UnexpectedEof,
        ) => format!("{host} dropped the connection before it answered"),
        _ if mentions(error, "connection closed before message completed") => {
            format!("{host} dropped the connection before it answered")
        }
        _ => format!("no connection to {host}: {}", innermost(error)),
    };
    Failure::new(FailureClass::Unreachable, text)
}

/// `10 s`, `0.5 s`.
fn seconds(d: std::time::Duration) -> String {
    format!("{} s", d.as_secs_f64())
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&e| match e.downcast_ref::<std::io::Error>() {
        // An io::Error's own source skips its payload.
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => e.source(),
    })
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    chain(error).find_map(|e| e.downcast_ref::<T>())
}

fn mentions(error: &(dyn Error + 'static), words: &str) -> bool {
    chain(error).any(|e| e.to_string().contains(words))
}

/// Whether the body ended before its announced length.
pub(super) fn broke_off(error: &(dyn Error + 'static)) -> bool {
    find::<std::io::Error>(error).is_some()
        || mentions(error, "end of file before message length reached")
        || mentions(error, "connection closed before message completed")
        || mentions(error, "error reading a body from connection")
}

/// The words of the first cause, which say more than those of its wrappings.
fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(|e| shortened(&e.to_string())).unwrap_or_default()
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// Whether a body is a web page: a proxy, a login form, another server.
pub(super) fn is_html(body: &[u8]) -> bool {
    let start: Vec<u8> =
        body.iter().skip_while(|b| b.is_ascii_whitespace()).take(9).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<html") || start.starts_with(b"<!doctype")
}

/// The request id of an answer's headers.
pub(super) fn request_id(response: &HttpResponse) -> Option<String> {
    ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"]
        .iter()
        .find_map(|name| response.headers().get(name))
        .map(str::to_owned)
}
