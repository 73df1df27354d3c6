//! Doubts about the inputs of a command line, the same for `segue run` and `segue execution run`.

use std::path::Path;

/// What looks wrong about an input, although Kestra accepts it. `kind` is the type of the input. None: the flow has no
/// such input.
pub(crate) fn doubt(flow: &str, kind: Option<&str>, name: &str, value: &str) -> Option<String> {
    match kind {
        None => Some(format!("{flow} has no input '{name}'; it is ignored")),
        Some("BOOL" | "BOOLEAN")
            if !["true", "false"].iter().any(|word| value.eq_ignore_ascii_case(word)) =>
        {
            Some(format!("the input '{name}' is true or false, and '{value}' counts as false, as in Kestra"))
        }
        Some("FILE") => None,
        Some(kind) if value.strip_prefix('@').is_some_and(is_path) => Some(format!(
            "the input '{name}' is a {kind} and gets the text '{value}'; only inputs of type FILE read a file"
        )),
        Some(_) => None,
    }
}

/// Whether a text looks like the path of a file, and not like a name with an @ before it.
fn is_path(text: &str) -> bool {
    text.contains('/') || Path::new(text).extension().is_some() || Path::new(text).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_inputs_odd_booleans_and_files_for_texts_are_doubted() {
        let of = |kind, value| doubt("n.f", kind, "a", value).unwrap_or_default();
        assert_eq!(of(None, "x"), "n.f has no input 'a'; it is ignored");
        for (kind, value, part) in [
            ("BOOLEAN", "maybe", "counts as false"),
            ("BOOL", "1", "counts as false"),
            ("STRING", "@missing.txt", "gets the text '@missing.txt'; only inputs of type FILE read a file"),
            ("JSON", "@data/all", "only inputs of type FILE"),
        ] {
            assert!(of(Some(kind), value).contains(part), "{kind} {value}: {}", of(Some(kind), value));
        }
        for (kind, value) in [
            ("BOOLEAN", "TRUE"),
            ("STRING", "@ada"),
            ("FILE", "@missing.txt"),
            ("STRING", "a@b.com"),
            ("INT", "x"),
        ] {
            assert_eq!(of(Some(kind), value), "", "{kind} {value}");
        }
    }
}
