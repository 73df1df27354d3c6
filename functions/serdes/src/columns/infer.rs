//! Finds the type of rows that have no schema.

use super::shape::{Field, Shape};
use segue_model::Json;
use std::collections::HashMap;

/// What the values of a column have been.
#[derive(Default)]
struct Guess {
    has_boolean: bool,
    has_whole: bool,
    has_float: bool,
    has_text: bool,
    item: Option<Box<Guess>>,
    record: Option<Fields>,
}

/// The fields of maps, in the order in which they came.
#[derive(Default)]
struct Fields {
    places: HashMap<String, usize>,
    fields: Vec<(String, Guess)>,
}

/// The type of these rows. Each column may be null. A column of whole numbers has 64 bits, and one with other numbers too
/// is a double. A column without any value is one of texts.
///
/// # Errors
/// The rows are not all maps or all lists, or there are none.
pub(super) fn infer<'r>(rows: impl Iterator<Item = &'r Json>) -> Result<Shape, String> {
    let mut guess = Guess::default();
    rows.for_each(|row| guess.add(row));
    match (guess.record, guess.item) {
        (Some(record), None) if !record.fields.is_empty() => Ok(Shape::Record(record.finish())),
        // A file with a schema has records, so the list is the only field of one.
        (None, Some(item)) => {
            Ok(Shape::Record(vec![field("value".to_owned(), Shape::List(Box::new(item.finish())))]))
        }
        (None, None) => Err("there are no rows from which the schema could follow; set schema".to_owned()),
        _ => {
            Err("the schema cannot follow from rows that are not all maps, or all lists; set schema"
                .to_owned())
        }
    }
}

impl Guess {
    fn add(&mut self, value: &Json) {
        match value {
            Json::Null => {}
            Json::Bool(_) => self.has_boolean = true,
            Json::Number(number) if number.is_i64() => self.has_whole = true,
            Json::Number(number) if number.is_f64() => self.has_float = true,
            // A whole number that is too large for 64 bits with a sign.
            Json::Number(_) | Json::String(_) => self.has_text = true,
            Json::Array(items) => {
                let item = self.item.get_or_insert_default();
                items.iter().for_each(|value| item.add(value));
            }
            Json::Object(map) => {
                let record = self.record.get_or_insert_default();
                for (name, value) in map {
                    record.add(name, value);
                }
            }
        }
    }

    fn finish(self) -> Shape {
        let mut members = vec![Shape::Null];
        if self.has_boolean {
            members.push(Shape::Boolean);
        }
        if self.has_float {
            members.push(Shape::Double);
        } else if self.has_whole {
            members.push(Shape::Long);
        }
        if let Some(item) = self.item {
            members.push(Shape::List(Box::new(item.finish())));
        }
        match self.record {
            Some(record) if !record.fields.is_empty() => members.push(Shape::Record(record.finish())),
            // A record must have fields.
            Some(_) => members.push(Shape::Map(Box::new(Shape::Union(vec![Shape::Null, Shape::Text])))),
            None => {}
        }
        if self.has_text || members.len() == 1 {
            members.push(Shape::Text);
        }
        Shape::Union(members)
    }
}

impl Fields {
    fn add(&mut self, name: &str, value: &Json) {
        let place = *self.places.entry(name.to_owned()).or_insert_with(|| {
            self.fields.push((name.to_owned(), Guess::default()));
            self.fields.len() - 1
        });
        if let Some((_, guess)) = self.fields.get_mut(place) {
            guess.add(value);
        }
    }

    fn finish(self) -> Vec<Field> {
        self.fields.into_iter().map(|(name, guess)| field(name, guess.finish())).collect()
    }
}

fn field(name: String, shape: Shape) -> Field {
    Field { name, aliases: Vec::new(), shape }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_have_the_types_of_their_values() {
        let rows = [
            json!({"id": 1, "x": 2, "tags": [], "sub": {"a": true}, "none": null, "mix": 1}),
            json!({"id": 2, "x": 2.5, "tags": ["a", null], "sub": {"b": "t"}, "mix": "1", "late": u64::MAX}),
        ];
        let Ok(Shape::Record(fields)) = infer(rows.iter()) else { panic!("no record") };
        let null_or = |shape: Shape| Shape::Union(vec![Shape::Null, shape]);
        let sub =
            vec![field("a".to_owned(), null_or(Shape::Boolean)), field("b".to_owned(), null_or(Shape::Text))];
        let expected = [
            ("id", null_or(Shape::Long)),
            ("x", null_or(Shape::Double)),
            ("tags", null_or(Shape::List(Box::new(null_or(Shape::Text))))),
            ("sub", null_or(Shape::Record(sub))),
            ("none", null_or(Shape::Text)),
            ("mix", Shape::Union(vec![Shape::Null, Shape::Long, Shape::Text])),
            ("late", null_or(Shape::Text)),
        ];
        assert_eq!(fields, expected.map(|(name, shape)| field(name.to_owned(), shape)));
    }

    #[test]
    fn rows_without_a_type() {
        for rows in [vec![], vec![json!({})], vec![json!([1]), json!({"a": 1})]] {
            assert!(infer(rows.iter()).unwrap_err().ends_with("; set schema"));
        }
    }
}
