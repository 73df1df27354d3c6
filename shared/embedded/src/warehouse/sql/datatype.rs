//! BigQuery's types: parses them, and names their types in DuckDB.
//!
//! The module must not know columns and tables. To add a type, add a variant of [`DataType`] and a line in each
//! `match`.

use super::lex::{Kind, Token};
use super::written::{backquote, location, string};
use super::{ranges, syntax_error};
use segue_ports::warehouse::WarehouseError;

/// The narrow decimal for NUMERIC, used while all values fit. Eighteen digits fit into one machine word, which is many
/// times faster than 38 digits. The column is widened when a value needs more digits.
pub(crate) const NARROW_NUMERIC: &str = "DECIMAL(18,9)";
/// The full type for NUMERIC, with 38 digits.
pub(crate) const WIDE_NUMERIC: &str = "DECIMAL(38,9)";

/// A BigQuery type.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum DataType {
    String,
    Bytes,
    /// `STRING(n)` and `BYTES(n)`: texts and bytes of a column with at most so many letters or bytes.
    Limited(Box<DataType>, u64),
    /// A STRING with the collation `und:ci`.
    Collated,
    Int64,
    Float64,
    Numeric,
    /// `NUMERIC(precision, scale)`.
    Decimal(u8, u8),
    /// `BIGNUMERIC(precision, scale)`. A column of this type is a decimal in DuckDB too.
    BigDecimal(u8, u8),
    BigNumeric,
    Bool,
    Timestamp,
    DateTime,
    Date,
    Time,
    Json,
    Geography,
    Interval,
    /// `RANGE<DATE>`, `RANGE<DATETIME>` or `RANGE<TIMESTAMP>`, with the type of its bounds.
    Range(Box<DataType>),
    Array(Box<DataType>),
    Struct(Vec<(String, DataType)>),
}

impl DataType {
    /// The type in DuckDB. NUMERIC is the wide decimal.
    pub(crate) fn duckdb(&self) -> String {
        match self {
            Self::String | Self::Collated | Self::Geography => "VARCHAR".into(),
            Self::Bytes => "BLOB".into(),
            Self::Limited(own, _) => own.duckdb(),
            Self::Int64 => "BIGINT".into(),
            Self::Float64 => "DOUBLE".into(),
            Self::Numeric => WIDE_NUMERIC.into(),
            Self::Decimal(precision, scale) | Self::BigDecimal(precision, scale) => {
                format!("DECIMAL({precision},{scale})")
            }
            // The whole number of the smallest unit: see `functions/bignumeric`.
            Self::BigNumeric => "BIGNUM".into(),
            Self::Bool => "BOOLEAN".into(),
            Self::Timestamp => "TIMESTAMPTZ".into(),
            Self::DateTime => "TIMESTAMP".into(),
            Self::Date => "DATE".into(),
            Self::Time => "TIME".into(),
            Self::Json => "JSON".into(),
            Self::Interval => "INTERVAL".into(),
            Self::Range(element) => ranges::duckdb(element),
            Self::Array(element) => format!("{}[]", element.duckdb()),
            Self::Struct(fields) => {
                let names = super::analyze::value::field_names(fields);
                let fields: Vec<String> = names
                    .iter()
                    .zip(fields)
                    .map(|(name, (_, own))| format!("{} {}", super::names::quote(name), own.duckdb()))
                    .collect();
                format!("STRUCT({})", fields.join(", "))
            }
        }
    }

    /// The type of a new column in DuckDB. NUMERIC is the narrow decimal.
    pub(crate) fn column(&self) -> String {
        if *self == Self::Numeric { NARROW_NUMERIC.into() } else { self.duckdb() }
    }

    /// The name of the type in BigQuery.
    pub(crate) fn bigquery(&self) -> String {
        match self {
            Self::String => "STRING".into(),
            Self::Collated => "STRING COLLATE 'und:ci'".into(),
            Self::Bytes => "BYTES".into(),
            Self::Limited(own, most) if **own == Self::Collated => {
                format!("STRING({most}) COLLATE 'und:ci'")
            }
            Self::Limited(own, most) => format!("{}({most})", own.bigquery()),
            Self::Int64 => "INT64".into(),
            Self::Float64 => "FLOAT64".into(),
            Self::Numeric => "NUMERIC".into(),
            Self::Decimal(precision, scale) => {
                let big = if self.plain() == Self::BigNumeric { "BIG" } else { "" };
                format!("{big}NUMERIC({precision}, {scale})")
            }
            Self::BigDecimal(precision, scale) => format!("BIGNUMERIC({precision}, {scale})"),
            Self::BigNumeric => "BIGNUMERIC".into(),
            Self::Bool => "BOOL".into(),
            Self::Timestamp => "TIMESTAMP".into(),
            Self::DateTime => "DATETIME".into(),
            Self::Date => "DATE".into(),
            Self::Time => "TIME".into(),
            Self::Json => "JSON".into(),
            Self::Geography => "GEOGRAPHY".into(),
            Self::Interval => "INTERVAL".into(),
            Self::Range(element) => format!("RANGE<{}>", element.bigquery()),
            Self::Array(element) => format!("ARRAY<{}>", element.bigquery()),
            Self::Struct(fields) => {
                let fields: Vec<String> =
                    fields
                        .iter()
                        .map(|(name, own)| {
                            if name.is_empty() {
                                own.bigquery()
                            } else {
                                format!("{name} {}", own.bigquery())
                            }
                        })
                        .collect();
                format!("STRUCT<{}>", fields.join(", "))
            }
        }
    }

    /// The type that the values of a column of this type have in expressions: without the limits of a column.
    pub(crate) fn plain(&self) -> Self {
        match self {
            Self::Limited(own, _) => (**own).clone(),
            Self::Decimal(precision, scale) if *scale <= 9 && precision - scale <= 29 => Self::Numeric,
            Self::Decimal(..) | Self::BigDecimal(..) => Self::BigNumeric,
            Self::Array(element) => Self::Array(Box::new(element.plain())),
            Self::Struct(fields) => {
                Self::Struct(fields.iter().map(|(name, own)| (name.clone(), own.plain())).collect())
            }
            own => own.clone(),
        }
    }

    /// The type without the limits of texts and bytes.
    pub(crate) fn without_lengths(&self) -> Self {
        match self {
            Self::Limited(own, _) => (**own).clone(),
            Self::Array(element) => Self::Array(Box::new(element.without_lengths())),
            Self::Struct(fields) => {
                Self::Struct(fields.iter().map(|(name, own)| (name.clone(), own.without_lengths())).collect())
            }
            own => own.clone(),
        }
    }

    /// The type without collations.
    pub(crate) fn uncollated(&self) -> Self {
        match self {
            Self::Collated => Self::String,
            Self::Limited(own, most) => Self::Limited(Box::new(own.uncollated()), *most),
            Self::Array(element) => Self::Array(Box::new(element.uncollated())),
            Self::Struct(fields) => {
                Self::Struct(fields.iter().map(|(name, own)| (name.clone(), own.uncollated())).collect())
            }
            own => own.clone(),
        }
    }

    /// The type of a text with this collation. `None`: there is no such collation.
    pub(crate) fn collation(specification: &str) -> Option<Self> {
        match specification.to_lowercase().as_str() {
            "" => Some(Self::String),
            "und:ci" => Some(Self::Collated),
            _ => None,
        }
    }

    /// Whether the type is BIGNUMERIC, or has one in it.
    pub(crate) fn has_bignumeric(&self) -> bool {
        self.has(&|own| *own == Self::BigNumeric)
    }

    /// Whether the type is a RANGE, or has one in it.
    pub(crate) fn has_range(&self) -> bool {
        self.has(&|own| matches!(own, Self::Range(_)))
    }

    /// Whether the type, or a type in it, is such a type.
    pub(crate) fn has(&self, such: &dyn Fn(&Self) -> bool) -> bool {
        such(self)
            || match self {
                Self::Array(element) => element.has(such),
                Self::Struct(fields) => fields.iter().any(|(_, own)| own.has(such)),
                _ => false,
            }
    }

    /// The type of a DuckDB column, from DuckDB's name for it.
    pub(crate) fn from_duckdb(name: &str) -> Self {
        if let Some(element) = name.strip_suffix("[]") {
            return Self::Array(Box::new(Self::from_duckdb(element)));
        }
        if let Some(inner) = name.strip_prefix("STRUCT(").and_then(|rest| rest.strip_suffix(')')) {
            let fields = fields(inner);
            return ranges::from_duckdb(&fields).unwrap_or(Self::Struct(fields));
        }
        if let Some(digits) = name.strip_prefix("DECIMAL(").and_then(|rest| rest.strip_suffix(')')) {
            let mut numbers = digits.split(',').map(|number| number.trim().parse().unwrap_or(9));
            let (width, scale) = (numbers.next().unwrap_or(38), numbers.next().unwrap_or(9));
            return match (width, scale) {
                (18.., 0..=9) => Self::Numeric,
                (width, scale) => Self::Decimal(width, scale),
            };
        }
        match name {
            "BLOB" => Self::Bytes,
            "BIGNUM" => Self::BigNumeric,
            "BIGINT" | "INTEGER" | "SMALLINT" | "TINYINT" | "HUGEINT" | "UBIGINT" | "UINTEGER"
            | "USMALLINT" | "UTINYINT" => Self::Int64,
            "DOUBLE" | "FLOAT" => Self::Float64,
            "BOOLEAN" => Self::Bool,
            "TIMESTAMP WITH TIME ZONE" | "TIMESTAMPTZ" => Self::Timestamp,
            "DATE" => Self::Date,
            "TIME" => Self::Time,
            "JSON" => Self::Json,
            "INTERVAL" => Self::Interval,
            other if other.starts_with("TIMESTAMP") => Self::DateTime,
            _ => Self::String,
        }
    }
}

/// The fields of DuckDB's `STRUCT(a BIGINT, "b c" VARCHAR)`.
fn fields(inner: &str) -> Vec<(String, DataType)> {
    let mut found = Vec::new();
    let (mut depth, mut quoted, mut start) = (0i32, false, 0usize);
    let ends = inner.char_indices().chain([(inner.len(), ',')]);
    for (index, c) in ends {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                let field = inner.get(start..index).unwrap_or_default().trim();
                let split = match field.strip_prefix('"') {
                    Some(rest) => rest.split_once("\" "),
                    None => field.split_once(' '),
                };
                if let Some((name, data_type)) = split {
                    found.push((name.replace("\"\"", "\""), DataType::from_duckdb(data_type.trim())));
                }
                start = index + 1;
            }
            _ => {}
        }
    }
    found
}

/// Parses a type. All tokens must belong to the type.
pub(crate) fn parse(tokens: &[Token]) -> Result<DataType, WarehouseError> {
    let (data_type, taken) = prefix(tokens)?;
    match tokens.get(taken) {
        None => Ok(data_type),
        Some(extra) => Err(syntax_error("Unexpected text after a type", location(extra))),
    }
}

/// Parses a type and its collation at the start of `tokens`. Returns the type and the number of its tokens.
pub(crate) fn prefix(tokens: &[Token]) -> Result<(DataType, usize), WarehouseError> {
    let (own, taken) = without_collation(tokens)?;
    let Some(word) = tokens.get(taken).filter(|token| token.is("COLLATE")) else { return Ok((own, taken)) };
    let Some(Kind::Text(specification)) = tokens.get(taken + 1).map(|token| &token.kind) else {
        return Err(syntax_error("Expected the text of a collation after COLLATE", location(word)));
    };
    let refused =
        |message: &str| super::invalid(message, location(word), Some("write COLLATE 'und:ci' or COLLATE ''"));
    let collated = DataType::collation(specification)
        .ok_or_else(|| refused(&format!("Collation '{specification}' is not supported")))?;
    let own = match own {
        DataType::String => collated,
        DataType::Limited(text, most) if *text == DataType::String => {
            DataType::Limited(Box::new(collated), most)
        }
        other => return Err(refused(&format!("A {} cannot have a collation", other.bigquery()))),
    };
    Ok((own, taken + 2))
}

/// Parses a type without its collation.
fn without_collation(tokens: &[Token]) -> Result<(DataType, usize), WarehouseError> {
    let at = tokens.first().and_then(location);
    let Some(name) = tokens.first().and_then(Token::name).map(str::to_uppercase) else {
        return Err(syntax_error("Expected a type", at));
    };
    let simple = match name.as_str() {
        "STRING" => DataType::String,
        "BYTES" => DataType::Bytes,
        "INT64" | "INT" | "INTEGER" | "BIGINT" | "SMALLINT" | "TINYINT" | "BYTEINT" => DataType::Int64,
        "FLOAT64" | "FLOAT" => DataType::Float64,
        "NUMERIC" | "DECIMAL" => DataType::Numeric,
        "BIGNUMERIC" | "BIGDECIMAL" => DataType::BigNumeric,
        "BOOL" | "BOOLEAN" => DataType::Bool,
        "TIMESTAMP" => DataType::Timestamp,
        "DATETIME" => DataType::DateTime,
        "DATE" => DataType::Date,
        "TIME" => DataType::Time,
        "JSON" => DataType::Json,
        "GEOGRAPHY" => DataType::Geography,
        "INTERVAL" => DataType::Interval,
        "ARRAY" | "STRUCT" | "RECORD" | "RANGE" => return nested(&name, tokens),
        _ => return Err(super::invalid(&format!("Type not found: {name}"), at, None)),
    };
    if !tokens.get(1).is_some_and(|token| token.is_symbol("(")) {
        return Ok((simple, 1));
    }
    let numbers: Vec<u8> = tokens
        .iter()
        .skip(2)
        .take_while(|token| !token.is_symbol(")"))
        .filter_map(|token| match &token.kind {
            Kind::Number(number) => number.parse().ok(),
            _ => None,
        })
        .collect();
    let close = tokens.iter().position(|token| token.is_symbol(")")).unwrap_or(tokens.len());
    if matches!(simple, DataType::String | DataType::Bytes) {
        let most = tokens.get(2).and_then(|token| match &token.kind {
            Kind::Number(number) => number.parse().ok().filter(|most| *most > 0),
            _ => None,
        });
        let most = most
            .filter(|_| close == 3)
            .ok_or_else(|| super::invalid(&format!("{name} length must be a positive number"), at, None))?;
        return Ok((DataType::Limited(Box::new(simple), most), close + 1));
    }
    let data_type = match (simple, numbers.as_slice()) {
        (DataType::Numeric | DataType::BigNumeric, [precision, ..]) if *precision > 38 => {
            let message = format!("{name} of {precision} digits is not supported by the embedded warehouse");
            let hint = "write BIGNUMERIC without a number of digits, or at most 38 digits";
            return Err(super::invalid(&message, at, Some(hint)));
        }
        (DataType::Numeric, [precision]) => DataType::Decimal(*precision, 0),
        (DataType::Numeric, [precision, scale]) => DataType::Decimal(*precision, *scale),
        (DataType::BigNumeric, [precision]) => DataType::BigDecimal(*precision, 0),
        (DataType::BigNumeric, [precision, scale]) => DataType::BigDecimal(*precision, *scale),
        (other, _) => other,
    };
    Ok((data_type, close + 1))
}

fn nested(name: &str, tokens: &[Token]) -> Result<(DataType, usize), WarehouseError> {
    // `>>` closes two types at once, so it is read as two tokens here.
    let mut opened: Vec<Token> = Vec::new();
    for token in tokens {
        if token.is_symbol(">>") {
            opened.push(Token { kind: Kind::Symbol(">"), ..token.clone() });
        }
        let kind = if token.is_symbol(">>") { Kind::Symbol(">") } else { token.kind.clone() };
        opened.push(Token { kind, ..token.clone() });
    }
    let doubled = |upto: usize| {
        let mut seen = 0;
        tokens.iter().position(|token| {
            seen += if token.is_symbol(">>") { 2 } else { 1 };
            seen >= upto
        })
    };
    let (data_type, taken) = angled(name, &opened)?;
    Ok((data_type, doubled(taken).map_or(tokens.len(), |index| index + 1)))
}

fn angled(name: &str, tokens: &[Token]) -> Result<(DataType, usize), WarehouseError> {
    let at = tokens.first().and_then(location);
    if !tokens.get(1).is_some_and(|token| token.is_symbol("<")) {
        return Err(syntax_error(&format!("Expected \"<\" after {name}"), at));
    }
    let mut index = 2;
    let mut found = Vec::new();
    loop {
        let rest = tokens.get(index..).unwrap_or_default();
        let named = name == "STRUCT" && rest.get(1).is_some_and(|next| next.name().is_some());
        let field = if named {
            rest.first().and_then(Token::name).unwrap_or_default().to_owned()
        } else {
            String::new()
        };
        index += usize::from(named);
        let rest = tokens.get(index..).unwrap_or_default();
        let inner = rest.first().and_then(Token::name).map(str::to_uppercase).unwrap_or_default();
        let (data_type, taken) = if matches!(inner.as_str(), "ARRAY" | "STRUCT" | "RANGE") {
            angled(&inner, rest)?
        } else {
            prefix(rest)?
        };
        index += taken;
        found.push((field, data_type));
        match tokens.get(index) {
            Some(token) if token.is_symbol(",") && name == "STRUCT" => index += 1,
            Some(token) if token.is_symbol(">") => break,
            other => return Err(syntax_error("Expected \">\"", other.and_then(location).or(at))),
        }
    }
    let data_type = match (name, found.pop()) {
        ("ARRAY", Some((_, element))) => DataType::Array(Box::new(element)),
        ("RANGE", Some((_, element @ (DataType::Date | DataType::DateTime | DataType::Timestamp)))) => {
            DataType::Range(Box::new(element))
        }
        ("RANGE", Some((_, element))) => {
            let message = format!("Unsupported type: RANGE<{}>", element.bigquery());
            let hint = "a RANGE has bounds of the type DATE, DATETIME or TIMESTAMP";
            return Err(super::invalid(&message, at, Some(hint)));
        }
        (_, last) => {
            found.extend(last);
            DataType::Struct(found)
        }
    };
    Ok((data_type, index + 1))
}

/// The tokens from `low` to `high` as written, with blanks between them.
pub(crate) fn source(tokens: &[Token], low: usize, high: usize) -> String {
    let words = tokens.get(low..high).unwrap_or_default().iter().map(|token| match &token.kind {
        Kind::Word(text) | Kind::Number(text) => text.clone(),
        Kind::Quoted(name) => backquote(name),
        Kind::Text(text) => string(text),
        Kind::Symbol(symbol) => (*symbol).to_owned(),
        Kind::Parameter(name) => format!("@{}", backquote(name)),
        Kind::Positional(_) => "?".to_owned(),
        Kind::Bytes(bytes) => {
            format!("b'{}'", bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>())
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    fn read(text: &str) -> DataType {
        parse(&lex(text).unwrap()).unwrap()
    }

    #[test]
    fn nested_types_keep_their_fields() {
        let own = read("ARRAY<STRUCT<a INT64, b ARRAY<STRING>>>");
        assert_eq!(own.duckdb(), "STRUCT(\"a\" BIGINT, \"b\" VARCHAR[])[]");
        assert_eq!(own.bigquery(), "ARRAY<STRUCT<a INT64, b ARRAY<STRING>>>");
        assert_eq!(
            DataType::from_duckdb("STRUCT(a BIGINT, \"b c\" VARCHAR[])[]").bigquery(),
            "ARRAY<STRUCT<a INT64, b c ARRAY<STRING>>>"
        );
    }

    #[test]
    fn ranges_keep_the_type_of_their_bounds() {
        let own = read("STRUCT<a RANGE<DATE>, b ARRAY<RANGE<TIMESTAMP>>>");
        assert_eq!(own.bigquery(), "STRUCT<a RANGE<DATE>, b ARRAY<RANGE<TIMESTAMP>>>");
        assert_eq!(DataType::from_duckdb(&own.duckdb()), own);
        assert!(parse(&lex("RANGE<INT64>").unwrap()).is_err());
    }

    #[test]
    fn numeric_is_stored_narrow_and_named_the_same() {
        assert_eq!(read("NUMERIC").column(), "DECIMAL(18,9)");
        assert_eq!(DataType::from_duckdb("DECIMAL(18,9)").bigquery(), "NUMERIC");
        assert_eq!(DataType::from_duckdb("DECIMAL(38,9)").bigquery(), "NUMERIC");
        assert_eq!(read("NUMERIC(10, 2)").column(), "DECIMAL(10,2)");
        assert_eq!(read("STRING(20)").bigquery(), "STRING(20)");
        assert_eq!(read("ARRAY<STRING(20)>").plain().bigquery(), "ARRAY<STRING>");
        assert!(parse(&lex("STRING(0)").unwrap()).is_err());
    }

    #[test]
    fn unknown_types_are_named() {
        let error = parse(&lex("VARCHAR2").unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "Invalid query: Type not found: VARCHAR2 at [1:1]");
    }
}
