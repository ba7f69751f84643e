//! Times of lines: as they are shown, and as someone types them.

use chrono::{DateTime, Days, Local, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};

/// In which zone times are shown and typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Zone {
    /// As CloudWatch and everybody else's logs.
    #[default]
    Utc,
    /// As the clock on the operator's wall.
    Local,
}

impl Zone {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Utc => Self::Local,
            Self::Local => Self::Utc,
        }
    }

    /// What stands behind a time: `UTC`, or the distance to it.
    pub fn name(self, at: DateTime<Utc>) -> String {
        match self {
            Self::Utc => "UTC".to_owned(),
            Self::Local => at.with_timezone(&Local).format("UTC%:z").to_string(),
        }
    }

    /// The time as it is read off a clock there.
    pub fn wall(self, at: DateTime<Utc>) -> NaiveDateTime {
        match self {
            Self::Utc => at.naive_utc(),
            Self::Local => at.with_timezone(&Local).naive_local(),
        }
    }

    /// The instant at which a clock there shows that; the earlier one when it does so twice.
    pub fn instant(self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self {
            Self::Utc => Some(wall.and_utc()),
            Self::Local => Local.from_local_datetime(&wall).earliest().map(|at| at.with_timezone(&Utc)),
        }
    }

    /// `14:02:09`, with the date where that is not `today`.
    pub fn clock(self, at: DateTime<Utc>, today: NaiveDate) -> String {
        let wall = self.wall(at);
        let form = if wall.date() == today { "%H:%M:%S" } else { "%m-%d %H:%M:%S" };
        wall.format(form).to_string()
    }

    /// To the millisecond, with date and zone.
    pub fn exact(self, at: DateTime<Utc>) -> String {
        format!("{} {}", self.wall(at).format("%Y-%m-%d %H:%M:%S%.3f"), self.name(at))
    }
}

/// What can be typed for a time.
pub const FORMS: &str = "14:02, 14:02:09, 11-21 14:02, 2026-11-21T14:02:09Z, or 10m for 10 minutes ago";

/// Reads a time as someone types it. A time of day is the newest such time that is not after `now`.
///
/// # Errors
/// What can be typed.
pub fn parse(text: &str, zone: Zone, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    let wrong = || format!("not a time; {FORMS}");
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    let ago = text.strip_prefix('-').unwrap_or(text).trim_end_matches("ago").trim();
    if let Ok(ago) = humantime::parse_duration(ago) {
        let ago = TimeDelta::from_std(ago).map_err(|_| wrong())?;
        return now.checked_sub_signed(ago).ok_or_else(wrong);
    }
    let here = zone.wall(now);
    if let Some(time) = time_of_day(text) {
        let today = here.date().and_time(time);
        let day = if today > here { here.date().checked_sub_days(Days::new(1)) } else { Some(here.date()) };
        return day.and_then(|day| zone.instant(day.and_time(time))).ok_or_else(wrong);
    }
    let (date, time) = text.split_once([' ', 'T']).ok_or_else(wrong)?;
    let time = time_of_day(time.trim()).ok_or_else(wrong)?;
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().or_else(|| {
        let year = here.date().format("%Y");
        NaiveDate::parse_from_str(&format!("{year}-{date}"), "%Y-%m-%d").ok()
    });
    date.and_then(|date| zone.instant(date.and_time(time))).ok_or_else(wrong)
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_type_them() {
        let now: DateTime<Utc> = "2026-11-20T14:02:13Z".parse().unwrap();
        for (typed, meant) in [
            ("14:02", "2026-11-20T14:02:00Z"),
            ("14:03", "2026-11-19T14:03:00Z"),
            (" 09:05:07 ", "2026-11-20T09:05:07Z"),
            ("09:05:07.250", "2026-11-20T09:05:07.250Z"),
            ("11-19 23:59", "2026-11-19T23:59:00Z"),
            ("2026-11-19 23:59:01", "2026-11-19T23:59:01Z"),
            ("2026-11-19T23:59:01Z", "2026-11-19T23:59:01Z"),
            ("2026-11-20T08:59:01+09:00", "2026-11-19T23:59:01Z"),
            ("10m", "2026-11-20T13:52:13Z"),
            ("-90s", "2026-11-20T14:00:43Z"),
            ("1h 2m ago", "2026-11-20T13:00:13Z"),
        ] {
            assert_eq!(parse(typed, Zone::Utc, now).map(|t| t.to_rfc3339()), Ok(utc(meant)), "{typed}");
        }
        for wrong in ["", "x", "25:00", "14", "13-45 10:00", "2026-11-20"] {
            assert!(parse(wrong, Zone::Utc, now).is_err_and(|why| why.contains("14:02")), "{wrong}");
        }
    }

    fn utc(text: &str) -> String {
        text.parse::<DateTime<Utc>>().unwrap().to_rfc3339()
    }

    #[test]
    fn what_is_shown_can_be_typed() {
        let now: DateTime<Utc> = "2026-11-20T14:02:13Z".parse().unwrap();
        for zone in [Zone::Utc, Zone::Local] {
            let today = zone.wall(now).date();
            for ago in [0, 59, 3_600, 86_400, 5 * 86_400] {
                let at = now - TimeDelta::seconds(ago);
                assert_eq!(parse(&zone.clock(at, today), zone, now), Ok(at));
            }
        }
        assert!(Zone::Utc.exact(now).starts_with("2026-11-20 14:02:13.000 UTC"));
    }
}
