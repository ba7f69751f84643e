//! A database that takes nobody without TLS.

use std::path::Path;
use std::process::Command;

use super::database::dsn;
use super::mariadb::{MariaDb, PASSWORD};
use super::process::Hakaru;

/// Keys and certificates that live as long as the test: an authority, a server of it at 127.0.0.1, and a stranger.
fn certificates(dir: &Path) {
    let script = "set -e; cd \"$1\"; key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'; \
        for ca in ca stranger; do openssl req -x509 $key -keyout $ca.key -out $ca.pem -days 2 -subj /CN=$ca; done; \
        openssl req $key -keyout server.key -out server.csr -subj /CN=server; \
        printf 'subjectAltName=IP:127.0.0.1' >server.ext; \
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem";
    let made = Command::new("sh").args(["-c", script, "sh"]).arg(dir).output().unwrap();
    assert!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn a_database_is_reached_over_tls_and_only_the_right_one_with_verification() {
    let keys = tempfile::tempdir().unwrap();
    certificates(keys.path());
    let file = |name: &str| keys.path().join(name).display().to_string();
    let server = MariaDb::start_with(vec![
        format!("--ssl-ca={}", file("ca.pem")),
        format!("--ssl-cert={}", file("server.pem")),
        format!("--ssl-key={}", file("server.key")),
        "--require-secure-transport=ON".into(),
    ]);
    let url = server.url_of("m", PASSWORD, "miharu");
    let verified = |ca: &str| format!("{url}?ssl-mode=VERIFY_IDENTITY&ssl-ca={}", file(ca));
    let skipped = format!("{}?tls=skip-verify", dsn(&server, "miharu"));
    for (value, database) in [&verified("ca.pem"), &skipped].into_iter().enumerate() {
        let hakaru = Hakaru::start(database, &[]).ready();
        assert_eq!(hakaru.get(&format!("/hakaru?name=open&value={value}")).status, 200, "{}", hakaru.said());
        let (status, said) = hakaru.stop();
        assert!(status.success() && !said.contains(PASSWORD), "{said}");
    }
    let plain = format!("{}?tls=false", dsn(&server, "miharu"));
    let system = format!("{}?tls=true", dsn(&server, "miharu"));
    for (database, why) in
        [(verified("stranger.pem"), "certificate"), (system, "certificate"), (plain, "denied")]
    {
        let hakaru = Hakaru::start(&database, &["--patience", "300"]);
        hakaru.until("it says why it cannot record", || hakaru.said().contains("nothing can be recorded"));
        assert!(hakaru.said().to_lowercase().contains(why), "{database}: {}", hakaru.said());
        hakaru.until("it is refused", || hakaru.get("/hakaru?name=open&value=9").status == 503);
        let (_, said) = hakaru.stop();
        assert!(!said.contains(PASSWORD), "{said}");
    }
    assert_eq!(super::database::values(&server, "miharu"), [0, 1]);
}
