//! What happened since it was looked last, and does not last: tasks that stopped, another desired count, mount
//! targets that came or went, another published list, decisions and steps in the journal.

use std::collections::BTreeMap;

use crate::domain::ecs::Task;
use crate::domain::journal::{Entry, EntryKind};
use crate::ui::findings::{Level, stopped_badly};
use crate::ui::history::summary;
use crate::ui::view::View;

use super::{Kind, Seen, Teller};

fn ended<'v>(view: &View<'v>) -> impl Iterator<Item = &'v Task> + use<'v> {
    view.world.tasks.iter().flatten().filter(|t| t.status == "STOPPED")
}

fn targets(view: &View<'_>) -> Option<BTreeMap<String, String>> {
    let list = view.world.mount_targets.as_ref()?;
    Some(list.iter().map(|t| (t.mount_target_id.clone(), t.state.clone())).collect())
}

impl Seen {
    /// Takes what is there for known.
    pub(super) fn look(&mut self, view: &View<'_>) {
        self.stopped = ended(view).map(|t| t.id.clone()).collect();
        self.desired = view.world.service.as_ref().map(|s| s.desired);
        self.targets = targets(view);
        self.list = view.world.published().map(|p| p.current.version);
        self.entry = view.env.changes.journal.back().map_or(self.entry, |e| e.seq);
    }

    /// Tells what is there and was not.
    pub(super) fn changes(&mut self, teller: &mut Teller<'_, '_>) {
        let view = teller.view;
        // What is read for the first time is no change.
        let before = std::mem::take(self);
        self.entry = before.entry;
        self.look(view);
        for task in ended(view).filter(|t| !before.stopped.contains(&t.id)) {
            let bad = stopped_badly(task) || task.exit_code.is_some_and(|c| c != 0);
            let level = if bad { Level::Medium } else { Level::Low };
            teller.tell(Kind::Happened, Some(level), &format!("task/{}", task.id), stopped(task));
        }
        if view.world.tasks.is_none() {
            self.stopped = before.stopped;
        }
        if let (Some(was), Some(is)) = (before.desired, self.desired)
            && was != is
        {
            let text = format!("Desired count is now {is}, it was {was}.");
            teller.tell(Kind::Happened, Some(Level::Low), "desired", text);
        }
        if let (Some(was), Some(is)) = (&before.targets, &self.targets) {
            mount_targets(was, is, teller);
        }
        if let (Some(was), Some(is)) = (before.list, self.list)
            && was != is
        {
            let text = format!("The published list is now version {is}, it was {was}.");
            teller.tell(Kind::Happened, Some(Level::Low), "list", text);
        }
        for entry in view.env.changes.journal.iter().filter(|e| e.seq > before.entry) {
            // Entries of before the start come late where the journal opens late.
            if entry.at >= teller.began
                && let Some((level, text)) = journaled(entry)
            {
                let key = entry
                    .change
                    .as_deref()
                    .map_or_else(|| "changes/auto".to_owned(), |c| format!("change/{c}"));
                teller.tell(Kind::Happened, Some(level), &key, text);
            }
        }
    }
}

/// A task that has stopped.
fn stopped(task: &Task) -> String {
    let why = task.stopped_reason.as_deref().or(task.stop_code.as_deref()).unwrap_or("no reason given");
    let (id, why) = (&task.id, why.trim_end_matches('.'));
    match (task.exit_code, &task.availability_zone) {
        (Some(code), Some(zone)) => {
            format!("Task stopped with exit code {code}: {why}. Task {id} in {zone}.")
        }
        (Some(code), None) => format!("Task stopped with exit code {code}: {why}. Task {id}."),
        (None, Some(zone)) => format!("Task stopped: {why}. Task {id} in {zone}."),
        (None, None) => format!("Task stopped: {why}. Task {id}."),
    }
}

fn mount_targets(was: &BTreeMap<String, String>, is: &BTreeMap<String, String>, teller: &mut Teller<'_, '_>) {
    let all = || teller.view.world.mount_targets.iter().flatten();
    let mut lines = Vec::new();
    for (id, state) in is.iter().filter(|(id, state)| was.get(*id) != Some(state)) {
        let zone = all().find(|t| t.mount_target_id == *id).and_then(|t| t.availability_zone.as_deref());
        let level = if state == "error" { Level::High } else { Level::Low };
        let text = match zone {
            Some(zone) => format!("Mount target in {zone} is {state}: {id}."),
            None => format!("Mount target is {state}: {id}."),
        };
        lines.push((level, id.clone(), text));
    }
    for id in was.keys().filter(|id| !is.contains_key(*id)) {
        lines.push((Level::Low, id.clone(), format!("Mount target is gone: {id}.")));
    }
    for (level, id, text) in lines {
        teller.tell(Kind::Happened, Some(level), &format!("target/{id}"), text);
    }
}

/// An entry of the journal; `None`: the change in flight or the recommendation tells it already.
fn journaled(entry: &Entry) -> Option<(Level, String)> {
    let by = &entry.by;
    let name = entry.rule.as_deref().or(entry.change.as_deref()).unwrap_or("a change");
    let said = summary(entry);
    let why = match said.trim_end_matches('.') {
        "" => "no reason given",
        why => why,
    };
    let step = entry.step.unwrap_or(1);
    Some(match entry.event {
        EntryKind::Proposed | EntryKind::Started | EntryKind::Succeeded | EntryKind::Note => return None,
        EntryKind::Approved => (Level::Medium, format!("Approved by {by}: {name}.")),
        EntryKind::Rejected => (Level::Low, format!("Rejected by {by}: {name}. {why}.")),
        EntryKind::Snoozed => (Level::Low, format!("Put off by {by}: {name}, {why}.")),
        EntryKind::Expired => (Level::Low, format!("Expired: {name}. {why}.")),
        EntryKind::Refused => (Level::Medium, format!("Refused: {name}. {why}.")),
        EntryKind::Armed => (Level::Medium, format!("Auto mode ARMED by {by}.")),
        EntryKind::Disarmed => (Level::Low, format!("Auto mode disarmed by {by}: {why}.")),
        EntryKind::Vetoed => (Level::Medium, format!("Vetoed by {by}: {name}.")),
        EntryKind::Cancelled => (Level::Medium, format!("Cancelled by {by}: {name}. {why}.")),
        EntryKind::Failed => (Level::High, format!("HIGH: step {step} FAILED: {name}. {why}.")),
        EntryKind::Unknown => (Level::High, format!("HIGH: outcome of step {step} UNKNOWN: {name}. {why}.")),
        EntryKind::Converged => (Level::Low, format!("Change converged: {name}, {why}.")),
        EntryKind::Verified => (Level::Low, format!("Change verified: {name}, {why}.")),
        EntryKind::RolledBack => (Level::High, format!("HIGH: change rolled back: {name}. {why}.")),
        EntryKind::NeedsHuman => (Level::High, format!("HIGH: change NEEDS A HUMAN: {name}. {why}.")),
    })
}
