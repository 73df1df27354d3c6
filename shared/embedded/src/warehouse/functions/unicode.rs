//! NORMALIZE and NORMALIZE_AND_CASEFOLD.

use super::Outcome;
use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    match (name, arguments) {
        ("normalize", [text, mode]) => Some(normalized(text, mode).map(Some)),
        ("normalize_and_casefold", [text, mode]) => {
            Some(folded(text, mode, "NORMALIZE_AND_CASEFOLD").map(Some))
        }
        _ => None,
    }
}

fn normalized(text: &str, mode: &str) -> Result<String, String> {
    Ok(match mode {
        "NFC" => ComposingNormalizer::new_nfc().normalize(text).into_owned(),
        "NFKC" => ComposingNormalizer::new_nfkc().normalize(text).into_owned(),
        "NFD" => DecomposingNormalizer::new_nfd().normalize(text).into_owned(),
        "NFKD" => DecomposingNormalizer::new_nfkd().normalize(text).into_owned(),
        _ => return Err(format!("{mode} is no normalization mode. Use NFC, NFKC, NFD or NFKD")),
    })
}

/// The documentation does not say whether case folding comes before or after the normalization. So a text for which the
/// order makes a difference is refused. `function` is for the message.
pub(super) fn folded(text: &str, mode: &str, function: &str) -> Result<String, String> {
    let fold = |text: &str| CaseMapper::new().fold_string(text).into_owned();
    let before = normalized(&fold(text), mode)?;
    let after = normalized(&fold(&normalized(text, mode)?), mode)?;
    if before == after {
        return Ok(before);
    }
    Err(format!(
        "{function} of '{text}' is not supported by the embedded warehouse, because the result depends on the order of its two steps"
    ))
}
