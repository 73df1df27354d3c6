//! Area, length and centre of a geography, on a sphere with the mean radius of the Earth.

use super::shape::{Geography, Position, line_edges, ring_edges, signed_area, signed_triangle};
use s2::point::{Point, true_centroid};
use s2::r3::vector::Vector;

/// The radius of the Earth in metres, as BigQuery has it.
pub(super) const RADIUS: f64 = 6_371_010.0;

/// ST_AREA in square metres.
pub(super) fn area(own: &Geography) -> f64 {
    let rings = own.polygons.iter().flat_map(|polygon| &polygon.rings);
    // The left side of a hole is its outside, so its area is negative.
    rings.map(|ring| signed_area(ring)).sum::<f64>() * RADIUS * RADIUS
}

/// ST_LENGTH in metres.
pub(super) fn length(own: &Geography) -> f64 {
    total(own.lines.iter().flat_map(|line| line_edges(line)))
}

/// ST_PERIMETER in metres.
pub(super) fn perimeter(own: &Geography) -> f64 {
    let rings = own.polygons.iter().flat_map(|polygon| &polygon.rings);
    total(rings.flat_map(|ring| ring_edges(ring)))
}

fn total<'p>(edges: impl Iterator<Item = (&'p Point, &'p Point)>) -> f64 {
    edges.map(|(from, to)| from.distance(to).rad()).sum::<f64>() * RADIUS
}

/// ST_CENTROID: of the parts of the greatest dimension. `None` if the geography is empty.
pub(super) fn centroid(own: &Geography) -> Result<Option<Position>, String> {
    let mut sum = Vector::default();
    match own.dimension() {
        None => return Ok(None),
        Some(0) => own.points.iter().for_each(|place| sum = sum + place.point.0),
        Some(1) => {
            for (from, to) in own.lines.iter().flat_map(|line| line_edges(line)) {
                // The middle of the edge, as long as the edge.
                sum = sum + (from.0 + to.0).normalize() * from.distance(to).rad();
            }
        }
        Some(_) => {
            for ring in own.polygons.iter().flat_map(|polygon| &polygon.rings) {
                let Some((first, rest)) = ring.split_first() else { continue };
                for (from, to) in line_edges(rest) {
                    if signed_triangle(&first.point, from, to) != 0.0 {
                        sum = sum + true_centroid(&first.point, from, to).0;
                    }
                }
            }
        }
    }
    if sum.norm() < 1e-15 {
        return Err(
            "ST_CENTROID of places all around the Earth is not supported by the embedded warehouse".into()
        );
    }
    Position::of(sum).map(Some)
}

/// ST_AZIMUTH: the direction from one place to another, clockwise from north. `None` for the same and opposite places.
pub(super) fn azimuth(from: &Position, to: &Position) -> Option<f64> {
    if from.point == to.point || from.point.0.dot(&to.point.0) < -1.0 + 1e-15 {
        return None;
    }
    let east = Vector::new(-from.longitude.to_radians().sin(), from.longitude.to_radians().cos(), 0.0);
    let north = from.point.0.cross(&east);
    let own = to.point.0.dot(&east).atan2(to.point.0.dot(&north));
    Some(if own < 0.0 { own + std::f64::consts::TAU } else { own })
}
