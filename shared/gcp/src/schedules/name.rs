//! The names of jobs. `terraform/flows.tf` makes the same names.

use segue_model::trigger_state::TriggerKey;
use sha2::{Digest as _, Sha256};

/// The largest part of a name that people read. A name has at most 500 letters.
const READABLE: usize = 400;

/// The name of a trigger's job: what people recognise, and a digest that makes the name unique. A job's name has no
/// dots, and two triggers may differ only in their dots and dashes.
pub(super) fn of_job(prefix: &str, key: &TriggerKey) -> String {
    let TriggerKey { namespace, flow_id, trigger_id } = key;
    let readable: String = format!("{prefix}{namespace}--{flow_id}--{trigger_id}").replace('.', "-");
    let digest = Sha256::digest(format!("{namespace}/{flow_id}/{trigger_id}"));
    let digest: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{digest}", readable.chars().take(READABLE).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `terraform/tests/deployment.tftest.hcl` expects the same name.
    #[test]
    fn a_name_is_readable_and_unique() {
        let name = |namespace: &str, flow: &str, trigger: &str| {
            of_job("segue-", &TriggerKey::new(namespace, flow, trigger))
        };
        assert_eq!(name("zoomcamp", "taxi", "monthly"), "segue-zoomcamp--taxi--monthly-be1da24f");
        assert_ne!(name("a.b", "c", "d"), name("a-b", "c", "d"));
        assert_ne!(name("a", "b--c", "d"), name("a", "b", "c--d"));
        assert!(name(&"n".repeat(450), "f", "t").len() <= 500);
    }
}
