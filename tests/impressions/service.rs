//! On hakaru and kakeru as they are.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use chrono::Utc;
use miharu::domain::impressions::{Kind, Origin};

use super::eye::Eye;
use super::process::Hakaru;

struct Load(Child);

impl Drop for Load {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn load(hakaru: &Hakaru, metrics: u16, seconds: u32) -> Load {
    let child = Command::new(env!("CARGO_BIN_EXE_miharu"))
        .args(["kakeru", &format!("http://{}", hakaru.address), "--rate", "300", "--keep-alive"])
        .args(["--duration", &format!("{seconds}s"), "--metrics", &format!("127.0.0.1:{metrics}")])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Load(child)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_recorded_and_nothing_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", home.path().join("hakaru.db").display());
    let hakaru = Hakaru::start(&url, &[]).ready();
    let metrics = free_port();
    let pages = [format!("http://{}", hakaru.address), format!("http://127.0.0.1:{metrics}/metrics")];
    let mut eye = Eye::on(Some(&url), &pages);
    let reading = eye.look().await;
    assert!(reading.result.is_ok(), "a load that does not run is no failure: {reading:?}");
    assert_eq!(reading.warnings.len(), 1, "{reading:?}");
    let load = load(&hakaru, metrics, 40);
    eye.until("the load tells", |i, _| {
        i.flow.points.back().is_some_and(|p| p.origin == Origin::Load && p.counts.good > 0)
    })
    .await;
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        eye.look().await;
    }
    let impressions = &eye.world.impressions;
    let accepted = impressions.accepted_per_s(Utc::now()).unwrap();
    assert!((accepted.value / 300.0 - 1.0).abs() < 0.2, "{accepted:?}");
    assert_eq!(impressions.success_ratio(Utc::now()).map(|m| m.value), Some(1.0));
    let loss = impressions.loss(Utc::now()).unwrap();
    assert!(loss.accepted > 1000 && !loss.certain(), "{loss:?}");
    assert_eq!(loss.ratio(), Some(0.0));
    assert!(impressions.flow.latency().count() > 1000);
    let last = impressions.flow.last.as_ref().unwrap();
    let kinds: Vec<Kind> = last.instances.iter().map(|i| i.kind).collect();
    assert_eq!(kinds, [Kind::Hakaru, Kind::Kakeru]);
    assert_eq!((last.instances[0].healthy, last.instances[0].database_up), (Some(true), Some(true)));
    assert!(last.instances[0].processor.is_some() && last.instances[0].started_at.is_some());
    let out = impressions.out(Utc::now()).unwrap();
    assert!(out.by_name.iter().any(|n| n.name == "open") && out.lag_s.unwrap() < 30.0, "{out:?}");
    assert_eq!(impressions.slo(Utc::now()).map(|s| s.budget_left_ratio), Some(1.0));
    drop(load);
}

/// A service that answers 200 and records nothing, as the original does when an insert fails.
#[tokio::test(flavor = "multi_thread")]
async fn loss_that_no_status_shows_is_shown() {
    let home = tempfile::tempdir().unwrap();
    let (real, shadow) = (home.path().join("real.db"), home.path().join("shadow.db"));
    let url = |path: &std::path::Path| format!("sqlite://{}", path.display());
    // What is looked at is another database than the one that is written.
    let idle = Hakaru::start(&url(&shadow), &[]).ready();
    let hakaru = Hakaru::start(&url(&real), &[]).ready();
    let mut eye = Eye::on(Some(&url(&shadow)), &[format!("http://{}/metrics", hakaru.address)]);
    eye.look().await;
    for _ in 0..4 {
        for _ in 0..50 {
            assert_eq!(hakaru.get("/hakaru?name=open&value=1").status, 200);
        }
        eye.look().await;
    }
    let loss = eye.world.impressions.loss(Utc::now()).unwrap();
    assert!(loss.certain() && loss.lost == 200 && loss.ratio() == Some(1.0), "{loss:?}");
    assert_eq!(eye.world.impressions.success_ratio(Utc::now()).map(|m| m.value), Some(1.0));
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_are_none_are_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}/metrics", listener.local_addr().unwrap());
    let mut eye = Eye::on(None, &[silent]);
    let reading = eye.look().await;
    let failure = super::eye::failure(&reading);
    assert!(failure.text.contains("no page within 1 s"), "{failure:?}");
    let closed = format!("http://127.0.0.1:{}/metrics", free_port());
    let reading = Eye::on(None, &[closed]).look().await;
    assert!(super::eye::failure(&reading).text.contains("refused"), "{reading:?}");
}
