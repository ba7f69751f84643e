//! A scenario under way, and short ways to ask it.

use super::*;

/// A scenario under way, with the clock of the test.
pub(crate) struct Stage {
    pub(crate) epoch: DateTime<Utc>,
    pub(crate) clock: Clock,
    pub(crate) environment: Environment,
    pub(crate) outside: Outside,
}

pub(crate) fn epoch() -> DateTime<Utc> {
    "2026-11-20T14:02:13.250Z".parse().unwrap()
}

impl Stage {
    pub(crate) fn new(name: &str, seed: u64) -> Self {
        let scenario = Scenario::load(name).unwrap_or_else(|e| panic!("{e}"));
        Self::of(&scenario, seed, 1.0)
    }

    pub(crate) fn of(scenario: &Scenario, seed: u64, speed: f64) -> Self {
        let clock = Clock::virtual_from(epoch(), speed);
        let simulated = Arc::new(Simulated::new(scenario, seed, clock.clone()));
        Self {
            epoch: epoch(),
            clock,
            environment: simulated.environment(),
            outside: Simulated::outside(&simulated),
        }
    }

    pub(crate) fn aws(&self) -> &dyn Aws {
        &*self.outside.aws
    }

    /// Lets time pass until some seconds after the start.
    pub(crate) async fn until(&self, s: i64) {
        let left = self.epoch + TimeDelta::seconds(s) - self.clock.now();
        if let Ok(left) = left.to_std() {
            self.clock.sleep(left).await;
        }
    }

    pub(crate) async fn service(&self) -> Service {
        self.aws().service(CLUSTER, SERVICE).await.unwrap()
    }

    pub(crate) async fn tasks(&self, status: DesiredStatus) -> Vec<Task> {
        let aws = self.aws();
        let arns = all_pages(10, |token| aws.list_tasks(CLUSTER, SERVICE, status, token)).await.unwrap();
        match arns.len() {
            0 => Vec::new(),
            _ => aws.describe_tasks(CLUSTER, &arns).await.unwrap(),
        }
    }

    pub(crate) async fn targets(&self) -> Vec<MountTarget> {
        let id = self.environment.file_system_id.clone().unwrap();
        all_pages(10, |marker| self.aws().mount_targets(&id, marker)).await.unwrap()
    }

    pub(crate) async fn list(&self) -> (i64, Vec<String>) {
        let current = self.aws().parameter(PARAMETER).await.unwrap();
        let list = PublishedList::parse(&current.value).unwrap();
        (current.version, list.mount_targets.into_iter().map(|e| e.mount_target_id).collect())
    }

    pub(crate) async fn alarm(&self, part: &str) -> Alarm {
        let alarms = all_pages(10, |token| self.aws().alarms(token)).await.unwrap();
        let found: Vec<Alarm> = alarms.into_iter().filter(|a| a.name.contains(part)).collect();
        assert_eq!(found.len(), 1, "{part}");
        found.into_iter().next().unwrap()
    }

    /// Points of the last minutes, oldest first.
    pub(crate) async fn points(&self, key: &MetricKey, minutes: i64) -> Vec<(DateTime<Utc>, f64)> {
        let to = self.clock.now();
        let query = MetricQuery { key: key.clone(), period_s: 60 };
        let page =
            self.aws().metric_data(&[query], to - TimeDelta::minutes(minutes), to, None).await.unwrap();
        page.items.into_iter().flat_map(|p| p.points).collect()
    }

    pub(crate) fn key(&self, namespace: &str, name: &str, statistic: &str) -> MetricKey {
        let dimensions = match namespace {
            "AWS/EFS" => vec![("FileSystemId", self.environment.file_system_id.clone().unwrap())],
            "AWS/ECS" => vec![("ClusterName", CLUSTER.into()), ("ServiceName", SERVICE.into())],
            _ => vec![],
        };
        MetricKey {
            namespace: namespace.into(),
            name: name.into(),
            statistic: statistic.into(),
            dimensions: dimensions.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        }
    }

    pub(crate) async fn files(&self) -> f64 {
        let key = self.key("EFSMountAutoscaling", "FileCount", "Maximum");
        self.points(&key, 10).await.last().unwrap().1
    }
}
