//! How two geographies lie to each other: covers, contains, intersects, and their distance.
//!
//! The inside of a polygon is found as the S2 library finds it: by the crossings of the edges with a line from a place
//! that is known to be inside or outside.

use super::shape::{Geography, Polygon, Position, line_edges, ring_edges};
use s2::edge_crossings::{Crossing, crossing_sign, edge_or_vertex_crossing};
use s2::edgeutil::{distance_from_segment, interpolate};
use s2::point::{Point, ordered_ccw};

/// A place that is so near to a line, as an angle, is on the line or not only by the last digits of the numbers.
const UNSURE: f64 = 1e-12;

/// Where a place lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    Boundary,
    Outside,
}

/// Refuses holes outside of their shells, and polygons within polygons.
pub(super) fn check_nesting(polygons: &[Polygon]) -> Result<(), String> {
    for (index, polygon) in polygons.iter().enumerate() {
        let Some((shell, holes)) = polygon.rings.split_first() else { continue };
        for (number, hole) in holes.iter().enumerate() {
            let is_in = |ring: &[Position]| hole.iter().any(|vertex| left_of(ring, &vertex.point));
            let others = holes.iter().enumerate().filter(|(other, _)| *other != number);
            // The inside is on the left of a hole: so a place in the hole is not on its left.
            let nested = others.into_iter().any(|(_, other)| {
                hole.iter().any(|vertex| !is_vertex(other, &vertex.point) && !left_of(other, &vertex.point))
            });
            if !is_in(shell) || nested {
                return Err("Invalid polygon: a hole is not in the shell, or is in another hole".to_owned());
            }
        }
        for (other, outer) in polygons.iter().enumerate().filter(|(other, _)| *other != index) {
            if shell.iter().any(|vertex| locate(outer, &vertex.point) == Place::Inside) {
                return Err(format!("Invalid polygon: polygon {} lies in polygon {}", index + 1, other + 1));
            }
        }
    }
    Ok(())
}

fn is_vertex(ring: &[Position], place: &Point) -> bool {
    ring.iter().any(|vertex| vertex.point == *place)
}

/// Whether a place is on the left of a ring.
fn left_of(ring: &[Position], place: &Point) -> bool {
    let [first, second, third, ..] = ring else { return false };
    let origin = Point::origin();
    let crossed = |place: &Point| {
        ring_edges(ring)
            .fold(false, |own, (from, to)| own ^ edge_or_vertex_crossing(&origin, place, from, to))
    };
    // The rule for places on the boundary decides whether the second vertex counts as inside.
    let expected = ordered_ccw(&second.point.ortho(), &first.point, &third.point, &second.point);
    let origin_is_left = crossed(&second.point) != expected;
    origin_is_left ^ crossed(place)
}

fn locate(polygon: &Polygon, place: &Point) -> Place {
    if polygon.is_far_from(place) {
        return Place::Outside;
    }
    if polygon.rings.iter().any(|ring| is_vertex(ring, place)) {
        return Place::Boundary;
    }
    if polygon.rings.iter().all(|ring| left_of(ring, place)) { Place::Inside } else { Place::Outside }
}

fn edges_of(polygon: &Polygon) -> impl Iterator<Item = (&Point, &Point)> {
    polygon.rings.iter().flat_map(|ring| ring_edges(ring))
}

/// How much of a chain of edges lies in a polygon.
struct Cover {
    covered: bool,
    /// Whether some of the chain is inside, and not only on the boundary.
    inside: bool,
}

fn cover<'p>(polygon: &Polygon, edges: impl Iterator<Item = (&'p Point, &'p Point)>) -> Cover {
    let mut own = Cover { covered: true, inside: false };
    for (from, to) in edges {
        let shared = edges_of(polygon).any(|(a, b)| (a == from && b == to) || (a == to && b == from));
        if shared {
            continue;
        }
        let middle = interpolate(0.5, from, to);
        let places = [locate(polygon, from), locate(polygon, to), locate(polygon, &middle)];
        own.inside |= places.contains(&Place::Inside);
        let crosses = edges_of(polygon).any(|(a, b)| crossing_sign(from, to, a, b) == Crossing::Cross);
        if crosses || places.contains(&Place::Outside) {
            own.covered = false;
        }
    }
    own
}

/// Whether all of `inner` lies in `outer`, and whether their insides meet.
fn relation(outer: &Geography, inner: &Geography) -> Result<Cover, String> {
    let mut own = Cover { covered: true, inside: false };
    let mut add = |part: Cover| {
        own.covered &= part.covered;
        own.inside |= part.inside;
    };
    for point in &inner.points {
        let found = cover_of_point(outer, &point.point);
        if !found.covered && is_near_line(outer, &point.point) {
            return Err(unsure());
        }
        add(found);
    }
    for line in &inner.lines {
        let found = best(outer, |polygon| cover(polygon, line_edges(line)), || is_part_of_line(outer, line))?;
        if !found.covered && line.iter().all(|vertex| is_near_line(outer, &vertex.point)) {
            return Err(unsure());
        }
        add(found);
    }
    for polygon in &inner.polygons {
        let within = |outer: &Polygon| {
            let mut found = cover(outer, edges_of(polygon));
            let holes = outer.rings.iter().skip(1);
            let hole_inside = holes.flatten().any(|vertex| locate(polygon, &vertex.point) == Place::Inside);
            found.covered &= !hole_inside;
            found.inside |= found.covered;
            found
        };
        add(best(outer, within, || false)?);
    }
    Ok(own)
}

fn cover_of_point(outer: &Geography, place: &Point) -> Cover {
    let same = outer.points.iter().any(|own| own.point == *place);
    let on_line = outer.lines.iter().any(|line| is_vertex(line, place));
    // The ends of an open line are its boundary.
    let in_line = outer.lines.iter().any(|line| {
        let ends = [line.first(), line.last()].map(|end| end.is_some_and(|end| end.point == *place));
        is_vertex(line, place) && (ends == [false, false] || ends == [true, true])
    });
    let places: Vec<Place> = outer.polygons.iter().map(|polygon| locate(polygon, place)).collect();
    let inside = same || in_line || places.contains(&Place::Inside);
    Cover { covered: inside || on_line || places.contains(&Place::Boundary), inside }
}

fn is_near_line(outer: &Geography, place: &Point) -> bool {
    let mut edges = outer.lines.iter().flat_map(|line| line_edges(line));
    edges.any(|(from, to)| distance_from_segment(place, from, to).rad() < UNSURE)
}

fn unsure() -> String {
    "Whether a place between the vertices of a line is on the line is not supported by the embedded warehouse"
        .to_owned()
}

/// Whether a line is made of neighbouring vertices of a line of `outer`.
fn is_part_of_line(outer: &Geography, line: &[Position]) -> bool {
    let fits = |own: &[Position]| own.iter().zip(line).all(|(a, b)| a.point == b.point);
    let back: Vec<Position> = line.iter().rev().copied().collect();
    let fits_back = |own: &[Position]| own.iter().zip(&back).all(|(a, b)| a.point == b.point);
    outer.lines.iter().any(|own| own.windows(line.len()).any(|part| fits(part) || fits_back(part)))
}

/// The relation to that polygon of `outer` that covers. If a part is in several polygons, the answer is not known here.
fn best(
    outer: &Geography,
    relation: impl Fn(&Polygon) -> Cover,
    otherwise: impl Fn() -> bool,
) -> Result<Cover, String> {
    let mut met = 0;
    for polygon in &outer.polygons {
        let found = relation(polygon);
        if found.covered {
            return Ok(found);
        }
        met += u8::from(found.inside);
    }
    if otherwise() {
        return Ok(Cover { covered: true, inside: true });
    }
    if met > 1 {
        return Err(
            "Whether several polygons together cover a geography is not supported by the embedded warehouse"
                .into(),
        );
    }
    Ok(Cover { covered: false, inside: met > 0 })
}

/// ST_COVERS.
pub(super) fn covers(outer: &Geography, inner: &Geography) -> Result<bool, String> {
    Ok(outer.count() > 0 && inner.count() > 0 && relation(outer, inner)?.covered)
}

/// ST_CONTAINS.
pub(super) fn contains(outer: &Geography, inner: &Geography) -> Result<bool, String> {
    if outer.count() == 0 || inner.count() == 0 {
        return Ok(false);
    }
    let own = relation(outer, inner)?;
    Ok(own.covered && own.inside)
}

/// ST_INTERSECTS.
pub(super) fn intersects(left: &Geography, right: &Geography) -> Result<bool, String> {
    match distance(left, right) {
        Some(apart) if apart > 0.0 && apart < UNSURE => Err(unsure()),
        apart => Ok(apart == Some(0.0)),
    }
}

/// ST_TOUCHES.
pub(super) fn touches(left: &Geography, right: &Geography) -> Result<bool, String> {
    let has_points_only = |own: &Geography| own.lines.is_empty() && own.polygons.is_empty();
    let (whole, points) = match (has_points_only(left), has_points_only(right)) {
        (_, true) => (left, right),
        (true, false) => (right, left),
        (false, false) => {
            return Err(
                "ST_TOUCHES of two geographies with lines or polygons is not supported by the embedded \
                        warehouse"
                    .to_owned(),
            );
        }
    };
    Ok(intersects(whole, points)? && !relation(whole, points)?.inside)
}

/// Refuses a distance, as an angle, that is so small that it could be none.
pub(super) fn check_apart(angle: f64) -> Result<(), String> {
    if angle < UNSURE { Err(unsure()) } else { Ok(()) }
}

/// The distance of two geographies as an angle. `None` if one is empty.
pub(super) fn distance(left: &Geography, right: &Geography) -> Option<f64> {
    if left.count() == 0 || right.count() == 0 {
        return None;
    }
    if is_in_polygon(left, right) || is_in_polygon(right, left) {
        return Some(0.0);
    }
    let mut least = f64::INFINITY;
    for own in &left.points {
        for other in &right.points {
            least = least.min(own.point.distance(&other.point).rad());
        }
    }
    let (left_edges, right_edges) = (all_edges(left), all_edges(right));
    for (points, edges) in [(left, &right_edges), (right, &left_edges)] {
        for place in points.vertices() {
            for (from, to) in edges {
                least = least.min(distance_from_segment(&place.point, from, to).rad());
            }
        }
    }
    let crosses = left_edges
        .iter()
        .any(|(a, b)| right_edges.iter().any(|(c, d)| crossing_sign(a, b, c, d) == Crossing::Cross));
    Some(if crosses { 0.0 } else { least })
}

/// Whether a vertex of `inner` is in a polygon of `outer`.
fn is_in_polygon(outer: &Geography, inner: &Geography) -> bool {
    outer
        .polygons
        .iter()
        .any(|polygon| inner.vertices().any(|vertex| locate(polygon, &vertex.point) != Place::Outside))
}

fn all_edges(own: &Geography) -> Vec<(&Point, &Point)> {
    let lines = own.lines.iter().flat_map(|line| line_edges(line));
    lines.chain(own.polygons.iter().flat_map(edges_of)).collect()
}

/// ST_MAXDISTANCE as an angle. `None` if one is empty.
pub(super) fn max_distance(left: &Geography, right: &Geography) -> Option<f64> {
    let pairs = left
        .vertices()
        .flat_map(|own| right.vertices().map(move |other| own.point.distance(&other.point).rad()));
    pairs.max_by(f64::total_cmp)
}
