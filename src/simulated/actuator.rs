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
    fn fate(&self, call: call::Operation) -> Option<Mishap> {
        let strike = self.world(|world| world.faults.strike(self.seed, call, world.now));
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
        match self.fate(call) {
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
