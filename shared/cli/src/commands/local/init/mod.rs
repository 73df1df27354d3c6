//! `segue init`: a folder with a flow to start from, which is one of the blueprints (`shared/blueprints`).

use anyhow::Context as _;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use segue_blueprints::Blueprint;
use std::path::{Path, PathBuf};

/// The schema that the flows of the templates name in their first line.
const SCHEMA: &str = "flow.schema.json";
/// The file with what Git does not keep.
const GITIGNORE: &str = ".gitignore";
/// What Git does not keep.
const IGNORED: &str = ".segue/\n.env\n";

/// Creates a folder with a flow that runs without a cloud account and without the internet.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue init my-flows
  segue init --template etl my-flows
  segue init --template scripts .")]
pub(crate) struct Args {
    /// The folder. It may exist; files in it are never replaced.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The flow to start from.
    #[arg(short, long, value_name = "BLUEPRINT", value_parser = blueprints(), default_value = "hello")]
    template: &'static Blueprint,
}

/// Reads the id of a blueprint. The help lists the ids with their titles.
fn blueprints() -> impl TypedValueParser<Value = &'static Blueprint> {
    let all = segue_blueprints::ALL.iter().map(|one| PossibleValue::new(one.id).help(one.title));
    PossibleValuesParser::new(all)
        .try_map(|id| segue_blueprints::find(&id).ok_or_else(|| format!("there is no blueprint {id}")))
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let Blueprint { flow, source, tests, .. } = *args.template;
    let flow = format!("flows/{flow}.yaml");
    let schema = super::schema::text("flow", data_dir)?;
    let files = [
        (flow.as_str(), source),
        (&flow.replace(".yaml", ".test.yaml"), tests),
        (SCHEMA, &schema),
        (GITIGNORE, IGNORED),
    ];
    // A .gitignore of the user stays as it is.
    let in_the_way = files.iter().find(|(name, _)| *name != GITIGNORE && args.folder.join(name).exists());
    if let Some((name, _)) = in_the_way {
        eprintln!(
            "error: {} exists already, and nothing was written; name another folder",
            args.folder.join(name).display()
        );
        return Ok(crate::REFUSED);
    }
    for (name, content) in files {
        let path = args.folder.join(name);
        if path.exists() {
            continue;
        }
        write(&path, content)?;
        crate::print::line(format_args!("created {}", path.display()));
    }
    let (flow, flows) = (args.folder.join(&flow), args.folder.join("flows"));
    let (flow, flows) = (flow.display(), flows.display());
    crate::print::line(format_args!(
        "\nNext:\n  segue validate {flow}\n  segue run {flow}\n  segue test {flows}\n  segue server --flows {flows} --open"
    ));
    Ok(crate::OK)
}

fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(folder: &Path, template: &str) -> Args {
        Args { folder: folder.to_owned(), template: segue_blueprints::find(template).unwrap() }
    }

    #[test]
    fn every_blueprint_is_a_template() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: Args,
        }
        for blueprint in segue_blueprints::ALL {
            let line =
                <Line as clap::Parser>::try_parse_from(["init", "--template", blueprint.id, "my-flows"]);
            assert_eq!(line.unwrap().args.template, blueprint);
        }
        let refused = <Line as clap::Parser>::try_parse_from(["init", "--template", "none", "my-flows"]);
        assert!(refused.is_err());
    }

    #[test]
    fn files_that_exist_are_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        std::fs::write(folder.join(".gitignore"), "mine\n").unwrap();
        assert_eq!(run(&args(folder, "hello"), None).unwrap(), crate::OK);
        let flow = folder.join("flows/hello.yaml");
        std::fs::write(&flow, "mine").unwrap();
        assert_eq!(run(&args(folder, "hello"), None).unwrap(), crate::REFUSED);
        assert_eq!(run(&args(folder, "etl"), None).unwrap(), crate::REFUSED, "the schema is there");
        assert!(!folder.join("flows/sales.yaml").exists());
        assert_eq!(std::fs::read_to_string(&flow).unwrap(), "mine");
        assert_eq!(std::fs::read_to_string(folder.join(".gitignore")).unwrap(), "mine\n");
    }
}
