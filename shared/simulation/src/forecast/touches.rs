//! What a run reads and writes: buckets, tables, files, URLs, topics, keys of the KV store.
//!
//! What it is: rules by the name of a property, with more for some families of task types. It does not ask the tasks
//! themselves, so the list may miss what a script does.
//!
//! How to add one more: a line in `RULES`.

use super::{Certainty, Planned};
use crate::properties::own_properties;
use segue_model::flow::Flow;
use segue_model::{Json, Map};
use segue_template::references;
use serde::Serialize;
use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// Something that a task reads or writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Touch {
    /// Whether it is read or written.
    pub access: Access,
    /// `bucket`, `object`, `table`, `dataset`, `file`, `url`, `topic`, `key`, `repository`, `database`.
    pub kind: &'static str,
    /// Its name, as far as it is known.
    pub name: String,
    /// The task.
    pub task_id: String,
}

/// Reading or writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Access {
    /// It is read.
    Read,
    /// It is written, changed or deleted.
    Write,
}

use Access::{Read, Write};

/// A part of a type's name, a property, what the property names, and the access. The first line that fits a property
/// counts.
const RULES: &[(&str, &str, &str, Access)] = &[
    (".gcs.Upload", "to", "object", Write),
    (".gcs.Upload", "from", "file", Read),
    (".gcs.Download", "from", "object", Read),
    (".gcs.CreateBucket", "name", "bucket", Write),
    (".gcs.DeleteBucket", "name", "bucket", Write),
    (".gcs.Delete", "uri", "object", Write),
    (".gcs.Copy", "from", "object", Read),
    (".gcs.Copy", "to", "object", Write),
    (".gcs.", "from", "object", Read),
    (".gcs.", "to", "object", Write),
    (".bigquery.CreateDataset", "name", "dataset", Write),
    (".bigquery.UpdateDataset", "name", "dataset", Write),
    (".bigquery.DeleteDataset", "name", "dataset", Write),
    (".bigquery.LoadFromGcs", "from", "object", Read),
    (".bigquery.ExtractToGcs", "sourceTable", "table", Read),
    (".bigquery.ExtractToGcs", "destinationUris", "object", Write),
    (".bigquery.Copy", "sourceTables", "table", Read),
    (".bigquery.", "destinationTable", "table", Write),
    (".bigquery.", "from", "file", Read),
    (".pubsub.Publish", "topic", "topic", Write),
    (".pubsub.", "subscription", "topic", Read),
    (".kv.Set", "key", "key", Write),
    (".kv.Delete", "key", "key", Write),
    (".kv.Get", "key", "key", Read),
    (".postgresql.CopyIn", "table", "table", Write),
    (".postgresql.CopyIn", "from", "file", Read),
    (".jdbc.", "url", "database", Read),
    (".git.Push", "url", "repository", Write),
    (".git.", "url", "repository", Read),
    (".http.Download", "uri", "url", Read),
    (".http.Request", "uri", "url", Read),
    (".slack.", "url", "url", Write),
    (".serdes.", "from", "file", Read),
    (".compress.", "from", "file", Read),
    (".duckdb.", "inputFiles", "file", Read),
    ("", "uri", "url", Read),
    ("", "url", "url", Read),
    ("", "from", "file", Read),
];

/// Methods of HTTP that change something.
const CHANGING: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

/// What the tasks of a forecast read and write. Skipped tasks, and tasks that run only after a failure, do not count.
pub(super) fn of(flow: &Flow, tasks: &[Planned]) -> Vec<Touch> {
    let mut found = BTreeSet::new();
    collect(flow, tasks, &mut found);
    found.into_iter().collect()
}

fn collect(flow: &Flow, tasks: &[Planned], found: &mut BTreeSet<Touch>) {
    for planned in tasks {
        if matches!(planned.certainty, Certainty::Certain | Certainty::Maybe) {
            by_rules(planned, found);
            by_sql(planned, found);
            for key in keys(flow, &planned.task_id) {
                add(found, Read, "key", &key, planned);
            }
            if let Some(subflow) = &planned.subflow {
                found.extend(subflow.touches.iter().cloned());
            }
        }
        collect(flow, &planned.tasks, found);
    }
}

fn add(found: &mut BTreeSet<Touch>, access: Access, kind: &'static str, name: &str, planned: &Planned) {
    let name = name.trim().to_owned();
    if !name.is_empty() {
        found.insert(Touch { access, kind, name, task_id: planned.task_id.clone() });
    }
}

fn by_rules(planned: &Planned, found: &mut BTreeSet<Touch>) {
    let Some(properties) = planned.properties.as_object() else { return };
    let mut seen = BTreeSet::new();
    for (part, property, kind, access) in RULES {
        let is_flowable = planned.type_name.contains(".core.flow.");
        if is_flowable || !planned.type_name.contains(part) || !seen.insert(*property) {
            continue;
        }
        let changes = *kind == "url"
            && properties
                .get("method")
                .and_then(Json::as_str)
                .is_some_and(|method| CHANGING.contains(&method.to_uppercase().as_str()));
        let access = if changes { Write } else { *access };
        match properties.get(*property) {
            Some(Json::String(name)) => add(found, access, kind, name, planned),
            Some(Json::Array(names)) => {
                names
                    .iter()
                    .filter_map(Json::as_str)
                    .for_each(|name| add(found, access, kind, name, planned));
            }
            _ => {}
        }
    }
}

/// The tables and objects that SQL names.
fn by_sql(planned: &Planned, found: &mut BTreeSet<Touch>) {
    let Some(sql) = planned.properties.get("sql").and_then(Json::as_str) else { return };
    let (words, texts) = words(sql);
    for (access, name) in tables(&words) {
        add(found, access, "table", &name, planned);
    }
    for text in texts.iter().filter(|text| text.starts_with("gs://")) {
        add(found, Read, "object", text, planned);
    }
}

/// The words and the texts of statements. Comments are left out. An unknown part ‹…› belongs to its word or text.
fn words(sql: &str) -> (Vec<String>, Vec<String>) {
    let (mut words, mut texts) = (Vec::new(), Vec::new());
    let mut word = String::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_comment = letter == '-' && letters.peek() == Some(&'-');
        match letter {
            '\'' => {
                texts.push(until(&mut letters, '\''));
                words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
                // A text takes the place of a word, because `FROM 'trips.csv' WHERE` reads no table `WHERE`.
                words.push("'".to_owned());
            }
            '`' | '"' => word.push_str(&until(&mut letters, letter)),
            '‹' => {
                word.push(letter);
                word.push_str(&until(&mut letters, '›'));
                word.push('›');
            }
            _ if is_comment => drop(until(&mut letters, '\n')),
            letter if letter.is_whitespace() || "(),;".contains(letter) => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            letter => word.push(letter),
        }
        if is_comment && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    (words, texts)
}

/// The letters before the next `end`. An `end` inside of ‹…› does not count.
fn until(letters: &mut Peekable<Chars<'_>>, end: char) -> String {
    let mut text = String::new();
    let mut depth = 0_usize;
    for letter in letters {
        if letter == end && depth == 0 {
            break;
        }
        match letter {
            '‹' => depth += 1,
            '›' => depth = depth.saturating_sub(1),
            _ => {}
        }
        text.push(letter);
    }
    text
}

/// The tables that statements name, after the words that come before a table.
fn tables(words: &[String]) -> Vec<(Access, String)> {
    let lower = |at: Option<usize>| {
        at.and_then(|at| words.get(at)).map(|word| word.to_lowercase()).unwrap_or_default()
    };
    // `WITH name AS (…)`: such a name is not a table.
    let named: BTreeSet<String> =
        (1..words.len()).filter(|at| lower(Some(*at)) == "as").map(|at| lower(at.checked_sub(1))).collect();
    let mut found = Vec::new();
    for at in 0..words.len() {
        let access = match lower(Some(at)).as_str() {
            "from" if lower(at.checked_sub(1)) == "delete" => Write,
            "from" | "join" | "using" => Read,
            "into" | "update" | "table" | "view" => Write,
            _ => continue,
        };
        let is_filler = |next: &usize| ["if", "not", "exists"].contains(&lower(Some(*next)).as_str());
        let Some(next) = (at + 1..words.len()).find(|next| !is_filler(next)) else { continue };
        let Some(name) = words.get(next) else { continue };
        let is_name = name.starts_with(|first: char| first.is_alphabetic() || first == '_' || first == '‹');
        let is_keyword =
            ["select", "unnest", "set", "values", "lateral"].contains(&name.to_lowercase().as_str());
        let is_local = !name.contains('.') && named.contains(&name.to_lowercase());
        if is_name && !is_keyword && !is_local {
            found.push((access, name.clone()));
        }
    }
    found
}

/// The keys that the expressions of a task read with `kv()`, in the texts of variables too.
pub(super) fn keys(flow: &Flow, task: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    if let Some(task) = flow.task(task) {
        let mut seen = BTreeSet::new();
        let mut texts = own_properties(task);
        texts.insert("runIf".into(), serde_json::json!(task.run_if));
        keys_in(&Json::Object(texts), &flow.variables, &mut keys, &mut seen);
    }
    keys
}

fn keys_in(value: &Json, variables: &Map, keys: &mut BTreeSet<String>, seen: &mut BTreeSet<String>) {
    match value {
        Json::String(text) if text.contains('{') => {
            let found = references(text).unwrap_or_default();
            keys.extend(found.kv_keys);
            for path in found.paths.iter().filter(|path| path.path.first().is_some_and(|root| root == "vars"))
            {
                let Some(name) = path.path.get(1) else { continue };
                if seen.insert(name.clone())
                    && let Some(value) = variables.get(name)
                {
                    keys_in(value, variables, keys, seen);
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| keys_in(item, variables, keys, seen)),
        Json::Object(map) => map.values().for_each(|item| keys_in(item, variables, keys, seen)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_name_the_tables_that_they_read_and_write() {
        let sql = "CREATE TABLE IF NOT EXISTS `p.d.main` (a STRING); -- FROM nothing\n\
                   CREATE OR REPLACE EXTERNAL TABLE `p.d.x` (b INT64) OPTIONS (uris = ['gs://b/f.csv']);\n\
                   WITH t AS (SELECT * FROM d.src) MERGE INTO d.main M USING t ON M.a = t.a;\n\
                   DELETE FROM d.old; SELECT 'read from here' FROM UNNEST([1]) JOIN `‹kv('P')›.d.other`;\n\
                   SELECT * FROM 'trips.csv' WHERE a > 1";
        let (words, texts) = words(sql);
        assert_eq!(texts, ["gs://b/f.csv", "read from here", "trips.csv"]);
        let found = tables(&words).into_iter().map(|(access, name)| format!("{access:?} {name}"));
        let found: Vec<_> = found.collect();
        assert_eq!(
            found,
            [
                "Write p.d.main",
                "Write p.d.x",
                "Read d.src",
                "Write d.main",
                "Write d.old",
                "Read ‹kv('P')›.d.other"
            ]
        );
    }
}
