//! Parents and children of processes, as listed in `/proc`.

use rustix::process::{Pid, Signal};
use std::collections::HashMap;

/// All descendants of a process. Empty if the system has no `/proc`.
pub(crate) fn descendants(root: Pid) -> Vec<Pid> {
    let mut children = children();
    let mut found = Vec::new();
    let mut next = vec![root.as_raw_nonzero().get()];
    while let Some(parent) = next.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            found.extend(Pid::from_raw(child));
            next.push(child);
        }
    }
    found
}

/// The children of a process.
#[cfg(target_os = "linux")]
pub(crate) fn children_of(parent: Pid) -> Vec<Pid> {
    let found = children().remove(&parent.as_raw_nonzero().get()).unwrap_or_default();
    found.into_iter().filter_map(Pid::from_raw).collect()
}

/// Sends a signal to each process. A process that has already ended is skipped.
pub(crate) fn signal(processes: &[Pid], signal: Signal) {
    for process in processes {
        let _gone = rustix::process::kill_process(*process, signal);
    }
}

/// The ids of all processes.
pub(crate) fn all() -> Vec<i32> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

fn children() -> HashMap<i32, Vec<i32>> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for id in all() {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        // The line is `id (name) state parent …`. The name may contain brackets, so parsing starts after the last
        // bracket.
        let mut rest = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        // A process that has ended, but was not collected by its parent, cannot be killed and has no children.
        if rest.next() == Some("Z") {
            continue;
        }
        if let Some(parent) = rest.next().and_then(|parent| parent.parse().ok()) {
            children.entry(parent).or_default().push(id);
        }
    }
    children
}
