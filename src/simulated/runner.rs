//! The task-runner port: what the containers of tasks really are. Without a runner they are part of the simulation
//! alone. With one, each task that starts is started there, and what the world tells of a task (that it came up,
//! that it ended, with which exit code) is what the runner found.
//!
//! AWS stays simulated: when a task is scheduled, how long it takes to be provisioned, what ECS does when its
//! container exits. The runner only starts, stops and says what happened.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Simulated;
use super::ecs::{Status, TaskEvent};
use super::world::{Event, World};

/// A container that is to start.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    /// Id of the task.
    pub task: String,
    /// Requests a second that the task can serve.
    pub capacity_per_s: f64,
    /// Answers as the original: 200 also for what is not recorded.
    pub original: bool,
    /// A revision with a mistake in it: the container exits by itself.
    pub broken: bool,
}

/// What happened to a container.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// It serves.
    Listens {
        /// Id of the task.
        task: String,
        /// Where.
        address: SocketAddr,
    },
    /// It has ended, or could not be started.
    Exited {
        /// Id of the task.
        task: String,
        /// Exit code; 128 and the signal's number where a signal ended it.
        code: i32,
    },
}

/// Runs containers. No call may wait: the world stands still for it.
pub trait TaskRunner: Debug + Send + Sync {
    /// Starts a container.
    fn start(&self, launch: Launch);
    /// Asks a container to end, and ends it if it has not after the time that ECS gives it.
    fn stop(&self, task: &str);
    /// Ends a container at once.
    fn kill(&self, task: &str);
    /// Nobody can write to the database for so long.
    fn lock_database(&self, lasts: Duration);
    /// What happened since this was last asked, in the order of time.
    fn happened(&self) -> Vec<(DateTime<Utc>, Happened)>;
}

/// A task's container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// Part of the simulation.
    Simulated,
    /// Started; it does not serve yet.
    Starts,
    /// It serves there.
    Serves(SocketAddr),
    /// It has ended.
    Ended,
}

/// A container that does not serve within this real time fails its health checks.
const STARTS_WITHIN_S: f64 = 60.0;
/// Between two looks at a container that has to change first.
const LOOK: TimeDelta = TimeDelta::seconds(1);

/// What a balancer saw in a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Served {
    /// Requests.
    pub requests: f64,
    /// Answered with 2XX by a task.
    pub succeeded: f64,
    /// Answered with 5XX by a task.
    pub target_errors: f64,
    /// Answered with 5XX by the balancer: no task took it, or gave an answer.
    pub balancer_errors: f64,
    /// Answers that have a time.
    pub timed: f64,
    /// Seconds of all of them.
    pub seconds: f64,
    /// Shortest, in seconds.
    pub shortest: f64,
    /// Longest, in seconds.
    pub longest: f64,
}

impl Served {
    pub(super) fn add(&mut self, other: &Self) {
        let first = self.timed <= 0.0;
        self.requests += other.requests;
        self.succeeded += other.succeeded;
        self.target_errors += other.target_errors;
        self.balancer_errors += other.balancer_errors;
        if other.timed > 0.0 {
            self.shortest = if first { other.shortest } else { self.shortest.min(other.shortest) };
            self.longest = self.longest.max(other.longest);
        }
        self.timed += other.timed;
        self.seconds += other.seconds;
    }
}

impl Simulated {
    /// From now on containers are what `runner` runs; those of running tasks are started at once.
    pub fn run_tasks(&self, runner: Arc<dyn TaskRunner>) {
        self.change(|world| world.attach(runner));
    }

    /// Brings the world up to the present; says which tasks a balancer would send requests to, and where they are.
    pub fn routes(&self) -> Vec<SocketAddr> {
        self.world(World::routes)
    }

    /// How many files there should be now.
    pub fn files(&self) -> u64 {
        self.world(|world| world.load.files(world.now))
    }

    /// What the balancer saw since it was last told.
    pub fn served(&self, served: &Served) {
        self.change(|world| world.take_served(served));
    }
}

impl World {
    fn attach(&mut self, runner: Arc<dyn TaskRunner>) {
        // What was until now was simulated.
        self.account();
        self.runner = Some(runner);
        let up = |status| (Status::Activating..=Status::Running).contains(&status);
        let tasks = self.ecs.tasks.iter().filter(|t| t.is_wanted() && up(t.status));
        for id in tasks.map(|t| t.id.clone()).collect::<Vec<_>>() {
            self.launch(&id);
        }
    }

    pub(super) fn routes(&self) -> Vec<SocketAddr> {
        let running = self.ecs.tasks.iter().filter(|t| t.is_running());
        running
            .filter_map(|t| match t.container {
                Container::Serves(address) => Some(address),
                _ => None,
            })
            .collect()
    }

    /// Takes down what happened to containers until `to`.
    pub(super) fn collect(&mut self, to: DateTime<Utc>) {
        let Some(runner) = &self.runner else { return };
        for (at, happened) in runner.happened() {
            self.schedule(at.min(to), Event::Task(TaskEvent::Container(happened)));
        }
    }

    /// Starts a task's container, where there is a runner.
    pub(super) fn launch(&mut self, id: &str) {
        let Some(runner) = self.runner.clone() else { return };
        let second = self.load.second(self.now);
        let broken = self.exit_code_of(id).is_some();
        let capacity_per_s = self.settings.task_requests_per_s.unwrap_or(f64::MAX);
        let original = self.settings.original;
        let Some(task) = self.ecs.tasks.iter_mut().find(|t| t.id == id) else { return };
        task.container = Container::Starts;
        task.launched_at_s = second;
        runner.start(Launch { task: id.to_owned(), capacity_per_s, original, broken });
    }

    /// Asks a task's container to end, if it has one.
    pub(super) fn stop_container(&self, id: &str) {
        if let Some(runner) = &self.runner {
            runner.stop(id);
        }
    }

    /// Whether a container has had more time than it gets to begin to serve.
    pub(super) fn is_late(&self, launched_at_s: f64) -> bool {
        self.load.second(self.now) - launched_at_s > STARTS_WITHIN_S
    }

    /// The task goes on when its container has changed: look again soon.
    pub(super) fn look_again(&mut self, event: TaskEvent) {
        self.schedule(self.now + LOOK, Event::Task(event));
    }
}
