//! The properties of a type, from every part of its JSON Schema. A property may have other names, listed in `x-aliases`
//! of its schema.

use crate::Json;

/// The largest number of references that are followed. More references form a circle.
const MAX_HOPS: usize = 16;

/// All properties of a type, from every part of its schema.
#[derive(Clone, Debug)]
pub struct TypeProperties<'s> {
    /// The properties with their schemas.
    pub known: Vec<(&'s str, &'s Json)>,
    /// The names of the properties that a flow must give.
    pub required: Vec<&'s str>,
    /// Whether the type also accepts other properties.
    pub open: bool,
}

impl<'s> TypeProperties<'s> {
    /// The properties in the schema of a type.
    pub fn of(schema: &'s Json) -> Self {
        let mut properties = Self { known: Vec::new(), required: Vec::new(), open: false };
        properties.collect(schema, schema, true, MAX_HOPS);
        properties
    }

    /// Collects the properties of a schema and of its parts. A flattened struct is in `allOf`. A flattened enum is in
    /// `oneOf`; none of its branches can require a property.
    fn collect(&mut self, root: &'s Json, schema: &'s Json, requires: bool, hops: usize) {
        if hops == 0 {
            return;
        }
        if let Some(target) = reference(root, schema) {
            self.collect(root, target, requires, hops - 1);
        }
        if let Some(map) = schema.get("properties").and_then(Json::as_object) {
            self.known.extend(map.iter().map(|(name, property)| (name.as_str(), property)));
        }
        if requires && let Some(names) = schema.get("required").and_then(Json::as_array) {
            self.required.extend(names.iter().filter_map(Json::as_str));
        }
        let rest = schema.get("additionalProperties").or_else(|| schema.get("unevaluatedProperties"));
        self.open |= rest.is_some_and(|rest| *rest == Json::Bool(true) || rest.is_object());
        for (keyword, requires) in [("allOf", requires), ("anyOf", false), ("oneOf", false)] {
            for part in schema.get(keyword).and_then(Json::as_array).into_iter().flatten() {
                self.collect(root, part, requires, hops - 1);
            }
        }
    }

    /// The property with this name or alias.
    pub fn find(&self, name: &str) -> Option<(&'s str, &'s Json)> {
        self.known
            .iter()
            .copied()
            .find(|(known, property)| *known == name || aliases(property).any(|alias| alias == name))
    }

    /// The names of the properties, without aliases.
    pub fn names(&self) -> impl Iterator<Item = &'s str> {
        self.known.iter().map(|(name, _)| *name)
    }
}

/// The other names of a property.
pub fn aliases(property: &Json) -> impl Iterator<Item = &str> {
    property.get("x-aliases").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}

/// The part of a schema that `$ref` of another part names. None if there is no reference, or no such part.
pub fn reference<'s>(root: &'s Json, schema: &Json) -> Option<&'s Json> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}
