//! SDK errors to [`Failure`], in words. What AWS's codes mean is in [`super::codes`].

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::allow::{Read, Refused};
use super::causes::{broke_off, find, innermost, is_html, mentions, shortened};
use super::clients::{CREDENTIALS_PATIENCE, Clients};
use super::codes::{ErrorAnswer, class_of, credentials_words, plain_code};
use crate::domain::source::{Failure, FailureClass};

/// The failure of an SDK call.
pub(crate) fn of<E>(read: &Read, error: &SdkError<E, HttpResponse>, clients: &Clients) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let request_id = error.raw_response().and_then(request_id);
    let failure = if let Some(refused) = find::<Refused>(error) {
        Failure::new(FailureClass::Refused, refused.to_string())
    } else if let Some(e) = find::<CredentialsError>(error) {
        no_credentials(e)
    } else if mentions(error, "identity resolver timed out") {
        // The SDK's cache of identities gave up on the provider.
        no_credentials(&CredentialsError::provider_timed_out(CREDENTIALS_PATIENCE))
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
            SdkError::TimeoutError(_) if mentions(error, "attempt timeout") => {
                no_answer(clients.limits.attempt)
            }
            SdkError::TimeoutError(_) => no_answer(clients.limits.overall),
            SdkError::DispatchFailure(e) => match e.as_connector_error() {
                Some(e) => dispatch(e, &clients.host(read.service), clients),
                None => Failure::new(FailureClass::Unreachable, innermost(error)),
            },
            SdkError::ResponseError(e) if broke_off(error) => {
                tracing::debug!(error = ?e, "answer broke off");
                broken()
            }
            SdkError::ResponseError(e) => {
                let status = e.raw().status().as_u16();
                let html = e.raw().body().bytes().is_some_and(is_html);
                if e.raw().status().is_success() {
                    malformed(status, html, &innermost(error))
                } else {
                    answered(read, &ErrorAnswer { status, html, ..ErrorAnswer::default() })
                }
            }
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
            // Its class says already that it was not found.
            Some(message) => format!("{message} ({named})"),
            None => named,
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

/// No credentials to sign with.
pub(super) fn no_credentials(error: &CredentialsError) -> Failure {
    let text = match error {
        CredentialsError::CredentialsNotLoaded(_) => match error.source().map(innermost) {
            // The chain of all providers lists at length why each had none.
            Some(why) if !why.contains("Attempted:") => format!("no credentials found: {why}"),
            _ => "no credentials found in variables, profile, SSO or instance metadata".to_owned(),
        },
        CredentialsError::ProviderTimedOut(_) => {
            format!("the credentials provider gave no answer within {}", seconds(CREDENTIALS_PATIENCE))
        }
        CredentialsError::InvalidConfiguration(_) => {
            format!("the AWS configuration is not valid: {}", innermost(error))
        }
        _ => format!("could not load credentials: {}", innermost(error)),
    };
    Failure::new(FailureClass::Credentials, text)
}

/// No answer within the time of one attempt, or of all.
pub(super) fn no_answer(within: std::time::Duration) -> Failure {
    Failure::new(FailureClass::Timeout, format!("no answer within {}", seconds(within)))
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
            no_answer(clients.limits.attempt)
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

/// The request id of an answer's headers.
pub(super) fn request_id(response: &HttpResponse) -> Option<String> {
    ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"]
        .iter()
        .find_map(|name| response.headers().get(name))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::allow::{PARAMETER, check};
    use super::super::causes::QUOTED;
    use super::super::clients::Options;
    use super::*;

    fn coded(status: u16, code: &str, message: &str) -> Failure {
        let answer = ErrorAnswer {
            status,
            code: Some(code.to_owned()),
            message: Some(message.to_owned()),
            ..ErrorAnswer::default()
        };
        answered(&PARAMETER, &answer)
    }

    #[test]
    fn a_denial_names_the_action_that_aws_names() {
        let message = "User: arn:aws:sts::1:assumed-role/ops/x is not authorized to perform: kms:Decrypt on resource: \
                       arn:aws:kms:eu-west-1:1:key/2 because no identity-based policy allows the action";
        assert_eq!(coded(400, "AccessDeniedException", message).action.as_deref(), Some("kms:Decrypt"));
        let silent = coded(400, "AccessDeniedException", "");
        assert_eq!(silent.action.as_deref(), Some("ssm:GetParameter"));
        assert_eq!(silent.code.as_deref(), Some("AccessDeniedException"));
    }

    #[test]
    fn long_words_are_cut_at_a_character() {
        let text = coded(400, "X", &"長い".repeat(200)).text;
        assert_eq!(text.chars().count(), "X: ".len() + QUOTED + 1);
        assert!(text.ends_with('…'));
    }

    async fn clients() -> Clients {
        let options = Options {
            region: Some("cn-north-1".into()),
            endpoint_url: Some("http://proxy.invalid:8080/aws".into()),
            ..Options::default()
        };
        Clients::load(&options, chrono::DateTime::UNIX_EPOCH, super::super::allow::ReadsOnly).await
    }

    #[tokio::test]
    async fn a_call_that_is_no_read_is_refused() {
        let refused = check("ECS", "UpdateService").unwrap_err();
        let error: SdkError<aws_sdk_efs::Error, HttpResponse> = SdkError::construction_failure(refused);
        let failure = of(&PARAMETER, &error, &clients().await);
        assert_eq!(failure.class, FailureClass::Refused);
        assert_eq!(failure.text, "ECS UpdateService is not on the list of reads");
    }

    #[tokio::test]
    async fn a_request_that_does_not_get_through_is_said_in_words() {
        use std::io::{Error, ErrorKind};
        let clients = clients().await;
        let host = clients.host("SSM");
        assert_eq!(host, "proxy.invalid:8080");
        let io = |kind: ErrorKind| ConnectorError::io(Error::from(kind).into());
        for (error, class, words) in [
            (
                ConnectorError::timeout("HTTP connect timeout occurred after 3s".into()),
                FailureClass::Timeout,
                "no connection to proxy.invalid:8080 within 3 s",
            ),
            (
                ConnectorError::timeout("HTTP read timeout occurred after 9s".into()),
                FailureClass::Timeout,
                "no answer within 5 s",
            ),
            (
                ConnectorError::io("dns error: failed to lookup address".into()),
                FailureClass::Unreachable,
                "the name proxy.invalid:8080 cannot be resolved",
            ),
            (
                io(ErrorKind::ConnectionRefused),
                FailureClass::Unreachable,
                "connection refused by proxy.invalid:8080",
            ),
            (io(ErrorKind::NetworkUnreachable), FailureClass::Unreachable, "no route to proxy.invalid:8080"),
            (
                io(ErrorKind::ConnectionReset),
                FailureClass::Unreachable,
                "proxy.invalid:8080 dropped the connection before it answered",
            ),
        ] {
            let failure = dispatch(&error, &host, &clients);
            assert_eq!((failure.class, failure.text.as_str()), (class, words));
        }
    }
}
