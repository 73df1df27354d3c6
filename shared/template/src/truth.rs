//! Decides whether a rendered condition is true (docs/kestra.md 3.5).

/// Whether a rendered condition is true. Only `""`, `"false"`, `"0"` and `"-0"` are false.
///
/// ```
/// use segue_template::is_truthy;
/// assert!(is_truthy("no") && is_truthy(" ") && is_truthy("False") && is_truthy("null"));
/// assert!(!is_truthy("") && !is_truthy("false") && !is_truthy("0") && !is_truthy("-0"));
/// ```
pub fn is_truthy(rendered: &str) -> bool {
    !matches!(rendered, "" | "false" | "0" | "-0")
}
