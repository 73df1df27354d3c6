//! Injected faults: what Pub/Sub may do to a message, so that tests need no cloud. A seed determines the faults, so a
//! failing test can be repeated.

use std::time::Duration;

/// The probability of each fault, between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Faults {
    /// The seed of the random numbers.
    pub seed: u64,
    /// The share of messages that are delivered twice, between 0 and 1.
    pub duplicate: f64,
    /// The share of messages that are held back for up to `max_delay`, between 0 and 1.
    pub delay: f64,
    /// The longest delay.
    pub max_delay: Duration,
    /// The share of messages that overtake earlier messages, between 0 and 1.
    pub reorder: f64,
}

impl Default for Faults {
    fn default() -> Self {
        Self { seed: 1, duplicate: 0.0, delay: 0.0, max_delay: Duration::from_millis(50), reorder: 0.0 }
    }
}

/// The random numbers that decide about faults.
pub(super) struct Dice {
    faults: Faults,
    state: u64,
}

impl Dice {
    pub(super) fn new(faults: Faults) -> Self {
        Self { faults, state: faults.seed }
    }

    /// The next number of the SplitMix64 generator.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random number between 0 and 1.
    fn draw(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }

    /// Whether this message is delivered twice.
    pub(super) fn duplicates(&mut self) -> bool {
        self.draw() < self.faults.duplicate
    }

    /// The time for which this message is held back. `None` if it is not held back.
    pub(super) fn delays(&mut self) -> Option<Duration> {
        (self.draw() < self.faults.delay).then(|| self.faults.max_delay.mul_f64(self.draw()))
    }

    /// The index of the message that is handed out next, of `length` waiting messages.
    pub(super) fn chooses(&mut self, length: usize) -> usize {
        if length == 0 || self.draw() >= self.faults.reorder {
            return 0;
        }
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.next() % length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let faults = Faults { duplicate: 0.5, ..Faults::default() };
        let (mut one, mut two) = (Dice::new(faults), Dice::new(faults));
        let draws: Vec<bool> = (0..100).map(|_| one.duplicates()).collect();
        assert!((0..100).all(|index| two.duplicates() == draws[index]));
        assert!(draws.contains(&true) && draws.contains(&false));
    }
}
