//! Amazon EC2.

use async_trait::async_trait;

use super::call::SUBNETS;
use super::page;
use crate::aws::{Answer, Ec2, Page, SubnetFilter};
use crate::domain::network::Subnet;
use crate::simulated::Simulated;

/// Subnets a page.
const A_PAGE: usize = 200;

#[async_trait]
impl Ec2 for Simulated {
    async fn subnets(&self, filter: &SubnetFilter, token: Option<String>) -> Answer<Page<Subnet>> {
        self.call(SUBNETS, |world| {
            let all = world.network.subnets();
            let found: Vec<Subnet> = match filter {
                SubnetFilter::Vpc(vpc) => all.into_iter().filter(|s| s.vpc_id == *vpc).collect(),
                SubnetFilter::Ids(ids) => {
                    if let Some(id) = ids.iter().find(|id| !all.iter().any(|s| s.id == **id)) {
                        let text = format!("The subnet ID '{id}' does not exist");
                        return Err(SUBNETS.not_found("InvalidSubnetID.NotFound", &text));
                    }
                    all.into_iter().filter(|s| ids.contains(&s.id)).collect()
                }
            };
            page(SUBNETS, &found, token.as_deref(), A_PAGE)
        })
        .await
    }
}
