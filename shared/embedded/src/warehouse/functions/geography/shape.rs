//! A geography: points, lines and polygons on the sphere, with geodesic edges.

use s2::edge_crossings::{Crossing, crossing_sign};
use s2::latlng::LatLng;
use s2::point::{Point, point_area};
use s2::predicates::{Direction, robust_sign};
use s2::r3::vector::Vector;
use s2::s1::angle::{Angle, Deg};
use std::f64::consts::PI;

/// A place: the degrees as given, and the point on the unit sphere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) longitude: f64,
    pub(super) latitude: f64,
    pub(super) point: Point,
}

impl Position {
    /// The place with these degrees. A longitude outside of -180 to 180 goes round the Earth.
    pub(super) fn new(longitude: f64, latitude: f64) -> Result<Self, String> {
        if !longitude.is_finite() || !(-90.0..=90.0).contains(&latitude) {
            return Err(format!(
                "Longitude {longitude} and latitude {latitude} are no place. A latitude must be between -90 and 90"
            ));
        }
        let inside = (-180.0..=180.0).contains(&longitude);
        let longitude = if inside { longitude } else { (longitude + 180.0).rem_euclid(360.0) - 180.0 };
        // Adding zero makes a negative zero positive.
        let (longitude, latitude) = (longitude + 0.0, latitude + 0.0);
        let degrees = LatLng { lat: Angle::from(Deg(latitude)), lng: Angle::from(Deg(longitude)) };
        Ok(Self { longitude, latitude, point: Point::from(degrees) })
    }

    /// The place of a direction from the centre of the Earth.
    pub(super) fn of(direction: Vector) -> Result<Self, String> {
        let own = LatLng::from(Point(direction.normalize()));
        Self::new(own.lng.deg(), own.lat.deg())
    }
}

/// A polygon: rings without the repeated last vertex. The inside is on the left of each ring. The first ring is the shell.
#[derive(Debug, Clone)]
pub(super) struct Polygon {
    pub(super) rings: Vec<Vec<Position>>,
    /// A circle around the polygon: its middle, and its radius as an angle.
    circle: (Point, f64),
}

impl Polygon {
    fn new(rings: Vec<Vec<Position>>) -> Self {
        let vertices = || rings.iter().flatten().map(|vertex| vertex.point);
        let middle = vertices().fold(Vector::default(), |sum, vertex| sum + vertex.0);
        let middle = Point(middle.normalize());
        let radius = vertices().map(|vertex| middle.distance(&vertex).rad()).fold(0.0, f64::max);
        Self { rings, circle: (middle, radius + 1e-9) }
    }

    /// Whether a place is far enough away to be outside without a look at the edges. A circle around more than a half of
    /// the Earth says nothing.
    pub(super) fn is_far_from(&self, place: &Point) -> bool {
        let (middle, radius) = &self.circle;
        *radius < 1.5 && middle.distance(place).rad() > *radius
    }
}

/// Points, lines and polygons.
#[derive(Debug, Clone, Default)]
pub(super) struct Geography {
    pub(super) points: Vec<Position>,
    pub(super) lines: Vec<Vec<Position>>,
    pub(super) polygons: Vec<Polygon>,
}

impl Geography {
    pub(super) fn point(position: Position) -> Self {
        Self { points: vec![position], ..Self::default() }
    }

    pub(super) fn line(vertices: Vec<Position>) -> Self {
        Self { lines: vec![vertices], ..Self::default() }
    }

    /// Takes the parts of another geography.
    pub(super) fn add(&mut self, other: Self) {
        self.points.extend(other.points);
        self.lines.extend(other.lines);
        self.polygons.extend(other.polygons);
    }

    /// The number of points, lines and polygons.
    pub(super) fn count(&self) -> usize {
        self.points.len() + self.lines.len() + self.polygons.len()
    }

    /// The greatest dimension of a part. `None` if there is no part.
    pub(super) fn dimension(&self) -> Option<u8> {
        if !self.polygons.is_empty() {
            Some(2)
        } else if !self.lines.is_empty() {
            Some(1)
        } else {
            (!self.points.is_empty()).then_some(0)
        }
    }

    /// The place of a geography that is one point.
    pub(super) fn single_point(&self) -> Option<&Position> {
        self.points.first().filter(|_| self.count() == 1)
    }

    /// The vertices of a geography that is one line.
    pub(super) fn single_line(&self) -> Option<&[Position]> {
        self.lines.first().filter(|_| self.count() == 1).map(Vec::as_slice)
    }

    /// All points and vertices. The first vertex of a ring is there once.
    pub(super) fn vertices(&self) -> impl Iterator<Item = &Position> {
        let rings = self.polygons.iter().flat_map(|polygon| &polygon.rings).flatten();
        self.points.iter().chain(self.lines.iter().flatten()).chain(rings)
    }
}

/// The edges of a line.
pub(super) fn line_edges(line: &[Position]) -> impl Iterator<Item = (&Point, &Point)> {
    line.iter().zip(line.iter().skip(1)).map(|(from, to)| (&from.point, &to.point))
}

/// The edges of a ring.
pub(super) fn ring_edges(ring: &[Position]) -> impl Iterator<Item = (&Point, &Point)> {
    ring.iter().zip(ring.iter().cycle().skip(1)).map(|(from, to)| (&from.point, &to.point))
}

/// A line. Neighbours that are the same place are one vertex, and two opposite places have no edge.
pub(super) fn line(vertices: Vec<Position>) -> Result<Geography, String> {
    let mut own: Vec<Position> = Vec::with_capacity(vertices.len());
    for vertex in vertices {
        if own.last().is_none_or(|last| last.point != vertex.point) {
            own.push(vertex);
        }
    }
    if let [single] = own.as_slice() {
        return Ok(Geography::point(*single));
    }
    check_edges(line_edges(&own))?;
    Ok(Geography::line(own))
}

/// Makes a polygon of its rings.
pub(super) type MakePolygon = fn(Vec<Vec<Position>>) -> Result<Polygon, String>;

/// A polygon of rings that have its inside on their left.
pub(super) fn oriented_polygon(rings: Vec<Vec<Position>>) -> Result<Polygon, String> {
    for (index, ring) in rings.iter().enumerate() {
        let open = ring.get(1..).unwrap_or_default();
        if (signed_area(open) > 0.0) != (index == 0) {
            return Err("A polygon with more than a half of the Earth on the left of its first ring, or with a hole \
                        that goes the same way, is not supported by the embedded warehouse with oriented => TRUE"
                .to_owned());
        }
    }
    polygon(rings)
}

/// A polygon of these rings, which end with their first vertex. The smaller side of the shell is its inside.
pub(super) fn polygon(rings: Vec<Vec<Position>>) -> Result<Polygon, String> {
    let mut own = Vec::with_capacity(rings.len());
    for (index, mut ring) in rings.into_iter().enumerate() {
        match (ring.first(), ring.last()) {
            (Some(first), Some(last)) if ring.len() > 3 && first.point == last.point => ring.pop(),
            _ => {
                return Err(
                    "Invalid polygon: a ring needs three vertices and its first vertex at the end".into()
                );
            }
        };
        check_edges(ring_edges(&ring))?;
        // The inside is on the left of the shell. It is also on the left of a hole, which is passed the other way.
        let is_left = signed_area(&ring) > 0.0;
        if is_left != (index == 0) {
            ring.reverse();
        }
        own.push(ring);
    }
    Ok(Polygon::new(own))
}

/// The area on the left of a ring, on the unit sphere. Negative: the right side is smaller, and this is its area.
pub(super) fn signed_area(ring: &[Position]) -> f64 {
    let Some((first, rest)) = ring.split_first() else { return 0.0 };
    let own: f64 = line_edges(rest).map(|(from, to)| signed_triangle(&first.point, from, to)).sum();
    if own > 2.0 * PI {
        own - 4.0 * PI
    } else if own < -2.0 * PI {
        own + 4.0 * PI
    } else {
        own
    }
}

/// The area of a triangle, negative if its corners go clockwise.
pub(super) fn signed_triangle(a: &Point, b: &Point, c: &Point) -> f64 {
    match robust_sign(a, b, c) {
        Direction::CounterClockwise => point_area(a, b, c),
        Direction::Clockwise => -point_area(a, b, c),
        Direction::Indeterminate => 0.0,
    }
}

fn check_edges<'p>(edges: impl Iterator<Item = (&'p Point, &'p Point)>) -> Result<(), String> {
    for (from, to) in edges {
        if from == to {
            return Err("Invalid geography: an edge begins and ends at the same place".to_owned());
        }
        if from.0.dot(&to.0) < -1.0 + 1e-15 {
            return Err("Invalid geography: an edge joins two opposite places of the Earth".to_owned());
        }
    }
    Ok(())
}

/// Refuses polygons with edges that cross, and those that share more than single vertices.
pub(super) fn check_polygons(polygons: &[Polygon]) -> Result<(), String> {
    let mut edges: Vec<Edge<'_>> = Vec::new();
    for (index, polygon) in polygons.iter().enumerate() {
        for (from, to) in polygon.rings.iter().flat_map(|ring| ring_edges(ring)) {
            // An edge bends out of the chord between its ends by less than the square of its length.
            let bend = (from.0 - to.0).norm2();
            let (low, high) = (from.0.x.min(to.0.x) - bend, from.0.x.max(to.0.x) + bend);
            edges.push(Edge { polygon: index, low, high, from, to });
        }
    }
    edges.sort_by(|left, right| left.low.total_cmp(&right.low));
    for (index, own) in edges.iter().enumerate() {
        for other in edges.iter().skip(index + 1).take_while(|other| other.low <= own.high) {
            if crossing_sign(own.from, own.to, other.from, other.to) == Crossing::Cross {
                return Err("Invalid polygon: two edges cross".to_owned());
            }
            let is_same = own.from == other.from && (own.polygon == other.polygon || own.to == other.to);
            if is_same || (own.from == other.to && own.to == other.from) {
                return Err("Polygons that share an edge, and rings that pass a vertex twice, are not supported by the embedded warehouse".to_owned());
            }
        }
    }
    Ok(())
}

/// An edge of a polygon, with the range of its first coordinate.
struct Edge<'p> {
    polygon: usize,
    low: f64,
    high: f64,
    from: &'p Point,
    to: &'p Point,
}
