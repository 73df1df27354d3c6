//! An XML document as one value. Attributes and elements are keys, elements with the same name are a list, and the text
//! of an element with other content is the key `content`.

use super::number;
use crate::convert::Source;
use crate::failure::Failure;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use segue_model::{Json, Map};
use std::collections::HashSet;

/// The deepest nesting of elements.
const DEEPEST: usize = 512;

/// An element that has not ended.
#[derive(Default)]
struct Element {
    name: String,
    content: Map,
    text: String,
}

/// Reads a document. Elements with a name in `lists` are lists, also if there is only one.
pub(super) fn read(source: Source, lists: &HashSet<String>) -> Result<Map, Failure> {
    let mut reader = Reader::from_reader(source);
    let mut buffer = Vec::new();
    let mut open = vec![Element::default()];
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        let at = reader.buffer_position();
        let wrong = |why: String| Failure::refused(format!("the file is not XML at byte {at}: {why}"));
        let Some(current) = open.last_mut() else {
            return Err(wrong("an element ends that did not begin".to_owned()));
        };
        let event = match event {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) => return Err(Failure::Io(std::io::Error::other(error))),
            Err(error) => return Err(wrong(error.to_string())),
        };
        match event {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return Err(wrong(format!("elements are nested more than {DEEPEST} deep")));
                }
                let element = element(&start).map_err(wrong)?;
                open.push(element);
            }
            Event::Empty(start) => current.add(element(&start).map_err(wrong)?, lists),
            Event::End(_) => {
                if let Some(ended) = open.pop()
                    && let Some(parent) = open.last_mut()
                {
                    parent.add(ended, lists);
                }
            }
            Event::Text(text) => current.text.push_str(&text.xml10_content()),
            Event::CData(text) => current.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => {
                let name: &str = &entity;
                let character = entity.resolve_char_ref().map_err(|error| wrong(error.to_string()))?;
                match (character, resolve_predefined_entity(name)) {
                    (Some(character), _) => current.text.push(character),
                    (None, Some(text)) => current.text.push_str(text),
                    (None, None) => {
                        return Err(wrong(format!("the entity &{name}; is not known, and is not expanded")));
                    }
                }
            }
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) if !root.text.trim().is_empty() => {
            Err(Failure::refused("the file is not XML: there is text outside of the first element"))
        }
        (Some(root), true) => Ok(root.content),
        (left, _) => {
            let name = left.map(|element| element.name).unwrap_or_default();
            Err(Failure::refused(format!("the file is not XML: the element <{name}> does not end")))
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element { name: start.name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| error.to_string())?;
        add(&mut element.content, attribute.key.as_ref().to_owned(), number::value(&value), false);
    }
    Ok(element)
}

impl Element {
    /// Adds an element that has ended.
    fn add(&mut self, ended: Self, lists: &HashSet<String>) {
        let is_list = lists.contains(&ended.name);
        let (name, value) = ended.finish();
        add(&mut self.content, name, value, is_list);
    }

    fn finish(mut self) -> (String, Json) {
        let text = self.text.trim();
        if self.content.is_empty() {
            return (self.name, number::value(text));
        }
        if !text.is_empty() {
            let text = number::value(text);
            add(&mut self.content, "content".to_owned(), text, false);
        }
        (self.name, Json::Object(self.content))
    }
}

/// Adds a value. Values with the same name become a list.
fn add(content: &mut Map, name: String, value: Json, is_list: bool) {
    match content.get_mut(&name) {
        None => {
            content.insert(name, if is_list { Json::Array(vec![value]) } else { value });
        }
        Some(Json::Array(values)) => values.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
    }
}
