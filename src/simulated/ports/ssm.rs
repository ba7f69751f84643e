//! SSM Parameter Store.

use async_trait::async_trait;

use super::call::{PARAMETER, PARAMETER_HISTORY};
use super::page;
use crate::aws::{Answer, Page, Ssm};
use crate::domain::published::ParameterVersion;
use crate::simulated::Simulated;

/// Versions a page.
const A_PAGE: usize = 50;

#[async_trait]
impl Ssm for Simulated {
    async fn parameter(&self, name: &str) -> Answer<ParameterVersion> {
        self.call(PARAMETER, |world| {
            let current = world.parameters.current(name).cloned();
            current.ok_or_else(|| PARAMETER.not_found("ParameterNotFound", ""))
        })
        .await
    }

    async fn parameter_history(&self, name: &str, token: Option<String>) -> Answer<Page<ParameterVersion>> {
        self.call(PARAMETER_HISTORY, |world| {
            let history = world.parameters.history(name);
            if history.is_empty() {
                return Err(PARAMETER_HISTORY.not_found("ParameterNotFound", ""));
            }
            page(PARAMETER_HISTORY, history, token.as_deref(), A_PAGE)
        })
        .await
    }
}
