//! Budget and burn maths against a computation that looks at every request by itself.
#![expect(clippy::unwrap_used, reason = "a test says where by panicking")]

use chrono::{DateTime, TimeDelta, Utc};
use miharu::domain::burn::{Slo, Urgency, alarm, burn_rules};
use miharu::domain::outages::Outages;
use miharu::domain::slo::{Budget, Counts, GOAL_PER_S, Objective, Series, TimeLeft};
use proptest::prelude::*;

/// A second, and how many requests succeeded and failed in it.
type Second = (i64, u64, u64);

fn at(s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + s, 0).unwrap()
}

fn hours(n: i64) -> TimeDelta {
    TimeDelta::hours(n)
}

fn series(seconds: &[Second], period: TimeDelta) -> Series {
    let mut series = Series::for_period(period);
    for (s, good, bad) in seconds {
        series.add(at(*s), Counts { good: *good, bad: *bad });
    }
    series
}

/// Good and bad requests of the seconds that `window` before `now` touches, one by one.
fn naive(seconds: &[Second], now: i64, window: i64) -> (u64, u64) {
    let (mut good, mut bad) = (0, 0);
    for (s, g, b) in seconds {
        if *s >= now - window && *s <= now {
            good += g;
            bad += b;
        }
    }
    (good, bad)
}

fn whole(seconds: usize) -> TimeDelta {
    TimeDelta::seconds(i64::try_from(seconds).unwrap())
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

prop_compose! {
    /// Up to ten minutes of traffic with gaps, seconds in which nobody came, and all shares of failures.
    fn traffic()(seconds in prop::collection::btree_map(0_i64..600, (0_u64..50, prop_oneof![3 => Just(0), 1 => 0_u64..50]), 0..200))
        -> Vec<Second> {
        seconds.into_iter().map(|(s, (good, bad))| (s, good, bad)).collect()
    }
}

proptest! {
    #[test]
    fn burn_is_the_share_of_failures_over_the_share_that_is_allowed(
        seconds in traffic(), now in 0_i64..700, window in 0_i64..900, allowed in 0.0001_f64..0.5,
    ) {
        let objective = Objective::new(1.0 - allowed).unwrap();
        let series = series(&seconds, hours(2));
        let (good, bad) = naive(&seconds, now, window);
        let burn = series.burn(objective, at(now), TimeDelta::seconds(window));
        if good + bad == 0 {
            prop_assert_eq!(burn, None, "nobody came: no data");
        } else {
            let expected = bad as f64 / (good + bad) as f64 / objective.allowed();
            prop_assert!(near(burn.unwrap(), expected), "{burn:?}, {expected} expected");
        }
    }

    #[test]
    fn the_budget_is_what_may_fail_of_as_many_requests_as_the_period_would_have(
        seconds in traffic(), now in 0_i64..700, period in 60_i64..1200,
    ) {
        let objective = Objective::default();
        // Newer seconds than `now` would make the series forget the oldest ones of the window.
        let seconds: Vec<Second> = seconds.into_iter().filter(|(s, ..)| *s <= now).collect();
        let series = series(&seconds, TimeDelta::seconds(period));
        let (good, bad) = naive(&seconds, now, period);
        let measured = seconds.iter().filter(|(s, ..)| *s >= now - period && *s <= now).count() as f64;
        let budget = series.budget(objective, at(now));
        if good + bad == 0 {
            prop_assert_eq!(budget, None);
        } else {
            // As many as came in each measured second, in each second of the period.
            let requests = (good + bad) as f64 * (period as f64 / measured.min(period as f64));
            let left = 1.0 - bad as f64 / (requests * 0.001);
            prop_assert!(near(budget.unwrap().left(), left), "{budget:?}, {left} expected");
        }
    }

    #[test]
    fn up_and_down_time_give_the_means_and_every_bad_second_is_in_one_outage(seconds in traffic()) {
        let objective = Objective::new(0.9).unwrap();
        let outages = Outages::of(&series(&seconds, hours(2)), objective, at(700), hours(1));
        let known: Vec<bool> = (seconds.iter())
            .filter(|(_, good, bad)| good + bad > 0)
            .map(|(_, good, bad)| *good as f64 / (good + bad) as f64 >= 0.9 - 1e-9)
            .collect();
        let down = known.iter().filter(|good| !**good).count();
        let begins = known.iter().enumerate().filter(|(i, good)| !**good && (*i == 0 || known[i - 1])).count();
        prop_assert_eq!(outages.list.len(), begins);
        prop_assert_eq!(outages.down, whole(down));
        prop_assert_eq!(outages.up, whole(known.len() - down));
        prop_assert_eq!(outages.list.last().is_some_and(|o| o.lasts), known.last() == Some(&false));
        if let (Some(mtbf), Some(mttr)) = (outages.mtbf(), outages.mttr()) {
            // MTBF / (MTBF + MTTR) is the availability, to the rounding of the means.
            let share = mtbf.num_nanoseconds().unwrap() as f64 / (mtbf + mttr).num_nanoseconds().unwrap() as f64;
            prop_assert!((share - outages.availability().unwrap()).abs() < 1e-6);
        } else {
            prop_assert_eq!(begins, 0);
        }
    }

    #[test]
    fn at_the_present_burn_the_budget_is_gone_when_it_says(spent in 0.0_f64..0.99, burn in 0.01_f64..1000.0) {
        let period = hours(720);
        let budget = Budget { period, measured: period, counts: Counts::default(), spent };
        let TimeLeft::In(time) = budget.time_left(burn) else { panic!("{spent} is not all") };
        let then = spent + burn * time.num_milliseconds() as f64 / period.num_milliseconds() as f64;
        prop_assert!((then - 1.0).abs() < 1e-5, "{then}");
    }

    #[test]
    fn the_order_in_which_counts_come_does_not_matter(seconds in traffic(), now in 0_i64..600) {
        let mut backwards = seconds.clone();
        backwards.reverse();
        let window = TimeDelta::seconds(300);
        prop_assert_eq!(
            series(&seconds, hours(1)).counts(at(now), window),
            series(&backwards, hours(1)).counts(at(now), window)
        );
    }
}

#[test]
fn nobody_came_is_no_data() {
    let objective = Objective::default();
    let empty = Series::for_period(hours(2));
    let idle = series(&[(0, 0, 0), (1, 0, 0)], hours(2));
    for series in [&empty, &idle] {
        assert_eq!(series.success_ratio(at(1), hours(1)), None);
        assert_eq!(series.burn(objective, at(1), hours(1)), None);
        assert_eq!(series.budget(objective, at(1)), None);
        assert_eq!(Slo::of(series, objective, at(1)), None);
        assert_eq!(Outages::of(series, objective, at(1), hours(1)).availability(), None);
    }
    assert_eq!(empty.per_s(at(1), hours(1)), None, "not measured");
    assert_eq!(idle.per_s(at(3), hours(1)), Some(0.0), "measured: nobody");
    assert_eq!(objective.met(0, 0), None);
}

#[test]
fn the_rules_are_those_of_the_workbook_for_any_period() {
    let month: Vec<(i64, i64, f64)> = (burn_rules(TimeDelta::days(30)).iter())
        .map(|r| (r.long.num_seconds(), r.short.num_seconds(), r.threshold))
        .collect();
    let expected = [(3600, 300, 14.4), (21_600, 1800, 6.0), (259_200, 21_600, 1.0)];
    for ((long, short, threshold), wanted) in month.iter().zip(expected) {
        assert_eq!((*long, *short), (wanted.0, wanted.1));
        assert!(near(*threshold, wanted.2), "{threshold}");
    }
    let round = burn_rules(hours(2));
    assert_eq!(round.map(|r| (r.long.num_seconds(), r.short.num_seconds())), [(10, 1), (60, 5), (720, 60)]);
    assert!(near(round[0].threshold, 14.4));
}

#[test]
fn a_rule_needs_both_windows() {
    let objective = Objective::default();
    // Ten minutes of a round without a failure, then all fails for five seconds.
    let mut seconds: Vec<Second> = (0..600).map(|s| (s, 1000, 0)).collect();
    assert_eq!(alarm(&series(&seconds, hours(2)), objective, at(599)), None);
    seconds.extend((600..605).map(|s| (s, 0, 1000)));
    let burning = alarm(&series(&seconds, hours(2)), objective, at(604)).unwrap();
    assert_eq!(burning.urgency, Urgency::Page);
    // Half a minute after its end the long windows still burn, the short ones do not: nobody is called.
    seconds.extend((605..640).map(|s| (s, 1000, 0)));
    let series = series(&seconds, hours(2));
    assert!(series.burn(objective, at(639), TimeDelta::seconds(60)).unwrap() > 6.0);
    assert_eq!(alarm(&series, objective, at(639)).filter(|rule| rule.urgency == Urgency::Page), None);
}

#[test]
fn the_snapshot_holds_what_the_contract_names() {
    let seconds: Vec<Second> = (0..7200).map(|s| (s, 9_995, 5)).collect();
    let slo = Slo::of(&series(&seconds, hours(2)), Objective::default(), at(7199)).unwrap();
    assert!(near(slo.budget_left_ratio, 0.5), "{slo:?}");
    assert!(slo.burn.iter().all(|b| near(b.rate.unwrap(), 0.5)), "{slo:?}");
    let json = serde_json::to_value(&slo).unwrap();
    let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["objective", "window_s", "budget_left_ratio", "burn"]);
    assert_eq!(json["window_s"], 7200);
    let windows: Vec<i64> = slo.burn.iter().map(|b| b.window_s).collect();
    assert_eq!(windows, [1, 5, 10, 60, 720], "each window once, shortest first");
}

#[test]
fn a_month_takes_no_more_memory_than_its_minutes() {
    let mut series = Series::for_period(TimeDelta::days(30));
    assert_eq!(series.slot(), TimeDelta::minutes(1));
    for minute in 0..60 * 24 * 40 {
        series.add(at(minute * 60), Counts { good: 1, bad: 0 });
    }
    let all = series.slots(at(60 * 60 * 24 * 40), TimeDelta::days(400)).count();
    assert!((43_200..=43_202).contains(&all), "{all}");
}

#[test]
fn a_minute_that_is_read_again_replaces_itself() {
    let mut series = Series::for_period(hours(2)).with_slot(TimeDelta::minutes(1));
    series.replace(at(0), Counts { good: 10, bad: 1 });
    series.replace(at(30), Counts { good: 25, bad: 1 });
    assert_eq!(series.counts(at(59), hours(1)), Some(Counts { good: 25, bad: 1 }));
}

#[test]
fn the_goal_is_a_rate_and_a_share_held_without_a_gap() {
    let objective = Objective::default();
    let minute = TimeDelta::seconds(60);
    let goal = |seconds: &[Second]| series(seconds, hours(2)).goal_met(objective, GOAL_PER_S, at(60), minute);
    let full: Vec<Second> = (0..60).map(|s| (s, 30_000, 20)).collect();
    assert_eq!(goal(&full), Some(true));
    let slow: Vec<Second> = (0..60).map(|s| (s, 29_900, 20)).collect();
    assert_eq!(goal(&slow), Some(false));
    let failing: Vec<Second> = (0..60).map(|s| (s, 30_000, 40)).collect();
    assert_eq!(goal(&failing), Some(false));
    assert_eq!(goal(&full[..40]), None, "20 s of it were not measured");
}

#[test]
fn an_outage_goes_on_over_a_gap_and_says_when_it_began() {
    let seconds = [(0, 100, 0), (1, 0, 100), (2, 0, 0), (4, 50, 50), (5, 100, 0), (6, 0, 1)];
    let outages = Outages::of(&series(&seconds, hours(2)), Objective::default(), at(7), hours(1));
    let list: Vec<_> = outages.list.iter().map(|o| (o.from, o.until, o.lasts)).collect();
    assert_eq!(list, [(at(1), at(5), false), (at(6), at(7), true)]);
    assert_eq!(outages.list[0].counts, Counts { good: 50, bad: 150 });
    assert_eq!(
        (outages.mttr(), outages.mtbf()),
        (Some(TimeDelta::milliseconds(1500)), Some(TimeDelta::seconds(1)))
    );
}

#[test]
fn objectives_are_read_and_shown() {
    for (text, shown) in [
        ("0.999", "99.90 %"),
        ("99.9%", "99.90 %"),
        ("0.99999", "99.999 %"),
        ("1", "100.00 %"),
        ("95 %", "95.00 %"),
    ] {
        assert_eq!(text.parse::<Objective>().unwrap().to_string(), shown);
    }
    for wrong in ["99.9", "-1", "", "%", "nan", "1e9%"] {
        assert!(wrong.parse::<Objective>().is_err(), "{wrong}");
    }
    let five_nines = Objective::new(0.99999).unwrap();
    assert_eq!(five_nines.allowed_downtime(TimeDelta::days(365)).num_seconds(), 315, "five minutes a year");
    assert_eq!((five_nines.met(99_999, 100_000), five_nines.met(99_998, 100_000)), (Some(true), Some(false)));
    let all = Objective::new(1.0).unwrap();
    assert_eq!((all.met(10, 10), all.met(9, 10)), (Some(true), Some(false)));
}
