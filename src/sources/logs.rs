//! How long the log groups of the environment keep what is logged: a part of the service's source, read seldom.

use super::{PAGES, Setup, service_of};
use crate::aws::{Answer, Aws, LogGroup, all_pages};
use crate::domain::ecs::TaskDefinition;
use crate::domain::source::FailureClass;

/// Groups of the former function and of the service, where the task definition does not name the latter's.
pub(super) const FUNCTION: &str = "/aws/lambda/efs-mount-autoscaling-file-monitor";
pub(super) const SERVICE: &str = "/ecs/efs-mount-autoscaling-fargate";

/// The groups of an environment, by name.
pub(super) fn names(definition: &TaskDefinition) -> Vec<String> {
    if definition.log_groups.is_empty() {
        return vec![FUNCTION.to_owned(), SERVICE.to_owned()];
    }
    definition.log_groups.clone()
}

/// The groups that the configured service logs to by its newest task definition; where there is no service, those
/// of the deployment that miharu knows.
///
/// # Errors
/// Service or task definition cannot be read.
pub async fn of_service(setup: &Setup) -> Answer<Vec<String>> {
    let aws = &setup.outside.aws;
    let definition = match service_of(setup) {
        Ok((cluster, service)) => match aws.service(&cluster, &service).await {
            Ok(service) if service.task_definition.is_empty() => None,
            Ok(service) => Some(aws.task_definition(&service.task_definition).await?),
            Err(failure) if failure.class == FailureClass::NotFound => None,
            Err(failure) => return Err(failure),
        },
        Err(_) => None,
    };
    Ok(definition.as_ref().map_or_else(|| vec![FUNCTION.to_owned(), SERVICE.to_owned()], names))
}

/// Those of the named groups that exist.
pub(super) async fn read(aws: &dyn Aws, names: &[String]) -> Answer<Vec<LogGroup>> {
    let mut found = Vec::new();
    for name in names {
        let groups = all_pages(PAGES, |token| aws.log_groups(name, token)).await?;
        found.extend(groups.into_iter().filter(|(group, _)| group == name));
    }
    Ok(found)
}
