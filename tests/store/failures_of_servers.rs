//! What a server can refuse: each case in words, never with the password.

use super::*;
use mariadb::{MariaDb, PASSWORD};
use miharu::store::Query;

#[tokio::test]
async fn a_server_that_cannot_be_used() {
    let mariadb = MariaDb::start();
    let unreachable = server(&format!("mysql://m:{PASSWORD}@127.0.0.1:1/miharu"));
    says(
        &refusal(&unreachable).await,
        "mysql://m:…@127.0.0.1:1/miharu cannot be reached",
        "start the server",
    );
    let stranger = server(&mariadb.url_of("m", "hunter2wrong", "miharu"));
    says(&refusal(&stranger).await, "refuses this user", "correct user and password");
    mariadb.sql("grant all on absent.* to 'm'@'127.0.0.1'");
    let absent = server(&mariadb.url_of("m", PASSWORD, "absent"));
    says(&refusal(&absent).await, "absent does not exist", "create the database");
    let tls = server(&format!("{}?tls=always", mariadb.url()));
    says(&refusal(&tls).await, "tls is one of true, false", "correct journal");
    let no_tls = server(&format!("{}?tls=true&parseTime=true", mariadb.url()));
    says(&refusal(&no_tls).await, "TLS", "ssl-mode");
}

/// A right that is missing half way leaves nothing that has to be repaired by hand.
#[tokio::test]
async fn a_user_without_the_right_to_make_triggers() {
    let mariadb = MariaDb::start();
    mariadb.sql("revoke trigger on miharu.* from 'm'@'127.0.0.1'");
    let location = server(&mariadb.url());
    says(&refusal(&location).await, "refuses this user", "TRIGGER");
    mariadb.sql("grant trigger on miharu.* to 'm'@'127.0.0.1'");
    let journal = open(&location).await;
    assert_eq!(journal.append(note(0, "prod")).await.unwrap().seq, 1);
    let triggers =
        mariadb.sql("select count(*) from information_schema.triggers where trigger_schema = 'miharu'");
    assert_eq!(triggers.trim(), "2");
}

#[tokio::test]
async fn what_a_server_holds() {
    let mariadb = MariaDb::start();
    let location = server(&mariadb.url());
    let journal = open(&location).await;
    journal.append(entry(EntryKind::Proposed, "c", None)).await.unwrap();
    for statement in ["update miharu.journal_entries set actor = 'x'", "delete from miharu.journal_entries"] {
        let output = mariadb.try_sql(statement);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains("the journal is append-only"), "{error}");
    }
    // `m` may not do what the server forbids everybody but its administrators.
    mariadb.sql("set global read_only = 1");
    says(&journal.append(note(0, "prod")).await.unwrap_err(), "is read-only", "not a replica");
    assert_eq!(journal.read(&Query::default()).await.unwrap().len(), 1, "reading goes on");
    mariadb.sql("set global read_only = 0");
    assert_eq!(journal.append(note(0, "prod")).await.unwrap().seq, 2);
    mariadb.sql(
        "insert into miharu.journal_migrations (version, description, success, checksum, execution_time) \
         values (9999, 'later', true, '', 0)",
    );
    says(
        &refusal(&location).await,
        "from a newer version of miharu (its format is 9999)",
        "run that version",
    );
}

#[tokio::test]
async fn a_locked_row() {
    let mariadb = MariaDb::start();
    let journal = open(&server(&mariadb.url())).await;
    journal.append(note(0, "prod")).await.unwrap();
    let locked = tokio::task::spawn_blocking(move || {
        mariadb
            .sql("begin; update miharu.journal_head set seq = seq where id = 1; select sleep(8); rollback");
        mariadb
    });
    // Until the other transaction has the row.
    let error = loop {
        match journal.append(note(0, "prod")).await {
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(error) => break error,
        }
    };
    says(&error, "is locked", "SHOW PROCESSLIST");
    drop(locked.await.unwrap());
}

/// The console runs on while the server is away, and goes on when it is back.
#[tokio::test]
async fn a_server_that_goes_and_comes() {
    let mut mariadb = MariaDb::start();
    let journal = open(&server(&mariadb.url())).await;
    journal.append(note(0, "prod")).await.unwrap();
    mariadb.kill();
    for _ in 0..2 {
        let error = journal.append(note(0, "prod")).await.unwrap_err();
        assert!(!error.conflict && !error.to_string().contains(PASSWORD), "{error}");
    }
    mariadb.restart();
    let journal_entries = async || journal.read(&Query::default()).await.map(|e| e.len());
    assert_eq!(journal_entries().await.unwrap(), 1);
    assert_eq!(journal.append(note(0, "prod")).await.unwrap().seq, 2);
}

/// The Go DSN of an existing deployment leads to the same journal.
#[tokio::test]
async fn a_go_dsn() {
    let mariadb = MariaDb::start();
    open(&server(&mariadb.url())).await.append(note(0, "prod")).await.unwrap();
    let url = mariadb.url();
    let address = url.rsplit_once('@').unwrap().1.strip_suffix("/miharu").unwrap();
    let text = format!("journal = \"m:{PASSWORD}@tcp({address})/miharu?parseTime=true&tls=false\"\n");
    let inputs = miharu::config::Inputs { file: Some(("config.toml".into(), text)), ..Default::default() };
    let location = miharu::config::load(&inputs).unwrap().config.journal;
    assert!(!format!("{location:?} {location}").contains(PASSWORD));
    assert_eq!(open(&location).await.read(&Query::default()).await.unwrap().len(), 1);
}
