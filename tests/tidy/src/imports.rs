//! Checks that all Rust code has one style of modules and imports.
//!
//! A module with child modules is a folder with `mod.rs`, or `main.rs` for a test. Imports are one block that rustfmt
//! sorts, with one statement for each module. Re-exports may be a block before the imports.

use super::tree::{files, none, read, repository};
use std::collections::HashSet;

/// One `use` statement.
struct Import {
    /// The number of the first line, from 1.
    line: usize,
    /// The text before `use`: the indentation and the visibility.
    start: String,
    /// The path and the names, on one line, without the semicolon.
    body: String,
}

impl Import {
    /// The module that the statement imports from.
    fn module(&self) -> &str {
        let path = self.body.split(" as ").next().unwrap_or_default();
        path.split_once("::{").or_else(|| path.rsplit_once("::")).map_or("", |(module, _)| module)
    }

    /// Whether the braces contain a path of two or more names.
    fn is_nested(&self) -> bool {
        self.body.split_once("::{").is_some_and(|(_, names)| names.contains("::") || names.contains('{'))
    }

    fn is_public(&self) -> bool {
        !self.start.trim().is_empty()
    }
}

/// The statements of a text in blocks. A blank line does not end a block. Any other line ends the block.
fn blocks(text: &str) -> Vec<Vec<Import>> {
    let mut blocks = vec![Vec::new()];
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let start = line.find("use ").map_or("", |place| &line[..place]);
        let is_use = line.starts_with("use ")
            || line.contains("use ") && (start.trim().is_empty() || start.trim_start().starts_with("pub"));
        if is_use {
            let mut body = line[start.len() + 4..].to_owned();
            while !body.contains(';') {
                let Some((_, more)) = lines.next() else { break };
                body.push_str(more.trim());
            }
            let body = body.trim_end_matches(';').to_owned();
            blocks.last_mut().unwrap().push(Import { line: at + 1, start: start.to_owned(), body });
        } else if !line.trim().is_empty() && !blocks.last().unwrap().is_empty() {
            blocks.push(Vec::new());
        }
    }
    blocks
}

/// The errors in the imports of a text, each with the number of its line.
fn wrong_imports(text: &str) -> Vec<(usize, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut wrong = Vec::new();
    for block in blocks(text) {
        let mut modules = HashSet::new();
        for (at, import) in block.iter().enumerate() {
            if import.is_nested() {
                wrong.push((import.line, "imports from two modules in one statement".to_owned()));
            }
            if !modules.insert((import.start.trim(), import.module())) && !import.module().is_empty() {
                wrong.push((import.line, format!("imports from `{}` a second time", import.module())));
            }
            let follows_blank = import.line > 1 && lines[import.line - 2].trim().is_empty();
            if at > 0 && follows_blank && block[at - 1].is_public() == import.is_public() {
                wrong.push((import.line - 1, "a blank line divides the imports".to_owned()));
            }
        }
    }
    wrong
}

#[test]
fn imports_are_one_block_with_one_statement_for_each_module() {
    let mut wrong = Vec::new();
    for path in files(&[".rs"]) {
        for (line, problem) in wrong_imports(&read(&path)) {
            wrong.push(format!("{}:{line}: {problem}", path.display()));
        }
    }
    none(wrong);
}

#[test]
fn a_module_with_child_modules_is_a_folder() {
    let root = repository();
    let has_folder = |path: &std::path::PathBuf| root.join(path.with_extension("")).is_dir();
    none(
        files(&[".rs"])
            .iter()
            .filter(|path| has_folder(path))
            .map(|path| format!("{}: move it into its folder, as `mod.rs` or `main.rs`", path.display()))
            .collect(),
    );
}

#[test]
fn the_rule_of_imports_finds_each_kind_of_mistake() {
    let lines = |text: &str| wrong_imports(text).into_iter().map(|(line, _)| line).collect::<Vec<_>>();
    assert_eq!(lines("use a::b;\nuse a::{c, d::E};\n"), [2, 2]);
    assert_eq!(lines("use a::b;\n\nuse c::d;\n"), [2]);
    assert_eq!(lines("pub use a::b;\n\nuse a::c;\nuse c::{\n    d,\n    e,\n};\n"), [0; 0]);
    assert_eq!(lines("use a::b as c;\nuse a::b::{self, d};\nfn x() {}\nuse a::d;\n"), [0; 0]);
}
