//! An IAM Identity Center on loopback: device codes and tokens (SSO OIDC), keys of a role for its token (SSO).

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use miharu::clock::Clock;
use serde_json::{Value, json};

/// The token that it grants and takes.
pub const TOKEN: &str = "token-that-nobody-may-see";
/// The secret that it registers clients with.
pub const SECRET: &str = "client-secret-that-nobody-may-see";

/// How a question for a token is answered.
#[derive(Debug, Clone, Copy)]
pub enum Ask {
    Pending,
    SlowDown,
    Denied,
    Expired,
    Broken,
    Granted,
}

#[derive(Default)]
struct Seen {
    answers: VecDeque<Ask>,
    asked: Vec<String>,
    registered: Value,
}

/// A running one. It ends with the process.
pub struct Portal {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Portal {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let of_server = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&of_server);
                std::thread::spawn(move || serve(stream, &seen));
            }
        });
        Self { port, seen }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the next questions for a token are answered; after these, that nobody has confirmed yet.
    pub fn answers(&self, answers: &[Ask]) {
        self.seen.lock().unwrap().answers = answers.iter().copied().collect();
    }

    /// Operations that were called.
    pub fn asked(&self) -> Vec<String> {
        self.seen.lock().unwrap().asked.clone()
    }

    /// The request that registered the last client.
    pub fn registered(&self) -> Value {
        self.seen.lock().unwrap().registered.clone()
    }
}

fn serve(stream: TcpStream, seen: &Mutex<Seen>) {
    let mut out = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_owned());
        }
        let header = |name: &str| {
            head.iter()
                .find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)))
                .map(|(_, v)| v.to_owned())
        };
        let length = header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        lines.read_exact(&mut body).unwrap();
        let input = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let path = head[0].split(' ').nth(1).unwrap().split('?').next().unwrap().to_owned();
        let bearer = header("x-amz-sso_bearer_token");
        let (status, kind, answer) = answer(&path, &input, bearer.as_deref(), &mut seen.lock().unwrap());
        let text = answer.to_string();
        let kind = kind.map(|k| format!("x-amzn-errortype: {k}\r\n")).unwrap_or_default();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{kind}content-length: {}\r\n\r\n",
            text.len()
        );
        if out.write_all((head + &text).as_bytes()).is_err() {
            return;
        }
    }
}

type Answer = (u16, Option<&'static str>, Value);

fn answer(path: &str, input: &Value, bearer: Option<&str>, seen: &mut Seen) -> Answer {
    let in_an_hour = Clock::system().now() + TimeDelta::hours(1);
    match path {
        "/client/register" => {
            seen.asked.push("RegisterClient".into());
            seen.registered = input.clone();
            let until = (Clock::system().now() + TimeDelta::days(90)).timestamp();
            (200, None, json!({"clientId": "client", "clientSecret": SECRET, "clientSecretExpiresAt": until}))
        }
        "/device_authorization" => {
            seen.asked.push("StartDeviceAuthorization".into());
            assert_eq!(input["startUrl"], "https://corp.example/start");
            assert_eq!(input["clientSecret"], SECRET);
            let page = "https://device.example/";
            let code = "BCDF-GHJK";
            (
                200,
                None,
                json!({"deviceCode": "device", "userCode": code, "verificationUri": page, "expiresIn": 600, "interval": 1,
                    "verificationUriComplete": format!("{page}?user_code={code}")}),
            )
        }
        "/token" => {
            seen.asked.push("CreateToken".into());
            assert_eq!(input["deviceCode"], "device");
            assert_eq!(input["grantType"], "urn:ietf:params:oauth:grant-type:device_code");
            token(seen)
        }
        "/federation/credentials" => {
            seen.asked.push("GetRoleCredentials".into());
            if bearer != Some(TOKEN) {
                return (
                    401,
                    Some("UnauthorizedException"),
                    json!({"message": "Session token not found or invalid"}),
                );
            }
            let keys = json!({"accessKeyId": "AKIDSSO", "secretAccessKey": "secret", "sessionToken": "session",
                "expiration": in_an_hour.timestamp_millis()});
            (200, None, json!({"roleCredentials": keys}))
        }
        other => panic!("{other} is not asked of it"),
    }
}

fn token(seen: &mut Seen) -> Answer {
    let refused =
        |kind, error| (400, Some(kind), json!({"error": error, "error_description": "as scripted"}));
    match seen.answers.pop_front().unwrap_or(Ask::Pending) {
        Ask::Pending => refused("AuthorizationPendingException", "authorization_pending"),
        Ask::SlowDown => refused("SlowDownException", "slow_down"),
        Ask::Denied => refused("AccessDeniedException", "access_denied"),
        Ask::Expired => refused("ExpiredTokenException", "expired_token"),
        Ask::Broken => refused("InvalidGrantException", "invalid_grant"),
        Ask::Granted => {
            let mut token = json!({"accessToken": TOKEN, "tokenType": "Bearer", "expiresIn": 28_800});
            if !seen.registered["scopes"].is_null() {
                token["refreshToken"] = json!("refresh");
            }
            (200, None, token)
        }
    }
}
