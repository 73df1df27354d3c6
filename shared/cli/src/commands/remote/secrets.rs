//! `segue secrets`: the names of secrets.

use crate::client::{Format, Needs, Reach, Reply, page as table};
use segue_api_types::{Page, SecretKey};

/// Lists the names of the secrets that a namespace can read. Values are never shown.
///
/// On one machine, `{{ secret('TOKEN') }}` reads the variable SECRET_TOKEN, which has the value in base64. The variable
/// is in the environment of the server or of `segue run`, or in the file `.env` of its working directory. With
/// SEGUE_SECRETS_PLAIN=true, the plain variable TOKEN is read too. On Google Cloud, secrets are in Secret Manager.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue secrets zoomcamp
  echo \"SECRET_TOKEN=$(printf %s 'the value' | base64)\" >> .env; segue secrets zoomcamp -q TOKEN")]
pub(crate) struct Args {
    #[command(flatten)]
    format: Format,
    /// The namespace.
    #[arg(add = crate::complete::namespaces())]
    namespace: String,
    /// Only names with this text.
    #[arg(short, long, value_name = "TEXT")]
    query: Option<String>,
}

pub(crate) async fn run(args: Args, reach: &Reach) -> anyhow::Result<u8> {
    let session = reach.open(args.format.output, Needs::Data).await?;
    let call = session.client.get(&["namespaces", &args.namespace, "secrets"]).with("size", 1000);
    let answer = call.maybe("q", args.query.as_ref()).read::<Page<SecretKey>>().await?;
    let nothing = "there are no secrets; set SECRET_NAME to a value in base64, in the environment or in .env";
    let text = table(&answer.value, &["secret"], nothing, |entry| vec![entry.key.clone()]);
    Reply::new(answer.json, text).show(session.output)
}
