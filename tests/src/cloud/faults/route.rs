//! Where the messages of a subscription go, and how they are delivered again. The proxy delivers again as Pub/Sub
//! does, because the emulator stops after some deliveries if the shortest wait is a second.

use std::time::Duration;

/// The way of the messages of one subscription.
#[derive(Clone, Debug)]
pub struct Route {
    /// The function that receives the messages.
    pub function: String,
    /// The name of the subscription with its prefix.
    pub subscription: String,
    /// The addresses of the function's processes. Each delivery goes to one of them, by chance.
    pub targets: Vec<String>,
    /// The shortest and the longest wait before a message is delivered again.
    pub backoff: (Duration, Duration),
    /// The URL that publishes dead letters, and the number of deliveries before a message is one. None: never.
    pub dead_letters: Option<(String, u32)>,
}

impl Route {
    /// The wait after a number of failed deliveries. Each wait is twice as long as the one before.
    pub(super) fn wait(&self, failed: u32) -> Duration {
        let (shortest, longest) = self.backoff;
        shortest.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1))).min(longest)
    }

    /// Where the message goes instead, if it is given up after a number of failed deliveries.
    pub(super) fn given_up(&self, failed: u32) -> Option<&str> {
        self.dead_letters.as_ref().filter(|(_, most)| failed >= *most).map(|(url, _)| url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let route = Route {
            function: "http".to_owned(),
            subscription: "segue-http-task-http".to_owned(),
            targets: Vec::new(),
            backoff: (Duration::from_secs(1), Duration::from_secs(600)),
            dead_letters: Some(("dead".to_owned(), 5)),
        };
        let waits: Vec<u64> = [1, 2, 3, 10, 11, 99].map(|failed| route.wait(failed).as_secs()).into();
        assert_eq!(waits, [1, 2, 4, 512, 600, 600]);
        assert_eq!((route.given_up(4), route.given_up(5)), (None, Some("dead")));
    }
}
