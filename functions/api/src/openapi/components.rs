//! The schemas of requests and answers, derived from the types of `segue-api-types`.
//!
//! OpenAPI 3.1 uses JSON Schema 2020-12, so the schemas need no translation. Answers and requests have separate
//! generators, because a field can be required in an answer and optional in a request.

use crate::endpoint::SchemaOf;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{ReplaceBoolSchemas, Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use segue_model::{Json, Map};
use serde_json::json;

/// The path of the schemas in the document.
const PATH: &str = "/components/schemas";

/// The schemas that the description has used so far.
pub(super) struct Components {
    answers: SchemaGenerator,
    requests: SchemaGenerator,
}

impl Components {
    pub(super) fn new() -> Self {
        let mut booleans = ReplaceBoolSchemas::default();
        booleans.skip_additional_properties = true;
        let settings = || {
            let settings =
                SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = PATH.into());
            settings.with_transform(booleans.clone())
        };
        Self {
            answers: settings().for_serialize().with_transform(AbsentIsNotNull).into_generator(),
            requests: settings().for_deserialize().into_generator(),
        }
    }

    /// The schema of a type. Structs in the schema are references to components.
    pub(super) fn schema(&mut self, of: SchemaOf, is_request: bool) -> Json {
        let generator = if is_request { &mut self.requests } else { &mut self.answers };
        let mut schema = of(generator);
        for transform in generator.transforms_mut() {
            transform.transform(&mut schema);
        }
        schema.to_value()
    }

    /// The schema of an answer.
    pub(super) fn answer<T: JsonSchema>(&mut self) -> Json {
        self.schema(SchemaGenerator::subschema_for::<T>, false)
    }

    /// All structs, sorted by name. A struct that is in requests and in answers has the schema of the answer.
    pub(super) fn into_schemas(mut self) -> Json {
        let mut all = self.requests.take_definitions(true);
        all.extend(self.answers.take_definitions(true));
        let mut sorted: Vec<_> = all.into_iter().collect();
        sorted.sort_by(|left, right| left.0.cmp(&right.0));
        Json::Object(sorted.into_iter().collect::<Map>())
    }
}

/// Removes null from optional fields, because an answer leaves out an optional field without a value. Also removes the
/// defaults of fields, because clients need the defaults only for the answers of older servers.
#[derive(Clone)]
struct AbsentIsNotNull;

impl Transform for AbsentIsNotNull {
    fn transform(&mut self, schema: &mut Schema) {
        let required: Vec<Json> =
            schema.get("required").and_then(Json::as_array).cloned().unwrap_or_default();
        if let Some(Json::Object(properties)) = schema.get_mut("properties") {
            for (name, property) in properties {
                let Json::Object(property) = property else { continue };
                property.shift_remove("default");
                if !required.contains(&json!(name)) {
                    without_null(property);
                }
            }
        }
        transform_subschemas(self, schema);
    }
}

fn without_null(property: &mut Map) {
    if let Some(Json::Array(types)) = property.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            property.insert("type".into(), only);
        }
    }
    if let Some(Json::Array(options)) = property.get_mut("anyOf") {
        options.retain(|option| option.get("type").is_none_or(|kind| kind != "null"));
        if let [Json::Object(only)] = &options[..] {
            let only = only.clone();
            property.shift_remove("anyOf");
            property.extend(only);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_api_types::{BackfillRequest, Trigger};

    #[test]
    fn what_is_always_answered_is_required_and_what_may_be_absent_is_not_null() {
        let mut components = Components::new();
        assert_eq!(components.answer::<Trigger>(), json!({"$ref": "#/components/schemas/Trigger"}));
        let schemas = components.into_schemas();
        let trigger = &schemas["Trigger"];
        let required = trigger["required"].as_array().unwrap();
        assert!(
            required.contains(&json!("updatedDate")) && !required.contains(&json!("date")),
            "{trigger:#}"
        );
        assert_eq!(trigger["properties"]["date"]["type"], "string");
        assert_eq!(trigger["properties"]["backfill"]["$ref"], "#/components/schemas/TriggerBackfill");
        assert_eq!(trigger["properties"]["updatedDate"].get("default"), None);
    }

    #[test]
    fn what_a_request_may_leave_out_is_not_required() {
        let mut components = Components::new();
        components.schema(SchemaGenerator::subschema_for::<BackfillRequest>, true);
        let schemas = components.into_schemas();
        assert_eq!(schemas["BackfillRequest"]["required"], json!(["namespace", "flowId", "start"]));
        assert_eq!(schemas["BackfillRequest"]["additionalProperties"], false);
    }
}
