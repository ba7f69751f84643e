//! The simulated AWS as what changes something, and what a test can do to it from outside.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;

use super::Simulated;
use super::ledger::{Taken, Truth};
use super::mishap::{Mishap, Shares};
use super::ports::call;
use super::scenario::{Deed, FaultKind};
use super::seeded::fraction;
use super::world::{Event, Refusal, World};
use super::writes::call_of;
use crate::actuators::{Actuator, Outputs, Sent, unfilled};
use crate::aws::meter;
use crate::domain::request::Operation;
use crate::domain::source::{Failure, FailureClass};

/// As long as the real actuator waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The failure that AWS's refusal is.
fn refused(call: call::Operation, refusal: &Refusal) -> Failure {
    match refusal.code {
        code if code.contains("NotFound") => call.not_found(code, &refusal.text),
        code @ "TooManyRequests" => {
            call.failure(FailureClass::Throttled, Some(code), format!("rate exceeded ({code})"))
        }
        code => call.invalid(code, &refusal.text),
    }
}

impl Simulated {
    /// Somebody else changes something: a second operator, a script, the console.
    ///
    /// # Errors
    /// The words with which AWS refuses it.
    pub fn outside_change(&self, deed: Deed) -> Result<(), String> {
        self.change(|world| world.perform(deed))
            .map_err(|refusal| format!("{}: {}", refusal.code, refusal.text))
    }

    /// The next call of an operation (the API's name; `None`: of any) goes wrong. What is told first comes first.
    pub fn goes_wrong(&self, operation: Option<&str>, mishap: Mishap) {
        self.change(|world| world.mishaps.tell(operation, mishap));
    }

    /// From now on calls that change something go wrong by chance, always the same for the same seed.
    pub fn go_wrong_by_chance(&self, shares: Shares) {
        self.change(|world| world.mishaps.chance(shares));
    }

    /// Mount targets take at least and at most so many seconds from now on.
    pub fn creations_take(&self, from_s: f64, to_s: f64) {
        self.change(|world| world.efs.creation_s = (from_s, to_s));
    }

    /// The next `n` mount targets go from `creating` to `error`.
    pub fn creations_fail(&self, n: u32) {
        self.change(|world| world.efs.bad_creations = n);
    }

    /// The world as it really is, with everything that was done to it. Costs no call and no time.
    pub fn truth(&self) -> Truth {
        self.world(World::truth)
    }

    /// How the next call goes: a fault of the scenario comes before a mishap.
    fn fate(&self, call: call::Operation, strike: Option<FaultKind>) -> Option<Mishap> {
        match strike {
            None => self.change(|world| world.mishaps.next(self.seed, call.name)),
            Some(FaultKind::Throttled) => Some(Mishap::Throttle),
            Some(FaultKind::Hang { answer_after }) => Some(Mishap::Delay(super::seeded::millis(
                answer_after.num_milliseconds() as f64 * self.clock.speed(),
            ))),
            Some(FaultKind::ServerError | FaultKind::Garbage) => Some(Mishap::ServerError),
            // Which of the two refusals it is, the failure says.
            Some(FaultKind::Denied | FaultKind::ExpiredCredentials | FaultKind::Unreachable) => {
                Some(Mishap::Deny)
            }
        }
    }

    /// A call without an effect.
    fn nothing(&self, operation: &Operation) {
        self.change(|world| world.note_received(operation, Taken::Lost));
    }

    /// A call whose answer is lost.
    fn unanswered(&self, operation: &Operation) {
        self.change(|world| {
            world.take_effect(operation).ok();
            world.note_unanswered();
        });
    }

    async fn passes(&self, time: TimeDelta) {
        self.clock.sleep(time.to_std().unwrap_or_default()).await;
    }
}

fn answered(call: call::Operation, result: Result<Outputs, Refusal>) -> Sent {
    match result {
        Ok(outputs) => Sent::Done(outputs),
        Err(refusal) => Sent::Refused(refused(call, &refusal)),
    }
}

#[async_trait]
impl Actuator for Simulated {
    async fn send(&self, operation: &Operation) -> Sent {
        let call = call_of(operation);
        if let Some(failure) = unfilled(operation) {
            return Sent::Refused(failure);
        }
        meter::count_call();
        let instant = u64::try_from(self.clock.now().timestamp_millis()).unwrap_or(0);
        let share = fraction(self.seed, call.name, instant);
        tokio::time::sleep(Duration::from_secs_f64(0.020 + 0.060 * share)).await;
        let strike = self.world(|world| world.faults.strike(self.seed, call, world.now));
        let region = self.world(|world| world.region.clone());
        let dropped = || {
            let host = call.host_in(&region);
            let text = format!("{host} dropped the connection before it answered");
            Sent::Unknown(call.failure(FailureClass::Unreachable, None, text))
        };
        let told = |kind: FaultKind| call.struck(strike.unwrap_or(kind), &region);
        match self.fate(call, strike) {
            None => answered(call, self.change(|world| world.take_effect(operation))),
            Some(Mishap::Throttle) => {
                self.nothing(operation);
                Sent::Refused(told(FaultKind::Throttled))
            }
            Some(Mishap::Deny) => {
                self.nothing(operation);
                Sent::Refused(told(FaultKind::Denied))
            }
            Some(Mishap::ServerError) => {
                self.change(|world| {
                    world.note_received(operation, Taken::Lost);
                    world.note_unanswered();
                });
                Sent::Unknown(told(FaultKind::ServerError))
            }
            Some(Mishap::ServerErrorAfterEffect) => {
                self.unanswered(operation);
                Sent::Unknown(told(FaultKind::ServerError))
            }
            Some(Mishap::LoseAnswer) => {
                self.unanswered(operation);
                dropped()
            }
            Some(Mishap::Delay(wait)) => {
                let real = self.clock.real(wait.to_std().unwrap_or_default());
                if real >= PATIENCE {
                    self.unanswered(operation);
                    tokio::time::sleep(PATIENCE).await;
                    let text = format!("no answer within {} s", PATIENCE.as_secs());
                    return Sent::Unknown(call.failure(FailureClass::Timeout, None, text));
                }
                let result = self.change(|world| world.take_effect(operation));
                self.passes(wait).await;
                answered(call, result)
            }
            Some(Mishap::EffectLater(wait)) => {
                self.change(|world| {
                    world.note_received(operation, Taken::Later);
                    world.note_unanswered();
                    let at = world.now + wait;
                    world.schedule(at, Event::Late(Box::new(operation.clone())));
                });
                dropped()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::clock::Clock;
    use crate::simulated::{CLUSTER, PARAMETER, SERVICE, Scenario};

    fn simulated() -> Simulated {
        let clock = Clock::virtual_from(DateTime::from_timestamp(1_800_000_000, 0).unwrap(), 1.0);
        let text = "title = 't'\ndescription = 'd'\n[world]\ntargets = ['ap-northeast-1a']";
        Simulated::new(&Scenario::parse("t", "t.toml", text).unwrap(), 3, clock)
    }

    fn put(text: &str) -> Operation {
        Operation::PutParameter { name: PARAMETER.into(), entries: vec![], text: Some(text.into()) }
    }

    fn kind(sent: &Sent) -> &'static str {
        match sent {
            Sent::Done(_) => "done",
            Sent::Refused(_) => "refused",
            Sent::Unknown(_) => "unknown",
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_mishap_ends_as_it_says_and_the_truth_knows() {
        for (mishap, told, applied) in [
            (Mishap::LoseAnswer, "unknown", true),
            (Mishap::Throttle, "refused", false),
            (Mishap::Deny, "refused", false),
            (Mishap::ServerError, "unknown", false),
            (Mishap::ServerErrorAfterEffect, "unknown", true),
            (Mishap::Delay(TimeDelta::seconds(10)), "done", true),
            (Mishap::Delay(TimeDelta::seconds(60)), "unknown", true),
            (Mishap::EffectLater(TimeDelta::seconds(20)), "unknown", false),
        ] {
            let aws = simulated();
            let before = aws.truth().list.len();
            aws.goes_wrong(Some("PutParameter"), mishap);
            let sent = aws.send(&put("{}")).await;
            assert_eq!(kind(&sent), told, "{mishap:?}: {sent:?}");
            let truth = aws.truth();
            assert_eq!(truth.list.len(), before + usize::from(applied), "{mishap:?}");
            assert_eq!(truth.applied().contains_key("PutParameter"), applied);
            let last = truth.received.last().unwrap();
            assert_eq!(last.answered, told != "unknown", "{mishap:?}");
            aws.passes(TimeDelta::seconds(30)).await;
            let later = matches!(mishap, Mishap::EffectLater(_));
            assert_eq!(aws.truth().list.len(), before + usize::from(applied || later), "{mishap:?}");
            assert_eq!(kind(&aws.send(&put("[]")).await), "done", "it happens once");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn others_change_the_world_too_and_it_never_has_two_targets_in_a_zone() {
        let aws = simulated();
        let zone = "ap-northeast-1d".to_owned();
        aws.creations_take(5.0, 5.0);
        aws.creations_fail(1);
        aws.outside_change(Deed::CreateMountTarget { zone: zone.clone() }).unwrap();
        let refused = aws.outside_change(Deed::CreateMountTarget { zone: zone.clone() }).unwrap_err();
        assert!(refused.starts_with("MountTargetConflict"), "{refused}");
        aws.passes(TimeDelta::seconds(6)).await;
        let truth = aws.truth();
        let target = truth.mount_targets.iter().find(|t| t.availability_zone.as_ref() == Some(&zone));
        assert_eq!(target.unwrap().state, "error");
        assert_eq!(truth.most_targets[&zone], 1);
        assert!(truth.received.is_empty(), "nothing came by the actuator");

        let before = truth.deployments.len();
        aws.outside_change(Deed::ForceDeployment).unwrap();
        let (cluster, service) = (CLUSTER.to_owned(), SERVICE.to_owned());
        aws.send(&Operation::ForceNewDeployment { cluster, service }).await;
        assert_eq!(aws.truth().deployments.len(), before + 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throughput_cannot_be_lowered_for_a_day() {
        let aws = simulated();
        let file_system_id = aws.environment().file_system_id.unwrap();
        let set = |mibps| Operation::UpdateFileSystem {
            file_system_id: file_system_id.clone(),
            throughput_mode: "provisioned".into(),
            provisioned_mibps: Some(mibps),
        };
        assert_eq!(kind(&aws.send(&set(64.0)).await), "done");
        assert_eq!(kind(&aws.send(&set(128.0)).await), "done", "raising is always possible");
        assert_eq!(kind(&aws.send(&set(64.0)).await), "refused");
        aws.passes(TimeDelta::hours(24)).await;
        assert_eq!(kind(&aws.send(&set(64.0)).await), "done");
    }
}
