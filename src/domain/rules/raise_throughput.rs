//! `raise-throughput`: the file system's I/O limit, its burst credits or the throughput goal.

use serde_json::json;

use super::look::{Point, blank, evidence};
use super::{Input, Rule};
use crate::domain::efs::FileSystem;
use crate::domain::price::EFS_PROVISIONED_MIBPS_MONTH;
use crate::domain::recommendation::{Change, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;
use crate::domain::units::bytes;

/// The rule.
pub(super) struct RaiseThroughput;

const NAME: &str = "raise-throughput";

/// Percent of the I/O limit above which the guide's alarm rings.
const IO_LIMIT: f64 = 80.0;
/// Credits below which bursting soon ends: a tenth of the 2.1 TiB that a file system starts with (the EFS user
/// guide's figure), half an hour at 100 MiB/s.
const CREDITS: f64 = 0.21 * 1_099_511_627_776.0;
/// The guide's goal: 100 MB/s possible.
const GOAL: f64 = 100e6;
const MIB: f64 = 1_048_576.0;
/// Most MiB/s that can be provisioned without asking AWS for more.
const MOST_MIBPS: f64 = 1024.0;

impl Rule for RaiseThroughput {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        judge(input).unwrap_or_else(Finding::NotEnoughEvidence)
    }
}

fn judge(input: &Input<'_>) -> Result<Finding, String> {
    let at = input.read_at(SourceId::EFS)?;
    let fs = input.world.file_system.as_ref().ok_or("the file system is not known")?;
    input.read_at(SourceId::CLOUDWATCH)?;
    let of = |name, test: &dyn Fn(f64) -> bool| input.agreed("AWS/EFS", name, "Average", test);
    let elastic = fs.throughput_mode == "elastic";
    let mut said: Vec<(Point, String)> = Vec::new();
    if let Some(p) = of("PercentIOLimit", &|v| v > IO_LIMIT) {
        let words = format!("{} is above {IO_LIMIT:.0} %", p.words());
        said.push((p, words));
    }
    if fs.throughput_mode == "bursting"
        && let Some(p) = of("BurstCreditBalance", &|v| v < CREDITS)
    {
        let words = format!("{} is below {}", p.words(), bytes(CREDITS));
        said.push((p, words));
    }
    if !elastic && let Some(p) = of("PermittedThroughput", &|v| v < GOAL) {
        let words = format!("{} is below the goal of 100 MB/s", p.words());
        said.push((p, words));
    }
    if said.is_empty() {
        let known = ["PercentIOLimit", "PermittedThroughput"];
        let known = known.iter().any(|name| input.point("AWS/EFS", name, "Average").is_some());
        return if known {
            Ok(Finding::Fine)
        } else {
            Err("the file system's metrics have no recent data point".into())
        };
    }
    let mut facts: Vec<_> = said.iter().map(|(point, _)| point.evidence()).collect();
    facts.push(evidence("throughput mode", fs.throughput_mode.clone(), "", Some(at), SourceId::EFS));
    let reason = said.into_iter().map(|(_, words)| words).collect::<Vec<_>>().join(", ");
    Ok(Finding::Act(vec![recommend(input, fs, &reason, facts)]))
}

/// The mode and rate that come next; `None` where nothing more can be had.
fn next(fs: &FileSystem) -> Option<(&'static str, Option<f64>)> {
    let goal = (GOAL / MIB).ceil();
    match (fs.throughput_mode.as_str(), fs.performance_mode.as_str()) {
        ("elastic", _) => None,
        // Elastic throughput needs General Purpose; Max I/O cannot be changed.
        (_, "generalPurpose") => Some(("elastic", None)),
        (_, _) => {
            let now = fs.provisioned_mibps.unwrap_or(0.0);
            let more = (now * 1.25).ceil().max(goal).min(MOST_MIBPS);
            (more > now).then_some(("provisioned", Some(more)))
        }
    }
}

fn recommend(
    input: &Input<'_>,
    fs: &FileSystem,
    reason: &str,
    facts: Vec<crate::domain::recommendation::Evidence>,
) -> Recommendation {
    let rec = Recommendation { evidence: facts, ..blank(NAME, Severity::Medium) };
    let Some((mode, mibps)) = next(fs) else {
        return Recommendation {
            severity: Severity::Low,
            title: "no more throughput can be had".into(),
            reason: format!("{reason}; the file system is {} already.", fs.throughput_mode),
            effect: "What helps: fewer and larger requests, fewer files in one directory, a cache, or a second file system.".into(),
            risk: "none: nothing is changed".into(),
            cost_usd_per_month: Some(0.0),
            rollback: "nothing to take back".into(),
            blocked_by: vec![crate::domain::guardrail::name::LIMIT.to_owned()],
            ..rec
        };
    };
    let words =
        |mode: &str, mibps: Option<f64>| mibps.map_or(mode.to_owned(), |m| format!("{mode} {m} MiB/s"));
    let now =
        words(&fs.throughput_mode, fs.provisioned_mibps.filter(|_| fs.throughput_mode == "provisioned"));
    let to = words(mode, mibps);
    let (risk, rollback) = if mibps.is_some() {
        (
            "Cannot be taken back for 24 h: after provisioning or raising, AWS allows neither a decrease nor another mode.",
            "not within 24 h; after that, the mode before".to_owned(),
        )
    } else {
        (
            "Every byte read and written is billed; a busy file system can cost more than before.",
            format!("{now} again"),
        )
    };
    Recommendation {
        title: format!("change the throughput to {to}"),
        reason: format!("{reason}; the mode is {now}."),
        effect: "The file system's own limit rises. One overfull directory and the number of mount targets stay as they are.".into(),
        risk: risk.into(),
        change: Some(Change { from: json!(now), to: json!(to) }),
        // What elastic throughput costs depends on traffic that is yet to come.
        cost_usd_per_month: mibps.and_then(|to| {
            Some((to - fs.provisioned_mibps.unwrap_or(0.0)) * input.policy.prices.unit(EFS_PROVISIONED_MIBPS_MONTH)?)
        }),
        reversible: mibps.is_none(),
        rollback,
        intent: Intent::Throughput { mode: mode.to_owned(), provisioned_mibps: mibps },
        ..rec
    }
}
