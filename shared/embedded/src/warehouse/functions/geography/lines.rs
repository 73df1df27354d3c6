//! Functions of single points and lines: places on a line, angles, cells of the Earth.
//!
//! To add a function, add a branch in [`call`], and a line in `sql/analyze/functions/geography.rs`.

use super::known::known;
use super::shape::{Geography, Position, line_edges};
use super::{float, measures, relations, text};
use crate::warehouse::functions::{Outcome, integer};
use s2::cellid::CellID;
use s2::edge_crossings::{Crossing, crossing_sign};
use s2::edgeutil::{distance_from_segment, interpolate};
use s2::point::Point;
use std::f64::consts::TAU;

/// Calls the function `name`, without `st_`. `None` if it is in another module.
pub(super) fn call(name: &str, arguments: &[&str]) -> Option<Outcome> {
    Some(match (name, arguments) {
        ("lineinterpolatepoint", [line, fraction]) => interpolated(line, fraction),
        ("linelocatepoint", [line, place]) => located(line, place),
        ("isring", [own]) => is_ring(own),
        ("angle", [first, middle, last]) => angle([first, middle, last]),
        ("cellid", [place, level]) => cell(place, level),
        _ => return None,
    })
}

/// The vertices of a geography that is one line.
fn vertices(own: &str, function: &str) -> Result<Vec<Position>, String> {
    let own = known(own)?;
    let line = own
        .geography
        .single_line()
        .ok_or_else(|| format!("{function} needs a geography that is one line"))?;
    Ok(line.to_vec())
}

fn single(own: &str, function: &str) -> Result<Position, String> {
    let own = known(own)?;
    own.geography.single_point().copied().ok_or_else(|| format!("{function} needs single points"))
}

/// The length of each edge as an angle.
fn lengths(line: &[Position]) -> Vec<f64> {
    line_edges(line).map(|(from, to)| from.distance(to).rad()).collect()
}

/// ST_LINEINTERPOLATEPOINT: the place after a fraction of a line.
fn interpolated(line: &str, fraction: &str) -> Outcome {
    let line = vertices(line, "ST_LINEINTERPOLATEPOINT")?;
    let fraction = float(fraction)?;
    if !(0.0..=1.0).contains(&fraction) {
        return Err(format!(
            "The fraction of ST_LINEINTERPOLATEPOINT must be between 0 and 1, but is {fraction}"
        ));
    }
    let lengths = lengths(&line);
    let mut left = fraction * lengths.iter().sum::<f64>();
    let mut place = if fraction == 0.0 { line.first().copied() } else { line.last().copied() };
    if fraction > 0.0 && fraction < 1.0 {
        for ((from, to), length) in line_edges(&line).zip(&lengths) {
            if left <= *length {
                place = Some(Position::of(interpolate(left / length, from, to).0)?);
                break;
            }
            left -= length;
        }
    }
    Ok(place.map(|place| text::write(&Geography::point(place))))
}

/// ST_LINELOCATEPOINT: the fraction of a line up to the place on it that is nearest to a point.
fn located(line: &str, place: &str) -> Outcome {
    let line = vertices(line, "ST_LINELOCATEPOINT")?;
    let place = single(place, "ST_LINELOCATEPOINT")?.point;
    let lengths = lengths(&line);
    let (mut before, mut nearest) = (0.0, (f64::INFINITY, 0.0));
    for ((from, to), length) in line_edges(&line).zip(&lengths) {
        let apart = distance_from_segment(&place, from, to).rad();
        if apart < nearest.0 {
            nearest = (apart, before + along(&place, from, to).min(*length));
        }
        before += length;
    }
    Ok(Some((nearest.1 / before).to_string()))
}

/// How far along an edge its nearest place to a point is, as an angle.
fn along(place: &Point, from: &Point, to: &Point) -> f64 {
    let normal = from.0.cross(&to.0).normalize();
    let foot = place.0 - normal * place.0.dot(&normal);
    let inside = normal.cross(&from.0).dot(&foot) > 0.0 && foot.dot(&normal.cross(&to.0)) < 0.0;
    if inside {
        from.distance(&Point(foot.normalize())).rad()
    } else if place.distance(from) <= place.distance(to) {
        0.0
    } else {
        f64::INFINITY
    }
}

/// ST_ISRING: whether a geography is one line that ends where it begins, and meets itself nowhere else.
fn is_ring(own: &str) -> Outcome {
    let own = known(own)?;
    let Some(line) = own.geography.single_line() else { return Ok(Some("false".to_owned())) };
    let Some((last, open)) = line.split_last() else { return Ok(Some("false".to_owned())) };
    let is_closed = open.first().is_some_and(|first| first.point == last.point);
    let is_twice = open
        .iter()
        .enumerate()
        .any(|(index, place)| open.iter().skip(index + 1).any(|other| other.point == place.point));
    if !is_closed || is_twice {
        return Ok(Some("false".to_owned()));
    }
    let edges: Vec<(&Point, &Point)> = line_edges(line).collect();
    for (a, b) in &edges {
        for (c, d) in &edges {
            if crossing_sign(a, b, c, d) == Crossing::Cross {
                return Ok(Some("false".to_owned()));
            }
        }
        let others = open.iter().filter(|place| place.point != **a && place.point != **b);
        for place in others {
            relations::check_apart(distance_from_segment(&place.point, a, b).rad())?;
        }
    }
    Ok(Some("true".to_owned()))
}

/// ST_ANGLE: from the first place to the last one, clockwise around the middle one.
fn angle(places: [&str; 3]) -> Outcome {
    let [first, middle, last] = places.map(|place| single(place, "ST_ANGLE"));
    let (first, middle, last) = (first?, middle?, last?);
    let from = measures::azimuth(&middle, &first);
    let to = measures::azimuth(&middle, &last);
    Ok(from.zip(to).map(|(from, to)| (to - from).rem_euclid(TAU).to_string()))
}

/// S2_CELLIDFROMPOINT: the number of the cell of the Earth that a point is in, with the bits of a signed number.
fn cell(place: &str, level: &str) -> Outcome {
    let place = single(place, "S2_CELLIDFROMPOINT")?;
    let level = integer(level)?;
    match u64::try_from(level) {
        Ok(level @ 0..=30) => Ok(Some(CellID::from(&place.point).parent(level).0.cast_signed().to_string())),
        _ => Err(format!("The level of S2_CELLIDFROMPOINT must be between 0 and 30, but is {level}")),
    }
}
