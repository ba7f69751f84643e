//! Which events were handed over already, compared with a plain set.

use std::collections::BTreeSet;

use miharu::engine::tail::seen::{Known, Seen};
use proptest::prelude::*;

/// What is remembered, without a thought for its size.
struct Plain {
    ids: BTreeSet<(i64, u32)>,
    most: usize,
    floor: i64,
}

impl Plain {
    fn take(&mut self, at: i64, id: u32) -> Known {
        if at < self.floor {
            return Known::Forgotten;
        }
        if !self.ids.insert((at, id)) {
            return Known::Repeated;
        }
        let oldest = self.ids.first().map_or(at, |(oldest, _)| *oldest);
        if self.ids.len() > self.most && (oldest != at || self.ids.len() > 2 * self.most) {
            self.floor = oldest + 1;
            self.ids.retain(|(at, _)| *at > oldest);
        }
        Known::New
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn it_knows_what_a_plain_set_knows(
        // Forward with time, and back by as much as `spread`.
        events in prop::collection::vec((0..3_i64, 0..4_000_u32, 0..300_u32), 0..6_000),
        most in prop::sample::select(vec![1_usize, 40, 1_500, 5_000]),
        spread in prop::sample::select(vec![1_i64, 30, 3_000]),
    ) {
        let mut seen = Seen::new(most);
        let mut plain = Plain { ids: BTreeSet::new(), most, floor: i64::MIN };
        let mut now = 0;
        for (n, (step, back, id)) in events.into_iter().enumerate() {
            now += step;
            let at = now - i64::from(back) % spread;
            prop_assert_eq!(seen.take(at, &id.to_string()), plain.take(at, id), "event {} at {}, id {}", n, at, id);
            prop_assert_eq!(seen.floor(), plain.floor);
        }
    }
}
