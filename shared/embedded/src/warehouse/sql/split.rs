//! Splits a script into statements.
//!
//! The module must not know the meaning of the statements.

use super::lex::Token;

/// Splits the tokens of a script at each `;` outside of brackets. Empty statements are left out.
pub(crate) fn split(tokens: Vec<Token>) -> Vec<Vec<Token>> {
    let mut statements = Vec::new();
    let mut current = Vec::new();
    let mut depth = 0usize;
    for token in tokens {
        if ["(", "[", "{"].iter().any(|open| token.is_symbol(open)) {
            depth += 1;
        } else if [")", "]", "}"].iter().any(|close| token.is_symbol(close)) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_symbol(";") {
            statements.push(std::mem::take(&mut current));
            continue;
        }
        current.push(token);
    }
    statements.push(current);
    statements.retain(|statement| !statement.is_empty());
    statements
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    #[test]
    fn semicolons_in_strings_and_comments_do_not_cut() {
        let script = "SELECT ';'; -- a;b\nSELECT (1); ; ";
        let lengths: Vec<usize> = split(lex(script).unwrap()).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 4]);
    }
}
