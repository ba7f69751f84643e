//! Times in which nothing is changed, as text: `Sat Sun 00:00-24:00`, `Mon-Fri 09:00-17:00`, `22:00-06:00`. The
//! days are those on which it begins, none stands for every day; UTC; an end before its begin is on the next day.

use chrono::{NaiveTime, Timelike as _, Weekday};

use super::error::Wrong;
use crate::domain::policy::FreezeWindow;

/// What is expected.
pub(super) const EXPECTED: &str =
    "a list of times in UTC such as [\"Fri 18:00-24:00\", \"Sat Sun 00:00-24:00\", \"22:00-06:00\"]";

/// Monday first.
const DAYS: [(&str, Weekday); 7] = [
    ("Mon", Weekday::Mon),
    ("Tue", Weekday::Tue),
    ("Wed", Weekday::Wed),
    ("Thu", Weekday::Thu),
    ("Fri", Weekday::Fri),
    ("Sat", Weekday::Sat),
    ("Sun", Weekday::Sun),
];

/// Reads one.
pub(super) fn parse(text: &str) -> Result<FreezeWindow, Wrong> {
    let wrong = |why: String| Wrong::new(EXPECTED).remedy(format!("correct it: {why}"));
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let times = words.pop().and_then(|last| last.split_once('-'));
    let (from, to) = times.ok_or_else(|| wrong("a time such as 09:00-17:00 stands last".into()))?;
    let time = |text: &str| {
        // The end of a day is no time of its own in chrono.
        let time = if text == "24:00" {
            NaiveTime::from_hms_nano_opt(23, 59, 59, 999_999_999)
        } else {
            NaiveTime::parse_from_str(text, "%H:%M").ok().filter(|_| text.len() == 5)
        };
        time.ok_or_else(|| wrong("a time is written 09:00, from 00:00 to 24:00".into()))
    };
    let (from, to) = (time(from)?, time(to)?);
    if from == to {
        return Err(wrong("begin and end are the same; a whole day is 00:00-24:00".into()));
    }
    if from.nanosecond() != 0 {
        return Err(wrong("nothing begins at 24:00".into()));
    }
    let mut days = Vec::new();
    for word in words {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let (mut day, last) = (weekday(first)?, weekday(last)?);
        days.push(day);
        while day != last {
            day = day.succ();
            days.push(day);
        }
    }
    days.sort_by_key(Weekday::num_days_from_monday);
    days.dedup();
    Ok(FreezeWindow { days, from, to })
}

fn weekday(word: &str) -> Result<Weekday, Wrong> {
    let found = DAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, day)| *day).ok_or_else(|| Wrong::one_of(word, DAYS.iter().map(|(name, _)| *name)))
}

/// As it is written in a file.
pub(super) fn show(window: &FreezeWindow) -> String {
    let time = |t: NaiveTime| {
        if t.nanosecond() == 0 { t.format("%H:%M").to_string() } else { "24:00".to_owned() }
    };
    let days = DAYS.iter().filter(|(_, day)| window.days.contains(day)).map(|(name, _)| (*name).to_owned());
    days.chain([format!("{}-{}", time(window.from), time(window.to))]).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, shown) in [
            ("Sat Sun 00:00-24:00", "Sat Sun 00:00-24:00"),
            ("mon-wed 09:00-17:30", "Mon Tue Wed 09:00-17:30"),
            ("Sat-Mon  00:00-24:00", "Mon Sat Sun 00:00-24:00"),
            ("22:00-06:00", "22:00-06:00"),
            ("Fri 18:00-00:00", "Fri 18:00-00:00"),
        ] {
            let window = parse(text).unwrap();
            assert_eq!(show(&window), shown);
            assert_eq!(parse(&show(&window)), Ok(window));
        }
    }

    #[test]
    fn it_holds_when_it_says() {
        let holds = |text: &str, at: &str| parse(text).unwrap().holds(at.parse().unwrap());
        // 2026-11-20 is a Friday.
        assert!(holds("Fri 18:00-24:00", "2026-11-20T23:59:59.5Z"));
        assert!(!holds("Fri 18:00-24:00", "2026-11-21T00:00:00Z"));
        assert!(holds("Fri 22:00-06:00", "2026-11-21T05:59:00Z"));
        assert!(!holds("Fri 22:00-06:00", "2026-11-20T05:59:00Z"));
    }

    #[test]
    fn a_mistake_says_why() {
        for (text, why) in [
            ("", "stands last"),
            ("Fri", "stands last"),
            ("9:00-17:00", "is written"),
            ("25:00-26:00", "is written"),
            ("24:00-06:00", "nothing begins"),
            ("09:00-09:00", "the same"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.remedy.clone().unwrap_or_default().contains(why), "{text}: {wrong:?}");
        }
        assert_eq!(parse("Fry 09:00-17:00").unwrap_err().nearest.as_deref(), Some("Fri"));
    }
}
