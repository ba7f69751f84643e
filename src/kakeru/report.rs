//! The report of a load: a contract that scripts read (`--json`), and the exact sum of several.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2Serializer};
use serde::{Deserialize, Serialize};

use super::tally::latencies;
use super::{Ended, Load};

/// Largest share by which the number of requests may miss rate × duration.
pub const EXACT: f64 = 0.005;

/// What a load did. Times of answers count from the intended start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Where to, as it was given; several with a space between.
    pub target: String,
    /// Requests a second that were asked for; the mean, where there are several rates.
    pub rate_per_s: f64,
    /// Requests that were taken up: `succeeded` and all of `failed`.
    pub sent: u64,
    /// Answered with 200 within the timeout.
    pub succeeded: u64,
    /// The others by reason.
    pub failed: BTreeMap<String, u64>,
    /// `succeeded` ÷ `sent`; `None` without a request.
    pub success_ratio: Option<f64>,
    /// Percentiles of all answers, whatever their status.
    pub latency_ms: Percentiles,
    /// `sent` is rate × duration, within 0.5 %.
    pub offered_exactly: bool,
    /// From the first intended start to the last answer.
    pub took_s: f64,
    /// Times of all answers in µs: an HDR histogram, V2 encoding, in base64.
    pub histogram: String,
}

/// Percentiles in ms; `None` without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// Half of the answers were quicker.
    pub p50: Option<f64>,
    /// Nine of ten.
    pub p90: Option<f64>,
    /// All but one of a hundred.
    pub p99: Option<f64>,
    /// All but one of a thousand.
    pub p999: Option<f64>,
    /// The slowest.
    pub max: Option<f64>,
}

/// Why reports cannot be added, in words.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Nothing to add.
    #[error("there is no report to add")]
    Nothing,
    /// The histogram cannot be read.
    #[error("its histogram cannot be read: {0}")]
    Histogram(String),
    /// The histogram has other buckets, so the sum would not be exact.
    #[error("its histogram has other buckets than kakeru's (1 µs to 1 h, 3 digits)")]
    Buckets,
    /// The numbers contradict each other.
    #[error("its numbers do not add up: {0}")]
    Contradiction(String),
}

/// A histogram as text.
///
/// # Errors
/// A count beyond 2⁶³.
pub fn encode(histogram: &Histogram<u64>) -> Result<String, MergeError> {
    let mut bytes = Vec::new();
    let encoded = V2Serializer::new().serialize(histogram, &mut bytes);
    encoded.map_err(|e| MergeError::Histogram(e.to_string()))?;
    Ok(BASE64_STANDARD.encode(bytes))
}

/// A histogram from text; compressed ones are read too.
///
/// # Errors
/// Not base64, not a histogram, or one with other buckets.
pub fn decode(text: &str) -> Result<Histogram<u64>, MergeError> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|e| MergeError::Histogram(e.to_string()))?;
    let read: Histogram<u64> = Deserializer::new()
        .deserialize(&mut bytes.as_slice())
        .map_err(|e| MergeError::Histogram(e.to_string()))?;
    let own = latencies();
    if (read.low(), read.high(), read.sigfig()) == (own.low(), own.high(), own.sigfig()) {
        Ok(read)
    } else {
        Err(MergeError::Buckets)
    }
}

impl Percentiles {
    /// Those of a histogram in µs.
    pub fn of(histogram: &Histogram<u64>) -> Self {
        let ms = |us: u64| (!histogram.is_empty()).then_some(us as f64 / 1000.0);
        let at = |quantile| ms(histogram.value_at_quantile(quantile));
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: ms(histogram.max()) }
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Report {
    /// How `load` went.
    ///
    /// # Errors
    /// A count beyond 2⁶³.
    pub fn new(load: &Load, ended: &Ended) -> Result<Self, MergeError> {
        let total = &ended.total;
        let sent = total.sent();
        let planned = load.plan.counted();
        Ok(Self {
            target: load.targets.iter().map(super::target::Target::url).collect::<Vec<_>>().join(" "),
            rate_per_s: load.plan.rate_per_s(),
            sent,
            succeeded: total.succeeded,
            failed: total.failed.iter().map(|(reason, n)| (reason.to_string(), *n)).collect(),
            success_ratio: ratio(total.succeeded, sent),
            latency_ms: Percentiles::of(&total.latency),
            offered_exactly: ratio(sent, planned).is_some_and(|r| (r - 1.0).abs() <= EXACT),
            took_s: (ended.took.as_secs_f64() * 1000.0).round() / 1000.0,
            histogram: encode(&total.latency)?,
        })
    }

    /// The latencies, after a look at whether the numbers go together.
    ///
    /// # Errors
    /// The histogram cannot be read, or the counts contradict each other.
    pub fn checked(&self) -> Result<Histogram<u64>, MergeError> {
        let histogram = decode(&self.histogram)?;
        let failed: u64 = self.failed.values().fold(0, |sum, n| sum.saturating_add(*n));
        let of_status = self.failed.iter().filter(|(reason, _)| reason.starts_with("status "));
        let answers = of_status.fold(self.succeeded, |sum, (_, n)| sum.saturating_add(*n));
        let wrong = |why: String| Err(MergeError::Contradiction(why));
        if self.succeeded.saturating_add(failed) != self.sent {
            return wrong(format!("sent {}, succeeded {}, failed {failed}", self.sent, self.succeeded));
        }
        if histogram.len() != answers {
            return wrong(format!("{answers} answers, {} latencies", histogram.len()));
        }
        if !self.rate_per_s.is_finite() || !self.took_s.is_finite() {
            return wrong("a rate or a time is no number".into());
        }
        Ok(histogram)
    }

    /// Adds reports of loads that ran at the same time, such as those of several machines: counts, rates and
    /// histograms are added, so every percentile is that of all answers together.
    ///
    /// # Errors
    /// There is none, or one of them is not sound; its place in the list comes with the reason.
    pub fn merge(reports: &[Self]) -> Result<Self, (usize, MergeError)> {
        let first = reports.first().ok_or((0, MergeError::Nothing))?;
        let mut sum = Self {
            target: String::new(),
            rate_per_s: 0.0,
            sent: 0,
            succeeded: 0,
            failed: BTreeMap::new(),
            offered_exactly: true,
            took_s: 0.0,
            ..first.clone()
        };
        let mut histogram = latencies();
        let mut targets: Vec<&str> = Vec::new();
        for (i, report) in reports.iter().enumerate() {
            let own = report.checked().map_err(|e| (i, e))?;
            histogram.add(&own).map_err(|_| (i, MergeError::Buckets))?;
            sum.rate_per_s += report.rate_per_s;
            sum.sent = sum.sent.saturating_add(report.sent);
            sum.succeeded = sum.succeeded.saturating_add(report.succeeded);
            for (reason, n) in &report.failed {
                let count = sum.failed.entry(reason.clone()).or_default();
                *count = count.saturating_add(*n);
            }
            sum.offered_exactly &= report.offered_exactly;
            sum.took_s = sum.took_s.max(report.took_s);
            for target in report.target.split(' ') {
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        }
        sum.target = targets.join(" ");
        sum.success_ratio = ratio(sum.succeeded, sum.sent);
        sum.latency_ms = Percentiles::of(&histogram);
        sum.histogram = encode(&histogram).map_err(|e| (0, e))?;
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, us: &[u64], timeouts: u64) -> Report {
        let mut histogram = latencies();
        for us in us {
            histogram.record(*us).unwrap();
        }
        let succeeded = us.len() as u64;
        Report {
            target: name.to_owned(),
            rate_per_s: 10.0,
            sent: succeeded + timeouts,
            succeeded,
            failed: (timeouts > 0).then(|| ("timeout".to_owned(), timeouts)).into_iter().collect(),
            success_ratio: ratio(succeeded, succeeded + timeouts),
            latency_ms: Percentiles::of(&histogram),
            offered_exactly: true,
            took_s: us.len() as f64,
            histogram: encode(&histogram).unwrap(),
        }
    }

    #[test]
    fn the_sum_is_what_one_machine_would_have_seen() {
        // Percentiles of parts cannot be averaged: one machine quick, one slow.
        let quick: Vec<u64> = (1..=990).map(|n| n * 10).collect();
        let slow: Vec<u64> = (1..=10).map(|n| 1_000_000 * n).collect();
        let both: Vec<u64> = quick.iter().chain(&slow).copied().collect();
        let sum = Report::merge(&[report("http://a", &quick, 3), report("http://b", &slow, 4)]).unwrap();
        let whole = report("http://a http://b", &both, 7);
        assert_eq!(sum, Report { rate_per_s: 20.0, took_s: 990.0, ..whole });
    }

    #[test]
    fn adding_is_the_same_in_any_order_and_alone_it_changes_nothing() {
        let (a, b, c) =
            (report("http://x", &[5, 70], 0), report("http://x", &[900_000], 2), report("http://x", &[], 0));
        let left = Report::merge(&[Report::merge(&[a.clone(), b.clone()]).unwrap(), c.clone()]).unwrap();
        assert_eq!(left, Report::merge(&[c.clone(), b.clone(), a.clone()]).unwrap());
        assert_eq!(Report::merge(std::slice::from_ref(&a)).unwrap(), a);
        assert_eq!(c.latency_ms.max, None);
        assert_eq!(c.success_ratio, None);
    }

    #[test]
    fn fields_and_their_order_are_the_contract() {
        let text = serde_json::to_string(&report("http://a", &[1_000], 1)).unwrap();
        let start = r#"{"target":"http://a","rate_per_s":10.0,"sent":2,"succeeded":1,"failed":{"timeout":1},"success_ratio":0.5,"latency_ms":{"p50":1.0,"p90":1.0,"p99":1.0,"p999":1.0,"max":1.0},"offered_exactly":true,"took_s":1.0,"histogram":""#;
        assert!(text.starts_with(start), "{text}");
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report("http://a", &[1_000], 1));
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        let sound = report("http://a", &[1, 2, 3], 1);
        let other = encode(&Histogram::new_with_bounds(1, 1000, 2).unwrap()).unwrap();
        for (wrong, why) in [
            (Report { sent: 9, ..sound.clone() }, "sent 9"),
            (Report { histogram: "#".into(), ..sound.clone() }, "cannot be read"),
            (Report { histogram: "AAAA".into(), ..sound.clone() }, "cannot be read"),
            (Report { histogram: other, ..sound.clone() }, "other buckets"),
            (Report { histogram: encode(&latencies()).unwrap(), ..sound.clone() }, "3 answers, 0 latencies"),
        ] {
            let (i, error) = Report::merge(&[sound.clone(), wrong]).unwrap_err();
            assert!(i == 1 && error.to_string().contains(why), "{i}: {error}");
        }
        assert!(matches!(Report::merge(&[]), Err((0, MergeError::Nothing))));
    }

    #[test]
    fn the_histogram_is_v2() {
        use base64::Engine;
        let bytes = BASE64_STANDARD.decode(encode(&latencies()).unwrap()).unwrap();
        assert_eq!(bytes[..4], [0x1c, 0x84, 0x93, 0x13], "the cookie of HDR histogram V2");
    }
}
