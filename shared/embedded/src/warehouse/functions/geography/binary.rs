//! Geographies as WKB.
//!
//! BigQuery writes the lower bytes of a number first, and reads both orders.

use super::shape::{Geography, MakePolygon, Polygon, Position, line};
use super::text::checked;

/// How many collections may be in each other.
const DEEPEST: usize = 50;

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const COLLECTION: u32 = 7;

/// Reads WKB. `polygon` makes a polygon of its rings.
pub(super) fn read(bytes: &[u8], polygon: MakePolygon) -> Result<Geography, String> {
    let mut reader = Reader { rest: bytes, is_little: true, polygon };
    let mut own = Geography::default();
    reader.geometry(0, &mut own)?;
    if !reader.rest.is_empty() {
        return Err(wrong("there are bytes behind the geography"));
    }
    checked(own)
}

fn wrong(what: &str) -> String {
    format!("Invalid WKB: {what}")
}

/// The bytes that are left.
struct Reader<'b> {
    rest: &'b [u8],
    /// Whether the lower bytes of a number come first.
    is_little: bool,
    polygon: MakePolygon,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (own, rest) = self.rest.split_first_chunk().ok_or_else(|| wrong("the bytes end too early"))?;
        self.rest = rest;
        Ok(*own)
    }

    fn number(&mut self) -> Result<u32, String> {
        let own = self.take()?;
        Ok(if self.is_little { u32::from_le_bytes(own) } else { u32::from_be_bytes(own) })
    }

    fn coordinate(&mut self) -> Result<f64, String> {
        let own = self.take()?;
        Ok(if self.is_little { f64::from_le_bytes(own) } else { f64::from_be_bytes(own) })
    }

    fn places(&mut self) -> Result<Vec<Position>, String> {
        let count = self.number()?;
        let mut own = Vec::new();
        for _ in 0..count {
            let (longitude, latitude) = (self.coordinate()?, self.coordinate()?);
            own.push(Position::new(longitude, latitude)?);
        }
        Ok(own)
    }

    fn geometry(&mut self, depth: usize, own: &mut Geography) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(wrong(&format!("it has more than {DEEPEST} collections in each other")));
        }
        self.is_little = match self.take()? {
            [0] => false,
            [1] => true,
            [order] => return Err(wrong(&format!("{order} is no order of bytes"))),
        };
        match self.number()? {
            POINT => {
                let (longitude, latitude) = (self.coordinate()?, self.coordinate()?);
                // A point without coordinates is empty.
                if !(longitude.is_nan() && latitude.is_nan()) {
                    own.points.push(Position::new(longitude, latitude)?);
                }
            }
            LINE => {
                let places = self.places()?;
                if !places.is_empty() {
                    own.add(line(places)?);
                }
            }
            POLYGON => {
                let count = self.number()?;
                let mut rings = Vec::new();
                for _ in 0..count {
                    rings.push(self.places()?);
                }
                if !rings.is_empty() {
                    own.polygons.push((self.polygon)(rings)?);
                }
            }
            4..=COLLECTION => {
                for _ in 0..self.number()? {
                    self.geometry(depth + 1, own)?;
                }
            }
            kind => {
                return Err(wrong(&format!(
                    "{kind} is no type of points, lines, polygons and their collections with a longitude and a \
                     latitude only"
                )));
            }
        }
        Ok(())
    }
}

/// Writes WKB.
pub(super) fn write(own: &Geography) -> Vec<u8> {
    let mut kinds: Vec<Vec<u8>> = Vec::new();
    let mut add = |kind: u32, parts: Vec<Vec<u8>>| match parts.as_slice() {
        [] => {}
        [single] => kinds.push(single.clone()),
        parts => kinds.push(several(kind + 3, parts)),
    };
    add(POINT, own.points.iter().map(|place| [head(POINT), coordinates(place)].concat()).collect());
    add(LINE, own.lines.iter().map(|line| [head(LINE), places(line, false)].concat()).collect());
    add(POLYGON, own.polygons.iter().map(of_polygon).collect());
    match kinds.as_slice() {
        [single] => single.clone(),
        kinds => several(COLLECTION, kinds),
    }
}

fn head(kind: u32) -> Vec<u8> {
    let mut own = vec![1];
    own.extend(kind.to_le_bytes());
    own
}

fn count(own: usize) -> [u8; 4] {
    u32::try_from(own).unwrap_or(u32::MAX).to_le_bytes()
}

fn several(kind: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut own = head(kind);
    own.extend(count(parts.len()));
    own.extend(parts.concat());
    own
}

fn coordinates(place: &Position) -> Vec<u8> {
    [place.longitude.to_le_bytes(), place.latitude.to_le_bytes()].concat()
}

/// The number of places and the places, with the first place again at the end of a ring.
fn places(own: &[Position], is_ring: bool) -> Vec<u8> {
    let closing = if is_ring { own.first() } else { None };
    let all: Vec<Vec<u8>> = own.iter().chain(closing).map(coordinates).collect();
    [count(all.len()).to_vec(), all.concat()].concat()
}

fn of_polygon(own: &Polygon) -> Vec<u8> {
    let rings: Vec<Vec<u8>> = own.rings.iter().map(|ring| places(ring, true)).collect();
    [head(POLYGON), count(rings.len()).to_vec(), rings.concat()].concat()
}
