//! The number of files against the threshold, its growth, and where the files lie.

use chrono::TimeDelta;

use crate::config::theme::Role;
use crate::domain::count::{CountSource, Counting, FileCount};
use crate::domain::source::SourceId;
use crate::domain::units;
use crate::ui::canvas::Line;
use crate::ui::chart::{self, Chart};
use crate::ui::findings::{about, minutes_to_threshold};
use crate::ui::layout::PanelId;
use crate::ui::record::Record;
use crate::ui::trend;
use crate::ui::view::View;

use super::{Panel, Room};

/// The panel.
pub struct Files;

impl Panel for Files {
    fn id(&self) -> PanelId {
        "files"
    }
    fn title(&self) -> &'static str {
        "Files"
    }
    fn note<'v>(&self, view: &'v View<'_>) -> Line<'v> {
        view.world.file_count.as_ref().map_or_else(Line::new, |c| Line::new().muted(origin(c)))
    }
    fn sources(&self) -> &'static [SourceId] {
        &[SourceId::FILES]
    }
    fn ready(&self, view: &View<'_>) -> bool {
        view.world.file_count.is_some() || view.world.counting.is_some()
    }
    fn height(&self, view: &View<'_>, width: u16) -> u16 {
        let compact = Room { width: width.into(), height: 0 };
        u16::try_from(self.lines(view, compact).len()).unwrap_or(u16::MAX)
    }
    fn lines<'v>(&self, view: &'v View<'_>, room: Room) -> Vec<Line<'v>> {
        let under_way = view.world.counting.as_ref().map(under_way);
        let Some(count) = &view.world.file_count else { return under_way.into_iter().collect() };
        let mut out = summary(view, room.width, rows(room, count));
        out.extend(under_way);
        let mut line = Line::new().muted("counted ").text(view.ago(count.at));
        if let Some(ms) = count.took_ms {
            let took = i64::try_from(ms).unwrap_or(i64::MAX);
            line = line.muted(", took ").text(units::duration(TimeDelta::milliseconds(took)));
        }
        if let Some(n) = count.calls {
            line = line.muted(", reads ").text(units::thousands(n));
        }
        if let Some(n) = count.directories {
            line = line.muted(", directories ").text(units::thousands(n));
        }
        if let Some(recursive) = count.recursive {
            let words = if recursive { ", with subdirectories" } else { ", without subdirectories" };
            let more = Line::new().muted(words);
            if line.width() + more.width() <= room.width {
                line.spans.extend(more.spans);
            }
        }
        out.push(line);
        if !count.largest.is_empty() {
            out.push(Line::new().muted("largest directories"));
        }
        let name = room.width.saturating_sub(12).min(40);
        for directory in &count.largest {
            out.push(
                Line::new()
                    .number(10, Role::Text, &units::thousands(directory.files), view.look)
                    .text("  ")
                    .quote_cell(name, Role::Text, &directory.path, view.look),
            );
        }
        out
    }
    fn record(&self, view: &View<'_>, _key: &str) -> Option<Record> {
        let count = view.world.file_count.as_ref()?;
        let next = view.source(SourceId::FILES).and_then(|s| s.next_at);
        let mut record = Record::new("File count", count.files.to_string(), count)
            .pair("files", units::thousands(count.files))
            .pair("threshold", units::thousands(view.env.info.file_count_threshold))
            .maybe("directories", count.directories.map(units::thousands))
            .pair("origin", origin(count))
            .pair("counted", view.exact(count.at))
            .maybe("subdirectories", count.recursive.map(|yes| if yes { "yes" } else { "no" }))
            .maybe("growth", view.world.growth_per_min().map(|g| format!("{} files a minute", signed(g))))
            .maybe("took", count.took_ms.map(|ms| format!("{ms} ms")))
            .maybe("cost", count.calls.map(|n| format!("{} directory reads", units::thousands(n))))
            .maybe("next count", next.map(|at| format!("{} UTC", at.format("%H:%M:%S"))));
        if !count.largest.is_empty() {
            record = record.head("largest directories");
        }
        for d in &count.largest {
            record = record.quote(Role::Text, format!("{:>10}  {}", units::thousands(d.files), d.path));
        }
        Some(record)
    }
}

/// Rows of the chart, where the other lines leave room for one.
fn rows(room: Room, count: &FileCount) -> Option<usize> {
    let largest = if count.largest.is_empty() { 0 } else { count.largest.len() + 1 };
    chart::rows(room.height, 2 + largest, 1).into_iter().next().flatten()
}

/// How far the count under way is; the share is of the last count.
fn under_way<'v>(counting: &Counting) -> Line<'v> {
    let mut line = Line::new().muted("counting ").text(units::thousands(counting.counted.files));
    if let Some(share) = counting.share() {
        line = line.text(format!("  {:.0} %", share * 100.0));
    }
    if let Some(left) = counting.left_s() {
        line = line.muted("  ").text(about(left / 60.0)).muted(" left");
    }
    if counting.counted.unread > 0 {
        line.push(Role::Warn, format!("  {} unreadable", units::thousands(counting.counted.unread)));
    }
    line
}

fn origin(count: &FileCount) -> &'static str {
    match count.source {
        CountSource::Path => "counted on the directory",
        CountSource::Cloudwatch => "from the CloudWatch metric FileCount",
        CountSource::Ssm => "from the cache in SSM",
        CountSource::Logs => "from the log of the former function",
    }
}

/// `+1 310`, `-20`, `+0`.
pub fn signed(n: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded and not negative")]
    let digits = units::thousands(n.abs().round() as u64);
    format!("{}{digits}", if n < 0.0 { '-' } else { '+' })
}

/// Count, threshold, growth and forecast, then the trend: two lines, or a chart of `rows` rows.
pub fn summary<'v>(view: &'v View<'_>, width: usize, rows: Option<usize>) -> Vec<Line<'v>> {
    let Some(count) = &view.world.file_count else {
        let (role, text) = view.missing(SourceId::FILES);
        return vec![Line::new().cell(9, Role::Muted, "files", view.look).add(role, text)];
    };
    let mut out = vec![headline(view, count)];
    let threshold = view.env.info.file_count_threshold;
    let every = view.source(SourceId::FILES).map_or(TimeDelta::seconds(60), |s| s.every);
    let slots = trend::count_slots(
        view.world.count_history.iter(),
        every,
        width.saturating_sub(chart::GUTTER).min(120),
    );
    let used =
        u64::try_from(u128::from(count.files) * 100 / u128::from(threshold.max(1))).unwrap_or(u64::MAX);
    let head = Line::new()
        .cell(9, Role::Muted, "", view.look)
        .number(8, Role::Muted, &format!("{} %", units::thousands(used)), view.look)
        .text("   ");
    if let Some(rows) = rows {
        let chart = Chart {
            slots: &slots,
            every,
            // a threshold at the very top would not be seen to be crossed
            top: threshold as f64 * 1.2,
            mark: (threshold as f64, units::thousands(threshold)),
            role: Role::Series1,
        };
        out.extend(chart.lines(Line::new(), rows, view.look));
    } else {
        out.push(head.add(Role::Series1, trend::bars(&slots, trend::Scale::MinMax, &view.look.glyphs)));
    }
    out
}

fn headline<'v>(view: &'v View<'_>, count: &FileCount) -> Line<'v> {
    let look = view.look;
    let threshold = view.env.info.file_count_threshold;
    let over = count.files > threshold;
    let role = if over { Role::Bad } else { Role::Text };
    let mut line = Line::new()
        .cell(9, Role::Muted, "files", look)
        .number(8, role, &units::thousands(count.files), look)
        .muted(" / ")
        .text(units::thousands(threshold));
    if over {
        line.push(Role::Bad, "  OVER");
    }
    if let Some(growth) = view.world.growth_per_min() {
        line.push(Role::Text, format!("  {}/min", signed(growth)));
    }
    if let Some(minutes) = minutes_to_threshold(view) {
        let role = if minutes < 360.0 { Role::Warn } else { Role::Muted };
        line.push(role, format!("  over in {}", about(minutes).trim_start_matches("about ")));
    }
    if let Some(old) = view.point_age(count.at, 0) {
        line.push(Role::Stale, format!("  {old}"));
    }
    line
}
