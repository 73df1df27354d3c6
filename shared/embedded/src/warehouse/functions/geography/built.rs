//! Functions that make a geography of a text or bytes with options, or of other geographies.
//!
//! To add a function, add a branch in [`call`], and a line in `sql/analyze/functions/geography.rs`.

use super::known::{Known, known};
use super::shape::{Geography, MakePolygon, oriented_polygon, polygon};
use super::{binary, geojson, measures, text};
use crate::warehouse::functions::Outcome;
use crate::warehouse::functions::bytes::{bytes, hex};
use std::rc::Rc;

/// Calls the function `name`, without `st_`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let outcome = match (name, arguments) {
        ("geogfromtext", [wkt, ..]) if wkt.trim_start().starts_with('{') => {
            Err("Invalid WKT: the text is GeoJSON. Use ST_GEOGFROMGEOJSON".to_owned())
        }
        ("geogfromtext", [wkt, options @ ..]) => {
            with_options(options, |polygon| text::read(wkt, polygon)).map(Some)
        }
        ("geogfromwkb", [digits, options @ ..]) => bytes(digits)
            .map_err(|_| "Invalid WKB: the text has other characters than hexadecimal digits".to_owned())
            .and_then(|bytes| with_options(options, |polygon| binary::read(&bytes, polygon)).map(Some)),
        ("geogfromgeojson", [json, make_valid @ ..]) => {
            let options = [&["false", "false"], make_valid].concat();
            with_options(&options, |_| geojson::read(json)).map(Some)
        }
        ("geogfrom", [any]) if is_digits(any) => return call("geogfromwkb", arguments),
        ("geogfrom", [any]) => known(any).map(|own| Some(own.text.clone())),
        ("asbinary", [own]) => known(own).map(|own| Some(hex(&binary::write(&own.geography)))),
        ("makepolygon", [shell, holes]) => make_polygon(shell, holes),
        ("centroid_agg", [list]) => several(list).and_then(|all| centroid(&all)),
        ("union" | "union_agg", [list]) => several(list).and_then(|all| union(&all)),
        _ => return None,
    };
    Some(outcome)
}

fn is_digits(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Reads a geography with the options `oriented`, `planar` and `make_valid`, of which the last ones may be missing.
fn with_options(
    options: &[&str],
    read: impl Fn(MakePolygon) -> Result<Geography, String>,
) -> Result<String, String> {
    let is_set = |index: usize| options.get(index) == Some(&"true");
    let (oriented, planar, make_valid) = (is_set(0), is_set(1), is_set(2));
    if oriented && planar {
        return Err("The options oriented and planar cannot both be TRUE".to_owned());
    }
    let own = read(if oriented { oriented_polygon } else { polygon }).map_err(|message| {
        if make_valid {
            format!("{message}. The embedded warehouse does not make such a geography valid")
        } else {
            message
        }
    })?;
    if planar {
        geojson::check_edges(&own)?;
    }
    Ok(text::write(&own))
}

/// The geographies in a JSON array.
fn several(list: &str) -> Result<Vec<Rc<Known>>, String> {
    let list: Vec<Option<String>> = serde_json::from_str(list).map_err(|error| error.to_string())?;
    list.iter().flatten().map(|own| known(own)).collect()
}

/// ST_MAKEPOLYGON of a line, and of the lines in a JSON array as its holes.
fn make_polygon(shell: &str, holes: &str) -> Outcome {
    let mut rings = Vec::new();
    for line in std::iter::once(known(shell)?).chain(several(holes)?) {
        let line =
            line.geography.single_line().ok_or("ST_MAKEPOLYGON needs geographies that are one line")?;
        rings.push(line.to_vec());
    }
    let polygons = vec![polygon(rings)?];
    let own = text::checked(Geography { polygons, ..Geography::default() })?;
    Ok(Some(text::write(&own)))
}

/// ST_CENTROID_AGG. A place that is there twice counts twice.
fn centroid(all: &[Rc<Known>]) -> Outcome {
    let mut own = Geography::default();
    for part in all {
        own.add(part.geography.clone());
    }
    match measures::centroid(&own)? {
        Some(place) => Ok(Some(text::write(&Geography::point(place)))),
        None => {
            Err("ST_CENTROID_AGG of empty geographies is not supported by the embedded warehouse".to_owned())
        }
    }
}

/// ST_UNION and ST_UNION_AGG.
fn union(all: &[Rc<Known>]) -> Outcome {
    let mut own = Geography::default();
    for part in all {
        if !part.geography.lines.is_empty() || !part.geography.polygons.is_empty() {
            return Err(
                "The union of lines and polygons is not supported by the embedded warehouse".to_owned()
            );
        }
        own.add(part.geography.clone());
    }
    Ok(Some(text::write(&text::checked(own)?)))
}
