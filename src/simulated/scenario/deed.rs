//! `[[at]]`: what happens in a scenario: what somebody outside does, what breaks, and how AWS fails to answer.

use std::ops::Range;

use chrono::TimeDelta;
use serde::Deserialize;
use toml::Spanned;

use super::error::{Noted, Place};
use super::file;

/// What is done. Each is a cause; what follows is the world's business.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// `create-mount-target`, `zone`.
    CreateMountTarget {
        /// Zone.
        zone: String,
    },
    /// `delete-mount-target`, `zone`.
    DeleteMountTarget {
        /// Zone.
        zone: String,
    },
    /// `put-list`: publishes the available mount targets; those published before keep their place. With
    /// `value`: this text, whatever it is.
    PutList {
        /// The text, where it is not made from the targets.
        value: Option<String>,
    },
    /// `deploy-bad-image`: a new revision whose container exits with `exit_code` (1).
    DeployBadImage {
        /// Exit code of the container.
        exit_code: i32,
    },
    /// `force-deployment`: all tasks anew by the same task definition.
    ForceDeployment,
    /// `update-service`: `tasks` and/or `zones`; other zones are a new deployment.
    UpdateService {
        /// Desired tasks.
        tasks: Option<u32>,
        /// Zones whose subnets the service may use.
        zones: Option<Vec<String>>,
    },
    /// `stop-task`: the containers of `tasks` (1) running tasks exit with `exit_code` (1), `reason`.
    StopTask {
        /// How many.
        tasks: u32,
        /// Exit code of the container.
        exit_code: i32,
        /// ECS's words.
        reason: String,
    },
    /// `lock-database`: somebody holds the event log's table, `for` a while; nothing can be recorded. Where tasks are
    /// processes.
    LockDatabase {
        /// How long.
        lasts: TimeDelta,
    },
    /// `fault`: AWS answers otherwise, `for` a while.
    Fault(Fault),
}

/// A fault for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// How calls fail.
    pub kind: FaultKind,
    /// Service as in IAM actions (`elasticfilesystem`), or its everyday name (`efs`); `None`: all.
    pub service: Option<String>,
    /// Operation, `ListTasks`; `None`: all.
    pub operation: Option<String>,
    /// Share of the calls that it hits.
    pub share: f64,
    /// How long it lasts.
    pub lasts: TimeDelta,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FaultKind {
    /// `throttled`: `ThrottlingException`, "Rate exceeded".
    Throttled,
    /// `denied`: `AccessDeniedException`.
    Denied,
    /// `hang`: the answer comes after `seconds` (60).
    Hang {
        /// How late, in real time.
        answer_after: TimeDelta,
    },
    /// `server-error`: HTTP 500.
    ServerError,
    /// `garbage`: an answer that is not what the protocol says.
    Garbage,
    /// `unreachable`: the connection is refused.
    Unreachable,
    /// `expired-credentials`: `ExpiredTokenException` for every call.
    ExpiredCredentials,
}

/// Everyday names of services and what IAM calls them.
pub(in crate::simulated) const SERVICES: [(&str, &str); 9] = [
    ("efs", "elasticfilesystem"),
    ("ecs", "ecs"),
    ("ssm", "ssm"),
    ("ec2", "ec2"),
    ("cloudwatch", "cloudwatch"),
    ("sts", "sts"),
    ("autoscaling", "application-autoscaling"),
    ("logs", "logs"),
    ("elasticfilesystem", "elasticfilesystem"),
];

const DEEDS: [(&str, &[&str]); 9] = [
    ("create-mount-target", &["zone"]),
    ("delete-mount-target", &["zone"]),
    ("put-list", &["value"]),
    ("deploy-bad-image", &["exit_code"]),
    ("force-deployment", &[]),
    ("update-service", &["tasks", "zones"]),
    ("stop-task", &["tasks", "exit_code", "reason"]),
    ("lock-database", &["for"]),
    ("fault", &["kind", "service", "operation", "share", "seconds", "for"]),
];

const KINDS: [&str; 7] =
    ["throttled", "denied", "hang", "server-error", "garbage", "unreachable", "expired-credentials"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) after: Option<Spanned<String>>,
    #[serde(rename = "do")]
    what: Option<Spanned<String>>,
    zone: Option<Spanned<String>>,
    zones: Option<Spanned<Vec<String>>>,
    tasks: Option<Spanned<u32>>,
    value: Option<Spanned<String>>,
    exit_code: Option<Spanned<i32>>,
    reason: Option<Spanned<String>>,
    kind: Option<Spanned<String>>,
    service: Option<Spanned<String>>,
    operation: Option<Spanned<String>>,
    share: Option<Spanned<f64>>,
    seconds: Option<Spanned<f64>>,
    #[serde(rename = "for")]
    lasts: Option<Spanned<String>>,
}

fn inner<T: Clone>(value: Option<&Spanned<T>>) -> Option<T> {
    value.map(|v| v.get_ref().clone())
}

impl Raw {
    pub(super) fn check(&self, place: Place<'_>, zones: &[String]) -> Result<Deed, Noted> {
        // That it is missing has been noted.
        let said = self.what.as_ref().ok_or(Noted)?;
        let what = said.get_ref().as_str();
        let Some((_, keys)) = DEEDS.iter().find(|(name, _)| *name == what) else {
            let known: Vec<&str> = DEEDS.iter().map(|(name, _)| *name).collect();
            return Err(place.unknown(&said.span(), "do", what, &known));
        };
        for (key, span) in self.given() {
            if !keys.contains(&key) {
                let takes = if keys.is_empty() {
                    "no parameters".to_owned()
                } else {
                    format!("only {}", keys.join(", "))
                };
                place.wrong(&span, key, format!("no such key: {what} takes {takes}"));
            }
        }
        let exit_code = self.exit_code.as_ref().map_or(1, |c| *c.get_ref());
        Ok(match what {
            "create-mount-target" => Deed::CreateMountTarget { zone: self.zone(place, zones, said)? },
            "delete-mount-target" => Deed::DeleteMountTarget { zone: self.zone(place, zones, said)? },
            "put-list" => Deed::PutList { value: inner(self.value.as_ref()) },
            "deploy-bad-image" => Deed::DeployBadImage { exit_code },
            "force-deployment" => Deed::ForceDeployment,
            "update-service" => {
                for zone in self.zones.iter().flat_map(Spanned::get_ref) {
                    let _ = known_zone(
                        place,
                        "zones",
                        &self.zones.as_ref().map_or(0..0, Spanned::span),
                        zone,
                        zones,
                    );
                }
                if self.zones.is_none() && self.tasks.is_none() {
                    return Err(place.missing(
                        &said.span(),
                        "tasks",
                        "tasks or zones, which update-service changes",
                        "4",
                    ));
                }
                Deed::UpdateService {
                    tasks: inner(self.tasks.as_ref()),
                    zones: inner(self.zones.as_ref()).filter(|z| !z.is_empty()),
                }
            }
            "stop-task" => Deed::StopTask {
                tasks: inner(self.tasks.as_ref()).unwrap_or(1),
                exit_code,
                reason: inner(self.reason.as_ref())
                    .unwrap_or_else(|| "Essential container in task exited".into()),
            },
            "lock-database" => Deed::LockDatabase { lasts: self.lasts(place, said)? },
            _ => Deed::Fault(self.fault(place, said)?),
        })
    }

    /// Parameters that are there, with their places.
    fn given(&self) -> Vec<(&'static str, Range<usize>)> {
        fn span<T>(value: Option<&Spanned<T>>) -> Option<Range<usize>> {
            value.map(Spanned::span)
        }
        [
            ("zone", span(self.zone.as_ref())),
            ("zones", span(self.zones.as_ref())),
            ("tasks", span(self.tasks.as_ref())),
            ("value", span(self.value.as_ref())),
            ("exit_code", span(self.exit_code.as_ref())),
            ("reason", span(self.reason.as_ref())),
            ("kind", span(self.kind.as_ref())),
            ("service", span(self.service.as_ref())),
            ("operation", span(self.operation.as_ref())),
            ("share", span(self.share.as_ref())),
            ("seconds", span(self.seconds.as_ref())),
            ("for", span(self.lasts.as_ref())),
        ]
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
        .collect()
    }

    fn zone(&self, place: Place<'_>, zones: &[String], what: &Spanned<String>) -> Result<String, Noted> {
        let Some(zone) = &self.zone else {
            let example = format!("\"{}\"", zones.first().map_or("ap-northeast-1a", String::as_str));
            return Err(place.missing(&what.span(), "zone", "a zone of the world", &example));
        };
        known_zone(place, "zone", &zone.span(), zone.get_ref(), zones)?;
        Ok(zone.get_ref().clone())
    }

    fn lasts(&self, place: Place<'_>, what: &Spanned<String>) -> Result<TimeDelta, Noted> {
        match &self.lasts {
            Some(lasts) => file::duration(place, "for", lasts, false),
            None => Err(place.missing(&what.span(), "for", "how long it lasts, such as \"90s\"", "\"90s\"")),
        }
    }

    fn fault(&self, place: Place<'_>, what: &Spanned<String>) -> Result<Fault, Noted> {
        let kind = if let Some(kind) = &self.kind {
            self.kind_of(place, kind)
        } else {
            let expected = crate::config::error::any_of(KINDS);
            Err(place.missing(&what.span(), "kind", &expected, "\"throttled\""))
        };
        let lasts = self.lasts(place, what);
        let service = self.service.as_ref().map(|name| {
            let found = SERVICES.iter().find(|(n, iam)| n == name.get_ref() || iam == name.get_ref());
            found.map(|(_, iam)| (*iam).to_owned()).ok_or_else(|| {
                let known: Vec<&str> = SERVICES.iter().map(|(n, _)| *n).collect();
                place.unknown(&name.span(), "service", name.get_ref(), &known)
            })
        });
        if let Some(operation) = &self.operation {
            let known = crate::simulated::ports::call::OPERATIONS.map(|o| o.name);
            if !known.contains(&operation.get_ref().as_str()) {
                place.unknown(&operation.span(), "operation", operation.get_ref(), &known);
            }
        }
        let share = self.share.as_ref().map_or(1.0, |s| *s.get_ref());
        if let Some(given) = &self.share
            && !(0.0..=1.0).contains(&share)
        {
            place.wrong(&given.span(), "share", "a share from 0 to 1");
        }
        Ok(Fault {
            kind: kind?,
            service: service.transpose()?,
            operation: inner(self.operation.as_ref()),
            share,
            lasts: lasts?,
        })
    }

    fn kind_of(&self, place: Place<'_>, kind: &Spanned<String>) -> Result<FaultKind, Noted> {
        if let Some(seconds) = &self.seconds {
            if kind.get_ref() != "hang" {
                place.wrong(&seconds.span(), "seconds", "no such key: only kind = \"hang\" takes it");
            }
            if !(0.0..=86_400.0).contains(seconds.get_ref()) {
                place.wrong(&seconds.span(), "seconds", "a number from 0 to 86400");
            }
        }
        Ok(match kind.get_ref().as_str() {
            "throttled" => FaultKind::Throttled,
            "denied" => FaultKind::Denied,
            "hang" => {
                let seconds = self.seconds.as_ref().map_or(60.0, |s| *s.get_ref());
                FaultKind::Hang { answer_after: crate::simulated::seeded::millis(seconds * 1000.0) }
            }
            "server-error" => FaultKind::ServerError,
            "garbage" => FaultKind::Garbage,
            "unreachable" => FaultKind::Unreachable,
            "expired-credentials" => FaultKind::ExpiredCredentials,
            word => return Err(place.unknown(&kind.span(), "kind", word, &KINDS)),
        })
    }
}

fn known_zone(
    place: Place<'_>,
    key: &str,
    span: &Range<usize>,
    zone: &str,
    zones: &[String],
) -> Result<(), Noted> {
    let known: Vec<&str> = zones.iter().map(String::as_str).collect();
    if known.contains(&zone) { Ok(()) } else { Err(place.unknown(span, key, zone, &known)) }
}
