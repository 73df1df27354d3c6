//! A variable that exists but cannot be read. An expression that uses the variable, or a part of it, fails with the
//! reason.

use crate::error::Fault;
use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};
use std::fmt;
use std::sync::Arc;

#[derive(Debug)]
struct Unreadable(String);

impl Object for Unreadable {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value that cannot be read. `why` is the reason in the error.
pub fn unreadable_value(why: &str) -> Value {
    Value::from_object(Unreadable(why.to_owned()))
}

/// Fails if a value cannot be read.
pub(crate) fn readable(value: &Value) -> Result<(), Fault> {
    value.downcast_object_ref::<Unreadable>().map_or(Ok(()), |why| Err(Fault::Message(why.0.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ambient, JsonMap, LazyMap, LookupTable, Renderer, Scope};

    #[derive(Debug)]
    struct Variables(JsonMap);

    impl LazyMap for Variables {
        fn get(&self, key: &str) -> Option<Value> {
            if key == "broken" { Some(unreadable_value("it is broken")) } else { self.0.get(key) }
        }

        fn keys(&self) -> Vec<String> {
            vec!["broken".to_owned()]
        }
    }

    #[test]
    fn whatever_uses_it_fails_and_says_why() {
        let time_zone = jiff::tz::TimeZone::UTC;
        let scope = Scope {
            variables: Arc::new(Variables(JsonMap::default())),
            lookups: Arc::new(LookupTable::new()),
            ambient: Ambient { now: jiff::Timestamp::UNIX_EPOCH, seed: 0, time_zone },
        };
        for text in [
            "{{ broken }}",
            "{{ broken.a.b }}",
            "{{ broken[0] }}",
            "{{ broken ?? 'x' }}",
            "{{ broken.a is defined }}",
            "{{ (true ? broken : 1) | length }}",
            "{% if broken.a %}a{% endif %}",
            "{% for a in broken %}a{% endfor %}",
        ] {
            let error = Renderer::new().render(text, &scope).unwrap_err().to_string();
            assert!(error.contains("it is broken"), "{text}: {error}");
        }
    }
}
