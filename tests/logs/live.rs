//! Live Tail beside reading: what comes by both ways is shown once, what it samples away is read.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::TimeDelta;
use miharu::domain::freshness::Freshness;
use miharu::domain::log::batch::{LiveState, TailState};
use miharu::domain::price::LIVE_TAIL_MINUTE;
use miharu::simulated::{FUNCTION_LOG, SERVICE_LOG};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::console::{Console, QUIET, paused, s};

fn live(text: &str, seed: u64) -> Console {
    Console::new(text, seed, |e| {
        e.logs.live = true;
        e.logs.groups.push(FUNCTION_LOG.to_owned());
        _ = e.every.insert(miharu::domain::source::SourceId::LOGS, s(10));
    })
}

fn streams(console: &Console) -> bool {
    matches!(console.group(SERVICE_LOG).live, Some(LiveState::Streaming { .. }))
}

#[test]
fn lines_come_at_once_and_each_of_them_once() {
    paused(async {
        let mut console = live(QUIET, 1);
        console.pass(s(5)).await;
        assert!(streams(&console), "{:?}", console.group(SERVICE_LOG).live);
        for n in 0..30 {
            console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), &format!("line {n}"));
            // Alike in everything, and still two lines.
            console.simulated.log(FUNCTION_LOG, "hakaru/1", console.clock.now(), "twice");
            console.simulated.log(FUNCTION_LOG, "hakaru/1", console.clock.now(), "twice");
            console.pass(s(3)).await;
            assert_eq!(console.lines().len(), 3 * (n + 1), "within three seconds");
        }
        console.pass(s(1200)).await;
        assert_eq!(console.lines().len(), 90);
        for (group, lines) in [(SERVICE_LOG, 30), (FUNCTION_LOG, 60)] {
            let counts = console.group(group).counts;
            assert_eq!(
                (counts.lines, counts.sampled, counts.late, counts.lost),
                (lines, 0, 0, Some(0)),
                "{group}"
            );
            assert!(counts.live >= lines * 8 / 10, "{group}: {counts:?}");
        }
        assert_eq!(console.freshness(), Freshness::Fresh);
        // Read five times less often.
        let calls = console.source().calls_total;
        assert!((30..90).contains(&calls), "{calls} calls in 21 minutes");
    });
}

#[test]
fn what_is_sampled_away_is_said_and_read() {
    paused(async {
        let mut console = live(QUIET, 2);
        console.pass(s(5)).await;
        for n in 0..3_000 {
            console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), &format!("line {n}"));
        }
        console.pass(s(3)).await;
        let first = console.group(SERVICE_LOG).counts;
        assert_eq!((console.lines().len(), first.sampled), (500, 1), "{first:?}");
        console.pass(s(1200)).await;
        let counts = console.group(SERVICE_LOG).counts;
        let seen: BTreeSet<String> = console.lines().into_iter().map(|(_, text)| text).collect();
        assert_eq!((seen.len(), console.lines().len(), counts.lost), (3_000, 3_000, Some(0)), "{counts:?}");
    });
}

#[test]
fn a_session_is_renewed_before_three_hours_and_billed_by_the_minute() {
    paused(async {
        let mut console = live(QUIET, 3);
        console.pass(s(5)).await;
        let mut began = BTreeSet::new();
        for n in 0..500 {
            console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), &format!("line {n}"));
            console.pass(s(60)).await;
            assert_eq!(console.lines().len(), n + 1, "none twice, none missing");
            let Some(LiveState::Streaming { since }) = console.group(SERVICE_LOG).live else {
                panic!("{:?}", console.group(SERVICE_LOG))
            };
            began.insert(since);
        }
        let began: Vec<_> = began.into_iter().collect();
        assert_eq!(began.len(), 3, "{began:?}");
        for two in began.windows(2) {
            let length = two[1] - two[0];
            assert!(length > TimeDelta::minutes(160) && length < TimeDelta::minutes(175), "{length}");
        }
        let usd = console.source().cost_usd_per_h();
        assert_eq!(usd, None, "a price that is not known is not guessed");
    });
    paused(async {
        let mut console = Console::priced(QUIET, 3, |e| e.logs.live = true, &[(LIVE_TAIL_MINUTE, 0.01)]);
        console.pass(s(3600)).await;
        let usd = console.source().cost_usd_per_h().unwrap();
        assert!((0.59..0.63).contains(&usd), "60 minutes at a cent: {usd}");
        // Nobody looks at it, so it costs nothing more.
        console.focus.send_replace(1);
        console.pass(s(60)).await;
        assert_eq!(console.group(SERVICE_LOG).live, Some(LiveState::Paused));
        console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), "meanwhile");
        console.pass(s(3600)).await;
        let usd = console.source().cost_usd_per_h().unwrap();
        assert!(usd < 0.32, "half of the time, none: {usd}");
        assert_eq!(console.lines().len(), 1);
        console.focus.send_replace(0);
        console.pass(s(5)).await;
        assert!(streams(&console));
    });
}

#[test]
fn without_a_session_lines_are_read_as_ever() {
    paused(async {
        let text = format!(
            "{QUIET}[[at]]\nafter = '2m'\ndo = 'fault'\nkind = 'denied'\noperation = 'StartLiveTail'\nfor = '10m'\n"
        );
        let mut console = live(&text, 4);
        console.pass(s(60)).await;
        assert!(streams(&console));
        console.pass(s(240)).await;
        let Some(LiveState::Failing { failure, .. }) = &console.group(SERVICE_LOG).live else {
            panic!("{:?}", console.group(SERVICE_LOG))
        };
        assert!(
            failure.line().contains("logs:StartLiveTail") && failure.remedy().contains("allow"),
            "{failure:?}"
        );
        assert_eq!(
            (console.freshness(), &console.group(SERVICE_LOG).state),
            (Freshness::Fresh, &TailState::Following)
        );
        console.simulated.log(SERVICE_LOG, "hakaru/1", console.clock.now(), "one");
        console.pass(s(15)).await;
        assert_eq!(console.lines().len(), 1);
        console.pass(s(900)).await;
        assert!(streams(&console));
    });
}

#[test]
fn shown_and_lost_is_what_was_logged_by_both_ways() {
    let mut all = [0, 0];
    for seed in 0..6 {
        let [live, sampled] = paused(async {
            let mut text = QUIET.to_owned();
            for (kind, after, share, lasts) in [
                ("throttled", "30s", 0.7, "4m"),
                ("unreachable", "6m", 1.0, "3m"),
                ("server-error", "12m", 0.1, "20m"),
            ] {
                let fault = format!("after = '{after}'\nkind = '{kind}'\nshare = {share}\nfor = '{lasts}'\n");
                text.extend(["[[at]]\ndo = 'fault'\n", &fault]);
            }
            let mut console = live(&text, seed);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let mut sent = 0;
            for n in 0..300 {
                let burst = if rng.random_ratio(1, 50) { 900 } else { 1 };
                let late = if rng.random_ratio(1, 10) { rng.random_range(0..120_000) } else { 0 };
                let at = console.clock.now() - TimeDelta::milliseconds(late);
                let group = [SERVICE_LOG, FUNCTION_LOG][rng.random_range(0..2)];
                for m in 0..burst {
                    // A few of a burst are alike.
                    console.simulated.log(group, "s", at, &format!("line {n} {}", m - m % 3));
                }
                sent += burst;
                console.pass(Duration::from_millis(rng.random_range(0..8_000))).await;
            }
            console.pass(s(3600)).await;
            let groups = &console.state.environments[0].logs.groups;
            let told = format!("seed {seed}: {groups:?}");
            let lost: u64 = groups.values().map(|g| g.counts.lost.unwrap()).sum();
            assert_eq!((console.lines().len() as u64, lost), (sent, 0), "{told}");
            let live: u64 = groups.values().map(|g| g.counts.live).sum();
            let sampled: u64 = groups.values().map(|g| g.counts.sampled).sum();
            [live, sampled]
        });
        all = [all[0] + live, all[1] + sampled];
    }
    assert!(all[0] > 2_000 && all[1] > 2, "both ways were taken: {all:?}");
}
