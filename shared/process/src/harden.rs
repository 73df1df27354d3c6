//! Closes this process to its neighbours.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Closes this process to other processes of the same user, scripts among them: they cannot read its environment or
/// memory under `/proc`, cannot attach to it, and it leaves no core dump. The superuser can do all of that still, and
/// so can the scripts of a server that runs as the superuser. The children of this process are not closed.
///
/// A write beyond the largest size of a file (`ulimit -f`) fails from now on, and is reported as a full disk is,
/// instead of ending this process. Children find the signal as the system has it.
///
/// # Errors
/// What the system said; the process can go on without.
pub fn harden() -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    // A handler that does nothing: a signal that is ignored would be ignored by the children too.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn nobody_looks_into_a_hardened_process() {
        harden().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        assert!(caught & (1 << (signal_hook::consts::SIGXFSZ - 1)) != 0, "{caught:x}");
    }
}
