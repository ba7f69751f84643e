//! The load itself: what reaches the server, and what is made of its answers.

use std::net::{IpAddr, TcpListener};
use std::time::Duration;

use miharu::kakeru::plan::{Phase, Plan};
use miharu::kakeru::report::{Report, decode};
use miharu::kakeru::target::Target;
use miharu::kakeru::{Ended, Live, Load, Stop, run};

use crate::server::{Answer, Server};

const MS: Duration = Duration::from_millis(1);

fn load(urls: &[&str], per_s: f64, duration: Duration) -> Load {
    Load {
        targets: urls.iter().map(|url| Target::parse(url, true).unwrap()).collect(),
        addresses: None,
        plan: Plan::constant(per_s, duration),
        keep_alive: false,
        // A busy machine may hold this process up for long: that is not what is tested.
        timeout: 60_000 * MS,
        max_lag: 60_000 * MS,
        most: None,
        sources: None,
        workers: None,
        seed: 7,
    }
}

fn kept(mut load: Load) -> Load {
    load.targets = load.targets.iter().map(|t| Target::parse(t.url(), false).unwrap()).collect();
    load.keep_alive = true;
    load
}

/// Runs a load to its end and holds the report to what must be true of every report.
fn done(load: &Load) -> (Report, Ended) {
    done_with(load, &Stop::default(), |_| {})
}

fn done_with(load: &Load, stop: &Stop, progress: impl FnMut(&Live)) -> (Report, Ended) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(run(load, stop, progress)).unwrap();
    let report = Report::new(load, &ended).unwrap();
    assert_eq!(report.sent, report.succeeded + report.failed.values().sum::<u64>());
    assert_eq!(report.checked().unwrap(), ended.total.latency);
    (report, ended)
}

#[test]
fn every_request_is_sent_once_at_its_time_with_the_mix_of_the_workshop() {
    let server = Server::start(|_| Answer::Status(200));
    let (report, ended) = done(&load(&[&server.url()], 500.0, 4000 * MS));
    assert_eq!((report.sent, report.succeeded, server.requests()), (2000, 2000, 2000), "{ended:?}");
    assert!(report.offered_exactly && report.failed.is_empty());
    assert!((report.rate_per_s - 500.0).abs() < 1e-9);
    assert!(report.took_s >= 3.99, "the last one starts at 3.998 s: {}", report.took_s);
    let asked = server.seen.asked.lock().unwrap();
    let n = |query: &str| asked.get(&format!("/hakaru?{query}")).copied().unwrap_or_default();
    let (open, small, large) =
        (n("name=open&value=0"), n("name=purchase&value=120"), n("name=purchase&value=960"));
    assert_eq!(open + small + large, 2000, "{asked:?}");
    // 2 000 of a round of 10 000 that is exact: within a few standard deviations.
    assert!(
        (1740..=1860).contains(&open) && (120..=240).contains(&small) && (3..=50).contains(&large),
        "{asked:?}"
    );
}

#[test]
fn each_user_has_a_connection_of_its_own_from_many_addresses() {
    let server = Server::start(|_| Answer::Status(200));
    let mut load = load(&[&server.url()], 200.0, 1000 * MS);
    load.sources = Some(20);
    let (report, ended) = done(&load);
    assert_eq!((report.succeeded, server.connections(), ended.total.opened), (200, 200, 200));
    let sources = server.seen.sources.lock().unwrap();
    assert_eq!(sources.len(), 20, "{sources:?}");
    assert!(sources.iter().all(IpAddr::is_loopback), "{sources:?}");
}

#[test]
fn kept_connections_are_used_again() {
    let server = Server::start(|_| Answer::Status(200));
    let (report, ended) = done(&kept(load(&[&server.url()], 200.0, 2000 * MS)));
    assert_eq!((report.succeeded, server.requests()), (400, 400));
    assert_eq!(ended.total.opened, server.connections());
    assert!(server.connections() < 200, "{} connections for 400 requests", server.connections());
}

#[test]
fn a_kept_connection_that_the_server_has_closed_meanwhile_fails_nobody() {
    // One request each 300 ms, and a server that is another one each time.
    let first = Server::start(|_| Answer::Status(200));
    let address = first.address;
    let load = kept(load(&[&first.url()], 4.0, 2000 * MS));
    let mut servers = vec![first];
    let (report, ended) = done_with(&load, &Stop::default(), |live| {
        if live.elapsed < 1500 * MS {
            servers.clear();
            // Until the old one has let go of the address.
            while TcpListener::bind(address).is_err() {
                std::thread::sleep(MS);
            }
            servers.push(Server::start_at(address, |_| Answer::Status(200)));
        }
    });
    assert!(ended.total.opened >= 2, "{ended:?}");
    // One may fall into the gap itself; none is lost afterwards on the connection of the server that is gone.
    assert!(report.succeeded >= 7, "{report:?}");
}

#[test]
fn a_stall_of_a_second_is_seen_by_everybody_who_came_in_it() {
    for keep_alive in [false, true] {
        let server = Server::start(|n| if n == 600 { Answer::Stall(1000 * MS) } else { Answer::Status(200) });
        let load = load(&[&server.url()], 300.0, 4000 * MS);
        let load = if keep_alive { kept(load) } else { load };
        let (report, _) = done(&load);
        assert_eq!((report.sent, report.succeeded), (1200, 1200), "{report:?}");
        let ms = report.latency_ms;
        // 300 of 1 200 came in the stall, and waited from 0 to 1 s: a quarter of all, half of them over 500 ms.
        assert!(ms.max.unwrap() >= 990.0 && ms.p999.unwrap() >= 950.0 && ms.p99.unwrap() >= 900.0, "{ms:?}");
        let histogram = decode(&report.histogram).unwrap();
        let waited = histogram.count_between(500_000, 3_600_000_000);
        assert!(waited >= 140, "{waited} of 150 that came in the first half of the stall");
    }
}

#[test]
fn refused_is_a_reason() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for keep_alive in [false, true] {
        let load = load(&[&format!("http://{address}")], 100.0, 500 * MS);
        let (report, _) = done(&if keep_alive { kept(load) } else { load });
        assert_eq!(report.failed.get("connection refused"), Some(&50), "{report:?}");
        assert_eq!((report.sent, report.success_ratio, report.latency_ms.max), (50, Some(0.0), None));
    }
}

#[test]
fn a_status_other_than_200_is_a_failure_with_a_latency() {
    let server = Server::start(|n| {
        Answer::Status(match n % 4 {
            0 => 503,
            1 => 204,
            _ => 200,
        })
    });
    let (report, ended) = done(&load(&[&server.url()], 200.0, 1000 * MS));
    assert_eq!((report.sent, report.succeeded), (200, 100), "{report:?}");
    assert_eq!(report.failed["status 503"] + report.failed["status 204"], 100);
    assert_eq!(ended.total.latency.len(), 200, "all answers");
    assert_eq!(report.success_ratio, Some(0.5));
}

#[test]
fn no_answer_is_a_timeout_counted_from_the_intended_start() {
    let server = Server::start(|n| if n % 10 == 9 { Answer::Never } else { Answer::Status(200) });
    let mut load = load(&[&server.url()], 100.0, 1000 * MS);
    load.timeout = 3000 * MS;
    let (report, _) = done(&load);
    assert_eq!(report.failed, [("timeout".to_owned(), 10)].into(), "{report:?}");
    assert_eq!((report.sent, report.succeeded), (100, 90));
    assert!(report.took_s < 30.0, "{}", report.took_s);
}

#[test]
fn with_no_place_left_requests_fail_as_not_started_and_no_more_than_allowed_are_under_way() {
    let server = Server::start(|_| Answer::Never);
    let mut load = load(&[&server.url()], 2000.0, 1000 * MS);
    load.timeout = 1500 * MS;
    load.most = Some(1);
    let mut most = 0;
    let (report, ended) = done_with(&load, &Stop::default(), |live| most = most.max(live.under_way));
    // One holds the place for all of its timeout. Each next one is half a millisecond short of its own by then.
    let n = |reason: &str| report.failed.get(reason).copied().unwrap_or_default();
    assert_eq!((report.sent, n("not started in time") + n("timeout")), (2000, 2000), "{report:?}");
    assert!(n("not started in time") > 0 && server.connections() < 2000, "{report:?}");
    assert!(most <= 1, "{most} at once");
    assert_eq!(ended.total.not_offered, 0);
}

#[test]
fn what_waited_for_a_place_has_its_wait_in_its_latency() {
    let server = Server::start(|_| Answer::Slow(100 * MS));
    let mut load = kept(load(&[&server.url()], 100.0, 1000 * MS));
    // One at a time takes 100 ms each: the last of 100 is ready after 10 s, 9 s after its time.
    load.most = Some(1);
    let (report, ended) = done(&load);
    assert_eq!((report.succeeded, server.connections()), (100, 1), "{report:?}");
    assert!(
        report.latency_ms.max.unwrap() >= 8900.0 && report.latency_ms.p50.unwrap() >= 4000.0,
        "{report:?}"
    );
    assert!(ended.took >= 9900 * MS);
}

#[test]
fn several_targets_take_turns() {
    let servers = [0, 1, 2].map(|_| Server::start(|_| Answer::Status(200)));
    let urls: Vec<String> = servers.iter().map(Server::url).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let (report, _) = done(&kept(load(&urls, 300.0, 1000 * MS)));
    assert_eq!(servers.each_ref().map(Server::requests), [100; 3]);
    assert_eq!(report.target, urls.join(" "));
}

#[test]
fn warm_up_and_ramp_are_sent_and_not_reported() {
    let server = Server::start(|n| Answer::Status(if n < 100 { 503 } else { 200 }));
    let mut load = load(&[&server.url()], 100.0, 1000 * MS);
    // 10/s for 1 s, then up to 100/s in 2 s: 10 and 110 requests.
    load.plan = load.plan.after(1000 * MS, 2000 * MS);
    let (report, ended) = done(&load);
    assert_eq!((report.sent, report.succeeded, server.requests()), (100, 100, 220), "{report:?}");
    assert_eq!((ended.total.warm_failed, ended.total.warm_succeeded), (100, 20));
    assert!(report.offered_exactly);
}

#[test]
fn stopping_early_reports_what_was_done_and_says_that_the_rate_was_not_offered() {
    let server = Server::start(|_| Answer::Status(200));
    let load = load(&[&server.url()], 100.0, Duration::from_secs(3600));
    let stop = Stop::default();
    let (report, ended) = done_with(&load, &stop, |live| {
        if live.elapsed >= 2 * Duration::from_secs(1) {
            stop.stop.cancel();
        }
    });
    assert!(ended.stopped && !report.offered_exactly);
    assert_eq!((report.sent, report.failed.len()), (server.requests(), 0), "what was under way could end");
    assert!(report.sent >= 190, "{report:?}");
}

#[test]
fn the_second_stop_waits_for_nobody() {
    let server = Server::start(|_| Answer::Never);
    let load = load(&[&server.url()], 50.0, Duration::from_secs(3600));
    let stop = Stop::default();
    let (report, _) = done_with(&load, &stop, |_| {
        stop.stop.cancel();
        stop.abandon.cancel();
    });
    assert_eq!(report.failed.keys().collect::<Vec<_>>(), ["interrupted"], "{report:?}");
    assert!(report.sent >= 45 && report.took_s < 60.0, "{report:?}");
}

#[test]
fn phases_follow_each_other_at_their_rates() {
    let server = Server::start(|_| Answer::Status(200));
    let mut load = load(&[&server.url()], 1.0, MS);
    load.plan = Plan::new([Phase::steady("slow", 50.0, 1000 * MS), Phase::steady("quick", 400.0, 1000 * MS)]);
    let (report, _) = done(&load);
    assert_eq!((report.sent, server.requests()), (450, 450));
    assert!((report.rate_per_s - 225.0).abs() < 1e-9 && report.offered_exactly);
}

#[test]
fn progress_adds_up_to_the_report() {
    let server = Server::start(|_| Answer::Status(200));
    let (mut recent, mut last) = (0, 0);
    let (report, _) = done_with(&load(&[&server.url()], 200.0, 3000 * MS), &Stop::default(), |live| {
        recent += live.recent.sent();
        last = live.total.sent();
    });
    assert_eq!((recent, last), (report.sent, report.sent));
}

#[test]
fn the_sum_of_two_loads_is_exact() {
    let servers = [Server::start(|_| Answer::Status(200)), Server::start(|_| Answer::Slow(50 * MS))];
    let reports = servers.each_ref().map(|s| done(&load(&[&s.url()], 100.0, 1000 * MS)));
    let sum = Report::merge(&reports.each_ref().map(|(report, _)| report.clone())).unwrap();
    let mut whole = reports[0].1.total.clone();
    whole.add(&reports[1].1.total);
    assert_eq!((sum.sent, sum.succeeded), (200, 200));
    assert_eq!(decode(&sum.histogram).unwrap(), whole.latency);
    let ms = |us: u64| Some(us as f64 / 1000.0);
    assert_eq!(sum.latency_ms.p90, ms(whole.latency.value_at_quantile(0.9)));
    assert_eq!(sum.latency_ms.max, ms(whole.latency.max()));
}
