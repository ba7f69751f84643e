//! Counts the calls of one poll, where they leave: an SDK interceptor and the simulated AWS report here, the
//! poller opens a meter around the poll. A task-local, because the SDK runs a call in the task that makes it.

use std::cell::RefCell;

use crate::domain::price::Usage;

/// Calls and billed units of a poll.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metered {
    /// Requests that left, repetitions included.
    pub calls: u32,
    /// Billed units.
    pub usage: Usage,
}

tokio::task_local! {
    static METER: RefCell<Metered>;
}

/// Runs `poll` with a meter and gives what it counted, also when the poll was cut off by a deadline inside.
pub async fn metered<F: Future>(poll: F) -> (F::Output, Metered) {
    METER
        .scope(RefCell::default(), async {
            let output = poll.await;
            (output, METER.with(RefCell::take))
        })
        .await
}

/// Reports one request that leaves.
pub fn count_call() {
    let _ = METER.try_with(|m| m.borrow_mut().calls += 1);
}

/// Reports billed units of a request.
pub fn count_billed(unit: &'static str, n: u64) {
    let _ = METER.try_with(|m| *m.borrow_mut().usage.entry(unit).or_default() += n);
}
