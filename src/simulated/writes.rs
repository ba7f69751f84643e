//! What the calls do that change something.

use chrono::TimeDelta;

use super::ecs::Update;
use super::ledger::{Received, Taken};
use super::ports::call;
use super::scenario::world::AutoScaling;
use super::world::{Refusal, World};
use super::{CLUSTER, SERVICE};
use crate::actuators::Outputs;
use crate::actuators::filled::{known, published};
use crate::domain::request::{Operation, capacity_providers};
use crate::domain::source::Failure;

/// Days that `PutRetentionPolicy` takes.
const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// Characters of a standard parameter.
const PARAMETER_SIZE: usize = 4096;
/// A throughput cannot be lowered, nor its mode changed, for so long after the last change.
const THROUGHPUT_REST: TimeDelta = TimeDelta::hours(24);

/// The call that an operation is.
pub(super) fn call_of(operation: &Operation) -> call::Operation {
    match operation {
        Operation::CreateMountTarget { .. } => call::CREATE_MOUNT_TARGET,
        Operation::DeleteMountTarget { .. } => call::DELETE_MOUNT_TARGET,
        Operation::PutParameter { .. } => call::PUT_PARAMETER,
        Operation::ForceNewDeployment { .. }
        | Operation::UpdateDesiredCount { .. }
        | Operation::UpdateTaskDefinition { .. }
        | Operation::UpdateCapacityProviders { .. } => call::UPDATE_SERVICE,
        Operation::RegisterTaskDefinition { .. } => call::REGISTER_TASK_DEFINITION,
        Operation::RegisterScalableTarget { .. } => call::REGISTER_SCALABLE_TARGET,
        Operation::UpdateFileSystem { .. } => call::UPDATE_FILE_SYSTEM,
        Operation::PutLifecycleConfiguration { .. } => call::PUT_LIFECYCLE,
        Operation::PutRetentionPolicy { .. } => call::PUT_RETENTION,
        Operation::PutMetricData { .. } => call::PUT_METRIC_DATA,
    }
}

fn outputs<const N: usize>(values: [(&str, String); N]) -> Outputs {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// An operation that was not filled never gets here by the actuator.
fn unborn(failure: Failure) -> Refusal {
    Refusal::new("ValidationException", failure.text)
}

impl World {
    /// A call arrives: it is done or refused, and noted.
    pub(super) fn take_effect(&mut self, operation: &Operation) -> Result<Outputs, Refusal> {
        let result = self.apply(operation);
        let taken = match &result {
            Ok(_) => Taken::Applied,
            Err(refusal) => Taken::Refused(refusal.code.to_owned()),
        };
        self.note_received(operation, taken);
        result
    }

    /// Notes a call; that nobody was told of it is noted by [`Self::note_unanswered`].
    pub(super) fn note_received(&mut self, operation: &Operation, taken: Taken) {
        let (at, operation) = (self.now, operation.clone());
        self.ledger.received.push(Received { at, operation, taken, answered: true });
    }

    /// Nobody was told what became of the last call.
    pub(super) fn note_unanswered(&mut self) {
        if let Some(last) = self.ledger.received.last_mut() {
            last.answered = false;
        }
    }

    fn apply(&mut self, operation: &Operation) -> Result<Outputs, Refusal> {
        match operation {
            Operation::CreateMountTarget { file_system_id, subnet_id, security_groups } => {
                self.known_file_system(file_system_id)?;
                let id = self.create_mount_target(subnet_id, security_groups)?;
                let target = self.efs.targets.iter().find(|t| t.id == id);
                Ok(target.map_or_else(Outputs::new, |t| {
                    outputs([
                        ("mount_target_id", t.id.clone()),
                        ("ip_address", t.address.clone()),
                        ("availability_zone", t.zone.clone()),
                    ])
                }))
            }
            Operation::DeleteMountTarget { mount_target_id } => {
                self.delete_mount_target(mount_target_id)?;
                Ok(Outputs::new())
            }
            Operation::PutParameter { name, entries, text } => {
                let value = published(entries, text.as_deref()).map_err(unborn)?;
                if value.is_empty() || value.chars().count() > PARAMETER_SIZE {
                    let text = format!("Parameter values must have 1 to {PARAMETER_SIZE} characters.");
                    return Err(Refusal::new("ValidationException", text));
                }
                Ok(outputs([("version", self.put_parameter(name, &value).to_string())]))
            }
            Operation::RegisterTaskDefinition { from, cpu, memory } => {
                Ok(outputs([("task_definition_arn", self.resize_task_definition(from, cpu, memory)?)]))
            }
            Operation::UpdateFileSystem { file_system_id, throughput_mode, provisioned_mibps } => {
                self.known_file_system(file_system_id)?;
                self.set_throughput(throughput_mode, *provisioned_mibps)?;
                Ok(Outputs::new())
            }
            Operation::PutLifecycleConfiguration { file_system_id, policies } => {
                self.known_file_system(file_system_id)?;
                self.efs.lifecycle.clone_from(policies);
                Ok(Outputs::new())
            }
            Operation::PutRetentionPolicy { log_group, days } => {
                if !RETENTIONS.contains(days) {
                    return Err(Refusal::new("InvalidParameterException", "invalid retentionInDays"));
                }
                let group = self.log_groups.get_mut(log_group).ok_or_else(|| {
                    Refusal::new("ResourceNotFoundException", "The specified log group does not exist.")
                })?;
                *group = Some(*days);
                Ok(Outputs::new())
            }
            Operation::PutMetricData { namespace, name, value, at, .. } => {
                self.publish_metric(namespace, name, *value, *at)?;
                Ok(Outputs::new())
            }
            _ => self.apply_to_service(operation),
        }
    }

    fn apply_to_service(&mut self, operation: &Operation) -> Result<Outputs, Refusal> {
        let update = match operation {
            Operation::ForceNewDeployment { cluster, service } => {
                Self::known_service(cluster, service)?;
                Update { force: true, ..Update::default() }
            }
            Operation::UpdateDesiredCount { cluster, service, desired_count } => {
                Self::known_service(cluster, service)?;
                Update { desired: Some(*desired_count), ..Update::default() }
            }
            Operation::UpdateTaskDefinition { cluster, service, task_definition } => {
                Self::known_service(cluster, service)?;
                let definition = known(task_definition).map_err(unborn)?.to_owned();
                Update { definition: Some(definition), ..Update::default() }
            }
            Operation::UpdateCapacityProviders { cluster, service, fargate_base, spot_weight } => {
                Self::known_service(cluster, service)?;
                let providers = capacity_providers(*fargate_base, *spot_weight)
                    .into_iter()
                    .map(|(name, base, weight)| (name.to_owned(), base, weight))
                    .collect();
                Update { providers: Some(providers), force: true, ..Update::default() }
            }
            Operation::RegisterScalableTarget { cluster, service, min_capacity, max_capacity } => {
                return self.register_scalable_target(cluster, service, *min_capacity, *max_capacity);
            }
            _ => return Err(Refusal::new("InvalidAction", "unknown operation")),
        };
        self.update_service(update)?;
        Ok(self.primary_deployment().map_or_else(Outputs::new, |id| outputs([("deployment_id", id)])))
    }

    fn known_file_system(&self, id: &str) -> Result<(), Refusal> {
        if id == self.efs.file_system_id {
            return Ok(());
        }
        Err(Refusal::new("FileSystemNotFound", format!("File system '{id}' does not exist.")))
    }

    fn known_service(cluster: &str, service: &str) -> Result<(), Refusal> {
        let name = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
        if name(cluster).as_deref() != Some(CLUSTER) {
            return Err(Refusal::new("ClusterNotFoundException", "Cluster not found."));
        }
        if name(service).as_deref() != Some(SERVICE) {
            return Err(Refusal::new("ServiceNotFoundException", "Service not found."));
        }
        Ok(())
    }

    /// `UpdateFileSystem`.
    fn set_throughput(&mut self, mode: &str, mibps: Option<f64>) -> Result<(), Refusal> {
        let bad = |text: &str| Err(Refusal::new("BadRequest", text));
        let mibps = match (mode, mibps) {
            ("provisioned", Some(mibps)) if mibps.is_finite() && mibps >= 1.0 => Some(mibps),
            ("provisioned", _) => return bad("provisioned throughput needs a value of 1 MiB/s or more"),
            ("bursting" | "elastic", None) => None,
            ("bursting" | "elastic", Some(_)) => return bad("a value goes with provisioned throughput only"),
            _ => return bad("unknown throughput mode"),
        };
        let same = mode == self.settings.throughput_mode;
        let lower = same && mibps < self.settings.provisioned_mibps.filter(|_| mode == "provisioned");
        let rests = self.efs.throughput_changed_at.is_some_and(|at| self.now < at + THROUGHPUT_REST);
        if rests && (lower || !same) {
            let text = "You must wait 24 hours after the last change of throughput.";
            return Err(Refusal::new("TooManyRequests", text));
        }
        mode.clone_into(&mut self.settings.throughput_mode);
        self.settings.provisioned_mibps = mibps;
        self.efs.throughput_changed_at = Some(self.now);
        Ok(())
    }

    /// `RegisterScalableTarget`: the desired count is brought within the limits.
    fn register_scalable_target(
        &mut self,
        cluster: &str,
        service: &str,
        min: u32,
        max: u32,
    ) -> Result<Outputs, Refusal> {
        if min > max {
            let text = "Minimum capacity must not be above maximum capacity";
            return Err(Refusal::new("ValidationException", text));
        }
        if Self::known_service(cluster, service).is_err() || self.desired_count().is_none() {
            let text = format!("ECS service doesn't exist: service/{cluster}/{service}");
            return Err(Refusal::new("ValidationException", text));
        }
        self.settings.autoscaling = Some(AutoScaling { min, max });
        let desired = self.desired_count().unwrap_or(min);
        if desired != desired.clamp(min, max) {
            self.update_service(Update { desired: Some(desired.clamp(min, max)), ..Update::default() })?;
        }
        Ok(Outputs::new())
    }
}
