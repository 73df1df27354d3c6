//! Reads the rows of a block.

use super::container::zigzag;
use crate::columns::{self, Shape, UuidForm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigInt;
use segue_jdbc::values::exact;
use segue_model::{Json, Map};
use uuid::Uuid;

/// The most values of one row.
const MOST_VALUES: u64 = 16 << 20;

/// The rows of a block.
pub(super) struct Decoder<'b> {
    bytes: &'b [u8],
    path: Vec<Step<'b>>,
    wrong: Option<String>,
    left: u64,
}

/// A part of the path of a value.
enum Step<'b> {
    Field(&'b str),
    Item(u64),
}

/// A row.
pub(super) struct Row {
    pub(super) value: Json,
    /// What is wrong with a value of the row. The rows after it can be read all the same.
    pub(super) wrong: Option<String>,
}

/// What is wrong with a value so that the end of the row is not known.
type Read<T> = Result<T, String>;

impl<'b> Decoder<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, path: Vec::new(), wrong: None, left: MOST_VALUES }
    }

    /// The number of bytes that were not read.
    pub(super) fn rest(&self) -> usize {
        self.bytes.len()
    }

    /// The next row.
    ///
    /// # Errors
    /// The row cannot be read to its end.
    pub(super) fn row(&mut self, shape: &'b Shape) -> Read<Row> {
        self.left = MOST_VALUES;
        self.path.clear();
        let value = self.value(shape).map_err(|why| self.sentence(&why))?;
        Ok(Row { value, wrong: self.wrong.take() })
    }

    fn sentence(&self, why: &str) -> String {
        let mut path = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.push_str(&format!(".{name}")),
                Step::Item(place) => path.push_str(&format!("[{place}]")),
            }
        }
        if path.is_empty() { why.to_owned() } else { format!("column '{path}' {why}") }
    }

    /// Notes that a value is wrong. The value is null.
    fn refuse(&mut self, why: &str) -> Json {
        let sentence = self.sentence(why);
        self.wrong.get_or_insert(sentence);
        Json::Null
    }

    /// A value, or null if there is none, because it is outside of its range.
    fn within(&mut self, value: Option<String>, why: &str) -> Json {
        match value {
            Some(text) => Json::String(text),
            None => self.refuse(why),
        }
    }

    fn value(&mut self, shape: &'b Shape) -> Read<Json> {
        self.left = self.left.checked_sub(1).ok_or(format!("has more than {MOST_VALUES} values"))?;
        Ok(match shape {
            Shape::Null => Json::Null,
            Shape::Boolean => match self.take::<1>()? {
                [0] => Json::Bool(false),
                [1] => Json::Bool(true),
                [other] => self.refuse(&format!("is the byte {other}, which is not a boolean")),
            },
            Shape::Int => {
                let long = self.long()?;
                match i32::try_from(long) {
                    Ok(int) => Json::from(int),
                    Err(_) => self.refuse(&format!("is {long}, which is not an int")),
                }
            }
            Shape::Long => Json::from(self.long()?),
            // The shortest text of a float, 0.1, is not the number 0.10000000149011612.
            Shape::Float => {
                let float = f32::from_le_bytes(self.take()?);
                float.to_string().parse().map_or(Json::Null, columns::float)
            }
            Shape::Double => columns::float(f64::from_le_bytes(self.take()?)),
            Shape::Bytes => Json::String(STANDARD.encode(self.sized()?)),
            Shape::Text => match std::str::from_utf8(self.sized()?) {
                Ok(text) => Json::String(text.to_owned()),
                Err(error) => self.refuse(&format!("is not UTF-8 ({error})")),
            },
            Shape::Fixed(size) => Json::String(STANDARD.encode(self.some(*size)?)),
            Shape::Duration => Json::String(STANDARD.encode(self.some(12)?)),
            Shape::Enum(symbols) => {
                let place = self.long()?;
                match usize::try_from(place).ok().and_then(|place| symbols.get(place)) {
                    Some(symbol) => Json::String(symbol.clone()),
                    None => self.refuse(&format!("is the symbol {place}, and there are {}", symbols.len())),
                }
            }
            Shape::List(item) => self.list(item)?,
            Shape::Map(item) => self.map(item)?,
            Shape::Union(members) => {
                let place = self.long()?;
                let member = usize::try_from(place).ok().and_then(|place| members.get(place));
                let wrong =
                    || format!("is of the member {place} of a union, and there are {}", members.len());
                self.value(member.ok_or_else(wrong)?)?
            }
            Shape::Record(fields) => {
                let mut row = Map::new();
                for field in fields {
                    self.path.push(Step::Field(&field.name));
                    let value = self.value(&field.shape)?;
                    self.path.pop();
                    row.insert(field.name.clone(), value);
                }
                Json::Object(row)
            }
            Shape::Decimal { scale, fixed, .. } => {
                let bytes = match fixed {
                    Some(size) => self.some(*size)?,
                    None => self.sized()?,
                };
                decimal(bytes, i64::try_from(*scale).unwrap_or_default())
            }
            Shape::BigDecimal => {
                let inner = self.sized()?;
                let after = std::mem::replace(&mut self.bytes, inner);
                let number = self.sized().and_then(|number| Ok(decimal(number, self.long()?)));
                self.bytes = after;
                match number {
                    Ok(number) => number,
                    Err(_) => self.refuse("is not a big-decimal"),
                }
            }
            Shape::Uuid(form) => self.uuid(*form)?,
            Shape::Date => {
                let date = columns::date(self.long()?);
                self.within(date, "is a date outside of the years -9999 to 9999")
            }
            Shape::Time(unit) => {
                let time = self.long()?.checked_mul(unit.nanos()).and_then(columns::clock);
                self.within(time, "is a time outside of a day")
            }
            Shape::Timestamp(unit) => {
                let at = columns::instant(i128::from(self.long()?) * i128::from(unit.nanos()));
                self.within(at, "is a time outside of the years -9999 to 9999")
            }
            Shape::LocalTimestamp(unit) => {
                let at = columns::date_time(i128::from(self.long()?) * i128::from(unit.nanos()));
                self.within(at, "is a time outside of the years -9999 to 9999")
            }
        })
    }

    fn list(&mut self, item: &'b Shape) -> Read<Json> {
        let mut items = Vec::new();
        loop {
            let count = self.count()?;
            if count == 0 {
                return Ok(Json::Array(items));
            }
            for _ in 0..count {
                self.path.push(Step::Item(items.len() as u64));
                items.push(self.value(item)?);
                self.path.pop();
            }
        }
    }

    fn map(&mut self, item: &'b Shape) -> Read<Json> {
        let mut map = Map::new();
        loop {
            let count = self.count()?;
            if count == 0 {
                return Ok(Json::Object(map));
            }
            for _ in 0..count {
                self.path.push(Step::Item(map.len() as u64));
                let key = String::from_utf8_lossy(self.sized()?).into_owned();
                let value = self.value(item)?;
                self.path.pop();
                map.insert(key, value);
            }
        }
    }

    fn uuid(&mut self, form: UuidForm) -> Read<Json> {
        let bytes = match form {
            UuidForm::Fixed => self.some(16)?,
            UuidForm::Text | UuidForm::Bytes => self.sized()?,
        };
        let text = match form {
            UuidForm::Text => std::str::from_utf8(bytes).ok().map(str::to_owned),
            UuidForm::Bytes | UuidForm::Fixed => Uuid::from_slice(bytes).ok().map(|uuid| uuid.to_string()),
        };
        Ok(self.within(text, "is not a UUID"))
    }

    /// The number of items of a part of a list or map. 0 at its end. After a negative number is the number of bytes.
    fn count(&mut self) -> Read<u64> {
        let count = self.long()?;
        if count < 0 {
            self.long()?;
        }
        Ok(count.unsigned_abs())
    }

    fn long(&mut self) -> Read<i64> {
        let mut bits = 0_u64;
        for place in 0..10 {
            let [byte] = self.take()?;
            bits |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return Ok(zigzag(bits));
            }
        }
        Err("is a number of more than 10 bytes".to_owned())
    }

    fn sized(&mut self) -> Read<&'b [u8]> {
        let length = self.long()?;
        self.some(usize::try_from(length).map_err(|_| format!("has {length} bytes"))?)
    }

    fn some(&mut self, length: usize) -> Read<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or("ends after its block")?;
        self.bytes = rest;
        Ok(taken)
    }

    fn take<const LENGTH: usize>(&mut self) -> Read<[u8; LENGTH]> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or("ends after its block")?;
        self.bytes = rest;
        Ok(*taken)
    }
}

/// A decimal as a number if no digit is lost, and otherwise as a text.
fn decimal(bytes: &[u8], scale: i64) -> Json {
    let text = columns::decimal_text(&BigInt::from_signed_bytes_be(bytes).to_string(), scale);
    exact(&text).unwrap_or(Json::String(text))
}
