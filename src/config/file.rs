//! The configuration file.

use std::path::Path;

use toml_edit::{Item, TableLike};

use super::document::{Document, tables};
use super::error::{ConfigError, Mistake, Wrong, redacted};
use super::model::{Config, Environment};
use super::report::Report;
use super::settings::{self, ENVIRONMENT, METRIC, ROOT};
use super::walk::{Level, Walk};
use super::{forms, prices};

/// Takes the file into `config`.
///
/// # Errors
/// It is not TOML. What its values are is for `report`.
pub(super) fn read(
    path: &Path,
    text: &str,
    config: &mut Config,
    report: &mut Report,
) -> Result<(), ConfigError> {
    let document = Document::parse(path, text).map_err(|mistake| *mistake)?;
    let root = document.root();
    let mut walk = Walk { document: &document, report };
    let level = Level { settings: &ROOT, base: "", inside: "", others: &["environment", "prices"] };
    walk.table(root, &level, config);
    if let Some(item) = root.get("prices") {
        prices::read(&mut walk, root, item, &mut config.prices);
    }
    if let Some(item) = root.get("environment") {
        environments(&mut walk, root, item, config);
    }
    Ok(())
}

fn environments(walk: &mut Walk<'_>, root: &dyn TableLike, item: &Item, config: &mut Config) {
    let Some(tables) = tables(item) else {
        let wrong = Wrong::new("tables [[environment]], one for each")
            .remedy("write two brackets: [[environment]], and below it name = \"…\"");
        let at = walk.document.at_value(root, "environment");
        return walk.report.wrong(at, "environment".into(), None, wrong);
    };
    for (index, (span, table)) in tables.into_iter().enumerate() {
        let name = table.get("name").and_then(Item::as_str).filter(|n| forms::ENVIRONMENT.check(n).is_ok());
        if let Some(name) = name
            && config.environments.iter().any(|e| e.name == name)
        {
            let at = walk.document.at_value(table, "name");
            let wrong = Wrong::new("a name that no other environment has").remedy("give it another name");
            walk.report.wrong(at, format!("environment.{name}.name"), Some(format!("\"{name}\"")), wrong);
            continue;
        }
        let shown = name.map_or_else(|| index.to_string(), redacted);
        let base = format!("environment.{shown}.");
        let mut environment = Environment::named(&shown);
        let level = Level { settings: &ENVIRONMENT, base: &base, inside: "", others: &["metric"] };
        walk.table(table, &level, &mut environment);
        walk.required(table, span.as_ref(), &level);
        if let Some(item) = table.get("metric") {
            metrics(walk, table, item, &base, &mut environment);
        }
        both_datasources(walk, table, &base, &mut environment);
        config.environments.push(environment);
    }
}

fn metrics(
    walk: &mut Walk<'_>,
    table: &dyn TableLike,
    item: &Item,
    base: &str,
    environment: &mut Environment,
) {
    let Some(tables) = tables(item) else {
        let wrong = Wrong::new("tables [[environment.metric]], one for each metric")
            .remedy("write two brackets: [[environment.metric]]");
        let at = walk.document.at_value(table, "metric");
        return walk.report.wrong(at, format!("{base}metric"), None, wrong);
    };
    for (index, (span, table)) in tables.into_iter().enumerate() {
        let mut metric = settings::new_metric();
        let base = format!("{base}metric.{index}.");
        let level = Level { settings: &METRIC, base: &base, inside: "", others: &[] };
        walk.table(table, &level, &mut metric);
        walk.required(table, span.as_ref(), &level);
        environment.metrics.push(metric);
    }
}

/// Two places for one password: which one would count?
fn both_datasources(walk: &mut Walk<'_>, table: &dyn TableLike, base: &str, environment: &mut Environment) {
    if environment.datasource.is_none() || environment.datasource_env.is_none() {
        return;
    }
    environment.datasource_env = None;
    let at = match table.get("hakaru").and_then(Item::as_table_like) {
        Some(hakaru) => walk.document.at_key(hakaru, "datasource_env"),
        None => walk.document.at(None),
    };
    walk.report.mistakes.push(Mistake {
        at,
        key: format!("{base}hakaru.datasource_env"),
        value: None,
        expected: "either datasource or datasource_env".into(),
        nearest: None,
        remedy: "remove one of the two".into(),
    });
}
