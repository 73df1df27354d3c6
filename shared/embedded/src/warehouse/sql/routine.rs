//! Functions and procedures that users define, as they are stored.
//!
//! The module must not know how they are called.

use super::datatype::DataType;
use serde::{Deserialize, Serialize};

/// A function written in SQL.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Routine {
    /// The name, without the dataset.
    #[serde(default)]
    pub(crate) name: String,
    /// The names and types. No type: ANY TYPE.
    pub(crate) parameters: Vec<(String, Option<DataType>)>,
    pub(crate) returns: Option<DataType>,
    /// The expression or the query, as written.
    pub(crate) body: String,
    pub(crate) is_table: bool,
}

/// A procedure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Procedure {
    /// The name, without the dataset.
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) parameters: Vec<ProcedureParameter>,
    /// The steps between BEGIN and END, as written.
    pub(crate) body: String,
}

/// A parameter of a procedure.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProcedureParameter {
    pub(crate) name: String,
    /// `None`: ANY TYPE.
    pub(crate) data_type: Option<DataType>,
    pub(crate) direction: Direction,
}

/// Which way the value of a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Direction {
    In,
    Out,
    InOut,
}
