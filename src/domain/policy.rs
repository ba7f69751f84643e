//! What may be done, how far and how often. Defaults are the numbers of the field (HPA, AWS Application Auto
//! Scaling, cluster-autoscaler, Flagger); limits that are physical come from the world, never from here.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc, Weekday};

use super::price::PriceList;

/// Rules that auto mode applies unless the configuration names others.
pub const AUTO_RULES: &[&str] =
    &["add-mount-target", "publish-mount-targets", "redeploy-service", "scale-out-service"];

/// Rules that auto mode never applies, whatever the configuration says: they cannot be taken back or take
/// something away.
pub const NEVER_AUTO: &[&str] = &[
    "remove-mount-target",
    "scale-in-service",
    "resize-task",
    "set-log-retention",
    "raise-throughput",
    "resize-lambda",
];

/// A window in which nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeWindow {
    /// Days it begins on; empty: every day.
    pub days: Vec<Weekday>,
    /// Begin, UTC.
    pub from: NaiveTime,
    /// End, UTC; before `from` means on the next day.
    pub to: NaiveTime,
}

impl FreezeWindow {
    /// Whether `at` lies inside.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        use chrono::Datelike;
        let (time, day) = (at.time(), at.weekday());
        let on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        if self.from <= self.to {
            on(day) && (self.from..self.to).contains(&time)
        } else {
            (on(day) && time >= self.from) || (on(day.pred()) && time < self.to)
        }
    }

    /// When the window that holds at `at` ends; `None` if none does. A window that begins and ends at the same
    /// time is empty.
    pub fn until(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.holds(at) {
            return None;
        }
        let today = at.date_naive().and_time(self.to).and_utc();
        Some(if today > at { today } else { today + TimeDelta::days(1) })
    }
}

/// The policy of an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Files above which a mount target is added (strictly).
    pub file_count_threshold: u64,
    /// Share of the threshold below which a target may be removed.
    pub file_count_low_ratio: f64,
    /// How long files must have been below that.
    pub file_count_low_for: Duration,
    /// Only more instances of the same size, never bigger ones: `resize-task` is off.
    pub scale_out_only: bool,
    /// Security group of new mount targets; else those of the existing ones.
    pub security_group_id: Option<String>,
    /// Rules that auto mode may apply.
    pub auto_rules: Vec<String>,
    /// Rules that are not evaluated.
    pub disabled_rules: Vec<String>,
    /// Fewest tasks.
    pub min_tasks: u32,
    /// Most tasks.
    pub max_tasks: u32,
    /// CPU the service is steered to, percent.
    pub cpu_target: f64,
    /// Memory the service is steered to, percent.
    pub memory_target: f64,
    /// Requests a second and task the service is steered to; `None`: not used.
    pub requests_per_task_target: Option<f64>,
    /// No change while |value ÷ target − 1| is within this.
    pub dead_band: f64,
    /// A step adds at most this share of the tasks (at least one), and never doubles them within 15 minutes.
    pub max_step_ratio: f64,
    /// Evaluations out of `evaluations` that must agree on a noisy signal.
    pub agreeing: u32,
    /// Evaluations looked at.
    pub evaluations: u32,
    /// On the way down the largest answer of this time counts.
    pub stabilisation: Duration,
    /// Pause after a verified (else converged) change before the next one that adds.
    pub cool_down_up: Duration,
    /// Pause before the next one that takes away.
    pub cool_down_down: Duration,
    /// Pause after a failed change; doubles with each further one, to an hour.
    pub cool_down_failed: Duration,
    /// Changes of direction an hour after which auto mode disarms.
    pub flap_budget: u32,
    /// Times in which nothing is changed.
    pub freeze: Vec<FreezeWindow>,
    /// Account that the identity must belong to.
    pub expected_account: Option<String>,
    /// An approval is valid this long.
    pub approval_ttl: Duration,
    /// In auto mode, time to veto before each change.
    pub veto: Duration,
    /// A new mount target must be available within this.
    pub creation_deadline: Duration,
    /// A rollout must be complete within this.
    pub rollout_deadline: Duration,
    /// How long the effect is watched after a change.
    pub verification: Duration,
    /// Log retention that `set-log-retention` recommends, days.
    pub log_retention_days: u32,
    /// Prices of the environment's region; empty: every cost is unknown.
    pub prices: PriceList,
}

impl Policy {
    /// Whether auto mode may apply recommendations of `rule` by itself.
    pub fn auto_allows(&self, rule: &str) -> bool {
        self.auto_rules.iter().any(|r| r == rule) && !NEVER_AUTO.contains(&rule)
    }
}

impl Default for Policy {
    fn default() -> Self {
        let minutes = |m: u64| Duration::from_secs(60 * m);
        Self {
            file_count_threshold: 100_000,
            file_count_low_ratio: 0.5,
            file_count_low_for: minutes(24 * 60),
            scale_out_only: false,
            security_group_id: None,
            auto_rules: AUTO_RULES.iter().map(|r| (*r).to_owned()).collect(),
            disabled_rules: Vec::new(),
            min_tasks: 1,
            max_tasks: 50,
            cpu_target: 60.0,
            memory_target: 70.0,
            requests_per_task_target: None,
            dead_band: 0.1,
            max_step_ratio: 0.25,
            agreeing: 3,
            evaluations: 5,
            stabilisation: minutes(5),
            cool_down_up: minutes(5),
            cool_down_down: minutes(15),
            cool_down_failed: minutes(3),
            flap_budget: 2,
            freeze: Vec::new(),
            expected_account: None,
            approval_ttl: minutes(15),
            veto: Duration::from_secs(30),
            creation_deadline: minutes(5),
            rollout_deadline: minutes(10),
            verification: minutes(5),
            log_retention_days: 7,
            prices: PriceList::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_window_over_midnight_belongs_to_the_day_it_begins_on_and_says_its_end() {
        let time = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap();
        let window = FreezeWindow { days: vec![Weekday::Fri], from: time(22), to: time(6) };
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (now, until) in [
            ("2026-11-20T21:59:59Z", None), // a Friday
            ("2026-11-20T22:00:00Z", Some("2026-11-21T06:00:00Z")),
            ("2026-11-21T05:59:59Z", Some("2026-11-21T06:00:00Z")),
            ("2026-11-21T06:00:00Z", None),
            ("2026-11-21T23:00:00Z", None),
        ] {
            assert_eq!(window.until(at(now)), until.map(at), "{now}");
        }
        let same_day = FreezeWindow { days: vec![], from: time(9), to: time(17) };
        assert_eq!(same_day.until(at("2026-11-20T12:00:00Z")), Some(at("2026-11-20T17:00:00Z")));
        assert!(!FreezeWindow { days: vec![], from: time(9), to: time(9) }.holds(at("2026-11-20T09:00:00Z")));
    }

    #[test]
    fn what_cannot_be_taken_back_is_never_automatic_whatever_is_configured() {
        let policy = Policy {
            auto_rules: NEVER_AUTO.iter().chain(AUTO_RULES).map(|r| (*r).to_owned()).collect(),
            ..Policy::default()
        };
        for rule in NEVER_AUTO {
            assert!(!policy.auto_allows(rule), "{rule}");
        }
        for rule in AUTO_RULES {
            assert!(Policy::default().auto_allows(rule), "{rule}");
        }
        assert!(!Policy::default().auto_allows("use-fargate-spot"));
    }
}
