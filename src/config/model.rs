//! The settings as the program uses them: complete, validated, with units in the types.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::apply::Apply;
use super::journal::Location;
use super::logs::Logs;
use crate::domain::count::CountSource;
use crate::domain::impressions::Terms;
use crate::domain::metric::MetricKey;
use crate::domain::policy::Policy;
use crate::domain::price::PriceList;
use crate::domain::slo::Objective;
use crate::domain::snapshot::Mode;
use crate::domain::source::SourceId;

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// In the order of the file; `--environment` moves one to the front. Empty where nothing is configured.
    pub environments: Vec<Environment>,
    /// Name of the theme.
    pub theme: String,
    /// Name of the keymap.
    pub keymap: String,
    /// Where user themes and keymaps lie, `$XDG_CONFIG_HOME/miharu`.
    pub directory: PathBuf,
    /// No call that is not a read may leave.
    pub read_only: bool,
    /// The program's own log.
    pub log_file: Option<PathBuf>,
    /// Prices by region.
    pub prices: BTreeMap<String, PriceList>,
    /// Language of the screens.
    pub lang: Lang,
    /// Where changes are written down.
    pub journal: Location,
    /// Draw and poll less, for a slow line.
    pub low_bandwidth: bool,
    /// Columns of East Asian ambiguous characters: `auto`, `narrow` or `wide`.
    pub ambiguous: String,
    /// What lines and bars are made of: `auto`, `unicode` or `ascii`.
    pub shapes: String,
    /// Account, addresses, ids and ARNs are hidden from the start.
    pub mask: bool,
    /// Where saved screens go; else [`super::journal::state_directory`].
    pub screens: Option<PathBuf>,
    /// Poll period by source for environments that set none of their own.
    pub every: BTreeMap<SourceId, Duration>,
    /// Deadline by source for environments that set none of their own.
    pub deadline: BTreeMap<SourceId, Duration>,
}

/// Language of the screens and of what is printed for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Lang {
    /// The language of a locale such as `ja_JP.UTF-8`, with the variable that tells it; none where text is not
    /// written in UTF-8, or in a language that miharu does not speak.
    pub fn of_locale(variables: &BTreeMap<String, String>) -> Option<(Self, &'static str)> {
        let first = |names: [&'static str; 3]| {
            names.into_iter().find_map(|name| {
                variables.get(name).filter(|v| !v.is_empty()).map(|v| (v.to_ascii_lowercase(), name))
            })
        };
        let (text, _) = first(["LC_ALL", "LC_CTYPE", "LANG"])?;
        let (messages, variable) = first(["LC_ALL", "LC_MESSAGES", "LANG"])?;
        let language = messages.split(['_', '.', '@']).next().unwrap_or_default();
        (language == "ja" && text.replace('-', "").contains("utf8")).then_some((Self::Ja, variable))
    }
}

impl Config {
    /// Every default, no environment; user themes and keymaps lie in `directory`.
    pub fn new(directory: PathBuf) -> Self {
        Self {
            environments: Vec::new(),
            theme: "dark".into(),
            keymap: "default".into(),
            directory,
            read_only: false,
            log_file: None,
            prices: BTreeMap::new(),
            lang: Lang::default(),
            journal: Location::File(PathBuf::new()),
            low_bandwidth: false,
            ambiguous: "auto".into(),
            shapes: "auto".into(),
            mask: false,
            screens: None,
            every: BTreeMap::new(),
            deadline: BTreeMap::new(),
        }
    }
}

/// One environment: an account and region with a file service.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Unique name.
    pub name: String,
    /// Region, where one is set.
    pub region: Option<String>,
    /// Profile of the AWS configuration.
    pub profile: Option<String>,
    /// Endpoint for all services, for tests and private links.
    pub endpoint_url: Option<String>,
    /// Account that the identity must belong to.
    pub expected_account: Option<String>,
    /// What miharu may do here.
    pub mode: Mode,
    /// `fs-…`.
    pub file_system_id: Option<String>,
    /// VPC; else that of the mount targets.
    pub vpc_id: Option<String>,
    /// Security group of new mount targets.
    pub security_group_id: Option<String>,
    /// Parameter with the published list.
    pub published_parameter: String,
    /// Cluster name.
    pub cluster: Option<String>,
    /// Service name.
    pub service: Option<String>,
    /// The count of files.
    pub files: Files,
    /// Function of the former Lambda monitor.
    pub lambda_function: Option<String>,
    /// `app/…/…`: the `LoadBalancer` dimension; else found from the service's target group.
    pub load_balancer: Option<String>,
    /// `targetgroup/…/…`: the `TargetGroup` dimension.
    pub target_group: Option<String>,
    /// hakaru's Auto Scaling group.
    pub auto_scaling_group: Option<String>,
    /// hakaru's RDS instance.
    pub db_instance: Option<String>,
    /// hakaru's event log.
    pub datasource: Option<Datasource>,
    /// `http://host:port/metrics` of instances of hakaru and of kakeru.
    pub scrape: Vec<String>,
    /// Share of impressions that shall succeed, from 0.5 to 0.99999.
    pub objective: f64,
    /// Rolling window that the objective holds for.
    pub objective_window: Duration,
    /// Variable that `datasource` was taken from, where the file names one.
    pub datasource_env: Option<String>,
    /// Metrics beside the ones miharu knows.
    pub metrics: Vec<ExtraMetric>,
    /// Whether mount targets are probed.
    pub probe: bool,
    /// What may be done, how far and how often. Threshold, security group and account in it are those above.
    pub policy: Policy,
    /// How a change is carried out.
    pub apply: Apply,
    /// How the log groups are tailed.
    pub logs: Logs,
    /// Poll period by source.
    pub every: BTreeMap<SourceId, Duration>,
    /// Deadline by source.
    pub deadline: BTreeMap<SourceId, Duration>,
}

/// How files are counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Files {
    /// Counted directory on this machine.
    pub directory: Option<PathBuf>,
    /// Scale above this many.
    pub threshold: u64,
    /// Subdirectories too.
    pub recursive: bool,
    /// A directory that is not on a network file system is "no data".
    pub require_mount: bool,
    /// Other file systems mounted below too.
    pub cross_file_systems: bool,
    /// Most directory reads in flight.
    pub concurrency: u32,
    /// Most operations (open, read, stat) a second.
    pub operations_per_s: u32,
    /// A count younger than this is not repeated.
    pub fresh_for: Duration,
    /// Parameter with the cached count.
    pub cache_parameter: Option<String>,
    /// Whether counts of this machine are published as a metric.
    pub publish_metric: bool,
    /// Whether counts of this machine are published in `cache_parameter`.
    pub publish_cache: bool,
    /// Least time between two publications.
    pub publish_every: Duration,
    /// Origins, tried in order.
    pub sources: Vec<CountSource>,
}

/// A metric to watch beside the known ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraMetric {
    /// Which.
    pub key: MetricKey,
    /// CloudWatch unit, for display.
    pub unit: String,
    /// Seconds a point stands for.
    pub period_s: u32,
}

/// A database URL whose password is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Datasource {
    /// `mysql://user:password@host:port/database?…` or `sqlite://…`, whatever form it was given in.
    pub url: String,
}

impl std::fmt::Debug for Datasource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Datasource(…)")
    }
}

/// Default poll period of each source.
pub const PERIODS: &[(SourceId, Duration)] = &[
    (SourceId::EFS, Duration::from_secs(15)),
    (SourceId::ECS, Duration::from_secs(10)),
    (SourceId::SSM, Duration::from_secs(15)),
    (SourceId::SUBNETS, Duration::from_secs(300)),
    (SourceId::CLOUDWATCH, Duration::from_secs(60)),
    (SourceId::ALARMS, Duration::from_secs(30)),
    (SourceId::IDENTITY, Duration::from_secs(300)),
    (SourceId::AUTOSCALING, Duration::from_secs(60)),
    (SourceId::PROBE, Duration::from_secs(30)),
    (SourceId::FILES, Duration::from_secs(60)),
    (SourceId::IMPRESSIONS, Duration::from_secs(2)),
    (SourceId::LOGS, Duration::from_secs(3)),
];

/// Deadline of a poll where none is set: a slow list of many pages included.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Default poll period of `source`.
pub fn period(source: SourceId) -> Duration {
    PERIODS.iter().find(|(id, _)| *id == source).map_or(Duration::from_secs(60), |(_, d)| *d)
}

impl Environment {
    /// An environment with every default and nothing to watch.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            region: None,
            profile: None,
            endpoint_url: None,
            expected_account: None,
            mode: Mode::default(),
            file_system_id: None,
            vpc_id: None,
            security_group_id: None,
            published_parameter: "/efs-mount-autoscaling/mount-targets".into(),
            cluster: None,
            service: None,
            files: Files {
                directory: None,
                threshold: 100_000,
                recursive: true,
                require_mount: false,
                cross_file_systems: false,
                concurrency: 32,
                operations_per_s: 5_000,
                fresh_for: Duration::from_secs(30),
                cache_parameter: None,
                publish_metric: false,
                publish_cache: false,
                publish_every: Duration::from_secs(300),
                sources: vec![
                    CountSource::Path,
                    CountSource::Cloudwatch,
                    CountSource::Ssm,
                    CountSource::Logs,
                ],
            },
            lambda_function: Some("efs-mount-autoscaling-file-monitor".into()),
            load_balancer: None,
            target_group: None,
            auto_scaling_group: None,
            db_instance: None,
            datasource: None,
            datasource_env: None,
            scrape: Vec::new(),
            objective: Terms::default().objective.ratio(),
            objective_window: Duration::from_secs(u64::from(Terms::default().window_s)),
            metrics: Vec::new(),
            probe: true,
            policy: Policy::default(),
            apply: Apply::default(),
            logs: Logs::default(),
            every: BTreeMap::new(),
            deadline: BTreeMap::new(),
        }
    }

    /// Poll period of a source.
    pub fn every(&self, source: SourceId) -> Duration {
        self.every.get(&source).copied().unwrap_or_else(|| period(source))
    }

    /// What the impression service is measured against.
    pub fn terms(&self) -> Terms {
        let default = Terms::default();
        Terms {
            objective: Objective::new(self.objective).unwrap_or(default.objective),
            window_s: u32::try_from(self.objective_window.as_secs()).unwrap_or(default.window_s),
        }
    }

    /// Deadline of a poll.
    pub fn deadline(&self, source: SourceId) -> Duration {
        self.deadline.get(&source).copied().unwrap_or(DEADLINE)
    }
}
