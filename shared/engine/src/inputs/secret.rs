//! Inputs and outputs of type SECRET. They are in clear text while they are resolved, and encrypted after that
//! (docs/kestra.md 1.2, 1.6).
//!
//! What it must not know: how a value is encrypted, and where the key comes from.

use super::{InputProblem, nested};
use segue_model::cipher::{Cipher, CipherError};
use segue_model::input::Input;
use segue_model::{Json, Map};
use segue_template::Masker;

/// The cipher, and the owner of the values.
#[derive(Clone, Copy, Debug)]
pub struct Sealing<'a> {
    /// Encrypts.
    pub cipher: &'a Cipher,
    /// The owner, for example the execution. The same text of another owner gets another encrypted value.
    pub owner: &'a [&'a str],
}

impl Sealing<'_> {
    pub(super) fn seal(&self, id: &str, value: &Json) -> Result<Json, CipherError> {
        self.cipher.seal(value, &[self.owner, &[id]].concat())
    }
}

/// Encrypts the SECRET inputs among resolved inputs. Every other text that contains a secret of `known` is encrypted
/// too: a flow may pass a secret on as a plain STRING.
///
/// # Errors
/// The first input that cannot be encrypted.
pub fn seal(
    wanted: &[Input],
    inputs: &mut Map,
    known: &Masker,
    sealing: Sealing<'_>,
) -> Result<(), InputProblem> {
    for input in wanted {
        let Some(value) = nested::get_mut(inputs, &input.id) else { continue };
        let sealed = if input.kind.is_secret() {
            sealing.seal(&input.id, value).map(|sealed| *value = sealed)
        } else {
            seal_known(value, known, &input.id, sealing)
        };
        sealed.map_err(|why| InputProblem {
            message: format!("Invalid input for `{}`, {why}, but received `******`", input.id),
            input: input.id.clone(),
        })?;
    }
    Ok(())
}

fn seal_known(value: &mut Json, known: &Masker, id: &str, sealing: Sealing<'_>) -> Result<(), CipherError> {
    match value {
        Json::String(text) if known.finds_in(text) => sealing.seal(id, value).map(|sealed| *value = sealed),
        Json::Array(items) => items.iter_mut().try_for_each(|item| seal_known(item, known, id, sealing)),
        Json::Object(fields) => {
            fields.values_mut().try_for_each(|field| seal_known(field, known, id, sealing))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
    }
}

/// Decrypts submitted values of SECRET inputs that are already encrypted, for example values of an earlier execution.
/// Values of other inputs stay encrypted. Otherwise, everybody who may start a flow could read the secrets of other
/// flows.
///
/// # Errors
/// The first input that cannot be decrypted.
pub fn open_submitted(wanted: &[Input], submitted: &mut Map, cipher: &Cipher) -> Result<(), InputProblem> {
    for input in wanted.iter().filter(|input| input.kind.is_secret()) {
        let value = match submitted.get_mut(&input.id) {
            Some(value) => Some(value),
            None => nested::get_mut(submitted, &input.id),
        };
        let Some(value) = value else { continue };
        cipher.open(value, &mut |_| {}).map_err(|why| InputProblem {
            message: format!("Invalid input for `{}`, {why}, but received `******`", input.id),
            input: input.id.clone(),
        })?;
    }
    Ok(())
}

/// Calls `found` with every text in the values of SECRET inputs. The values may be submitted or resolved.
pub fn secrets(wanted: &[Input], values: &Map, found: &mut dyn FnMut(&str)) {
    for input in wanted.iter().filter(|input| input.kind.is_secret()) {
        if let Some(value) = nested::get(values, &input.id) {
            texts(value, found);
        }
    }
}

fn texts(value: &Json, found: &mut dyn FnMut(&str)) {
    match value {
        Json::String(text) => found(text),
        Json::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Json::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        Json::Number(number) => found(&number.to_string()),
        Json::Null | Json::Bool(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_model::cipher::{TYPE, holds_sealed};
    use segue_model::input::InputKind;
    use serde_json::json;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn input(id: &str, kind: InputKind) -> Input {
        Input {
            id: id.to_owned(),
            kind,
            description: None,
            display_name: None,
            required: true,
            defaults: None,
            prefill: None,
            depends_on: None,
        }
    }

    fn wanted() -> [Input; 4] {
        [
            input("deep.pin", InputKind::Secret { validator: None }),
            input("many", InputKind::Array { item_type: "SECRET".to_owned() }),
            input("text", InputKind::String { validator: None }),
            input("json", InputKind::Json),
        ]
    }

    fn map(value: Json) -> Map {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn secrets_are_sealed_and_nothing_else() {
        let cipher = Cipher::from_base64(KEY).unwrap();
        let clear =
            map(json!({"deep": {"pin": "1234"}, "many": ["a1", "b2"], "text": "t", "json": {"k": "v"}}));
        let mut values = clear.clone();
        let sealing = Sealing { cipher: &cipher, owner: &["e"] };
        seal(&wanted(), &mut values, &Masker::default(), sealing).unwrap();
        assert_eq!(values["deep"]["pin"]["type"], TYPE);
        assert_eq!(values["many"][1]["type"], TYPE);
        assert_eq!((&values["text"], &values["json"]), (&json!("t"), &json!({"k": "v"})));
        let mut again = values.clone();
        open_submitted(&wanted(), &mut again, &cipher).unwrap();
        assert_eq!(again, clear);
        let mut found = Vec::new();
        secrets(&wanted(), &clear, &mut |text| found.push(text.to_owned()));
        assert_eq!(found, ["1234", "a1", "b2"]);
    }

    #[test]
    fn a_secret_handed_on_is_sealed_wherever_it_is() {
        let cipher = Cipher::from_base64(KEY).unwrap();
        let known = Masker::default();
        known.add("sesame");
        let mut values = map(json!({"text": "Bearer sesame", "json": {"k": ["sesame", "open"]}}));
        seal(&wanted(), &mut values, &known, Sealing { cipher: &cipher, owner: &["e"] }).unwrap();
        assert!(!Json::Object(values.clone()).to_string().contains("sesame"));
        assert_eq!(values["json"]["k"][1], "open");
    }

    #[test]
    fn what_is_encrypted_is_read_for_secrets_only() {
        let cipher = Cipher::from_base64(KEY).unwrap();
        let sealed = cipher.seal(&json!("sesame"), &[]).unwrap();
        let mut submitted = map(json!({"deep.pin": sealed, "json": sealed}));
        open_submitted(&wanted(), &mut submitted, &cipher).unwrap();
        assert_eq!(submitted["deep.pin"], "sesame");
        assert!(holds_sealed(&submitted["json"]));
    }

    #[test]
    fn without_a_key_the_input_is_refused() {
        let cipher = Cipher::without_key("set one");
        let mut values = map(json!({"deep": {"pin": "1234"}}));
        let refused =
            seal(&wanted(), &mut values, &Masker::default(), Sealing { cipher: &cipher, owner: &[] });
        let refused = refused.unwrap_err();
        assert_eq!(refused.input, "deep.pin");
        assert!(refused.message.contains("set one") && !refused.message.contains("1234"), "{refused:?}");
    }
}
