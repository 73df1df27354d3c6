//! NORMALIZE and NORMALIZE_AND_CASEFOLD. Their second argument is a word.

use super::names::Names;
use super::value::{Value, text_literal};
use super::{Analyzed, Analyzer, refuse};
use crate::warehouse::sql::datatype::DataType;
use crate::warehouse::sql::syntax::ast::{At, Call};

impl Analyzer<'_> {
    /// A text in a normal form of Unicode.
    pub(super) fn normalize(&self, call: &Call, names: &Names<'_>, at: At) -> Analyzed<Value> {
        let (text, mode) = match call.arguments.as_slice() {
            [text] => (text, Some("NFC".to_owned())),
            [text, mode] => (text, self.part_argument(mode)),
            _ => return Err(refuse(at, &format!("{} needs a text and a mode", call.name))),
        };
        let known = ["NFC", "NFKC", "NFD", "NFKD"];
        let Some(mode) = mode.filter(|mode| known.contains(&mode.as_str())) else {
            return Err(refuse(at, &format!("The mode of {} must be NFC, NFKC, NFD or NFKD", call.name)));
        };
        let text = self.expr_as(text, &DataType::String, names)?;
        let sql = format!("bqf('{}', {}, {})", call.name.to_lowercase(), text.sql, text_literal(&mode));
        Ok(Value::new(DataType::String, sql))
    }
}
