//! Prices: the table that comes with miharu, and what a user's file puts over it.

use std::collections::BTreeMap;

use toml_edit::{Item, TableLike};

use super::error::Wrong;
use super::walk::Walk;
use crate::domain::price::{MONTHLY, PriceList};

/// The dated, regional table. A price that is not in it is unknown.
const TABLE: &str = include_str!("prices.toml");

/// The built-in prices by region.
pub fn built_in() -> BTreeMap<String, PriceList> {
    // A test holds the file to its form, so an empty table (every cost unknown) is never met.
    toml::from_str(TABLE).unwrap_or_default()
}

/// Names of all units that the built-in table knows, and of those that it only could.
pub(super) fn units() -> Vec<String> {
    let mut units: Vec<String> = built_in().into_values().flat_map(|list| list.usd.into_keys()).collect();
    units.extend(MONTHLY.iter().map(|unit| (*unit).to_owned()));
    units.sort();
    units.dedup();
    units
}

/// Puts `[prices."region"]` over `prices`: `as_of`, and dollars by unit in `usd`.
pub(super) fn read(
    walk: &mut Walk<'_>,
    root: &dyn TableLike,
    item: &Item,
    prices: &mut BTreeMap<String, PriceList>,
) {
    let Some(regions) = item.as_table_like() else {
        let wrong = Wrong::new("a table by region").remedy("write [prices.\"ap-northeast-1\"]");
        return walk.report.wrong(walk.document.at_value(root, "prices"), "prices".into(), None, wrong);
    };
    for (region, item) in regions.iter() {
        let path = format!("prices.{region}");
        let Some(table) = item.as_table_like() else {
            let wrong = Wrong::new("a table with \"as_of\" and \"usd\"")
                .remedy(format!("write [prices.\"{region}\"]"));
            walk.report.wrong(
                walk.document.at_value(regions, region),
                path,
                walk.document.written(item),
                wrong,
            );
            continue;
        };
        if super::forms::REGION.check(region).is_err() {
            let known = built_in();
            let wrong = Wrong {
                nearest: super::error::nearest(region, known.keys().map(String::as_str)),
                ..Wrong::new(super::forms::REGION.expects())
            };
            walk.report.wrong(walk.document.at_key(regions, region), path, None, wrong);
            continue;
        }
        one_region(walk, &path, table, prices.entry(region.to_owned()).or_default());
    }
}

fn one_region(walk: &mut Walk<'_>, path: &str, table: &dyn TableLike, list: &mut PriceList) {
    for (key, item) in table.iter() {
        let at = walk.document.at_value(table, key);
        let shown = format!("{path}.{key}");
        match (key, item.as_str(), item.as_table_like()) {
            ("as_of", Some(day), _) if chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok() => {
                day.clone_into(&mut list.as_of);
                walk.report.origins.insert(shown, at);
            }
            ("as_of", ..) => {
                let wrong = Wrong::new("the day the prices were read such as \"2026-11-01\"");
                walk.report.wrong(at, shown, walk.document.written(item), wrong);
            }
            ("usd", _, Some(usd)) => dollars(walk, &shown, usd, list),
            ("usd", ..) => {
                let wrong = Wrong::new("a table of dollars by unit");
                walk.report.wrong(at, shown, walk.document.written(item), wrong);
            }
            _ => {
                let at = walk.document.at_key(table, key);
                walk.report.unknown_key(at, shown, key, &["as_of", "usd"]);
            }
        }
    }
}

fn dollars(walk: &mut Walk<'_>, path: &str, usd: &dyn TableLike, list: &mut PriceList) {
    let units = units();
    for (unit, item) in usd.iter() {
        let at = walk.document.at_value(usd, unit);
        let shown = format!("{path}.{unit}");
        if !units.iter().any(|u| u == unit) {
            let at = walk.document.at_key(usd, unit);
            let known: Vec<&str> = units.iter().map(String::as_str).collect();
            walk.report.unknown_key(at, shown, unit, &known);
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a price in whole dollars is small")]
        let price = item.as_float().or_else(|| item.as_integer().map(|i| i as f64));
        if let Some(price) = price.filter(|p| p.is_finite() && *p >= 0.0) {
            list.usd.insert(unit.to_owned(), price);
            walk.report.origins.insert(shown, at);
        } else {
            let wrong = Wrong::new("US dollars for one unit such as 0.00001");
            walk.report.wrong(at, shown, walk.document.written(item), wrong);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::price::{CLOUDWATCH_REQUEST, FARGATE_GB_HOUR, FARGATE_VCPU_HOUR, METRIC_REQUESTED};

    #[test]
    fn the_built_in_table_is_dated_and_knows_what_is_billed() {
        let prices: BTreeMap<String, PriceList> = toml::from_str(TABLE).unwrap();
        assert!(prices.contains_key("ap-northeast-1"));
        for (region, list) in prices {
            assert!(chrono::NaiveDate::parse_from_str(&list.as_of, "%Y-%m-%d").is_ok(), "{region}");
            for unit in [METRIC_REQUESTED, CLOUDWATCH_REQUEST, FARGATE_VCPU_HOUR, FARGATE_GB_HOUR] {
                assert!(list.usd.get(unit).is_some_and(|p| *p > 0.0), "{region} {unit}");
            }
        }
    }
}
