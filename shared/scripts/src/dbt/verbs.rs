//! The older types with one command of dbt each, such as `Build`.

use super::run::{Dbt, DbtProperties};
use crate::properties::{RAW, ScriptProperties};
use crate::result::ScriptOutput;
use crate::shell::shell_word;
use schemars::JsonSchema;
use segue_files::Texts;
use segue_task::{Task, TaskContext, TaskError};
use serde::Deserialize;
use serde_json::json;

/// The options of a command of dbt.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VerbOptions {
    /// The program. Default: `./bin/dbt` of the working directory if it is there, or else `dbt`.
    dbt_path: Option<String>,
    /// Whether a warning of dbt is an error.
    warn_error: Option<bool>,
    /// Whether dbt writes more lines to its log.
    debug: Option<bool>,
    /// The number of models that dbt builds at the same time.
    thread: Option<u32>,
    /// Whether incremental models are built from nothing.
    full_refresh: Option<bool>,
    /// The target in the profiles.
    target: Option<String>,
    /// The name of a selector.
    selector: Option<String>,
    /// The nodes to select.
    select: Texts,
    /// The models to select. This is the old name of `select`.
    models: Texts,
    /// The nodes to leave out.
    exclude: Texts,
}

impl VerbOptions {
    /// The line of the shell.
    fn command(&self, verb: &str, fail_fast: bool) -> String {
        let mut words: Vec<String> = verb.split(' ').map(str::to_owned).collect();
        let mut flag = |is_set: bool, name: &str| {
            if is_set {
                words.push(name.to_owned());
            }
        };
        flag(self.debug == Some(true), "--debug");
        flag(self.warn_error == Some(true), "--warn-error");
        flag(fail_fast, "--fail-fast");
        flag(self.full_refresh == Some(true), "--full-refresh");
        let threads = self.thread.map(|threads| threads.to_string());
        for (name, value) in
            [("--threads", &threads), ("--target", &self.target), ("--selector", &self.selector)]
        {
            if let Some(value) = value {
                words.extend([name.to_owned(), shell_word(value)]);
            }
        }
        for (name, values) in
            [("--select", &self.select), ("--models", &self.models), ("--exclude", &self.exclude)]
        {
            if !values.0.is_empty() {
                words.push(name.to_owned());
                words.extend(values.0.iter().map(|value| shell_word(value)));
            }
        }
        let arguments = words.join(" ");
        match &self.dbt_path {
            Some(path) => format!("{} {arguments}", shell_word(path)),
            None => format!("if [ -x ./bin/dbt ]; then ./bin/dbt {arguments}; else dbt {arguments}; fi"),
        }
    }
}

macro_rules! verb {
    ($module:ident, $name:literal, $verb:literal, $about:literal) => {
        #[doc = $about]
        pub(crate) mod $module {
            use super::*;

            #[doc = $about]
            /// New flows use `DbtCLI`.
            ///
            /// ```yaml
            #[doc = concat!("id: ", stringify!($module))]
            #[doc = concat!("type: io.kestra.plugin.dbt.cli.", $name)]
            /// projectDir: dbt
            /// ```
            #[derive(Debug, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase")]
            pub(crate) struct Verb {
                #[serde(flatten)]
                options: VerbOptions,
                #[serde(flatten)]
                dbt: DbtProperties,
                #[serde(flatten)]
                properties: ScriptProperties,
            }

            impl Task for Verb {
                const TYPE: &'static str = concat!("io.kestra.plugin.dbt.cli.", $name);
                const RAW: &'static [&'static str] = RAW;
                type Output = ScriptOutput;

                async fn run(mut self, context: &TaskContext) -> Result<ScriptOutput, TaskError> {
                    // For these types, failFast is an option of dbt and not of the shell.
                    let fail_fast = self.properties.fail_fast.take() == Some(true);
                    let command = self.options.command($verb, fail_fast);
                    Dbt { commands: json!([command]), script: self.properties, dbt: self.dbt }
                        .run(context)
                        .await
                }
            }
        }
    };
}

verb!(build, "Build", "build", "Builds and tests models, seeds and snapshots, with `dbt build`.");
verb!(run, "Run", "run", "Builds models, with `dbt run`.");
verb!(test, "Test", "test", "Runs tests, with `dbt test`.");
verb!(seed, "Seed", "seed", "Loads CSV files of the project into tables, with `dbt seed`.");
verb!(snapshot, "Snapshot", "snapshot", "Records the rows of mutable tables, with `dbt snapshot`.");
verb!(compile, "Compile", "compile", "Writes the SQL of the models and runs nothing, with `dbt compile`.");
verb!(deps, "Deps", "deps", "Installs the packages that the project names, with `dbt deps`.");
verb!(
    freshness,
    "Freshness",
    "source freshness",
    "Checks how old the sources are, with `dbt source freshness`."
);
verb!(list, "List", "list", "Lists the nodes of the project, with `dbt list`.");

#[cfg(test)]
mod tests {
    use super::*;

    fn command(options: serde_json::Value, fail_fast: bool) -> String {
        let options: VerbOptions = serde_json::from_value(options).unwrap();
        options.command("source freshness", fail_fast)
    }

    #[test]
    fn options_are_words_of_the_command() {
        let options = json!({
            "dbtPath": "dbt", "debug": true, "warnError": true, "fullRefresh": true, "thread": 3, "target": "prod env",
            "selector": "s", "select": ["a", "b+"], "exclude": "c; rm -rf /"
        });
        assert_eq!(
            command(options, true),
            "'dbt' source freshness --debug --warn-error --fail-fast --full-refresh --threads '3' --target 'prod env' \
             --selector 's' --select 'a' 'b+' --exclude 'c; rm -rf /'"
        );
    }

    #[test]
    fn the_program_of_the_working_directory_comes_first() {
        assert_eq!(
            command(json!({}), false),
            "if [ -x ./bin/dbt ]; then ./bin/dbt source freshness; else dbt source freshness; fi"
        );
    }
}
