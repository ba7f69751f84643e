//! The service scheduler: keeps the desired number of tasks, rolls deployments out within minimum and maximum
//! healthy percent, and breaks a deployment off when too many tasks fail to start.

use chrono::TimeDelta;
use rand::RngExt;

use super::super::world::World;
use super::task::{Status, Stop};
use super::{Revision, Rollout};

/// What one round decides from.
struct Round {
    primary: String,
    rollout: Rollout,
    revision: Revision,
    desired: usize,
    /// Most tasks that may be wanted at once.
    ceiling: usize,
    /// Fewest tasks that must run while tasks are replaced.
    floor: usize,
    may_start: bool,
}

impl World {
    /// Tasks that must fail before the circuit breaker acts: half the desired ones, 3 to 200.
    fn breaker_threshold(desired: u32) -> u32 {
        desired.div_ceil(2).clamp(3, 200)
    }

    /// A task of a deployment failed to start: the next start waits longer and longer.
    pub(super) fn count_failure(&mut self, deployment: &str) {
        let now = self.now;
        let Some(deployment) = self.ecs.deployment_mut(deployment) else { return };
        deployment.failed += 1;
        deployment.failures_in_a_row += 1;
        let row = deployment.failures_in_a_row;
        deployment.updated_at = now;
        // From the fourth failure in a row: 10 s, 20 s, … up to 15 minutes.
        if let Some(over) = row.checked_sub(4) {
            let wait = TimeDelta::seconds((10_i64 << over.min(7)).min(900));
            deployment.hold_until = now + wait;
        }
        if row == 4 {
            self.note_event(
                "is unable to consistently start tasks successfully. For more information, see the \
                 Troubleshooting section of the Amazon ECS Developer Guide.",
            );
        }
        self.wake_scheduler();
    }

    /// One round of the scheduler.
    pub(in crate::simulated) fn schedule_service(&mut self) {
        if self.ecs.service.as_ref().is_none_or(|s| s.next_round.is_none_or(|at| at > self.now)) {
            return;
        }
        if let Some(service) = &mut self.ecs.service {
            service.next_round = None;
        }
        self.break_circuit();
        let Some(round) = self.round() else { return };
        if round.may_start {
            self.start_missing(&round);
        }
        if round.rollout != Rollout::Failed {
            self.stop_old(&round);
            self.stop_surplus(&round);
        }
        self.finish(&round);
    }

    fn round(&mut self) -> Option<Round> {
        let now = self.now;
        let (minimum, maximum) = (self.settings.minimum_healthy_percent, self.settings.maximum_percent);
        let service = self.ecs.service.as_ref()?;
        let primary = service.deployments.first()?;
        let desired = service.desired;
        let hold_until = primary.hold_until;
        let round = Round {
            primary: primary.id.clone(),
            rollout: primary.rollout,
            revision: primary.revision.clone(),
            desired: desired as usize,
            ceiling: desired as usize * maximum as usize / 100,
            floor: (desired as usize * minimum as usize).div_ceil(100),
            may_start: primary.rollout != Rollout::Failed && hold_until <= now,
        };
        if hold_until > now {
            self.wake_scheduler_at(hold_until);
        }
        Some(round)
    }

    /// The deployment circuit breaker.
    fn break_circuit(&mut self) {
        let now = self.now;
        let (breaker, rollback) = (self.settings.circuit_breaker, self.settings.rollback);
        let Some(service) = &mut self.ecs.service else { return };
        let threshold = Self::breaker_threshold(service.desired);
        let completed = service.completed.clone();
        let Some(primary) = service.deployments.first_mut() else { return };
        if !breaker || primary.rollout != Rollout::InProgress || primary.failed < threshold {
            return;
        }
        primary.rollout = Rollout::Failed;
        primary.reason = "ECS deployment circuit breaker: tasks failed to start.".into();
        primary.updated_at = now;
        let id = primary.id.clone();
        // A rollback that fails is not rolled back again.
        let back = completed.filter(|(_, revision)| rollback && *revision != primary.revision);
        self.note_event(&format!("(deployment {id}) deployment failed: tasks failed to start."));
        if let Some((good, revision)) = back {
            self.note_event(&format!("rolling back to deployment {good}."));
            let why = format!("ECS deployment circuit breaker: rolling back to deploymentId {good}.");
            self.deploy(revision, why);
        }
    }

    fn start_missing(&mut self, round: &Round) {
        let wanted = self.ecs.tasks.iter().filter(|t| t.is_wanted()).count();
        let mine = self.ecs.tasks.iter().filter(|t| t.is_wanted() && t.deployment == round.primary).count();
        let room = round.ceiling.max(1).saturating_sub(wanted);
        let missing = round.desired.saturating_sub(mine).min(room);
        let mut started = Vec::new();
        for _ in 0..missing {
            let Some(subnet) = self.best_subnet(round) else { break };
            let Some(id) = self.start_task(&round.primary, &round.revision.definition, &subnet) else {
                self.note_event(&format!(
                    "was unable to place a task. Reason: there are no free addresses in {subnet}."
                ));
                self.wake_scheduler_at(self.now + TimeDelta::seconds(30));
                break;
            };
            started.push(id);
        }
        if !started.is_empty() {
            self.note_event(&format!("has started {} tasks: {}.", started.len(), listed(&started)));
        }
    }

    /// The subnet with the fewest tasks of the deployment, then of the service; dice decide between equals.
    fn best_subnet(&mut self, round: &Round) -> Option<String> {
        let mut rng = self.roll("placement");
        let tasks = &self.ecs.tasks;
        round
            .revision
            .subnets
            .iter()
            .map(|s| {
                let here = || tasks.iter().filter(|t| t.is_wanted() && t.subnet == *s);
                let mine = here().filter(|t| t.deployment == round.primary).count();
                ((mine, here().count(), rng.random::<u32>()), s)
            })
            .min()
            .map(|(_, s)| s.clone())
    }

    /// Stops tasks of earlier deployments, as far as enough others run.
    fn stop_old(&mut self, round: &Round) {
        let running = self.ecs.tasks.iter().filter(|t| t.is_running()).count();
        let mut spare = running.saturating_sub(round.floor);
        let old = self.ecs.tasks.iter().filter(|t| t.is_wanted() && t.deployment != round.primary);
        // Those that do not run yet cost nothing.
        let (up, coming): (Vec<_>, Vec<_>) =
            old.map(|t| (t.id.clone(), t.is_running())).partition(|(_, running)| *running);
        let mut stopped: Vec<String> = coming.into_iter().map(|(id, _)| id).collect();
        for (id, _) in up {
            if spare == 0 {
                break;
            }
            spare -= 1;
            stopped.push(id);
        }
        self.scale_away(&round.primary, &stopped);
    }

    /// Stops tasks above the desired number, the youngest first.
    fn stop_surplus(&mut self, round: &Round) {
        let mine = self.ecs.tasks.iter().filter(|t| t.is_wanted() && t.deployment == round.primary);
        let mut ids: Vec<_> = mine.map(|t| (t.is_running(), t.created_at, t.id.clone())).collect();
        let surplus = ids.len().saturating_sub(round.desired);
        ids.sort_by(|a, b| (a.0, b.1, &b.2).cmp(&(b.0, a.1, &a.2)));
        let ids: Vec<String> = ids.into_iter().take(surplus).map(|(_, _, id)| id).collect();
        self.scale_away(&round.primary, &ids);
    }

    fn scale_away(&mut self, primary: &str, ids: &[String]) {
        if ids.is_empty() {
            return;
        }
        for id in ids {
            let up = self.ecs.tasks.iter().any(|t| t.id == *id && t.is_running());
            let stop = Stop {
                code: "ServiceSchedulerInitiated",
                reason: format!("Scaling activity initiated by (deployment {primary})"),
                // The container gets SIGTERM, if there is one.
                exit_code: up.then_some(143),
            };
            self.end_task(id, stop);
        }
        self.note_event(&format!("has stopped {} running tasks: {}.", ids.len(), listed(ids)));
    }

    /// Drops deployments whose tasks have all stopped, completes the one that is left, and says when the
    /// service is steady.
    fn finish(&mut self, round: &Round) {
        let now = self.now;
        let tasks = &self.ecs.tasks;
        let up = tasks.iter().filter(|t| t.is_running() && t.deployment == round.primary).count();
        let wanted = tasks.iter().filter(|t| t.is_wanted()).count();
        let Some(service) = &mut self.ecs.service else { return };
        service.deployments.retain(|d| {
            d.id == round.primary || tasks.iter().any(|t| t.deployment == d.id && t.status != Status::Stopped)
        });
        let reached = up == round.desired && wanted == round.desired && service.deployments.len() == 1;
        let was_steady = service.steady;
        let Some(primary) = service.deployments.first_mut() else { return };
        let completes = reached && primary.rollout == Rollout::InProgress;
        if completes {
            primary.rollout = Rollout::Completed;
            primary.reason = format!("ECS deployment {} completed.", primary.id);
            primary.updated_at = now;
            service.completed = Some((primary.id.clone(), primary.revision.clone()));
        }
        service.steady = reached && primary.rollout == Rollout::Completed;
        let becomes_steady = service.steady && !was_steady;
        if completes {
            self.note_event(&format!("(deployment {}) deployment completed.", round.primary));
        }
        if becomes_steady {
            self.note_event("has reached a steady state.");
        }
    }
}

fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}
