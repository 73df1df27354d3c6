//! Wrong clocks. The library libfaketime is loaded into a process and changes what the process reads from the system's
//! clock. The functions themselves know nothing about it.

use std::path::PathBuf;

/// The folders of libraries, by the architectures that Debian has.
const LIBRARIES: &str = "/usr/lib";
/// The library for programs with several threads, in the folder of an architecture.
const FAKETIME: &str = "faketime/libfaketimeMT.so.1";

/// The library that sets clocks wrong.
#[derive(Clone, Debug)]
pub struct Clocks {
    library: PathBuf,
}

impl Clocks {
    /// The library, if it is installed: on Debian, `apt-get install faketime`.
    pub fn find() -> Option<Self> {
        let folders = std::fs::read_dir(LIBRARIES).ok()?.flatten();
        let library = folders.map(|folder| folder.path().join(FAKETIME)).find(|path| path.exists())?;
        Some(Self { library })
    }

    /// The variables of a process with a clock that is ahead by `seconds`, or behind if `seconds` is negative. Clocks
    /// that only measure durations stay as they are.
    pub fn ahead(&self, seconds: i32) -> Vec<(String, String)> {
        let library = self.library.to_string_lossy().into_owned();
        [
            ("LD_PRELOAD", library),
            ("FAKETIME", format!("{seconds:+}s")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
