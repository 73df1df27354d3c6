//! The properties that say how values of rows become typed values.

use super::OnBadLines;
use super::moment::Moments;
use super::shape::Shape;
use apache_avro::Schema;
use schemars::JsonSchema;
use segue_task::TaskError;
use segue_template::time_zone;
use serde::Deserialize;

const TRUE: [&str; 6] = ["t", "true", "enabled", "1", "on", "yes"];
const FALSE: [&str; 7] = ["f", "false", "disabled", "0", "off", "no", ""];
const NULL: [&str; 13] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "1.#IND", "1.#QNAN", "NA", "n/a", "nan",
    "null",
];

/// How values of rows become typed values.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// The schema as JSON text, in the language of Avro. Default: the schema follows from the first rows.
    pub schema: Option<String>,
    /// The number of rows from which the schema follows, if there is no `schema`. Default: 100.
    pub number_of_rows_to_scan: Option<u32>,
    /// The texts that are true, in upper or lower case. Default: `t`, `true`, `enabled`, `1`, `on`, `yes`.
    pub true_values: Option<Vec<String>>,
    /// The texts that are false. Default: `f`, `false`, `disabled`, `0`, `off`, `no` and the empty text.
    pub false_values: Option<Vec<String>>,
    /// The texts that are null. Default: the empty text, `#N/A`, `#N/A N/A`, `#NA`, `-1.#IND`, `-1.#QNAN`, `-NaN`,
    /// `1.#IND`, `1.#QNAN`, `NA`, `n/a`, `nan`, `null`.
    pub null_values: Option<Vec<String>>,
    /// The format of dates, as in Java. Other ISO dates are accepted too. Default: `yyyy-MM-dd[XXX]`.
    pub date_format: Option<String>,
    /// The format of times of a day. Other ISO times are accepted too. Default: `HH:mm[:ss][.SSSSSS][XXX]`.
    pub time_format: Option<String>,
    /// The format of dates with times. Other ISO texts are accepted too. Default:
    /// `yyyy-MM-dd'T'HH:mm[:ss][.SSSSSS][XXX]`.
    pub datetime_format: Option<String>,
    /// The character before the fraction of a number in a text. Default: `.`.
    pub decimal_separator: Option<String>,
    /// Whether a row must not have fields that the schema does not have.
    #[serde(default)]
    pub strict_schema: bool,
    /// Whether a text of `nullValues`, `trueValues` or `falseValues` is null or a boolean in each column that accepts
    /// it. Otherwise the first type of a union that accepts the text counts.
    #[serde(default)]
    pub infer_all_fields: bool,
    /// The time zone of dates with times that have none. Default: UTC.
    pub time_zone_id: Option<String>,
    /// What happens to a row that does not fit into the schema.
    #[serde(default)]
    pub on_bad_lines: OnBadLines,
}

/// The checked properties.
pub(super) struct Rules {
    pub(super) trues: Vec<String>,
    pub(super) falses: Vec<String>,
    pub(super) nulls: Vec<String>,
    pub(super) moments: Moments,
    pub(super) decimal_separator: char,
    pub(super) is_strict: bool,
    pub(super) infers_all: bool,
}

impl Typing {
    /// Checks the properties, before anything is written.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with the name of the property that is wrong.
    pub(super) fn rules(&self) -> Result<Rules, TaskError> {
        let id = self.time_zone_id.as_deref().unwrap_or("UTC");
        let zone = time_zone(id).ok_or_else(|| {
            TaskError::failed(format!(
                "timeZoneId is '{id}', which is not a time zone; write a name like Europe/Paris"
            ))
        })?;
        let separator = self.decimal_separator.as_deref().unwrap_or(".");
        let mut characters = separator.chars();
        let (Some(decimal_separator), None) = (characters.next(), characters.next()) else {
            return Err(TaskError::failed(format!(
                "decimalSeparator is '{separator}'; write one character, like \",\""
            )));
        };
        let moments = Moments {
            date_format: self.date_format.clone(),
            time_format: self.time_format.clone(),
            datetime_format: self.datetime_format.clone(),
            zone,
        };
        moments.check()?;
        Ok(Rules {
            trues: texts(self.true_values.as_deref(), &TRUE),
            falses: texts(self.false_values.as_deref(), &FALSE),
            nulls: texts(self.null_values.as_deref(), &NULL),
            moments,
            decimal_separator,
            is_strict: self.strict_schema,
            infers_all: self.infer_all_fields,
        })
    }

    /// The schema of the properties. None if there is none.
    ///
    /// # Errors
    /// The schema is not one of Avro, or not that of a record.
    pub(super) fn declared(&self) -> Result<Option<(Schema, Shape)>, TaskError> {
        let Some(text) = self.schema.as_deref().filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let schema = Schema::parse_str(text).map_err(|error| {
            TaskError::failed(format!(
                "schema is not a schema of Avro: {error}; write JSON like {{\"type\": \"record\", …}}"
            ))
        })?;
        let shape = Shape::of(&schema).map_err(|why| TaskError::failed(format!("schema: {why}")))?;
        if !matches!(shape, Shape::Record(_)) {
            return Err(TaskError::failed("schema is not that of a record; write {\"type\": \"record\", …}"));
        }
        Ok(Some((schema, shape)))
    }
}

/// The texts of a property. Upper and lower case make no difference.
fn texts(set: Option<&[String]>, default: &[&str]) -> Vec<String> {
    match set {
        Some(texts) => texts.iter().map(|text| text.to_lowercase()).collect(),
        None => default.iter().map(|text| text.to_lowercase()).collect(),
    }
}
