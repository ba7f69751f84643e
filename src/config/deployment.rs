//! The variables of an existing deployment. They form one environment of their own, named `default`; they never
//! alter a table of the file.

use super::error::{Mistake, Origin};
use super::inputs::Inputs;
use super::model::{Config, Environment};
use super::report::{Given, Report};
use super::settings::ENVIRONMENT;

/// Name of the environment that they form.
pub const NAME: &str = "default";

/// Each variable with the setting it stands for.
pub const VARIABLES: &[(&str, &str)] = &[
    ("TARGET_DIRECTORY", "files.directory"),
    ("FILE_COUNT_THRESHOLD", "files.threshold"),
    ("EFS_FILE_SYSTEM_ID", "file_system.id"),
    ("VPC_ID", "vpc_id"),
    ("SECURITY_GROUP_ID", "security_group_id"),
    ("SSM_PARAMETER_NAME", "published.parameter"),
    ("ECS_CLUSTER_NAME", "service.cluster"),
    ("ECS_SERVICE_NAME", "service.name"),
    ("HAKARU_DATASOURCENAME", "hakaru.datasource"),
];

/// The environment of an existing deployment with what its functions assume where a variable is not set.
fn environment() -> Environment {
    let mut environment = Environment::named(NAME);
    environment.cluster = Some("efs-mount-autoscaling-cluster".into());
    environment.service = Some("efs-mount-autoscaling-fargate-service".into());
    environment.files.directory = Some("/data".into());
    environment
}

/// Adds the environment to `config` where one of the variables, or one of miharu's own for it, is set. An empty
/// variable is an unset one.
pub(super) fn apply(inputs: &Inputs, config: &mut Config, report: &mut Report) {
    let named_by_file: Vec<&str> =
        config.environments.iter().filter_map(|e| e.datasource_env.as_deref()).collect();
    let set: Vec<(&str, &str, &str)> = VARIABLES
        .iter()
        .filter(|(variable, _)| !named_by_file.contains(variable))
        .filter_map(|(variable, key)| Some((*variable, *key, inputs.variables.get(*variable)?.as_str())))
        .filter(|(.., value)| !value.is_empty())
        .collect();
    let table = config.environments.iter().any(|e| e.name == NAME);
    let own =
        inputs.variables.iter().any(|(k, v)| k.starts_with("MIHARU_ENVIRONMENT__DEFAULT__") && !v.is_empty());
    if let (Some((first, ..)), true) = (set.first(), table) {
        let names: Vec<&str> = set.iter().map(|s| s.0).collect();
        report.mistakes.push(Mistake {
            at: Origin::Variable((*first).to_owned()),
            key: format!("environment.{NAME}"),
            value: None,
            expected: format!(
                "no table named \"{NAME}\" in the file: {} form an environment of that name and never alter a table",
                names.join(", ")
            ),
            nearest: None,
            remedy: "give the table another name, or unset the variables".into(),
        });
        return;
    }
    if table || (set.is_empty() && !own) {
        return;
    }
    let mut environment = environment();
    for (variable, key, value) in set {
        if let Some(setting) = ENVIRONMENT.iter().find(|s| s.key == key) {
            let given = Given::word(Origin::Variable(variable.to_owned()), value);
            report.take(setting, &mut environment, format!("environment.{NAME}.{key}"), given);
        }
    }
    config.environments.push(environment);
}
