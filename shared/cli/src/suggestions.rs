//! Suggests a verb for a misspelled one. clap suggests none for a short word with swapped letters.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use segue_model::suggest;

/// The error, with the nearest verb if clap has found none. `words` are the words of the command line.
pub(crate) fn with_suggestion(
    mut error: clap::Error,
    command: clap::Command,
    words: impl Iterator<Item = String>,
) -> clap::Error {
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidSubcommand).cloned() else {
        return error;
    };
    if error.kind() != ErrorKind::InvalidSubcommand || error.get(ContextKind::SuggestedSubcommand).is_some() {
        return error;
    }
    // The group of the verb: the last known word before it.
    let mut group = &command;
    for word in words.take_while(|word| *word != wrong) {
        group = group.find_subcommand(word).unwrap_or(group);
    }
    let names = group
        .get_subcommands()
        .flat_map(|verb| std::iter::once(verb.get_name()).chain(verb.get_all_aliases()));
    if let Some(near) = suggest(&wrong, names) {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![near.to_owned()]));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &[&str]) -> String {
        let words = || line.iter().map(|word| (*word).to_owned());
        let command = crate::arguments::command();
        let error = command.clone().try_get_matches_from(std::iter::once("segue".to_owned()).chain(words()));
        with_suggestion(error.unwrap_err(), command, words()).to_string()
    }

    #[test]
    fn a_misspelled_verb_gets_the_nearest_one() {
        for (line, near) in [
            (&["rnu"] as &[&str], "'run'"),
            (&["flow", "lsit"], "'list'"),
            (&["--data-dir", "d", "kv", "gte"], "'get'"),
            (&["excution"], "'execution'"),
        ] {
            let told = of(line);
            assert!(told.contains("similar subcommand") && told.contains(near), "{line:?}: {told}");
        }
        assert!(!of(&["zebra"]).contains("similar"), "{}", of(&["zebra"]));
        assert!(!of(&["run", "--zebra"]).contains("subcommand exists"));
    }
}
