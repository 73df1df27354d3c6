//! The properties of a connector: their JSON Schema, and the check of a task's values.

use crate::format::{Connector, Kind, Property};
use segue_model::{Json, Map};
use serde_json::json;

/// A property that every connector has: limits and header fields of its requests.
const OPTIONS: &str = "options";

impl Connector {
    /// JSON Schema of the properties, without those that every task has. Its description ends with the example.
    pub fn schema(&self) -> Json {
        let mut properties = Map::new();
        for (name, property) in &self.properties {
            properties.insert(name.clone(), property.schema());
        }
        properties.entry(OPTIONS).or_insert_with(options);
        let required: Vec<&String> =
            self.properties.iter().filter(|(_, property)| property.required).map(|(name, _)| name).collect();
        let mut schema = json!({"type": "object", "properties": properties, "description": self.about()});
        if let (Json::Object(fields), false) = (&mut schema, required.is_empty()) {
            fields.insert("required".to_owned(), json!(required));
        }
        schema
    }

    /// JSON Schema of the outputs. None if there are no outputs.
    pub fn outputs_schema(&self) -> Option<Json> {
        let outputs =
            self.outputs.iter().map(|(name, output)| (name.clone(), json!({"description": output.about})));
        let outputs: Map = outputs.collect();
        (!outputs.is_empty()).then(|| json!({"type": "object", "properties": outputs}))
    }

    /// Title, description and example, in Markdown.
    fn about(&self) -> String {
        let mut text = self.title.clone();
        if !self.description.trim().is_empty() {
            text.push_str("\n\n");
            text.push_str(self.description.trim());
        }
        text.push_str("\n\n```yaml\n");
        text.push_str(self.example.trim_end());
        text.push_str("\n```");
        text
    }

    /// All values of a task's properties: a property that is absent is null. Defaults are not filled in, because they
    /// may be templates. The second part has the names of unknown properties, which have no effect.
    ///
    /// # Errors
    /// A sentence for a property that is missing or has a value of another type.
    pub fn values(&self, mut given: Map) -> Result<(Map, Vec<String>), String> {
        let mut values = Map::new();
        for (name, property) in &self.properties {
            let value = given.remove(name).unwrap_or_default();
            if value.is_null() {
                if property.required {
                    return Err(format!("the property '{name}' is missing: {}", property.about));
                }
            } else {
                property.check(name, &value)?;
            }
            values.insert(name.clone(), value);
        }
        if let Some(options) = given.remove(OPTIONS) {
            values.insert(OPTIONS.to_owned(), options);
        }
        Ok((values, given.into_iter().map(|(name, _)| name).collect()))
    }
}

impl Property {
    fn schema(&self) -> Json {
        let mut schema = Map::new();
        if let Some(name) = self.kind.name() {
            let kind = if self.required { json!(name) } else { json!([name, "null"]) };
            schema.insert("type".to_owned(), kind);
        }
        if let Some(items) = self.items.and_then(Kind::name) {
            schema.insert("items".to_owned(), json!({"type": items}));
        }
        if !self.values.is_empty() {
            let null = (!self.required).then_some(&Json::Null);
            schema.insert("enum".to_owned(), json!(self.values.iter().chain(null).collect::<Vec<_>>()));
        }
        schema.insert("description".to_owned(), json!(self.about));
        if let Some(default) = &self.default {
            schema.insert("default".to_owned(), default.clone());
        }
        if self.secret {
            schema.insert("writeOnly".to_owned(), json!(true));
        }
        Json::Object(schema)
    }

    fn check(&self, name: &str, value: &Json) -> Result<(), String> {
        if !self.kind.fits(value) {
            return Err(format!("the property '{name}' is not {}", self.kind.article()));
        }
        if !self.values.is_empty() && !self.values.contains(value) {
            let allowed: Vec<String> = self
                .values
                .iter()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect();
            return Err(format!("the property '{name}' must be one of {}", allowed.join(", ")));
        }
        Ok(())
    }
}

impl Kind {
    /// The name in JSON Schema. None: any type.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::String => Some("string"),
            Self::Integer => Some("integer"),
            Self::Number => Some("number"),
            Self::Boolean => Some("boolean"),
            Self::Array => Some("array"),
            Self::Object => Some("object"),
            Self::Any => None,
        }
    }

    fn article(self) -> &'static str {
        match self {
            Self::String => "a text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Array => "a list",
            Self::Object => "a map",
            Self::Any => "a value",
        }
    }

    fn fits(self, value: &Json) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
            Self::Any => true,
        }
    }
}

fn options() -> Json {
    let duration = |about: &str| json!({"type": ["string", "null"], "description": about});
    json!({
        "type": ["object", "null"],
        "properties": {
            "connectTimeout": duration("The longest time to establish a connection, as an ISO-8601 duration."),
            "readTimeout": duration("The longest time without new data, as an ISO-8601 duration."),
            "headers": {
                "type": ["object", "null"],
                "additionalProperties": true,
                "description": "More header fields.",
            },
        },
        "description": "Limits and header fields of the requests.",
    })
}
