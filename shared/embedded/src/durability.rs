//! The durability of an answered write.

use segue_ports::PortError;
use std::str::FromStr;

/// The failures that an answered write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power: a write is on the disk before it is answered. Writers that wait at the same time
    /// share one sync.
    #[default]
    Full,
    /// The death of the process at any time. If the machine loses power, the last minute may be lost, but the
    /// rest is consistent.
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
