//! The JSON of Protocol Buffers, where it differs from the one that serde writes: bytes are base64, large numbers are
//! texts, and times are texts.

use crate::refusal::Refusal;
use axum::body::Bytes;
use serde::de::DeserializeOwned;

/// Reads the body of a request. An empty body is a request without fields.
pub(crate) fn read<Asked: DeserializeOwned + Default>(body: &[u8]) -> Result<Asked, Refusal> {
    if body.is_empty() {
        return Ok(Asked::default());
    }
    serde_json::from_slice(body).map_err(|error| {
        Refusal::invalid(format!(
            "the body cannot be read: {error}; the local platform may not have this field"
        ))
    })
}

/// Bytes as base64.
pub(crate) mod base64 {
    use super::Bytes;
    use base64::Engine as _;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    /// Google reads both alphabets, with or without padding, and writes the standard one.
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG);

    pub(crate) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?.replace('-', "+").replace('_', "/");
        STANDARD.decode(text).map(Bytes::from).map_err(de::Error::custom)
    }
}

/// A time as a text: `2024-01-01T00:00:00Z`.
pub(crate) mod time {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, ser};

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<prost_types::Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let known = time.as_ref().map(|time| Timestamp::new(time.seconds, time.nanos));
        known.transpose().map_err(ser::Error::custom)?.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<prost_types::Timestamp>, D::Error> {
        Ok(Option::<Timestamp>::deserialize(deserializer)?.map(super::timestamp))
    }
}

/// A time as Protocol Buffers has it.
pub(crate) fn timestamp(time: jiff::Timestamp) -> prost_types::Timestamp {
    let whole = time.as_second();
    let nanos = time.subsec_nanosecond();
    // Before 1970, jiff counts the fraction downwards; Google counts it upwards.
    if nanos < 0 {
        return prost_types::Timestamp { seconds: whole - 1, nanos: nanos + 1_000_000_000 };
    }
    prost_types::Timestamp { seconds: whole, nanos }
}

/// A large number as a text.
pub(crate) mod number {
    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(number: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
        match number {
            Some(number) => serializer.serialize_some(&number.to_string()),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1970_has_a_fraction_that_counts_upwards() {
        let before = timestamp("1969-12-31T23:59:59.25Z".parse().unwrap());
        assert_eq!((before.seconds, before.nanos), (-1, 250_000_000));
        let after = timestamp("1970-01-01T00:00:01.5Z".parse().unwrap());
        assert_eq!((after.seconds, after.nanos), (1, 500_000_000));
    }
}
