//! What the error codes of AWS's services mean.

use crate::domain::source::FailureClass;

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

/// `FileSystemNotFound` of `com.amazonaws.efs#FileSystemNotFound:http://…`.
pub(super) fn plain_code(code: &str) -> &str {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split(':').next().unwrap_or(code)
}

/// The class of an error answer: by its code, else by its status.
pub(super) fn class_of(answer: &ErrorAnswer) -> FailureClass {
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

/// What is wrong with the credentials.
pub(super) fn credentials_words(code: &str) -> &'static str {
    match code {
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => "the security token is expired",
        "RequestExpired" => "the credentials have expired, or this machine's clock is wrong",
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

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> ErrorAnswer {
        ErrorAnswer { status, code: Some(code.to_owned()), ..ErrorAnswer::default() }
    }

    #[test]
    fn codes_have_classes() {
        use FailureClass::{Credentials, Denied, NotFound, Other, Server, Throttled};
        for (status, code, class) in [
            (400, "ThrottlingException", Throttled),
            (400, "Throttling", Throttled),
            (429, "TooManyRequests", Throttled),
            (503, "RequestLimitExceeded", Throttled),
            (403, "AccessDenied", Denied),
            (403, "UnauthorizedOperation", Denied),
            (400, "com.amazon.coral.service#AccessDeniedException", Denied),
            (403, "ExpiredToken", Credentials),
            (400, "UnrecognizedClientException", Credentials),
            (403, "InvalidClientTokenId", Credentials),
            (401, "AuthFailure", Credentials),
            (403, "SignatureDoesNotMatch", Credentials),
            (400, "ParameterNotFound", NotFound),
            (404, "FileSystemNotFound", NotFound),
            (400, "InvalidSubnetID.NotFound", NotFound),
            (500, "InternalServerError", Server),
            (503, "Unheard", Server),
            (400, "ValidationException", Other),
        ] {
            assert_eq!(class_of(&answer(status, code)), class, "{code}");
        }
    }

    #[test]
    fn statuses_without_a_code_have_classes_too() {
        let of = |status, html| class_of(&ErrorAnswer { status, html, ..ErrorAnswer::default() });
        assert_eq!(of(403, false), FailureClass::Denied);
        assert_eq!(of(403, true), FailureClass::Malformed, "a proxy's page");
        assert_eq!(of(404, true), FailureClass::Malformed);
        assert_eq!(of(429, true), FailureClass::Throttled);
        assert_eq!(of(502, true), FailureClass::Server);
        assert_eq!(of(200, false), FailureClass::Malformed);
    }
}
