//! Whether a lost `RegisterTaskDefinition` took effect: a revision is for ever, and says when it was registered.

use crate::actuators::Outputs;
use crate::domain::ecs::TaskDefinition;
use crate::domain::source::{Failure, FailureClass};
use crate::engine::effect::{Found, Whose, Window};

use super::run::Run;

/// Revisions looked at after the one that was copied; a service may run an old one.
const REVISIONS: u64 = 50;

impl Run<'_> {
    /// Of the revisions after `from` the one that was registered when ours can have been, is a copy of `from` as
    /// far as can be read, and has the size that was asked for. Another's is passed over: rolling it out would roll
    /// out what nobody approved.
    pub(super) async fn registered(&self, from: &str, cpu: &str, memory: &str, window: Window) -> Found {
        let number = from.rsplit_once(':').and_then(|(family, n)| Some((family, n.parse::<u64>().ok()?)));
        let Some((family, copied)) = number else {
            return Found::CannotTell(format!("{from} has no revision"));
        };
        let original = match self.definition(from).await {
            Ok(original) => original,
            Err(failure) => return Found::CannotTell(failure.line()),
        };
        for n in copied + 1..=copied + REVISIONS {
            let found = match self.definition(&format!("{family}:{n}")).await {
                Ok(found) => found,
                Err(failure) if matches!(failure.class, FailureClass::NotFound | FailureClass::Other) => {
                    let name = family.rsplit('/').next().unwrap_or(family);
                    return Found::NotDone(format!("{name}:{n} does not exist, nor a copy before it"));
                }
                Err(failure) => return Found::CannotTell(failure.line()),
            };
            let sized = found.cpu.as_deref() == Some(cpu) && found.memory.as_deref() == Some(memory);
            let copy = found.efs_volumes == original.efs_volumes && found.log_groups == original.log_groups;
            match found.registered_at {
                _ if !(sized && copy) => {}
                Some(at) if window.rules_out(at) => {}
                Some(_) => {
                    let arn = Outputs::from([("task_definition_arn".to_owned(), found.arn)]);
                    return Found::Done(arn, Whose::NotTold);
                }
                None => return Found::CannotTell(format!("when {} was registered is not told", found.arn)),
            }
        }
        Found::CannotTell(format!("{from} has more than {REVISIONS} revisions after it"))
    }

    async fn definition(&self, arn: &str) -> Result<TaskDefinition, Failure> {
        let asked = self.executor.outside.aws.task_definition(arn);
        let limit = self.executor.clock.real(self.executor.pace.answer);
        tokio::time::timeout(limit, asked)
            .await
            .unwrap_or_else(|_| Err(Failure::new(FailureClass::Timeout, "no answer in time")))
    }
}
