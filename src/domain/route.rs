//! How the tasks spread paths over the published entries, computed here as they do it.

use std::collections::HashMap;
use std::hash::Hash;

use sha2::{Digest, Sha256};

/// Index of the entry that a path is routed to: SHA-256 of the path's UTF-8 bytes, read as one big-endian
/// integer, modulo the number of entries `n`. Without entries there is no route; it is 0 then.
pub fn route(path: &str, n: usize) -> usize {
    let n = n.max(1) as u128;
    let rest = Sha256::digest(path.as_bytes())
        .iter()
        .fold(0, |rest: u128, byte| (rest * 256 + u128::from(*byte)) % n);
    usize::try_from(rest).unwrap_or_default()
}

/// Share of all paths that another entry serves once `from` entries have become `to`, new ones appended (or
/// the last ones dropped). N → N + 1 moves N/(N + 1).
pub fn moved_share(from: usize, to: usize) -> f64 {
    let (before, after): (Vec<usize>, Vec<usize>) = ((0..from).collect(), (0..to).collect());
    moved_share_of_lists(&before, &after)
}

/// Share of all paths that another entry serves once the list `before` has become `after`.
///
/// Exact: a digest's residue modulo lcm(N, M) says both indices. Of all those residues exactly one has index i
/// before and j after if i ≡ j modulo gcd(N, M), else none.
pub fn moved_share_of_lists<T: Eq + Hash>(before: &[T], after: &[T]) -> f64 {
    let (n, m) = (before.len(), after.len());
    if n == 0 || m == 0 {
        return if n == m { 0.0 } else { 1.0 };
    }
    let common = gcd(n, m);
    let mut places: HashMap<(&T, usize), usize> = HashMap::new();
    for (i, entry) in before.iter().enumerate() {
        *places.entry((entry, i % common)).or_default() += 1;
    }
    let staying: usize = after
        .iter()
        .enumerate()
        .map(|(j, entry)| places.get(&(entry, j % common)).copied().unwrap_or(0))
        .sum();
    let residues = (n / common) as f64 * m as f64;
    1.0 - staying as f64 / residues
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
