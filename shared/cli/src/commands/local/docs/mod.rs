//! `segue docs`: the page of a task type, trigger or condition, and what many types have in common.

mod topics;

pub(super) use topics::topic_at;

use super::markdown::shown;
use crate::environment::environment;
use crate::report::table;
use segue_model::suggest;
use segue_standalone::pages::Pages;
use std::path::PathBuf;

/// Prints the page of a type of task, trigger or condition: what it does, an example, its properties and its outputs.
///
/// `task`, `trigger`, `condition` and `connector` print what all of them have in common.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue docs core.flow.ForEach
  segue docs io.kestra.plugin.gcp.bigquery.Query
  segue docs task
  segue docs --list
  segue docs --list slack")]
pub(crate) struct Args {
    /// The type. The first part, io.kestra.plugin., may be left out. With --list: a part of the names. Without a type,
    /// all types are listed.
    #[arg(value_name = "TYPE", add = crate::complete::types())]
    name: Option<String>,
    /// Lists types with what they do.
    #[arg(short, long)]
    list: bool,
}

pub(crate) fn run(args: &Args, data_dir: Option<PathBuf>) -> anyhow::Result<u8> {
    let own = segue_standalone::own_connectors(&environment(), &crate::kept_data_dir(data_dir))?;
    let pages = Pages::new(&segue_standalone::catalog_with(own)?)?;
    let wanted = args.name.as_deref().unwrap_or_default();
    if args.list || args.name.is_none() {
        return Ok(list(&pages, wanted));
    }
    if let Some(page) = pages.page(wanted).or_else(|| topics::topic(wanted)) {
        crate::print::text(shown(&page));
        return Ok(crate::OK);
    }
    // The last part of a name is enough if only one type has it.
    let ending = format!(".{}", wanted.to_lowercase());
    let named: Vec<&str> = pages
        .types()
        .iter()
        .map(|kind| kind.name)
        .filter(|name| name.to_lowercase().ends_with(&ending))
        .collect();
    match named.as_slice() {
        [only] => {
            crate::print::text(shown(&pages.page(only).unwrap_or_default()));
            Ok(crate::OK)
        }
        [] => {
            let near = suggest(wanted, pages.types().iter().map(|kind| kind.name));
            let hint = near.map_or_else(
                || "`segue docs --list` lists all types".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            eprintln!("error: there is no type {wanted}; {hint}");
            Ok(crate::REFUSED)
        }
        several => {
            eprintln!("error: several types end in {wanted}: {}", several.join(", "));
            Ok(crate::REFUSED)
        }
    }
}

fn list(pages: &Pages, part: &str) -> u8 {
    let part = part.to_lowercase();
    let found: Vec<_> =
        pages.types().iter().filter(|kind| kind.name.to_lowercase().contains(&part)).collect();
    if found.is_empty() {
        eprintln!("error: no type has '{part}' in its name; `segue docs --list` lists all types");
        return crate::REFUSED;
    }
    let rows = found.iter().map(|kind| {
        let name = kind.name.strip_prefix("io.kestra.plugin.").unwrap_or(kind.name);
        vec![name.to_owned(), kind.summary()]
    });
    crate::print::text(table(&["type", "what it does"], rows));
    crate::OK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> u8 {
        run(&Args { name: Some(name.to_owned()), list: false }, None).unwrap()
    }

    #[test]
    fn a_type_is_found_by_its_name_a_short_name_or_its_last_part() {
        for name in [
            "io.kestra.plugin.core.log.Log",
            "core.log.Log",
            "foreach",
            "io.kestra.core.tasks.log.Log",
            "task",
        ] {
            assert_eq!(of(name), crate::OK, "{name}");
        }
        for name in ["core.log.Lgo", "Query", "nothing.like.it"] {
            assert_eq!(of(name), crate::REFUSED, "{name}");
        }
    }

    #[test]
    fn no_page_has_a_link_that_a_terminal_cannot_follow() {
        let pages = Pages::new(&segue_standalone::catalog_with(&[]).unwrap()).unwrap();
        for kind in pages.types() {
            let text = shown(&pages.page(kind.name).unwrap());
            assert!(!text.contains("]("), "{}: {text}", kind.name);
        }
        for name in ["task", "trigger", "condition", "connector"] {
            assert!(!shown(&topics::topic(name).unwrap()).contains("]("), "{name}");
        }
    }

    #[test]
    fn types_are_listed_by_a_part_of_their_names() {
        let list = |part: &str| run(&Args { name: Some(part.to_owned()), list: true }, None).unwrap();
        assert_eq!(list("bigquery"), crate::OK);
        assert_eq!(list("no such thing"), crate::REFUSED);
        assert_eq!(run(&Args { name: None, list: false }, None).unwrap(), crate::OK);
    }
}
