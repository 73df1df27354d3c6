//! Replaces secrets in texts. The module does not know where the secrets come from or where the texts go.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use segue_model::cipher::is_sealed;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

/// The characters that a form encodes, except the blank.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The replacement for a secret.
const MASK: &str = "******";

/// The shortest line of a secret that is masked alone. Shorter lines are too common, for example the braces of a JSON
/// key.
const SHORTEST_LINE: usize = 8;

/// The shortest form that is masked, if the form differs from the secret: a part of its base64, its hexadecimal digits,
/// or its letters in reverse. Shorter forms also occur in unrelated texts.
const SHORTEST_FORM: usize = 6;

/// Fields of a JSON secret that are secrets themselves.
const SECRET_FIELDS: [&str; 7] =
    ["private_key", "private_key_id", "client_secret", "refresh_token", "access_token", "password", "token"];

/// The secrets of one attempt, in every form in which they can occur.
#[derive(Debug, Default)]
pub struct Masker {
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    forms: BTreeSet<String>,
    /// Finds all forms in one pass over a text. `None` until it is needed, and after a secret was added.
    finder: Option<Arc<AhoCorasick>>,
}

impl Masker {
    /// Masks `secret` from now on, in these forms:
    /// - unchanged, and each line alone;
    /// - as JSON text, URL-encoded, and in hexadecimal digits;
    /// - in upper case, in lower case, and in reverse;
    /// - in base64, also inside the base64 of a longer text (`user:secret`).
    ///
    /// Hashes of a secret are not masked, because they are meant to be shown.
    pub fn add(&self, secret: &str) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut forms = Vec::new();
        add_forms(&mut forms, secret);
        if let Ok(Json::Object(fields)) = serde_json::from_str::<Json>(secret) {
            for (name, value) in &fields {
                if let (true, Json::String(text)) = (SECRET_FIELDS.contains(&name.as_str()), value) {
                    add_forms(&mut forms, text);
                }
            }
        }
        for form in forms {
            if known.forms.insert(form) {
                known.finder = None;
            }
        }
    }

    /// The finder of all forms. `None` if there are no secrets.
    fn finder(&self) -> Option<Arc<AhoCorasick>> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.forms.is_empty() || known.finder.is_some() {
                return known.finder.clone();
            }
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.finder.is_none() {
            // The fastest kind of finder would take megabytes for a private key.
            let builder =
                AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(&known.forms);
            known.finder = builder.ok().map(Arc::new);
        }
        known.finder.clone()
    }

    /// The text with every secret replaced by stars.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(finder) = self.finder() else { return Cow::Borrowed(text) };
        // Forms may overlap. All characters in any of them are removed. Otherwise the end of one form would remain.
        let mut found: Vec<(usize, usize)> =
            finder.find_overlapping_iter(text).map(|found| (found.start(), found.end())).collect();
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_unstable();
        let mut masked = String::with_capacity(text.len());
        let mut shown = 0;
        for (start, end) in found {
            if start >= shown {
                masked.push_str(text.get(shown..start).unwrap_or_default());
                masked.push_str(MASK);
            }
            shown = shown.max(end);
        }
        masked.push_str(text.get(shown..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// Whether a text contains a secret.
    pub fn finds_in(&self, text: &str) -> bool {
        self.finder().is_some_and(|finder| finder.is_match(text))
    }

    /// Masks every text inside a value and the keys of maps. Encrypted values are left unchanged.
    pub fn apply_json(&self, value: &mut Json) {
        if self.finder().is_none() {
            return;
        }
        self.apply_deep(value);
    }

    fn apply_deep(&self, value: &mut Json) {
        if is_sealed(value) {
            return;
        }
        match value {
            Json::String(text) => {
                if let Cow::Owned(masked) = self.apply(text) {
                    *text = masked;
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.apply_deep(item)),
            Json::Object(fields) => {
                let entries = std::mem::take(fields);
                for (key, mut item) in entries {
                    self.apply_deep(&mut item);
                    fields.insert(self.apply(&key).into_owned(), item);
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }
}

fn add_forms(forms: &mut Vec<String>, secret: &str) {
    let trimmed = secret.trim();
    if trimmed.is_empty() {
        return;
    }
    for text in [secret, trimmed] {
        forms.push(text.to_owned());
        forms.push(STANDARD.encode(text));
        forms.push(STANDARD_NO_PAD.encode(text));
        forms.push(URL_SAFE.encode(text));
        forms.push(URL_SAFE_NO_PAD.encode(text));
        forms.push(utf8_percent_encode(text, NON_ALPHANUMERIC).to_string());
        // A form encodes a blank as a plus sign, and leaves four characters unchanged.
        forms.push(form_encoded(text));
        if let Ok(quoted) = serde_json::to_string(text) {
            forms.push(quoted.trim_matches('"').to_owned());
        }
    }
    let encoded = utf8_percent_encode(trimmed, NON_ALPHANUMERIC).to_string();
    let hexadecimal: String = trimmed.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut changed = vec![
        lower_escapes(&encoded),
        trimmed.to_uppercase(),
        trimmed.to_lowercase(),
        trimmed.chars().rev().collect(),
        hexadecimal.to_uppercase(),
        hexadecimal,
    ];
    changed.extend((0..3).flat_map(|before| {
        [base64_within(&STANDARD_NO_PAD, trimmed, before), base64_within(&URL_SAFE_NO_PAD, trimmed, before)]
    }));
    forms.extend(changed.into_iter().filter(|form| form.len() >= SHORTEST_FORM));
    forms
        .extend(trimmed.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE).map(str::to_owned));
}

/// The base64 letters that depend only on the secret, in the base64 of a longer text. `before` is the number of bytes
/// before the secret, modulo three.
fn base64_within(engine: &impl base64::Engine, secret: &str, before: usize) -> String {
    let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(secret.bytes()).collect();
    let letters = engine.encode(&bytes);
    // Each letter has six bits. The first letters also have bits of the text before. The last letter also has bits of
    // the text after.
    let (first, last) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    letters.get(first..last).unwrap_or_default().to_owned()
}

/// Changes `%2F` to `%2f`, because some programs write lower-case escapes.
fn lower_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        text.push('%');
        text.push_str(&digits.to_lowercase());
        text.push_str(rest);
    }
    text
}

fn form_encoded(text: &str) -> String {
    utf8_percent_encode(text, FORM).to_string().replace("%20", "+")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_form_is_masked() {
        let masker = Masker::default();
        masker.add("p&ss wörd/1");
        for text in [
            "p&ss wörd/1".to_owned(),
            STANDARD.encode("p&ss wörd/1"),
            URL_SAFE_NO_PAD.encode("p&ss wörd/1"),
            "p%26ss%20w%C3%B6rd%2F1".to_owned(),
            "p%26ss+w%C3%B6rd%2F1".to_owned(),
        ] {
            assert_eq!(masker.apply(&format!("<{text}>")), "<******>", "{text}");
        }
        assert_eq!(masker.apply("nothing"), "nothing");
    }

    #[test]
    fn forms_that_are_made_of_a_secret_are_masked() {
        let masker = Masker::default();
        let secret = "p&ss wörd/1";
        masker.add(secret);
        for text in [
            secret.to_uppercase(),
            "P&SS wörd/1".to_lowercase(),
            secret.chars().rev().collect(),
            "702673732077c3b672642f31".to_owned(),
            "702673732077C3B672642F31".to_owned(),
            "p%26ss%20w%c3%b6rd%2f1".to_owned(),
        ] {
            assert_eq!(masker.apply(&format!("<{text}>")), "<******>", "{text}");
        }
        // Texts before and after the secret change only the first and last letters. At most two letters of the secret
        // remain.
        for before in ["", "a", "ada", "ada:", "ada@x:", "user:"] {
            for after in ["", "1", "12", "123"] {
                for encoded in [
                    STANDARD.encode(format!("{before}{secret}{after}")),
                    URL_SAFE_NO_PAD.encode(format!("{before}{secret}{after}")),
                ] {
                    let masked = masker.apply(&encoded).into_owned();
                    let left = masked.replace("******", "").len();
                    let allowed = STANDARD.encode(before).len() + STANDARD.encode(after).len() + 2;
                    assert!(masked.contains("******") && left <= allowed, "{before} {after}: {masked}");
                }
            }
        }
    }

    #[test]
    fn hashes_and_what_only_looks_alike_stay() {
        let masker = Masker::default();
        masker.add("ab");
        for text in ["AB ba 6162 YW xFi", "187ef4436122d1cc2f40dc2b92f0eba0"] {
            assert_eq!(masker.apply(text), text);
        }
    }

    #[test]
    fn of_secrets_that_overlap_nothing_is_left() {
        let masker = Masker::default();
        masker.add("xyab");
        masker.add("abcdef");
        assert_eq!(masker.apply("<xyabcdef> xyab abcdefabcdef"), "<******> ****** ************");
    }

    #[test]
    fn a_secret_within_a_secret_does_not_spoil_it() {
        let masker = Masker::default();
        masker.add("abc");
        masker.add("abcdef");
        assert_eq!(masker.apply("abcdef abc"), "****** ******");
    }

    #[test]
    fn the_private_key_of_a_service_account_is_masked_alone() {
        let masker = Masker::default();
        masker.add(
            &json!({"client_email": "a@b.c", "private_key": "-----BEGIN\nMIIEvQIBADAN\n-----END"})
                .to_string(),
        );
        assert_eq!(masker.apply("key MIIEvQIBADAN of a@b.c"), "key ****** of a@b.c");
        assert_eq!(masker.apply(r"-----BEGIN\nMIIEvQIBADAN\n-----END"), "******");
    }

    #[test]
    fn values_are_masked_deeply_and_in_order() {
        let masker = Masker::default();
        let mut value = json!({"b": ["x sesame"], "sesame": 1, "a": null});
        masker.add("sesame");
        masker.add("");
        masker.apply_json(&mut value);
        assert_eq!(value.to_string(), r#"{"b":["x ******"],"******":1,"a":null}"#);
    }

    #[test]
    fn what_is_encrypted_is_left_as_it_is() {
        let masker = Masker::default();
        masker.add("a");
        let sealed = json!({"type": segue_model::cipher::TYPE, "value": "aaaa"});
        let mut value = json!([sealed, "a"]);
        masker.apply_json(&mut value);
        assert_eq!(value, json!([sealed, "******"]));
        assert!(masker.finds_in("cab") && !masker.finds_in("xyz"));
    }
}
