//! What the endpoints of a service share.

use crate::caller::CallerCheck;
use segue_ports::{DeadLetterHandler, InternalStorage, MessageHandler, Usage};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What the endpoints share.
pub(crate) struct Shared {
    pub(crate) handler: Arc<dyn MessageHandler>,
    pub(crate) dead_letters: Option<Arc<dyn DeadLetterHandler>>,
    pub(crate) callers: CallerCheck,
    pub(crate) usage: Option<Arc<dyn Usage>>,
    pub(crate) storage: Option<InternalStorage>,
    pub(crate) unreadable: AtomicU64,
}
