//! `segue explain`: the page of an error code.

use super::markdown::shown;
use crate::report::table;
use rust_embed::Embed;
use segue_model::diagnostic::codes;
use segue_model::suggest;

/// The pages in `docs/errors`.
#[derive(Embed)]
#[folder = "../../docs/errors"]
#[include = "*.md"]
struct Pages;

/// Explains an error code: what happened, why, and what to do, with an example.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  segue explain SEG0402
  segue explain")]
pub(crate) struct Args {
    /// The code, such as SEG0402, or its number. Without a code, all codes are listed.
    #[arg(add = crate::complete::codes())]
    code: Option<String>,
}

pub(crate) fn run(args: &Args) -> u8 {
    let Some(given) = &args.code else {
        let rows = codes::ALL.iter().map(|(code, title)| vec![(*code).to_owned(), (*title).to_owned()]);
        crate::print::text(table(&["code", "meaning"], rows));
        return crate::OK;
    };
    let code = match given.trim().parse::<u16>() {
        Ok(number) => format!("SEG{number:04}"),
        Err(_) => given.trim().to_ascii_uppercase(),
    };
    match Pages::get(&format!("{code}.md")) {
        Some(page) => {
            crate::print::text(shown(&String::from_utf8_lossy(&page.data)));
            crate::OK
        }
        None => {
            let near = suggest(&code, codes::ALL.iter().map(|(code, _)| *code));
            let hint = near.map_or_else(
                || "`segue explain` lists all codes".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            eprintln!("error: there is no code {given}; {hint}");
            crate::REFUSED
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_page() {
        for (code, title) in codes::ALL {
            let page = Pages::get(&format!("{code}.md")).unwrap_or_else(|| panic!("{code}"));
            let text = shown(&String::from_utf8_lossy(&page.data));
            let text = console::strip_ansi_codes(&text).into_owned();
            assert!(text.starts_with(&format!("{code}\n\n{title}\n")), "{text}");
            assert!(!text.contains("```") && !text.contains("]("), "{text}");
        }
    }

    #[test]
    fn a_code_is_found_in_any_case_and_an_unknown_one_is_refused() {
        let of = |code: &str| run(&Args { code: Some(code.to_owned()) });
        for code in ["seg0402", "402", "0402"] {
            assert_eq!(of(code), crate::OK, "{code}");
        }
        assert_eq!(of("SEG9999"), crate::REFUSED);
    }
}
