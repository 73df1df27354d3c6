//! `DbtCLI`: commands of dbt, as people type them.

use super::run::{Dbt, DbtProperties};
use crate::properties::{RAW, ScriptProperties};
use crate::result::ScriptOutput;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_model::Json;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;

/// Runs commands of dbt. Each model, test, seed and snapshot becomes a task run. Without containers, dbt and the adapter
/// of the image are installed once on this machine.
///
/// ```yaml
/// id: build
/// type: io.kestra.plugin.dbt.cli.DbtCLI
/// containerImage: ghcr.io/kestra-io/dbt-postgres
/// namespaceFiles:
///   enabled: true
/// commands:
///   - dbt deps
///   - dbt build
/// profiles: |
///   default:
///     outputs:
///       dev:
///         type: postgres
///         host: localhost
///         port: 5432
///         user: "{{ kv('POSTGRES_USER') }}"
///         password: "{{ secret('POSTGRES_PASSWORD') }}"
///         dbname: taxi
///         schema: public
///         threads: 4
///     target: dev
/// ```
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DbtCli {
    /// The commands, such as `dbt build`. They are lines of a shell.
    #[schemars(with = "Texts")]
    commands: Json,
    /// `JSON` or `TEXT`. Has no effect: dbt writes JSON, and the log shows its text.
    #[expect(dead_code, reason = "the property is accepted")]
    log_format: Option<String>,
    /// `CORE`. Has no effect: the image decides which dbt runs.
    #[expect(dead_code, reason = "the property is accepted")]
    engine: Option<String>,
    #[serde(flatten)]
    dbt: DbtProperties,
    #[serde(flatten)]
    properties: ScriptProperties,
}

impl Task for DbtCli {
    const TYPE: &'static str = "io.kestra.plugin.dbt.cli.DbtCLI";
    const RAW: &'static [&'static str] = RAW;
    type Output = ScriptOutput;

    async fn run(self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
        Dbt { commands: self.commands, script: self.properties, dbt: self.dbt }.run(context).await
    }
}
