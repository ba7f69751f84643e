//! A snapshot as lines of text, for people and for screen readers. Everything from outside is made printable.

use std::fmt::{Display, Write};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::count::CountSource;
use crate::domain::freshness::SourceState;
use crate::domain::snapshot::Frame;
use crate::domain::source::Failure;
use crate::domain::units;
use crate::domain::world::World;
use crate::language::say;
use crate::ui::text::{padded, printable};

/// Lines about one environment.
pub struct Text<'a> {
    world: &'a World,
    frame: &'a Frame<'a>,
    now: DateTime<Utc>,
    out: String,
}

/// The whole snapshot.
pub fn snapshot(world: &World, frame: &Frame<'_>, now: DateTime<Utc>) -> String {
    let mut text = Text { world, frame, now, out: String::new() };
    text.head();
    text.storage();
    text.files();
    text.published();
    text.service();
    text.impressions();
    text.alarms();
    text.metrics();
    text.sources();
    text.out
}

impl Text<'_> {
    fn line(&mut self, line: &str) {
        self.quote(&say(line));
    }

    /// A line that is said already.
    fn quote(&mut self, line: &str) {
        let _ = writeln!(self.out, "{}", printable(line));
    }

    fn title(&mut self, title: &str) {
        self.out.push('\n');
        self.line(title);
    }

    fn head(&mut self) {
        let who = self.world.identity.as_ref().map_or_else(
            || "identity unknown".to_owned(),
            |i| format!("{} {}/{}", i.region, i.account, i.principal()),
        );
        let at = self.now.format("%Y-%m-%d %H:%M:%S UTC");
        self.line(&format!("environment {}  {who}  {at}", self.frame.environment));
    }

    fn storage(&mut self) {
        match &self.world.file_system {
            None => self.title("File system: not read"),
            Some(fs) => {
                let name = fs.name.as_deref().map(|n| format!(" ({n})")).unwrap_or_default();
                let size = units::bytes(fs.size_bytes as f64);
                self.title(&format!(
                    "File system {}{name}: {}, {} throughput, {}, {size}",
                    fs.id, fs.lifecycle_state, fs.throughput_mode, fs.performance_mode
                ));
            }
        }
        let lines: Vec<String> = self
            .world
            .zones()
            .iter()
            .map(|z| {
                let target = match z.mount_target {
                    Some(m) => {
                        let probe = self.world.probes.get(&m.mount_target_id).map(|p| match &p.result {
                            Ok(ms) => format!(", NFS answers in {ms:.1} ms"),
                            Err(why) => format!(", NFS: {why}"),
                        });
                        format!(
                            "{} {} {}{}",
                            m.mount_target_id,
                            m.state,
                            m.ip_address.as_deref().unwrap_or("no address"),
                            probe.unwrap_or_default()
                        )
                    }
                    None if self.world.mount_targets.is_some() => "no mount target".into(),
                    None => "mount targets not read".into(),
                };
                let local =
                    z.local_io_ratio.map(|r| format!(", {:.0} % local", r * 100.0)).unwrap_or_default();
                format!("  {}: {target}; {}{local}", z.name, counted(z.tasks, "task", "tasks"))
            })
            .collect();
        for line in lines {
            self.line(&line);
        }
    }

    fn files(&mut self) {
        let Some(count) = &self.world.file_count else { return self.title("Files: not counted") };
        let threshold = self.frame.file_count_threshold;
        let over = if count.files > threshold { "OVER " } else { "" };
        let age = units::duration(self.now - count.at);
        self.title(&format!(
            "Files: {} of {} {over}(counted {age} ago, {})",
            units::thousands(count.files),
            units::thousands(threshold),
            counted_by(count.source)
        ));
    }

    fn published(&mut self) {
        match &self.world.published {
            None => self.title("Published list: not read"),
            Some(None) => self.title("Published list: the parameter does not exist"),
            Some(Some(p)) => {
                let changed = units::duration(self.now - p.current.changed_at);
                let entries =
                    p.list().map_or_else(|why| why, |l| counted(l.mount_targets.len(), "entry", "entries"));
                self.title(&format!(
                    "Published list {} v{}, changed {changed} ago: {entries}",
                    p.parameter, p.current.version
                ));
            }
        }
        for drift in self.world.drift() {
            self.line(&format!("  drift: {} ({})", drift.detail, drift.kind.as_str()));
        }
    }

    fn service(&mut self) {
        let Some(service) = &self.world.service else { return self.title("Service: not read") };
        let steady = if service.steady() { "steady" } else { "not steady" };
        let rollout = service.rollout_state().unwrap_or("rollout unknown");
        self.title(&format!(
            "Service {}/{}: {} of {} running, {} pending, {steady}, {rollout}",
            service.cluster, service.name, service.running, service.desired, service.pending
        ));
        for d in &service.deployments {
            let reason = d.reason.as_deref().unwrap_or_default();
            self.line(&format!(
                "  deployment {} {} {}: {} running, {} pending, {} failed  {reason}",
                d.id,
                d.status,
                d.rollout_state.as_deref().unwrap_or("-"),
                d.running,
                d.pending,
                d.failed
            ));
        }
        for task in self.world.tasks.iter().flatten() {
            let version = self.world.list_version(task).map(|v| format!(", list v{v}")).unwrap_or_default();
            let zone = task.availability_zone.as_deref().map_or_else(|| say("zone unknown"), Into::into);
            let (id, status) = (&task.id, &task.status);
            let mut line = format!("  {} {id} {status} {zone}{}", say("task"), say(version));
            if task.is_stopped() {
                let exit = task.exit_code.map(|c| format!(", exit code {c}")).unwrap_or_default();
                let _ = write!(
                    line,
                    "{}: {} {}",
                    say(exit),
                    task.stop_code.as_deref().unwrap_or_default(),
                    task.stopped_reason.as_deref().unwrap_or_default()
                );
            }
            self.quote(&line);
        }
    }

    fn impressions(&mut self) {
        for (line, title) in super::impressions::lines(&self.world.impressions, self.now) {
            if title { self.title(&line) } else { self.line(&format!("  {line}")) }
        }
    }

    fn alarms(&mut self) {
        let Some(alarms) = &self.world.alarms else { return self.title("Alarms: not read") };
        self.title(&format!("Alarms: {}", alarms.len()));
        for alarm in alarms {
            self.quote(&format!("  {} {}: {}", alarm.state.as_str(), alarm.name, alarm.reason));
        }
    }

    fn metrics(&mut self) {
        let lines: Vec<String> = self
            .world
            .metrics
            .values()
            .filter_map(|s| {
                let (at, value) = s.last()?;
                let age = units::duration(self.now - at);
                Some(format!(
                    "  {} {} {}: {} ({age} ago)",
                    s.key.namespace,
                    s.key.name,
                    s.key.statistic,
                    units::metric(value, &s.unit)
                ))
            })
            .collect();
        let silent = self.world.metrics.len() - lines.len();
        self.title(&format!("Metrics: {} with data, {silent} without", lines.len()));
        for line in lines {
            self.line(&line);
        }
    }

    fn sources(&mut self) {
        self.title("Sources:");
        let lines: Vec<String> =
            self.world
                .sources
                .values()
                .map(|s| source(s, self.now))
                .chain(self.world.off.iter().map(|(id, why)| {
                    format!("  {:<12} {} {}", id.0, padded(&say("off"), 8), say(why.as_str()))
                }))
                .collect();
        for line in lines {
            self.quote(&line);
        }
    }
}

/// A number of things: `1 task`, `2 tasks`.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(n: N, one: &str, many: &str) -> String {
    let thing = if n == N::from(1) { one } else { many };
    format!("{n} {thing}")
}

/// A failure in words, with its kind where they do not say it themselves.
pub fn said(failure: &Failure) -> String {
    let (word, line) = (failure.class.word(), failure.line());
    if line.contains(word) { line } else { format!("{word}: {line}") }
}

/// Where a count comes from.
fn counted_by(source: CountSource) -> &'static str {
    match source {
        CountSource::Path => "in the directory",
        CountSource::Cloudwatch => "by the CloudWatch metric",
        CountSource::Ssm => "by the cache in SSM",
        CountSource::Logs => "by the log of the former monitor",
    }
}

/// One source in a line, its complaints with the remedy below it.
pub fn source(s: &SourceState, now: DateTime<Utc>) -> String {
    let took = s.took_ms.map_or_else(
        || "-".to_owned(),
        |ms| units::duration(TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX))),
    );
    let calls = counted(s.calls, "call", "calls");
    let state = padded(&say(s.freshness(now).word()), 8);
    let mut line = format!("  {:<12} {state} {}", s.id.0, say(format!("{calls} in {took}")));
    for failure in s.error.iter().chain(&s.warnings) {
        let _ = write!(line, "; {} -> {}", say(said(failure)), say(failure.remedy()));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::source::FailureClass;

    #[test]
    fn one_is_singular_and_nothing_is_said_twice() {
        assert_eq!(
            (counted(1_usize, "task", "tasks"), counted(0_u32, "call", "calls")),
            ("1 task".into(), "0 calls".into())
        );
        let timeout = Failure::new(FailureClass::Timeout, "no answer within 10 s");
        assert_eq!(said(&timeout), "no answer within 10 s");
        let gone = Failure::new(FailureClass::NotFound, "the parameter /p does not exist");
        assert_eq!(said(&gone), "not found: the parameter /p does not exist");
    }
}
