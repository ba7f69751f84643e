//! The live world: what is real in the demo. Only AWS is simulated; a task is a process that serves impressions on
//! loopback with the capacity of a small task, the load is a process that asks it, the event log is a SQLite file,
//! the files are files.
//!
//! ```text
//! simulated AWS ── start, stop ─▶ runner ─▶ hakaru, one process a task ─▶ event log
//!       ▲  └─ routes ─▶ the thread of the demo ─ addresses ─▶ kakeru ─ requests ─▶ hakaru
//!       └── listens, exited, what the balancer saw ──┘
//! ```
//!
//! Everything ends with this process, however it ends: the kernel kills each child when the thread that started it
//! is gone, its standard input ends, and a keeper in a session of its own deletes the directory. The seed fixes
//! the script, not what processes make of it, and the speed of the clock is that of AWS's waits alone.

mod files;
mod load;
mod lock;
mod process;
mod runner;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::bench::workspace::{DEMO, Workspace, name};
use crate::clock::Clock;
use crate::simulated::{Scenario, Simulated};

use files::Files;
use load::Load;
use runner::{Order, Tasks};

/// Orders that may wait; a service of hundreds of tasks has room.
const ORDERS: usize = 4096;
/// Between two looks at the world when nothing happens.
const TICK: Duration = Duration::from_secs(1);
/// How long the end of everything is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// Port of the load's `/metrics`.
const METRICS: u16 = 9091;
/// The event log, in the demo's directory.
const EVENT_LOG: &str = "eventlog.db";

/// What is real in a demo, before it begins and while it runs.
#[derive(Debug)]
pub struct Live {
    parent: PathBuf,
    name: String,
    scenario: Scenario,
    seed: u64,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    orders: SyncSender<Order>,
    ended: Receiver<()>,
}

impl Live {
    /// What is real in a scenario; `None` where its tasks are not processes. Nothing is started and nothing is made
    /// yet. `parent`: where directories for a while are made.
    pub fn of(scenario: &Scenario, seed: u64, parent: PathBuf) -> Option<Self> {
        scenario.world.task_requests_per_s?;
        Some(Self { parent, name: name(DEMO), scenario: scenario.clone(), seed, running: Mutex::default() })
    }

    /// The event log, as a URL.
    pub fn database(&self) -> String {
        format!("sqlite://{}", self.parent.join(&self.name).join(EVENT_LOG).display())
    }

    /// Where the load tells `/metrics`, with what the tasks that it goes to count: an address of this process's own,
    /// which nobody else on this machine takes. `None` where there is no load.
    pub fn metrics(&self) -> Option<SocketAddr> {
        let loaded = self.scenario.requests_per_s().iter().any(|(_, per_s)| *per_s > 0.0);
        let [_, b, c, d] = std::process::id().to_be_bytes();
        loaded.then(|| SocketAddr::from((Ipv4Addr::new(127, 128 | (b & 0x7f), c, d), METRICS)))
    }

    /// The directory with the files; it is there when all of its first ones are.
    pub fn files(&self) -> PathBuf {
        self.parent.join(&self.name).join(files::NAME)
    }

    /// Starts everything, in a thread of its own. `keeper` is the command of the process that deletes the directory;
    /// `ready` is called when the files can be counted.
    pub fn begin(
        &self,
        simulated: &Arc<Simulated>,
        clock: &Clock,
        keeper: Command,
        ready: impl FnOnce() + Send + 'static,
    ) {
        let (orders, taken) = sync_channel(ORDERS);
        let (end, ended) = sync_channel(1);
        let tasks = Arc::new(Tasks::new(orders.clone(), clock.clone()));
        let world = World {
            parent: self.parent.clone(),
            name: self.name.clone(),
            database: self.database(),
            load: self.metrics().map(|metrics| Load::new(&self.scenario, self.seed, metrics)),
            simulated: Arc::clone(simulated),
            tasks: Arc::clone(&tasks),
            clock: clock.clone(),
            directories: self.scenario.world.directories,
        };
        // The children are killed with the thread that started them, so it is one that lasts.
        let thread = std::thread::Builder::new().name("demo".into()).spawn(move || {
            world.run(keeper, ready, &taken);
            // Nobody waits only where the console has gone already.
            let _ = end.send(());
        });
        match thread {
            Ok(_) => {
                *self.lock() = Some(Running { orders, ended });
                // From here on the world tells of a balancer, so it comes before the first question to it.
                simulated.run_tasks(tasks as _);
            }
            Err(error) => {
                tracing::error!(%error, "the demo's processes cannot be started; tasks are simulated");
            }
        }
    }

    /// Ends everything: when this returns, no process is left, or `PATIENCE` has passed and the end of this process
    /// does the rest. The directory goes soon after.
    pub fn end(&self) {
        let running = self.lock().take();
        if let Some(Running { orders, ended }) = running
            && orders.try_send(Order::End).is_ok()
        {
            let _ = ended.recv_timeout(PATIENCE);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the demo's thread works with.
struct World {
    parent: PathBuf,
    name: String,
    database: String,
    load: Option<Load>,
    simulated: Arc<Simulated>,
    tasks: Arc<Tasks>,
    clock: Clock,
    directories: u64,
}

impl World {
    fn run(mut self, keeper: Command, ready: impl FnOnce() + Send + 'static, orders: &Receiver<Order>) {
        let workspace = match Workspace::make(&self.parent, &self.name, keeper) {
            Ok(workspace) => workspace,
            Err(error) => {
                tracing::error!(%error, "the demo has no directory, so no task can be started");
                return;
            }
        };
        let mut processes = runner::Processes::new(workspace.path(), &self.database, &self.simulated);
        let files = Files::begin(workspace.path(), self.directories, &self.simulated, ready);
        loop {
            match orders.recv_timeout(TICK) {
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(Order::Start(launch)) => processes.start(&launch, &self.tasks),
                Ok(Order::Stop(task)) => {
                    processes.stop(&task, self.clock.real(runner::STOP_TIMEOUT).max(runner::LEAST));
                }
                Ok(Order::Kill(task)) => processes.kill(&task),
                Ok(Order::Lock(lasts)) => lock::hold(self.database.clone(), lasts),
                Ok(Order::Look) | Err(RecvTimeoutError::Timeout) => {}
            }
            processes.look();
            let routes = self.simulated.routes();
            if let Some(load) = &mut self.load {
                load.look(workspace.path(), &self.simulated, routes);
            }
        }
        files.end();
        if let Some(load) = &self.load {
            load.end();
        }
        processes.end();
        workspace.leave();
    }
}
