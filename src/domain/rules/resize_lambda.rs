//! `resize-lambda`: the former Lambda function takes longer than its goal. Advice only.

use super::add_mount_target::fresh_count;
use super::look::{blank, evidence};
use super::{Input, Rule};
use crate::domain::metric::MetricSeries;
use crate::domain::recommendation::{Finding, Recommendation, Severity};
use crate::domain::source::SourceId;
use crate::domain::units::thousands;

/// The rule.
pub(super) struct ResizeLambda;

const NAME: &str = "resize-lambda";
/// The goal, milliseconds.
const GOAL_MS: f64 = 30_000.0;

/// The guide's memory in MB for a number of files.
fn memory(files: u64) -> u32 {
    match files {
        0..100_000 => 512,
        100_000..500_000 => 1024,
        _ => 2048,
    }
}

impl Rule for ResizeLambda {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        if let Err(why) = input.read_at(SourceId::CLOUDWATCH) {
            return Finding::NotEnoughEvidence(why);
        }
        // It runs every five minutes, so its last point may be that old and more; without one it does not run.
        let series = input.series("AWS/Lambda", "Duration", "Maximum").next();
        let recent = chrono::TimeDelta::minutes(15);
        let last = series.and_then(MetricSeries::last).filter(|(at, _)| input.now - *at <= recent);
        let Some((at, took)) = last.filter(|(_, took)| *took > GOAL_MS) else { return Finding::Fine };
        let count = match fresh_count(input) {
            Ok(count) => count,
            Err(why) => return Finding::NotEnoughEvidence(why),
        };
        let mb = memory(count.files);
        let seconds = took / 1000.0;
        Finding::Act(vec![Recommendation {
            title: format!("give the former Lambda function {mb} MB"),
            reason: format!(
                "Its last run took {seconds:.1} s, the goal is 30 s; for {} files the guide has {mb} MB.",
                thousands(count.files)
            ),
            evidence: vec![
                evidence("Duration", took, "Milliseconds", Some(at), SourceId::CLOUDWATCH),
                evidence("files", count.files, "Count", Some(count.at), SourceId::FILES),
            ],
            effect:
                "More memory gives a Lambda function more CPU. miharu does not change it; better still is to \
                     disable its rule, because miharu counts by itself."
                    .into(),
            risk: "none: nothing is changed".into(),
            rollback: "nothing to take back".into(),
            ..blank(NAME, Severity::Low)
        }])
    }
}
