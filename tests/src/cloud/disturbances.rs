//! What goes wrong in a round by chance: processes die, Firestore has outages, requests are paused, services have no
//! free instance, and clocks differ.
//!
//! What it is: [`Disturbances`] causes one at a time, by the dice of a seed, and counts them. A scenario
//! ([`super::scenarios`]) causes one at a chosen moment instead.
//!
//! How to add one more: a variant of `Kind` with its share, and its arm in [`Disturbances::next`].

use super::faults::{Clocks, Faults, FirestoreFaults, Rule};
use super::{Setup, System};
use anyhow::Context as _;
use axum::http::StatusCode;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::fmt;
use std::time::{Duration, Instant};

/// The functions with a second process in a round, so that duplicates arrive at another instance.
const SECONDS: [&str; 2] = ["executor", "script"];
/// The processes with another clock, in every second round.
const OTHER_CLOCKS: [&str; 4] = ["executor-2", "scheduler", "script-2", "storage"];
/// How far the other clocks are ahead or behind, in seconds.
const APART: i32 = 5;
/// The length of an outage, a pause or an overload, in milliseconds.
const LENGTH: std::ops::Range<u64> = 1_000..20_000;

/// The kinds of disturbances that begin at a random moment.
#[derive(Clone, Copy)]
enum Kind {
    /// A process is killed and started again.
    Kill,
    /// Firestore refuses every request.
    Outage,
    /// The messages of a function wait.
    Hold,
    /// A function has no free instance: 429 for every message.
    Overload,
}

/// The kinds, with their shares.
const KINDS: [(Kind, f64); 4] =
    [(Kind::Kill, 0.91), (Kind::Outage, 0.03), (Kind::Hold, 0.03), (Kind::Overload, 0.03)];

/// How often things went wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Processes that were killed.
    pub kills: usize,
    /// Outages of Firestore.
    pub outages: usize,
    /// Functions with paused messages.
    pub holds: usize,
    /// Functions without a free instance.
    pub overloads: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.kills += other.kills;
        self.outages += other.outages;
        self.holds += other.holds;
        self.overloads += other.overloads;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, outages, holds, overloads } = self;
        write!(formatter, "{kills} kills, {outages} outages, {holds} pauses, {overloads} overloads")
    }
}

/// What goes wrong in one round.
pub struct Disturbances {
    dice: StdRng,
    /// The longest time between two disturbances, in milliseconds.
    longest_peace: u64,
    counts: Counts,
}

impl Disturbances {
    /// The disturbances of a seed, at most `longest_peace` milliseconds apart.
    pub fn new(seed: u64, longest_peace: u64) -> Self {
        Self { dice: StdRng::seed_from_u64(seed), longest_peace, counts: Counts::default() }
    }

    /// The setup of a round with this seed: faults of messages and commits, second processes, and in every second round
    /// clocks that are five seconds apart.
    pub fn setup(seed: u64) -> Setup {
        let faults = Faults {
            seed,
            duplicated: 0.1,
            delayed: 0.1,
            answer_lost: 0.05,
            refused: 0.05,
            latest: Duration::from_millis(1_500),
        };
        let firestore = FirestoreFaults { seed, answer_lost: 0.02, field_lost: None };
        let setup = Setup { faults, firestore, seconds: SECONDS.to_vec(), ..Setup::default() };
        let clocks = if seed.is_multiple_of(2) { Clocks::find() } else { None };
        let Some(clocks) = clocks else { return setup };
        let ahead = if seed.is_multiple_of(4) { APART } else { -APART };
        let processes = OTHER_CLOCKS.map(|name| (name, clocks.ahead(ahead))).into();
        // Claims are much longer than the difference of the clocks, as in the cloud, where a claim lasts 60 s.
        Setup { processes, ..setup }.variable("SEGUE_CLAIM_SECONDS", "10")
    }

    /// How often things went wrong so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Waits for a while, then causes a disturbance and waits for its end.
    ///
    /// # Errors
    /// An error if a process cannot be killed or started.
    pub async fn next(&mut self, system: &mut System) -> anyhow::Result<()> {
        let peace = self.peace();
        tokio::time::sleep(peace).await;
        let (kind, _) = KINDS.choose_weighted(&mut self.dice, |(_, share)| *share)?;
        match kind {
            Kind::Kill => self.kill(system).await?,
            Kind::Outage => {
                self.counts.outages += 1;
                system.firestore.set_down(true);
                let length = self.length();
                tokio::time::sleep(length).await;
                system.firestore.set_down(false);
            }
            Kind::Hold => {
                self.counts.holds += 1;
                self.rule(system, &Rule::Hold).await?;
            }
            Kind::Overload => {
                self.counts.overloads += 1;
                self.rule(system, &Rule::Answer(StatusCode::TOO_MANY_REQUESTS)).await?;
            }
        }
        Ok(())
    }

    /// A rule for the messages of a function for a while, in which processes still die.
    async fn rule(&mut self, system: &mut System, rule: &Rule) -> anyhow::Result<()> {
        let function = self.function(system)?;
        let end = Instant::now() + self.length();
        system.proxy.set_rule(&function, Some(rule.clone()));
        while Instant::now() < end {
            tokio::time::sleep(self.peace()).await;
            self.kill(system).await?;
        }
        system.proxy.set_rule(&function, None);
        Ok(())
    }

    /// Kills a process of a function and starts it again.
    async fn kill(&mut self, system: &mut System) -> anyhow::Result<()> {
        let function = self.function(system)?;
        let first = system.functions.get_mut(&function);
        let second = system.seconds.get_mut(&function);
        let processes: Vec<_> = first.into_iter().chain(second).collect();
        let which = self.dice.random_range(0..processes.len());
        let process = processes.into_iter().nth(which).context("there is no such process")?;
        process.kill().await?;
        process.run().await?;
        self.counts.kills += 1;
        Ok(())
    }

    fn function(&mut self, system: &System) -> anyhow::Result<String> {
        system.takers().choose(&mut self.dice).cloned().context("there are no functions")
    }

    fn peace(&mut self) -> Duration {
        Duration::from_millis(self.dice.random_range(10..self.longest_peace))
    }

    fn length(&mut self) -> Duration {
        Duration::from_millis(self.dice.random_range(LENGTH))
    }
}
