//! The ports of floor 2, answered from the world. One file a service; what every call has in common (latency,
//! faults, metering, repetition) is in [`call`].

mod autoscaling;
pub(super) mod call;
mod cloudwatch;
mod ec2;
mod ecs;
mod efs;
mod logs;
mod nfs;
mod sign_in;
mod ssm;
mod sts;

use crate::aws::{Answer, Page};
use crate::domain::source::FailureClass;
use call::Operation;

/// A page of `size` items from a token that is the index of its first item.
fn page<T: Clone>(operation: Operation, all: &[T], token: Option<&str>, size: usize) -> Answer<Page<T>> {
    let start = match token {
        None => 0,
        Some(text) => text.parse::<usize>().ok().filter(|i| *i < all.len()).ok_or_else(|| {
            let words = "InvalidParameterException: Invalid token.";
            operation.failure(FailureClass::Other, Some("InvalidParameterException"), words)
        })?,
    };
    let items: Vec<T> = all.iter().skip(start).take(size).cloned().collect();
    let end = start + items.len();
    Ok(Page { items, next: (end < all.len()).then(|| end.to_string()) })
}
