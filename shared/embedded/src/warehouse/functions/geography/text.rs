//! Geographies as WKT. The value of a GEOGRAPHY is its WKT, as BigQuery prints it.

use super::relations;
use super::shape::{Geography, MakePolygon, Polygon, Position, check_polygons, line};
use s2::cellid::CellID;
use std::str::FromStr as _;
use wkt::Wkt;
use wkt::types::{Coord, Polygon as WktPolygon};

/// How many collections may be in each other.
const DEEPEST: usize = 50;

/// Reads WKT. `polygon` makes a polygon of its rings.
pub(super) fn read(text: &str, polygon: MakePolygon) -> Result<Geography, String> {
    if text.to_ascii_uppercase().matches("COLLECTION").count() > DEEPEST {
        return Err(format!("Invalid WKT: it has more than {DEEPEST} collections"));
    }
    let parsed: Wkt<f64> = Wkt::from_str(text.trim()).map_err(|error| format!("Invalid WKT: {error}"))?;
    let mut own = Geography::default();
    add(&parsed, polygon, &mut own)?;
    checked(own)
}

/// The geography, if its polygons are valid together.
pub(super) fn checked(mut own: Geography) -> Result<Geography, String> {
    // BigQuery keeps points in the order of the cells of the Earth in which they lie, each once.
    own.points.sort_by_key(|place| CellID::from(&place.point));
    own.points.dedup_by(|left, right| left.point == right.point);
    check_polygons(&own.polygons)?;
    relations::check_nesting(&own.polygons)?;
    Ok(own)
}

fn add(parsed: &Wkt<f64>, polygon: MakePolygon, own: &mut Geography) -> Result<(), String> {
    match parsed {
        Wkt::Point(point) => own.points.extend(point.coord().map(place).transpose()?),
        Wkt::MultiPoint(points) => {
            for point in points.points() {
                own.points.extend(point.coord().map(place).transpose()?);
            }
        }
        Wkt::LineString(single) => own.add(line(places(single.coords())?)?),
        Wkt::MultiLineString(lines) => {
            for single in lines.line_strings() {
                own.add(line(places(single.coords())?)?);
            }
        }
        Wkt::Polygon(single) => own.polygons.extend(of_rings(single, polygon)?),
        Wkt::MultiPolygon(polygons) => {
            for single in polygons.polygons() {
                own.polygons.extend(of_rings(single, polygon)?);
            }
        }
        Wkt::GeometryCollection(parts) => {
            for part in parts.geometries() {
                add(part, polygon, own)?;
            }
        }
    }
    Ok(())
}

fn of_rings(parsed: &WktPolygon<f64>, polygon: MakePolygon) -> Result<Option<Polygon>, String> {
    let rings: Vec<Vec<Position>> =
        parsed.rings().iter().map(|ring| places(ring.coords())).collect::<Result<_, _>>()?;
    if rings.is_empty() { Ok(None) } else { polygon(rings).map(Some) }
}

fn places(coordinates: &[Coord<f64>]) -> Result<Vec<Position>, String> {
    coordinates.iter().map(place).collect()
}

fn place(coordinate: &Coord<f64>) -> Result<Position, String> {
    if coordinate.z.is_some() || coordinate.m.is_some() {
        return Err("Invalid WKT: a place has a longitude and a latitude only, no Z and no M".to_owned());
    }
    Position::new(coordinate.x, coordinate.y)
}

/// Writes WKT.
pub(super) fn write(own: &Geography) -> String {
    let mut kinds: Vec<String> = Vec::new();
    let mut add = |name: &str, parts: Vec<String>| match parts.as_slice() {
        [] => {}
        [single] => kinds.push(format!("{name}{single}")),
        _ if name == "POINT" => {
            let inner: Vec<&str> = parts.iter().map(|part| part.trim_matches(['(', ')'])).collect();
            kinds.push(format!("MULTIPOINT({})", inner.join(", ")));
        }
        parts => kinds.push(format!("MULTI{name}({})", parts.join(", "))),
    };
    add("POINT", own.points.iter().map(|place| list(std::slice::from_ref(place), false)).collect());
    add("LINESTRING", own.lines.iter().map(|line| list(line, false)).collect());
    let rings = |polygon: &Polygon| {
        let rings: Vec<String> = polygon.rings.iter().map(|ring| list(ring, true)).collect();
        format!("({})", rings.join(", "))
    };
    add("POLYGON", own.polygons.iter().map(rings).collect());
    match kinds.as_slice() {
        [] => "GEOMETRYCOLLECTION EMPTY".to_owned(),
        [single] => single.clone(),
        several => format!("GEOMETRYCOLLECTION({})", several.join(", ")),
    }
}

/// `(1 2, 3 4)`, with the first place again at the end of a ring.
fn list(places: &[Position], is_ring: bool) -> String {
    let closing = if is_ring { places.first() } else { None };
    let texts: Vec<String> = places
        .iter()
        .chain(closing)
        .map(|place| format!("{} {}", number(place.longitude), number(place.latitude)))
        .collect();
    format!("({})", texts.join(", "))
}

/// A number with at most 15 digits.
pub(super) fn number(value: f64) -> String {
    let scientific = format!("{value:.14e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if exponent < -4 {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!(
            "{}e{sign}{:02}",
            mantissa.trim_end_matches('0').trim_end_matches('.'),
            exponent.abs()
        );
    }
    let digits = usize::try_from(14 - exponent).unwrap_or_default();
    let fixed = format!("{value:.digits$}");
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() } else { fixed }
}
