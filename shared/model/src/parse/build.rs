//! Builds a tree of [`Node`]s from the events of the YAML parser. It resolves aliases and merge keys, and rejects
//! duplicate keys. It limits the depth of the tree and its growth through aliases.

use super::node::{Entry, Node, Value};
use super::scalar::Scalar;
use crate::diagnostic::{Diagnostic, Position, codes};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};
use std::collections::{HashMap, HashSet};

/// The deepest nesting of lists and maps. A flowable takes two levels, so about 50 flowables can be nested.
pub(crate) const MAX_DEPTH: usize = 100;
/// The largest number of values that aliases and plugin defaults may add to a document.
pub(crate) const MAX_GROWTH: usize = 100_000;

/// The tree of one document; `None` if the document is empty or cannot be parsed.
pub(crate) fn build(text: &str, first_line: u32, diagnostics: &mut Vec<Diagnostic>) -> Option<Node> {
    let mut builder = Builder {
        first_line,
        diagnostics,
        frames: Vec::new(),
        anchors: HashMap::new(),
        growth: 0,
        root: None,
    };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => builder.event(event, span).ok()?,
            Err(error) => {
                builder.syntax_error(text, &error);
                return None;
            }
        }
    }
    builder.root
}

/// The rest of the document cannot be parsed. The diagnostics already have the reason.
struct Refused;

struct Builder<'d> {
    first_line: u32,
    diagnostics: &'d mut Vec<Diagnostic>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    growth: usize,
    root: Option<Node>,
}

/// A list or map that is not complete yet.
struct Frame {
    position: Position,
    anchor: usize,
    kind: FrameKind,
}

enum FrameKind {
    Seq(Vec<Node>),
    Map(MapFrame),
}

#[derive(Default)]
struct MapFrame {
    entries: Vec<Entry>,
    known: HashSet<String>,
    merged: Vec<Node>,
    key: Option<Key>,
}

/// The key of a map that waits for its value.
enum Key {
    Text(String, Position),
    Merge,
    /// The key was rejected. Its value is parsed and dropped.
    Refused,
}

impl Builder<'_> {
    fn position(&self, span: Span) -> Position {
        Position {
            line: u32::try_from(span.start.line()).unwrap_or(u32::MAX).saturating_add(self.first_line),
            column: u32::try_from(span.start.col()).unwrap_or(u32::MAX).saturating_add(1),
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Refused> {
        let position = self.position(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = matches!(style, ScalarStyle::Plain);
                let merge = is_plain && text == "<<";
                let scalar = scalar(text.into_owned(), is_plain, tag.as_deref());
                self.finished(Node::new(position, Value::Scalar(scalar)), anchor, merge);
            }
            Event::SequenceStart(anchor, _) => self.open(position, anchor, FrameKind::Seq(Vec::new()))?,
            Event::MappingStart(anchor, _) => {
                self.open(position, anchor, FrameKind::Map(MapFrame::default()))?
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(position, anchor)?,
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn open(&mut self, position: Position, anchor: usize, kind: FrameKind) -> Result<(), Refused> {
        if self.frames.len() >= MAX_DEPTH {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TOO_LARGE,
                    position,
                    format!("the document has more than {MAX_DEPTH} levels"),
                )
                .with_hint("move inner tasks into a subflow"),
            );
            return Err(Refused);
        }
        self.frames.push(Frame { position, anchor, kind });
        Ok(())
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        let value = match frame.kind {
            FrameKind::Seq(items) => Value::Seq(items),
            FrameKind::Map(map) => Value::Map(map.finish().into()),
        };
        self.finished(Node::new(frame.position, value), frame.anchor, false);
    }

    fn alias(&mut self, position: Position, anchor: usize) -> Result<(), Refused> {
        let Some(node) = self.anchors.get(&anchor) else {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::BAD_ALIAS,
                    position,
                    "an alias cannot be used inside the value that its anchor marks",
                )
                .with_hint("use the alias after the end of the anchored value"),
            );
            self.finished(Node::new(position, Value::Scalar(Scalar::Null)), 0, false);
            return Ok(());
        };
        self.growth = self.growth.saturating_add(node.size());
        if self.growth > MAX_GROWTH {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::TOO_LARGE,
                    position,
                    format!("aliases add more than {MAX_GROWTH} values"),
                )
                .with_hint("write the values instead of aliases of aliases"),
            );
            return Err(Refused);
        }
        let node = node.clone();
        // The depth of an inserted value counts too. Otherwise, nested aliases could exceed the limit.
        if self.frames.len() + depth(&node) > MAX_DEPTH {
            self.diagnostics.push(Diagnostic::error(
                codes::TOO_LARGE,
                position,
                format!("the alias leads to more than {MAX_DEPTH} levels"),
            ));
            return Err(Refused);
        }
        self.finished(node, 0, false);
        Ok(())
    }

    /// Inserts a complete value into the list or map around it. `merge` is true for an unquoted `<<`.
    fn finished(&mut self, node: Node, anchor: usize, merge: bool) {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.frames.last_mut().map(|frame| &mut frame.kind) {
            None => self.root = Some(node),
            Some(FrameKind::Seq(items)) => items.push(node),
            Some(FrameKind::Map(map)) => self.diagnostics.extend(map.push(node, merge)),
        }
    }

    fn syntax_error(&mut self, text: &str, error: &ScanError) {
        let marker = error.marker();
        let position = self.position(Span::empty(*marker));
        let line = text.lines().nth(marker.line().saturating_sub(1)).unwrap_or_default();
        let mut diagnostic = Diagnostic::error(
            codes::YAML_SYNTAX,
            position,
            format!("the YAML cannot be read: {}", error.info()),
        );
        if error.info().contains("unknown anchor") {
            diagnostic.code = codes::BAD_ALIAS.to_owned();
        }
        diagnostic.hint = syntax_hint(line, error.info()).map(str::to_owned);
        self.diagnostics.push(diagnostic);
    }
}

impl MapFrame {
    /// Takes a key, or the value of the last key.
    fn push(&mut self, node: Node, merge: bool) -> Option<Diagnostic> {
        match self.key.take() {
            None => {
                let (key, problem) = self.key(&node, merge);
                self.key = Some(key);
                problem
            }
            Some(Key::Text(key, position)) => {
                self.entries.push(Entry { key, position, node });
                None
            }
            Some(Key::Refused) => None,
            Some(Key::Merge) => self.merge(node),
        }
    }

    fn key(&mut self, node: &Node, merge: bool) -> (Key, Option<Diagnostic>) {
        if merge {
            return (Key::Merge, None);
        }
        let Value::Scalar(scalar) = &node.value else {
            let problem = Diagnostic::error(
                codes::KEY_NOT_TEXT,
                node.position,
                format!("{} cannot be a key", node.kind()),
            )
            .with_hint("put quotes around a value that starts with {{: \"{{ inputs.name }}\"");
            return (Key::Refused, Some(problem));
        };
        let key = scalar.text().unwrap_or("null").to_owned();
        if !self.known.insert(key.clone()) {
            let problem =
                Diagnostic::error(codes::DUPLICATE_KEY, node.position, format!("Duplicate field '{key}'"))
                    .with_hint("keep one of the two");
            return (Key::Refused, Some(problem));
        }
        (Key::Text(key, node.position), None)
    }

    fn merge(&mut self, node: Node) -> Option<Diagnostic> {
        let position = node.position;
        let maps = match node.value {
            Value::Map(_) => vec![node],
            Value::Seq(items) if items.iter().all(|item| item.entries().is_some()) => items,
            Value::Seq(_) | Value::Scalar(_) => {
                return Some(
                    Diagnostic::error(
                        codes::BAD_ALIAS,
                        position,
                        "the merge key << takes a map or a list of maps",
                    )
                    .with_hint("use an alias of a map: <<: *name"),
                );
            }
        };
        self.merged.extend(maps);
        None
    }

    /// The entries of the map. Its own keys come before the keys of merged maps. If several merged maps have a key, the
    /// first one wins.
    fn finish(mut self) -> Vec<Entry> {
        for map in self.merged {
            if let Value::Map(entries) = map.value {
                for entry in entries.into_vec() {
                    if self.known.insert(entry.key.clone()) {
                        self.entries.push(entry);
                    }
                }
            }
        }
        self.entries
    }
}

fn scalar(text: String, is_plain: bool, tag: Option<&Tag>) -> Scalar {
    match tag {
        Some(tag) if tag.is_yaml_core_schema() => Scalar::tagged(text, &tag.suffix),
        _ if is_plain => Scalar::plain(text),
        _ => Scalar::Text(text),
    }
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 0,
        Value::Seq(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.node)).max().unwrap_or(0),
    }
}

/// A hint for common mistakes in YAML.
fn syntax_hint(line: &str, info: &str) -> Option<&'static str> {
    let indent = line.len() - line.trim_start().len();
    if line.get(..indent).is_some_and(|space| space.contains('\t')) {
        return Some("indent with spaces; YAML does not allow tabs");
    }
    if info.contains("unknown anchor") {
        return Some("an alias *name needs an anchor &name before it");
    }
    if line.contains("{{") {
        return Some("put quotes around a value with an expression: \"{{ … }}\"");
    }
    if info.contains("mapping values are not allowed") {
        return Some("check the indentation, and put quotes around a value that contains ': '");
    }
    if info.contains("quoted") {
        return Some("close the quote");
    }
    Some("check the indentation of this line and the one before")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> (Option<serde_json::Value>, Vec<String>) {
        let mut diagnostics = Vec::new();
        let node = build(text, 0, &mut diagnostics);
        (node.map(|node| node.to_json()), diagnostics.iter().map(|one| format!("{one}")).collect())
    }

    #[test]
    fn aliases_and_merge_keys_are_resolved() {
        let (json, problems) = read(
            "base: &b {a: 1, c: [x]}\nmore: &m {a: 2, d: 3}\nuse:\n  <<: [*b, *m]\n  c: own\nlist: [*b]\n",
        );
        assert!(problems.is_empty(), "{problems:?}");
        let json = json.unwrap();
        assert_eq!(json["use"], json!({"c": "own", "a": 1, "d": 3}));
        assert_eq!(json["list"], json!([{"a": 1, "c": ["x"]}]));
    }

    #[test]
    fn quoted_and_tagged_scalars() {
        let (json, _) = read("a: '1'\nb: !!str 2\nc: !!int '3'\nd: \"true\"\ne: |\n  5\nf: !own 6\n");
        assert_eq!(json.unwrap(), json!({"a": "1", "b": "2", "c": 3, "d": "true", "e": "5\n", "f": 6}));
    }

    #[test]
    fn duplicate_and_odd_keys_are_all_told() {
        let (json, problems) = read("a: 1\nb: {{ inputs.x }}\na: 2\nb: 3\n");
        assert_eq!(json.unwrap()["a"], 1);
        insta::assert_snapshot!(problems.join("\n"), @r#"
    2:5: error[SEG0105]: a map cannot be a key
        hint: put quotes around a value that starts with {{: "{{ inputs.name }}"
    3:1: error[SEG0102]: Duplicate field 'a'
        hint: keep one of the two
    4:1: error[SEG0102]: Duplicate field 'b'
        hint: keep one of the two
    "#);
    }

    #[test]
    fn an_alias_bomb_is_refused_fast() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..40 {
            let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        let (json, problems) = read(&text);
        assert_eq!(json, None);
        assert!(problems[0].contains("SEG0104"), "{problems:?}");
    }

    #[test]
    fn deep_nesting_is_refused() {
        for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
            let (json, problems) = read(&text);
            assert_eq!(json, None);
            assert!(problems[0].contains("SEG01"), "{problems:?}");
        }
    }

    #[test]
    fn an_alias_inside_its_own_value_is_refused() {
        let (_, problems) = read("a: &a\n  b: *a\n");
        assert!(problems[0].contains("SEG0103"), "{problems:?}");
        let (_, problems) = read("a: *nobody\n");
        assert!(problems[0].contains("SEG0103"), "{problems:?}");
    }

    #[test]
    fn syntax_errors_have_hints() {
        let (_, problems) = read("a:\n\t- b\n");
        assert!(problems[0].contains("not allow tabs"), "{problems:?}");
        let (_, problems) = read("a: b: c\n");
        insta::assert_snapshot!(problems.join("\n"), @r#"
    1:5: error[SEG0101]: the YAML cannot be read: mapping values are not allowed in this context
        hint: check the indentation, and put quotes around a value that contains ': '
    "#);
    }
}
