//! Translates date formats from BigQuery's elements to DuckDB's elements.
//!
//! To add an element, add a line in [`translate`].

/// Translates a BigQuery date format to DuckDB's syntax. Elements that both have stay unchanged.
pub(crate) fn translate(format: &str) -> String {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let known = [
            ("%E*S", "%S.%f"),
            ("%E6S", "%S.%f"),
            ("%E3S", "%S.%g"),
            ("%E4Y", "%Y"),
            ("%Ez", "%z"),
            ("%F", "%Y-%m-%d"),
            ("%T", "%H:%M:%S"),
            ("%R", "%H:%M"),
            ("%D", "%m/%d/%y"),
            ("%x", "%m/%d/%y"),
            ("%X", "%H:%M:%S"),
            ("%c", "%a %b %-d %H:%M:%S %Y"),
            ("%e", "%-d"),
            ("%k", "%-H"),
            ("%l", "%-I"),
            ("%h", "%b"),
            ("%P", "%p"),
            ("%n", "\n"),
            ("%t", "\t"),
        ];
        if let Some((own, theirs)) = known.iter().find(|(own, _)| from.starts_with(own)) {
            out.push_str(theirs);
            rest = from.get(own.len()..).unwrap_or_default();
        } else {
            let length = from.char_indices().nth(2).map_or(from.len(), |(index, _)| index);
            out.push_str(from.get(..length).unwrap_or_default());
            rest = from.get(length..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn elements_duckdb_lacks_are_spelled_out() {
        assert_eq!(super::translate("%F %T%%F %E4Y"), "%Y-%m-%d %H:%M:%S%%F %Y");
        assert_eq!(super::translate("%d/%b"), "%d/%b");
    }
}
