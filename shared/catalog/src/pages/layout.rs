//! Lines of at most 120 characters.

/// The longest line of a page, in characters.
const WIDTH: usize = 120;

/// The text with lines of at most [`WIDTH`] characters. Code is left as it is.
pub(super) fn wrapped(text: &str) -> String {
    let mut wrapped = String::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if is_code || line.chars().count() <= WIDTH {
            wrapped.push_str(line);
        } else {
            wrap(line, &mut wrapped);
        }
        wrapped.push('\n');
    }
    wrapped
}

/// Adds a line in pieces. The pieces of a list item stand below its text.
fn wrap(line: &str, wrapped: &mut String) {
    let text = line.trim_start();
    let margin = line.chars().count() - text.chars().count();
    let indent = margin + if text.starts_with("- ") { 2 } else { 0 };
    wrapped.extend(std::iter::repeat_n(' ', margin));
    let mut length = margin;
    for (number, word) in text.split(' ').enumerate() {
        let needed = word.chars().count();
        if number > 0 && length + 1 + needed > WIDTH {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            length = indent;
        } else if number > 0 {
            wrapped.push(' ');
            length += 1;
        }
        wrapped.push_str(word);
        length += needed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_between_words_and_code_is_not() {
        let word = "x".repeat(50);
        let text = format!("  - {word} {word} {word}\n```\n{word} {word} {word}\n```\n");
        let expected = format!("  - {word} {word}\n    {word}\n```\n{word} {word} {word}\n```\n");
        assert_eq!(wrapped(&text), expected);
    }
}
