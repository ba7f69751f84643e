//! How fast the line to the terminal is, and whether another frame may be put on it.
//!
//! The buffers of SSH and of multiplexers take whole frames at once and hide what a line can carry: what is
//! written then is seen seconds later. So a frame ends with a question that every terminal answers (where is
//! the cursor, DSR 6), and its answer says that the frame was shown. One question is under way at most. While its
//! answer is awaited, data waits, and what was overtaken by newer data is never sent. Pure: time comes with each
//! call.

use std::time::Duration;

use tokio::time::Instant;

/// The question; the answer is `CSI line ; column R`.
pub const QUESTION: &[u8] = b"\x1b[6n";
/// A terminal that has never answered, not even the few bytes before the first frame, is not waited for after
/// this, unless it answers later.
pub const SILENT_AFTER: Duration = Duration::from_millis(600);
/// An answer that is later than this was lost (a multiplexer was attached elsewhere): another one is asked for.
pub const LOST_AFTER: Duration = Duration::from_secs(10);
/// An answer to a key is drawn while what is ahead of it takes no longer than this.
const AHEAD: Duration = Duration::from_millis(100);
/// What takes less than this tells nothing of the speed.
const MEASURABLE: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy)]
struct Asked {
    at: Instant,
    bytes: usize,
}

/// What is known of the line.
#[derive(Debug, Default)]
pub struct LineSpeed {
    asked: Option<Asked>,
    /// Bytes that left since the last question.
    unasked: usize,
    /// Shortest time in which an answer came: what the way there and back takes.
    quickest: Option<Duration>,
    bytes_per_s: Option<f64>,
    /// No answer ever came, so far.
    silent: bool,
}

impl LineSpeed {
    /// Whether the next frame should end with a question.
    pub fn asks(&self) -> bool {
        self.asked.is_none()
    }

    /// Whether a question should leave alone: bytes left behind the last one, and nothing else would tell when
    /// they were shown.
    pub fn asks_alone(&self) -> bool {
        self.asked.is_none() && self.unasked > 0
    }

    /// A frame of so many bytes left at `now`, with or without a question at its end.
    pub fn sent(&mut self, now: Instant, bytes: usize, asks: bool) {
        self.unasked += bytes;
        if asks {
            self.asked = Some(Asked { at: now, bytes: std::mem::take(&mut self.unasked) });
        }
    }

    /// An answer came.
    pub fn answered(&mut self, now: Instant) {
        self.silent = false;
        let Some(asked) = self.asked.take() else { return };
        let took = now - asked.at;
        let quickest = self.quickest.map_or(took, |q| q.min(took));
        self.quickest = Some(quickest);
        let carrying = took.saturating_sub(quickest);
        self.bytes_per_s = if carrying > MEASURABLE {
            let seen = asked.bytes as f64 / carrying.as_secs_f64();
            Some(self.bytes_per_s.map_or(seen, |known| f64::midpoint(known, seen)))
        } else {
            None
        };
    }

    /// Whether a frame that data causes may leave.
    pub fn takes_data(&self) -> bool {
        self.silent || self.asked.is_none()
    }

    /// Whether a frame that answers a key may leave: at once, unless what is ahead of it takes longer than a
    /// person would notice.
    pub fn takes_answer(&self, now: Instant) -> bool {
        let (Some(asked), Some(quickest)) = (self.asked, self.quickest) else { return true };
        match self.bytes_per_s {
            Some(rate) => (asked.bytes + self.unasked) as f64 / rate <= AHEAD.as_secs_f64(),
            None => now < asked.at + quickest * 2 + AHEAD,
        }
    }

    /// Gives up what will not be answered any more; to be called whenever the time may have come.
    pub fn pass(&mut self, now: Instant) {
        let Some(asked) = self.asked else { return };
        if self.quickest.is_none() {
            self.silent |= now >= asked.at + SILENT_AFTER;
        } else if now >= asked.at + LOST_AFTER {
            self.asked = None;
        }
    }

    /// When [`Self::pass`] has something to say.
    pub fn until(&self) -> Option<Instant> {
        let patience = if self.quickest.is_none() { SILENT_AFTER } else { LOST_AFTER };
        self.asked.filter(|_| !self.silent).map(|asked| asked.at + patience)
    }

    /// Whether an answer is on its way from a terminal that has answered before.
    pub fn awaits(&self) -> bool {
        self.quickest.is_some() && self.asked.is_some()
    }

    /// Bytes a second, where the line is slow enough to be measured.
    pub fn bytes_per_s(&self) -> Option<f64> {
        self.bytes_per_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    use crate::clock::Clock;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A line of so many bytes a second, with buffers that take everything at once.
    struct Line {
        speed: LineSpeed,
        now: Instant,
        rate: f64,
        latency: Duration,
        /// When what was sent until then has been shown, and whether that answers a question.
        shown: VecDeque<(Instant, bool)>,
        oldest: Duration,
    }

    impl Line {
        fn new(rate: f64, latency: Duration) -> Self {
            let now = Clock::instant();
            let mut line = Self {
                speed: LineSpeed::default(),
                now,
                rate,
                latency,
                shown: VecDeque::new(),
                oldest: ms(0),
            };
            line.send(4);
            line
        }

        fn send(&mut self, bytes: usize) {
            let asks = self.speed.asks();
            self.speed.sent(self.now, bytes, asks);
            let free = self.shown.back().map_or(self.now, |(at, _)| (*at).max(self.now));
            let at = free + Duration::from_secs_f64(bytes as f64 / self.rate);
            self.oldest = self.oldest.max(at - self.now);
            self.shown.push_back((at, asks));
        }

        fn pass(&mut self, step: Duration) {
            self.now += step;
            while let Some((at, asks)) = self.shown.front().copied()
                && at + self.latency <= self.now
            {
                self.shown.pop_front();
                if asks {
                    self.speed.answered(self.now);
                    if self.speed.asks_alone() {
                        self.send(QUESTION.len());
                    }
                }
            }
            self.speed.pass(self.now);
        }
    }

    #[test]
    fn on_a_slow_line_data_is_dropped_and_the_screen_is_at_most_two_seconds_old() {
        let mut line = Line::new(960.0, ms(150));
        line.send(4_000); // the first whole screen, before the first answer
        let mut sent = 0;
        for _ in 0..1_200 {
            line.pass(ms(50));
            if line.speed.takes_data() {
                if sent == 0 {
                    line.oldest = ms(0); // what follows the first screen is what counts
                }
                line.send(900);
                sent += 1;
            }
        }
        assert!(line.oldest <= ms(2_000), "a frame was shown {:?} after it was drawn", line.oldest);
        assert!((40..=70).contains(&sent), "{sent} frames of 900 bytes in 60 s at 960 bytes a second");
        let rate = line.speed.bytes_per_s().unwrap();
        assert!((800.0..1_200.0).contains(&rate), "{rate}");
    }

    #[test]
    fn on_a_fast_line_far_away_keys_never_wait() {
        let mut line = Line::new(1e7, ms(250));
        for _ in 0..200 {
            line.pass(ms(50));
            if line.speed.takes_data() {
                line.send(2_000);
            }
            assert!(line.speed.takes_answer(line.now));
        }
        assert_eq!(line.speed.bytes_per_s(), None, "too fast to be measured");
    }

    #[test]
    fn on_a_slow_line_a_key_waits_for_what_is_ahead_and_no_longer() {
        let mut line = Line::new(960.0, ms(50));
        line.pass(ms(100));
        line.send(2_000);
        line.pass(ms(1_000));
        assert!(!line.speed.takes_answer(line.now), "a second of bytes is ahead");
        line.pass(ms(1_300));
        assert!(line.speed.takes_answer(line.now) && line.speed.takes_data());
    }

    #[test]
    fn a_terminal_that_never_answers_is_asked_no_more_and_draws_at_full_pace() {
        let now = Clock::instant();
        let mut speed = LineSpeed::default();
        speed.sent(now, 4, true);
        speed.sent(now, 4_000, speed.asks());
        assert!(!speed.takes_data() && speed.takes_answer(now));
        speed.pass(now + SILENT_AFTER - ms(1));
        assert!(!speed.takes_data());
        speed.pass(now + SILENT_AFTER);
        assert!(speed.takes_data() && speed.takes_answer(now) && !speed.asks() && !speed.awaits());
        assert_eq!(speed.until(), None);
        speed.answered(now + ms(4_000));
        assert!(speed.asks_alone(), "it was only slow: the first frame may still be on its way");
        speed.sent(now + ms(4_000), 4, true);
        assert!(!speed.takes_data());
        speed.answered(now + ms(8_000));
        assert!(speed.takes_data() && !speed.asks_alone());
    }

    #[test]
    fn a_lost_answer_stops_nothing_for_long() {
        let now = Clock::instant();
        let mut speed = LineSpeed::default();
        speed.sent(now, 4, true);
        speed.answered(now + ms(10));
        speed.sent(now + ms(20), 400, true);
        assert!(!speed.takes_data() && speed.awaits());
        assert_eq!(speed.until(), Some(now + ms(20) + LOST_AFTER));
        speed.pass(now + ms(20) + LOST_AFTER);
        assert!(speed.takes_data() && speed.asks());
    }
}
