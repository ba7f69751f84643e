//! The metrics miharu knows: which statistic of what, under which dimensions. A metric more is a line here.

use std::collections::BTreeMap;

use crate::aws::MetricQuery;
use crate::config::model::Environment;
use crate::domain::metric::MetricKey;
use crate::sources::balancer::Balancer;

/// What a metric is measured on, which decides its dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// `FileSystemId`.
    FileSystem,
    /// `FileSystemId` and `StorageClass=Total`.
    Storage,
    /// No dimensions; published by the file service's own tools.
    FileService,
    /// `ClusterName` and `ServiceName`.
    Service,
    /// `FunctionName`.
    Function,
    /// `LoadBalancer` alone.
    Balancer,
    /// `LoadBalancer`, and `TargetGroup` where known.
    BalancerAndGroup,
    /// `LoadBalancer` and `TargetGroup`, both needed.
    Group,
    /// `AutoScalingGroupName`.
    ScalingGroup,
    /// `DBInstanceIdentifier`.
    Database,
}

struct Known {
    on: On,
    namespace: &'static str,
    name: &'static str,
    statistics: &'static [&'static str],
    unit: &'static str,
    period_s: u32,
}

const fn known(
    on: On,
    namespace: &'static str,
    name: &'static str,
    statistics: &'static [&'static str],
    unit: &'static str,
    period_s: u32,
) -> Known {
    Known { on, namespace, name, statistics, unit, period_s }
}

const EFS: &str = "AWS/EFS";
const ECS: &str = "AWS/ECS";
const LAMBDA: &str = "AWS/Lambda";
const ELB: &str = "AWS/ApplicationELB";
const RDS: &str = "AWS/RDS";
/// Namespace of the file service's own metrics.
pub(in crate::sources) const FILE_SERVICE: &str = crate::domain::publication::NAMESPACE;
/// The count of files that somebody else has published.
pub(in crate::sources) const FILE_COUNT: &str = crate::domain::publication::FILE_COUNT;

const CATALOG: &[Known] = &[
    known(On::FileSystem, EFS, "ClientConnections", &["Sum"], "Count", 60),
    known(On::FileSystem, EFS, "DataReadIOBytes", &["Sum"], "Bytes", 60),
    known(On::FileSystem, EFS, "DataWriteIOBytes", &["Sum"], "Bytes", 60),
    known(On::FileSystem, EFS, "MetadataIOBytes", &["Sum"], "Bytes", 60),
    known(On::FileSystem, EFS, "TotalIOBytes", &["Sum"], "Bytes", 60),
    known(On::FileSystem, EFS, "MeteredIOBytes", &["Sum"], "Bytes", 60),
    known(On::FileSystem, EFS, "PercentIOLimit", &["Average"], "Percent", 60),
    known(On::FileSystem, EFS, "BurstCreditBalance", &["Average"], "Bytes", 60),
    known(On::FileSystem, EFS, "PermittedThroughput", &["Average"], "Bytes/Second", 60),
    known(On::Storage, EFS, "StorageBytes", &["Average"], "Bytes", 900),
    known(On::FileService, FILE_SERVICE, FILE_COUNT, &["Maximum"], "Count", 60),
    known(On::FileService, FILE_SERVICE, "MountTargetsCreated", &["Sum"], "Count", 60),
    known(On::FileService, FILE_SERVICE, "MountTargetsSkipped", &["Sum"], "Count", 60),
    known(On::Service, ECS, "CPUUtilization", &["Average", "Maximum"], "Percent", 60),
    known(On::Service, ECS, "MemoryUtilization", &["Average", "Maximum"], "Percent", 60),
    known(On::Function, LAMBDA, "Invocations", &["Sum"], "Count", 60),
    known(On::Function, LAMBDA, "Errors", &["Sum"], "Count", 60),
    known(On::Function, LAMBDA, "Duration", &["Maximum"], "Milliseconds", 60),
    known(On::BalancerAndGroup, ELB, "RequestCount", &["Sum"], "Count", 60),
    known(On::BalancerAndGroup, ELB, "HTTPCode_Target_2XX_Count", &["Sum"], "Count", 60),
    known(On::BalancerAndGroup, ELB, "HTTPCode_Target_5XX_Count", &["Sum"], "Count", 60),
    known(On::BalancerAndGroup, ELB, "TargetResponseTime", &["Average", "p99"], "Seconds", 60),
    known(On::Balancer, ELB, "HTTPCode_ELB_5XX_Count", &["Sum"], "Count", 60),
    known(On::Balancer, ELB, "RejectedConnectionCount", &["Sum"], "Count", 60),
    known(On::Group, ELB, "HealthyHostCount", &["Minimum"], "Count", 60),
    known(On::ScalingGroup, "AWS/AutoScaling", "GroupInServiceInstances", &["Average"], "Count", 60),
    known(On::ScalingGroup, "AWS/EC2", "CPUUtilization", &["Average", "Maximum"], "Percent", 60),
    known(On::Database, RDS, "CPUUtilization", &["Average"], "Percent", 60),
    known(On::Database, RDS, "DatabaseConnections", &["Average"], "Count", 60),
    known(On::Database, RDS, "WriteIOPS", &["Average"], "Count/Second", 60),
    known(On::Database, RDS, "CommitLatency", &["Average"], "Milliseconds", 60),
];

/// A query with the unit to show its values in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) query: MetricQuery,
    pub(super) unit: String,
}

/// All metrics to ask for: the known ones of what is configured or found, and the environment's own.
pub(super) fn wanted(environment: &Environment, balancers: &[Balancer]) -> Vec<Wanted> {
    let mut out: Vec<Wanted> = Vec::new();
    for metric in CATALOG {
        for dimensions in dimensions(metric.on, environment, balancers) {
            out.extend(metric.statistics.iter().map(|statistic| Wanted {
                query: MetricQuery {
                    key: MetricKey {
                        namespace: metric.namespace.to_owned(),
                        name: metric.name.to_owned(),
                        statistic: (*statistic).to_owned(),
                        dimensions: dimensions.clone(),
                    },
                    period_s: metric.period_s,
                },
                unit: metric.unit.to_owned(),
            }));
        }
    }
    for extra in &environment.metrics {
        // One that miharu asks for anyway is asked for, and paid, once.
        if out.iter().all(|w| w.query.key != extra.key) {
            out.push(Wanted {
                query: MetricQuery { key: extra.key.clone(), period_s: extra.period_s.max(1) },
                unit: extra.unit.clone(),
            });
        }
    }
    out
}

type Dimensions = BTreeMap<String, String>;

/// The dimensions of the environment's resources of a kind; none where there is no such resource.
fn dimensions(on: On, e: &Environment, balancers: &[Balancer]) -> Vec<Dimensions> {
    let map = |pairs: &[(&str, &Option<String>)]| -> Option<Dimensions> {
        pairs.iter().map(|(k, v)| Some(((*k).to_owned(), (*v).clone()?))).collect()
    };
    let total = Some("Total".to_owned());
    let of_file_system = |d: Option<Dimensions>| e.file_system_id.as_ref().and(d);
    let of_balancers = |make: &dyn Fn(&Balancer) -> Option<Dimensions>| {
        let mut all: Vec<_> = balancers.iter().filter_map(make).collect();
        all.sort();
        all.dedup();
        all
    };
    let one = match on {
        On::FileSystem => map(&[("FileSystemId", &e.file_system_id)]),
        On::Storage => map(&[("FileSystemId", &e.file_system_id), ("StorageClass", &total)]),
        On::FileService => of_file_system(Some(Dimensions::new())),
        On::Service => map(&[("ClusterName", &e.cluster), ("ServiceName", &e.service)]),
        On::Function => of_file_system(map(&[("FunctionName", &e.lambda_function)])),
        On::ScalingGroup => map(&[("AutoScalingGroupName", &e.auto_scaling_group)]),
        On::Database => map(&[("DBInstanceIdentifier", &e.db_instance)]),
        On::Balancer => return of_balancers(&|b| map(&[("LoadBalancer", &b.load_balancer)])),
        On::Group => {
            return of_balancers(&|b| {
                map(&[("LoadBalancer", &b.load_balancer), ("TargetGroup", &b.target_group)])
            });
        }
        On::BalancerAndGroup => {
            return of_balancers(&|b| {
                let mut d = map(&[("LoadBalancer", &b.load_balancer)])?;
                d.extend(b.target_group.iter().map(|g| ("TargetGroup".to_owned(), g.clone())));
                Some(d)
            });
        }
    };
    one.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::ExtraMetric;

    fn names(environment: &Environment, balancers: &[Balancer]) -> Vec<String> {
        wanted(environment, balancers)
            .into_iter()
            .map(|w| {
                let dimensions: Vec<_> = w.query.key.dimensions.into_keys().collect();
                format!("{} {} {}", w.query.key.name, w.query.key.statistic, dimensions.join("+"))
            })
            .collect()
    }

    #[test]
    fn nothing_configured_asks_for_nothing() {
        assert_eq!(names(&Environment::named("t"), &[]), Vec::<String>::new());
    }

    #[test]
    fn a_balancer_takes_its_target_group_where_cloudwatch_does() {
        let both = Balancer { load_balancer: Some("lb".into()), target_group: Some("tg".into()) };
        let got = names(&Environment::named("t"), std::slice::from_ref(&both));
        assert!(got.contains(&"RequestCount Sum LoadBalancer+TargetGroup".to_owned()));
        assert!(got.contains(&"HTTPCode_ELB_5XX_Count Sum LoadBalancer".to_owned()));
        assert!(got.contains(&"RejectedConnectionCount Sum LoadBalancer".to_owned()));
        assert!(got.contains(&"HealthyHostCount Minimum LoadBalancer+TargetGroup".to_owned()));
        let alone = Balancer { target_group: None, ..both.clone() };
        let got = names(&Environment::named("t"), &[alone]);
        assert!(got.contains(&"RequestCount Sum LoadBalancer".to_owned()));
        assert!(!got.iter().any(|n| n.starts_with("HealthyHostCount")));
        let second = Balancer { target_group: Some("tg2".into()), ..both.clone() };
        let got = names(&Environment::named("t"), &[both, second]);
        assert_eq!(got.iter().filter(|n| n.starts_with("HTTPCode_ELB_5XX")).count(), 1);
    }

    #[test]
    fn a_known_metric_named_again_is_asked_for_once() {
        let mut environment = Environment { db_instance: Some("db".into()), ..Environment::named("t") };
        let known = wanted(&environment, &[]);
        environment.metrics =
            vec![ExtraMetric { key: known[0].query.key.clone(), unit: "Percent".into(), period_s: 60 }];
        assert_eq!(wanted(&environment, &[]), known);
    }
}
