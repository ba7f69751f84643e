//! What is right by itself and wrong together; checked when every layer has spoken.

use super::error::{Mistake, Origin};
use super::journal::Location;
use super::model::{Config, Environment};
use super::report::Report;

/// Completes each policy from the settings that stand elsewhere, and notes what contradicts itself.
pub(super) fn settle(config: &mut Config, report: &mut Report) {
    relative_journal(config, report);
    for environment in &mut config.environments {
        environment.policy.file_count_threshold = environment.files.threshold;
        environment.policy.security_group_id = environment.security_group_id.clone();
        environment.policy.expected_account = environment.expected_account.clone();
        policy(environment, report);
    }
}

/// Two settings of which the first may not pass the second.
struct Pair {
    keys: [&'static str; 2],
    values: [String; 2],
    wrong: bool,
    remedy: &'static str,
}

/// Pairs of what changes are timed by.
fn pace(environment: &Environment) -> [Pair; 2] {
    let apply = environment.apply;
    let time = |d| humantime::format_duration(d).to_string();
    [
        Pair {
            keys: ["apply.answer", "apply.settle"],
            values: [time(apply.answer), time(apply.settle)],
            wrong: apply.answer > apply.settle,
            remedy: "shorten apply.answer, or lengthen apply.settle",
        },
        // What is left of the lease before a call is at least its half.
        Pair {
            keys: ["apply.answer", "apply.lease"],
            values: [time(apply.answer), format!("{}, halved", time(apply.lease))],
            wrong: apply.answer > apply.lease / 2,
            remedy: "shorten apply.answer, or lengthen apply.lease",
        },
    ]
}

fn policy(environment: &Environment, report: &mut Report) {
    let policy = &environment.policy;
    let time = |d| humantime::format_duration(d).to_string();
    let pairs = [
        Pair {
            keys: ["policy.min_tasks", "policy.max_tasks"],
            values: [policy.min_tasks.to_string(), policy.max_tasks.to_string()],
            wrong: policy.min_tasks > policy.max_tasks,
            remedy: "lower min_tasks, or raise max_tasks",
        },
        Pair {
            keys: ["policy.agreeing", "policy.evaluations"],
            values: [policy.agreeing.to_string(), policy.evaluations.to_string()],
            wrong: policy.agreeing > policy.evaluations,
            remedy: "lower agreeing, or raise evaluations",
        },
        Pair {
            keys: ["policy.veto", "policy.approval_ttl"],
            values: [time(policy.veto), time(policy.approval_ttl)],
            wrong: policy.veto > policy.approval_ttl,
            remedy: "shorten veto, or lengthen approval_ttl",
        },
    ];
    let pairs = pairs.into_iter().chain(pace(environment)).filter(|p| p.wrong);
    for Pair { keys, values, remedy, .. } in pairs {
        let expected = format!("not more than {} = {}", keys[1], values[1]);
        note(environment, report, keys, &values[0], expected, remedy);
    }
    if environment.files.publish_cache && environment.files.cache_parameter.is_none() {
        let (expected, remedy) = ("false, or a parameter to publish in", "set files.cache_parameter");
        note(environment, report, ["files.publish_cache"; 2], "true", expected.to_owned(), remedy);
    }
    let both = policy.auto_rules.iter().find(|rule| policy.disabled_rules.contains(rule));
    let keys = ["policy.disabled_rules", "policy.auto_rules"];
    // The default list of auto mode stands aside for a rule that is switched off.
    let given = report.origins.contains_key(&path(environment, keys[1]));
    if let Some(rule) = both.filter(|_| given) {
        let expected = format!("no rule of policy.auto_rules (\"{rule}\" stands in both)");
        note(environment, report, keys, &format!("\"{rule}\""), expected, "remove it from one of the two");
    }
}

fn path(environment: &Environment, key: &str) -> String {
    format!("environment.{}.{key}", environment.name)
}

/// Notes a contradiction where the first of two keys was given, else the second. A key that is already a mistake
/// kept its default, and says nothing about another one.
fn note(
    environment: &Environment,
    report: &mut Report,
    keys: [&'static str; 2],
    value: &str,
    expected: String,
    remedy: &str,
) {
    let paths = keys.map(|key| path(environment, key));
    if report.mistakes.iter().any(|m| paths.contains(&m.key)) {
        return;
    }
    let Some(at) = paths.iter().find_map(|p| report.origins.get(p)).cloned() else { return };
    let [key, _] = paths;
    report.mistakes.push(Mistake {
        at,
        key,
        value: Some(value.to_owned()),
        expected,
        nearest: None,
        remedy: remedy.to_owned(),
    });
}

/// A path from where miharu is started would be another journal from another directory, and two consoles would
/// not know of each other. On the command line it is what one means.
fn relative_journal(config: &Config, report: &mut Report) {
    let Location::File(path) = &config.journal else { return };
    let Some(at) = report.origins.get("journal") else { return };
    if path.is_relative() && !matches!(at, Origin::Flag(_)) {
        report.mistakes.push(Mistake {
            at: at.clone(),
            key: "journal".into(),
            value: Some(format!("\"{}\"", super::error::redacted(&path.to_string_lossy()))),
            expected: "an absolute path: every console has to find the same journal".into(),
            nearest: None,
            remedy: "write the whole path".into(),
        });
    }
}
