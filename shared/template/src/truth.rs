//! Truth of rendered text, outside of expressions (docs/kestra.md 3.5).

/// Whether a rendered condition holds: all but `""`, `"false"`, `"0"` and `"-0"`.
///
/// ```
/// use segue_template::is_truthy;
/// assert!(is_truthy("no") && is_truthy(" ") && is_truthy("False") && is_truthy("null"));
/// assert!(!is_truthy("") && !is_truthy("false") && !is_truthy("0") && !is_truthy("-0"));
/// ```
pub fn is_truthy(rendered: &str) -> bool {
    !matches!(rendered, "" | "false" | "0" | "-0")
}
