//! Takes secrets out of text. It knows nothing of where the secrets come from or where the text goes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use segue_model::cipher::is_sealed;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

/// What a form encodes, beside the blank.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// What stands where a secret stood.
const MASK: &str = "******";

/// Lines of a secret shorter than this are too common to be masked alone (the braces of a JSON key).
const SHORTEST_LINE: usize = 8;

/// Fields of a JSON secret that are secret by themselves.
const SECRET_FIELDS: [&str; 7] =
    ["private_key", "private_key_id", "client_secret", "refresh_token", "access_token", "password", "token"];

/// The secrets of one attempt, in every form in which they could turn up.
#[derive(Debug, Default)]
pub struct Masker {
    /// Longest first, so that a secret inside another one does not spoil it.
    forms: RwLock<Vec<String>>,
}

impl Masker {
    /// Masks `secret` from now on: as it is, line by line, as JSON text, in base64 and URL-encoded.
    pub fn add(&self, secret: &str) {
        let mut forms = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        add_forms(&mut forms, secret);
        if let Ok(Json::Object(fields)) = serde_json::from_str::<Json>(secret) {
            for (name, value) in &fields {
                if let (true, Json::String(text)) = (SECRET_FIELDS.contains(&name.as_str()), value) {
                    add_forms(&mut forms, text);
                }
            }
        }
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
    }

    /// The text without secrets.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let forms = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        let mut masked = Cow::Borrowed(text);
        for form in forms.iter() {
            if masked.contains(form.as_str()) {
                masked = Cow::Owned(masked.replace(form.as_str(), MASK));
            }
        }
        masked
    }

    /// Whether a secret is in a text.
    pub fn finds_in(&self, text: &str) -> bool {
        self.forms.read().unwrap_or_else(PoisonError::into_inner).iter().any(|form| text.contains(form))
    }

    /// The same for every text inside a value, keys included. What is encrypted stays readable for who has the key.
    pub fn apply_json(&self, value: &mut Json) {
        if self.forms.read().unwrap_or_else(PoisonError::into_inner).is_empty() {
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
        // A form encodes a blank as a plus sign and leaves these four as they are.
        forms.push(form_encoded(text));
        if let Ok(quoted) = serde_json::to_string(text) {
            forms.push(quoted.trim_matches('"').to_owned());
        }
    }
    forms
        .extend(trimmed.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE).map(str::to_owned));
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
