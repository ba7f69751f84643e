//! Service, deployments and tasks.

use super::*;

pub(crate) async fn tasks(s: &Subject) -> Vec<Task> {
    let mut tasks = Vec::new();
    for some in arns(s, DesiredStatus::Running).await.chunks(TASKS_A_PAGE) {
        tasks.extend(s.aws.describe_tasks(&s.cluster, some).await.unwrap());
    }
    tasks
}

pub(crate) async fn arns(s: &Subject, status: DesiredStatus) -> Vec<String> {
    all_pages(50, |token| s.aws.list_tasks(&s.cluster, &s.service, status, token)).await.unwrap()
}

pub(crate) async fn the_service_has_one_primary_deployment(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    assert_eq!((&service.cluster, &service.name), (&s.cluster, &s.service));
    assert_eq!(service.deployments.iter().filter(|d| d.status == "PRIMARY").count(), 1);
    let primary = service.primary().unwrap();
    assert_eq!(service.deployments[0].id, primary.id, "it comes first");
    assert!(primary.id.starts_with("ecs-svc/"));
    assert_eq!(primary.task_definition, service.task_definition);
    assert_eq!((primary.desired, service.running), (service.desired, service.desired));
    assert_eq!(primary.rollout_state.as_deref(), Some("COMPLETED"));
    assert!(primary.created_at.unwrap() <= primary.updated_at.unwrap());
    assert!(service.steady());
    assert_eq!(service.subnets.len(), s.zones.len());
    assert!(service.events.windows(2).all(|w| w[0].at >= w[1].at), "newest first");
    assert!(service.events.len() <= 100);
    let begin = format!("(service {}) ", s.service);
    assert!(service.events.iter().all(|e| e.message.starts_with(&begin)), "{:?}", service.events);
    assert!(service.events.iter().any(|e| e.message.ends_with("has reached a steady state.")));
    let ids: BTreeSet<_> = service.events.iter().map(|e| &e.id).collect();
    assert_eq!(ids.len(), service.events.len());
}

pub(crate) async fn an_unknown_service_or_cluster_is_not_found(s: &Subject) {
    not_found(s.aws.service(&s.cluster, "no-such-service").await, "ecs:DescribeServices");
    let list = s.aws.list_tasks("no-such-cluster", &s.service, DesiredStatus::Running, None).await;
    if let Err(failure) = &list {
        assert_eq!((failure.class, action(failure)), (FailureClass::NotFound, "ecs:ListTasks"));
    }
    assert!(list.map_or(true, |page| page.items.is_empty()), "another cluster's tasks");
}

pub(crate) async fn tasks_are_listed_in_pages_of_a_hundred_without_a_gap(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    let mut token = None;
    let (mut seen, mut pages) = (BTreeSet::new(), 0);
    loop {
        let page = s.aws.list_tasks(&s.cluster, &s.service, DesiredStatus::Running, token).await.unwrap();
        assert!(page.items.len() <= TASKS_A_PAGE);
        assert!(page.next.is_none() || page.items.len() == TASKS_A_PAGE, "a page is full before the next");
        for arn in page.items {
            assert!(seen.insert(arn), "twice");
        }
        pages += 1;
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert!(pages > 1, "the subject has more than a page");
    assert_eq!(seen.len(), service.running as usize);
}

pub(crate) async fn a_hundred_and_one_tasks_are_too_many_to_describe(s: &Subject) {
    let arns = arns(s, DesiredStatus::Running).await;
    let many = &arns[..=TASKS_A_PAGE];
    let failure = s.aws.describe_tasks(&s.cluster, many).await.unwrap_err();
    assert_eq!((failure.class, action(&failure)), (FailureClass::Other, "ecs:DescribeTasks"));
    assert_eq!(failure.code.as_deref(), Some("InvalidParameterException"));
    let most = s.aws.describe_tasks(&s.cluster, &arns[..TASKS_A_PAGE]).await.unwrap();
    assert_eq!(most.len(), TASKS_A_PAGE);
}

pub(crate) async fn tasks_that_are_gone_are_left_out(s: &Subject) {
    let arn = arns(s, DesiredStatus::Running).await.swap_remove(0);
    let (before, _) = arn.rsplit_once('/').unwrap();
    let gone = format!("{before}/{}", "0".repeat(32));
    let found = s.aws.describe_tasks(&s.cluster, &[gone, arn.clone()]).await.unwrap();
    assert_eq!(found.iter().map(|t| &t.arn).collect::<Vec<_>>(), [&arn]);
}

pub(crate) async fn running_tasks_have_every_field(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    let listed = arns(s, DesiredStatus::Running).await;
    let mut ids = BTreeSet::new();
    for task in tasks(s).await {
        assert!(listed.contains(&task.arn) && task.arn.ends_with(&format!("/{}", task.id)));
        assert!(task.id.len() == 32 && task.id.chars().all(|c| c.is_ascii_hexdigit()), "{}", task.id);
        assert!(ids.insert(task.id.clone()));
        assert_eq!((task.status.as_str(), task.desired_status.as_str()), ("RUNNING", "RUNNING"));
        assert!(s.zones.contains(task.availability_zone.as_ref().unwrap()));
        assert!(task.subnet_id.as_ref().unwrap().starts_with("subnet-"));
        task.ip_address.as_ref().unwrap().parse::<std::net::Ipv4Addr>().unwrap();
        assert_eq!(task.deployment_id.as_ref(), Some(&service.primary().unwrap().id));
        assert_eq!(task.task_definition.as_ref(), Some(&service.task_definition));
        assert!(task.created_at.unwrap() < task.started_at.unwrap());
        assert_eq!(task.health.as_deref(), Some("HEALTHY"));
        assert!(task.cpu.is_some() && task.memory.is_some());
        assert_eq!((task.stopped_at, task.stop_code, task.exit_code), (None, None, None));
    }
}

pub(crate) async fn tasks_are_spread_over_the_subnets(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    let subnets = all_pages(5, |t| {
        let filter = SubnetFilter::Ids(service.subnets.clone());
        async move { s.aws.subnets(&filter, t).await }
    })
    .await
    .unwrap();
    let zone_of: BTreeMap<_, _> = subnets.into_iter().map(|n| (n.id, n.availability_zone)).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for task in tasks(s).await {
        let subnet = task.subnet_id.unwrap();
        assert_eq!(zone_of.get(&subnet), task.availability_zone.as_ref(), "zone of the task's subnet");
        *counts.entry(subnet).or_default() += 1;
    }
    assert_eq!(counts.len(), service.subnets.len());
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    assert!(most - least <= 1, "{counts:?}");
}

pub(crate) async fn the_task_definition_says_size_and_volumes(s: &Subject) {
    let service = s.aws.service(&s.cluster, &s.service).await.unwrap();
    let definition = s.aws.task_definition(&service.task_definition).await.unwrap();
    assert_eq!(definition.arn, service.task_definition);
    let number = |text: Option<String>| text.unwrap().parse::<u32>().unwrap();
    assert!(number(definition.cpu) >= 256 && number(definition.memory) >= 512);
    assert!(definition.efs_volumes.iter().all(|id| id.starts_with("fs-")));
    let failure = s.aws.task_definition("no-such-family:1").await.unwrap_err();
    assert_eq!(action(&failure), "ecs:DescribeTaskDefinition");
}
