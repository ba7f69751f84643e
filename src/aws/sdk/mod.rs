//! The real AWS.
