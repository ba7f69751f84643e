//! What is found in an environment that has been read once.

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::text::{counted, said};
use crate::config::model::Environment;
use crate::domain::credentials::{Credentials, Matter, Session};
use crate::domain::drift::{Drift, DriftKind};
use crate::domain::ecs::MountsBy;
use crate::domain::efs::MountTarget;
use crate::domain::source::SourceId;
use crate::domain::world::World;
use crate::domain::zones::Zone;

use super::Check;

/// The former monitor counts as running if it ran within this time: twice its period.
const FORMER: TimeDelta = TimeDelta::minutes(10);

/// Everything that can be told.
pub(super) fn checks(environment: &Environment, world: &World, now: DateTime<Utc>) -> Vec<Check> {
    let mut out = Vec::new();
    sources(&mut out, world);
    out.extend(account(environment, world));
    out.extend(world.credentials.as_ref().map(|c| credentials(c, now)));
    mount_targets(&mut out, world);
    zones(&mut out, environment, world);
    out.extend(world.drift().iter().map(|d| drift(environment, world, d)));
    out.extend(autoscaling(world));
    out.extend(former_monitor(environment, world, now));
    out
}

fn sources(out: &mut Vec<Check>, world: &World) {
    for (id, state) in &world.sources {
        // What the identity warns of is the account, which has a check of its own.
        let warnings = if *id == SourceId::IDENTITY { &[] } else { state.warnings.as_slice() };
        match &state.error {
            Some(f) => out.push(Check::fail(id.0, said(f), f.remedy())),
            None if warnings.is_empty() => {
                let took = state.took_ms.unwrap_or_default();
                out.push(Check::ok(id.0, format!("{} in {took} ms", counted(state.calls, "call", "calls"))));
            }
            None => out.extend(warnings.iter().map(|f| Check::warn(id.0, said(f), f.remedy()))),
        }
    }
    out.extend(world.off.iter().map(|(id, why)| Check::off(id.0, why)));
}

fn account(environment: &Environment, world: &World) -> Option<Check> {
    let identity = world.identity.as_ref()?;
    let who = format!("{} in {} as {}", identity.account, identity.region, identity.arn);
    Some(match &environment.expected_account {
        Some(account) if *account != identity.account => Check::fail(
            "account",
            format!("{who}, but {account} is expected"),
            "choose another profile, or correct expected_account",
        ),
        Some(_) => Check::ok("account", who),
        None => Check::warn(
            "account",
            who,
            format!("set expected_account = \"{}\", so that a wrong profile is noticed", identity.account),
        ),
    })
}

/// Where the keys come from and how long they last.
fn credentials(credentials: &Credentials, now: DateTime<Utc>) -> Check {
    const WHAT: &str = "credentials";
    const REMEDY: &str = "sign in again: login in the console's palette, or aws sso login";
    let time = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC");
    let keys = match credentials.expires_at {
        Some(at) => format!("keys end {}", time(at)),
        None => "keys have no known end".to_owned(),
    };
    let renews = match &credentials.renewal_failed {
        Some(why) => format!(", and could not be renewed: {why}"),
        None => String::new(),
    };
    let from = match &credentials.session {
        None => String::new(),
        Some(Session { name, expires_at: None, .. }) => format!("; session {name}: nobody has signed in"),
        Some(Session { name, expires_at: Some(at), renews: true }) => {
            format!("; session {name} until {}, renewed by itself", time(*at))
        }
        Some(Session { name, expires_at: Some(at), renews: false }) => {
            format!("; session {name} until {}", time(*at))
        }
    };
    let finding = format!("{keys}{renews}{from}");
    match credentials.matter(now) {
        None => Check::ok(WHAT, finding),
        Some(Matter::KeysOver | Matter::SessionOver) => Check::fail(WHAT, finding, REMEDY),
        Some(Matter::KeysEnd(_) | Matter::SessionEnds(_)) => Check::warn(WHAT, finding, REMEDY),
    }
}

fn mount_targets(out: &mut Vec<Check>, world: &World) {
    for target in world.mount_targets.iter().flatten().filter(|t| !t.is_available()) {
        let zone = target.availability_zone.as_deref().unwrap_or("an unknown zone");
        let remedy = match target.state.as_str() {
            "creating" | "updating" | "deleting" => "wait: it takes about 90 s, at most 5 min",
            _ => "delete it and create it again (aws efs delete-mount-target, create-mount-target)",
        };
        let finding = format!("{} in {zone} is {}", target.mount_target_id, target.state);
        out.push(Check::warn("mount target", finding, remedy));
    }
}

/// Zones that lack what tasks in them need. Without the published list a task cannot even start there.
fn zones(out: &mut Vec<Check>, environment: &Environment, world: &World) {
    if world.mount_targets.is_none() {
        return;
    }
    let by_volume = world.service.as_ref().is_some_and(|s| s.mounts_by == MountsBy::Volume);
    let placed = world.service.as_ref().map(|s| s.subnets.as_slice()).unwrap_or_default();
    for zone in world.zones() {
        if zone.mount_target.is_some_and(MountTarget::is_available) {
            continue;
        }
        let of_service = zone.subnets.iter().any(|id| placed.iter().any(|p| p == id));
        if by_volume && (of_service || zone.tasks > 0) {
            out.push(Check::fail(
                "zones",
                format!(
                    "the service may place tasks in {} and mounts by volume, but no mount target is available there: \
                     they cannot start (ResourceInitializationError)",
                    zone.name
                ),
                format!("{}; or take the zone's subnets out of the service", add_target(environment, &zone)),
            ));
        } else if zone.tasks > 0 && zone.mount_target.is_none() {
            let tasks = counted(zone.tasks, "task", "tasks");
            out.push(Check::warn(
                "zones",
                format!("{tasks} in {} without a mount target there: all their I/O crosses zones", zone.name),
                format!("{}; then publish it and redeploy the service", add_target(environment, &zone)),
            ));
        }
    }
}

fn add_target(environment: &Environment, zone: &Zone<'_>) -> String {
    if zone.mount_target.is_some() {
        return format!("see to the mount target of {}", zone.name);
    }
    let id = environment.file_system_id.as_deref().unwrap_or("fs-…");
    let subnet = zone.subnets.first().copied().unwrap_or("subnet-…");
    let group =
        environment.security_group_id.as_ref().map(|g| format!(" --security-groups {g}")).unwrap_or_default();
    format!(
        "add a mount target in {}: aws efs create-mount-target --file-system-id {id} --subnet-id {subnet}{group}",
        zone.name
    )
}

fn drift(environment: &Environment, world: &World, drift: &Drift) -> Check {
    let parameter = &environment.published_parameter;
    let redeploy = match &world.service {
        Some(s) => format!(
            "aws ecs update-service --cluster {} --service {} --force-new-deployment",
            s.cluster, s.name
        ),
        None => "restart the tasks that read it".to_owned(),
    };
    let remedy = match drift.kind {
        DriftKind::Unpublished => {
            format!(
                "publish it: append it to {parameter} (aws ssm put-parameter --overwrite), then redeploy: {redeploy}"
            )
        }
        DriftKind::PublishedButGone => {
            format!("take it out of {parameter}, keeping the order of the rest, then redeploy: {redeploy}")
        }
        DriftKind::TasksOnOldList => format!("redeploy: {redeploy}"),
        DriftKind::Unreadable => format!(
            "publish a list that tasks can read; earlier ones: aws ssm get-parameter-history --name {parameter}"
        ),
    };
    Check::warn("drift", drift.detail.clone(), remedy)
}

fn autoscaling(world: &World) -> Option<Check> {
    let target = world.scalable.as_ref()?.as_ref()?;
    let suspended = if target.suspended { " (partly suspended)" } else { "" };
    Some(Check::warn(
        "autoscaling",
        format!(
            "Application Auto Scaling overrules the service's desired count: {} to {} tasks{suspended}",
            target.min, target.max
        ),
        format!(
            "change the scalable target instead of the service: aws application-autoscaling register-scalable-target \
             --service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id {} \
             --min-capacity N --max-capacity N",
            target.resource_id
        ),
    ))
}

/// Whether the Lambda function that did miharu's work before still does it.
fn former_monitor(environment: &Environment, world: &World, now: DateTime<Utc>) -> Option<Check> {
    let function = environment.lambda_function.as_deref()?;
    let series = world.metric("AWS/Lambda", "Invocations", "Sum")?;
    let runs: f64 = series.points.iter().filter(|(at, _)| now - *at <= FORMER).map(|(_, n)| n).sum();
    if runs < 1.0 {
        return Some(Check::ok("former Lambda", format!("{function} has not run within 10 min")));
    }
    let often = if runs < 1.5 { "once".to_owned() } else { format!("{runs:.0} times") };
    let arn = world.identity.as_ref().map_or_else(
        || format!("ARN-OF-{function}"),
        |i| format!("arn:aws:lambda:{}:{}:function:{function}", i.region, i.account),
    );
    Some(Check::warn(
        "former Lambda",
        format!("{function} ran {often} within 10 min: two would change the same mount targets"),
        format!(
            "find its EventBridge rule: aws events list-rule-names-by-target --target-arn {arn}; stop it: aws events \
             disable-rule --name RULE"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    use std::sync::Arc;
    use std::time::Duration;

    use crate::clock::Clock;
    use crate::engine::oneshot;
    use crate::simulated::{Scenario, Simulated};
    use crate::sources::Setup;

    async fn checked(text: &str, change: impl FnOnce(&mut Environment)) -> Vec<Check> {
        let scenario = format!("title = 't'\ndescription = 'd'\n{text}");
        let scenario = Scenario::parse("t", "t.toml", &scenario).unwrap();
        let clock = Clock::virtual_from(DateTime::from_timestamp(1_800_000_000, 0).unwrap(), 1.0);
        let simulated = Arc::new(Simulated::new(&scenario, 7, clock.clone()));
        let mut environment = simulated.environment();
        change(&mut environment);
        let setup = Setup { environment: Arc::new(environment), outside: simulated.outside() };
        let limit = Duration::from_secs(30);
        let (world, now) =
            oneshot::observe(&setup, &clock, &crate::domain::price::PriceList::default(), limit).await;
        checks(&setup.environment, &world, now)
    }

    fn of<'a>(checks: &'a [Check], what: &str) -> Vec<&'a Check> {
        checks.iter().filter(|c| c.what == what).collect()
    }

    fn says(check: &Check, verdict: Verdict, finding: &str, remedy: &str) {
        assert_eq!(check.verdict, verdict, "{check:?}");
        assert!(check.finding.contains(finding), "{check:?}");
        assert!(check.remedy.as_deref().unwrap_or_default().contains(remedy), "{check:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_healthy_world_is_all_ok() {
        let all = checked("", |_| {}).await;
        let bad: Vec<_> = all.iter().filter(|c| c.verdict != Verdict::Ok).collect();
        // The file service alone: nobody measures impressions there.
        let [off] = bad.as_slice() else { panic!("{bad:?}") };
        assert_eq!((off.what.as_str(), off.verdict), ("impressions", Verdict::Off));
        assert!(of(&all, "identity")[0].finding.starts_with("1 call in "), "{all:?}");
        assert_eq!(
            of(&all, "former Lambda")[0].finding,
            "efs-mount-autoscaling-file-monitor has not run within 10 min"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn every_finding_has_its_own_remedy() {
        let world = "[world]\ntargets = ['ap-northeast-1a']\nlambda = true\nautoscaling = { min = 2, max = 9 }\n\
                     [[at]]\nafter = '-40m'\ndo = 'create-mount-target'\nzone = 'ap-northeast-1c'\n\
                     [[at]]\nafter = '-30m'\ndo = 'put-list'\n\
                     [[at]]\nafter = '-20m'\ndo = 'delete-mount-target'\nzone = 'ap-northeast-1c'";
        let all = checked(world, |e| {
            e.expected_account = Some("999999999999".into());
            e.security_group_id = Some("sg-1".into());
        })
        .await;
        says(of(&all, "account")[0], Verdict::Fail, "but 999999999999 is expected", "choose another profile");
        assert_eq!(of(&all, "identity")[0].verdict, Verdict::Ok, "said once");
        for zone in of(&all, "zones") {
            says(zone, Verdict::Warn, "crosses zones", "aws efs create-mount-target --file-system-id fs-");
            assert!(
                zone.remedy.as_ref().unwrap().contains("--security-groups sg-1; then publish"),
                "{zone:?}"
            );
        }
        assert_eq!(of(&all, "zones").len(), 2);
        let drift = of(&all, "drift");
        assert_eq!(drift.len(), 2, "{all:#?}");
        says(drift[0], Verdict::Warn, "is published, but", "take it out of");
        says(drift[1], Verdict::Warn, "by list v", "--force-new-deployment");
        says(of(&all, "autoscaling")[1], Verdict::Warn, "2 to 9 tasks", "register-scalable-target");
        says(of(&all, "former Lambda")[0], Verdict::Warn, "ran once", "disable-rule");
        assert!(all.iter().all(|c| c.remedy.is_some() == matches!(c.verdict, Verdict::Warn | Verdict::Fail)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_volume_cannot_be_mounted_where_no_target_is() {
        let world = "[world]\nmounts_by = 'volume'\ntargets = ['ap-northeast-1a', 'ap-northeast-1c']";
        let all = checked(world, |_| {}).await;
        let zones = of(&all, "zones");
        assert_eq!(zones.len(), 1, "{zones:?}");
        says(
            zones[0],
            Verdict::Fail,
            "place tasks in ap-northeast-1d and mounts by volume",
            "create-mount-target",
        );
        let elsewhere = format!("{world}\nservice_zones = ['ap-northeast-1a']");
        assert!(
            of(&checked(&elsewhere, |_| {}).await, "zones").is_empty(),
            "the service has no subnet there"
        );
    }
}
