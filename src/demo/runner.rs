//! Tasks as processes.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::process::{Process, myself};
use crate::clock::Clock;
use crate::simulated::runner::{Happened, Launch, TaskRunner};
use crate::simulated::{SERVICE_LOG, Simulated};

/// How long ECS waits for a container after SIGTERM.
pub(super) const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// The same in real time, at least, however fast the clock runs.
pub(super) const LEAST: Duration = Duration::from_secs(3);
/// Longest that the end of killed processes is waited for, and between two looks.
const KILLED: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(5);
/// The words before its address in the line with which hakaru says that it serves.
const LISTENS: &str = "listening on http://";
/// What a container gets that is started with a mistake: no address of a database.
const MISTAKE: &str = "mysql//eventlog";
/// Exit code of a container that could not be started, as Docker gives it.
const NOT_STARTED: i32 = 125;

/// What the demo's thread is told to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Start a container.
    Start(Launch),
    /// Ask a task's container to end.
    Stop(String),
    /// End it.
    Kill(String),
    /// Hold the event log for so long.
    Lock(Duration),
    /// Something happened.
    Look,
    /// End everything.
    End,
}

/// The port to the simulated AWS: orders go to the demo's thread, what happened is kept until it is asked for.
#[derive(Debug)]
pub(super) struct Tasks {
    orders: SyncSender<Order>,
    clock: Clock,
    happened: Mutex<Vec<(DateTime<Utc>, Happened)>>,
}

impl Tasks {
    pub(super) fn new(orders: SyncSender<Order>, clock: Clock) -> Self {
        Self { orders, clock, happened: Mutex::default() }
    }

    fn note(&self, happened: Happened) {
        let at = self.clock.now();
        self.happened.lock().unwrap_or_else(PoisonError::into_inner).push((at, happened));
        // With orders waiting, the thread looks anyway.
        let _ = self.orders.try_send(Order::Look);
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::error!("the demo's thread has too many orders, or has ended");
        }
    }
}

impl TaskRunner for Tasks {
    fn start(&self, launch: Launch) {
        let task = launch.task.clone();
        if self.orders.try_send(Order::Start(launch)).is_err() {
            self.note(Happened::Exited { task, code: NOT_STARTED });
        }
    }

    fn stop(&self, task: &str) {
        self.order(Order::Stop(task.to_owned()));
    }

    fn kill(&self, task: &str) {
        self.order(Order::Kill(task.to_owned()));
    }

    fn lock_database(&self, lasts: Duration) {
        self.order(Order::Lock(lasts));
    }

    fn happened(&self) -> Vec<(DateTime<Utc>, Happened)> {
        std::mem::take(&mut *self.happened.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A task's process; when it is killed, if it was asked to end.
struct Running {
    process: Arc<Process>,
    kill_at: Option<Duration>,
}

/// The processes of all tasks. Only the demo's thread has it: they die with the thread that started them.
pub(super) struct Processes {
    home: PathBuf,
    database: String,
    simulated: Arc<Simulated>,
    passed: Box<dyn Fn() -> Duration>,
    running: BTreeMap<String, Running>,
}

impl Processes {
    /// None yet.
    pub(super) fn new(home: &Path, database: &str, simulated: &Arc<Simulated>) -> Self {
        Self {
            home: home.to_owned(),
            database: database.to_owned(),
            simulated: Arc::clone(simulated),
            passed: Box::new(Clock::stopwatch()),
            running: BTreeMap::new(),
        }
    }

    /// Starts the process of a task.
    pub(super) fn start(&mut self, launch: &Launch, tasks: &Arc<Tasks>) {
        // So that who lists processes finds the task that the console shows.
        let shown = format!("miharu-task-{}", launch.task.get(..8).unwrap_or(&launch.task));
        let mut command = myself(&self.home, &shown, &arguments(launch));
        let database = if launch.broken { MISTAKE } else { &self.database };
        command.env("HAKARU_DATASOURCENAME", database);
        let (task, told) = (launch.task.clone(), Arc::clone(tasks));
        let simulated = Arc::clone(&self.simulated);
        // As the awslogs driver names the stream of a container.
        let stream = format!("hakaru/hakaru/{task}");
        let line = move |text: &str| {
            simulated.log(SERVICE_LOG, &stream, told.clock.now(), text);
            if let Some(address) = listens(text) {
                told.note(Happened::Listens { task: task.clone(), address });
            }
        };
        let (task, told) = (launch.task.clone(), Arc::clone(tasks));
        let ended = move |code| told.note(Happened::Exited { task, code });
        match Process::start(command, line, ended) {
            Ok(process) => {
                _ = self.running.insert(launch.task.clone(), Running { process, kill_at: None });
            }
            Err(error) => {
                tracing::error!(%error, "a task's process cannot be started");
                tasks.note(Happened::Exited { task: launch.task.clone(), code: NOT_STARTED });
            }
        }
    }

    /// Asks a task's process to end; after `grace` it is killed.
    pub(super) fn stop(&mut self, task: &str, grace: Duration) {
        let kill_at = (self.passed)() + grace;
        if let Some(running) = self.running.get_mut(task).filter(|r| r.kill_at.is_none()) {
            running.kill_at = Some(kill_at);
            running.process.terminate();
        }
    }

    /// Ends a task's process.
    pub(super) fn kill(&self, task: &str) {
        if let Some(running) = self.running.get(task) {
            running.process.kill();
        }
    }

    /// Forgets those that have ended, and kills those that should have.
    pub(super) fn look(&mut self) {
        let now = (self.passed)();
        self.running.retain(|_, running| !running.process.has_ended());
        for running in self.running.values() {
            if running.kill_at.is_some_and(|at| at <= now) {
                running.process.kill();
            }
        }
    }

    /// Ends all, and waits for that as long as a killed process may need.
    pub(super) fn end(&self) {
        for running in self.running.values() {
            running.process.kill();
        }
        let passed = Clock::stopwatch();
        while passed() < KILLED && self.running.values().any(|running| !running.process.has_ended()) {
            std::thread::sleep(LOOK);
        }
    }
}

fn arguments(launch: &Launch) -> Vec<String> {
    let mut arguments: Vec<String> =
        ["hakaru", "--tied", "--listen", "127.0.0.1:0", "--capacity"].map(str::to_owned).into();
    arguments.push(launch.capacity_per_s.to_string());
    arguments.extend(launch.original.then(|| "--as-the-original".to_owned()));
    arguments
}

fn listens(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(LISTENS)?;
    rest.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_serves_says_where() {
        let line =
            "2026-11-20T14:02:13.250Z INFO  hakaru: listening on http://127.0.0.1:4123, for sqlite:///a";
        assert_eq!(listens(line), Some("127.0.0.1:4123".parse().unwrap()));
        assert_eq!(listens("INFO  hakaru: the database records"), None);
    }
}
