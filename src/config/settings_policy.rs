//! The settings of an environment's policy, `[environment.policy]`. Their defaults are those of the policy.

use super::field::Field::{Count, Days, Decimal, Flag, Freeze, Maybe, Rules, Span};
use super::field::Setting;
use super::model::Environment;
use crate::domain::policy::{NEVER_AUTO, RULES};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Days that CloudWatch Logs can keep a log group for (`PutRetentionPolicy`).
const RETENTION: &[u32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/// One setting.
type One = Setting<Environment>;

/// All of them.
pub(super) fn policy() -> impl Iterator<Item = One> {
    rules().into_iter().chain(sizes()).chain(noise()).chain(times())
}

/// Which rules.
fn rules() -> Vec<One> {
    vec![
        One::new(
            "policy.auto_rules",
            "Rules that auto mode may apply.",
            Rules(RULES, NEVER_AUTO, |e| &mut e.policy.auto_rules),
        ),
        One::new(
            "policy.disabled_rules",
            "Rules that are not evaluated.",
            Rules(RULES, &[], |e| &mut e.policy.disabled_rules),
        ),
        One::new(
            "policy.scale_out_only",
            "Only more instances of the same size, never bigger ones.",
            Flag(|e| &mut e.policy.scale_out_only),
        ),
        One::new(
            "policy.freeze",
            "Times (UTC) in which nothing is changed, such as \"Fri 18:00-24:00\", \"Sat Sun 00:00-24:00\".",
            Freeze(|e| &mut e.policy.freeze),
        ),
    ]
}

/// How far.
fn sizes() -> Vec<One> {
    vec![
        One::new("policy.min_tasks", "Fewest tasks.", Count(1..=5000, |e| &mut e.policy.min_tasks)),
        One::new("policy.max_tasks", "Most tasks.", Count(1..=5000, |e| &mut e.policy.max_tasks)),
        One::new(
            "policy.max_step_ratio",
            "A step adds at most this share of the tasks (at least one).",
            Decimal(0.01..=1.0, |e| &mut e.policy.max_step_ratio),
        ),
        One::new(
            "policy.cpu_target",
            "CPU the service is steered to, percent.",
            Decimal(5.0..=95.0, |e| &mut e.policy.cpu_target),
        ),
        One::new(
            "policy.memory_target",
            "Memory the service is steered to, percent.",
            Decimal(5.0..=95.0, |e| &mut e.policy.memory_target),
        ),
        One::new(
            "policy.requests_per_task_target",
            "Requests a second and task the service is steered to; else not used.",
            Maybe(0.01..=1_000_000.0, |e| &mut e.policy.requests_per_task_target),
        ),
        One::new(
            "policy.file_count_low_ratio",
            "Share of files.threshold below which a mount target may be removed.",
            Decimal(0.01..=0.95, |e| &mut e.policy.file_count_low_ratio),
        ),
        One::new(
            "policy.file_count_low_for",
            "How long files must have been below that.",
            Span(HOUR..=90 * DAY, |e| &mut e.policy.file_count_low_for),
        ),
        One::new(
            "policy.log_retention_days",
            "Log retention that is recommended, days.",
            Days(RETENTION, |e| &mut e.policy.log_retention_days),
        ),
    ]
}

/// When a signal counts.
fn noise() -> Vec<One> {
    vec![
        One::new(
            "policy.dead_band",
            "No change while a value is within this share of its target.",
            Decimal(0.0..=0.5, |e| &mut e.policy.dead_band),
        ),
        One::new(
            "policy.agreeing",
            "Evaluations that must agree on a noisy signal.",
            Count(1..=100, |e| &mut e.policy.agreeing),
        ),
        One::new(
            "policy.evaluations",
            "Evaluations that are looked at for that.",
            Count(1..=100, |e| &mut e.policy.evaluations),
        ),
        One::new(
            "policy.stabilisation",
            "On the way down the largest answer of this time counts.",
            Span(0..=HOUR, |e| &mut e.policy.stabilisation),
        ),
        One::new(
            "policy.flap_budget",
            "Changes of direction an hour after which auto mode disarms.",
            Count(1..=100, |e| &mut e.policy.flap_budget),
        ),
    ]
}

/// Pauses and deadlines.
fn times() -> Vec<One> {
    vec![
        One::new(
            "policy.cool_down_up",
            "Pause after a change before the next one that adds.",
            Span(0..=DAY, |e| &mut e.policy.cool_down_up),
        ),
        One::new(
            "policy.cool_down_down",
            "Pause after a change before the next one that takes away.",
            Span(0..=DAY, |e| &mut e.policy.cool_down_down),
        ),
        One::new(
            "policy.cool_down_failed",
            "Pause after a failed change; doubles with each further one, to an hour.",
            Span(1..=HOUR, |e| &mut e.policy.cool_down_failed),
        ),
        One::new(
            "policy.approval_ttl",
            "How long an approval is valid.",
            Span(10..=DAY, |e| &mut e.policy.approval_ttl),
        ),
        One::new(
            "policy.veto",
            "In auto mode, time to veto before each change.",
            Span(1..=HOUR, |e| &mut e.policy.veto),
        ),
        One::new(
            "policy.creation_deadline",
            "A new mount target must be available within this.",
            Span(1..=HOUR, |e| &mut e.policy.creation_deadline),
        ),
        One::new(
            "policy.rollout_deadline",
            "A rollout must be complete within this.",
            Span(1..=6 * HOUR, |e| &mut e.policy.rollout_deadline),
        ),
        One::new(
            "policy.verification",
            "How long the effect is watched after a change.",
            Span(0..=DAY, |e| &mut e.policy.verification),
        ),
    ]
}
