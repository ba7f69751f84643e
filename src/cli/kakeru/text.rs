//! kakeru in words.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use crate::domain::slo::Objective;
use crate::domain::units;
use crate::kakeru::reason::Reason;
use crate::kakeru::report::{Percentiles, Report};
use crate::kakeru::target::is_local;
use crate::kakeru::{Ended, Live, Load};

/// From here on it is said that this program was late itself.
const LATE: Duration = Duration::from_millis(10);

fn time(duration: Duration) -> String {
    units::duration(units::delta(duration))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from float saturates")]
fn per_s(rate: f64) -> String {
    if rate < 10.0 && rate.fract() != 0.0 {
        format!("{rate:.1}/s")
    } else {
        format!("{}/s", units::thousands(rate.round() as u64))
    }
}

fn ms(value: Option<f64>) -> String {
    match value {
        None => "-".into(),
        Some(v) if v < 10.0 => format!("{v:.2}"),
        Some(v) if v < 100.0 => format!("{v:.1}"),
        Some(v) => format!("{v:.0}"),
    }
}

fn percentiles(p: &Percentiles) -> String {
    let at = [("p50", p.p50), ("p90", p.p90), ("p99", p.p99), ("p99.9", p.p999), ("max", p.max)];
    at.map(|(name, value)| format!("{name} {}", ms(value))).join("  ")
}

/// Rounded down: 99.8999 % never reads as 99.90 %.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "no data".into();
    }
    let thousandths = u128::from(part) * 100_000 / u128::from(whole);
    format!("{}.{:03} %", thousandths / 1000, thousandths % 1000)
}

/// Where the load goes, said before the first request leaves.
pub fn announcement(load: &Load, addresses: &[SocketAddr]) -> String {
    let urls: Vec<&str> = load.targets.iter().map(crate::kakeru::target::Target::url).collect();
    let far: Vec<String> = addresses.iter().filter(|a| !is_local(a)).map(SocketAddr::to_string).collect();
    let place = if far.is_empty() { "this machine".to_owned() } else { format!("at {}", far.join(", ")) };
    let phases: Vec<String> = (load.plan.phases())
        .map(|p| {
            let rate = if p.counted || p.from_per_s.total_cmp(&p.to_per_s).is_eq() {
                per_s(p.to_per_s)
            } else {
                format!("rising to {}", per_s(p.to_per_s))
            };
            let note = if p.counted { String::new() } else { format!(" ({}, not counted)", p.name) };
            format!("{rate} for {}{note}", time(p.duration))
        })
        .collect();
    let lines = if load.keep_alive { "connections used again" } else { "a connection for each request" };
    format!("kakeru: {} ({place}): {}; {lines}", urls.join(" "), phases.join(", then "))
}

/// One line about now.
pub fn progress(load: &Load, live: &Live) -> String {
    let phase = load.plan.phase(live.elapsed).map_or("", |p| p.name.as_str());
    let over = live.elapsed >= load.plan.duration();
    let phase = if over { "last answers" } else { phase };
    let warm = live.recent.warm_succeeded + live.recent.warm_failed;
    let rate = (live.recent.sent() + warm) as f64 / live.recent_for.as_secs_f64().max(0.001);
    let recent = Percentiles::of(&live.recent.latency);
    let mut line = format!("{} {phase}  {}", time(Duration::from_secs(live.elapsed.as_secs())), per_s(rate));
    if live.total.sent() > 0 {
        let _ = write!(line, "  ok {}", percent(live.total.succeeded, live.total.sent()));
    }
    let shown = [("p50", recent.p50), ("p99", recent.p99), ("max", recent.max)];
    let shown = shown.map(|(name, value)| format!("{name} {}", ms(value))).join(" ");
    let _ = write!(line, "  {shown} ms  under way {}", live.under_way);
    if live.total.not_offered > 0 {
        let _ = write!(line, "  NOT OFFERED {}", live.total.not_offered);
    }
    if let Some((reason, n)) = live.total.failed.iter().max_by_key(|(_, n)| **n) {
        let _ = write!(line, "  {reason} {n}");
    }
    line
}

/// What a reader must know about the load itself to judge the report.
pub fn remarks(load: &Load, ended: &Ended) -> Vec<String> {
    let total = &ended.total;
    let mut out = Vec::new();
    if ended.stopped {
        out.push("stopped before its end: the report covers what was done".to_owned());
    }
    if total.not_offered > 0 {
        out.push(format!(
            "kakeru could not offer the rate itself: {} requests were not taken up within {} of their time; use a \
             quicker or an idle machine, or several (kakeru merge)",
            units::thousands(total.not_offered),
            time(load.max_lag.min(load.timeout))
        ));
    }
    if let Some(n) = total.failed.get(&Reason::NotStarted) {
        out.push(format!(
            "{} requests were never sent: as many as may be ({}) waited for their answers; a quicker target, or a \
             higher --max-in-flight, would have taken them",
            units::thousands(*n),
            units::thousands(load.most() as u64)
        ));
    }
    let late = |us: u64| Duration::from_micros(us);
    let (p99, max) = (late(total.lag.value_at_quantile(0.99)), late(total.lag.max()));
    if !total.lag.is_empty() && p99 >= LATE {
        let (p99, max) = (ms(Some(p99.as_secs_f64() * 1e3)), ms(Some(max.as_secs_f64() * 1e3)));
        out.push(format!(
            "kakeru itself was late at its starts, by {p99} ms (p99) and {max} ms at most: so much of the \
             latencies may be its own"
        ));
    }
    let warm = total.warm_succeeded + total.warm_failed;
    if warm > 0 {
        let (warm, failed) = (units::thousands(warm), units::thousands(total.warm_failed));
        out.push(format!("before it {warm} requests of warm-up and ramp, {failed} failed"));
    }
    if load.keep_alive {
        out.push(format!("{} connections were opened", units::thousands(total.opened)));
    }
    out
}

/// The report for people.
pub fn report(report: &Report, objective: Option<Objective>, remarks: &[String]) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<10} {value}");
    };
    line("target", &report.target);
    let offered = if report.offered_exactly { "offered exactly" } else { "NOT offered exactly" };
    let sent = units::thousands(report.sent);
    line("sent", &format!("{sent} at {} in {:.1} s, {offered}", per_s(report.rate_per_s), report.took_s));
    let verdict = match objective.map(|o| (o, o.met(report.succeeded, report.sent))) {
        None => String::new(),
        Some((o, Some(true))) => format!(", objective {o} met"),
        Some((o, Some(false))) => format!(", objective {o} MISSED"),
        Some((o, None)) => format!(", objective {o}: no data"),
    };
    let share = percent(report.succeeded, report.sent);
    line("succeeded", &format!("{} = {share}{verdict}", units::thousands(report.succeeded)));
    line("failed", &units::thousands(report.sent - report.succeeded.min(report.sent)));
    for (reason, n) in &report.failed {
        line("", &format!("{reason}: {}", units::thousands(*n)));
    }
    line("latency", &format!("{} ms, from the intended start", percentiles(&report.latency_ms)));
    for remark in remarks {
        line("note", remark);
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_objective_never_reads_as_met() {
        assert_eq!(percent(998_999, 1_000_000), "99.899 %");
        assert_eq!(percent(999_999_999, 1_000_000_000), "99.999 %");
        assert_eq!(percent(0, 0), "no data");
        assert_eq!(percent(u64::MAX, u64::MAX), "100.000 %");
    }

    #[test]
    fn rates_and_times_are_short() {
        assert_eq!(
            (per_s(30_000.0).as_str(), per_s(0.5).as_str(), per_s(152.5).as_str()),
            ("30 000/s", "0.5/s", "153/s")
        );
        assert_eq!(
            (ms(Some(0.123)), ms(Some(12.34)), ms(Some(1234.5))),
            ("0.12".into(), "12.3".into(), "1234".into())
        );
    }
}
