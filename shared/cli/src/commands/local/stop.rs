//! Stops a command that runs tasks. The first Ctrl-C or SIGTERM asks the command to stop. The second ends the process.

use anyhow::Context as _;
use segue_ports::{Environment, VariableError};
use segue_standalone::Standalone;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The variable with the time that task runs have to end, in seconds.
const SECONDS: &str = "SEGUE_STOP_SECONDS";
/// The default of [`SECONDS`].
const DEFAULT_GRACE: Duration = Duration::from_secs(10);
/// The exit codes of processes that a signal ended, as in shells.
const INTERRUPTED: u8 = 130;
const TERMINATED: u8 = 143;

/// How long task runs may take to end before they are stopped.
///
/// # Errors
/// An error if the variable is invalid.
pub(crate) fn grace(environment: &Environment) -> Result<Duration, VariableError> {
    let seconds: Option<u32> = environment.parsed(SECONDS, "a whole number of seconds from 0")?;
    Ok(seconds.map_or(DEFAULT_GRACE, |seconds| Duration::from_secs(seconds.into())))
}

/// Calls `first` at the first signal, with the exit code of this signal. At the second signal, calls `last`, and the
/// process ends with the exit code. Signals have no other effect from here on.
///
/// # Errors
/// An error if the system does not report signals.
pub(crate) fn on_signals(
    first: impl FnOnce(u8) + Send + 'static,
    last: impl FnOnce() + Send + 'static,
) -> anyhow::Result<()> {
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    tokio::spawn(async move {
        first(next(&mut terminate, &mut interrupt).await);
        let code = next(&mut terminate, &mut interrupt).await;
        last();
        // The keeper of the scripts kills them when this process ends.
        segue_process::exit_at_once(code.into());
    });
    Ok(())
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> u8 {
    tokio::select! {
        _ = terminate.recv() => TERMINATED,
        _ = interrupt.recv() => INTERRUPTED,
    }
}

/// Prints how many task runs a stop waits for, and for how long.
pub(crate) fn announce(standalone: &Standalone, grace: Duration) {
    eprintln!("{}", announcement(standalone.task_runs_at_work(), grace));
}

fn announcement(task_runs: usize, grace: Duration) -> String {
    match task_runs {
        0 => "stopping; a second Ctrl-C ends at once".to_owned(),
        _ => format!(
            "stopping: waits up to {} s for {}; a second Ctrl-C ends at once",
            grace.as_secs(),
            counted(task_runs)
        ),
    }
}

/// A number of task runs in words.
pub(crate) fn counted(task_runs: usize) -> String {
    match task_runs {
        1 => "1 task run".to_owned(),
        _ => format!("{task_runs} task runs"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_is_a_number_of_seconds() {
        let grace_of = |text| grace(&Environment::from([(SECONDS, text)]));
        assert_eq!(grace_of("").unwrap(), DEFAULT_GRACE);
        assert_eq!(grace_of(" 0 ").unwrap(), Duration::ZERO);
        assert_eq!(grace_of("90").unwrap(), Duration::from_secs(90));
        for wrong in ["-1", "1.5", "soon"] {
            assert!(grace_of(wrong).unwrap_err().to_string().contains(wrong));
        }
    }

    #[test]
    fn what_is_waited_for_is_said() {
        let said = |task_runs| announcement(task_runs, DEFAULT_GRACE);
        assert_eq!(said(2), "stopping: waits up to 10 s for 2 task runs; a second Ctrl-C ends at once");
        assert!(said(1).contains("for 1 task run;"), "{}", said(1));
        assert_eq!(said(0), "stopping; a second Ctrl-C ends at once");
    }
}
