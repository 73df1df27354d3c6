//! Waits until the children of an earlier process have ended. Their supervisors kill them when the earlier process
//! ends, for whatever reason.

use crate::tree;
use rustix::process::{Pid, Signal};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// The pause between two checks.
const LOOK: Duration = Duration::from_millis(10);
/// The longest time to wait for the end of killed processes.
const GONE_WITHIN: Duration = Duration::from_secs(5);
/// The start of the variable with the working directory of a child.
const WORKING_DIR: &[u8] = b"WORKING_DIR=";

/// Why no children may be started now: children of an earlier process still run, or the lock failed.
#[derive(Debug)]
pub enum StillThere {
    /// The ids of processes that the system could not end.
    Processes(Vec<i32>),
    /// The error of the system for the lock.
    Lock(io::Error),
}

impl std::fmt::Display for StillThere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Processes(ids) => {
                let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
                write!(
                    f,
                    "processes of an earlier start cannot be ended ({}), and no script may run twice; end \
                     these processes, or restart the machine",
                    ids.join(", ")
                )
            }
            Self::Lock(error) => write!(f, "the lock of the working directories cannot be taken: {error}"),
        }
    }
}

impl std::error::Error for StillThere {}

/// Waits at most `patience` until the processes that hold `lock` have ended: the children of earlier processes. Then
/// kills the remaining ones, and all processes with a working directory below `root`. Afterwards this process, its
/// keeper and its supervisors hold the lock. The function blocks the thread.
///
/// # Errors
/// [`StillThere::Processes`] if killed processes do not end. [`StillThere::Lock`] if the lock fails.
pub fn take_over(lock: &Path, root: &Path, patience: Duration) -> Result<(), StillThere> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(lock)
        .map_err(StillThere::Lock)?;
    if !locked(&file, patience)? {
        kill(&holders(&file).map_err(StillThere::Lock)?);
        if !locked(&file, GONE_WITHIN)? {
            return Err(StillThere::Processes(holders(&file).map_err(StillThere::Lock)?));
        }
    }
    let begun = Instant::now();
    loop {
        let left = working_below(root);
        if left.is_empty() {
            break;
        }
        if begun.elapsed() > GONE_WITHIN {
            return Err(StillThere::Processes(left));
        }
        kill(&left);
        std::thread::sleep(LOOK);
    }
    #[cfg(target_os = "linux")]
    crate::kept::hold(file);
    // On other systems this process holds the lock until it ends.
    #[cfg(not(target_os = "linux"))]
    std::mem::forget(file);
    Ok(())
}

fn locked(file: &File, patience: Duration) -> Result<bool, StillThere> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if begun.elapsed() < patience => std::thread::sleep(LOOK),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(StillThere::Lock(error)),
        }
    }
}

fn kill(processes: &[i32]) {
    let ids: Vec<Pid> = processes.iter().copied().filter_map(Pid::from_raw).collect();
    tree::signal(&ids, Signal::KILL);
}

/// The other processes that have the file open.
fn holders(file: &File) -> io::Result<Vec<i32>> {
    let wanted = file.metadata()?;
    let has_it = |id: &i32| {
        let files = std::fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        files.into_iter().any(|entry| {
            std::fs::metadata(entry.path())
                .is_ok_and(|found| (found.dev(), found.ino()) == (wanted.dev(), wanted.ino()))
        })
    };
    Ok(others().into_iter().filter(has_it).collect())
}

/// The other processes with a `WORKING_DIR` below `root`.
fn working_below(root: &Path) -> Vec<i32> {
    let mut beginning = WORKING_DIR.to_vec();
    beginning.extend(root.as_os_str().as_encoded_bytes());
    beginning.push(b'/');
    let is_below = |id: &i32| {
        let variables = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        variables.split(|byte| *byte == 0).any(|variable| variable.starts_with(&beginning))
    };
    if root.is_absolute() { others().into_iter().filter(is_below).collect() } else { Vec::new() }
}

fn others() -> Vec<i32> {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    tree::all().into_iter().filter(|id| *id != own).collect()
}
