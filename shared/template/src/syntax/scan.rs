//! Looks ahead in the text for the lexer, without consuming the text.

pub(super) fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

pub(super) fn word_length(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len()
}

/// Whether `-` after an opening delimiter removes white space. In an expression, white space must follow the `-`,
/// because `{{-1}}` is minus one. In a tag, `-` always removes white space.
pub(super) fn trims(rest: &str, is_tag: bool) -> bool {
    rest.strip_prefix('-').is_some_and(|rest| is_tag || rest.starts_with(char::is_whitespace))
}

/// The position of the next `{{`, `{%` or `{#`, and its second character.
pub(super) fn next_delimiter(text: &str) -> Option<(usize, char)> {
    text.match_indices('{').find_map(|(offset, _)| {
        let second = text.get(offset + 1..)?.chars().next()?;
        matches!(second, '{' | '%' | '#').then_some((offset, second))
    })
}

/// The length of a tag with only this word. `None` if the text does not begin with such a tag.
pub(super) fn tag_length(text: &str, word: &str) -> Option<usize> {
    let body = text.strip_prefix("{%")?.trim_start_matches('-');
    let body_length = tag_body_length(body, word)?;
    Some(text.len() - body.len() + body_length)
}

pub(super) fn tag_body_length(body: &str, word: &str) -> Option<usize> {
    let rest = body.trim_start().strip_prefix(word)?;
    let rest = rest.trim_start().trim_start_matches('-').strip_prefix("%}")?;
    Some(body.len() - rest.len())
}

/// The length of a `raw` block, including its tags. `None` if the block is not closed.
pub(super) fn raw_block_length(text: &str) -> Option<usize> {
    let opening = tag_length(text, "raw")?;
    text.get(opening..)?.match_indices("{%").find_map(|(offset, _)| {
        let from = opening + offset;
        tag_length(text.get(from..)?, "endraw").map(|length| from + length)
    })
}

/// The end of a part of a string.
#[derive(PartialEq)]
pub(super) enum Stop {
    Quote,
    Interpolation,
    End,
}

/// The length of the part of a string before the closing quote or an interpolation.
pub(super) fn string_part(text: &str, quote: char, interpolates: bool) -> (usize, Stop) {
    let mut chars = text.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return (offset, Stop::Quote);
        } else if interpolates && c == '#' && matches!(chars.peek(), Some((_, '{'))) {
            return (offset, Stop::Interpolation);
        }
    }
    (text.len(), Stop::End)
}
