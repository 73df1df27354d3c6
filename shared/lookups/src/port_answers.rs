//! The implementation of [`Answers`] with a platform's ports.

use crate::answers::Answers;
use crate::asker::Asker;
use crate::line_masks::mask_lines_by;
use crate::outbound::Clients;
use async_trait::async_trait;
use segue_model::id::ExecutionId;
use segue_ports::{PortError, Ports};
use segue_template::{Answer, Lookup, Masker};
use std::sync::Arc;

/// Answers questions from a platform's ports. A secret is masked as soon as an expression has read the secret.
pub struct PortAnswers {
    ports: Ports,
    clients: Arc<Clients>,
    masker: Arc<Masker>,
}

impl PortAnswers {
    /// Answers from `ports`, and sends the requests of `http()` with `clients`. Secrets are also masked in the log of
    /// the service.
    pub fn new(ports: Ports, clients: Arc<Clients>) -> Self {
        let masker = Arc::new(Masker::default());
        mask_lines_by(&masker);
        Self::with_masker(ports, clients, masker)
    }

    /// Like [`PortAnswers::new`], but with the masker of the caller. Every secret that an expression reads is added to
    /// this masker. The log of the service masks the secrets only if the caller uses [`mask_lines_by`].
    pub fn with_masker(ports: Ports, clients: Arc<Clients>, masker: Arc<Masker>) -> Self {
        Self { ports, clients, masker }
    }
}

#[async_trait]
impl Answers for PortAnswers {
    async fn answer(
        &self,
        namespace: &str,
        execution: &ExecutionId,
        lookup: &Lookup,
    ) -> Result<Answer, PortError> {
        let asker = Asker {
            ports: &self.ports,
            clients: &self.clients,
            namespace,
            execution_id: execution,
            masker: &self.masker,
        };
        asker.answer(lookup).await
    }

    fn mask(&self, text: String) -> String {
        self.masker.apply(&text).into_owned()
    }
}
