//! What a test found, as an aligned table.

use std::fmt::Write as _;

use chrono::TimeDelta;

use crate::domain::bench::{DataPhase, FilePhase, FilesReport, Latency, Place, Report, ThroughputReport};
use crate::domain::units;
use crate::ui::text::printable;

use super::kept::Fate;

/// The lines.
pub(super) fn text(report: &Report, kept: &Fate) -> String {
    let mut out = match report {
        Report::Files(report) => of_files(report),
        Report::Throughput(report) => of_throughput(report),
    };
    let _ = write!(out, "{}", printable(&kept.to_string()));
    out
}

fn head(what: &str, place: &Place, method: &str) -> String {
    let head = format!("{what} in {} ({})", place.directory, place.file_system);
    format!("{}\n{method}\n", printable(&head))
}

fn of_files(report: &FilesReport) -> String {
    let what = format!("{} files", units::thousands(report.files));
    let mut out = head(&what, &report.place, &report.method);
    let mut rows = vec![["", "files", "files/s", "p50 ms", "p99 ms", "max ms", "took"].map(String::from)];
    for (name, phase) in [("create", &report.create), ("read", &report.read), ("delete", &report.delete)] {
        rows.push(match phase {
            None => not_reached(name),
            Some(FilePhase { files, took_ms, files_per_s, latency_ms: l }) => [
                name.into(),
                units::thousands(*files),
                number(*files_per_s),
                number(l.p50),
                number(l.p99),
                number(l.max),
                took(*took_ms),
            ],
        });
    }
    aligned(&mut out, &rows);
    ending(&mut out, report.partial, report.stopped_by.as_deref());
    out
}

fn of_throughput(report: &ThroughputReport) -> String {
    let what = format!("{} written and read", units::bytes(report.size_bytes as f64));
    let mut out = head(&what, &report.place, &report.method);
    let titles = ["", "block", "depth", "MB/s", "IOPS", "p50 ms", "p99 ms", "max ms", "took"];
    let mut rows = vec![titles.map(String::from)];
    for (name, phase) in [
        ("sequential write", &report.sequential_write),
        ("sequential read", &report.sequential_read),
        ("random read", &report.random_read),
        ("random write", &report.random_write),
    ] {
        rows.push(match phase {
            None => not_reached(name),
            Some(DataPhase { block_bytes, queue_depth, took_ms, mb_per_s, iops, latency_ms, .. }) => {
                let Latency { p50, p99, max, .. } = latency_ms;
                [
                    name.into(),
                    units::bytes(*block_bytes as f64),
                    queue_depth.to_string(),
                    number(*mb_per_s),
                    number(*iops),
                    number(*p50),
                    number(*p99),
                    number(*max),
                    took(*took_ms),
                ]
            }
        });
    }
    aligned(&mut out, &rows);
    ending(&mut out, report.partial, report.stopped_by.as_deref());
    out
}

fn not_reached<const N: usize>(name: &str) -> [String; N] {
    std::array::from_fn(|column| if column == 0 { name.to_owned() } else { "-".to_owned() })
}

/// Three digits or more.
fn number(value: f64) -> String {
    match value {
        v if v >= 100.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "rounded and positive"
            )]
            let whole = v.round() as u64;
            units::thousands(whole)
        }
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v => format!("{v:.3}"),
    }
}

fn took(ms: f64) -> String {
    if ms < 1000.0 {
        return format!("{} ms", number(ms));
    }
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a test")]
    units::duration(TimeDelta::milliseconds(ms as i64))
}

/// Names to the left, numbers to the right.
fn aligned<const N: usize>(out: &mut String, rows: &[[String; N]]) {
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(String::len).max().unwrap_or(0);
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let _ =
                if column == 0 { write!(line, "  {cell:<width$}") } else { write!(line, "  {cell:>width$}") };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

fn ending(out: &mut String, partial: bool, stopped_by: Option<&str>) {
    if partial {
        let _ = writeln!(out, "partial: {}", stopped_by.unwrap_or("not everything was done"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { directory: "/mnt/efs\u{1b}[31m".into(), file_system: "nfs4".into(), network: true }
    }

    #[test]
    fn files_stand_in_columns_and_what_was_not_reached_is_a_dash() {
        let latency_ms = Latency { p50: 3.25, p90: 4.0, p99: 11.04, p999: 20.0, max: 123.4 };
        let report = FilesReport {
            place: place(),
            files: 10_000,
            method: "as the script does".into(),
            create: Some(FilePhase { files: 10_000, took_ms: 32_500.0, files_per_s: 307.69, latency_ms }),
            read: Some(FilePhase {
                files: 12,
                took_ms: 1.5,
                files_per_s: 8000.0,
                latency_ms: Latency::default(),
            }),
            delete: None,
            partial: true,
            stopped_by: Some("interrupted".into()),
        };
        let text = text(&Report::Files(report), &Fate::not("no environment is configured"));
        assert_eq!(
            text,
            "10 000 files in /mnt/efs (nfs4)\nas the script does\n\
             \x20          files  files/s  p50 ms  p99 ms  max ms     took\n\
             \x20 create  10 000      308    3.25    11.0     123     32 s\n\
             \x20 read        12    8 000   0.000   0.000   0.000  1.50 ms\n\
             \x20 delete       -        -       -       -       -        -\n\
             partial: interrupted\nnot kept in the journal: no environment is configured"
        );
    }

    #[test]
    fn numbers_keep_three_digits() {
        for (value, wanted) in
            [(0.0451, "0.045"), (1.005, "1.00"), (9.876, "9.88"), (45.67, "45.7"), (28_940.4, "28 940")]
        {
            assert_eq!(number(value), wanted);
        }
        assert_eq!((took(950.0), took(4200.0)), ("950 ms".into(), "4.2 s".into()));
    }
}
