//! Databases in every form in which they are named.

use miharu::config::datasource::{Address, Dsn};
use miharu::config::{self, Inputs};
use proptest::prelude::*;
use rstest::rstest;

/// What the variable of an existing deployment becomes; `Err` is the whole error.
fn from_variable(value: &str) -> Result<String, String> {
    let variables = [("HAKARU_DATASOURCENAME".to_owned(), value.to_owned())].into();
    match config::load(&Inputs { variables, ..Inputs::default() }) {
        Ok(loaded) => Ok(loaded.config.environments[0].datasource.clone().unwrap().url),
        Err(error) => Err(error.to_string()),
    }
}

#[rstest]
#[case("root:password@tcp(127.0.0.1:13306)/hakaru", "mysql://root:password@127.0.0.1:13306/hakaru")]
#[case("root@tcp(db)/hakaru", "mysql://root@db:3306/hakaru")]
#[case("root:@tcp(db:1)/hakaru", "mysql://root:@db:1/hakaru")]
#[case("root:p@ss:w/rd@tcp(db:3306)/hakaru", "mysql://root:p%40ss%3Aw%2Frd@db:3306/hakaru")]
#[case("root:pw@tcp([::1]:3306)/hakaru", "mysql://root:pw@[::1]:3306/hakaru")]
#[case("root:pw@tcp([fe80::1])/hakaru", "mysql://root:pw@[fe80::1]:3306/hakaru")]
#[case(
    "root:pw@unix(/run/mysqld/mysqld.sock)/hakaru",
    "mysql://root:pw@localhost/hakaru?socket=%2Frun%2Fmysqld%2Fmysqld.sock"
)]
#[case("root:pw@/hakaru", "mysql://root:pw@127.0.0.1:3306/hakaru")]
#[case("/hakaru", "mysql://@127.0.0.1:3306/hakaru")]
#[case(
    "root:pw@tcp(db:3306)/hakaru?parseTime=true&loc=Asia%2FTokyo",
    "mysql://root:pw@db:3306/hakaru?parseTime=true&loc=Asia%2FTokyo"
)]
#[case("root:a://b@tcp(db:3306)/hakaru", "mysql://root:a%3A%2F%2Fb@db:3306/hakaru")]
#[case(
    "mysql://root:pw@db:3306/hakaru?ssl-mode=REQUIRED",
    "mysql://root:pw@db:3306/hakaru?ssl-mode=REQUIRED"
)]
#[case("mysql://db/hakaru", "mysql://db/hakaru")]
#[case("sqlite:///var/lib/hakaru.db", "sqlite:///var/lib/hakaru.db")]
fn forms(#[case] given: &str, #[case] expected: &str) {
    assert_eq!(from_variable(given).as_deref(), Ok(expected));
}

#[rstest]
#[case("root:hunter2@tcp(db:3306)", "there is no \"/\" before the database")]
#[case("root:hunter2@tcp(db:3306)/", "there is no database after the \"/\"")]
#[case("root:hunter2@tcp(db:3306/hakaru", "the \")\" after the address is missing")]
#[case("root:hunter2@tcp(db:port)/hakaru", "the port is not a number from 1 to 65535")]
#[case("root:hunter2@tcp(db:0)/hakaru", "the port is not a number from 1 to 65535")]
#[case("root:hunter2@tcp(::1)/hakaru", "the port is not a number from 1 to 65535")]
#[case("root:hunter2@unix(mysqld.sock)/hakaru", "a socket is an absolute path")]
#[case("root:hunter2@udp(db:3306)/hakaru", "the address is neither tcp(host:port) nor unix(/path)")]
#[case("postgres://root:hunter2@db/hakaru", "mysql://user:password@host:3306/database")]
#[case("mysqll://root:hunter2@db/hakaru", "nearest   mysql://")]
#[case("mysql://root:hunter2@db", "there is no \"/\" before the database")]
#[case("mysql://root:hunter2@/hakaru", "there is no host")]
#[case("sqlite://", "there is no path after sqlite://")]
#[case("hunter2", "there is no \"/\" before the database")]
fn mistakes_are_said_without_the_password(#[case] given: &str, #[case] why: &str) {
    let error = from_variable(given).unwrap_err();
    assert!(error.contains(why), "{error}");
    assert!(error.contains("HAKARU_DATASOURCENAME"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn a_password_is_never_shown() {
    let dsn = Dsn::parse("root:hunter2@tcp(db:3306)/hakaru").unwrap();
    assert_eq!(format!("{dsn:?}"), "Dsn(…)");
    for url in ["mysql://root:hunter2@db/hakaru?password=hunter2", "mysql://a:b:hunter2@db/x", "hunter2"] {
        let datasource = miharu::config::model::Datasource { url: url.into() };
        assert!(!format!("{datasource:?} {}", datasource.shown()).contains("hunter2"), "{url}");
    }
}

prop_compose! {
    fn any_address()(kind in 0..3, host in "[a-z][a-z0-9.-]{0,20}", port in 1u16.., path in "/[a-z/.]{0,20}") -> Address {
        match kind {
            0 => Address::Tcp(host, port),
            1 => Address::Tcp("[::1]".into(), port),
            _ => Address::Unix(path.trim_end_matches('/').to_owned() + "/s"),
        }
    }
}

prop_compose! {
    fn any_dsn()(
        user in "[^:@/\\p{Cc}]{1,12}",
        password in proptest::option::of("\\PC{0,16}"),
        address in any_address(),
        database in "[^\\p{Cc}]{1,16}",
        params in proptest::option::of("[a-zA-Z]{1,8}=[a-zA-Z0-9%]{0,8}"),
    ) -> Dsn {
        Dsn { user, password, address, database, params }
    }
}

proptest! {
    #[test]
    fn a_dsn_is_read_as_it_is_written(dsn in any_dsn()) {
        prop_assert_eq!(Dsn::parse(&dsn.to_string()), Ok(dsn));
    }

    #[test]
    fn a_dsn_becomes_a_url_that_is_read(dsn in any_dsn()) {
        prop_assert_eq!(from_variable(&dsn.url()), Ok(dsn.url()));
    }

    #[test]
    fn reading_never_panics(text in "\\PC{0,40}", inner in "[a-z:@/()?%\\[\\]]{1,30}") {
        let _ = Dsn::parse(&text);
        let _ = from_variable(&inner);
    }
}
