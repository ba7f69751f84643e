//! Settings, themes and keymaps: what is taken, where it came from, and what every mistake says.

mod bad;
mod datasource;
mod keymaps;
mod layers;
mod print;
mod themes;
