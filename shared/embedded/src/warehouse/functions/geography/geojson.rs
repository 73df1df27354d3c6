//! Geographies as GeoJSON. Its edges are straight lines on a map, and those of a geography are the shortest on the Earth.
//!
//! BigQuery adds vertices to an edge if the two lines are more than ten metres apart. Such an edge is refused here.

use super::shape::{Geography, Polygon, Position, line, polygon};
use super::text::{checked, number};
use s2::edgeutil::distance_from_segment;
use serde_json::Value;

/// The greatest distance in metres between the two lines. It is less than ten, because BigQuery estimates the distance.
const APART: f64 = 9.5;

/// Reads a geometry of GeoJSON.
pub(super) fn read(text: &str) -> Result<Geography, String> {
    let parsed: Value = serde_json::from_str(text).map_err(|error| format!("Invalid GeoJSON: {error}"))?;
    let mut own = Geography::default();
    add(&parsed, &mut own)?;
    check_edges(&own)?;
    checked(own)
}

/// Refuses a geography with edges that take another way on a map than on the Earth.
pub(super) fn check_edges(own: &Geography) -> Result<(), String> {
    for line in &own.lines {
        check(line, false)?;
    }
    for ring in own.polygons.iter().flat_map(|polygon| &polygon.rings) {
        check(ring, true)?;
    }
    Ok(())
}

fn wrong(what: &str) -> String {
    format!("Invalid GeoJSON: {what}")
}

fn add(parsed: &Value, own: &mut Geography) -> Result<(), String> {
    let kind =
        parsed.get("type").and_then(Value::as_str).ok_or_else(|| wrong("the member 'type' is missing"))?;
    if kind == "GeometryCollection" {
        for part in items(parsed.get("geometries"), "geometries")? {
            add(part, own)?;
        }
        return Ok(());
    }
    let coordinates = items(parsed.get("coordinates"), "coordinates")?;
    match kind {
        "Point" => own.points.push(place(parsed.get("coordinates"))?),
        "MultiPoint" => own.points.extend(places(coordinates)?),
        "LineString" => own.add(line(places(coordinates)?)?),
        "MultiLineString" => {
            for single in coordinates {
                own.add(line(places(items(Some(single), "coordinates")?)?)?);
            }
        }
        "Polygon" => own.polygons.push(of_rings(coordinates)?),
        "MultiPolygon" => {
            for single in coordinates {
                own.polygons.push(of_rings(items(Some(single), "coordinates")?)?);
            }
        }
        other => return Err(wrong(&format!("'{other}' is no type of a geometry"))),
    }
    Ok(())
}

fn items<'v>(value: Option<&'v Value>, name: &str) -> Result<&'v Vec<Value>, String> {
    value.and_then(Value::as_array).ok_or_else(|| wrong(&format!("the array '{name}' is missing")))
}

fn of_rings(rings: &[Value]) -> Result<Polygon, String> {
    let rings = rings.iter().map(|ring| places(items(Some(ring), "coordinates")?));
    polygon(rings.collect::<Result<_, _>>()?)
}

fn places(values: &[Value]) -> Result<Vec<Position>, String> {
    values.iter().map(|value| place(Some(value))).collect()
}

fn place(value: Option<&Value>) -> Result<Position, String> {
    match items(value, "coordinates")?.as_slice() {
        [longitude, latitude] => match (longitude.as_f64(), latitude.as_f64()) {
            (Some(longitude), Some(latitude)) => Position::new(longitude, latitude),
            _ => Err(wrong("a coordinate is no number")),
        },
        _ => Err(wrong("a position must have a longitude and a latitude only")),
    }
}

/// Refuses edges that BigQuery divides.
fn check(vertices: &[Position], is_ring: bool) -> Result<(), String> {
    let next = vertices.iter().cycle().skip(1);
    let count = if is_ring { vertices.len() } else { vertices.len().saturating_sub(1) };
    for (from, to) in vertices.iter().zip(next).take(count) {
        let (wide, high) = (to.longitude - from.longitude, to.latitude - from.latitude);
        let apart = |share: f64| -> Result<f64, String> {
            let own = Position::new(from.longitude + share * wide, from.latitude + share * high)?;
            Ok(distance_from_segment(&own.point, &from.point, &to.point).rad() * super::measures::RADIUS)
        };
        let mut most = 0.0_f64;
        for share in [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8] {
            most = most.max(apart(share)?);
        }
        if wide.abs() > 180.0 || most > APART {
            return Err(format!(
                "The edge from {} {} to {} {} is not supported in GeoJSON by the embedded warehouse: on a map and on the Earth it takes different ways",
                number(from.longitude),
                number(from.latitude),
                number(to.longitude),
                number(to.latitude)
            ));
        }
    }
    Ok(())
}

/// Writes GeoJSON.
pub(super) fn write(own: &Geography) -> Result<String, String> {
    for line in &own.lines {
        check(line, false)?;
    }
    for ring in own.polygons.iter().flat_map(|polygon| &polygon.rings) {
        check(ring, true)?;
    }
    let mut kinds: Vec<String> = Vec::new();
    let mut add = |name: &str, parts: Vec<String>| match parts.as_slice() {
        [] => {}
        [single] => kinds.push(format!("{{ \"type\": \"{name}\", \"coordinates\": {single} }}")),
        parts => {
            kinds.push(format!("{{ \"type\": \"Multi{name}\", \"coordinates\": [{}] }}", parts.join(", ")))
        }
    };
    add("Point", own.points.iter().map(coordinates).collect());
    add("LineString", own.lines.iter().map(|line| list(line, false)).collect());
    let rings = |polygon: &Polygon| {
        let rings: Vec<String> = polygon.rings.iter().map(|ring| list(ring, true)).collect();
        format!("[{}]", rings.join(", "))
    };
    add("Polygon", own.polygons.iter().map(rings).collect());
    Ok(match kinds.as_slice() {
        [single] => single.clone(),
        several => {
            format!("{{ \"type\": \"GeometryCollection\", \"geometries\": [{}] }}", several.join(", "))
        }
    })
}

fn coordinates(place: &Position) -> String {
    format!("[{}, {}]", number(place.longitude), number(place.latitude))
}

fn list(places: &[Position], is_ring: bool) -> String {
    let closing = if is_ring { places.first() } else { None };
    let texts: Vec<String> = places.iter().chain(closing).map(coordinates).collect();
    format!("[{}]", texts.join(", "))
}
