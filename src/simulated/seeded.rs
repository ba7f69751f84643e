//! Randomness that is a pure function of seed, purpose and number, so that no answer depends on how often or
//! in which order somebody asked.

use chrono::TimeDelta;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// A generator of its own for the `n`-th thing of kind `what`. `ChaCha` gives the same stream on every machine.
pub(super) fn dice(seed: u64, what: &str, n: u64) -> ChaCha8Rng {
    let mut key = [0_u8; 32];
    for (to, from) in key.iter_mut().zip(seed.to_le_bytes()) {
        *to = from;
    }
    for (i, byte) in what.bytes().enumerate() {
        if let Some(to) = key.get_mut(8 + i % 24) {
            *to = to.rotate_left(3) ^ byte;
        }
    }
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(n);
    rng
}

/// A number in `0.0..1.0`, always the same for the same three arguments.
pub(super) fn fraction(seed: u64, what: &str, n: u64) -> f64 {
    use rand::RngExt;
    dice(seed, what, n).random()
}

/// A duration between two numbers of seconds, to the millisecond.
pub(super) fn seconds(rng: &mut ChaCha8Rng, from: f64, to: f64) -> TimeDelta {
    use rand::RngExt;
    let share: f64 = rng.random();
    millis((from + (to - from) * share) * 1000.0)
}

/// Whole milliseconds of a float; what does not fit is as long as can be.
#[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates")]
pub(super) fn millis(ms: f64) -> TimeDelta {
    TimeDelta::try_milliseconds(ms.round() as i64).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_arguments_give_the_same_number_and_others_another() {
        let known = fraction(7, "task", 3);
        assert!((0.0..1.0).contains(&known));
        assert_eq!(known.to_bits(), fraction(7, "task", 3).to_bits());
        for other in [fraction(8, "task", 3), fraction(7, "tasks", 3), fraction(7, "task", 4)] {
            assert_ne!(known.to_bits(), other.to_bits());
        }
    }

    #[test]
    fn a_long_name_differs_from_its_beginning() {
        let name = "elasticfilesystem:DescribeMountTargets";
        assert_ne!(fraction(1, name, 0).to_bits(), fraction(1, &name[..24], 0).to_bits());
    }
}
