//! Numbers and durations as people read them. Digits keep their width where they stand in tables.

use std::time::Duration;

use chrono::TimeDelta;

/// A length of time as differences of times are; what is longer than those can be is the longest.
pub fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// `131 402`: groups of three, a narrow unit-free integer.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

/// Binary multiples: `1.5 GiB`.
pub fn bytes(n: f64) -> String {
    scaled(n, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

/// Decimal multiples without a unit: `28.9 k`.
pub fn si(n: f64) -> String {
    scaled(n, 1000.0, &["", "k", "M", "G", "T"]).trim_end().to_owned()
}

fn scaled(n: f64, base: f64, units: &[&str]) -> String {
    let mut value = n;
    let mut unit = 0;
    while value.abs() >= base && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    let name = units.get(unit).copied().unwrap_or_default();
    let precise = value.fract() != 0.0 && value.abs() < 100.0 && (unit > 0 || value.abs() < 10.0);
    if precise { format!("{value:.1} {name}") } else { format!("{value:.0} {name}") }
}

/// An age in steps, so that a quiet world is a quiet line: `now`, `10 s`, `30 s`, `1 min`, `2 min`, … `3 h`, `2 d`.
pub fn age_step(age: TimeDelta) -> String {
    let s = age.num_seconds().max(0);
    match s {
        0..10 => "now".into(),
        10..30 => "10 s".into(),
        30..60 => "30 s".into(),
        60..600 => format!("{} min", s / 60),
        600..3600 => format!("{} min", s / 300 * 5),
        3600..86_400 => format!("{} h", s / 3600),
        _ => format!("{} d", s / 86_400),
    }
}

/// An exact duration of at most two units: `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
pub fn duration(d: TimeDelta) -> String {
    let ms = d.num_milliseconds().max(0);
    let s = ms / 1000;
    let (min, h, d) = (s / 60, s / 3600, s / 86_400);
    match (s, s % 60, min % 60, h % 24) {
        (0..10, ..) if ms % 1000 != 0 => format!("{:.1} s", ms as f64 / 1000.0),
        (0..60, ..) => format!("{s} s"),
        (60..3600, 0, ..) => format!("{min} min"),
        (60..3600, s, ..) => format!("{min} min {s} s"),
        (3600..86_400, _, 0, _) => format!("{h} h"),
        (3600..86_400, _, min, _) => format!("{h} h {min} min"),
        (_, _, _, 0) => format!("{d} d"),
        (_, _, _, h) => format!("{d} d {h} h"),
    }
}

/// A value with the unit CloudWatch gives it.
pub fn metric(value: f64, unit: &str) -> String {
    match unit {
        "Percent" => format!("{value:.1} %"),
        "Bytes" => bytes(value),
        "Bytes/Second" => format!("{}/s", bytes(value)),
        "Milliseconds" if value >= 10_000.0 => format!("{:.1} s", value / 1000.0),
        "Milliseconds" => format!("{value:.0} ms"),
        "Seconds" if value < 1.0 => format!("{:.1} ms", value * 1000.0),
        "Seconds" => format!("{value:.2} s"),
        "Count/Second" => format!("{}/s", si(value)),
        _ => si(value),
    }
}

/// Dollars an hour: `$0.04/h`; less than a cent is said as such.
pub fn usd_per_h(value: f64) -> String {
    if value == 0.0 {
        "$0/h".into()
    } else if value < 0.01 {
        "<$0.01/h".into()
    } else {
        format!("${value:.2}/h")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(131_402), "131 402");
        assert_eq!(thousands(1_000_000), "1 000 000");
        assert_eq!(bytes(1536.0), "1.5 KiB");
        assert_eq!(bytes(6.0), "6 B");
        assert_eq!(si(28_940.0), "28.9 k");
        assert_eq!(si(12.0), "12");
        for (s, text) in [
            (0, "now"),
            (9, "now"),
            (10, "10 s"),
            (59, "30 s"),
            (60, "1 min"),
            (119, "1 min"),
            (899, "10 min"),
            (3600, "1 h"),
            (200_000, "2 d"),
        ] {
            assert_eq!(age_step(TimeDelta::seconds(s)), text);
        }
        for (ms, text) in [
            (4_200, "4.2 s"),
            (20_000, "20 s"),
            (200_000, "3 min 20 s"),
            (7_500_000, "2 h 5 min"),
            (86_400_000, "1 d"),
        ] {
            assert_eq!(duration(TimeDelta::milliseconds(ms)), text);
        }
    }
}
