//! A task from PROVISIONING to STOPPED. It reads the published list once, when its containers start, and keeps
//! what it mounted then.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::efs::UNHEALTHY_AFTER;
use super::super::runner::{Container, Happened};
use super::super::seeded::seconds;
use super::super::world::{Event, World};
use crate::domain::ecs::MountsBy;

/// `lastStatus`, in the order of a task's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::simulated) enum Status {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
}

impl Status {
    /// ECS's word.
    pub(in crate::simulated) fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }

    /// Seconds that a task stays in it, at least and at most.
    fn lasts(self) -> Option<(f64, f64)> {
        match self {
            Self::Provisioning => Some((10.0, 18.0)),
            Self::Pending => Some((15.0, 28.0)),
            Self::Activating => Some((5.0, 12.0)),
            Self::Deactivating => Some((2.0, 6.0)),
            Self::Stopping => Some((4.0, 12.0)),
            Self::Deprovisioning => Some((8.0, 16.0)),
            Self::Running | Self::Stopped => None,
        }
    }
}

/// Why a task ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::simulated) struct Stop {
    pub(in crate::simulated) code: &'static str,
    pub(in crate::simulated) reason: String,
    pub(in crate::simulated) exit_code: Option<i32>,
}

/// A task.
#[derive(Debug, Clone)]
pub(in crate::simulated) struct Task {
    pub(in crate::simulated) id: String,
    pub(in crate::simulated) deployment: String,
    pub(in crate::simulated) definition: String,
    pub(in crate::simulated) subnet: String,
    pub(in crate::simulated) zone: String,
    pub(in crate::simulated) address: String,
    pub(in crate::simulated) status: Status,
    pub(in crate::simulated) created_at: DateTime<Utc>,
    pub(in crate::simulated) started_at: Option<DateTime<Utc>>,
    pub(in crate::simulated) stopped_at: Option<DateTime<Utc>>,
    /// Set as soon as the task is to end: `desiredStatus` STOPPED.
    pub(in crate::simulated) stop: Option<Stop>,
    pub(in crate::simulated) healthy: bool,
    /// Mount targets it has mounted.
    pub(in crate::simulated) mounted: Vec<String>,
    /// Version of the published list it mounted by.
    pub(in crate::simulated) list_version: Option<i64>,
    /// What its container is.
    pub(in crate::simulated) container: Container,
    /// When that was started: second of the scenario.
    pub(in crate::simulated) launched_at_s: f64,
    /// Grows with every change of course; an event of an earlier course is void.
    course: u32,
}

impl Task {
    /// Whether it is meant to run.
    pub(in crate::simulated) fn is_wanted(&self) -> bool {
        self.stop.is_none()
    }

    /// Whether it runs and is meant to.
    pub(in crate::simulated) fn is_running(&self) -> bool {
        self.is_wanted() && self.status == Status::Running
    }
}

/// What comes next for a task.
#[derive(Debug, Clone)]
pub(in crate::simulated) enum TaskEvent {
    /// The next status.
    Next { id: String, course: u32 },
    /// Its health checks have failed.
    Unhealthy { id: String },
    /// Something happened to its container.
    Container(Happened),
    /// ECS forgets it.
    Forget { id: String },
}

/// Stopped tasks stay listed this long.
const LISTED_FOR: TimeDelta = TimeDelta::hours(1);

impl World {
    fn task_mut(&mut self, id: &str) -> Option<&mut Task> {
        self.ecs.tasks.iter_mut().find(|t| t.id == id)
    }

    /// Starts a task of a deployment in a subnet; `None` without a free address.
    pub(super) fn start_task(&mut self, deployment: &str, definition: &str, subnet: &str) -> Option<String> {
        let mut rng = self.roll("task");
        let zone = self.network.zone_of(subnet)?.to_owned();
        let address = self.network.take(subnet, &mut rng)?;
        let id = super::ids::hex(&mut rng, 32);
        self.ecs.tasks.push(Task {
            id: id.clone(),
            deployment: deployment.to_owned(),
            definition: definition.to_owned(),
            subnet: subnet.to_owned(),
            zone,
            address,
            status: Status::Provisioning,
            created_at: self.now,
            started_at: None,
            stopped_at: None,
            stop: None,
            healthy: false,
            mounted: Vec::new(),
            list_version: None,
            container: Container::Simulated,
            launched_at_s: 0.0,
            course: 0,
        });
        self.plan_next(&id);
        Some(id)
    }

    /// Plans the end of the present status.
    fn plan_next(&mut self, id: &str) {
        let Some(task) = self.task_mut(id) else { return };
        let next = TaskEvent::Next { id: id.to_owned(), course: task.course };
        if let Some((from, to)) = task.status.lasts() {
            let lasts = seconds(&mut self.roll("task step"), from, to);
            self.schedule(self.now + lasts, Event::Task(next));
        }
    }

    /// A task goes on.
    pub(in crate::simulated) fn step_task(&mut self, event: &TaskEvent) {
        match event {
            TaskEvent::Forget { id } => self.ecs.tasks.retain(|t| t.id != *id),
            TaskEvent::Unhealthy { id } => {
                if let Some(task) = self.task_mut(id).filter(|t| t.is_running()) {
                    task.healthy = false;
                    let reason = "Task failed container health checks".into();
                    self.end_task(
                        id,
                        Stop { code: "ServiceSchedulerInitiated", reason, exit_code: Some(137) },
                    );
                }
            }
            TaskEvent::Container(Happened::Listens { task: id, address }) => {
                if let Some(task) = self.task_mut(id).filter(|t| t.container == Container::Starts) {
                    task.container = Container::Serves(*address);
                }
            }
            TaskEvent::Container(Happened::Exited { task: id, code }) => self.container_ended(id, *code),
            TaskEvent::Next { id, course } => {
                if self.task_mut(id).is_some_and(|t| t.course == *course) {
                    self.next_status(id);
                }
            }
        }
    }

    fn next_status(&mut self, id: &str) {
        let Some(status) = self.task_mut(id).map(|t| t.status) else { return };
        match status {
            Status::Provisioning => self.set_status(id, Status::Pending),
            Status::Pending => match self.mount(id) {
                Ok(()) => {
                    self.set_status(id, Status::Activating);
                    self.launch(id);
                }
                Err(reason) => self.fail_start(id, "TaskFailedToStart", reason, None),
            },
            Status::Activating if self.runner.is_some() => self.come_up_if_it_serves(id),
            Status::Activating => match self.exit_code_of(id) {
                Some(code) => {
                    let reason = "Essential container in task exited".to_owned();
                    self.fail_start(id, "EssentialContainerExited", reason, Some(code));
                }
                None => self.come_up(id),
            },
            Status::Deactivating => {
                self.set_status(id, Status::Stopping);
                self.stop_container(id);
            }
            Status::Stopping if self.has_container(id) => self.look_again_at(id),
            Status::Stopping => self.set_status(id, Status::Deprovisioning),
            Status::Deprovisioning => self.set_status(id, Status::Stopped),
            Status::Running | Status::Stopped => {}
        }
    }

    fn set_status(&mut self, id: &str, status: Status) {
        let now = self.now;
        let Some(task) = self.task_mut(id) else { return };
        task.status = status;
        task.course += 1;
        if status == Status::Stopped {
            task.stopped_at = Some(now);
            let (subnet, address) = (task.subnet.clone(), task.address.clone());
            self.network.release(&subnet, &address);
            self.schedule(now + LISTED_FOR, Event::Task(TaskEvent::Forget { id: id.to_owned() }));
            self.wake_scheduler();
        }
        self.plan_next(id);
    }

    /// Whether a process of it is still there.
    fn has_container(&mut self, id: &str) -> bool {
        let container = self.task_mut(id).map(|t| t.container);
        matches!(container, Some(Container::Starts | Container::Serves(_)))
    }

    fn look_again_at(&mut self, id: &str) {
        if let Some(course) = self.task_mut(id).map(|t| t.course) {
            self.look_again(TaskEvent::Next { id: id.to_owned(), course });
        }
    }

    /// A container that serves makes its task run; one that does not in time fails it. One that has ended has
    /// failed it already.
    fn come_up_if_it_serves(&mut self, id: &str) {
        let Some((container, launched_at_s)) = self.task_mut(id).map(|t| (t.container, t.launched_at_s))
        else {
            return;
        };
        match container {
            Container::Serves(_) => self.come_up(id),
            Container::Starts if self.is_late(launched_at_s) => {
                let reason = "Task failed ELB health checks in its target group".to_owned();
                self.fail_start(id, "ServiceSchedulerInitiated", reason, None);
            }
            _ => self.look_again_at(id),
        }
    }

    /// A container has ended: by itself, which ends its task, or because its task ends.
    fn container_ended(&mut self, id: &str, code: i32) {
        let Some(task) = self.task_mut(id) else { return };
        task.container = Container::Ended;
        if let Some(stop) = &mut task.stop {
            // Whatever ECS would have said: this is the code.
            stop.exit_code = Some(code);
            return;
        }
        let starting = task.status < Status::Running;
        let (word, reason) = ("EssentialContainerExited", "Essential container in task exited".to_owned());
        if starting {
            self.fail_start(id, word, reason, Some(code));
        } else {
            self.end_task(id, Stop { code: word, reason, exit_code: Some(code) });
        }
    }

    pub(in crate::simulated) fn exit_code_of(&self, id: &str) -> Option<i32> {
        let task = self.ecs.tasks.iter().find(|t| t.id == id)?;
        self.ecs.definition(&task.definition)?.exits_with
    }

    /// Mounts as the task definition says. By the list, entries that cannot be mounted are skipped; by volume,
    /// the target of the task's own zone is needed.
    fn mount(&mut self, id: &str) -> Result<(), String> {
        let Some(zone) = self.task_mut(id).map(|t| t.zone.clone()) else { return Ok(()) };
        let (mounted, version) = if self.settings.mounts_by == MountsBy::Volume {
            let target = self.efs.target_in(&zone).map(|t| t.id.clone());
            match target.filter(|t| self.efs.is_available(t)) {
                Some(target) => (vec![target], None),
                None => return Err(self.no_target()),
            }
        } else {
            let published = self.published();
            let version = published.as_ref().map(|(version, _)| *version);
            let entries = published.into_iter().flat_map(|(_, list)| list.mount_targets);
            let ids = entries.map(|e| e.mount_target_id).filter(|id| self.efs.is_available(id));
            (ids.collect(), version)
        };
        if let Some(task) = self.task_mut(id) {
            (task.mounted, task.list_version) = (mounted, version);
        }
        Ok(())
    }

    /// Fargate's words when the name of the file system does not resolve in the task's zone.
    fn no_target(&self) -> String {
        format!(
            "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: stderr: \
             Failed to resolve \"{}.efs.{}.amazonaws.com\" - check that your file system ID is correct, and \
             ensure that the VPC has an EFS mount target for this file system ID. See \
             https://docs.aws.amazon.com/console/efs/mount-dns-name for more detail. Attempting to lookup \
             mount target ip address using botocore. Failed to import necessary dependency botocore, please \
             install botocore first. : unsuccessful EFS utils command execution; code: 1",
            self.efs.file_system_id, self.region
        )
    }

    fn come_up(&mut self, id: &str) {
        let now = self.now;
        self.set_status(id, Status::Running);
        let Some(task) = self.task_mut(id) else { return };
        task.started_at = Some(now);
        task.healthy = true;
        let deployment = task.deployment.clone();
        let lost: Vec<String> =
            task.mounted.clone().into_iter().filter(|target| !self.efs.is_available(target)).collect();
        if let Some(deployment) = self.ecs.deployment_mut(&deployment) {
            deployment.failures_in_a_row = 0;
        }
        if !lost.is_empty() {
            let unhealthy = TaskEvent::Unhealthy { id: id.to_owned() };
            self.schedule(now + UNHEALTHY_AFTER, Event::Task(unhealthy));
        }
        self.wake_scheduler();
    }

    /// The task ends before it ran; its deployment counts it.
    fn fail_start(&mut self, id: &str, code: &'static str, reason: String, exit_code: Option<i32>) {
        let Some(deployment) = self.task_mut(id).map(|t| t.deployment.clone()) else { return };
        self.end_task(id, Stop { code, reason, exit_code });
        self.count_failure(&deployment);
    }

    /// The task is to end, for a reason that is kept; a task that ends already goes on as it does.
    pub(super) fn end_task(&mut self, id: &str, stop: Stop) {
        let Some(task) = self.task_mut(id).filter(|t| t.is_wanted()) else { return };
        task.stop = Some(stop);
        let next = if task.status == Status::Running { Status::Deactivating } else { Status::Deprovisioning };
        self.set_status(id, next);
        if next == Status::Deprovisioning {
            self.stop_container(id);
        }
        self.wake_scheduler();
    }

    /// Containers of running tasks exit by themselves; the longest running first.
    pub(in crate::simulated) fn crash_tasks(&mut self, n: u32, exit_code: i32, reason: &str) {
        let running = self.ecs.tasks.iter().filter(|t| t.is_running()).map(|t| t.id.clone());
        let victims: Vec<String> = running.take(n as usize).collect();
        for id in victims {
            if let Some(runner) = &self.runner {
                runner.kill(&id);
                continue;
            }
            let stop = Stop {
                code: "EssentialContainerExited",
                reason: reason.to_owned(),
                exit_code: Some(exit_code),
            };
            self.end_task(&id, stop);
        }
    }

    /// A mount target goes away: hard mounts of it hang, and health checks notice.
    pub(in crate::simulated) fn mount_lost(&mut self, target: &str) {
        let at = self.now + UNHEALTHY_AFTER;
        let hit: Vec<String> = self
            .ecs
            .tasks
            .iter()
            .filter(|t| t.is_running() && t.mounted.iter().any(|m| m == target))
            .map(|t| t.id.clone())
            .collect();
        for id in hit {
            self.schedule(at, Event::Task(TaskEvent::Unhealthy { id }));
        }
    }
}
