//! The rows of a file as typed values.

use super::bad_rows::{BadRows, Warnings};
use super::convert::Misfit;
use super::declare::declare;
use super::infer::infer;
use super::shape::{Field, Shape};
use super::typing::{Rules, Typing};
use crate::convert::Source;
use crate::failure::Failure;
use crate::rows::Rows;
use apache_avro::Schema;
use apache_avro::types::Value;
use segue_model::Json;
use segue_task::TaskError;
use std::collections::VecDeque;

/// The most bytes of rows from which a schema follows. These rows are held in memory.
const MOST_SCANNED: u64 = 32 << 20;

/// What a conversion needs to read typed rows.
pub(crate) struct Preparation {
    rules: Rules,
    declared: Option<(Schema, Shape)>,
    rows_to_scan: usize,
    bad: BadRows,
}

/// The rows of a file as typed values. Rows that do not fit are left out, or are an error.
pub(crate) struct TypedRows {
    rows: Rows,
    scanned: VecDeque<(u64, Json)>,
    rules: Rules,
    fields: Vec<Field>,
    schema: Option<Schema>,
    bad: BadRows,
}

impl Typing {
    /// Checks the properties. The warnings come while the rows are read.
    ///
    /// # Errors
    /// [`TaskError::Failed`] with the name of the property that is wrong.
    pub(crate) fn prepare(&self) -> Result<(Preparation, Warnings), TaskError> {
        let rows_to_scan = usize::try_from(self.number_of_rows_to_scan.unwrap_or(100)).unwrap_or(usize::MAX);
        if rows_to_scan == 0 {
            return Err(TaskError::failed("numberOfRowsToScan is 0; write 1 or more"));
        }
        let (bad, warnings) = BadRows::new(self.on_bad_lines);
        Ok((Preparation { rules: self.rules()?, declared: self.declared()?, rows_to_scan, bad }, warnings))
    }
}

impl TypedRows {
    /// Reads the first rows, if the schema follows from them.
    ///
    /// # Errors
    /// The file is not Ion or cannot be read, or there is no schema for its rows.
    pub(crate) fn new(preparation: Preparation, source: Source) -> Result<Self, Failure> {
        let Preparation { rules, declared, rows_to_scan, bad } = preparation;
        let mut rows = Rows::new(source);
        let mut scanned = VecDeque::new();
        let (schema, shape) = match declared {
            Some((schema, shape)) => (Some(schema), shape),
            None => {
                while scanned.len() < rows_to_scan && rows.bytes() < MOST_SCANNED {
                    let Some(row) = rows.next()? else { break };
                    scanned.push_back((rows.line(), row));
                }
                (None, infer(scanned.iter().map(|(_, row)| row)).map_err(Failure::refused)?)
            }
        };
        let Shape::Record(fields) = shape else {
            return Err(Failure::refused("the schema is not that of a record"));
        };
        Ok(Self { rows, scanned, rules, fields, schema, bad })
    }

    /// The columns.
    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The schema of Avro.
    ///
    /// # Errors
    /// Avro does not accept the name of a column.
    pub(crate) fn schema(&self) -> Result<Schema, Failure> {
        match &self.schema {
            Some(schema) => Ok(schema.clone()),
            None => declare(&Shape::Record(self.fields.clone())).map_err(Failure::refused),
        }
    }

    /// The number of bytes that were read.
    pub(crate) fn bytes(&self) -> u64 {
        self.rows.bytes()
    }

    /// The next row that fits. None at the end.
    ///
    /// # Errors
    /// The file is not Ion or cannot be read, or a row does not fit and `onBadLines` is ERROR.
    pub(crate) fn next(&mut self) -> Result<Option<Value>, Failure> {
        loop {
            let (line, row) = match self.scanned.pop_front() {
                Some(scanned) => scanned,
                None => match self.rows.next()? {
                    Some(row) => (self.rows.line(), row),
                    None => return Ok(None),
                },
            };
            match self.rules.row(&self.fields, row) {
                Ok(value) => return Ok(Some(value)),
                Err(misfit) => self.leave_out(line, &misfit)?,
            }
        }
    }

    fn leave_out(&mut self, line: u64, misfit: &Misfit) -> Result<(), Failure> {
        let why = format!("line {line}: {}; correct the row or the schema", misfit.sentence());
        self.bad.leave_out(&why, "such rows")
    }
}
