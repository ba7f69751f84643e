//! What was going on in each minute: the causes from which every metric follows. Integrals over the load are
//! cut where something changed, never where somebody asked.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Timelike, Utc};

use super::efs::{FILE_BYTES, TargetState};
use super::load::seconds_of;
use super::runner::Served;
use super::scenario;
use super::seeded::fraction;
use super::world::World;

/// `CloudWatch` keeps points of a minute for 15 days.
const MINUTES_KEPT: usize = 15 * 24 * 60;
const MIB: f64 = 1024.0 * 1024.0;
const TIB: f64 = MIB * MIB;
/// Most burst credits of a file system below 1 TiB.
const CREDITS_MAX: f64 = 2.1 * TIB;
/// Share of the operations that read data, and that write it; the rest is metadata.
const READS: f64 = 0.42;
const WRITES: f64 = 0.18;
/// Bytes of an operation on data, and of one on metadata.
const DATA_BYTES: f64 = 4096.0;
const METADATA_BYTES: f64 = 512.0;
/// Metadata operations that the creation of a file takes.
const CREATION_OPS: f64 = 3.0;

/// The load as it happened to be in a minute, around 1: always the same for the same minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wobble {
    pub(super) io: f64,
    pub(super) cpu: f64,
    pub(super) memory: f64,
    pub(super) lambda: f64,
}

impl Wobble {
    const NONE: Self = Self { io: 1.0, cpu: 1.0, memory: 1.0, lambda: 1.0 };

    fn of(seed: u64, share: f64, minute: DateTime<Utc>) -> Self {
        let n = u64::try_from(minute.timestamp() / 60).unwrap_or(0);
        let factor = |what| 1.0 + share * (2.0 * fraction(seed, what, n) - 1.0);
        Self { io: factor("io"), cpu: factor("cpu"), memory: factor("memory"), lambda: factor("lambda") }
    }
}

/// One minute, or the part of it that has passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Minute {
    /// Its beginning.
    pub(super) start: DateTime<Utc>,
    /// Files at its beginning.
    pub(super) files: u64,
    /// Seconds of load: of real time.
    pub(super) seconds: f64,
    /// Files created.
    pub(super) created: f64,
    /// Operations served.
    pub(super) done: f64,
    /// Operations that the running tasks could have served.
    pub(super) capacity: f64,
    /// Running tasks × seconds.
    pub(super) running: f64,
    /// Connections to mount targets × seconds.
    pub(super) connections: f64,
    /// Burst credits at its end, in bytes.
    pub(super) credits: f64,
    /// Metered size at its end.
    pub(super) size_bytes: f64,
    /// How the load wavered.
    pub(super) wobble: Wobble,
    /// What the balancer saw, where tasks are processes.
    pub(super) served: Option<Served>,
    /// Requests that the running tasks could have served while they were processes.
    pub(super) could_serve: f64,
    /// Tasks that the balancer sent requests to, at least; `None` before it was looked.
    pub(super) healthy: Option<f64>,
}

/// Operations and bytes on the file system.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Io {
    pub(super) reads: f64,
    pub(super) read_bytes: f64,
    pub(super) writes: f64,
    pub(super) write_bytes: f64,
    pub(super) metadata: f64,
    pub(super) metadata_bytes: f64,
}

impl Io {
    fn of(done: f64, created: f64) -> Self {
        let created = created.max(0.0);
        let (reads, writes) = (done * READS, done * WRITES);
        let metadata = done - reads - writes + created * CREATION_OPS;
        Self {
            reads,
            read_bytes: reads * DATA_BYTES,
            writes: writes + created,
            write_bytes: writes * DATA_BYTES + created * FILE_BYTES,
            metadata,
            metadata_bytes: metadata * METADATA_BYTES,
        }
    }

    /// All bytes.
    pub(super) fn total_bytes(&self) -> f64 {
        self.read_bytes + self.write_bytes + self.metadata_bytes
    }

    /// Bytes as EFS counts them against the throughput: reads by a third.
    pub(super) fn metered_bytes(&self) -> f64 {
        self.read_bytes / 3.0 + self.write_bytes + self.metadata_bytes
    }
}

impl Minute {
    fn new(start: DateTime<Utc>, files: u64, credits: f64, size_bytes: f64) -> Self {
        Self {
            start,
            files,
            seconds: 0.0,
            created: 0.0,
            done: 0.0,
            capacity: 0.0,
            running: 0.0,
            connections: 0.0,
            credits,
            size_bytes,
            wobble: Wobble::NONE,
            served: None,
            could_serve: 0.0,
            healthy: None,
        }
    }

    /// What the file system had to do, `factor` times.
    pub(super) fn io(&self, factor: f64) -> Io {
        Io::of(self.done * factor, self.created * factor)
    }

    /// The mean of something that was summed up × seconds.
    pub(super) fn mean(&self, sum: f64) -> f64 {
        if self.seconds > 0.0 { sum / self.seconds } else { 0.0 }
    }
}

/// The minutes that have passed and the open one.
#[derive(Debug, Clone)]
pub(super) struct Activity {
    upto: DateTime<Utc>,
    open: Minute,
    minutes: VecDeque<Minute>,
}

impl Activity {
    pub(super) fn new(settings: &scenario::World, born: DateTime<Utc>) -> Self {
        let credits = (settings.burst_credits_gib * 1024.0 * MIB).min(CREDITS_MAX);
        let size = settings.files as f64 * FILE_BYTES;
        Self { upto: born, open: Minute::new(born, settings.files, credits, size), minutes: VecDeque::new() }
    }

    /// Complete minutes that begin in `[from, to)`, oldest first.
    pub(super) fn minutes(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> impl Iterator<Item = &Minute> {
        let first = self.minutes.partition_point(|m| m.start < from);
        self.minutes.range(first..).take_while(move |m| m.start < to)
    }
}

impl World {
    /// The minute that begins now.
    pub(super) fn minute_from_now(&self) -> Minute {
        let start = self.now.with_nanosecond(0).unwrap_or(self.now);
        let wobble = Wobble::of(self.seed, self.settings.wobble, start);
        Minute { start, wobble, ..self.activity.open }
    }

    /// Sums the load up to now, under what has been running since the last change.
    pub(super) fn account(&mut self) {
        let (from, to) = (self.activity.upto, self.now);
        if to <= from {
            return;
        }
        self.activity.upto = to;
        let seconds = self.load.second(to) - self.load.second(from);
        let asked = self.load.asked(from, to);
        let running = self.ecs.tasks.iter().filter(|t| t.is_running()).count() as f64;
        let connections: usize =
            self.ecs.tasks.iter().filter(|t| t.is_running()).map(|t| t.mounted.len()).sum();
        let capacity = running * self.settings.task_ops_per_s;
        let processes = self.runner.as_ref().and(self.settings.task_requests_per_s);
        let healthy = processes.map(|_| self.routes().len() as f64);
        let open = &self.activity.open;
        let most = capacity.min(self.targets_capacity()).min(self.throughput_capacity(open.credits));
        let created = self.load.created(from, to);
        let open = &mut self.activity.open;
        open.seconds += seconds;
        open.created += created;
        open.done += asked.min(most * seconds);
        open.capacity += capacity * seconds;
        open.running += running * seconds;
        open.connections += connections as f64 * seconds;
        open.could_serve += running * processes.unwrap_or(0.0) * seconds;
        open.healthy = healthy.map(|n| open.healthy.map_or(n, |least| least.min(n)));
    }

    /// The balancer tells what it saw.
    pub(super) fn take_served(&mut self, served: &Served) {
        self.account();
        self.activity.open.served.get_or_insert_default().add(served);
    }

    /// Operations a second that the mounted targets can carry together.
    fn targets_capacity(&self) -> f64 {
        let available = self.efs.targets.iter().filter(|t| t.state == TargetState::Available);
        let used = available.filter(|t| self.share_of(&t.id) > 0.0).count();
        used as f64 * self.settings.target_ops_per_s
    }

    /// Operations a second that the permitted throughput allows.
    fn throughput_capacity(&self, credits: f64) -> f64 {
        let bytes_an_op = Io::of(1.0, 0.0).metered_bytes();
        self.permitted_throughput(credits, self.efs.size_bytes) / bytes_an_op
    }

    /// Share of the operations that go through a mount target.
    fn share_of(&self, target: &str) -> f64 {
        let running = || self.ecs.tasks.iter().filter(|t| t.is_running());
        let all = running().count();
        let through: f64 = running()
            .filter(|t| t.mounted.iter().any(|m| m == target))
            .map(|t| 1.0 / t.mounted.len() as f64)
            .sum();
        if all == 0 { 0.0 } else { through / all as f64 }
    }

    /// How busy a mount target is now, 0 to 1.
    pub(super) fn target_utilisation(&self, target: &str) -> f64 {
        let load = self.load.ops_per_s(self.now) * self.share_of(target);
        (load / self.settings.target_ops_per_s).clamp(0.0, 1.0)
    }

    /// Bytes a second that EFS permits: what the mode gives for size and credits.
    pub(super) fn permitted_throughput(&self, credits: f64, size_bytes: f64) -> f64 {
        let size = size_bytes / TIB;
        match self.settings.throughput_mode.as_str() {
            "elastic" => 1024.0 * MIB,
            "provisioned" => self.settings.provisioned_mibps.unwrap_or(1.0) * MIB,
            _ if credits > 0.0 => (size * 100.0).max(100.0) * MIB,
            _ => baseline(size_bytes),
        }
    }

    /// Per cent of the operations that a General Purpose file system allows. Work on a directory grows with
    /// the files in it.
    pub(super) fn percent_io_limit(&self, minute: &Minute) -> f64 {
        const LIMIT: f64 = 35_000.0;
        let a_directory = minute.files as f64 / self.settings.directories as f64;
        let io = minute.io(minute.wobble.io);
        let work = io.metadata * (1.0 + a_directory / 2500.0) + io.reads / 10.0 + io.writes;
        (minute.mean(work) / LIMIT * 100.0).min(100.0)
    }

    /// A minute is over: it becomes history, and EFS settles its credits.
    pub(super) fn close_minute(&mut self) {
        self.meter_size(self.now);
        let (now, size) = (self.now, self.efs.size_bytes);
        let files = self.load.files(now);
        let mut minute = self.activity.open;
        // The world was born within a minute; what CloudWatch has of it counts as the whole.
        minute.start = (now - TimeDelta::minutes(1)).with_nanosecond(0).unwrap_or(minute.start);
        minute.size_bytes = size;
        minute.wobble = Wobble::of(self.seed, self.settings.wobble, minute.start);
        if self.settings.throughput_mode == "bursting" {
            let earned = baseline(size) * seconds_of(TimeDelta::minutes(1));
            let left = minute.credits + earned - minute.io(1.0).metered_bytes();
            minute.credits = left.clamp(0.0, CREDITS_MAX);
        }
        self.activity.open = Minute::new(now, files, minute.credits, size);
        self.activity.minutes.push_back(minute);
        if self.activity.minutes.len() > MINUTES_KEPT {
            self.activity.minutes.pop_front();
        }
    }
}

/// Bytes a second that a bursting file system earns: 50 KiB/s for each GiB, at least 1 MiB/s.
fn baseline(size_bytes: f64) -> f64 {
    (size_bytes / TIB * 50.0).max(1.0) * MIB
}
