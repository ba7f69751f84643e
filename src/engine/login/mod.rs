//! Signing a person in without leaving the console: gets a device code, shows it, asks until it is confirmed, and
//! has every source asked anew. The screen goes on meanwhile, and nothing of it is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::event::{EnvironmentIndex, Event};
use crate::app::login::Login;
use crate::aws::sign_in::{Attempt, SignIn, Standing};
use crate::clock::Clock;
use crate::domain::credentials::Device;
use crate::domain::source::{Failure, FailureClass};

use super::start::Nudges;
use super::tasks::Tasks;

/// How long getting a code may take, its three calls and finding the portal together.
const BEGIN: Duration = Duration::from_secs(30);
/// How long one question may take.
const ASK: Duration = Duration::from_secs(15);
/// What is added to the pause when the service asks for that (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// What the operator wants: a sign-in, each by another number, or none.
type Wish = Option<u64>;

/// The operator's end.
#[derive(Debug)]
pub struct LoginHand(watch::Sender<Wish>);

/// Where wishes arrive.
pub struct Wishes(watch::Receiver<Wish>);

impl LoginHand {
    /// A hand, and where its wishes arrive.
    pub fn new() -> (Arc<Self>, Wishes) {
        let (sender, receiver) = watch::channel(None);
        (Arc::new(Self(sender)), Wishes(receiver))
    }

    /// Signs in anew; one that is under way ends.
    pub fn begin(&self) {
        self.0.send_modify(|wish| *wish = Some(wish.map_or(1, |n| n + 1)));
    }

    /// Ends the one that is under way.
    pub fn cancel(&self) {
        self.0.send_replace(None);
    }
}

/// What a sign-in in an environment needs.
pub(super) struct Place {
    pub(super) index: EnvironmentIndex,
    pub(super) sign_in: Arc<dyn SignIn>,
    pub(super) clock: Clock,
    pub(super) nudges: Arc<Nudges>,
    pub(super) tasks: Tasks,
}

impl Place {
    /// Fulfils wishes until nobody can have one any more. Another wish ends what is under way.
    pub(super) async fn run(self, Wishes(mut wishes): Wishes) {
        loop {
            let wish = *wishes.borrow_and_update();
            if wish.is_some() {
                tokio::select! {
                    biased;
                    changed = wishes.changed() => match changed {
                        Ok(()) => continue,
                        Err(_) => return,
                    },
                    () = self.sign_in() => {}
                }
            }
            if wishes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tells how far it is; `false` when nobody listens.
    async fn tell(&self, login: Login) -> bool {
        self.tasks.report(Event::Login { environment: self.index, login }).await
    }

    async fn sign_in(&self) {
        let begun = tokio::time::timeout(BEGIN, self.sign_in.begin()).await;
        let begun = begun.unwrap_or_else(|_| {
            let text = format!("no device code within {} s", BEGIN.as_secs());
            Err(Failure::new(FailureClass::Timeout, text))
        });
        let told = match begun {
            Ok((device, attempt)) => {
                if !self.tell(Login::Waiting(device.clone())).await {
                    return;
                }
                self.ask(&device, attempt).await
            }
            Err(failure) => Login::Failed(failed(&failure)),
        };
        if matches!(told, Login::Done(_)) {
            self.nudges.all();
        }
        self.tell(told).await;
    }

    /// Asks until it is known what became of the code.
    async fn ask(&self, device: &Device, mut attempt: Box<dyn Attempt>) -> Login {
        let mut every = device.every;
        loop {
            tokio::time::sleep(every).await;
            if self.clock.now() >= device.expires_at {
                return Login::Lapsed;
            }
            match tokio::time::timeout(ASK, attempt.ask()).await {
                Ok(Ok(Standing::Pending)) => {}
                Ok(Ok(Standing::SlowDown)) => every += SLOWER,
                Ok(Ok(Standing::Granted(until))) => return Login::Done(until),
                Ok(Ok(Standing::Denied)) => return Login::Denied,
                Ok(Ok(Standing::Expired)) => {
                    return Login::Lapsed;
                }
                Ok(Err(failure)) if !passes(failure.class) => return Login::Failed(failed(&failure)),
                // RFC 8628, 3.5: a connection that fails is a reason to ask less often, not to give up.
                Ok(Err(_)) | Err(_) => every = (every * 2).min(Duration::from_secs(60)),
            }
        }
    }
}

/// Whether the next question may be answered.
fn passes(class: FailureClass) -> bool {
    matches!(
        class,
        FailureClass::Throttled | FailureClass::Timeout | FailureClass::Unreachable | FailureClass::Server
    )
}

/// A failure in words; its remedy where that is not to sign in.
fn failed(failure: &Failure) -> String {
    match failure.class {
        FailureClass::Credentials | FailureClass::Other => failure.line(),
        _ => format!("{}; {}", failure.line(), failure.remedy()),
    }
}

#[cfg(test)]
mod tests;
