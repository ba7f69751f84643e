//! Rules: from what is observed to what should be changed. Pure; one file each and one line in [`registry`].

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::policy::Policy;
use super::recommendation::Finding;
use super::world::World;

/// What noisy signals were at the evaluations before, newest last; filled by the caller once an evaluation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signals {
    /// Time and the desired count each evaluation asked for, before dead band and steps.
    pub desired: VecDeque<(DateTime<Utc>, u32)>,
}

/// Everything a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What was observed.
    pub world: &'a World,
    /// What may be done.
    pub policy: &'a Policy,
    /// Earlier evaluations.
    pub signals: &'a Signals,
    /// Name of the environment.
    pub environment: &'a str,
    /// The time of the evaluation.
    pub now: DateTime<Utc>,
}

/// A rule.
pub trait Rule: Sync {
    /// Its name: `add-mount-target`.
    fn name(&self) -> &'static str;
    /// What it says.
    fn evaluate(&self, input: &Input<'_>) -> Finding;
}

/// All rules, in the order of importance.
pub fn registry() -> &'static [&'static dyn Rule] {
    &[]
}
