//! Mount targets as NFS servers.

use std::time::Duration;

use async_trait::async_trait;

use crate::aws::Nfs;
use crate::simulated::Simulated;
use crate::simulated::efs::TargetState;
use crate::simulated::seeded::fraction;

/// How long the real probe waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

#[async_trait]
impl Nfs for Simulated {
    async fn null_call(&self, ip_address: &str) -> Result<f64, String> {
        let answer = self.world(|world| {
            let target = world.efs.targets.iter().find(|t| t.address == ip_address)?;
            if target.state != TargetState::Available {
                return None;
            }
            let n = u64::try_from(world.now.timestamp_millis()).unwrap_or(0);
            // The way to a target hardly changes; it wavers with the load.
            let way = 0.55 + 0.6 * fraction(self.seed, ip_address, 0);
            let idle = way * (1.0 + world.settings.wobble * fraction(self.seed, ip_address, n));
            // A queue: the fuller, the longer; 20 times at the most.
            let busy = world.target_utilisation(&target.id).min(0.95);
            Some(idle / (1.0 - busy))
        });
        if let Some(ms) = answer {
            tokio::time::sleep(Duration::from_secs_f64(ms / 1000.0)).await;
            Ok(ms)
        } else {
            tokio::time::sleep(PATIENCE).await;
            Err(format!("no answer in {} s", PATIENCE.as_secs_f64()))
        }
    }
}
