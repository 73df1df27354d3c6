//! The file name of a download.

use reqwest::Url;
use segue_model::id::friendly_id;

/// `saveAs`, or else the name that the server gives, or else a name made from `seed` with the ending of the
/// URL (from its first dot: `trips.csv.gz` gives `.csv.gz`).
pub(crate) fn file_name(
    save_as: Option<&str>,
    disposition: Option<&str>,
    url: &Url,
    seed: &[&str],
) -> String {
    if let Some(name) = save_as.map(str::trim).filter(|name| !name.is_empty()) {
        return name.to_owned();
    }
    if let Some(name) = disposition.and_then(from_disposition) {
        return encoded(&name);
    }
    let last = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    let ending = last.split_once('.').map(|(_, ending)| encoded(ending)).filter(|ending| !ending.is_empty());
    match ending {
        Some(ending) => format!("{}.{ending}", friendly_id(seed)),
        None => friendly_id(seed),
    }
}

/// The file name in `attachment; filename="a b.csv"`. The form with a charset comes first (RFC 6266). Folders
/// are removed.
fn from_disposition(text: &str) -> Option<String> {
    let mut plain = None;
    for part in parts(text) {
        let Some((key, value)) = part.split_once('=') else { continue };
        let value = value.trim().trim_matches('"').replace("\\\"", "\"");
        match key.trim().to_ascii_lowercase().as_str() {
            "filename*" => {
                let coded = value.splitn(3, '\'').nth(2)?.to_owned();
                let name = percent_encoding::percent_decode_str(&coded).decode_utf8_lossy().into_owned();
                return base_name(&name);
            }
            "filename" => plain = base_name(&value),
            _ => {}
        }
    }
    plain
}

/// The parts between semicolons that are not in quotes.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for letter in text.chars() {
        match letter {
            ';' if !quoted => {
                parts.push(String::new());
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

fn base_name(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    (!name.is_empty() && name != "." && name != "..").then(|| name.to_owned())
}

/// The name, encoded like a form field.
fn encoded(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(save_as: Option<&str>, disposition: Option<&str>, url: &str, expect: &str) {
        let random = friendly_id(&["seed"]);
        let name = file_name(save_as, disposition, &Url::parse(url).unwrap(), &["seed"]);
        assert_eq!(name.replace(&random, "<random>"), expect);
    }

    #[test]
    fn names() {
        check(Some("mine.csv"), Some("attachment; filename=x.csv"), "http://h/y.csv", "mine.csv");
        check(None, Some("attachment; filename=\"a;b c.csv\""), "http://h/y.csv", "a%3Bb+c.csv");
        check(
            None,
            Some("attachment; filename=x; filename*=UTF-8''%e2%82%ac.csv"),
            "http://h/",
            "%E2%82%AC.csv",
        );
        check(None, Some("attachment; filename=\"../../etc/passwd\""), "http://h/", "passwd");
        check(None, Some("inline"), "http://h/dir/yellow_2021-01.csv.gz?sig=1", "<random>.csv.gz");
        check(None, None, "http://h/download", "<random>");
        check(None, None, "http://h/", "<random>");
        check(Some(" "), Some("attachment; filename=\"..\""), "http://h/a.", "<random>");
    }
}
