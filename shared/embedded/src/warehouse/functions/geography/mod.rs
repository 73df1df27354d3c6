//! Functions of GEOGRAPHY, on a sphere with geodesic edges, as BigQuery has them. The predicates and measures of points and
//! edges are those of the S2 library.
//!
//! The value of a GEOGRAPHY is its WKT. What is not sure to be BigQuery's answer is an error that says so: polygons that
//! are larger than a half of the Earth, several polygons that cover a geography together, and GeoJSON with edges so long
//! that BigQuery divides them.
//!
//! To add a function, add a branch in [`call`], and a line in `sql/analyze/functions/geography.rs`.

mod binary;
mod built;
mod geohash;
mod geojson;
mod known;
mod lines;
mod measures;
mod relations;
mod shape;
mod text;

use super::{Outcome, integer};
use known::known;
use measures::RADIUS;
use shape::{Geography, Position};

/// Calls the function `name`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let name = name.strip_prefix("st_")?;
    Some(
        built::call(name, arguments)
            .or_else(|| lines::call(name, arguments))
            .or_else(|| constructed(name, arguments))
            .or_else(|| described(name, arguments))
            .unwrap_or_else(|| of_two(name, arguments)),
    )
}

/// Functions that make a geography.
fn constructed(name: &str, arguments: &[&str]) -> Option<Outcome> {
    Some(match (name, arguments) {
        ("geogpoint", [longitude, latitude]) => {
            float(longitude).and_then(|longitude| Position::new(longitude, float(latitude)?)).map(point)
        }
        ("geogpointfromgeohash", [hash]) => geohash::read(hash).map(point),
        ("makeline", [list]) => make_line(list),
        ("centroid", [own]) => known(own).and_then(|own| {
            Ok(match measures::centroid(&own.geography)? {
                Some(place) => point(place),
                None => Some(text::write(&Geography::default())),
            })
        }),
        ("startpoint", [own]) => vertex(own, 1),
        ("endpoint", [own]) => vertex(own, -1),
        ("pointn", [own, index]) => integer(index).and_then(|index| vertex(own, index)),
        ("exteriorring", [own]) => rings(own).map(|rings| rings.into_iter().next()),
        ("interiorrings", [own]) => rings(own).map(|rings| {
            Some(serde_json::Value::from(rings.into_iter().skip(1).collect::<Vec<_>>()).to_string())
        }),
        ("dump", [own]) => {
            known(own).map(|own| Some(serde_json::Value::from(parts(&own.geography, -1)).to_string()))
        }
        ("dump", [own, dimension]) => known(own).and_then(|own| {
            Ok(Some(serde_json::Value::from(parts(&own.geography, integer(dimension)?)).to_string()))
        }),
        _ => return None,
    })
}

/// Functions that say something about one geography.
fn described(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let (own, rest) = arguments.split_first()?;
    let own = match known(own) {
        Ok(own) => own,
        Err(message) => return Some(Err(message)),
    };
    let shape = &own.geography;
    let on_sphere = match rest {
        [spheroid] if matches!(name, "area" | "length" | "perimeter") => *spheroid == "false",
        [] => true,
        _ => name == "geohash",
    };
    if !on_sphere {
        return matches!(name, "area" | "length" | "perimeter")
            .then(|| Err(format!("ST_{} supports use_spheroid => FALSE only", name.to_uppercase())));
    }
    let single =
        || shape.single_point().ok_or_else(|| format!("ST_{} needs a single point", name.to_uppercase()));
    let outcome = match name {
        "astext" => Ok(own.text.clone()),
        "asgeojson" => geojson::write(shape),
        "x" => single().map(|place| place.longitude.to_string()),
        "y" => single().map(|place| place.latitude.to_string()),
        "area" => Ok(measures::area(shape).to_string()),
        "length" => Ok(measures::length(shape).to_string()),
        "perimeter" => Ok(measures::perimeter(shape).to_string()),
        "dimension" => Ok(shape.dimension().map_or(-1, i64::from).to_string()),
        "geometrytype" => Ok(kind(shape).to_owned()),
        "isempty" => Ok((shape.count() == 0).to_string()),
        "iscollection" => Ok((shape.count() > 1).to_string()),
        "isclosed" => Ok(is_closed(shape).to_string()),
        "numgeometries" => Ok(shape.count().to_string()),
        "numpoints" => {
            // The first vertex of a ring counts again as its last one.
            let rings: usize = shape.polygons.iter().map(|polygon| polygon.rings.len()).sum();
            Ok((shape.vertices().count() + rings).to_string())
        }
        "geohash" if shape.count() == 0 => return Some(Ok(None)),
        "geohash" => single().and_then(|place| {
            let length = rest.first().map_or(Ok(20), |length| integer(length))?;
            geohash::write(place, length)
        }),
        _ => return None,
    };
    Some(outcome.map(Some))
}

/// Functions of two geographies.
fn of_two(name: &str, arguments: &[&str]) -> Outcome {
    let [left, right, rest @ ..] = arguments else {
        return Err(format!("The warehouse has no function st_{name}"));
    };
    let (left, right) = (known(left)?, known(right)?);
    let (left, right) = (&left.geography, &right.geography);
    if rest.last() == Some(&"true") {
        return Err(format!(
            "ST_{} with use_spheroid => TRUE is not supported by the embedded warehouse",
            name.to_uppercase()
        ));
    }
    let metres = |angle: Option<f64>| angle.map(|angle| (angle * RADIUS).to_string());
    Ok(match name {
        "distance" => metres(relations::distance(left, right)),
        "maxdistance" => metres(relations::max_distance(left, right)),
        "dwithin" => {
            let limit = float(rest.first().copied().unwrap_or_default())?;
            let own = relations::distance(left, right).is_some_and(|angle| angle * RADIUS <= limit);
            Some(own.to_string())
        }
        "covers" => Some(relations::covers(left, right)?.to_string()),
        "contains" => Some(relations::contains(left, right)?.to_string()),
        "touches" => Some(relations::touches(left, right)?.to_string()),
        "intersects" => Some(relations::intersects(left, right)?.to_string()),
        "equals" => {
            let empty = left.count() == 0 && right.count() == 0;
            let same = empty || (relations::covers(left, right)? && relations::covers(right, left)?);
            Some(same.to_string())
        }
        "azimuth" => match (left.single_point(), right.single_point()) {
            (Some(from), Some(to)) => measures::azimuth(from, to).map(|angle| angle.to_string()),
            _ => return Err("ST_AZIMUTH needs two single points".to_owned()),
        },
        _ => return Err(format!("The warehouse has no function st_{name}")),
    })
}

fn float(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("Bad double value: {text}"))
}

fn point(place: Position) -> Option<String> {
    Some(text::write(&Geography::point(place)))
}

/// ST_MAKELINE of the geographies in a JSON array.
fn make_line(list: &str) -> Outcome {
    let list: Vec<Option<String>> = serde_json::from_str(list).map_err(|error| error.to_string())?;
    let Some(list) = list.into_iter().collect::<Option<Vec<String>>>() else { return Ok(None) };
    let mut vertices = Vec::new();
    for own in list {
        let own = known(&own)?;
        match (own.geography.single_point(), own.geography.single_line()) {
            (Some(place), _) => vertices.push(*place),
            (None, Some(line)) => vertices.extend_from_slice(line),
            (None, None) => {
                return Err("ST_MAKELINE needs geographies that are one point or one line".to_owned());
            }
        }
    }
    Ok(Some(text::write(&shape::line(vertices)?)))
}

/// The vertex with this index of a line. Negative ones count from the end.
fn vertex(own: &str, index: i64) -> Outcome {
    let own = known(own)?;
    let line = own.geography.single_line().ok_or("The geography must be one line")?;
    let count = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    let place = match index {
        1.. => line.get(count - 1),
        0 => None,
        _ => line.len().checked_sub(count).and_then(|index| line.get(index)),
    };
    place.map(|place| point(*place)).ok_or_else(|| format!("The line has no vertex {index}"))
}

/// The rings of a polygon as lines. The inside of each line is on the left.
fn rings(own: &str) -> Result<Vec<String>, String> {
    let own = known(own)?;
    let polygon = match own.geography.polygons.as_slice() {
        [polygon] if own.geography.count() == 1 => polygon,
        _ => return Err("The geography must be one polygon".to_owned()),
    };
    let lines = polygon.rings.iter().enumerate().map(|(index, ring)| {
        let mut line = ring.clone();
        if index > 0 {
            line.reverse();
        }
        line.extend(line.first().copied());
        text::write(&Geography::line(line))
    });
    Ok(lines.collect())
}

/// The points, lines and polygons of a geography: those of one dimension, or all for -1.
fn parts(own: &Geography, dimension: i64) -> Vec<String> {
    let polygon =
        |polygon: &shape::Polygon| Geography { polygons: vec![polygon.clone()], ..Geography::default() };
    own.points
        .iter()
        .map(|place| Geography::point(*place))
        .chain(own.lines.iter().map(|line| Geography::line(line.clone())))
        .chain(own.polygons.iter().map(polygon))
        .filter(|part| dimension == -1 || part.dimension().map(i64::from) == Some(dimension))
        .map(|part| text::write(&part))
        .collect()
}

fn kind(own: &Geography) -> &'static str {
    match (own.points.len(), own.lines.len(), own.polygons.len()) {
        (1, 0, 0) => "ST_Point",
        (2.., 0, 0) => "ST_MultiPoint",
        (0, 1, 0) => "ST_LineString",
        (0, 2.., 0) => "ST_MultiLineString",
        (0, 0, 1) => "ST_Polygon",
        (0, 0, 2..) => "ST_MultiPolygon",
        _ => "ST_GeometryCollection",
    }
}

fn is_closed(own: &Geography) -> bool {
    let closed = |line: &Vec<Position>| match (line.first(), line.last()) {
        (Some(first), Some(last)) => first.point == last.point,
        _ => false,
    };
    own.count() > 0 && own.polygons.is_empty() && own.lines.iter().all(closed)
}
