//! Documents made from the settings: what `miharu print` prints.

mod effective;
mod keys;
mod schema;
mod template;
mod theme;

pub use effective::config;
pub use keys::keys;
pub use schema::schema;
pub use template::{settings, template};
pub use theme::theme;
