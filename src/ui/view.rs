//! What a panel sees of the program while it draws, and the words that more than one panel uses.

use std::borrow::Cow;
use std::cell::OnceCell;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::state::{EnvironmentState, State};
use crate::config::theme::Role;
use crate::domain::freshness::{Freshness, SourceState};
use crate::domain::metric::MetricSeries;
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::domain::world::World;
use crate::language::say;

use super::canvas::{Line, Look};
use super::derived::Derived;
use super::findings::{self, Finding};
use super::logs::LogDesk;
use super::text;
use super::timeline::Zoom;

/// The state as it is shown: the frozen one while frozen.
pub struct View<'a> {
    /// Everything.
    pub state: &'a State,
    /// The shown environment.
    pub env: &'a EnvironmentState,
    /// Its world.
    pub world: &'a World,
    /// The time ages are shown against.
    pub now: DateTime<Utc>,
    /// Colours and shapes.
    pub look: &'a Look,
    /// What follows from the world.
    pub derived: &'a Derived,
    /// How far back the graphs of impressions reach.
    pub zoom: Zoom,
    /// The log lines of the shown environment, where somebody draws them.
    pub desk: Option<&'a LogDesk>,
    findings: OnceCell<Vec<Finding>>,
}

impl<'a> View<'a> {
    /// The view of `state`.
    pub fn new(state: &'a State, look: &'a Look, derived: &'a Derived) -> Self {
        Self { now: state.shown_now(), zoom: derived.zoom, ..Self::of(state, state.shown(), look, derived) }
    }

    /// The view of one environment of `state`, whether it is shown or not, as it is now.
    pub fn of(state: &'a State, env: &'a EnvironmentState, look: &'a Look, derived: &'a Derived) -> Self {
        Self {
            state,
            env,
            world: &env.world,
            now: state.now,
            look,
            derived,
            zoom: Zoom::default(),
            desk: None,
            findings: OnceCell::new(),
        }
    }

    /// What deserves attention, the worst first.
    pub fn findings(&self) -> &[Finding] {
        self.findings.get_or_init(|| findings::findings(self))
    }

    /// The view with the log lines of its environment.
    #[must_use]
    pub fn with(self, desk: Option<&'a LogDesk>) -> Self {
        Self { desk, ..self }
    }

    /// State of a source.
    pub fn source(&self, id: SourceId) -> Option<&'a SourceState> {
        self.world.sources.get(&id)
    }

    /// How old something is.
    pub fn age(&self, at: DateTime<Utc>) -> TimeDelta {
        (self.now - at).max(TimeDelta::zero())
    }

    /// How long ago, in steps: `12 min ago`, `now`.
    pub fn ago(&self, at: DateTime<Utc>) -> String {
        match units::age_step(self.age(at)).as_str() {
            "now" => "now".to_owned(),
            step => format!("{step} ago"),
        }
    }

    /// The exact time and age, for details.
    pub fn exact(&self, at: DateTime<Utc>) -> String {
        format!(
            "{} UTC, {} ago",
            at.format("%Y-%m-%d %H:%M:%S"),
            units::duration(TimeDelta::seconds(self.age(at).num_seconds()))
        )
    }

    /// A time of day, with its date if that is not today's.
    pub fn clock(&self, at: DateTime<Utc>) -> String {
        let today = at.date_naive() == self.now.date_naive();
        at.format(if today { "%H:%M:%S" } else { "%m-%d %H:%M:%S" }).to_string()
    }

    /// A message of the shown service without `(service NAME) ` in front: the title already says it.
    pub fn event<'m>(&self, message: &'m str) -> &'m str {
        let named = message.strip_prefix("(service ").and_then(|t| t.split_once(") "));
        match (named, &self.world.service) {
            (Some((name, rest)), Some(service)) if name == service.name => rest,
            _ => message,
        }
    }

    /// Age of a CloudWatch data point that stands for `period_s` seconds from `at` on; said only when it is
    /// older than CloudWatch's usual delay.
    pub fn point_age(&self, at: DateTime<Utc>, period_s: u32) -> Option<String> {
        let at = at + TimeDelta::seconds(period_s.into());
        (self.age(at) > TimeDelta::minutes(3)).then(|| format!("{} old", units::age_step(self.age(at))))
    }

    /// Badge of a panel: the age of its first source, in words where it is not fresh.
    pub fn badge(&self, sources: &[SourceId]) -> Line<'static> {
        let Some(first) = sources.first() else { return Line::new() };
        if self.world.off.contains_key(first) {
            return Line::new().add(Role::Muted, "off");
        }
        let Some(source) = self.source(*first) else { return Line::new().add(Role::Unknown, "not read") };
        let freshness = source.freshness(self.now);
        let Some(age) = source.age(self.now).map(units::age_step) else {
            return Line::new().add(Role::Unknown, "not read yet");
        };
        match freshness {
            Freshness::Late | Freshness::Stale => {
                Line::new().add(Role::Stale, format!("{} {age}", freshness.word()))
            }
            Freshness::Fresh | Freshness::Never => Line::new().add(Role::Muted, age),
        }
    }

    /// The source of a panel that is least as it should be, of those not yet in `said`, and a line why.
    pub fn complaint(&self, sources: &[SourceId], said: &[SourceId]) -> Option<(SourceId, Role, String)> {
        sources
            .iter()
            .filter(|id| !said.contains(id))
            .filter_map(|id| self.source(*id))
            .filter_map(|s| Some((s.freshness(self.now), s, self.complaint_of(s)?)))
            .max_by_key(|(freshness, s, _)| (*freshness, s.error.is_some()))
            .map(|(_, s, text)| (s.id, if s.error.is_some() { Role::Stale } else { Role::Warn }, text))
    }

    /// Why a source is not as it should be.
    pub fn complaint_of(&self, s: &SourceState) -> Option<String> {
        let freshness = s.freshness(self.now);
        if s.error.is_none() && s.warnings.is_empty() && freshness == Freshness::Fresh {
            return None;
        }
        let next = s
            .next_at
            .filter(|at| *at > self.now)
            .map(|at| format!(", next try {}", at.format("%H:%M:%S")))
            .map_or_else(String::new, |text| say(text).into_owned());
        match (&s.error, freshness) {
            (Some(error), _) => Some(format!(
                "{}: {} {}: {}{next}; {}",
                match freshness {
                    Freshness::Fresh => say("failing"),
                    Freshness::Never => say("not read"),
                    Freshness::Late | Freshness::Stale => say(freshness.word()),
                },
                s.id,
                say(error.class.word()),
                say(error.line()),
                say(error.remedy())
            )),
            (None, Freshness::Fresh) => s
                .warnings
                .first()
                .map(|w| format!("partly: {} {}: {}; {}", s.id, w.class.word(), w.line(), w.remedy())),
            (None, Freshness::Late | Freshness::Stale) => Some(match s.polling_since {
                Some(since) => format!(
                    "{}: {} has been waiting for an answer for {}",
                    freshness.word(),
                    s.id,
                    moment(self.age(since), "a few seconds")
                ),
                None => {
                    format!("{}: {} was read {}", freshness.word(), s.id, self.ago(s.at.unwrap_or(self.now)))
                }
            }),
            (None, Freshness::Never) => None,
        }
    }

    /// What to say where nothing of a source is known yet: that it is awaited, off, or failing with the remedy.
    pub fn missing(&self, id: SourceId) -> (Role, String) {
        if let Some(why) = self.world.off.get(&id) {
            return (Role::Muted, format!("{id} is off: {why}"));
        }
        match self.source(id).and_then(|s| s.error.as_ref()) {
            Some(e) => {
                (Role::Bad, format!("{id} {}: {}; {}", say(e.class.word()), say(e.line()), say(e.remedy())))
            }
            None => (Role::Unknown, format!("waiting for {id}{}", self.look.glyphs.ellipsis)),
        }
    }

    /// The newest series of that name, whatever its statistic.
    pub fn series(&self, namespace: &str, name: &str) -> Option<&'a MetricSeries> {
        self.world.metrics.values().find(|s| s.key.namespace == namespace && s.key.name == name)
    }

    /// A zone's short name, or `?`.
    pub fn zone(&self, zone: Option<&'a str>) -> &'a str {
        zone.map_or("?", |z| self.derived.short(z))
    }
}

/// Shape and role of a mount target's or file system's state.
pub fn lifecycle(state: &str, look: &Look) -> (&'static str, Role) {
    match state {
        "available" => (look.glyphs.ok, Role::Ok),
        "creating" | "updating" | "deleting" => (look.glyphs.busy, Role::Warn),
        "deleted" | "error" => (look.glyphs.bad, Role::Bad),
        _ => (look.glyphs.unknown, Role::Unknown),
    }
}

/// Shape and role of a task.
pub fn task_state(status: &str, stopped_badly: bool, look: &Look) -> (&'static str, Role) {
    match status {
        "RUNNING" => (look.glyphs.ok, Role::Ok),
        "STOPPED" if stopped_badly => (look.glyphs.bad, Role::Bad),
        "STOPPED" => (look.glyphs.none, Role::Muted),
        "PROVISIONING" | "PENDING" | "ACTIVATING" => (look.glyphs.busy, Role::Warn),
        "DEACTIVATING" | "STOPPING" | "DEPROVISIONING" => (look.glyphs.busy, Role::Muted),
        _ => (look.glyphs.unknown, Role::Unknown),
    }
}

/// Role of a rollout state.
pub fn rollout(state: &str) -> Role {
    match state {
        "COMPLETED" => Role::Ok,
        "IN_PROGRESS" => Role::Warn,
        "FAILED" => Role::Bad,
        _ => Role::Unknown,
    }
}

/// Family and revision of a task definition ARN: `file-svc:12`.
pub fn revision(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The end of a text that is too long: of a task definition the revision is what one looks for.
pub fn tail<'t>(text: &'t str, columns: usize, look: &Look) -> Cow<'t, str> {
    let text = text::printable(text);
    let surplus = text::width(&text).saturating_sub(columns);
    if surplus == 0 {
        return text;
    }
    let mark = look.glyphs.ellipsis;
    let rest: String = text.chars().skip(surplus + text::width(mark)).collect();
    Cow::Owned(format!("{mark}{rest}"))
}

/// A stretch of time in steps, the shortest in other words than an age.
pub fn moment(length: TimeDelta, shortest: &str) -> String {
    match units::age_step(length).as_str() {
        "now" => shortest.to_owned(),
        step => step.to_owned(),
    }
}

/// `33 %` of a ratio.
pub fn percent(ratio: f64) -> String {
    format!("{:.0} %", ratio * 100.0)
}

/// `1 task`, `2 tasks`.
pub fn plural(n: usize, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

#[cfg(test)]
mod tests {
    use super::super::glyphs::Glyphs;
    use super::super::styles::Styles;
    use super::*;
    use crate::config::theme::Theme;

    #[test]
    fn of_a_long_name_the_end_is_kept() {
        let theme = Theme {
            name: String::new(),
            description: String::new(),
            light: false,
            roles: std::collections::BTreeMap::default(),
        };
        let look = Look { styles: Styles::new(&theme), glyphs: Glyphs::UNICODE };
        assert_eq!(tail("file-svc:12", 11, &look), "file-svc:12");
        assert_eq!(tail("file-service:12", 8, &look), "…vice:12");
    }
}
