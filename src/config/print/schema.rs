//! `miharu print schema`: the JSON schema of the configuration file, for editors.

use serde_json::{Map, Value, json};

use crate::config::field::{Field, Setting};
use crate::config::forms;
use crate::config::model::{Config, Environment};
use crate::config::prices::units;
use crate::config::settings::{ENVIRONMENT, METRIC, ROOT, new_metric};

/// The schema (draft 2020-12), pretty-printed.
pub fn schema() -> String {
    let mut metric = object(&METRIC, &mut new_metric());
    describe(&mut metric, "A CloudWatch metric beside the ones that miharu knows.");
    let mut environment = object(&ENVIRONMENT, &mut Environment::named(""));
    describe(&mut environment, "An account and region with a file service.");
    add(&mut environment, "metric", json!({ "type": "array", "items": metric }));
    let mut root = object(&ROOT, &mut Config::new(std::path::PathBuf::new()));
    add(&mut root, "environment", json!({ "type": "array", "items": environment }));
    add(&mut root, "prices", prices());
    let mut schema = Map::new();
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".into(), json!("miharu configuration"));
    if let Value::Object(root) = root {
        schema.extend(root);
    }
    let mut text = serde_json::to_string_pretty(&Value::Object(schema)).unwrap_or_default();
    text.push('\n');
    text
}

fn prices() -> Value {
    let dollars = json!({ "type": "number", "minimum": 0 });
    let units: Map<String, Value> = units().into_iter().map(|unit| (unit, dollars.clone())).collect();
    json!({
        "type": "object",
        "description": "Prices by region over the built-in ones.",
        "propertyNames": { "pattern": forms::REGION.pattern },
        "additionalProperties": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "as_of": {
                    "type": "string",
                    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                    "description": "Day the prices were read.",
                },
                "usd": {
                    "type": "object",
                    "description": "US dollars for one unit.",
                    "additionalProperties": false,
                    "properties": units,
                },
            },
        },
    })
}

/// An object with the settings of `T`, one object deeper for each dot of a key.
fn object<T>(settings: &[Setting<T>], defaults: &mut T) -> Value {
    let mut object = empty();
    for setting in settings {
        let mut value = takes(&setting.field);
        describe(&mut value, &setting.doc);
        if let Some(default) = setting.field.show(defaults).filter(|_| !setting.required) {
            value["default"] = serde_json::to_value(default).unwrap_or_default();
        }
        insert(&mut object, &setting.key, value);
    }
    let required: Vec<&str> = settings.iter().filter(|s| s.required).map(|s| s.key.as_ref()).collect();
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

fn empty() -> Value {
    json!({ "type": "object", "additionalProperties": false, "properties": {} })
}

fn insert(object: &mut Value, key: &str, value: Value) {
    match key.split_once('.') {
        None => add(object, key, value),
        Some((table, rest)) => {
            if object["properties"].get(table).is_none() {
                add(object, table, empty());
            }
            insert(&mut object["properties"][table], rest, value);
        }
    }
}

fn add(object: &mut Value, key: &str, value: Value) {
    object["properties"][key] = value;
}

fn describe(value: &mut Value, text: &str) {
    value["description"] = json!(text);
}

/// What a field takes, in the schema's words.
fn takes<T>(field: &Field<T>) -> Value {
    use crate::config::field::Choice;
    use crate::config::model::Lang;
    use crate::domain::count::CountSource;
    use crate::domain::snapshot::Mode;
    match field {
        Field::Flag(_) => json!({ "type": "boolean" }),
        Field::Number(range, _) => {
            json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
        }
        Field::Text(form, _) | Field::Name(form, _) => {
            json!({ "type": "string", "pattern": form.pattern, "examples": [form.example] })
        }
        Field::Texts(form, _) => json!({
            "type": "array",
            "items": { "type": "string", "pattern": form.pattern, "examples": [form.example] },
        }),
        Field::Expressions(_) => json!({
            "type": "array",
            "items": { "type": "string", "format": "regex", "minLength": 1 },
            "examples": [field.example()],
        }),
        Field::Word(words, _) => json!({ "enum": words }),
        Field::Path(example, _) => json!({ "type": "string", "minLength": 1, "examples": [example] }),
        Field::Mode(_) => json!({ "enum": Mode::names().collect::<Vec<_>>() }),
        Field::Lang(_) => json!({ "enum": Lang::names().collect::<Vec<_>>() }),
        Field::Counts(_) => json!({
            "type": "array",
            "items": { "enum": CountSource::names().collect::<Vec<_>>() },
            "minItems": 1,
            "uniqueItems": true,
        }),
        Field::Dimensions(_) => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Field::Datasource(_) => {
            json!({ "type": "string", "pattern": "/", "examples": [field.example()] })
        }
        Field::Journal(_) => json!({ "type": "string", "minLength": 1, "examples": [field.example()] }),
        Field::Count(range, _) => {
            json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
        }
        Field::Days(days, _) => json!({ "enum": days }),
        Field::Decimal(range, _) | Field::Maybe(range, _) => {
            json!({ "type": "number", "minimum": range.start(), "maximum": range.end() })
        }
        Field::Rules(all, never, _) => json!({
            "type": "array",
            "items": { "enum": all.iter().filter(|rule| !never.contains(rule)).collect::<Vec<_>>() },
        }),
        Field::Freeze(_) => json!({
            "type": "array",
            "items": { "type": "string", "pattern": "[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$" },
            "examples": [field.example()],
        }),
        // humantime's grammar; the range cannot be said in a pattern.
        Field::Minutes(..) | Field::Span(..) | Field::Source(..) => json!({
            "type": "string",
            "pattern": "^ *([0-9]+ *(ns|us|ms|s|sec|secs|m|min|mins|minutes?|h|hrs?|hours?|seconds?|d|days?|w|weeks?|M|months?) *)+$",
            "examples": [field.example()],
        }),
    }
}
