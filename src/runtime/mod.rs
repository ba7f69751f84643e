//! Floor 5: the terminal, its input, signals, and the loop that joins them with state and screens.

pub mod backend;
pub mod clipboard;
pub mod core;
pub mod files;
pub mod inbox;
pub mod input;
pub mod keep;
pub mod line_speed;
pub mod slices;
pub mod terminal;
pub mod ui_loop;
pub mod writer;
