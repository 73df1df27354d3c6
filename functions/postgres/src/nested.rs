//! Reads the server's texts of arrays and of `hstore`.

use segue_model::{Json, Map};
use std::iter::Peekable;
use std::str::Chars;

/// `{1,NULL,"a b"}` as a list, each item converted. None if the text is not an array.
pub(crate) fn array(text: &str, item: &dyn Fn(&str) -> Json) -> Option<Json> {
    // Unusual bounds stand before the items: [0:1]={a,b}
    let items = if text.starts_with('[') { text.split_once('=')?.1 } else { text };
    let mut rest = items.chars().peekable();
    let list = list(&mut rest, item)?;
    rest.next().is_none().then_some(list)
}

fn list(rest: &mut Peekable<Chars<'_>>, item: &dyn Fn(&str) -> Json) -> Option<Json> {
    rest.next_if_eq(&'{')?;
    let mut items = Vec::new();
    if rest.next_if_eq(&'}').is_some() {
        return Some(Json::Array(items));
    }
    loop {
        items.push(match rest.peek()? {
            '{' => list(rest, item)?,
            '"' => item(&quoted(rest)?),
            _ => match plain(rest, &[',', ';', '}']).as_str() {
                "NULL" => Json::Null,
                text => item(text),
            },
        });
        match rest.next()? {
            '}' => return Some(Json::Array(items)),
            // The boxes of an array are separated by semicolons.
            ',' | ';' => {}
            _ => return None,
        }
    }
}

/// `"a"=>"1", "b"=>NULL` as a map.
pub(crate) fn hstore(text: &str) -> Option<Json> {
    let mut rest = text.chars().peekable();
    let mut map = Map::new();
    while rest.peek().is_some() {
        let key = quoted(&mut rest)?;
        rest.next_if_eq(&'=')?;
        rest.next_if_eq(&'>')?;
        let value = match rest.peek()? {
            '"' => Json::String(quoted(&mut rest)?),
            _ => (plain(&mut rest, &[',']) == "NULL").then_some(Json::Null)?,
        };
        map.insert(key, value);
        while rest.next_if(|c| matches!(c, ',' | ' ')).is_some() {}
    }
    Some(Json::Object(map))
}

fn quoted(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    rest.next_if_eq(&'"')?;
    let mut text = String::new();
    loop {
        match rest.next()? {
            '"' => return Some(text),
            '\\' => text.push(rest.next()?),
            c => text.push(c),
        }
    }
}

fn plain(rest: &mut Peekable<Chars<'_>>, ends: &[char]) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next_if(|c| !ends.contains(c)) {
        if c != '\\' {
            text.push(c);
        } else if let Some(escaped) = rest.next() {
            text.push(escaped);
        }
    }
    text
}

/// A list in the form that the server reads.
pub(crate) fn array_text(items: &[Json], item: &dyn Fn(&Json) -> Option<String>) -> String {
    let texts = items.iter().map(|value| match value {
        Json::Array(inner) => array_text(inner, item),
        value => item(value).map_or_else(
            || "NULL".to_owned(),
            |text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
        ),
    });
    format!("{{{}}}", texts.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(text: &str) -> Option<Json> {
        array(text, &|text| json!(text))
    }

    #[test]
    fn arrays() {
        assert_eq!(texts("{}").unwrap(), json!([]));
        assert_eq!(
            texts(r#"{a,NULL,"NULL","x \"y\", \\ z",é}"#).unwrap(),
            json!(["a", null, "NULL", "x \"y\", \\ z", "é"])
        );
        assert_eq!(texts("{{1,2},{3,4}}").unwrap(), json!([["1", "2"], ["3", "4"]]));
        assert_eq!(texts("[0:1]={a,b}").unwrap(), json!(["a", "b"]));
        assert_eq!(
            texts("{(1,1)}").unwrap(),
            json!(["(1", "1)"]),
            "a point needs quotes, and the server writes them"
        );
        for wrong in ["", "a", "{", "{a", "{a}b", "{\"a}", "{\"a\"b}"] {
            assert_eq!(texts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn maps() {
        assert_eq!(hstore(r#""a"=>"1", "b"=>nothing"#), None);
        assert_eq!(
            hstore(r#""a"=>"1", "b c"=>NULL, "q\""=>"x""#).unwrap(),
            json!({"a": "1", "b c": null, "q\"": "x"})
        );
        assert_eq!(hstore("").unwrap(), json!({}));
    }

    #[test]
    fn lists_are_written_as_the_server_reads_them() {
        let of = |value: &Json| value.as_str().map(ToOwned::to_owned);
        let list = json!(["a\"\\", null, ["b"]]);
        let text = array_text(list.as_array().unwrap(), &of);
        assert_eq!(text, r#"{"a\"\\",NULL,{"b"}}"#);
        assert_eq!(texts(&text).unwrap(), list);
    }
}
