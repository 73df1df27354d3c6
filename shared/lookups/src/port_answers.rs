//! Answers from a platform's ports.

use crate::answers::Answers;
use crate::asker::Asker;
use crate::line_masks::mask_lines_by;
use crate::outbound::Clients;
use async_trait::async_trait;
use segue_model::id::ExecutionId;
use segue_ports::{PortError, Ports};
use segue_template::{Answer, Lookup, Masker};
use std::sync::Arc;

/// Answers from a platform's ports. Every secret that is handed out is masked from then on.
pub struct PortAnswers {
    ports: Ports,
    clients: Arc<Clients>,
    masker: Arc<Masker>,
}

impl PortAnswers {
    /// Answers from these ports, and from the web with these clients. The secrets are also masked in the service's own
    /// log.
    pub fn new(ports: Ports, clients: Arc<Clients>) -> Self {
        let masker = Arc::new(Masker::default());
        mask_lines_by(&masker);
        Self::with_masker(ports, clients, masker)
    }

    /// The same with the masker of the caller, which learns every secret that is handed out.
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
