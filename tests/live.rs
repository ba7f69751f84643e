//! The demo's live world: tasks are processes, users are real load, and everything ends with the console.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test says where by panicking")]

#[path = "live/machine.rs"]
mod machine;
#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "support/terminal.rs"]
mod terminal;

use std::fs;
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

/// From standard output of a process to the screen, through all that is between.
#[test]
fn what_the_processes_write_is_on_the_logs_screen() {
    let mut demo = Demo::start("logs", QUIET, 20);
    demo.tasks(3);
    demo.terminal.press("5");
    demo.terminal.shows("2 groups");
    demo.terminal.shows("listening on http://127.0.0.1:");
    demo.terminal.press("1");
    demo.terminal.until("the overview has it in brief", |s| s.contains("Logs  2 groups  shown"));
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

/// The number that the screen shows after `label`.
fn figure(screen: &str, label: &str) -> Option<f64> {
    let shown = screen.split_once(label)?.1.trim_start().trim_start_matches('<');
    let end = shown.find(|c: char| !(c.is_ascii_digit() || ".-".contains(c)))?;
    shown.get(..end)?.parse().ok()
}

#[test]
fn a_surge_burns_until_a_scale_out_is_approved_and_then_the_ratio_recovers() {
    let mut demo = Demo::shipped("traffic-surge", 20);
    demo.tasks(3);
    let burns = |demo: &Demo| Some(demo.ratio_over(Duration::from_secs(3))).filter(|ratio| *ratio < 0.95);
    demo.terminal.press("4");
    demo.until("more users than three tasks can serve", burns);
    let left = demo.until("the screen says that the budget burns", |demo| {
        let screen = demo.terminal.text();
        let burns = screen.contains("MISSED") && screen.contains("PAGE ");
        figure(&screen, "left ").filter(|_| burns && figure(&screen, "success ").is_some_and(|s| s < 95.0))
    });
    let capacity = demo.until("what a task takes at its limit is measured", |demo| {
        let screen = demo.terminal.text();
        figure(&screen, "one instance ").filter(|_| screen.contains("3 of 3 hakaru answer"))
    });
    assert!((20.0..=70.0).contains(&capacity), "a task takes 50 a second, and not {capacity}");
    demo.until("nothing was approved: it burns on", |demo| {
        figure(&demo.terminal.text(), "left ").filter(|now| *now < left)
    });
    demo.terminal.press("6");
    demo.until("a scale-out is recommended", |demo| {
        let text = demo.terminal.text();
        Some(())
            .filter(|()| text.contains("run 4 tasks instead of 3") && text.contains("waits for a decision"))
    });
    let still = demo.ratio_over(Duration::from_secs(5));
    assert!(still < 0.95, "nothing was approved: {still}");
    assert_eq!(demo.found("hakaru").len(), 3);
    demo.approve();
    demo.tasks(4);
    demo.until("the ratio recovers", |demo| {
        Some(()).filter(|()| demo.ratio_over(Duration::from_secs(3)) >= 0.999)
    });
    sleep(Duration::from_millis(300));
    demo.terminal.press("4");
    // The last minute on the screen: most of the failures have to leave it.
    demo.until("the screen says that the ratio recovers", |demo| {
        let screen = demo.terminal.text();
        let calm = !screen.contains("PAGE ") && screen.contains("4 of 4 hakaru answer");
        figure(&screen, "success ").filter(|success| calm && *success >= 95.0)
    });
    demo.terminal.press("3");
    demo.terminal.shows("4 running");
    let (all, good) = demo.counts().unwrap();
    let rows = demo.rows();
    assert!(all > good && rows >= good, "{all} asked, {good} acknowledged, {rows} recorded");
}

#[test]
fn while_the_event_log_is_locked_nothing_is_acknowledged_and_then_everything_is_again() {
    let script = format!("{QUIET}\n[[at]]\nafter = '8s'\ndo = 'lock-database'\nfor = '12s'\n");
    let demo = Demo::start("locked", &script, 1);
    demo.tasks(3);
    demo.until("refusals", |demo| demo.counts().filter(|(all, good)| all - good > 30.0));
    let (all, good) = demo.until("it is taken up again", |demo| {
        let before = demo.counts()?;
        sleep(Duration::from_secs(1));
        let now = demo.counts()?;
        (now.1 > before.1 && now.1 - before.1 >= now.0 - before.0).then_some(now)
    });
    let rows = demo.rows();
    assert!(rows >= good && all > good, "{all} asked, {good} acknowledged, {rows} recorded");
}

#[test]
fn the_original_says_200_and_what_it_loses_shows_in_the_event_log_alone() {
    let script = QUIET
        .replace("requests_per_s = 15", "requests_per_s = 120")
        .replace("[world]", "[world]\noriginal = true");
    let demo = Demo::start("original", &script, 20);
    demo.tasks(3);
    let ratio = demo.ratio_over(Duration::from_secs(5));
    assert!(ratio >= 0.999, "to HTTP all is well: {ratio}");
    let (_, good) = demo.counts().unwrap();
    let rows = demo.rows();
    assert!(rows > 0.0 && rows < good * 0.8, "{good} acknowledged, {rows} recorded");
}

#[test]
fn files_are_files_and_counted() {
    let script = QUIET.replace("[world]", "[world]\nfiles = 3210\ndirectories = 7");
    let mut demo = Demo::start("files", &script, 20);
    let root =
        demo.until("the files", |demo| demo.directory().map(|d| d.join("files")).filter(|d| d.exists()));
    let in_directory = |n: u32| fs::read_dir(root.join(format!("d{n}"))).unwrap().count();
    assert_eq!((0..7).map(in_directory).sum::<usize>(), 3210);
    demo.terminal.press("2");
    // Eight with the root: what only a real count knows.
    demo.until("the count", |demo| {
        let text = demo.terminal.text();
        Some(()).filter(|()| text.contains("directories 8") && text.contains("3 210"))
    });
}
