//! Filters that write other formats: JSON, YAML, ION, hashes, base64 and URLs.

use super::text::{hex, only_text};
use super::{input, map_text};
use crate::builtin::{Args, Builtin, builtin};
use crate::error::{Fault, Outcome};
use crate::run::Run;
use crate::value::value_to_json;
use crate::{ion, java, nesting, yaml};
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use minijinja::Value;
use percent_encoding::percent_decode_str;
use sha2::Digest as _;

/// Decodes base64 like Java. The padding may be missing.
const JAVA: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) static TABLE: &[Builtin] = &[
    builtin("toJson", &[], to_json),
    builtin("json", &[], to_json),
    builtin("jsonEncode", &[], to_json),
    builtin("toIon", &[], to_ion),
    builtin("yaml", &[], to_yaml),
    builtin("md5", &[], |run, args| digest(run, args, |bytes| hex(&md5::Md5::digest(bytes)))),
    builtin("sha1", &[], |run, args| digest(run, args, |bytes| hex(&sha1::Sha1::digest(bytes)))),
    builtin("sha256", &[], |run, args| digest(run, args, |bytes| hex(&sha2::Sha256::digest(bytes)))),
    builtin("sha512", &[], |run, args| digest(run, args, |bytes| hex(&sha2::Sha512::digest(bytes)))),
    builtin("base64encode", &[], base64_encode),
    builtin("base64decode", &[], base64_decode),
    builtin("urlencode", &[], |run, args| map_text(run, args, |text| Ok(url_encode(text)))),
    builtin("urldecode", &[], |run, args| map_text(run, args, url_decode)),
];

/// Takes the steps for writing the input in another format.
fn weigh(run: &Run, args: &Args<'_>) -> Result<(), Fault> {
    args.values.first().map_or(Ok(()), |value| nesting::weigh(run, value))
}

fn to_json(run: &Run, args: &Args<'_>) -> Outcome {
    weigh(run, args)?;
    let text = args.values.first().map(java::to_json).unwrap_or_default();
    run.charge(text.len() / 32)?;
    Ok(Value::from(text))
}

fn to_ion(run: &Run, args: &Args<'_>) -> Outcome {
    weigh(run, args)?;
    let text = args.values.first().map(|value| ion::to_string(&value_to_json(value))).unwrap_or_default();
    run.charge(text.len() / 32)?;
    Ok(Value::from(text))
}

fn to_yaml(run: &Run, args: &Args<'_>) -> Outcome {
    weigh(run, args)?;
    let Some(value) = input(args) else { return Ok(Value::from("null")) };
    let text = yaml::to_string(&value_to_json(value));
    run.charge(text.len() / 32)?;
    Ok(Value::from(text))
}

fn digest(run: &Run, args: &Args<'_>, hash: fn(&[u8]) -> String) -> Outcome {
    let Some(text) = only_text(args)? else { return Ok(Value::from(())) };
    run.charge(text.len() / 16)?;
    Ok(Value::from(hash(text.as_bytes())))
}

fn base64_encode(run: &Run, args: &Args<'_>) -> Outcome {
    map_text(run, args, |text| Ok(STANDARD.encode(text)))
}

fn base64_decode(run: &Run, args: &Args<'_>) -> Outcome {
    map_text(run, args, |text| {
        let bytes =
            JAVA.decode(text).map_err(|error| Fault::from(format!("The text is not base64: {error}")))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// Encodes a text as `java.net.URLEncoder` does. Letters, digits and `.-*_` stay, and a space becomes `+`.
fn url_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            byte if byte.is_ascii_alphanumeric() || b".-*_".contains(&byte) => out.push(char::from(byte)),
            byte => {
                out.push('%');
                out.push_str(&hex(&[byte]).to_uppercase());
            }
        }
    }
    out
}

fn url_decode(text: &str) -> Result<String, Fault> {
    let spaced = text.replace('+', " ");
    Ok(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}
