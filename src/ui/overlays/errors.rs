//! The failures of this session, the newest first.

use crate::config::theme::Role;
use crate::ui::canvas::Line;
use crate::ui::record::{Fact, lines as fact_lines};
use crate::ui::view::View;

/// The history.
pub fn lines(view: &View<'_>, width: usize) -> Vec<Line<'static>> {
    if view.state.failures.is_empty() {
        return vec![Line::new().add(Role::Ok, "nothing has failed in this session")];
    }
    let several = view.state.environments.len() > 1;
    let mut out = Vec::new();
    for entry in view.state.failures.iter().rev() {
        if !out.is_empty() {
            out.push(Line::new());
        }
        let source = entry.source.map_or_else(|| "miharu".to_owned(), |s| s.0.to_owned());
        let place = if several { format!("{} {source}", entry.environment) } else { source };
        let first = entry.first_at.format("%H:%M:%S");
        let span = if entry.times == 1 {
            format!("{first}")
        } else {
            format!("{first} to {}, {} times", entry.last_at.format("%H:%M:%S"), entry.times)
        };
        let mut head = Line::new()
            .quote(Role::Title, place)
            .add(Role::Bad, format!("  {}", entry.failure.class.word()))
            .muted(format!("  {span}"));
        match entry.recovered_at {
            Some(at) => head.push(Role::Ok, format!("  recovered {}", at.format("%H:%M:%S"))),
            None => head.push(Role::Warn, "  not recovered"),
        }
        out.push(head);
        let mut facts = vec![
            Fact::Text(Role::Text, entry.failure.line()),
            Fact::Text(Role::Muted, entry.failure.remedy()),
        ];
        let code = entry.failure.code.as_ref().filter(|c| !c.is_empty()).map(|c| format!("code {c}"));
        let request = entry.failure.request_id.as_ref().map(|r| format!("request {r}"));
        let ids: Vec<String> = code.into_iter().chain(request).collect();
        if !ids.is_empty() {
            facts.push(Fact::Text(Role::Muted, ids.join(", ")));
        }
        out.extend(fact_lines(&facts, width.saturating_sub(2), view.look).into_iter().map(|l| {
            let mut indented = Line::new().text("  ");
            indented.spans.extend(l.spans);
            indented
        }));
    }
    out
}
