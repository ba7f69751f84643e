//! Credentials of IAM Identity Center in the real binary: real profile files in a home of its own, a portal on
//! loopback that gives device codes, tokens and keys.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says where by panicking")]

#[path = "sign_in/portal.rs"]
mod portal;
#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use chrono::TimeDelta;
use miharu::clock::Clock;
use portal::{Ask, Portal};
use serde_json::{Value, json};
use support::peer::Peer;
use support::terminal::Terminal;
use support::world::World;

/// SHA-1 of `corp`.
const CORP: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

const SESSION: &str = "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = ops\n\
                       [sso-session corp]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n";
const LEGACY: &str = "[default]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n\
                      sso_account_id = 123456789012\nsso_role_name = ops\n";

struct Stage {
    home: tempfile::TempDir,
    portal: Portal,
    variables: Vec<(String, String)>,
}

impl Stage {
    /// A home with these profiles, and the world of `region` to watch with them.
    fn new(region: &str, profiles: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join(".aws/config"), profiles).unwrap();
        let peer = Peer::shared();
        let world = World::create(peer, region, &[]);
        let portal = Portal::start();
        let variables = [
            ("HOME", home.path().to_str().unwrap()),
            ("EFS_FILE_SYSTEM_ID", &world.file_system),
            ("ECS_CLUSTER_NAME", &world.cluster),
            ("ECS_SERVICE_NAME", &world.service),
            ("AWS_REGION", region),
            ("AWS_ENDPOINT_URL", &peer.url()),
            ("AWS_ENDPOINT_URL_SSO", &portal.url()),
            ("AWS_ENDPOINT_URL_SSO_OIDC", &portal.url()),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        Self { home, portal, variables }
    }

    fn console(&self, size: (u16, u16)) -> Terminal {
        Terminal::start_with(&[], &self.variables, size.0, size.1)
    }

    fn command(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_miharu"));
        command.env_clear().envs(self.variables.iter().map(|(k, v)| (k, v))).args(args).output().unwrap()
    }

    fn tokens(&self) -> PathBuf {
        self.home.path().join(".aws/sso/cache")
    }

    /// Signs in elsewhere, for so long.
    fn signed_in(&self, file: &str, token: &str, lasts: TimeDelta) {
        write(&self.tokens().join(file), token, lasts);
    }

    /// The one token that is kept.
    fn kept(&self) -> Value {
        let mut files = std::fs::read_dir(self.tokens()).unwrap();
        let file = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none(), "one file");
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
    }
}

fn write(file: &Path, token: &str, lasts: TimeDelta) {
    let text = json!({"accessToken": token, "expiresAt": (Clock::system().now() + lasts).format("%Y-%m-%dT%H:%M:%SZ").to_string()});
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, text.to_string()).unwrap();
}

/// Opens the sign-in from the palette.
fn login(t: &mut Terminal) {
    t.press(":");
    t.shows("Palette");
    t.press("login");
    t.shows("log in at IAM Identity Center");
    t.press("\r");
}

fn close(t: &mut Terminal) {
    t.press("\x1b");
    t.until("it is closed", |s| !s.contains(" Sign in "));
}

#[test]
fn a_sign_in_in_the_console_is_granted_and_everything_comes_back_without_losing_the_screen() {
    for (region, profiles, scopes) in
        [("eu-south-1", SESSION, json!(["sso:account:access"])), ("eu-south-2", LEGACY, Value::Null)]
    {
        let stage = Stage::new(region, profiles);
        stage.portal.answers(&[Ask::Pending, Ask::SlowDown, Ask::Granted]);
        let mut t = stage.console((120, 40));
        t.until("calls fail for credentials", |s| s.contains("nothing read: credentials"));
        t.press("3");
        t.shows("Service events");
        login(&mut t);
        t.shows("https://device.example/?user_code=BCDF-GHJK");
        t.shows("B C D F - G H J K");
        t.press("c");
        t.shows("to the terminal's clipboard");
        assert!(t.raw().contains("\x1b]52;"), "copied, and nothing was opened");
        t.shows("Signed in until ");
        close(&mut t);
        t.shows("all fresh");
        t.shows("Service events");
        assert_eq!(stage.portal.registered()["scopes"], scopes);
        let kept = stage.kept();
        assert_eq!(kept["accessToken"], portal::TOKEN);
        assert_eq!(kept["startUrl"], "https://corp.example/start");
        assert_eq!(kept["refreshToken"].is_string(), !scopes.is_null(), "{kept}");
        assert!(!t.raw().contains(portal::TOKEN) && !t.raw().contains(portal::SECRET));
        t.press("q");
        assert_eq!(t.ends().exit_code(), 0);
        // The next program of this user is signed in, too.
        let doctor = String::from_utf8(stage.command(&["doctor"]).stdout).unwrap();
        assert!(doctor.contains("ok   credentials"), "{doctor}");
        let asked = stage.portal.asked();
        assert!(
            asked.iter().all(|o| [
                "RegisterClient",
                "StartDeviceAuthorization",
                "CreateToken",
                "GetRoleCredentials"
            ]
            .contains(&o.as_str())),
            "{asked:?}"
        );
    }
}

#[test]
fn what_comes_to_nothing_is_said_and_can_be_tried_again() {
    let stage = Stage::new("ap-southeast-3", SESSION);
    let mut t = stage.console((80, 24));
    t.until("calls fail for credentials", |s| s.contains("nothing read: credentials"));
    for (answers, words) in [
        (&[Ask::Denied][..], "it was denied on the page"),
        (&[Ask::Pending, Ask::Expired], "the code has ended before it was confirmed"),
        (&[Ask::Broken], "InvalidGrantException"),
    ] {
        stage.portal.answers(answers);
        login(&mut t);
        t.shows("B C D F - G H J K");
        t.shows(words);
        close(&mut t);
    }
    // Closing it stops the asking.
    stage.portal.answers(&[]);
    login(&mut t);
    t.shows("B C D F - G H J K");
    close(&mut t);
    let asked = stage.portal.asked().len();
    std::thread::sleep(Duration::from_secs(3));
    let new = stage.portal.asked().split_off(asked);
    assert!(!new.contains(&"CreateToken".to_owned()), "{new:?}");
    assert!(!stage.tokens().exists(), "nothing was granted");
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
}

#[test]
fn a_sign_in_elsewhere_is_picked_up() {
    let stage = Stage::new("il-central-1", SESSION);
    let mut t = stage.console((120, 40));
    t.until("calls fail for credentials", |s| s.contains("nothing read: credentials"));
    stage.signed_in(CORP, portal::TOKEN, TimeDelta::hours(8));
    t.shows("all fresh");
    t.press("q");
    t.ends();
}

#[test]
fn the_end_of_a_sign_in_is_told_before_it_comes() {
    let stage = Stage::new("me-south-1", SESSION);
    stage.signed_in(CORP, portal::TOKEN, TimeDelta::minutes(27));
    let mut t = stage.console((120, 40));
    t.shows("sign-in ends in 25 min");
    t.shows("all fresh");
    t.press("q");
    t.ends();
    let doctor = String::from_utf8(stage.command(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("warn credentials") && doctor.contains("session corp until"), "{doctor}");
    assert!(doctor.contains("sign in again"), "{doctor}");
    // One that the SDK renews needs nobody.
    let text = json!({
        "accessToken": portal::TOKEN, "expiresAt": (Clock::system().now() + TimeDelta::minutes(27)).format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "refreshToken": "r", "clientId": "i", "clientSecret": "s",
        "registrationExpiresAt": (Clock::system().now() + TimeDelta::days(27)).format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    std::fs::write(stage.tokens().join(CORP), text.to_string()).unwrap();
    let doctor = String::from_utf8(stage.command(&["doctor"]).stdout).unwrap();
    assert!(doctor.contains("ok   credentials") && doctor.contains("renewed by itself"), "{doctor}");
}

#[test]
fn without_identity_center_it_says_so() {
    let stage = Stage::new("me-central-1", "[default]\naws_access_key_id = k\naws_secret_access_key = s\n");
    let mut t = stage.console((120, 40));
    t.shows("all fresh");
    login(&mut t);
    t.shows("do not come from IAM Identity Center");
    close(&mut t);
    t.press("q");
    t.ends();
}

#[test]
fn the_demo_lets_it_be_tried_where_credentials_expire_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("soon.toml");
    let soon = "title = 't'\ndescription = 'd'\n[world]\nfiles = 10\n[[at]]\nafter = '5s'\ndo = 'fault'\n\
                kind = 'expired-credentials'\nfor = '1h'\n";
    std::fs::write(&path, soon).unwrap();
    let mut t = Terminal::start(&["demo", "--scenario", path.to_str().unwrap()], 120, 40);
    t.shows("sign-in ends in less than 1 min");
    t.shows("credentials have ended");
    login(&mut t);
    t.shows("https://device.sso.simulated.invalid/?user_code=");
    t.shows("Signed in until ");
    close(&mut t);
    t.shows("all fresh");
    t.press("q");
    t.ends();
    let mut t = Terminal::start(&["demo"], 120, 40);
    t.shows("all fresh");
    login(&mut t);
    t.shows("credentials never expire in this scenario");
    close(&mut t);
    t.press("q");
    t.ends();
}
