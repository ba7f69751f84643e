//! The file count, from the first of the configured origins that has one.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::{Built, Observation, Pace, Setup, Source, paced};
use crate::aws::Aws;
use crate::clock::Clock;
use crate::config::model::Environment;
use crate::count::{self, Reason};
use crate::domain::count::{CountSource, FileCount};
use crate::domain::facts::Facts;
use crate::domain::source::{Failure, FailureClass, SourceId};

mod elsewhere;
mod logged;
mod path;
mod pressure;
mod shared;

use path::PathCounter;

/// Whether a directory is on a network file system. May hang as long as the mount does.
///
/// # Errors
/// It does not exist, or cannot be asked.
pub fn on_network_file_system(directory: &Path) -> Result<bool, Failure> {
    count::on_network_file_system(directory).map_err(|error| {
        let reason = Reason::from(error);
        Failure::new(path::class_of(&reason), format!("{} {}", directory.display(), reason.words()))
    })
}

/// Time that is left, after the directory, for the origins behind it.
const FOR_THE_OTHERS: Duration = Duration::from_secs(5);

enum Origin {
    Path(Box<PathCounter>),
    Cloudwatch,
    Ssm(String),
    Logs(String),
}

impl Origin {
    fn name(&self) -> &'static str {
        match self {
            Self::Path(_) => "path",
            Self::Cloudwatch => "cloudwatch",
            Self::Ssm(_) => "ssm",
            Self::Logs(_) => "logs",
        }
    }
}

struct FilesSource {
    pace: Pace,
    aws: Arc<dyn Aws>,
    file_system: Option<String>,
    origins: Vec<Origin>,
    /// Whether the last poll told of a count under way, which it has to take back.
    told: bool,
}

/// Needs something to count, or somebody who has counted.
///
/// # Errors
/// Nothing is configured.
pub fn build(setup: &Setup) -> Built {
    let environment = &setup.environment;
    let origins: Vec<Origin> =
        environment.files.sources.iter().filter_map(|s| origin(*s, environment)).collect();
    if origins.is_empty() {
        return Err(
            "nothing to count files by (files.directory, files.cache_parameter, file_system.id)".into()
        );
    }
    Ok(Box::new(FilesSource {
        pace: Pace::of(setup, SourceId::FILES),
        aws: Arc::clone(&setup.outside.aws),
        file_system: environment.file_system_id.clone(),
        origins,
        told: false,
    }))
}

/// An origin, where what it needs is configured.
fn origin(source: CountSource, environment: &Environment) -> Option<Origin> {
    let files = &environment.files;
    match source {
        CountSource::Path => files
            .directory
            .as_ref()
            .map(|directory| Origin::Path(Box::new(PathCounter::new(directory, files)))),
        CountSource::Cloudwatch => environment.file_system_id.as_ref().map(|_| Origin::Cloudwatch),
        CountSource::Ssm => files.cache_parameter.clone().map(Origin::Ssm),
        CountSource::Logs => {
            environment.file_system_id.as_ref()?;
            environment.lambda_function.as_deref().map(|function| Origin::Logs(logged::group(function)))
        }
    }
}

#[async_trait]
impl Source for FilesSource {
    paced!();

    async fn observe(&mut self, now: DateTime<Utc>) -> Result<Observation, Failure> {
        let elapsed = Clock::stopwatch();
        let patience = self.pace.deadline.saturating_sub(FOR_THE_OTHERS).max(self.pace.deadline / 2);
        let mut failed: Vec<(&'static str, Failure)> = Vec::new();
        let mut found = None;
        for origin in &mut self.origins {
            let counted = match origin {
                Origin::Path(counter) => {
                    let percent = match &self.file_system {
                        Some(id) if counter.is_due(now) => {
                            pressure::percent_of_limit(self.aws.as_ref(), id, now).await
                        }
                        _ => None,
                    };
                    counter.count(now, patience.saturating_sub(elapsed()), percent).await
                }
                Origin::Cloudwatch => elsewhere::from_metric(self.aws.as_ref(), now).await,
                Origin::Ssm(parameter) => elsewhere::from_cache(self.aws.as_ref(), parameter, now).await,
                Origin::Logs(group) => logged::from_log(self.aws.as_ref(), group, now).await,
            };
            match counted {
                Ok(count) => {
                    found = Some(count);
                    break;
                }
                Err(failure) => failed.push((origin.name(), failure)),
            }
        }
        let under_way = self.under_way();
        match found {
            Some(count) => Ok(observation(count, under_way, failed)),
            // What is under way is shown, but it is no count.
            None => match under_way {
                Some(fact) => Ok(Observation {
                    facts: vec![fact],
                    warnings: Vec::new(),
                    incomplete: Some(all_failed(&failed)),
                }),
                None => Err(all_failed(&failed)),
            },
        }
    }
}

impl FilesSource {
    /// The count under way, or that there is none any more.
    fn under_way(&mut self) -> Option<Facts> {
        let counting = self.origins.iter().find_map(|origin| match origin {
            Origin::Path(counter) => counter.counting(),
            _ => None,
        });
        let before = std::mem::replace(&mut self.told, counting.is_some());
        (before || counting.is_some()).then_some(Facts::Counting(counting))
    }
}

/// A count, with what the origins before it failed with. That one of them does not exist here is no complaint:
/// a bastion seldom has the tasks' directory.
fn observation(
    count: FileCount,
    under_way: Option<Facts>,
    failed: Vec<(&'static str, Failure)>,
) -> Observation {
    let warnings = failed
        .into_iter()
        .filter(|(_, f)| f.class != FailureClass::NotFound)
        .map(|(origin, f)| Failure { text: format!("no count from {origin}: {}", f.text), ..f })
        .collect();
    let facts = std::iter::once(Facts::Files(count)).chain(under_way).collect();
    Observation { facts, warnings, incomplete: None }
}

/// One failure that names each origin. Its class is that of the first that was more than "nothing there":
/// where a directory is simply not on this machine, expired credentials are what keeps the count away.
fn all_failed(failed: &[(&'static str, Failure)]) -> Failure {
    let text = failed
        .iter()
        .map(|(origin, failure)| format!("{origin}: {}", failure.line()))
        .collect::<Vec<_>>()
        .join("; ");
    let telling = failed.iter().find(|(_, f)| f.class != FailureClass::NotFound).or(failed.first());
    let class = telling.map_or(FailureClass::Other, |(_, f)| f.class);
    Failure::new(class, text)
}
