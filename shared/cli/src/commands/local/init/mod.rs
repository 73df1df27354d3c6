//! `segue init`: a folder with a flow to start from.

use anyhow::Context as _;
use rust_embed::Embed;
use std::path::{Path, PathBuf};

/// The files of the templates. Each template is a folder.
#[derive(Embed)]
#[folder = "src/commands/local/init/templates"]
struct Files;

/// The schema that the flows of the templates name in their first line.
const SCHEMA: &str = "flow.schema.json";
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
    #[arg(short, long, value_enum, default_value_t = Template::Hello)]
    template: Template,
}

/// A flow to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Template {
    /// Inputs, a loop, outputs and a schedule.
    Hello,
    /// From a CSV file to a table in the local warehouse, and a query on it.
    Etl,
    /// Shell scripts that pass files and values to each other.
    Scripts,
}

impl Template {
    fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Etl => "etl",
            Self::Scripts => "scripts",
        }
    }
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let mut files = files(args.template);
    files.push((SCHEMA.to_owned(), super::schema::text("flow", data_dir)?.into_bytes()));
    files.push((".gitignore".to_owned(), IGNORED.as_bytes().to_vec()));
    let there: Vec<_> = files.iter().filter(|(name, _)| args.folder.join(name).exists()).collect();
    // A .gitignore of the user stays as it is.
    if let Some((name, _)) = there.iter().find(|(name, _)| name != ".gitignore") {
        eprintln!(
            "error: {} exists already, and nothing was written; name another folder",
            args.folder.join(name).display()
        );
        return Ok(crate::REFUSED);
    }
    let mut flow = None;
    for (name, content) in &files {
        let path = args.folder.join(name);
        if path.exists() {
            continue;
        }
        write(&path, content)?;
        crate::print::line(format_args!("created {}", path.display()));
        if is_flow(name) {
            flow = Some(path);
        }
    }
    if let Some(flow) = flow {
        let flow = flow.display();
        crate::print::line(format_args!(
            "\nNext:\n  segue validate {flow}\n  segue run {flow}\n  segue test {flows}\n  segue server --flows {flows} \
             --open",
            flows = args.folder.join("flows").display()
        ));
    }
    Ok(crate::OK)
}

/// Whether a file of a template is a flow, and not the tests of a flow or the schema.
fn is_flow(name: &str) -> bool {
    name.ends_with(".yaml") && !name.ends_with(".test.yaml")
}

/// The files of a template, with their paths in the folder.
fn files(template: Template) -> Vec<(String, Vec<u8>)> {
    let prefix = format!("{}/", template.name());
    let of = |path: std::borrow::Cow<'static, str>| {
        let name = path.strip_prefix(&prefix)?.to_owned();
        Some((name, Files::get(&path)?.data.into_owned()))
    };
    Files::iter().filter_map(of).collect()
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;
    use segue_engine::check::read_flow;

    #[test]
    fn every_template_is_valid_without_a_remark() {
        let catalog = segue_standalone::catalog().unwrap();
        for template in Template::value_variants() {
            let files = files(*template);
            assert!(!files.is_empty(), "{template:?}");
            for (name, content) in files.into_iter().filter(|(name, _)| is_flow(name)) {
                let parsed = read_flow(std::str::from_utf8(&content).unwrap(), &catalog);
                assert_eq!(parsed.diagnostics, [], "{name}");
                assert!(parsed.flow.is_some(), "{name}");
            }
        }
    }

    #[test]
    fn the_tests_of_a_template_pass() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: super::super::test::Args,
        }
        for template in Template::value_variants() {
            let folder = tempfile::tempdir().unwrap();
            let args = Args { folder: folder.path().join("flows"), template: *template };
            assert_eq!(run(&args, None).unwrap(), crate::OK);
            let line =
                <Line as clap::Parser>::parse_from([std::ffi::OsStr::new("test"), args.folder.as_os_str()]);
            let data = Some(folder.path().join("data"));
            assert_eq!(super::super::test::run(&line.args, data).unwrap(), crate::OK, "{template:?}");
        }
    }

    #[test]
    fn files_that_exist_are_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let args = |template| Args { folder: folder.path().to_owned(), template };
        std::fs::write(folder.path().join(".gitignore"), "mine\n").unwrap();
        assert_eq!(run(&args(Template::Hello), None).unwrap(), crate::OK);
        let flow = folder.path().join("flows/hello.yaml");
        std::fs::write(&flow, "mine").unwrap();
        assert_eq!(run(&args(Template::Hello), None).unwrap(), crate::REFUSED);
        assert_eq!(run(&args(Template::Etl), None).unwrap(), crate::REFUSED, "the schema is there");
        assert!(!folder.path().join("flows/sales.yaml").exists());
        assert_eq!(std::fs::read_to_string(&flow).unwrap(), "mine");
        assert_eq!(std::fs::read_to_string(folder.path().join(".gitignore")).unwrap(), "mine\n");
    }
}
