//! Floor 1: the four vocabularies of the running program, and the one function that connects them.
//!
//! Everything that happened is an [`Event`](event::Event); everything that is to be done is an
//! [`Effect`](effect::Effect); [`update`](update::update) turns the first into a changed
//! [`State`](state::State) and the second. Pure: no clock, no input or output, no logging.

pub mod action;
pub mod changes;
mod decide;
pub mod effect;
pub mod event;
pub mod login;
pub mod state;
pub mod update;
