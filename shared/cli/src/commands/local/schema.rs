//! `segue schema`: the JSON Schema of flows, for editors.

use crate::environment::environment;
use anyhow::Context as _;
use segue_standalone::editor;
use std::path::PathBuf;

/// Prints the JSON Schema of flows, with every task type, for editors.
///
/// An editor with a YAML language server (VS Code with the extension "YAML" by Red Hat, Neovim, JetBrains, Helix, Zed)
/// then completes keys and types, shows their descriptions, and marks mistakes. The first line of a flow names the file:
///
///   # yaml-language-server: $schema=flow.schema.json
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue schema > flow.schema.json
  segue schema -o .vscode/flow.schema.json
  segue schema task

VS Code, for every flow of a folder (.vscode/settings.json):
  {\"yaml.schemas\": {\".vscode/flow.schema.json\": \"flows/**/*.yaml\"}}")]
pub(crate) struct Args {
    /// What the schema describes: flow, task, trigger or pluginDefault.
    #[arg(default_value = "flow", value_parser = ["flow", "task", "trigger", "pluginDefault"])]
    kind: String,
    /// The file to write. Default: standard output.
    #[arg(short = 'o', long = "to", value_name = "FILE")]
    to: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let text = text(&args.kind, data_dir)?;
    match &args.to {
        Some(file) => {
            std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
            eprintln!(
                "wrote {}; begin a flow with: # yaml-language-server: $schema={}",
                file.display(),
                file.display()
            );
        }
        None => crate::print::text(text),
    }
    Ok(crate::OK)
}

/// The schema of a kind as text, with the user's own connectors.
pub(super) fn text(kind: &str, data_dir: Option<PathBuf>) -> anyhow::Result<String> {
    let own = segue_standalone::own_connectors(&environment(), &crate::kept_data_dir(data_dir))?;
    let catalog = segue_standalone::catalog_with(own)?;
    let schema = editor::schema(&catalog, kind, false).context("there is no such schema")?;
    Ok(serde_json::to_string(&schema)? + "\n")
}
