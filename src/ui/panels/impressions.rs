//! Overview of the impressions: accepted and recorded, success and budget, loss and lag.

use crate::app::action::Action;
use crate::config::theme::Role;
use crate::domain::impressions::Measure;
use crate::domain::slo::GOAL_PER_S;
use crate::domain::source::SourceId;
use crate::ui::canvas::Line;
use crate::ui::figures;
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::timeline::{self, Axis, Stretch};
use crate::ui::trend::{self, Scale};
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel of the overview.
pub struct ImpressionsBrief;

/// Columns before the bars.
const BEFORE: usize = 20;

impl Panel for ImpressionsBrief {
    fn id(&self) -> PanelId {
        "impressions"
    }
    fn title(&self) -> &'static str {
        "Impressions"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        let impressions = &view.world.impressions;
        let rate = impressions.recorded_per_s().or_else(|| impressions.accepted_per_s(view.now));
        match rate {
            Some(rate) if rate.value >= GOAL_PER_S => Line::new().add(Role::Ok, "30 000/s reached"),
            _ => Line::new(),
        }
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::IMPRESSIONS]
    }
    fn wanted(&self, view: &View<'_>) -> bool {
        view.source(SourceId::IMPRESSIONS).is_some() || view.world.impressions.is_known()
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.impressions.is_known()
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let impressions = &view.world.impressions;
        let axis = Axis::new(view, room.width.saturating_sub(BEFORE).clamp(1, 60));
        vec![
            rate(
                view,
                &axis,
                "recorded",
                Role::Series1,
                impressions.recorded_per_s(),
                &timeline::recorded(view, &axis),
            ),
            rate(
                view,
                &axis,
                "accepted",
                Role::Series2,
                impressions.accepted_per_s(view.now),
                &timeline::accepted(view, &axis),
            ),
            level(view),
            loss(view),
        ]
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        super::rates::record(view)
    }
    fn leads_to(&self) -> Option<Action> {
        Some(Action::Impressions)
    }
}

fn rate<'v>(
    view: &'v View<'_>,
    axis: &Axis,
    label: &'static str,
    role: Role,
    now: Option<Measure>,
    told: &[Stretch],
) -> Line<'v> {
    let head = Line::new().cell(9, Role::Muted, label, view.look);
    let Some(now) = now else {
        let (role, why) = figures::not_there(view, label == "recorded");
        return head.add(role, why);
    };
    let old = figures::told(view, &now).0 == Role::Stale;
    let slots: Vec<Option<f64>> = axis.fill(told).iter().map(|s| s.per_s()).collect();
    let value_role = if old { Role::Stale } else { Role::Text };
    let bars = trend::bars(&slots, Scale::FromZero, &view.look.glyphs);
    head.number(8, value_role, &figures::per_s(now.value), view.look).text("   ").add(role, bars)
}

fn level<'v>(view: &'v View<'_>) -> Line<'v> {
    let (impressions, level) = (&view.world.impressions, &view.derived.level);
    let objective = impressions.terms.objective;
    let mut line = Line::new().cell(9, Role::Muted, "success", view.look);
    line = match impressions.success_ratio(view.now) {
        Some(m) => {
            let role = if m.value < objective.ratio() { Role::Bad } else { Role::Text };
            line.number(8, role, &figures::success(m.value), view.look)
        }
        None => line.number(8, Role::Muted, "no data", view.look),
    };
    line = line.text("   ");
    if let Some(budget) = level.budget {
        let role = if budget.spent >= 1.0 { Role::Bad } else { Role::Text };
        line = line.muted("budget ").add(role, format!("{:.0} %", budget.left() * 100.0));
    }
    let shortest = level.alarm.as_ref().or(level.burning.first());
    if let Some(rate) = shortest.and_then(|b| b.long) {
        let role = if level.alarm.is_some() { Role::Bad } else { Role::Text };
        line = line.muted("  burn ").add(role, figures::burn(rate));
    }
    line
}

fn loss<'v>(view: &'v View<'_>) -> Line<'v> {
    let impressions = &view.world.impressions;
    let mut line = Line::new().cell(9, Role::Muted, "lost", view.look);
    match &view.derived.level.loss {
        Some(loss) => {
            let (role, words) = figures::lost(loss, impressions.terms.objective);
            line.push(role, words);
        }
        None => line.push(Role::Muted, "not known"),
    }
    if let Some(lag) = impressions.lag_s() {
        line = line.muted("  report lag ").text(figures::seconds(lag));
    }
    line
}
