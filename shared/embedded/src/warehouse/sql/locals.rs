//! Finds the names in a statement that are not tables: common table expressions and aliases.
//!
//! The module must not know how the names are used.

use super::keywords;
use super::lex::Token;
use std::collections::BTreeSet;

/// Returns two sets. The first has the common table expressions and explicit aliases of a statement. The second has the
/// last parts of its tables' names.
pub(crate) fn names(tokens: &[Token]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut named, mut implied) = (BTreeSet::new(), BTreeSet::new());
    let mut in_from = vec![false];
    for (index, token) in tokens.iter().enumerate() {
        let at = |offset: usize| tokens.get(index + offset);
        let before = index.checked_sub(1).and_then(|index| tokens.get(index));
        let opens = at(1).is_some_and(|next| next.is("AS")) && at(2).is_some_and(|t| t.is_symbol("("));
        let begins = before.is_some_and(|b| b.is("WITH") || b.is("RECURSIVE") || b.is_symbol(","));
        if let (Some(name), true) = (token.name(), opens && begins) {
            named.insert(name.to_lowercase());
        }
        if token.is_symbol("(") {
            in_from.push(false);
        } else if token.is_symbol(")") {
            in_from.pop();
        }
        let joins = token.is("FROM") || token.is("JOIN");
        if let Some(level) = in_from.last_mut() {
            let ends =
                token.name().is_some_and(|name| keywords::ENDS_FROM.contains(&name.to_uppercase().as_str()));
            *level = joins || (*level && !ends);
        }
        let parts_tables = token.is_symbol(",") && in_from.last() == Some(&true);
        if !joins && !parts_tables {
            continue;
        }
        let Ok((parts, taken)) = super::names::path(tokens.get(index + 1..).unwrap_or_default()) else {
            continue;
        };
        let alias_at = 1 + taken + usize::from(at(1 + taken).is_some_and(|token| token.is("AS")));
        let alias = at(alias_at).and_then(Token::name);
        let alias = alias.filter(|name| !keywords::RESERVED.contains(&name.to_uppercase().as_str()));
        named.extend(alias.map(str::to_lowercase));
        implied.extend(parts.last().filter(|_| alias.is_none()).map(|part| part.to_lowercase()));
    }
    (named, implied)
}
