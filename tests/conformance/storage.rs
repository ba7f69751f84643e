//! File system, mount targets, published list, subnets.

use super::*;

pub(crate) async fn the_file_system_is_described(s: &Subject) {
    let fs = s.aws.file_system(&s.file_system).await.unwrap();
    assert_eq!((fs.id.as_str(), fs.lifecycle_state.as_str()), (s.file_system.as_str(), "available"));
    assert!(["generalPurpose", "maxIO"].contains(&fs.performance_mode.as_str()));
    assert!(["bursting", "provisioned", "elastic"].contains(&fs.throughput_mode.as_str()));
    assert_eq!(fs.one_zone, None);
}

pub(crate) async fn an_unknown_file_system_is_not_found(s: &Subject) {
    let id = "fs-0000000000000dead";
    not_found(s.aws.file_system(id).await, "elasticfilesystem:DescribeFileSystems");
    not_found(s.aws.mount_targets(id, None).await, "elasticfilesystem:DescribeMountTargets");
}

pub(crate) async fn mount_targets_say_where_they_are(s: &Subject) {
    let targets = all_pages(10, |marker| s.aws.mount_targets(&s.file_system, marker)).await.unwrap();
    let zones: BTreeSet<_> = targets.iter().filter_map(|t| t.availability_zone.clone()).collect();
    assert_eq!(zones, s.zones.iter().cloned().collect(), "one in each zone");
    assert_eq!(targets.len(), zones.len());
    for target in &targets {
        assert!(target.mount_target_id.starts_with("fsmt-"));
        assert!(target.subnet_id.starts_with("subnet-"));
        assert_eq!(target.vpc_id.as_ref(), Some(&s.vpc));
        let address = target.ip_address.as_ref().unwrap();
        address.parse::<std::net::Ipv4Addr>().unwrap();
        assert!(target.is_available());
    }
}

pub(crate) async fn the_parameter_is_the_newest_of_its_history(s: &Subject) {
    let current = s.aws.parameter(&s.parameter).await.unwrap();
    let mut sizes = Vec::new();
    let history = all_pages(20, |token| s.aws.parameter_history(&s.parameter, token)).await.unwrap();
    let mut token = None;
    loop {
        let page = s.aws.parameter_history(&s.parameter, token).await.unwrap();
        sizes.push(page.items.len());
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert!(sizes.len() > 1 && sizes.iter().all(|n| *n <= 50), "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), history.len());
    assert!(history.windows(2).all(|w| w[0].version + 1 == w[1].version), "oldest first, without a gap");
    assert!(history.windows(2).all(|w| w[0].changed_at <= w[1].changed_at));
    assert_eq!(history.last(), Some(&current));
    assert!(current.changed_at <= s.now + TimeDelta::minutes(1));
}

pub(crate) async fn an_unknown_parameter_is_not_found(s: &Subject) {
    not_found(s.aws.parameter("/no/such/parameter").await, "ssm:GetParameter");
    not_found(s.aws.parameter_history("/no/such/parameter", None).await, "ssm:GetParameterHistory");
}

pub(crate) async fn the_published_list_names_real_targets(s: &Subject) {
    let current = s.aws.parameter(&s.parameter).await.unwrap();
    let list = PublishedList::parse(&current.value).unwrap();
    let targets = all_pages(10, |marker| s.aws.mount_targets(&s.file_system, marker)).await.unwrap();
    assert_eq!(list.mount_targets.len(), targets.len());
    for entry in list.mount_targets {
        let target = targets.iter().find(|t| t.mount_target_id == entry.mount_target_id).unwrap();
        assert_eq!(target.ip_address.as_ref(), Some(&entry.ip_address));
        assert_eq!(target.availability_zone.as_ref(), Some(&entry.availability_zone));
        assert_eq!(target.subnet_id, entry.subnet_id);
    }
}

pub(crate) async fn subnets_by_vpc_and_by_id_agree(s: &Subject) {
    let by_vpc = SubnetFilter::Vpc(s.vpc.clone());
    let mut all = all_pages(5, |t| s.aws.subnets(&by_vpc, t)).await.unwrap();
    let by_id = SubnetFilter::Ids(all.iter().map(|n| n.id.clone()).collect());
    let mut same = all_pages(5, |t| s.aws.subnets(&by_id, t)).await.unwrap();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    same.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(all, same);
    let zones: BTreeSet<_> = all.iter().map(|n| n.availability_zone.clone()).collect();
    assert!(s.zones.iter().all(|zone| zones.contains(zone)));
    for subnet in all {
        assert_eq!(subnet.vpc_id, s.vpc);
        assert!(subnet.cidr.unwrap().contains('/') && subnet.free_addresses.unwrap() > 0);
    }
    let none = SubnetFilter::Vpc("vpc-0000000000000dead".into());
    assert_eq!(s.aws.subnets(&none, None).await.unwrap().items, [], "another VPC has none of them");
}

pub(crate) async fn an_unknown_subnet_is_not_found(s: &Subject) {
    let filter = SubnetFilter::Ids(vec!["subnet-0000000000000dead".into()]);
    not_found(s.aws.subnets(&filter, None).await, "ec2:DescribeSubnets");
}
