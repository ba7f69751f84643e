//! An operation as people read it: the request's members under the API's names, and the same call as an `aws`
//! command line.

use std::io;

use chrono::SecondsFormat;
use serde_json::ser::Formatter;
use serde_json::{Map, Value as Json, json};

use super::request::{ListEntry, Operation, Request};

/// Renders a call. Values to be born stand as `<ip_address of step 1>`.
pub fn render(operation: &Operation) -> Request {
    let (service, name) = operation.api();
    let input = members(operation);
    let cli = match operation {
        Operation::RegisterTaskDefinition { from, cpu, memory } => {
            register_task_definition(from, cpu, memory)
        }
        _ => command(service, name, &input),
    };
    Request { service: service.to_owned(), operation: name.to_owned(), input, cli }
}

/// Task definitions are copied completely, with their tags, but for these members that the API gives and does
/// not take.
const COPY: &str = ".taskDefinition + (if (.tags // []) == [] then {} else {tags} end) | \
                    del(.taskDefinitionArn, .revision, .status, .requiresAttributes, .compatibilities, \
                    .registeredAt, .registeredBy, .deregisteredAt)";

/// Members of the request, in the API's spelling.
fn members(operation: &Operation) -> Json {
    match operation {
        Operation::CreateMountTarget { file_system_id, subnet_id, security_groups } => json!({
            "FileSystemId": file_system_id, "SubnetId": subnet_id, "SecurityGroups": security_groups,
        }),
        Operation::DeleteMountTarget { mount_target_id } => json!({ "MountTargetId": mount_target_id }),
        Operation::PutParameter { name, entries, text } => json!({
            "Name": name, "Type": "String", "Value": text.clone().unwrap_or_else(|| published_text(entries)),
            "Overwrite": true,
        }),
        Operation::ForceNewDeployment { cluster, service } => json!({
            "cluster": cluster, "service": service, "forceNewDeployment": true,
        }),
        Operation::UpdateDesiredCount { cluster, service, desired_count } => json!({
            "cluster": cluster, "service": service, "desiredCount": desired_count,
        }),
        Operation::UpdateTaskDefinition { cluster, service, task_definition } => json!({
            "cluster": cluster, "service": service, "taskDefinition": task_definition.to_string(),
        }),
        Operation::RegisterTaskDefinition { from, cpu, memory } => json!({
            "family": family(from), "cpu": cpu, "memory": memory,
            "containerDefinitions": format!("<this and all other members as in {from}>"),
        }),
        Operation::UpdateCapacityProviders { cluster, service, fargate_base, spot_weight } => json!({
            "cluster": cluster, "service": service,
            "capacityProviderStrategy": capacity_providers(*fargate_base, *spot_weight)
                .into_iter()
                .map(|(name, base, weight)| json!({ "capacityProvider": name, "base": base, "weight": weight }))
                .collect::<Vec<_>>(),
            // ECS refuses another strategy without it.
            "forceNewDeployment": true,
        }),
        Operation::RegisterScalableTarget { cluster, service, min_capacity, max_capacity } => json!({
            "ServiceNamespace": "ecs", "ResourceId": format!("service/{cluster}/{service}"),
            "ScalableDimension": "ecs:service:DesiredCount",
            "MinCapacity": min_capacity, "MaxCapacity": max_capacity,
        }),
        Operation::UpdateFileSystem { file_system_id, throughput_mode, provisioned_mibps } => {
            let mut input = json!({ "FileSystemId": file_system_id, "ThroughputMode": throughput_mode });
            if let (Some(object), Some(mibps)) = (input.as_object_mut(), provisioned_mibps) {
                object.insert("ProvisionedThroughputInMibps".to_owned(), json!(mibps));
            }
            input
        }
        Operation::PutLifecycleConfiguration { file_system_id, policies } => json!({
            "FileSystemId": file_system_id,
            "LifecyclePolicies": policies
                .iter()
                .map(|(key, value)| Json::Object(Map::from_iter([(key.clone(), json!(value))])))
                .collect::<Vec<_>>(),
        }),
        Operation::PutRetentionPolicy { log_group, days } => {
            json!({ "logGroupName": log_group, "retentionInDays": days })
        }
        Operation::PutMetricData { namespace, name, value, unit, at } => json!({
            "Namespace": namespace,
            "MetricData": [{
                "MetricName": name, "Timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true), "Value": value,
                "Unit": unit,
            }],
        }),
    }
}

/// Capacity providers with base and weight: on-demand up to the base, every further task on Spot; without a
/// weight for Spot everything on demand.
pub fn capacity_providers(fargate_base: u32, spot_weight: u32) -> Vec<(&'static str, u32, u32)> {
    if spot_weight == 0 {
        vec![("FARGATE", fargate_base, 1)]
    } else {
        vec![("FARGATE", fargate_base, 0), ("FARGATE_SPOT", 0, spot_weight)]
    }
}

/// `…:task-definition/family:7` and `family:7` are of `family`.
fn family(arn: &str) -> &str {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    name.split(':').next().unwrap_or(name)
}

/// The command line that sends the same members: each is an option of the same name in kebab case.
fn command(service: &str, operation: &str, input: &Json) -> String {
    let mut words = vec!["aws".to_owned(), service.to_owned(), kebab(operation)];
    for (name, value) in input.as_object().into_iter().flatten() {
        match value {
            Json::Bool(true) => words.push(format!("--{}", kebab(name))),
            Json::Bool(false) => words.push(format!("--no-{}", kebab(name))),
            Json::Array(items) if items.is_empty() => {
                words.extend([format!("--{}", kebab(name)), "[]".to_owned()]);
            }
            Json::Array(items) => {
                words.push(format!("--{}", kebab(name)));
                words.extend(items.iter().map(shorthand));
            }
            other => words.extend([format!("--{}", kebab(name)), shorthand(other)]),
        }
    }
    shell_words::join(words)
}

/// The command line's short form of a value: `capacityProvider=FARGATE,base=1` for an object.
fn shorthand(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Object(object) => {
            object.iter().map(|(k, v)| format!("{k}={}", shorthand(v))).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// `CreateMountTarget`, `forceNewDeployment` → `create-mount-target`, `force-new-deployment`.
fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn register_task_definition(from: &str, cpu: &str, memory: &str) -> String {
    let describe = shell_words::join([
        "aws",
        "ecs",
        "describe-task-definition",
        "--task-definition",
        from,
        "--include",
        "TAGS",
        "--output",
        "json",
    ]);
    let filter = shell_words::join(["jq", COPY]);
    let size = shell_words::join(["--cpu", cpu, "--memory", memory]);
    format!("aws ecs register-task-definition --cli-input-json \"$({describe} | {filter})\" {size}")
}

/// The text of the published parameter, as Python's `json.dumps` writes it: that is what the tasks have always
/// been given, byte for byte.
pub fn published_text(entries: &[ListEntry]) -> String {
    let list: Vec<Json> = entries
        .iter()
        .map(|entry| {
            json!({
                "mount_target_id": entry.mount_target_id.to_string(),
                "ip_address": entry.ip_address.to_string(),
                "availability_zone": entry.availability_zone,
                "subnet_id": entry.subnet_id,
            })
        })
        .collect();
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, JsonDumps);
    match serde::Serialize::serialize(&json!({ "mount_targets": list }), &mut serializer) {
        Ok(()) => String::from_utf8_lossy(&out).into_owned(),
        // Strings written into memory: neither half of it can fail.
        Err(_) => String::new(),
    }
}

/// Separators `", "` and `": "`, and ASCII only.
struct JsonDumps;

fn separate<W: ?Sized + io::Write>(writer: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { writer.write_all(b", ") }
}

impl Formatter for JsonDumps {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        separate(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        for c in text.chars() {
            if matches!(c, ' '..='~') {
                writer.write_all(&[c as u8])?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}
