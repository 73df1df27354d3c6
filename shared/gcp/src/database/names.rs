//! Names of documents.

/// Builds the id of a document from parts. Different parts give different ids. The id has nothing that
/// Firestore forbids (a slash, `.` and `..` alone, `__…__`).
pub(crate) fn document_id(parts: &[&str]) -> String {
    let mut id = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            id.push(':');
        }
        for (at, byte) in part.bytes().enumerate() {
            let plain = byte.is_ascii_alphanumeric()
                || byte == b'-'
                || (byte == b'_' && at > 0)
                || (byte == b'.' && (at > 0 || parts.len() > 1));
            if plain {
                id.push(char::from(byte));
            } else {
                id.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_readable() {
        assert_eq!(document_id(&["company.team", "taxi_flow"]), "company.team:taxi_flow");
    }

    #[test]
    fn names_never_meet_and_are_never_forbidden() {
        assert_ne!(document_id(&["a:b", "c"]), document_id(&["a", "b:c"]));
        assert_ne!(document_id(&["a", ""]), document_id(&["a"]));
        assert_eq!(document_id(&["."]), "%2E");
        assert_eq!(document_id(&[".."]), "%2E.");
        assert_eq!(document_id(&["__a", "b__"]), "%5F_a:b__");
        assert_eq!(document_id(&["ns", "a/b ü"]), "ns:a%2Fb%20%C3%BC");
    }
}
