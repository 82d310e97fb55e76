//! The keywords of JSON Schema, draft 2020-12, that docs/json.schema.json uses. Any other keyword is an error, so that nothing
//! in the schema is ignored.

use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Names of the properties that a schema has evaluated, or where and why a value does not match.
type Checked = Result<BTreeSet<String>, String>;

pub(crate) struct Schema {
    root: Value,
    /// The definitions that some value has matched.
    pub(crate) met: RefCell<BTreeSet<String>>,
}

impl Schema {
    pub(crate) fn parse(text: &str) -> Self {
        Self { root: serde_json::from_str(text).unwrap(), met: RefCell::default() }
    }

    /// The definition of this name in `$defs`.
    pub(crate) fn definition(&self, name: &str) -> &Value {
        self.root["$defs"].get(name).unwrap_or_else(|| panic!("the schema does not define {name}"))
    }

    /// The definitions that have properties of their own.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&str, &Map<String, Value>)> {
        let definitions = self.root["$defs"].as_object().unwrap().iter();
        definitions.filter_map(|(name, schema)| Some((name.as_str(), schema["properties"].as_object()?)))
    }

    pub(crate) fn check(&self, name: &str, value: &Value) -> Checked {
        let checked = self.matches(self.definition(name), value).map_err(|error| format!("{name}{error}"))?;
        self.met.borrow_mut().insert(name.to_owned());
        Ok(checked)
    }

    /// Whether the whole schema, which begins with an `anyOf` of the documents, takes a value.
    pub(crate) fn check_any(&self, value: &Value) -> Checked {
        self.any_of(&self.root["anyOf"], value)
    }

    fn matches(&self, schema: &Value, value: &Value) -> Checked {
        let schema = schema.as_object().unwrap();
        let mut seen = BTreeSet::new();
        for (keyword, rule) in schema {
            seen.extend(self.keyword(keyword, rule, value)?);
        }
        let closed =
            ["additionalProperties", "unevaluatedProperties"].iter().any(|keyword| schema.contains_key(*keyword));
        match value.as_object().into_iter().flat_map(Map::keys).find(|name| closed && !seen.contains(*name)) {
            Some(name) => Err(format!(": unknown field {name}")),
            None => Ok(seen),
        }
    }

    fn keyword(&self, keyword: &str, rule: &Value, value: &Value) -> Checked {
        let fine = match keyword {
            "$ref" => return self.check(rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap(), value),
            "anyOf" => return self.any_of(rule, value),
            "properties" => return self.properties(rule.as_object().unwrap(), value),
            "items" => return self.items(rule, value),
            "type" => types(rule).any(|name| is_of_type(value, name)),
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "required" => types(rule).all(|name| value.get(name).is_some()),
            "pattern" => value.as_str().is_none_or(|text| pattern(rule.as_str().unwrap(), text)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= size(rule)),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() <= size(rule)),
            "minimum" => value.as_f64().is_none_or(|number| Some(number) >= rule.as_f64()),
            "additionalProperties" | "unevaluatedProperties" => rule == false,
            other => panic!("the keyword {other} is not known here"),
        };
        if fine { Ok(BTreeSet::new()) } else { Err(format!(": {value} does not match {keyword} {rule}")) }
    }

    fn any_of(&self, rule: &Value, value: &Value) -> Checked {
        let tried: Vec<_> = rule.as_array().unwrap().iter().map(|schema| self.matches(schema, value)).collect();
        match tried.iter().position(Result::is_ok) {
            Some(index) => tried.into_iter().nth(index).unwrap(),
            None => Err(format!(": none of {:?}", tried.into_iter().filter_map(Result::err).collect::<Vec<_>>())),
        }
    }

    fn properties(&self, rule: &Map<String, Value>, value: &Value) -> Checked {
        let mut seen = BTreeSet::new();
        for (name, field) in value.as_object().into_iter().flatten() {
            if let Some(schema) = rule.get(name) {
                self.matches(schema, field).map_err(|error| format!(".{name}{error}"))?;
                seen.insert(name.clone());
            }
        }
        Ok(seen)
    }

    fn items(&self, rule: &Value, value: &Value) -> Checked {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            self.matches(rule, item).map_err(|error| format!("[{index}]{error}"))?;
        }
        Ok(BTreeSet::new())
    }
}

/// One text, or a list of texts.
fn types(rule: &Value) -> impl Iterator<Item = &str> {
    let list = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
    list.iter().map(|name| name.as_str().unwrap())
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the type {other} is not known here"),
    }
}

fn pattern(rule: &str, text: &str) -> bool {
    let allowed: fn(u8) -> bool = match rule {
        "^[a-z0-9-]+$" => |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'),
        "^[0-9a-f]+$" => |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        other => panic!("the pattern {other} is not known here"),
    };
    !text.is_empty() && text.bytes().all(allowed)
}

fn size(rule: &Value) -> usize {
    rule.as_u64().unwrap().try_into().unwrap()
}
