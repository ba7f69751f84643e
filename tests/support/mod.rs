//! What the tests that need an AWS endpoint share: the endpoint (`tests/awspeer`), a world in it
//! (`world.py`), and the sources of that world.

pub mod peer;
pub mod sources;
pub mod terminal;
pub mod world;
