//! Functions with random results. Random numbers come from the seed of the scope, never from the machine. So rendering
//! twice gives the same text.

use crate::builtin::{Args, Builtin, builtin};
use crate::error::Outcome;
use crate::run::Run;
use minijinja::Value;

pub(super) static TABLE: &[Builtin] = &[
    builtin("uuid", &[], uuid),
    builtin("id", &[], id),
    builtin("ksuid", &[], ksuid),
    builtin("nanoId", &["length", "alphabet"], nano_id),
    builtin("randomInt", &["lower", "upper"], random_int),
];

const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const NANO_ID: &str = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// The start of the seconds in KSUIDs, 2014-05-13T16:53:20Z, in seconds since 1970.
const KSUID_EPOCH: i64 = 1_400_000_000;

/// A random UUID (version 4).
fn random_uuid(run: &Run) -> u128 {
    let bits = (u128::from(run.random()) << 64) | u128::from(run.random());
    (bits & !(0xF << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62)
}

fn uuid(run: &Run, _: &Args<'_>) -> Outcome {
    let hex = format!("{:032x}", random_uuid(run));
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts: Vec<_> = parts.iter().filter_map(|(from, to)| hex.get(*from..*to)).collect();
    Ok(Value::from(parts.join("-")))
}

/// A random UUID in base 62. Kestra writes its ids in this way.
fn id(run: &Run, _: &Args<'_>) -> Outcome {
    Ok(Value::from(base62(random_uuid(run), 0)))
}

fn base62(number: u128, width: usize) -> String {
    let mut digits = Vec::new();
    let mut rest = number;
    while rest > 0 || digits.is_empty() {
        let digit = usize::try_from(rest % 62).unwrap_or(0);
        digits.push(char::from(BASE62.get(digit).copied().unwrap_or(b'0')));
        rest /= 62;
    }
    while digits.len() < width {
        digits.push('0');
    }
    digits.iter().rev().collect()
}

/// A KSUID: 27 characters of base 62, made of four bytes of seconds and sixteen random bytes.
fn ksuid(run: &Run, _: &Args<'_>) -> Outcome {
    let seconds = run.scope().ambient.now.as_second().saturating_sub(KSUID_EPOCH);
    let seconds = u32::try_from(seconds).unwrap_or(0);
    let chance = (u128::from(run.random()) << 64) | u128::from(run.random());
    // An integer has fewer than 160 bits, so the twenty bytes are divided by 62 again and again.
    let mut bytes: Vec<u8> = seconds.to_be_bytes().into_iter().chain(chance.to_be_bytes()).collect();
    let mut digits = Vec::with_capacity(27);
    for _ in 0..27 {
        let mut remainder = 0_u32;
        for byte in &mut bytes {
            let current = (remainder << 8) | u32::from(*byte);
            *byte = u8::try_from(current / 62).unwrap_or(0);
            remainder = current % 62;
        }
        let digit = usize::try_from(remainder).unwrap_or(0);
        digits.push(char::from(BASE62.get(digit).copied().unwrap_or(b'0')));
    }
    Ok(Value::from(digits.iter().rev().collect::<String>()))
}

fn nano_id(run: &Run, args: &Args<'_>) -> Outcome {
    let length = args.optional_int(0, "length")?.unwrap_or(21);
    let alphabet: Vec<char> = args.optional_text(1, "alphabet")?.unwrap_or(NANO_ID).chars().collect();
    let length = usize::try_from(length).unwrap_or(0);
    if length == 0 || alphabet.is_empty() {
        return Err("The 'nanoId' function expects a length above 0 and an alphabet".into());
    }
    run.charge(length)?;
    let count = u64::try_from(alphabet.len()).unwrap_or(1);
    let letter = |_| {
        let place = usize::try_from(run.random() % count).unwrap_or(0);
        alphabet.get(place).copied()
    };
    Ok(Value::from((0..length).filter_map(letter).collect::<String>()))
}

fn random_int(run: &Run, args: &Args<'_>) -> Outcome {
    for (place, name) in [(0, "lower"), (1, "upper")] {
        let value = args.required(place, name)?;
        if !value.is_integer() {
            return Err(args.wrong_type(name, "integer", value));
        }
    }
    let (lower, upper) = (args.int(0, "lower")?, args.int(1, "upper")?);
    if lower > upper {
        return Err(format!("In 'randomInt', lower ({lower}) must not be above upper ({upper})").into());
    }
    // Two equal bounds have one number between them.
    let span = (i128::from(upper) - i128::from(lower)).max(1);
    let drawn = i128::from(lower) + i128::from(run.random()) % span;
    Ok(Value::from(i64::try_from(drawn).unwrap_or(lower)))
}
