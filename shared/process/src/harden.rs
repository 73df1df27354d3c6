//! Protects this process from other processes of the same user.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Protects this process from other processes of the same user, such as scripts. They cannot read its environment or
/// memory under `/proc`, and cannot attach to it. It writes no core dump. The superuser can still do this, and so can
/// scripts if the server runs as the superuser. The children of this process are not protected.
///
/// Also changes the file size limit (`ulimit -f`). From now on, a write beyond the limit fails like a write to a full
/// disk, and does not end this process. Children have the default behaviour.
///
/// # Errors
/// The error of the system. The process can continue without the protection.
pub fn harden() -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    // The handler does nothing. The signal is not ignored, because children would then ignore it too.
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
