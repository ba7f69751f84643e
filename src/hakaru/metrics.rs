//! What `/metrics` says, in the text format of Prometheus, with the names that are usual there.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Bounds of the histogram of durations, seconds.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// Bounds of the histogram of batches, rows.
const ROWS: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0];

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Relaxed);
    }

    /// How many it is.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A count by size.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64; 12],
    counts: [AtomicU64; 13],
    /// In millionths.
    sum: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [f64; 12]) -> Self {
        Self { bounds, counts: Default::default(), sum: AtomicU64::new(0) }
    }

    /// Counts a duration.
    pub fn time(&self, took: Duration) {
        self.add(took.as_secs_f64(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts a batch.
    pub fn rows(&self, rows: usize) {
        self.add(rows as f64, rows as u64 * 1_000_000);
    }

    fn add(&self, size: f64, millionths: u64) {
        let place = self.bounds.partition_point(|bound| *bound < size);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Relaxed);
        }
        self.sum.fetch_add(millionths, Relaxed);
    }

    fn write(&self, out: &mut String, name: &str, help: &str) {
        head(out, name, "histogram", help);
        let mut total = 0;
        let bounds = self.bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (count, bound) in self.counts.iter().zip(bounds) {
            total += count.load(Relaxed);
            _ = writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {total}");
        }
        let sum = self.sum.load(Relaxed) as f64 / 1e6;
        _ = writeln!(out, "{name}_sum {sum}\n{name}_count {total}");
    }
}

/// Codes that are answered.
pub const CODES: [u16; 6] = [200, 400, 404, 405, 500, 503];

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    /// Answers of `/hakaru` by [`CODES`].
    pub answers: [Counter; 6],
    /// Answers of everything else.
    pub others: [Counter; 6],
    /// From the request's head to its answer.
    pub duration: Histogram,
    /// Rows of a batch.
    pub batch_rows: Histogram,
    /// From the statement to its commit.
    pub batch_duration: Histogram,
    /// Rows committed in the database without the spool.
    pub committed: Counter,
    /// Rows that the database refused.
    pub refused: Counter,
    /// Batches that are not known to be recorded.
    pub failed_batches: Counter,
    /// Rows put into the spool.
    pub spooled: Counter,
    /// Rows replayed from it.
    pub replayed: Counter,
    /// Rows of it that were recorded already.
    pub skipped: Counter,
    /// Rows of it that the database refused.
    pub replay_refused: Counter,
    /// Connections accepted.
    pub accepted: Counter,
    /// Connections closed because they were too slow.
    pub slow: Counter,
    /// Lines of the access log that nobody took in time.
    pub lines_lost: Counter,
}

/// What is measured when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Gauges {
    /// Impressions that wait.
    pub waiting: usize,
    /// Room for them.
    pub room: usize,
    /// Connections that are open.
    pub connections: usize,
    /// Whether `/ok` is ok.
    pub healthy: bool,
    /// Whether the database takes impressions.
    pub database: bool,
    /// Bytes in the spool; `None` without one.
    pub spool: Option<u64>,
    /// Whether a replay is exactly once; `None` without a spool, or before the database was seen.
    pub exactly_once: Option<bool>,
    /// When this process began, seconds since 1970.
    pub started: f64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            answers: Default::default(),
            others: Default::default(),
            duration: Histogram::new(&SECONDS),
            batch_rows: Histogram::new(&ROWS),
            batch_duration: Histogram::new(&SECONDS),
            committed: Counter::default(),
            refused: Counter::default(),
            failed_batches: Counter::default(),
            spooled: Counter::default(),
            replayed: Counter::default(),
            skipped: Counter::default(),
            replay_refused: Counter::default(),
            accepted: Counter::default(),
            slow: Counter::default(),
            lines_lost: Counter::default(),
        }
    }
}

impl Metrics {
    /// Counts an answer.
    pub fn answered(&self, hakaru: bool, code: u16) {
        let counters = if hakaru { &self.answers } else { &self.others };
        if let Some(counter) = CODES.iter().position(|c| *c == code).and_then(|at| counters.get(at)) {
            counter.one();
        }
    }

    /// The page.
    pub fn text(&self, now: &Gauges) -> String {
        let mut out = String::with_capacity(8192);
        head(&mut out, "http_requests_total", "counter", "Answers by handler and status.");
        for (handler, counters) in [("/hakaru", &self.answers), ("other", &self.others)] {
            for (code, counter) in CODES.iter().zip(counters) {
                let count = counter.get();
                _ = writeln!(out, "http_requests_total{{handler=\"{handler}\",code=\"{code}\"}} {count}");
            }
        }
        self.duration.write(
            &mut out,
            "http_request_duration_seconds",
            "From a request's head to its answer, /hakaru only.",
        );
        self.batch_rows.write(&mut out, "hakaru_batch_rows", "Impressions of a batch.");
        self.batch_duration.write(
            &mut out,
            "hakaru_batch_duration_seconds",
            "From a batch's statement to its commit.",
        );
        for (name, help, counter) in [
            ("hakaru_committed_total", "Impressions committed without the spool.", &self.committed),
            ("hakaru_refused_total", "Impressions that the database refused.", &self.refused),
            ("hakaru_failed_batches_total", "Batches not known to be recorded.", &self.failed_batches),
            ("hakaru_spooled_total", "Impressions put into the spool.", &self.spooled),
            ("hakaru_replayed_total", "Impressions replayed from the spool.", &self.replayed),
            ("hakaru_replay_skipped_total", "Impressions of the spool recorded before.", &self.skipped),
            ("hakaru_replay_refused_total", "Impressions of the spool refused.", &self.replay_refused),
            ("hakaru_connections_total", "Connections accepted.", &self.accepted),
            ("hakaru_slow_connections_total", "Connections closed for being slow.", &self.slow),
            ("hakaru_log_lines_lost_total", "Lines of the access log not written.", &self.lines_lost),
        ] {
            head(&mut out, name, "counter", help);
            _ = writeln!(out, "{name} {}", counter.get());
        }
        now.write(&mut out);
        out
    }
}

impl Gauges {
    fn write(&self, out: &mut String) {
        let known = |value: f64| Some(value);
        let flag = |value: bool| f64::from(u8::from(value));
        let process = process().unwrap_or_default();
        for (name, kind, help, value) in [
            ("hakaru_queue_length", "gauge", "Impressions that wait.", known(self.waiting as f64)),
            ("hakaru_queue_limit", "gauge", "Room for them.", known(self.room as f64)),
            ("hakaru_connections", "gauge", "Open connections.", known(self.connections as f64)),
            ("hakaru_healthy", "gauge", "1 while /ok is ok.", known(flag(self.healthy))),
            ("hakaru_database_up", "gauge", "1 while the database records.", known(flag(self.database))),
            ("hakaru_spool_bytes", "gauge", "Bytes in the spool.", self.spool.map(|bytes| bytes as f64)),
            ("hakaru_exactly_once", "gauge", "0 if a replay may double.", self.exactly_once.map(flag)),
            ("process_start_time_seconds", "gauge", "Start since 1970.", known(self.started)),
            ("process_cpu_seconds_total", "counter", "Processor time.", process.cpu),
            ("process_resident_memory_bytes", "gauge", "Resident memory.", process.memory),
            ("process_open_fds", "gauge", "Open files and sockets.", process.files),
        ] {
            let Some(value) = value else { continue };
            head(out, name, kind, help);
            _ = writeln!(out, "{name} {value}");
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// What the kernel says of this process.
#[derive(Debug, Default)]
struct Process {
    cpu: Option<f64>,
    memory: Option<f64>,
    files: Option<f64>,
}

/// From proc(5); `None` where there is none.
fn process() -> Option<Process> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name stands in parentheses and may hold anything; 13 more fields, then user and system time, then the
    // resident pages as the 24th.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let field = |at: usize| fields.get(at - 3).and_then(|f| f.parse::<f64>().ok());
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let page = rustix::param::page_size() as f64;
    let files = std::fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as f64);
    Some(Process { cpu: Some((field(14)? + field(15)?) / ticks), memory: field(24).map(|p| p * page), files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_well_formed() {
        let metrics = Metrics::default();
        metrics.answered(true, 200);
        metrics.answered(true, 503);
        metrics.duration.time(Duration::from_millis(3));
        metrics.duration.time(Duration::from_secs(60));
        metrics.batch_rows.rows(5);
        let gauges = Gauges {
            waiting: 1,
            room: 2,
            connections: 3,
            healthy: true,
            database: false,
            spool: None,
            exactly_once: Some(false),
            started: 1.5,
        };
        let text = metrics.text(&gauges);
        for line in [
            "http_requests_total{handler=\"/hakaru\",code=\"200\"} 1",
            "http_request_duration_seconds_bucket{le=\"0.002\"} 0",
            "http_request_duration_seconds_bucket{le=\"0.005\"} 1",
            "http_request_duration_seconds_bucket{le=\"5\"} 1",
            "http_request_duration_seconds_bucket{le=\"+Inf\"} 2",
            "http_request_duration_seconds_sum 60.003",
            "hakaru_batch_rows_bucket{le=\"5\"} 1",
            "hakaru_exactly_once 0",
            "hakaru_database_up 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(!text.contains("spool_bytes"), "what is not there is not zero");
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = name.split('{').next().unwrap();
            let family =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(text.contains(&format!("# TYPE {family} ")), "{line}");
        }
    }
}
