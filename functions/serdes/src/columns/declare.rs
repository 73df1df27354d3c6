//! The schema of Avro for a type that follows from rows.

use super::shape::Shape;
use apache_avro::Schema;
use serde_json::{Value as Json, json};
use std::collections::HashSet;

/// The schema of a type. The names of records are made of their paths.
///
/// # Errors
/// Avro does not accept the name of a column.
pub(super) fn declare(shape: &Shape) -> Result<Schema, String> {
    let json = Names::default().declare(shape, "root")?;
    Schema::parse(&json).map_err(|error| format!("the rows have no schema of Avro: {error}; set schema"))
}

/// The names of records so far.
#[derive(Default)]
struct Names(HashSet<String>);

impl Names {
    fn declare(&mut self, shape: &Shape, path: &str) -> Result<Json, String> {
        Ok(match shape {
            Shape::Null => json!("null"),
            Shape::Boolean => json!("boolean"),
            Shape::Long => json!("long"),
            Shape::Double => json!("double"),
            Shape::List(item) => {
                json!({"type": "array", "items": self.declare(item, &format!("{path}_items"))?})
            }
            Shape::Map(item) => {
                json!({"type": "map", "values": self.declare(item, &format!("{path}_values"))?})
            }
            Shape::Union(members) => {
                let members = members.iter().map(|member| self.declare(member, path));
                Json::Array(members.collect::<Result<_, _>>()?)
            }
            Shape::Record(fields) => {
                let name = self.unique(path);
                let mut declared = Vec::with_capacity(fields.len());
                for field in fields {
                    if !is_name(&field.name) {
                        return Err(format!(
                            "the column '{}' has no name for Avro; rename the column with letters, digits and _",
                            field.name
                        ));
                    }
                    let kind = self.declare(&field.shape, &format!("{path}_{}", field.name))?;
                    let has_default = kind.get(0) == Some(&json!("null"));
                    let mut declared_field = json!({"name": field.name, "type": kind});
                    if has_default && let Some(map) = declared_field.as_object_mut() {
                        map.insert("default".to_owned(), Json::Null);
                    }
                    declared.push(declared_field);
                }
                json!({"type": "record", "name": name, "fields": declared})
            }
            // Rows have no other types.
            _ => json!("string"),
        })
    }

    fn unique(&mut self, path: &str) -> String {
        let mut name = path.to_owned();
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
