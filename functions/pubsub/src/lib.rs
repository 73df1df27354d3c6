//! The `pubsub` service: messages of topics (docs/kestra.md 4.6).
//!
//! What it is: one module for each type of task or trigger, the project and the topics in `google.rs`, a subscription with its
//! messages in [`source`], and a message as flows write it in [`message`].
//!
//! What it must not know: which adapter is behind the topics, and what becomes of a message that was pushed. The scheduler
//! creates its execution.
//!
//! How to add one more: a file with the properties struct, its doc comment with an example, and `impl Task`; one
//! line in [`tasks`].

pub mod consume;
mod google;
pub mod message;
pub mod publish;
pub mod realtime;
pub mod source;
#[cfg(test)]
mod testing;
pub mod trigger;

use segue_task::TaskList;

/// The types of this service.
pub fn tasks() -> TaskList {
    TaskList::new("pubsub")
        .deployed_as(include_str!("../function.yaml"))
        .add::<consume::Consume>()
        .add::<publish::Publish>()
        .add_trigger::<trigger::Trigger>()
        .add_realtime_trigger::<realtime::RealtimeTrigger>()
}
