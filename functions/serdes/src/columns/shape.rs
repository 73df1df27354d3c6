//! The type of a value, with all references resolved.

use apache_avro::Schema;
use apache_avro::schema::{InnerDecimalSchema, Name, NamesRef, NamespaceRef, ResolvedSchema, UuidSchema};

/// The most types of a schema. A reference counts as often as it is used.
const MOST_TYPES: usize = 20_000;
/// The deepest nesting of types.
const DEEPEST: usize = 64;

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enum(Vec<String>),
    List(Box<Shape>),
    Map(Box<Shape>),
    Union(Vec<Shape>),
    Record(Vec<Field>),
    Decimal { precision: usize, scale: usize, fixed: Option<usize> },
    BigDecimal,
    Uuid(UuidForm),
    Date,
    Time(Unit),
    Timestamp(Unit),
    LocalTimestamp(Unit),
    Duration,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) shape: Shape,
}

/// The unit of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Milli,
    Micro,
    Nano,
}

impl Unit {
    /// The number of nanoseconds.
    pub(crate) fn nanos(self) -> i64 {
        match self {
            Self::Milli => 1_000_000,
            Self::Micro => 1000,
            Self::Nano => 1,
        }
    }
}

/// How an Avro file has a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UuidForm {
    Text,
    Bytes,
    Fixed,
}

impl Shape {
    /// The type that a schema describes.
    ///
    /// # Errors
    /// A type contains itself, or there are too many types.
    pub(crate) fn of(schema: &Schema) -> Result<Self, String> {
        let resolved = ResolvedSchema::new(schema).map_err(|error| error.to_string())?;
        let mut walk = Walk { names: resolved.get_names(), open: Vec::new(), depth: 0, left: MOST_TYPES };
        walk.shape(schema, None)
    }

    /// Whether null is a value of the type.
    pub(crate) fn accepts_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Union(members) => members.iter().any(Self::accepts_null),
            _ => false,
        }
    }

    /// The name of the type in a message.
    pub(crate) fn name(&self) -> String {
        let name = match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Int => "an int",
            Self::Long => "a long",
            Self::Float => "a float",
            Self::Double => "a double",
            Self::Bytes => "bytes",
            Self::Text => "a string",
            Self::Fixed(size) => return format!("a fixed of {size} bytes"),
            Self::Enum(symbols) => return format!("one of {}", symbols.join(", ")),
            Self::List(_) => "an array",
            Self::Map(_) => "a map",
            Self::Union(members) => {
                return members.iter().map(Self::name).collect::<Vec<_>>().join(" or ");
            }
            Self::Record(_) => "a record",
            Self::Decimal { precision, scale, .. } => {
                return format!("a decimal of {precision} digits, of which {scale} are the fraction");
            }
            Self::BigDecimal => "a big-decimal",
            Self::Uuid(_) => "a UUID",
            Self::Date => "a date",
            Self::Time(_) => "a time",
            Self::Timestamp(_) => "a timestamp",
            Self::LocalTimestamp(_) => "a local timestamp",
            Self::Duration => "a duration of 12 bytes",
        };
        name.to_owned()
    }
}

/// Walks through a schema.
struct Walk<'s> {
    names: &'s NamesRef<'s>,
    /// The records that contain the type.
    open: Vec<Name>,
    depth: usize,
    left: usize,
}

impl Walk<'_> {
    fn shape(&mut self, schema: &Schema, namespace: NamespaceRef<'_>) -> Result<Shape, String> {
        self.left = self.left.checked_sub(1).ok_or(format!("there are more than {MOST_TYPES} types"))?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("types are nested more than {DEEPEST} deep"));
        }
        let shape = self.shape_inside(schema, namespace)?;
        self.depth -= 1;
        Ok(shape)
    }

    fn shape_inside(&mut self, schema: &Schema, namespace: NamespaceRef<'_>) -> Result<Shape, String> {
        Ok(match schema {
            Schema::Null => Shape::Null,
            Schema::Boolean => Shape::Boolean,
            Schema::Int => Shape::Int,
            Schema::Long => Shape::Long,
            Schema::Float => Shape::Float,
            Schema::Double => Shape::Double,
            Schema::Bytes => Shape::Bytes,
            Schema::String => Shape::Text,
            Schema::Fixed(fixed) => Shape::Fixed(fixed.size),
            Schema::Enum(symbols) => Shape::Enum(symbols.symbols.clone()),
            Schema::Array(list) => Shape::List(Box::new(self.shape(&list.items, namespace)?)),
            Schema::Map(map) => Shape::Map(Box::new(self.shape(&map.types, namespace)?)),
            Schema::Union(union) => Shape::Union(
                union
                    .variants()
                    .iter()
                    .map(|member| self.shape(member, namespace))
                    .collect::<Result<_, _>>()?,
            ),
            Schema::Record(record) => {
                let name = record.name.fully_qualified_name(namespace).into_owned();
                if self.open.contains(&name) {
                    return Err(format!(
                        "the record '{}' contains itself; use a schema without such a record",
                        name.name()
                    ));
                }
                let inner = name.namespace().map(str::to_owned);
                self.open.push(name);
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    let shape = self.shape(&field.schema, inner.as_deref())?;
                    fields.push(Field { name: field.name.clone(), aliases: field.aliases.clone(), shape });
                }
                self.open.pop();
                Shape::Record(fields)
            }
            Schema::Ref { name } => {
                let name = name.fully_qualified_name(namespace).into_owned();
                let schema = *self
                    .names
                    .get(&name)
                    .ok_or_else(|| format!("the type '{}' is not defined", name.name()))?;
                self.shape(schema, name.namespace())?
            }
            Schema::Decimal(decimal) => Shape::Decimal {
                precision: decimal.precision,
                scale: decimal.scale,
                fixed: match &decimal.inner {
                    InnerDecimalSchema::Bytes => None,
                    InnerDecimalSchema::Fixed(fixed) => Some(fixed.size),
                },
            },
            Schema::BigDecimal => Shape::BigDecimal,
            Schema::Uuid(UuidSchema::String) => Shape::Uuid(UuidForm::Text),
            Schema::Uuid(UuidSchema::Bytes) => Shape::Uuid(UuidForm::Bytes),
            Schema::Uuid(UuidSchema::Fixed(_)) => Shape::Uuid(UuidForm::Fixed),
            Schema::Date => Shape::Date,
            Schema::TimeMillis => Shape::Time(Unit::Milli),
            Schema::TimeMicros => Shape::Time(Unit::Micro),
            Schema::TimestampMillis => Shape::Timestamp(Unit::Milli),
            Schema::TimestampMicros => Shape::Timestamp(Unit::Micro),
            Schema::TimestampNanos => Shape::Timestamp(Unit::Nano),
            Schema::LocalTimestampMillis => Shape::LocalTimestamp(Unit::Milli),
            Schema::LocalTimestampMicros => Shape::LocalTimestamp(Unit::Micro),
            Schema::LocalTimestampNanos => Shape::LocalTimestamp(Unit::Nano),
            Schema::Duration(_) => Shape::Duration,
        })
    }
}
