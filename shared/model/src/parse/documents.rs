//! Splits a file into its YAML documents. A line that begins with `---` or `...` always ends a document, so no parsing
//! is needed. If one document is invalid, the other documents can still be read.

/// One document of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document<'s> {
    /// The text without the separators.
    pub(crate) text: &'s str,
    /// The line of the file on which the text begins, from 0.
    pub(crate) first_line: u32,
}

/// The documents of a file, without documents that have only comments.
pub(crate) fn split(source: &str) -> Vec<Document<'_>> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let mut documents = Vec::new();
    let mut rest = source;
    let mut text = source;
    let (mut length, mut line, mut first_line) = (0_usize, 0_u32, 0_u32);
    while let Some(next) = rest.split_inclusive('\n').next() {
        rest = rest.get(next.len()..).unwrap_or_default();
        line = line.saturating_add(1);
        match separator(next) {
            None => length += next.len(),
            Some(kept) => {
                documents.extend(document(text, length, first_line));
                // `--- content` begins the new document on the separator's own line.
                (text, length, first_line) = if kept {
                    (tail(source, rest, next.len()), next.len(), line - 1)
                } else {
                    (rest, 0, line)
                };
            }
        }
    }
    documents.extend(document(text, length, first_line));
    documents
}

/// The part of `source` that ends with `rest` and begins `before` bytes earlier.
fn tail<'s>(source: &'s str, rest: &str, before: usize) -> &'s str {
    source.get(source.len() - rest.len() - before..).unwrap_or_default()
}

/// Whether a line separates documents: `Some(true)` if the line also has content, `None` if it is no separator.
fn separator(line: &str) -> Option<bool> {
    let after = line.strip_prefix("---").or_else(|| line.strip_prefix("..."))?;
    if !after.is_empty() && !after.starts_with(char::is_whitespace) {
        return None;
    }
    let content = after.trim();
    Some(!content.is_empty() && !content.starts_with('#'))
}

fn document(text: &str, length: usize, first_line: u32) -> Option<Document<'_>> {
    let text = text.get(..length)?;
    let holds_nothing = text.lines().all(|line| {
        let content = line.trim();
        content.is_empty() || content.starts_with('#') || line.starts_with('%')
    });
    (!holds_nothing).then_some(Document { text, first_line })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<(&str, u32)> {
        split(source).into_iter().map(|document| (document.text, document.first_line)).collect()
    }

    #[test]
    fn documents_are_cut_at_separators() {
        assert_eq!(texts("a: 1\n"), [("a: 1\n", 0)]);
        assert_eq!(texts("---\na: 1\n---\nb: 2"), [("a: 1\n", 1), ("b: 2", 3)]);
        assert_eq!(texts("%YAML 1.2\n--- # first\na: 1\n...\n# end\n"), [("a: 1\n", 2)]);
        assert_eq!(texts("a: 1\n--- {b: 2}\n"), [("a: 1\n", 0), ("--- {b: 2}\n", 1)]);
        assert_eq!(texts("a: |\n  ---\n  b\n----\n"), [("a: |\n  ---\n  b\n----\n", 0)]);
        assert_eq!(texts("# nothing\n\n"), []);
    }
}
