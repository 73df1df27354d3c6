//! What an answered write survives.

use segue_ports::PortError;
use std::str::FromStr;

/// What an answered write survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The loss of power: it is on the disk before it is answered. Writers that wait at the same time share one sync.
    #[default]
    Full,
    /// The death of the process at any moment. A machine that loses power may lose the last minute; what is left is
    /// whole.
    Normal,
}

impl Durability {
    /// The name of the setting in the environment.
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
                Err(PortError::invalid(format!("the durability '{other}' is none: it is full or normal")))
            }
        }
    }
}
