//! What `Query` and `Queries` share: their properties, and the way from a text of SQL to outputs.

use crate::cells::Cells;
use crate::engine::Opening;
use crate::files::{FileOutputs, Files, Workplace};
use crate::job::{self, Job};
use crate::refusal::Step;
use crate::verbs::{decides_transaction, is_query, special};
use schemars::JsonSchema;
use segue_jdbc::{Fetch, Fetched, statements};
use segue_model::Map;
use segue_task::{TaskContext, TaskError};
use serde::Deserialize;

/// Properties that the task renders itself, with the paths of files.
pub(crate) const RAW: &[&str] = &["sql", "afterSQL"];

/// The common properties.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Script {
    /// The database and the files.
    #[serde(flatten)]
    pub files: Files,
    /// The statements, with semicolons between them. `{{ workingDir }}`, `{{ outputFiles.name }}` and
    /// `{{ dbFilePath }}` are paths.
    pub sql: String,
    /// The values of `:name` in the statements.
    #[serde(default)]
    pub parameters: Option<Map>,
    /// The properties about rows.
    #[serde(flatten)]
    pub fetch: Fetch,
    /// Statements that run after the rows were read.
    #[serde(rename = "afterSQL")]
    pub after_sql: Option<String>,
}

/// Which rows are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those of the last query.
    Last,
    /// Those of each statement that has rows.
    Each,
}

impl Script {
    /// Runs the statements. If the file of the database remains, `is_transaction` says whether they are one
    /// transaction.
    ///
    /// # Errors
    /// [`TaskError`] if a statement fails, or if a file cannot be read or stored.
    pub(crate) async fn run(
        self,
        context: &TaskContext,
        wanted: Wanted,
        is_transaction: bool,
    ) -> Result<(Vec<Fetched>, FileOutputs), TaskError> {
        context.in_shared_directory(self.in_directory(context, wanted, is_transaction)).await
    }

    async fn in_directory(
        self,
        context: &TaskContext,
        wanted: Wanted,
        is_transaction: bool,
    ) -> Result<(Vec<Fetched>, FileOutputs), TaskError> {
        let (kind, zone) = (self.fetch.kind(), self.fetch.zone()?);
        let after = self.after_sql.unwrap_or_default();
        let place = Workplace::prepare(&self.files, &format!("{}{after}", self.sql), context).await?;
        let parameters = self.parameters.unwrap_or_default();
        let mut steps = Vec::new();
        for (of, text) in [("sql", &self.sql), ("afterSQL", &after)] {
            let text = context.render_with(text, place.variables()).await?;
            let found = statements(&text, &parameters)
                .map_err(|why| TaskError::failed(if of == "sql" { why } else { format!("{of}: {why}") }))?;
            if of == "sql" && found.is_empty() {
                return Err(TaskError::failed("sql has no statement; write one"));
            }
            steps.extend(found.into_iter().map(|statement| Step { statement, of, fetch: of == "sql" }));
        }
        if wanted == Wanted::Last {
            let is_wanted = |text: &str| is_query(text) && special(text).is_none();
            let last = steps.iter().rposition(|step| step.fetch && is_wanted(&step.statement.text));
            steps.iter_mut().enumerate().for_each(|(place, step)| step.fetch = Some(place) == last);
        }
        let names = place.names(&steps, context).await?;
        // The changes of another database go with the task, whether it succeeds or not.
        let is_transaction = is_transaction
            && place.remains
            && steps.len() > 1
            && !steps.iter().any(|step| decides_transaction(&step.statement.first_word()));
        let job = Job {
            opening: Opening {
                file: place.database.clone(),
                directory: place.directory.clone(),
                scratch: place.scratch.clone(),
            },
            names,
            steps,
            kind,
            cells: Cells { zone },
            is_transaction,
            keeps_file: place.keeps_database(),
        };
        let fetched = job::run(job, context).await?;
        let results = place.results(context).await?;
        Ok((fetched, results))
    }
}
