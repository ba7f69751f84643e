//! How things stand, in a few sentences.

use chrono::TimeDelta;

use crate::domain::units;
use crate::ui::chrome::freshness;
use crate::ui::figures::{per_s, success};
use crate::ui::view::{View, plural};

/// Whether every source was asked, and the rules.
pub(super) fn complete(view: &View<'_>) -> bool {
    let sources = &view.world.sources;
    let asked = !sources.is_empty() && sources.values().all(|s| s.at.is_some() || s.error.is_some());
    asked && view.env.changes.evaluated_at.is_some()
}

/// Where this is, storage, service, impressions, data.
pub(super) fn sentences(view: &View<'_>) -> Vec<String> {
    let mut out = vec![place(view), storage(view), service(view)];
    out.extend(impressions(view));
    out.push(data(view));
    out
}

fn place(view: &View<'_>) -> String {
    let name = &view.env.info.name;
    let Some(identity) = &view.world.identity else {
        return format!("Environment {name}, whose account is not known yet.");
    };
    let (account, region, who) = (&identity.account, &identity.region, identity.principal());
    format!("Environment {name}, account {account}, region {region}, as {who}.")
}

fn storage(view: &View<'_>) -> String {
    let Some(fs) = &view.world.file_system else { return "File system not read.".to_owned() };
    let targets = view.world.mount_targets.iter().flatten();
    let available = plural(targets.filter(|t| t.is_available()).count(), "mount target", "mount targets");
    let (id, state) = (&fs.id, &fs.lifecycle_state);
    let Some(count) = &view.world.file_count else {
        return format!("File system {id} {state}, {available} available, files not counted.");
    };
    let (files, most) = (units::thousands(count.files), units::thousands(view.env.info.file_count_threshold));
    format!("File system {id} {state}, {available} available, {files} files of {most}.")
}

fn service(view: &View<'_>) -> String {
    let Some(service) = &view.world.service else { return "Service not read.".to_owned() };
    let (name, running, desired) = (&service.name, service.running, service.desired);
    if service.steady() {
        return format!("Service {name} steady, {running} of {desired} tasks running.");
    }
    let rollout = service.rollout_state().unwrap_or("unknown");
    format!("Service {name} NOT steady, {running} of {desired} tasks running, rollout {rollout}.")
}

fn impressions(view: &View<'_>) -> Option<String> {
    let known = &view.world.impressions;
    let recorded = known.is_known().then(|| known.recorded_per_s()).flatten()?;
    let recorded = per_s(recorded.value);
    let ratio = known.success_ratio(view.now).map(|m| success(m.value));
    let budget = view.derived.level.budget.map(|b| format!("{:.0} %", b.left() * 100.0));
    Some(match (ratio, budget) {
        (Some(ratio), Some(left)) => {
            format!("Impressions recorded {recorded}, success {ratio}, {left} of the error budget left.")
        }
        (Some(ratio), None) => format!("Impressions recorded {recorded}, success {ratio}."),
        (None, Some(left)) => format!("Impressions recorded {recorded}, {left} of the error budget left."),
        (None, None) => format!("Impressions recorded {recorded}."),
    })
}

fn data(view: &View<'_>) -> String {
    let (sources, words) = (view.world.sources.len(), freshness(view.world, view.now).1);
    format!("Data of {sources} sources: {words}.")
}

/// How many things matter.
pub(super) fn matter(number: usize) -> String {
    match number {
        0 => "Nothing needs attention.".to_owned(),
        1 => "1 thing needs attention.".to_owned(),
        n => format!("{n} things need attention."),
    }
}

/// That nothing was new for a while, and what it is like.
pub(super) fn alive(view: &View<'_>, quiet: TimeDelta) -> String {
    let quiet = units::duration(TimeDelta::seconds(quiet.num_seconds()));
    let words = freshness(view.world, view.now).1;
    let Some(service) = &view.world.service else { return format!("Nothing new for {quiet}, data {words}.") };
    let (running, desired) = (service.running, service.desired);
    format!("Nothing new for {quiet}, data {words}, {running} of {desired} tasks running.")
}
