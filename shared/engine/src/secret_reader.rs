//! Decrypts values, only at the places where expressions are rendered. Decrypted values are masked in every text from
//! then on.

use crate::env::Env;
use segue_model::Json;
use segue_model::cipher::{Cipher, holds_sealed};
use segue_template::{LookupTable, Value, unreadable_value, value_from_json};

/// Decrypts values for the expressions of one step.
#[derive(Clone, Debug)]
pub(crate) struct SecretReader {
    cipher: Cipher,
    lookups: LookupTable,
}

impl SecretReader {
    /// A reader for the expressions of a step.
    pub(crate) fn new(env: &Env) -> Self {
        Self { cipher: env.cipher.clone(), lookups: env.lookups.clone() }
    }

    /// A value for expressions. If it cannot be decrypted, the expression that uses it fails.
    pub(crate) fn value(&self, value: &Json) -> Value {
        if !holds_sealed(value) {
            return value_from_json(value);
        }
        let mut clear = value.clone();
        match self.cipher.open(&mut clear, &mut |secret| self.lookups.learn(secret)) {
            Ok(()) => value_from_json(&clear),
            Err(error) => unreadable_value(&error.to_string()),
        }
    }
}
