//! Where a directory lies below the root: a chain of names, so that a hundred thousand waiting directories of one
//! parent share that parent's path.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory's place below the root.
#[derive(Debug)]
pub(super) struct Place {
    parent: Option<Arc<Self>>,
    name: Box<OsStr>,
}

impl Place {
    /// The root itself.
    pub(super) fn root() -> Arc<Self> {
        Arc::new(Self { parent: None, name: Box::default() })
    }

    /// A directory directly below.
    pub(super) fn below(self: &Arc<Self>, name: Box<OsStr>) -> Arc<Self> {
        Arc::new(Self { parent: Some(Arc::clone(self)), name })
    }

    /// Whether it is the root.
    pub(super) fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    /// Bytes it keeps in memory while it waits, its place in the queue and what the allocator adds included.
    pub(super) fn weight(&self) -> usize {
        128 + self.name.len()
    }

    /// Its path below the root; empty for the root.
    pub(super) fn path(&self) -> PathBuf {
        let mut names: Vec<&OsStr> = Vec::new();
        let mut at = self;
        while let Some(parent) = &at.parent {
            names.push(&at.name);
            at = parent;
        }
        let mut path = Vec::with_capacity(names.iter().map(|n| n.len() + 1).sum());
        for name in names.into_iter().rev() {
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name.as_bytes());
        }
        Path::new(OsStr::from_bytes(&path)).to_owned()
    }
}

impl Drop for Place {
    /// One after the other: a chain of a million names would need a stack as deep.
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(mut last) = parent.and_then(Arc::into_inner) {
            parent = last.parent.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_what_its_names_make_it() {
        let root = Place::root();
        assert!(root.is_root());
        assert_eq!(root.path(), Path::new(""));
        let deep = root.below(OsStr::new("a b").into()).below(OsStr::from_bytes(b"\xff\n").into());
        assert_eq!(deep.path(), Path::new(OsStr::from_bytes(b"a b/\xff\n")));
        assert!(!deep.is_root());
    }

    #[test]
    fn a_chain_of_a_million_names_is_dropped_without_a_stack_as_deep() {
        let mut at = Place::root();
        for _ in 0..1_000_000 {
            at = at.below(OsStr::new("x").into());
        }
        assert_eq!(at.path().as_os_str().len(), 1_999_999);
        drop(at);
    }
}
