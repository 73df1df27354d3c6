//! The addresses that Pub/Sub pushes the messages of subscriptions to: the service `scheduler`, with the trigger in the
//! path.

use crate::config::PlatformConfig;
use segue_model::trigger_state::TriggerKey;
use segue_ports::PortError;
use segue_ports::topics::Push;
use serde_json::{Value as Json, json};

/// The path before the names of the trigger. The service runtime answers it (`segue-service`).
const PATH: &str = "/messages/";

/// The service that gets the messages of realtime triggers.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// The address of the service without a slash at the end. None: messages cannot be pushed.
    url: Option<String>,
    /// The account of the push requests. None on emulators.
    account: Option<String>,
}

impl Endpoint {
    pub(super) fn from_config(config: &PlatformConfig) -> Self {
        let url = config.scheduler_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        Self { url, account: config.push_account.clone() }
    }

    /// Pub/Sub's `pushConfig` for a trigger.
    ///
    /// # Errors
    /// [`PortError::Invalid`] if the address of the service is not configured.
    pub(super) fn config(&self, key: &TriggerKey) -> Result<Json, PortError> {
        let url = self.url.as_deref().ok_or_else(|| {
            PortError::invalid(
                "SEGUE_SCHEDULER_URL is not set: it is the address of the service scheduler, which messages are pushed to",
            )
        })?;
        let TriggerKey { namespace, flow_id, trigger_id } = key;
        let mut config = json!({"pushEndpoint": format!("{url}{PATH}{namespace}/{flow_id}/{trigger_id}")});
        if let (Some(account), Some(fields)) = (&self.account, config.as_object_mut()) {
            let token = json!({"serviceAccountEmail": account, "audience": url});
            fields.insert("oidcToken".to_owned(), token);
        }
        Ok(config)
    }

    /// Who gets the messages of a subscription with this address. An address of an earlier deployment counts too: the
    /// path alone names the trigger.
    pub(super) fn push(&self, address: &str) -> Push {
        if address.is_empty() {
            return Push::None;
        }
        let key = address.split_once(PATH).and_then(|(_, names)| {
            let mut names = names.split('/');
            let key = TriggerKey::new(names.next()?, names.next()?, names.next()?);
            (names.next().is_none() && !key.trigger_id.is_empty()).then_some(key)
        });
        key.map_or_else(|| Push::Elsewhere(address.to_owned()), Push::Trigger)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_trigger() {
        let endpoint =
            Endpoint { url: Some("https://s.run.app".to_owned()), account: Some("push@p".to_owned()) };
        let key = TriggerKey::new("company.team", "flow-1", "t_2");
        let config = endpoint.config(&key).unwrap();
        let address = "https://s.run.app/messages/company.team/flow-1/t_2";
        assert_eq!(
            config,
            json!({"pushEndpoint": address, "oidcToken": {"serviceAccountEmail": "push@p", "audience": "https://s.run.app"}})
        );
        assert_eq!(endpoint.push(address), Push::Trigger(key));
        assert_eq!(endpoint.push(""), Push::None);
        for other in ["https://other/messages/a/b", "https://other/messages/a/b/c/d", "https://other/"] {
            assert_eq!(endpoint.push(other), Push::Elsewhere(other.to_owned()));
        }
        let error =
            Endpoint { url: None, account: None }.config(&TriggerKey::new("n", "f", "t")).unwrap_err();
        assert!(error.to_string().contains("SEGUE_SCHEDULER_URL"), "{error}");
    }
}
