//! The table of all settings. Reading files, variables and flags, the JSON schema, the template, `print config`
//! and the documentation follow from it: a setting is one line here and its field in the model.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use std::time::Duration;

use super::apply::apply;
use super::field::Field::{
    Count, Counts, Dimensions, Flag, Lang, Minutes, Mode, Name, Number, Path, Source, Span, Text, Word,
};
use super::field::{Field, Setting};
use super::forms;
use super::logs::logs;
use super::model::{Config, DEADLINE, Environment, ExtraMetric, PERIODS, period};
use super::settings_policy::policy;
use crate::domain::metric::MetricKey;
use crate::domain::source::SourceId;

/// Seconds between two polls: quicker is unkind to the API (and throttled), slower is not watching.
const POLL: RangeInclusive<u64> = 2..=3600;
/// Seconds a poll may take.
const WAIT: RangeInclusive<u64> = 1..=600;
const PUBLISH: RangeInclusive<u64> = 60..=3600;
/// Seconds a point of a CloudWatch metric stands for.
const POINT: RangeInclusive<u64> = 60..=86_400;
/// Words of `ambiguous`.
const AMBIGUOUS: &[&str] = &["auto", "narrow", "wide"];
/// Words of `shapes`.
const SHAPES: &[&str] = &["auto", "unicode", "ascii"];
/// Files: the upper end only catches slips of the finger.
const FILES: RangeInclusive<u64> = 1..=1_000_000_000_000;

/// Directory reads in flight: each has a thread.
const READS: RangeInclusive<u32> = 1..=256;
/// Operations a second that a count may ask of a file system.
const OPERATIONS: RangeInclusive<u32> = 1..=1_000_000;
/// Seconds for which a count is not repeated.
const FRESH: RangeInclusive<u64> = 0..=86_400;

/// Seconds of the window of an objective.
const OBJECTIVE: RangeInclusive<u64> = 60..=7_776_000;

/// CloudWatch's units.
const UNITS: &[&str] = &[
    "None",
    "Count",
    "Percent",
    "Seconds",
    "Milliseconds",
    "Microseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Count/Second",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
];

/// Top-level settings.
pub(super) static ROOT: LazyLock<Vec<Setting<Config>>> = LazyLock::new(|| {
    let mut all: Vec<Setting<Config>> = vec![
        Setting::new(
            "theme",
            "Colours; a file of themes/ or of your own.",
            Name(&forms::THEME, |c| &mut c.theme),
        ),
        Setting::new(
            "keymap",
            "Keys; a file of keymaps/ or of your own.",
            Name(&forms::KEYMAP, |c| &mut c.keymap),
        ),
        Setting::new(
            "lang",
            "Language of the screens; by default that of LC_ALL, LC_MESSAGES, LANG.",
            Lang(|c| &mut c.lang),
        ),
        Setting::new("read_only", "Let no call leave that is not a read.", Flag(|c| &mut c.read_only)),
        Setting::new("low_bandwidth", "Draw and poll less, for a slow line.", Flag(|c| &mut c.low_bandwidth)),
        Setting::new(
            "ambiguous",
            "Columns that the terminal gives to East Asian ambiguous characters (one, two); auto asks it.",
            Word(AMBIGUOUS, |c| &mut c.ambiguous),
        ),
        Setting::new(
            "shapes",
            "What lines and bars are made of; auto goes by the locale and the terminal.",
            Word(SHAPES, |c| &mut c.shapes),
        ),
        Setting::new(
            "mask",
            "Hide account, addresses, ids and ARNs from the start, for an audience.",
            Flag(|c| &mut c.mask),
        ),
        Setting::new(
            "screens",
            "Where saved screens go; else screens in $XDG_STATE_HOME/miharu.",
            Path("/var/lib/miharu/screens", |c| &mut c.screens),
        ),
        Setting::new(
            "log_file",
            "The program's own log; none without it.",
            Path("/var/log/miharu.log", |c| &mut c.log_file),
        ),
        Setting::new(
            "journal",
            "Where changes are written down; else journal.db in $XDG_STATE_HOME/miharu.",
            Field::Journal(|c| &mut c.journal),
        ),
    ];
    all.extend(by_source(
        "poll",
        ("Time between two polls of", ""),
        POLL,
        |c: &mut Config| &mut c.every,
        period,
    ));
    all.extend(by_source(
        "deadline",
        ("Longest that a poll of", " may take"),
        WAIT,
        |c: &mut Config| &mut c.deadline,
        |_| DEADLINE,
    ));
    all
});

/// Settings of an `[[environment]]`.
pub(super) static ENVIRONMENT: LazyLock<Vec<Setting<Environment>>> = LazyLock::new(|| {
    let mut all: Vec<Setting<Environment>> = vec![
        Setting::required("name", "Unique name.", Name(&forms::ENVIRONMENT, |e| &mut e.name)),
        Setting::new(
            "region",
            "Region; else AWS_REGION, the profile's, the instance's, ap-northeast-1.",
            Text(&forms::REGION, |e| &mut e.region),
        ),
        Setting::new(
            "profile",
            "Profile of the AWS configuration.",
            Text(&forms::PROFILE, |e| &mut e.profile),
        ),
        Setting::new(
            "endpoint_url",
            "Endpoint for all services, for tests and private links.",
            Text(&forms::ENDPOINT, |e| &mut e.endpoint_url),
        ),
        Setting::new(
            "expected_account",
            "Account that the identity must belong to.",
            Text(&forms::ACCOUNT, |e| &mut e.expected_account),
        ),
        Setting::new(
            "mode",
            "What miharu may do here: show, apply what is approved, apply by itself.",
            Mode(|e| &mut e.mode),
        ),
        Setting::new(
            "file_system.id",
            "The EFS file system.",
            Text(&forms::FILE_SYSTEM, |e| &mut e.file_system_id),
        ),
        Setting::new(
            "vpc_id",
            "VPC of the subnets; else that of the mount targets.",
            Text(&forms::VPC, |e| &mut e.vpc_id),
        ),
        Setting::new(
            "security_group_id",
            "Security group of new mount targets; else that of the existing ones.",
            Text(&forms::SECURITY_GROUP, |e| &mut e.security_group_id),
        ),
        Setting::new(
            "published.parameter",
            "SSM parameter with the published list.",
            Name(&forms::PARAMETER, |e| &mut e.published_parameter),
        ),
        Setting::new(
            "service.cluster",
            "ECS cluster of the file service.",
            Text(&forms::CLUSTER, |e| &mut e.cluster),
        ),
        Setting::new("service.name", "ECS service.", Text(&forms::SERVICE, |e| &mut e.service)),
        Setting::new(
            "files.directory",
            "Directory on this machine whose files are counted.",
            Path("/data", |e| &mut e.files.directory),
        ),
        Setting::new(
            "files.threshold",
            "A mount target is to be added above this many files.",
            Number(FILES, |e| &mut e.files.threshold),
        ),
        Setting::new("files.recursive", "Count subdirectories too.", Flag(|e| &mut e.files.recursive)),
        Setting::new(
            "files.require_mount",
            "A directory that is not on a network file system is no data.",
            Flag(|e| &mut e.files.require_mount),
        ),
        Setting::new(
            "files.cross_file_systems",
            "Count what is mounted below the directory too.",
            Flag(|e| &mut e.files.cross_file_systems),
        ),
        Setting::new(
            "files.concurrency",
            "Most directory reads in flight; fewer where more do not help, or PercentIOLimit is high.",
            Count(READS, |e| &mut e.files.concurrency),
        ),
        Setting::new(
            "files.operations_per_s",
            "Most operations (open, read, stat) of a count a second.",
            Count(OPERATIONS, |e| &mut e.files.operations_per_s),
        ),
        Setting::new(
            "files.fresh_for",
            "A count younger than this is not repeated, whoever asks.",
            Span(FRESH, |e| &mut e.files.fresh_for),
        ),
        Setting::new(
            "files.cache_parameter",
            "SSM parameter with a cached count.",
            Text(&forms::CACHE, |e| &mut e.files.cache_parameter),
        ),
        Setting::new(
            "files.sources",
            "Origins of the count, tried in order.",
            Counts(|e| &mut e.files.sources),
        ),
        Setting::new(
            "files.publish_metric",
            "Publish what is counted here as the metric EFSMountAutoscaling/FileCount (not in mode observe).",
            Flag(|e| &mut e.files.publish_metric),
        ),
        Setting::new(
            "files.publish_cache",
            "Publish what is counted here in files.cache_parameter (not in mode observe).",
            Flag(|e| &mut e.files.publish_cache),
        ),
        Setting::new(
            "files.publish_every",
            "Least time between two publications, of all consoles on one journal.",
            Span(PUBLISH, |e| &mut e.files.publish_every),
        ),
        Setting::new(
            "lambda.function",
            "Function of the former monitor; its log is /aws/lambda/ and this.",
            Text(&forms::FUNCTION, |e| &mut e.lambda_function),
        ),
        Setting::new(
            "load_balancer.name",
            "Load balancer; else found from the service's target group.",
            Text(&forms::LOAD_BALANCER, |e| &mut e.load_balancer),
        ),
        Setting::new(
            "load_balancer.target_group",
            "Target group; else the service's.",
            Text(&forms::TARGET_GROUP, |e| &mut e.target_group),
        ),
        Setting::new(
            "hakaru.auto_scaling_group",
            "Auto Scaling group of hakaru.",
            Text(&forms::SCALING_GROUP, |e| &mut e.auto_scaling_group),
        ),
        Setting::new(
            "hakaru.db_instance",
            "RDS instance of hakaru.",
            Text(&forms::DB_INSTANCE, |e| &mut e.db_instance),
        ),
        Setting::new(
            "hakaru.datasource",
            "Database with hakaru's event log; a mysql:// or sqlite:// URL or a Go DSN.",
            Field::Datasource(|e| &mut e.datasource),
        ),
        Setting::new(
            "hakaru.datasource_env",
            "Variable that holds the datasource, so that no password stands in the file.",
            Text(&forms::VARIABLE, |e| &mut e.datasource_env),
        ),
        Setting::new(
            "hakaru.metrics",
            "Pages of /metrics of hakaru and kakeru that are read.",
            Field::Texts(&forms::METRICS, |e| &mut e.scrape),
        ),
        Setting::new(
            "slo.objective",
            "Share of impressions that shall succeed.",
            Field::Decimal(0.5..=0.99999, |e| &mut e.objective),
        ),
        Setting::new(
            "slo.window",
            "Rolling window that the objective holds for, such as a round of 2h.",
            Span(OBJECTIVE, |e| &mut e.objective_window),
        ),
        Setting::new(
            "probe.enabled",
            "Probe each mount target (TCP 2049, NFS NULL) from this machine.",
            Flag(|e| &mut e.probe),
        ),
    ];
    all.extend(policy());
    all.extend(apply());
    all.extend(logs());
    all.extend(by_source(
        "poll",
        ("Here, time between two polls of", ""),
        POLL,
        |e: &mut Environment| &mut e.every,
        period,
    ));
    all.extend(by_source(
        "deadline",
        ("Here, longest that a poll of", " may take"),
        WAIT,
        |e: &mut Environment| &mut e.deadline,
        |_| DEADLINE,
    ));
    all
});

/// Settings of an `[[environment.metric]]`.
pub(super) static METRIC: LazyLock<Vec<Setting<ExtraMetric>>> = LazyLock::new(|| {
    vec![
        Setting::required("namespace", "Namespace.", Name(&forms::NAMESPACE, |m| &mut m.key.namespace)),
        Setting::required("name", "Name.", Name(&forms::METRIC, |m| &mut m.key.name)),
        Setting::new("statistic", "Statistic.", Name(&forms::STATISTIC, |m| &mut m.key.statistic)),
        Setting::new(
            "dimensions",
            "Dimension names to values, all that the metric has.",
            Dimensions(|m| &mut m.key.dimensions),
        ),
        Setting::new("unit", "CloudWatch's unit, for display.", Word(UNITS, |m| &mut m.unit)),
        Setting::new("period", "What a point stands for.", Minutes(POINT, |m| &mut m.period_s)),
    ]
});

/// One setting for each source; what it reads stands between the two parts of `doc`.
fn by_source<T: 'static>(
    table: &'static str,
    doc: (&'static str, &'static str),
    range: RangeInclusive<u64>,
    at: fn(&mut T) -> &mut BTreeMap<SourceId, Duration>,
    default: fn(SourceId) -> Duration,
) -> impl Iterator<Item = Setting<T>> {
    PERIODS.iter().map(move |(source, _)| {
        Setting::new(
            format!("{table}.{source}"),
            format!("{} {}{}.", doc.0, what(*source), doc.1),
            Source(*source, range.clone(), at, default),
        )
    })
}

/// What a source reads.
fn what(source: SourceId) -> &'static str {
    match source.0 {
        "efs" => "file system and mount targets",
        "ecs" => "service and tasks",
        "ssm" => "the published list",
        "subnets" => "subnets and their zones",
        "cloudwatch" => "metrics (each costs money)",
        "alarms" => "alarms",
        "identity" => "the caller's identity",
        "autoscaling" => "the scalable target of the service",
        "probe" => "the probe of the mount targets",
        "files" => "the count of files",
        "impressions" => "event log and counters of the impression service",
        "logs" => "each log group",
        other => other,
    }
}

/// A metric with every default.
pub(super) fn new_metric() -> ExtraMetric {
    ExtraMetric {
        key: MetricKey {
            namespace: String::new(),
            name: String::new(),
            statistic: "Average".into(),
            dimensions: BTreeMap::new(),
        },
        unit: "None".into(),
        period_s: 60,
    }
}
