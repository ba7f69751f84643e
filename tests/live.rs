//! The demo's live world: tasks are processes, users are real load, and everything ends with the console.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says where by panicking")]

#[path = "live/machine.rs"]
mod machine;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "support/terminal.rs"]
mod terminal;

use std::thread::sleep;
use std::time::Duration;

use machine::{Demo, alive};
use rustix::process::Signal;

/// Three tasks of twenty impressions a second, and fewer users than they can serve.
const QUIET: &str = "
    title = 'Quiet'
    description = 'Processes that have enough to do, and no more.'
    [world]
    tasks = 3
    task_requests_per_s = 20
    wobble = 0.001
    [[load]]
    at = '0s'
    requests_per_s = 15
";

#[test]
fn a_killed_process_is_a_stopped_task_with_its_exit_code_and_is_replaced() {
    let mut demo = Demo::start("killed", QUIET, 20);
    let before = demo.tasks(3);
    demo.terminal.press("3");
    demo.terminal.shows("3 running");
    rustix::process::kill_process(before[0], Signal::KILL).unwrap();
    demo.terminal.shows("exit 137");
    demo.terminal.shows("Essential");
    let after = demo.until("another process takes its place", |demo| {
        let now = demo.found("hakaru");
        (now.len() == 3 && !now.contains(&before[0])).then_some(now)
    });
    assert!(
        after.contains(&before[1]) && after.contains(&before[2]),
        "the others go on: {before:?} {after:?}"
    );
    demo.terminal.until("replaced", |s| s.contains("3 running") && s.contains("exit 137"));
}

#[test]
fn nothing_is_left_of_a_console_that_ends_or_is_killed() {
    for end in ["q", "kill"] {
        let mut demo = Demo::start(&format!("ends-{end}"), QUIET, 20);
        let mut processes = demo.tasks(3);
        processes.extend(
            demo.until("the load", |demo| {
                Some(demo.found("kakeru-follow")).filter(|found| !found.is_empty())
            }),
        );
        processes.extend(
            demo.until("the keeper", |demo| {
                Some(demo.found("bench-keeper")).filter(|found| !found.is_empty())
            }),
        );
        assert_eq!(processes.len(), 5);
        demo.until("the event log", |demo| {
            demo.directory().map(|d| d.join("eventlog.db")).filter(|d| d.exists())
        });
        if end == "q" {
            demo.terminal.press("q");
            assert_eq!(demo.terminal.ends().exit_code(), 0);
        } else {
            demo.terminal.signal(Signal::KILL);
            demo.terminal.ends();
        }
        demo.until(&format!("nothing is left after {end}"), |demo| {
            let nothing = !processes.iter().any(|pid| alive(*pid)) && demo.directory().is_none();
            nothing.then_some(())
        });
    }
}

#[test]
fn a_bad_deployment_fails_for_real_and_is_rolled_back() {
    let script = format!("{QUIET}\n[[at]]\nafter = '3s'\ndo = 'deploy-bad-image'\n");
    let mut demo = Demo::start("bad-deployment", &script, 20);
    let before = demo.tasks(3);
    demo.terminal.press("3");
    // The code of a service that was started with settings that it does not understand.
    demo.terminal.shows("exit 2");
    demo.terminal.shows("rolling back");
    demo.until("those that serve go on", |demo| Some(()).filter(|()| demo.found("hakaru").len() >= 3));
    assert!(before.iter().all(|pid| alive(*pid)), "the tasks of the good revision are untouched");
}

#[test]
fn a_surge_burns_until_a_scale_out_is_approved_and_then_the_ratio_recovers() {
    let script = "
        title = 'Surge'
        description = 'More users than tasks.'
        [world]
        tasks = 3
        task_requests_per_s = 20
        wobble = 0.001
        [[load]]
        at = '0s'
        requests_per_s = 72
    ";
    let mut demo = Demo::start("surge", script, 20);
    demo.tasks(3);
    let burning = demo.ratio_over(Duration::from_secs(5));
    assert!((0.5..0.95).contains(&burning), "three tasks of 20/s for 72/s: {burning}");
    demo.terminal.press("6");
    demo.terminal.shows("scale");
    demo.terminal.shows("waits for a decision");
    let still = demo.ratio_over(Duration::from_secs(5));
    assert!((0.5..0.95).contains(&still), "nothing was approved: {still}");
    demo.approve();
    demo.tasks(4);
    demo.until("the ratio recovers", |demo| {
        Some(()).filter(|()| demo.ratio_over(Duration::from_secs(3)) >= 0.999)
    });
    sleep(Duration::from_millis(300));
    demo.terminal.press("3");
    demo.terminal.shows("4 running");
}
