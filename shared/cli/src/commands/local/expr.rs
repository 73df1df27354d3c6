//! `segue expr`: renders one expression.

use crate::environment::environment;
use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use segue_embedded::EnvSecretStore;
use segue_lookups::Limits;
use segue_model::Json;
use segue_ports::{Clock as _, SecretStore as _, SystemClock};
use segue_template::{Ambient, Answer, Lookup, Lookups, Scope};
use std::path::PathBuf;
use std::sync::Arc;

/// Prints a rendered expression. If the expression fails, prints the reason; the exit code is then 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue expr \"{{ 7 / 2 }}\"
  segue expr --vars context.json -- \"{{ outputs.extract.outputFiles['a.csv'] }}\"")]
pub(crate) struct Args {
    /// A JSON file. Its top-level keys are the variables of the expression.
    #[arg(long, value_name = "FILE.json")]
    vars: Option<PathBuf>,
    /// The template. Put `--` before a template that begins with `-`.
    #[arg(required = true)]
    template: String,
}

/// Answers the questions of an expression outside a flow. Only secrets of the environment have a value.
#[derive(Debug)]
struct NoPlatform(EnvSecretStore);

impl Lookups for NoPlatform {
    fn lookup(&self, lookup: &Lookup) -> Answer {
        match lookup {
            Lookup::Secret { key, subkey, .. } => secret(&self.0, key, subkey.as_deref()),
            Lookup::ErrorLogs => Answer::Found(Json::Array(Vec::new())),
            Lookup::FileExists { .. } => Answer::Found(Json::Bool(false)),
            Lookup::ExecutionState { .. } => Answer::Missing,
            Lookup::RandomPort => Answer::Failed("randomPort() works only inside an execution".into()),
            Lookup::Kv { .. }
            | Lookup::KvKeys { .. }
            | Lookup::Read { .. }
            | Lookup::FileSize { .. }
            | Lookup::FileEmpty { .. } => Answer::Missing,
            Lookup::Http { .. } => Answer::Failed("http() works only inside an execution".into()),
        }
    }
}

/// Finds a secret as in a flow: in `SECRET_<KEY>` in base64, or in the plain variable if `SEGUE_SECRETS_PLAIN` allows
/// plain variables.
fn secret(secrets: &EnvSecretStore, key: &str, subkey: Option<&str>) -> Answer {
    let value = match futures::executor::block_on(secrets.get("", key)) {
        Ok(Some(value)) => value,
        Ok(None) => return Answer::Missing,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    let Some(subkey) = subkey else { return Answer::Found(value.into()) };
    let fields: Option<Json> = serde_json::from_str(&value).ok();
    fields.and_then(|fields| fields.get(subkey).cloned()).map_or(Answer::Missing, Answer::Found)
}

pub(crate) fn run(args: &Args) -> anyhow::Result<u8> {
    let context = match &args.vars {
        None => Json::Object(segue_model::Map::new()),
        Some(file) => {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?
        }
    };
    if !context.is_object() {
        bail!("the file of --vars must be a JSON object; its keys are the variables of the expression");
    }
    let environment = environment();
    let now = SystemClock.now();
    let ambient = Ambient {
        now,
        seed: u64::from(now.subsec_nanosecond().unsigned_abs()) ^ (u64::from(std::process::id()) << 32),
        time_zone: TimeZone::UTC,
    };
    let scope = Scope::from_json(
        context,
        Arc::new(NoPlatform(EnvSecretStore::from_environment(&environment))),
        ambient,
    );
    match Limits::from_environment(&environment)?.renderer().render(&args.template, &scope) {
        Ok(text) => {
            crate::print::line(text);
            Ok(crate::OK)
        }
        Err(error) => {
            eprintln!("error: {error}");
            Ok(crate::FAILED)
        }
    }
}
