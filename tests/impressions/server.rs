//! On MariaDB.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use miharu::config;
use miharu::domain::source::FailureClass;
use miharu::sources::impressions::inspect;
use miharu::sources::impressions::sql::{self, Dialect, Span};
use sqlx::{AssertSqlSafe, Connection as _, MySqlConnection};

use super::eye::{Eye, failure, readings};
use super::mariadb::{MariaDb, PASSWORD};

const TABLE: &str = "CREATE TABLE eventlog (id bigint(20) unsigned NOT NULL AUTO_INCREMENT, \
    at datetime DEFAULT NULL, name varchar(255) NOT NULL, value int(10) unsigned, PRIMARY KEY (id))";

/// A server with the table, and an account that may read it and nothing else.
fn server() -> MariaDb {
    let server = MariaDb::start();
    server.sql(&format!(
        "use miharu; {TABLE}; create user 'r'@'127.0.0.1' identified by '{PASSWORD}'; \
         grant select on miharu.eventlog to 'r'@'127.0.0.1'"
    ));
    server
}

fn insert(server: &MariaDb, rows: u64) {
    server.sql(&format!(
        "use miharu; insert into eventlog(at,name,value) \
         select now(), if(seq % 10 = 0, 'purchase', 'open'), 0 from seq_1_to_{rows}"
    ));
}

fn number(server: &MariaDb, sql: &str) -> u64 {
    server.sql(sql).trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn under_20_000_rows_a_second_the_rate_is_the_databases_own() {
    let server = server();
    let url = server.url_of("r", PASSWORD, "miharu");
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (url, stop) = (server.url(), Arc::clone(&stop));
        move || write(&url, &stop)
    });
    let mut eye = Eye::on(Some(&url), &[]);
    let mut all = readings(&eye.look().await);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(8) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        all.extend(readings(&eye.look().await));
    }
    let rate = eye.world.impressions.recorded_per_s().unwrap().value;
    let newest = all.last().unwrap();
    let first = all.iter().find(|r| newest.at - r.at <= chrono::TimeDelta::seconds(10)).unwrap();
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    let own = number(
        &server,
        &format!(
            "select count(*) from miharu.eventlog where id > {} and id <= {}",
            first.watermark, newest.watermark
        ),
    );
    let seconds = (newest.database_now - first.database_now).num_milliseconds() as f64 / 1000.0;
    let own = own as f64 / seconds;
    assert!((rate / own - 1.0).abs() < 0.01, "{rate} by the console, {own} by the database");
    assert_eq!(newest.behind, 0, "{newest:?}");
    let counted: u64 = number(&server, "select count(*) from miharu.eventlog");
    eye.until("everything is counted", |i, _| i.recorded.last.as_ref().unwrap().total == counted).await;
    let by_name: u64 = eye.world.impressions.recorded.seconds.values().flat_map(|s| s.values()).sum();
    assert!(by_name > 0 && by_name <= counted, "{by_name}");
}

/// 20 000 rows a second, as well as the machine can.
#[tokio::main(flavor = "current_thread")]
async fn write(url: &str, stop: &AtomicBool) {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let rows = vec!["(NOW(),'open',0)"; 500].join(",");
    let batch = format!("INSERT INTO eventlog(at,name,value) VALUES {rows}");
    let start = Instant::now();
    let mut batches = 0_u32;
    while !stop.load(Ordering::Relaxed) {
        sqlx::raw_sql(AssertSqlSafe(batch.clone())).execute(&mut connection).await.unwrap();
        batches += 1;
        let due = Duration::from_millis(25) * batches;
        tokio::time::sleep(due.saturating_sub(start.elapsed())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_a_transaction_that_was_open_is_found() {
    let server = server();
    insert(&server, 100);
    let mut eye = Eye::on(Some(&server.url_of("r", PASSWORD, "miharu")), &[]);
    let mut open = MySqlConnection::connect(&server.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; INSERT INTO eventlog(at,name,value) VALUES (NOW(),'late',1)")
        .execute(&mut open)
        .await
        .unwrap();
    insert(&server, 50);
    eye.look().await;
    assert_eq!(eye.recorded().total, 150, "what is not committed is not there");
    insert(&server, 50);
    eye.look().await;
    assert_eq!(eye.recorded().total, 200);
    sqlx::raw_sql("COMMIT").execute(&mut open).await.unwrap();
    let mut notes = Vec::new();
    eye.until("the late row is counted", |i, _| {
        let last = i.recorded.last.as_ref().unwrap();
        notes.extend(last.notes.clone());
        last.total == 201
    })
    .await;
    assert!(notes.iter().any(|n| n.contains("1 rows appeared below")), "{notes:?}");
    open.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_scans_the_table() {
    let server = server();
    insert(&server, 60_000);
    server.sql("analyze table miharu.eventlog");
    let span = Span { after: 59_000, to: 60_000 };
    for statement in [
        sql::head(Dialect::MySql, 50_000),
        sql::mark(Dialect::MySql, 50_000),
        sql::groups(span),
        sql::counts(Dialect::MySql, span, 125),
        sql::next_id(59_000),
    ] {
        let plan = server.sql(&format!("use miharu; explain {statement}"));
        for line in plan.lines().filter(|l| l.contains("eventlog")) {
            let columns: Vec<&str> = line.split('\t').collect();
            // id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra
            assert!(["range", "const", "eq_ref"].contains(&columns[3]), "{statement}\n{plan}");
            assert_eq!(columns[5], "PRIMARY", "{statement}\n{plan}");
            let rows: u64 = columns[8].parse().unwrap();
            assert!(rows <= 3_000, "{statement}\n{plan}");
        }
        // And as it was executed: rows that were really touched.
        let read = "select sum(variable_value) from information_schema.session_status \
                    where variable_name in ('HANDLER_READ_NEXT','HANDLER_READ_RND_NEXT','HANDLER_READ_FIRST')";
        let answer = server.sql(&format!("use miharu; flush status; {statement}; {read}"));
        let touched: f64 = answer.lines().last().unwrap().trim().parse().unwrap();
        // The tables of the schema and of the groups are read too.
        assert!(touched < 3_500.0, "{touched} rows for {statement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_table_and_a_restart_of_the_server_are_survived() {
    let mut server = server();
    insert(&server, 1000);
    let mut eye = Eye::on(Some(&server.url_of("r", PASSWORD, "miharu")), &[]);
    eye.look().await;
    server.sql("truncate table miharu.eventlog");
    eye.look().await;
    assert!(eye.recorded().notes.iter().any(|n| n.contains("emptied")), "{:?}", eye.recorded());
    insert(&server, 10);
    eye.look().await;
    assert_eq!((eye.recorded().total, eye.recorded().era), (1010, 1));
    server.kill();
    let reading = eye.look().await;
    assert!(
        matches!(failure(&reading).class, FailureClass::Unreachable | FailureClass::Timeout),
        "{reading:?}"
    );
    assert!(eye.world.impressions.recorded.last.is_some(), "what was known stays");
    server.restart();
    insert(&server, 5);
    eye.until("rows are counted again", |i, r| {
        r.result.is_ok() && i.recorded.last.as_ref().unwrap().total == 1015
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_stopped_on_the_server() {
    let server = server();
    insert(&server, 30_000);
    server.sql(
        "use miharu; rename table eventlog to slow; \
         create view eventlog as select id, at, name, value + sleep(0.001) as value from slow where sleep(0.001) = 0; \
         grant select on miharu.eventlog to 'r'@'127.0.0.1'",
    );
    let mut eye = Eye::on(Some(&server.url_of("r", PASSWORD, "miharu")), &[]);
    let start = Instant::now();
    let reading = eye.look().await;
    let failure = failure(&reading);
    assert_eq!(failure.class, FailureClass::Timeout, "{failure:?}");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    let running =
        "select count(*) from information_schema.processlist where user = 'r' and command = 'Query'";
    assert_eq!(number(&server, running), 0, "nothing of it runs on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_without_the_password() {
    let server = server();
    for (url, class) in [
        (server.url_of("r", "wrong-hunter3", "miharu"), FailureClass::Denied),
        (server.url_of("r", PASSWORD, "elsewhere"), FailureClass::Denied),
        (server.url_of("m", PASSWORD, "miharu").replace("miharu", "nowhere"), FailureClass::Denied),
        ("mysql://r:hunter3@127.0.0.1:1/miharu".to_owned(), FailureClass::Unreachable),
    ] {
        let mut eye = Eye::on(Some(&url), &[]);
        let reading = eye.look().await;
        let failure = failure(&reading);
        assert_eq!(failure.class, class, "{failure:?}");
        assert!(!format!("{reading:?}").contains("hunter"), "{failure:?}");
    }
    server.sql("drop table miharu.eventlog");
    let mut eye = Eye::on(Some(&server.url()), &[]);
    let reading = eye.look().await;
    assert_eq!(failure(&reading).class, FailureClass::NotFound, "{reading:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_can_only_read() {
    let server = server();
    insert(&server, 10);
    // An account that may write.
    let mut eye = Eye::on(Some(&server.url()), &[]);
    eye.look().await;
    let open = "select t.command from information_schema.processlist t where t.user = 'm'";
    assert!(server.sql(open).contains("Sleep"), "the connection is kept");
    let general = server.sql("set global log_output = 'TABLE'; set global general_log = 1; select sleep(0)");
    assert!(general.contains('0'));
    let mut other = Eye::on(Some(&server.url()), &[]);
    other.look().await;
    let asked = server.sql("select argument from mysql.general_log where user_host like 'm[%'");
    assert!(asked.contains("SET SESSION TRANSACTION READ ONLY"), "{asked}");
    let verbs = asked.lines().filter_map(|l| l.split_whitespace().next());
    for verb in verbs.filter(|v| v.chars().all(|c| c.is_ascii_uppercase())) {
        assert!(["SELECT", "SET"].contains(&verb), "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_the_servers_zone_are_told_in_utc() {
    let server = server();
    server.sql("set global time_zone = '+09:00'");
    insert(&server, 10);
    let mut eye = Eye::on(Some(&server.url_of("r", PASSWORD, "miharu")), &[]);
    eye.look().await;
    let recorded = eye.recorded();
    let lag = eye.world.impressions.lag_s().unwrap();
    assert!((0.0..60.0).contains(&lag), "{recorded:?}");
    assert!(recorded.clock_ahead_ms.abs() < 2_000, "{recorded:?}");
    server.sql("insert into miharu.eventlog(at,name,value) values (now() + interval 9 hour, 'open', 0)");
    eye.look().await;
    assert!(eye.recorded().notes.iter().any(|n| n.contains("time zone")), "{:?}", eye.recorded());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_write_is_known() {
    let server = server();
    let look = async |user: &str| {
        inspect(&config::datasource(&server.url_of(user, PASSWORD, "miharu")).unwrap()).await
    };
    let reader = look("r").await.unwrap();
    assert!(reader.keyed && reader.rights.is_empty() && !reader.in_the_way, "{reader:?}");
    assert!(reader.database.starts_with("MariaDB "), "{reader:?}");
    let writer = look("m").await.unwrap();
    assert_eq!(writer.rights, ["ALL PRIVILEGES"]);
    server.sql("use miharu; alter table eventlog modify id bigint unsigned not null, drop primary key");
    assert!(!look("r").await.unwrap().keyed);
    server.sql("use miharu; drop table eventlog");
    let failure = look("m").await.unwrap_err();
    assert_eq!(failure.class, FailureClass::NotFound, "{failure:?}");
}
