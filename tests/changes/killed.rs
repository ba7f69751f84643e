//! SIGKILL at each step of a real apply, then starting again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::apply::story;
use crate::stage::{Ended, PATIENCE, Stage, arrives};
use miharu::clock::Clock;

/// Where the process is killed.
#[derive(Debug, Clone, Copy)]
enum Kill {
    /// Right after an entry.
    After(&'static str, u64),
    /// While the call of a step hangs; it takes effect when nobody waits for it any more.
    BeforeEffect(u64),
    /// While the answer of a step hangs, its effect being there.
    BeforeAnswer(u64),
    /// While the call of a step hangs; it takes no effect.
    WithoutEffect(u64),
}

/// What is killed, and started again.
#[derive(Debug, Clone, Copy)]
enum By {
    Apply,
    Autopilot,
}

impl By {
    fn start(self, id: &str) -> Vec<&str> {
        match self {
            Self::Apply => vec!["apply", id, "--yes", "--no-verify", "--json"],
            Self::Autopilot => vec!["autopilot", "--once", "--yes-auto-apply", "--no-verify", "--json"],
        }
    }
}

const CALLS: [&str; 3] = ["efs.CreateMountTarget", "ssm.PutParameter", "ecs.UpdateService"];

/// Every one in a region of its own.
const KILLS: &[(&str, By, Kill)] = &[
    ("eu-central-2", By::Apply, Kill::After("approved", 0)),
    ("eu-south-2", By::Apply, Kill::After("succeeded", 1)),
    ("ap-east-1", By::Apply, Kill::After("succeeded", 2)),
    ("ap-east-2", By::Apply, Kill::After("succeeded", 3)),
    ("ap-south-2", By::Apply, Kill::BeforeEffect(1)),
    ("ap-southeast-3", By::Apply, Kill::BeforeEffect(2)),
    ("ap-southeast-4", By::Apply, Kill::BeforeEffect(3)),
    ("ap-southeast-5", By::Apply, Kill::BeforeAnswer(1)),
    ("ap-southeast-6", By::Apply, Kill::BeforeAnswer(2)),
    ("ap-southeast-7", By::Apply, Kill::BeforeAnswer(3)),
    ("ca-west-1", By::Apply, Kill::WithoutEffect(1)),
    ("me-central-1", By::Apply, Kill::WithoutEffect(2)),
    ("mx-central-1", By::Apply, Kill::WithoutEffect(3)),
    ("us-gov-east-1", By::Autopilot, Kill::BeforeAnswer(1)),
    ("us-gov-west-1", By::Autopilot, Kill::After("succeeded", 2)),
];

#[test]
fn at_each_step_the_outcome_is_read_back_and_the_change_finished_or_offered() {
    let regions: Vec<&str> = KILLS.iter().map(|(region, ..)| *region).collect();
    let stages = Stage::each(&regions, &["--files", "100001"]);
    std::thread::scope(|scope| {
        let all: Vec<_> = KILLS
            .iter()
            .zip(stages)
            .map(|((_, by, kill), stage)| ((by, kill), scope.spawn(move || killed(&stage, *by, *kill))))
            .collect();
        let failed: Vec<_> =
            all.into_iter().filter_map(|(what, run)| run.join().is_err().then_some(what)).collect();
        assert!(failed.is_empty(), "failed (see above): {failed:?}");
    });
}

/// Runs until the kill; gives what was said until then.
fn until(stage: &Stage, by: By, kill: Kill) {
    let call = |n: u64| CALLS[usize::try_from(n - 1).unwrap()];
    let (event, step) = match kill {
        Kill::After(event, step) => (event, step),
        Kill::BeforeEffect(n) | Kill::BeforeAnswer(n) | Kill::WithoutEffect(n) => ("started", n),
    };
    match kill {
        // What comes after it hangs, so that the process cannot outrun the kill.
        Kill::After(_, 0) => stage.faults(&json!({ call(1): {"hold": 60} })),
        Kill::After(_, n) => {
            stage.faults(&json!({ call(n): {"then": {"*": {"hold": 60, "times": 1000}}} }));
        }
        Kill::BeforeEffect(n) => stage.faults(&json!({ call(n): {"delay": 1.5} })),
        Kill::BeforeAnswer(n) => stage.faults(&json!({ call(n): {"hold": 60} })),
        Kill::WithoutEffect(n) => {
            stage.faults(&json!({ call(n): {"delay": 1.5, "status": 503, "code": "Unavailable"} }));
        }
    }
    let mut running = stage.start(&by.start(&stage.add()));
    running.until_entry(event, step);
    if let Kill::BeforeEffect(n) | Kill::BeforeAnswer(n) | Kill::WithoutEffect(n) = kill {
        arrives(stage, call(n).split('.').next_back().unwrap());
    }
    running.kill();
    stage.faults(&json!({}));
}

/// Starts again until nobody else holds the lease: that of the killed process lasts for a while.
fn again(stage: &Stage, by: By) -> Ended {
    let waited = Clock::stopwatch();
    loop {
        let ended = stage.run(&by.start(&stage.add()));
        if ended.code != 4 || !ended.err.contains("is at work here") {
            return ended;
        }
        assert!(waited() < PATIENCE, "the lease never ended: {}", ended.err);
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn killed(stage: &Stage, by: By, kill: Kill) {
    until(stage, by, kill);
    let open = story(&stage.history());
    assert!(!open.contains(&"converged".to_owned()), "{kill:?}: it was killed too late: {open:?}");
    let ended = again(stage, by);
    let offered: &[&str] = match kill {
        Kill::WithoutEffect(2) => &["publish-mount-targets", "redeploy-service"],
        Kill::WithoutEffect(3) => &["redeploy-service"],
        _ => &[],
    };
    let code = if offered.is_empty() { 0 } else { 4 };
    assert_eq!(ended.code, code, "{kill:?}\n{}\n{}", ended.out, ended.err);
    for id in offered {
        assert_eq!(stage.due(), [*id], "{kill:?}");
        stage.run(&["apply", id, "--yes", "--no-verify"]).with(0);
    }
    let lines: Vec<Value> = stage.history().into_iter().filter(|l| !l["change"].is_null()).collect();
    let told = story(&lines);
    match kill {
        Kill::After(..) | Kill::BeforeEffect(_) | Kill::BeforeAnswer(_) => {
            // Between the entry and the kill the next step may have been written down without being sent: then it
            // is found not done, and all of it is planned anew.
            let unsent = matches!(kill, Kill::After("approved", 0)) && told.contains(&"failed 1".to_owned());
            let approvals = told.iter().filter(|t| *t == "approved").count();
            assert_eq!(approvals, if unsent { 2 } else { 1 }, "{kill:?}: finished: {told:?}");
            assert_eq!(ended.last()["outcome"], json!("converged"), "{kill:?}: {}", ended.err);
        }
        // Without a doubt nothing happened, so that what is left is planned anew: all of it, or what repairs.
        Kill::WithoutEffect(n) => {
            assert!(told.contains(&format!("failed {n}")), "{kill:?}: {told:?}");
            assert!(ended.err.contains("left open by an earlier process: failed"), "{kill:?}: {}", ended.err);
        }
    }
    if let Kill::BeforeEffect(n) | Kill::BeforeAnswer(n) = kill {
        assert!(
            told.contains(&format!("succeeded {n}")) && !told.contains(&format!("failed {n}")),
            "{kill:?}: {told:?}"
        );
    }
    stage.is_as_wanted();
}

#[test]
fn another_request_ends_what_was_left_open_and_the_rest_is_offered() {
    let options = ["--files", "100001", "--subnets", "2", "--mount-targets", "1"];
    let stage = Stage::new("us-west-1", &options);
    until(&stage, By::Apply, Kill::After("succeeded", 1));
    let waited = Clock::stopwatch();
    let ended = loop {
        let ended = stage.run(&["apply", "publish-mount-targets", "--yes", "--no-verify", "--json"]);
        if ended.code != 4 || !ended.err.contains("is at work here") {
            break ended;
        }
        assert!(waited() < PATIENCE, "the lease never ended: {}", ended.err);
        std::thread::sleep(Duration::from_millis(200));
    };
    let ended = ended.with(0);
    assert!(ended.err.contains("2 steps were not begun and are offered anew"), "{}", ended.err);
    let told = story(&ended.lines());
    assert_eq!(told, ["refused", "approved", "started 1", "succeeded 1", "converged"]);
    assert_eq!(stage.due(), ["redeploy-service"]);
    stage.run(&["apply", "redeploy-service", "--yes", "--no-verify"]).with(0);
    stage.is_as_wanted();
}
