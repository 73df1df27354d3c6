//! Names that several parts of a flow share.

use crate::log::LogLevel;

/// The properties that every task has.
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

/// The names of the log levels in flows.
pub(super) const LOG_LEVELS: [(&str, LogLevel); 5] = [
    ("TRACE", LogLevel::Trace),
    ("DEBUG", LogLevel::Debug),
    ("INFO", LogLevel::Info),
    ("WARN", LogLevel::Warn),
    ("ERROR", LogLevel::Error),
];
