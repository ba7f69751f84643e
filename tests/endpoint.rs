//! The console in a pseudo-terminal on an AWS endpoint that misbehaves: keys keep their effect, values stay and
//! age, the screen says why in words, everything recovers, and nothing but reads reaches the wire.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says where by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::time::Duration;

use miharu::aws::sdk::allow;
use miharu::clock::Clock;
use serde_json::{Value, json};
use support::peer::Peer;
use support::terminal::Terminal;
use support::world::World;

/// Ten times the goal of 16 ms: a test asserts liveness, the benchmark measures.
const LIVE: Duration = Duration::from_millis(160);

fn console(world: &World, peer: &Peer, args: &[&str]) -> Terminal {
    let variables = [
        ("EFS_FILE_SYSTEM_ID", world.file_system.clone()),
        ("ECS_CLUSTER_NAME", world.cluster.clone()),
        ("ECS_SERVICE_NAME", world.service.clone()),
        ("AWS_REGION", world.region.clone()),
        ("AWS_ENDPOINT_URL", peer.url()),
        ("AWS_ACCESS_KEY_ID", support::sources::KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("MIHARU_POLL__EFS", "2s".to_owned()),
        ("MIHARU_POLL__ECS", "2s".to_owned()),
        ("MIHARU_DEADLINE__EFS", "2s".to_owned()),
        ("MIHARU_DEADLINE__ECS", "2s".to_owned()),
    ]
    .map(|(k, v)| (k.to_owned(), v));
    Terminal::start_with(args, &variables, 120, 40)
}

fn answers_keys(t: &mut Terminal) {
    let mut slow = Vec::new();
    for (key, text) in [("2", "Mount targets"), ("3", "Service events"), ("1", "Attention")].repeat(4) {
        let took = Clock::stopwatch();
        t.press(key);
        t.shows(text);
        if took() > LIVE {
            slow.push((key, took()));
        }
    }
    assert!(slow.len() <= 1, "keys wait: {slow:?}"); // one may meet a busy machine
}

fn survives(region: &str, fault: &Value, said: &str) {
    let peer = Peer::shared();
    let world = World::create(peer, region, &[]);
    let mut t = console(&world, peer, &[]);
    t.shows("all fresh");
    peer.faults(region, &json!({"efs.*": fault, "ecs.*": fault}));
    t.until("it becomes stale", |s| s.contains("stale"));
    answers_keys(&mut t);
    t.press("2");
    t.shows(&world.mount_targets[0].mount_target_id); // the value stays
    t.press("!");
    t.shows("Error history");
    t.shows(said);
    t.closes();
    t.press("1");
    peer.faults(region, &json!({}));
    t.press("r");
    t.shows("all fresh");
    t.press("q");
    assert_eq!(t.ends().exit_code(), 0);
    t.is_restored();
}

#[test]
fn it_survives_throttling() {
    survives(
        "eu-west-2",
        &json!({"status": 400, "code": "ThrottlingException", "times": 100_000}),
        "throttled",
    );
}

#[test]
fn it_survives_a_hanging_endpoint() {
    survives("eu-west-3", &json!({"delay": 30, "times": 12}), "no answer");
}

#[test]
fn it_survives_403_and_names_the_action() {
    let fault = json!({"status": 403, "code": "AccessDeniedException", "times": 100_000});
    survives("eu-north-1", &fault, "ecs:DescribeServices");
}

#[test]
fn it_survives_500() {
    survives(
        "sa-east-1",
        &json!({"status": 500, "code": "InternalFailure", "times": 100_000}),
        "server error",
    );
}

#[test]
fn it_survives_garbage() {
    survives("ca-central-1", &json!({"garbage": true, "times": 100_000}), "unreadable");
}

#[test]
fn it_survives_connections_that_break_in_the_middle() {
    survives("us-west-1", &json!({"cut": true, "times": 100_000}), "unreachable");
}

#[test]
fn read_only_sends_nothing_but_reads() {
    let peer = Peer::shared();
    let world = World::create(peer, "us-west-2", &[]);
    let mut t = console(&world, peer, &["--read-only"]);
    t.shows("all fresh");
    t.shows("READ-ONLY");
    // Every key there is, on every screen, with everything open that opens.
    for screen in ["1", "2", "3", "4", "5", "6", "7"] {
        for key in (b'!'..=b'~').filter(|k| !b"q:/1234567".contains(k)) {
            t.press(screen);
            t.press(std::str::from_utf8(&[key]).unwrap());
            t.press("\r");
            t.press("\x1b");
            std::thread::sleep(Duration::from_millis(25)); // right behind it the next key would be one chord with it
        }
    }
    std::thread::sleep(Duration::from_secs(1));
    t.signal(rustix::process::Signal::TERM);
    t.ends();
    let mine: Vec<_> = peer
        .calls("us-west-2")
        .into_iter()
        .filter(|c| c.key.as_deref() == Some(support::sources::KEY))
        .collect();
    assert!(mine.len() > 20, "the record holds the console's calls: {}", mine.len());
    for call in &mine {
        let read = allow::READS.iter().any(|r| r.operation == call.operation);
        assert!(read, "{}:{} is not a read", call.service, call.operation);
    }
}
