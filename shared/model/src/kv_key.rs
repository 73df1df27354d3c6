//! The keys and namespaces of the KV store (docs/kestra.md 4.5).

/// Whether a text is a key: a letter or a digit, followed by letters, digits, dots, underscores and hyphens.
pub fn is_kv_key(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Whether values of this namespace are Segue's own, such as the sources of dashboards. Users and flows do not see such
/// a namespace: no flow can have its name.
pub fn is_own_namespace(namespace: &str) -> bool {
    namespace.starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked() {
        for key in ["a", "A1._-", "0"] {
            assert!(is_kv_key(key), "{key}");
        }
        for key in ["", ".a", "_a", "a/b", "a b", "é"] {
            assert!(!is_kv_key(key), "{key}");
        }
    }
}
