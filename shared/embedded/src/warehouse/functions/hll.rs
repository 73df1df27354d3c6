//! The sketches of HLL_COUNT: bytes that say about how many different values there are.
//!
//! A sketch is a message of protocol buffers with the numbers that the hashes of its values have. Up to some thousand
//! values, a sketch is sparse: it has a number for each hash, and says the same count as BigQuery. A sketch of more values
//! is dense. Its count needs corrections from measured tables, so a dense sketch is refused.
//!
//! The module must not know SQL. Bytes come and go as hexadecimal digits.

use super::bytes::{bytes, hex};
use super::fingerprint::fingerprint;
use super::{Outcome, integer};
use prost::Message as _;

/// The type of these sketches among all aggregators.
const HYPERLOGLOG: i32 = 112;
/// The version of the encoding.
const VERSION: i32 = 2;
/// The greatest precision of the sparse form.
const MOST_PRECISE: u32 = 25;
/// The bits that hold the number of zeros of a hash.
const ZERO_BITS: u32 = 6;

#[derive(Clone, PartialEq, prost::Message)]
struct Sketch {
    #[prost(int32, required, tag = "1")]
    aggregator: i32,
    /// How many values were added.
    #[prost(int64, required, tag = "2")]
    values: i64,
    #[prost(int32, optional, tag = "3")]
    version: Option<i32>,
    /// The type of the values.
    #[prost(int32, optional, tag = "4")]
    value_type: Option<i32>,
    #[prost(message, optional, tag = "112")]
    state: Option<State>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct State {
    #[prost(int32, optional, tag = "2")]
    sparse_size: Option<i32>,
    #[prost(int32, optional, tag = "3")]
    precision: Option<i32>,
    #[prost(int32, optional, tag = "4")]
    sparse_precision: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "5")]
    dense: Option<Vec<u8>>,
    #[prost(bytes = "vec", optional, tag = "6")]
    sparse: Option<Vec<u8>>,
}

/// How precise a sketch is, in its dense and in its sparse form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Precision {
    dense: u32,
    sparse: u32,
}

/// The sparse form of a sketch.
struct Sparse {
    values: i64,
    value_type: Option<i32>,
    precision: Precision,
    /// The numbers of the hashes, in order.
    numbers: Vec<u32>,
}

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    Some(match (name, arguments) {
        ("hll_init", [precision, kind, values]) => init(precision, kind, values),
        ("hll_extract", [sketch]) => extract(sketch),
        ("hll_merge", [sketches]) => {
            merged(sketches, "HLL_COUNT.MERGE").map(|own| Some(own.count().to_string()))
        }
        ("hll_merge_partial", [sketches]) => {
            merged(sketches, "HLL_COUNT.MERGE_PARTIAL").and_then(|own| own.written()).map(Some)
        }
        _ => return None,
    })
}

/// A sketch of values, which are divided by commas.
fn init(precision: &str, kind: &str, values: &str) -> Outcome {
    let dense = u32::try_from(integer(precision)?).unwrap_or_default();
    let precision = Precision { dense, sparse: (dense + 5).min(MOST_PRECISE) };
    let mut own = Sparse {
        values: 0,
        value_type: Some(if kind == "INT64" { 4 } else { 11 }),
        precision,
        numbers: Vec::new(),
    };
    for value in values.split(',') {
        let hash = match kind {
            "INT64" => fingerprint(&integer(value)?.to_le_bytes()),
            _ => fingerprint(&bytes(value)?),
        };
        own.values += 1;
        own.numbers.push(precision.number_of_hash(hash));
    }
    own.sort();
    own.written().map(Some)
}

fn extract(sketch: &str) -> Outcome {
    let invalid = || "Invalid sketch in HLL_COUNT.EXTRACT".to_owned();
    Ok(Some(read(sketch)?.ok_or_else(invalid)?.count().to_string()))
}

/// Several sketches as one.
fn merged(sketches: &str, function: &str) -> Result<Sparse, String> {
    let invalid = || format!("Invalid or incompatible sketch in {function}");
    let mut all: Option<Sparse> = None;
    for sketch in sketches.split(',') {
        let own = read(sketch)?.ok_or_else(invalid)?;
        all = Some(match all {
            None => own,
            Some(before) => before.with(own).ok_or_else(invalid)?,
        });
    }
    all.ok_or_else(invalid)
}

/// The sketch in these digits. `None`: the bytes are no sketch.
fn read(digits: &str) -> Result<Option<Sparse>, String> {
    let Ok(sketch) = Sketch::decode(bytes(digits)?.as_slice()) else { return Ok(None) };
    let Some(state) = sketch.state.filter(|_| sketch.aggregator == HYPERLOGLOG) else { return Ok(None) };
    if state.dense.is_some_and(|dense| !dense.is_empty()) {
        return Err(too_many());
    }
    let number = |own: Option<i32>| u32::try_from(own.unwrap_or_default()).unwrap_or_default();
    let precision = Precision { dense: number(state.precision), sparse: number(state.sparse_precision) };
    let fits =
        (10..=24).contains(&precision.dense) && (precision.dense..=MOST_PRECISE).contains(&precision.sparse);
    let numbers = numbers(&state.sparse.unwrap_or_default()).filter(|_| fits);
    Ok(numbers.map(|numbers| Sparse {
        values: sketch.values,
        value_type: sketch.value_type,
        precision,
        numbers,
    }))
}

/// The numbers in the sparse form, which has the differences between them. `None`: the bytes are not of this form.
fn numbers(mut sparse: &[u8]) -> Option<Vec<u32>> {
    let mut found = Vec::new();
    let mut last = 0_u32;
    while !sparse.is_empty() {
        let difference = prost::encoding::decode_varint(&mut sparse).ok()?;
        last = last.checked_add(u32::try_from(difference).ok()?)?;
        found.push(last);
    }
    Some(found)
}

fn too_many() -> String {
    "A sketch of HLL_COUNT with so many different values is not supported by the embedded warehouse. \
     COUNT(DISTINCT …) and APPROX_COUNT_DISTINCT count any number of values"
        .to_owned()
}

impl Precision {
    /// The flag of the numbers that say how many zeros follow the index.
    fn flag(self) -> u32 {
        1 << self.sparse.max(self.dense + ZERO_BITS)
    }

    fn number_of_hash(self, hash: u64) -> u32 {
        let index = u32::try_from(hash >> (64 - self.sparse)).unwrap_or_default();
        self.number(index, zeros(hash << self.sparse, 64 - self.sparse))
    }

    /// The number of an index of the sparse form. `zeros`: the place of the first 1 behind the index.
    fn number(self, index: u32, zeros: u32) -> u32 {
        let beyond = self.sparse - self.dense;
        if index & ((1 << beyond) - 1) != 0 {
            return index;
        }
        self.flag() | ((index >> beyond) << ZERO_BITS) | zeros
    }

    /// The index and the zeros of a number. The zeros are 0 if the index alone says them.
    fn parts(self, number: u32) -> (u32, u32) {
        if number & self.flag() == 0 {
            return (number, 0);
        }
        let index = ((number ^ self.flag()) >> ZERO_BITS) << (self.sparse - self.dense);
        (index, number & ((1 << ZERO_BITS) - 1))
    }

    /// A number as one of a lower precision.
    fn lowered(self, number: u32, to: Self) -> u32 {
        let less = self.sparse - to.sparse;
        let (index, behind) = self.parts(number);
        if less == 0 {
            return to.number(index, behind);
        }
        // The last bits of the index become the first ones behind the shorter index.
        let last = u64::from(index & ((1 << less) - 1));
        let zeros = if last == 0 { behind + less } else { zeros(last << (64 - less), less) };
        to.number(index >> less, zeros)
    }
}

/// The place of the first 1 among the highest bits, counted from 1. Behind the last bit if there is none.
fn zeros(bits: u64, count: u32) -> u32 {
    bits.leading_zeros().min(count) + 1
}

impl Sparse {
    /// Orders the numbers. Of those with one index, the one with most zeros stays.
    fn sort(&mut self) {
        self.numbers.sort_unstable();
        let precision = self.precision;
        // The last number of an index has most zeros.
        self.numbers.reverse();
        self.numbers.dedup_by_key(|number| precision.parts(*number).0);
        self.numbers.reverse();
    }

    /// This sketch and another one as one. `None`: their types or precisions do not fit.
    fn with(self, other: Self) -> Option<Self> {
        let (left, right) = (self.precision, other.precision);
        let ordered = |low: Precision, high: Precision| low.dense <= high.dense && low.sparse <= high.sparse;
        if self.value_type != other.value_type || !(ordered(left, right) || ordered(right, left)) {
            return None;
        }
        let precision =
            Precision { dense: left.dense.min(right.dense), sparse: left.sparse.min(right.sparse) };
        let lowered = |own: &Self| -> Vec<u32> {
            own.numbers.iter().map(|number| own.precision.lowered(*number, precision)).collect()
        };
        let mut numbers = lowered(&self);
        numbers.extend(lowered(&other));
        let values = self.values.saturating_add(other.values);
        let mut own = Self { values, value_type: self.value_type, precision, numbers };
        own.sort();
        Some(own)
    }

    /// About how many different values there are: the sparse form counts its empty places.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a count of at most 2^25 places is exact in f64, and so is its estimate as a whole number"
    )]
    fn count(&self) -> i64 {
        let places = f64::from(1_u32 << self.precision.sparse);
        let empty = places - self.numbers.len() as f64;
        (places * (places / empty).ln()).round() as i64
    }

    /// The bytes of the sketch, as digits.
    fn written(&self) -> Result<String, String> {
        let mut sparse = Vec::new();
        let mut last = 0;
        for number in &self.numbers {
            prost::encoding::encode_varint(u64::from(number - last), &mut sparse);
            last = *number;
        }
        // A sparse sketch that is longer than three quarters of the dense one becomes dense.
        if sparse.len() > (3 << self.precision.dense) / 4 {
            return Err(too_many());
        }
        let number = |own: u32| i32::try_from(own).ok();
        let sketch = Sketch {
            aggregator: HYPERLOGLOG,
            values: self.values,
            version: Some(VERSION),
            value_type: self.value_type,
            state: Some(State {
                sparse_size: i32::try_from(self.numbers.len()).ok(),
                precision: number(self.precision.dense),
                sparse_precision: number(self.precision.sparse),
                dense: None,
                sparse: Some(sparse),
            }),
        };
        Ok(hex(&sketch.encode_to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Precision, call};

    fn called(name: &str, arguments: &[&str]) -> String {
        call(name, arguments).unwrap().unwrap().unwrap()
    }

    fn of(precision: &str, numbers: impl Iterator<Item = i64>) -> String {
        let values: Vec<String> = numbers.map(|number| number.to_string()).collect();
        called("hll_init", &[precision, "INT64", &values.join(",")])
    }

    #[test]
    fn counts_of_small_sets_are_exact() {
        for count in [1, 2, 10, 500] {
            let sketch = of("15", (0..count).chain(0..count));
            assert_eq!(called("hll_extract", &[&sketch]), count.to_string());
        }
    }

    #[test]
    fn merged_sketches_count_as_one_of_all_values() {
        let all = called("hll_extract", &[&of("15", 0..9000)]);
        let parts = [of("15", 0..5000), of("15", 4000..9000)].join(",");
        assert_eq!(called("hll_merge", &[&parts]), all);
        let whole: f64 = all.parse().unwrap();
        assert!((whole - 9000.0).abs() < 90.0, "{whole}");
    }

    #[test]
    fn a_merge_with_less_precision_is_the_sketch_of_less_precision() {
        let parts = [of("12", 0..1), of("18", 1..700)].join(",");
        assert_eq!(called("hll_merge_partial", &[&parts]), of("12", 0..700));
    }

    #[test]
    fn a_lower_precision_keeps_the_number_of_each_hash() {
        let (high, low) = (Precision { dense: 18, sparse: 23 }, Precision { dense: 10, sparse: 15 });
        for bits in 0..64 {
            for hash in [1_u64 << bits, (1 << bits) | (1 << 63), !((1 << bits) - 1)] {
                assert_eq!(
                    high.lowered(high.number_of_hash(hash), low),
                    low.number_of_hash(hash),
                    "{hash:x}"
                );
            }
        }
    }

    #[test]
    fn a_sketch_of_many_values_is_refused() {
        let values: Vec<String> = (0..2000).map(|number: i64| number.to_string()).collect();
        let error = call("hll_init", &["10", "INT64", &values.join(",")]).unwrap().unwrap_err();
        assert!(error.contains("so many different values"), "{error}");
    }
}
