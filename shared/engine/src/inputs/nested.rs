//! Ids with dots: the value of input `a.b` is `inputs.a.b`.

use segue_model::{Json, Map};

/// Inserts a value at the position of its id.
pub(super) fn insert(map: &mut Map, id: &str, value: Json) {
    match id.split_once('.') {
        None => {
            map.insert(id.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = map.entry(first).or_insert_with(|| Json::Object(Map::new()));
            if !inner.is_object() {
                *inner = Json::Object(Map::new());
            }
            if let Json::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// The value of an id. The map may have it under the id with dots, or nested. `None` if it is absent or null.
pub(super) fn get<'m>(map: &'m Map, id: &str) -> Option<&'m Json> {
    let value = map.get(id).or_else(|| {
        let (first, rest) = id.split_once('.')?;
        get(map.get(first)?.as_object()?, rest)
    });
    value.filter(|value| !value.is_null())
}

/// The value of an id at the position that [`insert`] uses, to be changed.
pub(super) fn get_mut<'m>(map: &'m mut Map, id: &str) -> Option<&'m mut Json> {
    match id.split_once('.') {
        None => map.get_mut(id),
        Some((first, rest)) => get_mut(map.get_mut(first)?.as_object_mut()?, rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn dots_nest() {
        let mut map = Map::new();
        for (id, value) in [("a.b.c", 1), ("x", 2), ("a.b.d", 3), ("x.y", 4)] {
            insert(&mut map, id, json!(value));
        }
        assert_eq!(Json::Object(map), json!({"a": {"b": {"c": 1, "d": 3}}, "x": {"y": 4}}));
    }

    #[test]
    fn submitted_values_may_be_dotted_or_nested() {
        let map = json!({"a.b": 1, "c": {"d": {"e": 2}}, "n": null});
        let map = map.as_object().unwrap();
        assert_eq!(get(map, "a.b"), Some(&json!(1)));
        assert_eq!(get(map, "c.d.e"), Some(&json!(2)));
        assert_eq!(get(map, "n"), None);
        assert_eq!(get(map, "c.x"), None);
    }
}
