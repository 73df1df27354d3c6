//! Protects this process from other processes of the same user.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Protects this process from other processes of the same user, such as scripts: they cannot read its
/// environment or memory under `/proc`, cannot attach to it, and it leaves no core dump. The superuser still
/// can, and so can the scripts of a server that runs as the superuser. The children of this process are not
/// protected.
///
/// From now on, a write beyond the file size limit (`ulimit -f`) fails like a write to a full disk, instead
/// of ending this process. Children get the signal's default action.
///
/// # Errors
/// The error of the system. The process can continue without protection.
pub fn harden() -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    // The handler does nothing. An ignored signal would be ignored by the children too.
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false)))?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::{DumpableBehavior, dumpable_behavior};

    #[test]
    fn a_hardened_process_cannot_be_read_by_others() {
        harden().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
        assert!(caught & (1 << (signal_hook::consts::SIGXFSZ - 1)) != 0, "{caught:x}");
    }
}
