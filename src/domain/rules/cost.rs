//! What changes cost a month, from the table of prices; unknown where a price or a number is.

use std::collections::BTreeMap;

use super::Input;
use crate::domain::ecs::Service;
use crate::domain::price::{
    CROSS_AZ_GB, FARGATE_GB_HOUR, FARGATE_SPOT_GB_HOUR, FARGATE_SPOT_VCPU_HOUR, FARGATE_VCPU_HOUR,
    HOURS_A_MONTH, PriceList,
};

/// Minutes of a month.
const MINUTES: f64 = HOURS_A_MONTH * 60.0;

/// vCPUs and GB of a task definition's size (`512` units, `1024` MiB).
pub(crate) fn size(cpu: &str, memory: &str) -> Option<(f64, f64)> {
    let parse = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
    Some((parse(cpu)? / 1024.0, parse(memory)? / 1024.0))
}

fn task(prices: &PriceList, (cpu, gb): (f64, f64), vcpu_hour: &str, gb_hour: &str) -> Option<f64> {
    Some((cpu * prices.unit(vcpu_hour)? + gb * prices.unit(gb_hour)?) * HOURS_A_MONTH)
}

/// A month of one task of a size on Fargate.
pub(crate) fn fargate(prices: &PriceList, size: (f64, f64)) -> Option<f64> {
    task(prices, size, FARGATE_VCPU_HOUR, FARGATE_GB_HOUR)
}

/// A month of one task of a size on Fargate Spot.
pub(super) fn spot(prices: &PriceList, size: (f64, f64)) -> Option<f64> {
    task(prices, size, FARGATE_SPOT_VCPU_HOUR, FARGATE_SPOT_GB_HOUR)
}

/// A month of `tasks` more (or fewer) tasks of the service's size, all on demand.
pub(super) fn tasks(input: &Input<'_>, service: &Service, tasks: i64) -> Option<f64> {
    // Where some tasks run on Spot, which ones come or go is not known.
    if service.capacity_providers.iter().any(|(name, ..)| name != "FARGATE") {
        return None;
    }
    let size = size(service.task_cpu.as_deref()?, service.task_memory.as_deref()?)?;
    Some(fargate(&input.policy.prices, size)? * (tasks as f64))
}

/// A month of the traffic that crosses zones more (or less) when the tasks use the targets of zones `to`
/// instead of those of `from`, spread evenly, at the traffic of the last hour.
pub(super) fn cross_zone(input: &Input<'_>, from: &[&str], to: &[&str]) -> Option<f64> {
    let price = input.policy.prices.unit(CROSS_AZ_GB)?;
    let points = input.points("AWS/EFS", "TotalIOBytes", "Sum", 60);
    if points.is_empty() {
        return None;
    }
    let gb = points.iter().map(|p| p.value).sum::<f64>() / (points.len() as f64) * MINUTES / 1e9;
    let mut tasks: BTreeMap<&str, f64> = BTreeMap::new();
    for task in input.world.live_tasks() {
        *tasks.entry(task.availability_zone.as_deref()?).or_default() += 1.0;
    }
    let all: f64 = tasks.values().sum();
    let crossing = |targets: &[&str]| {
        let local = |zone: &str| targets.iter().filter(|t| **t == zone).count() as f64;
        1.0 - tasks.iter().map(|(zone, n)| n / all * local(zone) / (targets.len() as f64)).sum::<f64>()
    };
    (all > 0.0 && !from.is_empty() && !to.is_empty()).then(|| (crossing(to) - crossing(from)) * gb * price)
}
