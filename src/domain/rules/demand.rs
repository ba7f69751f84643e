//! What users ask of the impression service, against what one of its tasks was measured to take.

use super::Input;
use super::look::{Point, evidence};
use crate::domain::burn::Urgency;
use crate::domain::ecs::Service;
use crate::domain::impressions::Kind;
use crate::domain::recommendation::Evidence;
use crate::domain::source::SourceId;

/// Name of the signal.
pub(super) const NAME: &str = "impressions per task";
/// Share of what a task was measured to take that the service is steered to: room for a wave.
const HEADROOM: f64 = 0.8;

/// The signal.
pub(super) enum Demand {
    /// Requests a second and task, and what it is steered to.
    Known(Point, f64),
    /// It is measured here, but not now.
    Missing,
    /// Impressions are not measured, not by these tasks, or no task was seen at its limit: it says nothing of them.
    Elsewhere,
}

/// The signal for `service`. Only where its tasks are the instances that are measured, and only against a limit that
/// was seen: "at least so much" asks for nothing.
pub(super) fn point(input: &Input<'_>, service: &Service) -> Demand {
    let impressions = &input.world.impressions;
    let Some(flow) = impressions.flow.last.as_ref() else { return Demand::Elsewhere };
    let instances = flow.instances.iter().filter(|i| i.kind == Kind::Hakaru && i.error.is_none()).count();
    let Some(capacity) = impressions.flow.capacity.filter(|c| c.limit && c.per_s > 0.0) else {
        return Demand::Elsewhere;
    };
    if input.read_at(SourceId::IMPRESSIONS).is_err() {
        return Demand::Missing;
    }
    if instances != service.running as usize {
        return Demand::Elsewhere;
    }
    let Some(asked) = impressions.asked_per_s(input.now) else { return Demand::Missing };
    let point = Point {
        source: SourceId::IMPRESSIONS,
        name: NAME.into(),
        unit: "Count/Second".into(),
        at: asked.at,
        value: asked.value / f64::from(service.running),
    };
    Demand::Known(point, capacity.per_s * HEADROOM)
}

/// The burn rate, where somebody should look now, and it is of now.
pub(super) fn burning(input: &Input<'_>) -> Option<Evidence> {
    let impressions = &input.world.impressions;
    let (origin, ..) = impressions.series(input.now)?;
    let at = input.read_at(origin.source()).ok()?;
    let rule = impressions.alarm(input.now).filter(|rule| rule.urgency == Urgency::Page)?;
    let rate = impressions.burn(input.now, rule.long)?;
    Some(evidence("error budget burn rate", (rate * 10.0).round() / 10.0, "None", Some(at), origin.source()))
}
