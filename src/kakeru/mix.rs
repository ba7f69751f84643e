//! What the users do: 90 % look (`open`, 0), 9 % buy for 120, 1 % buy for 960. A seed fixes who does what.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The kinds of impressions, with their share in hundredths.
pub const KINDS: [(&str, usize); 3] =
    [("name=open&value=0", 90), ("name=purchase&value=120", 9), ("name=purchase&value=960", 1)];

/// Users after whom the order of kinds begins again; in each such round the shares are exact.
const ROUND: usize = 10_000;

/// Which kind of impression the n-th user makes.
#[derive(Debug, Clone)]
pub struct Mix(Vec<u8>);

impl Mix {
    /// The same seed gives the same users, on every machine.
    pub fn new(seed: u64) -> Self {
        let mut kinds: Vec<u8> = (0_u8..)
            .zip(KINDS)
            .flat_map(|(kind, (_, share))| std::iter::repeat_n(kind, share * ROUND / 100))
            .collect();
        kinds.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        Self(kinds)
    }

    /// Index into [`KINDS`] of the `n`-th user.
    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below 10 000")]
    pub fn kind(&self, n: u64) -> usize {
        self.0.get((n % ROUND as u64) as usize).copied().unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_exact_and_the_seed_decides_the_order() {
        let one = Mix::new(7);
        let mut counts = [0; 3];
        for n in 0..20_000 {
            counts[one.kind(n)] += 1;
        }
        assert_eq!(counts, [18_000, 1_800, 200]);
        assert_eq!(Mix::new(7).0, one.0);
        assert_ne!(Mix::new(8).0, one.0);
        // Not in blocks: among the first hundred there is somebody who buys.
        assert!((0..100).any(|n| one.kind(n) > 0));
    }
}
