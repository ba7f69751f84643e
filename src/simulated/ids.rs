//! Identifiers that look like AWS's.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// `len` hexadecimal digits.
pub(super) fn hex(rng: &mut ChaCha8Rng, len: usize) -> String {
    (0..len).map(|_| char::from_digit(rng.random_range(0..16), 16).unwrap_or('0')).collect()
}

/// `len` decimal digits, the first not zero.
pub(super) fn digits(rng: &mut ChaCha8Rng, len: usize) -> String {
    (0..len).map(|i| char::from_digit(rng.random_range(u32::from(i == 0)..10), 10).unwrap_or('1')).collect()
}

/// `prefix-0…` with 17 hexadecimal digits, as EC2 and EFS name things.
pub(super) fn resource(rng: &mut ChaCha8Rng, prefix: &str) -> String {
    format!("{prefix}-0{}", hex(rng, 16))
}

/// A version 4 UUID.
pub(super) fn uuid(rng: &mut ChaCha8Rng) -> String {
    let variant = ['8', '9', 'a', 'b'][rng.random_range(0..4)];
    format!("{}-{}-4{}-{variant}{}-{}", hex(rng, 8), hex(rng, 4), hex(rng, 3), hex(rng, 3), hex(rng, 12))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::seeded::dice;

    #[test]
    fn ids_have_the_shape_of_aws() {
        let rng = &mut dice(1, "ids", 0);
        assert_eq!(resource(rng, "fsmt").len(), "fsmt-".len() + 17);
        assert_eq!(digits(rng, 12).len(), 12);
        assert!(!digits(rng, 12).starts_with('0'));
        let id = uuid(rng);
        assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id}");
    }
}
