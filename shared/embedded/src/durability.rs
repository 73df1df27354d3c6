//! Which failures an answered write survives.

use segue_ports::PortError;
use std::str::FromStr;

/// The failures that an answered write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power. A write is on the disk before it is answered. Writers that wait at the same time share one
    /// sync.
    #[default]
    Full,
    /// The death of the process. After a loss of power, the writes of the last minute may be lost, but the data is
    /// consistent.
    Normal,
}

impl Durability {
    /// The environment variable of the setting.
    pub const VARIABLE: &'static str = "SEGUE_DURABILITY";

    pub(crate) fn is_full(self) -> bool {
        self == Self::Full
    }
}

impl FromStr for Durability {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, PortError> {
        match text {
            "full" => Ok(Self::Full),
            "normal" => Ok(Self::Normal),
            other => {
                Err(PortError::invalid(format!("the durability '{other}' is invalid; write full or normal")))
            }
        }
    }
}
