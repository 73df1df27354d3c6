//! One fault at a time, at the worst moment: what a chance in a round would rarely hit.
//!
//! What it is: each [`Scenario`] starts its own system, causes one fault, and checks that nothing failed that did not
//! fail by itself, and that nothing stands still.
//!
//! How to add one more: a file with a `setup` and a `check`, a variant of [`Scenario`], and its two arms.

mod answers;
mod clocks;
mod deadly;
mod execution;
mod families;
mod objects;
mod outage;
mod overload;
mod paused;
mod resumed;

use super::{Setup, System};
use anyhow::Context as _;
use clap::ValueEnum;
use std::path::Path;
use std::time::Instant;

/// The number of error lines shown for each function when a scenario fails.
const COMPLAINTS: usize = 5;

/// A fault at the worst moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Firestore writes commits, and their answers are lost.
    Answers,
    /// The clocks of processes differ by five seconds.
    Clocks,
    /// A message kills the process that receives it.
    Deadly,
    /// A task of each family runs, and messages start executions, while the functions of the families are killed.
    Families,
    /// Objects are dropped into a bucket while the services of their trigger are killed.
    Objects,
    /// Firestore refuses every request for 20 s.
    Outage,
    /// A service has no free instance for 30 s, while 200 messages arrive.
    Overload,
    /// The requests of a subscription are paused for what is an hour.
    Paused,
    /// Each message that checks on work outside is delivered to two processes.
    Resumed,
}

impl Scenario {
    /// Runs the scenario on a new system, and returns a summary. `programs` is the folder of the built programs. `seed` is
    /// for the scenarios with faults of messages. With `keep`, the logs of a failed scenario stay on disk.
    ///
    /// # Errors
    /// An error that names the condition that does not hold.
    pub async fn run(self, programs: &Path, seed: u64, keep: bool) -> anyhow::Result<String> {
        let name = self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        let setup = match self {
            Self::Answers => answers::setup(),
            Self::Clocks => match clocks::setup() {
                Some(setup) => setup,
                None => return Ok(format!("{name}: skipped, because {}", clocks::MISSING)),
            },
            Self::Deadly => deadly::setup(),
            Self::Families => families::setup(seed),
            Self::Objects => objects::setup(seed),
            Self::Overload => overload::setup(),
            Self::Resumed => resumed::setup(),
            Self::Outage | Self::Paused => Setup::default(),
        };
        let began = Instant::now();
        let prefix = format!("{name}-{}", std::process::id());
        let mut system = System::start(programs, &prefix, setup).await?;
        let checked = match self {
            Self::Answers => answers::check(&system).await,
            Self::Clocks => clocks::check(&mut system).await,
            Self::Deadly => deadly::check(&mut system).await,
            Self::Families => {
                let said = families::check(&mut system).await;
                said.map(|said| said.unwrap_or_else(|| format!("skipped, because {}", families::MISSING)))
            }
            Self::Objects => objects::check(&mut system).await,
            Self::Outage => outage::check(&system).await,
            Self::Overload => overload::check(&system).await,
            Self::Paused => paused::check(&system).await,
            Self::Resumed => resumed::check(&system).await,
        };
        let said = match checked {
            Ok(said) => said,
            Err(error) => {
                let mut report = system.complaints(COMPLAINTS);
                if keep {
                    report += &format!("\nthe logs are in {}", system.keep_logs().display());
                }
                return Err(error.context(report)).with_context(|| format!("in the scenario {name}"));
            }
        };
        system.stop().await?;
        Ok(format!("{name}: {said}; {:.1} s", began.elapsed().as_secs_f64()))
    }
}
