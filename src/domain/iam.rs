//! The policies that miharu needs, from one table of every operation it can call: read-only, and the operator's.

use serde_json::{Map, Value as Json, json};

use super::publication::NAMESPACE;

/// What an action may be restricted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// AWS knows no resource for it, or the resource has no name before it exists.
    Anything,
    /// The file system.
    FileSystem,
    /// The published parameter (and the cached count beside it).
    Parameters,
    /// The service.
    Service,
    /// The scalable targets of ECS, by condition.
    EcsScaling,
    /// The namespace of the file service's own metrics, by condition.
    Namespace,
    /// The log groups.
    LogGroups,
    /// The roles of the task definition, by condition.
    TaskRoles,
    /// A revision that is being registered, by condition.
    NewRevision,
}

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// As a policy names it: `elasticfilesystem:CreateMountTarget`.
    pub action: &'static str,
    /// Whether it changes something.
    pub writes: bool,
    /// The action that cannot do without this one, where miharu itself never calls it.
    pub because: Option<&'static str>,
    on: On,
}

const fn read(action: &'static str, on: On) -> Action {
    Action { action, writes: false, because: None, on }
}

const fn write(action: &'static str, on: On) -> Action {
    Action { action, writes: true, because: None, on }
}

/// AWS checks it when `by` is called.
const fn beside(by: Action, action: &'static str, on: On) -> Action {
    Action { action, writes: by.writes, because: Some(by.action), on }
}

const CREATE: Action = write("elasticfilesystem:CreateMountTarget", On::FileSystem);
const DELETE: Action = write("elasticfilesystem:DeleteMountTarget", On::FileSystem);
const GROUPS: Action = read("elasticfilesystem:DescribeMountTargetSecurityGroups", On::FileSystem);
const REGISTER: Action = write("ecs:RegisterTaskDefinition", On::Anything);

/// Everything that miharu calls, and what AWS asks for beside it.
pub const ACTIONS: &[Action] = &[
    read("elasticfilesystem:DescribeFileSystems", On::FileSystem),
    read("elasticfilesystem:DescribeMountTargets", On::FileSystem),
    read("elasticfilesystem:DescribeLifecycleConfiguration", On::FileSystem),
    GROUPS,
    beside(GROUPS, "ec2:DescribeNetworkInterfaceAttribute", On::Anything),
    read("ecs:DescribeServices", On::Service),
    read("ecs:ListTasks", On::Anything),
    read("ecs:DescribeTasks", On::Anything),
    read("ecs:DescribeTaskDefinition", On::Anything),
    read("ssm:GetParameter", On::Parameters),
    read("ssm:GetParameterHistory", On::Parameters),
    read("ec2:DescribeSubnets", On::Anything),
    read("cloudwatch:GetMetricData", On::Anything),
    read("cloudwatch:ListMetrics", On::Anything),
    read("cloudwatch:DescribeAlarms", On::Anything),
    read("logs:DescribeLogGroups", On::Anything),
    read("logs:FilterLogEvents", On::LogGroups),
    read("logs:StartLiveTail", On::LogGroups),
    read("sts:GetCallerIdentity", On::Anything),
    read("application-autoscaling:DescribeScalableTargets", On::Anything),
    CREATE,
    DELETE,
    write("elasticfilesystem:UpdateFileSystem", On::FileSystem),
    write("elasticfilesystem:PutLifecycleConfiguration", On::FileSystem),
    beside(CREATE, "ec2:DescribeNetworkInterfaces", On::Anything),
    beside(CREATE, "ec2:CreateNetworkInterface", On::Anything),
    beside(DELETE, "ec2:DeleteNetworkInterface", On::Anything),
    write("ssm:PutParameter", On::Parameters),
    write("ecs:UpdateService", On::Service),
    REGISTER,
    // The revision keeps the tags of the one before.
    beside(REGISTER, "ecs:TagResource", On::NewRevision),
    beside(REGISTER, "iam:PassRole", On::TaskRoles),
    write("application-autoscaling:RegisterScalableTarget", On::EcsScaling),
    write("logs:PutRetentionPolicy", On::LogGroups),
    write("cloudwatch:PutMetricData", On::Namespace),
];

/// Names that narrow a policy; what is not known stays `*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// `fs-…`.
    pub file_system_id: Option<String>,
    /// Parameters: the published one, the cached count.
    pub parameters: Vec<String>,
    /// Cluster and service.
    pub service: Option<(String, String)>,
    /// Log groups that are read, and whose retention may be set.
    pub log_groups: Vec<String>,
    /// Region; `*` where it is not known.
    pub region: Option<String>,
    /// Account; `*` where it is not known.
    pub account: Option<String>,
    /// ARNs of the task and execution roles.
    pub task_roles: Vec<String>,
}

/// The least-privilege policy for any file service: to watch only, or to change too.
pub fn policy(read_only: bool) -> Json {
    policy_for(read_only, &Resources::default())
}

/// The least-privilege policy for one environment, a statement for each service and kind of resource.
pub fn policy_for(read_only: bool, resources: &Resources) -> Json {
    let mut groups: Vec<(String, On, Vec<&str>)> = Vec::new();
    for action in ACTIONS.iter().filter(|a| !(read_only && a.writes)) {
        let service = action.action.split(':').next().unwrap_or_default();
        let sid = format!(
            "{}{}{}",
            name(service),
            if action.writes { "Change" } else { "Read" },
            suffix(action.on)
        );
        match groups.iter_mut().find(|(known, _, _)| *known == sid) {
            Some((_, _, actions)) => actions.push(action.action),
            None => groups.push((sid, action.on, vec![action.action])),
        }
    }
    let statements: Vec<Json> =
        groups.into_iter().map(|(sid, on, actions)| statement(&sid, on, &actions, resources)).collect();
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn statement(sid: &str, on: On, actions: &[&str], resources: &Resources) -> Json {
    let mut statement = Map::new();
    statement.insert("Sid".to_owned(), json!(sid));
    statement.insert("Effect".to_owned(), json!("Allow"));
    statement.insert("Action".to_owned(), json!(actions));
    statement.insert("Resource".to_owned(), json!(arns(on, resources)));
    let condition = match on {
        On::TaskRoles => {
            Some(json!({ "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } }))
        }
        On::EcsScaling => {
            Some(json!({ "StringEquals": { "application-autoscaling:service-namespace": "ecs" } }))
        }
        On::Namespace => Some(json!({ "StringEquals": { "cloudwatch:namespace": NAMESPACE } })),
        On::NewRevision => Some(json!({ "StringEquals": { "ecs:CreateAction": "RegisterTaskDefinition" } })),
        _ => None,
    };
    if let Some(condition) = condition {
        statement.insert("Condition".to_owned(), condition);
    }
    Json::Object(statement)
}

fn arns(on: On, resources: &Resources) -> Vec<String> {
    let star = "*".to_owned();
    let region = resources.region.as_ref().unwrap_or(&star);
    let account = resources.account.as_ref().unwrap_or(&star);
    let all = |names: &[String], arn: &dyn Fn(&str) -> String| -> Vec<String> {
        if names.is_empty() { vec![arn("*")] } else { names.iter().map(|n| arn(n)).collect() }
    };
    match on {
        On::Anything | On::EcsScaling | On::Namespace => vec![star],
        On::NewRevision => vec![format!("arn:aws:ecs:{region}:{account}:task-definition/*")],
        On::FileSystem => {
            let id = resources.file_system_id.as_ref().unwrap_or(&star);
            vec![format!("arn:aws:elasticfilesystem:{region}:{account}:file-system/{id}")]
        }
        On::Parameters => all(&resources.parameters, &|name| {
            format!("arn:aws:ssm:{region}:{account}:parameter/{}", name.trim_start_matches('/'))
        }),
        On::Service => {
            let (cluster, service) =
                resources.service.as_ref().map_or(("*", "*"), |(c, s)| (c.as_str(), s.as_str()));
            vec![format!("arn:aws:ecs:{region}:{account}:service/{cluster}/{service}")]
        }
        On::LogGroups => {
            all(&resources.log_groups, &|name| format!("arn:aws:logs:{region}:{account}:log-group:{name}:*"))
        }
        On::TaskRoles if resources.task_roles.is_empty() => vec![format!("arn:aws:iam::{account}:role/*")],
        On::TaskRoles => resources.task_roles.clone(),
    }
}

/// The service's part of a statement's name.
fn name(service: &str) -> &str {
    match service {
        "elasticfilesystem" => "Efs",
        "ecs" => "Ecs",
        "ssm" => "Ssm",
        "ec2" => "Ec2",
        "cloudwatch" => "CloudWatch",
        "sts" => "Sts",
        "application-autoscaling" => "AutoScaling",
        "logs" => "Logs",
        "iam" => "Iam",
        other => other,
    }
}

fn suffix(on: On) -> &'static str {
    match on {
        On::Anything => "",
        On::FileSystem => "FileSystem",
        On::Parameters => "Parameters",
        On::Service => "Service",
        On::EcsScaling => "Targets",
        On::Namespace => "Metrics",
        On::LogGroups => "Groups",
        On::TaskRoles => "TaskRoles",
        On::NewRevision => "Revisions",
    }
}
