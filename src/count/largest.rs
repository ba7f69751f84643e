//! The directories with the most files directly in them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

/// One that is kept: of equal ones the path that comes first is the larger.
type Kept = Reverse<(u64, Reverse<PathBuf>)>;

/// The largest few of what was noted.
#[derive(Debug, Clone, Default)]
pub(super) struct Largest {
    wanted: usize,
    /// The smallest of them on top.
    heap: BinaryHeap<Kept>,
}

impl Largest {
    /// Keeps that many.
    pub(super) fn new(wanted: usize) -> Self {
        Self { wanted, heap: BinaryHeap::new() }
    }

    /// A directory with so many files. Its path is asked for only where it may be kept.
    pub(super) fn note(&mut self, files: u64, path: impl FnOnce() -> PathBuf) {
        if files == 0 || self.wanted == 0 {
            return;
        }
        if self.heap.len() < self.wanted {
            self.heap.push(Reverse((files, Reverse(path()))));
            return;
        }
        if let Some(mut smallest) = self.heap.peek_mut()
            && files >= smallest.0.0
        {
            let new = Reverse((files, Reverse(path())));
            if new < *smallest {
                *smallest = new;
            }
        }
    }

    /// Largest first. The root is `.`.
    pub(super) fn sorted(self) -> Vec<(PathBuf, u64)> {
        let named =
            |path: PathBuf| if path.as_os_str().is_empty() { Path::new(".").to_owned() } else { path };
        self.heap.into_sorted_vec().into_iter().map(|Reverse((n, Reverse(path)))| (named(path), n)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_are_kept_in_whatever_order_they_come() {
        let all = [("b", 3), ("a", 3), ("", 9), ("c", 0), ("d", 1), ("e", 3), ("f", 2)];
        for shift in 0..all.len() {
            let mut largest = Largest::new(3);
            for (path, files) in all.iter().cycle().skip(shift).take(all.len()) {
                largest.note(*files, || path.into());
            }
            assert_eq!(largest.sorted(), [(".".into(), 9), ("a".into(), 3), ("b".into(), 3)], "{shift}");
        }
    }

    #[test]
    fn none_and_more_than_there_are() {
        let mut none = Largest::new(0);
        none.note(7, || unreachable!("its path is not needed"));
        assert_eq!(none.sorted(), []);
        let mut many = Largest::new(usize::MAX);
        many.note(7, || "a".into());
        assert_eq!(many.sorted(), [("a".into(), 7)]);
    }
}
