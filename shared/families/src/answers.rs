//! Answers what expressions ask in the executor, in the same way as a task service.

use async_trait::async_trait;
use segue_executor::Answers;
use segue_model::id::ExecutionId;
use segue_ports::{PortError, Ports};
use segue_task::lookups::Asker;
use segue_task::outbound::Clients;
use segue_task::{Masker, mask_lines_by};
use segue_template::{Answer, Lookup};
use std::sync::Arc;

/// Answers from the ports, in the same way as a task service.
pub struct PortAnswers {
    ports: Ports,
    clients: Clients,
    masker: Arc<Masker>,
}

impl PortAnswers {
    /// Answers from these ports.
    pub fn new(ports: Ports) -> Self {
        let masker = Arc::new(Masker::default());
        mask_lines_by(&masker);
        Self { ports, clients: Clients::from_env(), masker }
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
