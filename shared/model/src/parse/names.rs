//! Names that flows write, for more than one part of a flow.

use crate::log::LogLevel;

/// The properties every task has.
pub(super) const COMMON: [&str; 17] = [
    "id",
    "type",
    "description",
    "retry",
    "timeout",
    "disabled",
    "runIf",
    "when",
    "allowFailure",
    "allowWarning",
    "logLevel",
    "logToFile",
    "workerGroup",
    "taskCache",
    "version",
    "assets",
    "pluginDefaultsRef",
];

/// Log levels by the names flows write.
pub(super) const LOG_LEVELS: [(&str, LogLevel); 5] = [
    ("TRACE", LogLevel::Trace),
    ("DEBUG", LogLevel::Debug),
    ("INFO", LogLevel::Info),
    ("WARN", LogLevel::Warn),
    ("ERROR", LogLevel::Error),
];
