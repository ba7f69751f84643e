//! `resize-task`: one notch of the tuning guide's table of task sizes. Off with `scale_out_only`, the workshop's
//! rule.

use serde_json::json;

use super::look::{Point, blank, evidence};
use super::{Input, Rule, cost};
use crate::domain::recommendation::{Change, Finding, Intent, Recommendation, Severity};
use crate::domain::source::SourceId;

/// The rule.
pub(super) struct ResizeTask;

const NAME: &str = "resize-task";

/// CPU units, MiB and name of the guide's sizes; each is a valid Fargate size.
const SIZES: &[(u32, u32, &str)] = &[(512, 1024, "light"), (2048, 4096, "standard"), (4096, 8192, "heavy")];

/// Percent above which the guide's alarms ring.
const BUSY: f64 = 80.0;
/// Percent below which a task a quarter of the size would still be idle enough: far from [`BUSY`] on its other
/// side, so that a notch down never asks for a notch up.
const IDLE: f64 = 15.0;

impl Rule for ResizeTask {
    fn name(&self) -> &'static str {
        NAME
    }

    fn evaluate(&self, input: &Input<'_>) -> Finding {
        if input.policy.scale_out_only {
            return Finding::Fine;
        }
        judge(input).unwrap_or_else(Finding::NotEnoughEvidence)
    }
}

fn judge(input: &Input<'_>) -> Result<Finding, String> {
    let (at, service) = input.service()?;
    let parse = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<u32>().ok());
    let (Some(cpu), Some(memory)) = (parse(&service.task_cpu), parse(&service.task_memory)) else {
        return Err("the size of the task definition is not known".into());
    };
    input.read_at(SourceId::CLOUDWATCH)?;
    let newest = |name| input.point("AWS/ECS", name, "Average");
    let (Some(_), Some(_)) = (newest("CPUUtilization"), newest("MemoryUtilization")) else {
        return Err("CPUUtilization and MemoryUtilization have no recent data point".into());
    };
    let agreed = |name, test: &dyn Fn(f64) -> bool| input.agreed("AWS/ECS", name, "Average", test);
    let busy = |name| agreed(name, &|v| v > BUSY);
    let idle = |name| agreed(name, &|v| v < IDLE);
    // More tasks relieve the CPU first; memory that each task needs for itself they do not.
    let full = service.desired >= input.policy.max_tasks;
    let up = busy("MemoryUtilization").or_else(|| busy("CPUUtilization").filter(|_| full));
    let (points, to): (Vec<Point>, _) = if let Some(point) = up {
        let bigger = SIZES.iter().find(|(c, m, _)| (*c > cpu || *m > memory) && *c >= cpu && *m >= memory);
        (vec![point], bigger)
    } else if service.desired <= input.policy.min_tasks.max(1) {
        let smaller =
            SIZES.iter().rev().find(|(c, m, _)| (*c < cpu || *m < memory) && *c <= cpu && *m <= memory);
        match (idle("CPUUtilization"), idle("MemoryUtilization")) {
            (Some(a), Some(b)) => (vec![a, b], smaller),
            _ => return Ok(Finding::Fine),
        }
    } else {
        return Ok(Finding::Fine);
    };
    let Some((to_cpu, to_memory, word)) = to else { return Ok(Finding::Fine) };
    let bigger = *to_cpu > cpu || *to_memory > memory;
    let price = |cpu: u32, memory: u32| {
        cost::fargate(&input.policy.prices, cost::size(&cpu.to_string(), &memory.to_string())?)
    };
    let each = price(*to_cpu, *to_memory).zip(price(cpu, memory)).map(|(to, from)| to - from);
    let measured = points.iter().map(Point::words).collect::<Vec<_>>().join(" and ");
    let mut facts: Vec<_> = points.iter().map(Point::evidence).collect();
    facts.push(evidence("task size", format!("{cpu} / {memory}"), "", Some(at), SourceId::ECS));
    Ok(Finding::Act(vec![Recommendation {
        title: format!("resize the task to {word} ({to_cpu} / {to_memory})"),
        reason: if bigger {
            format!(
                "{measured} in most of the last minutes, above {BUSY:.0} %, with tasks of {cpu} CPU units and {memory} MiB."
            )
        } else {
            format!(
                "{measured} in most of the last minutes, below {IDLE:.0} %, with tasks of {cpu} CPU units and {memory} MiB and no task to spare."
            )
        },
        evidence: facts,
        change: Some(Change {
            from: json!({ "cpu": cpu.to_string(), "memory": memory.to_string() }),
            to: json!({ "cpu": to_cpu.to_string(), "memory": to_memory.to_string() }),
        }),
        effect: "A new task-definition revision; every task is replaced by one of the new size.".into(),
        risk: "All tasks restart. A size that is too small ends tasks for lack of memory.".into(),
        cost_usd_per_month: each.map(|each| each * f64::from(service.desired)),
        rollback: format!("the revision before ({})", service.task_definition),
        intent: Intent::ResizeTask { cpu: to_cpu.to_string(), memory: to_memory.to_string() },
        ..blank(NAME, Severity::Low)
    }]))
}
