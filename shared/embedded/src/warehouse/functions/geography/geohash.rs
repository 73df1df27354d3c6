//! The GeoHash of a place.

use super::shape::Position;

const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
/// So many letters do not depend on the last digits of a number.
const LONGEST: i64 = 17;

/// ST_GEOHASH.
pub(super) fn write(place: &Position, length: i64) -> Result<String, String> {
    if !(1..=LONGEST).contains(&length) {
        return Err(format!(
            "ST_GEOHASH with {length} letters is not supported by the embedded warehouse, only 1 to {LONGEST}"
        ));
    }
    let mut range = [(-180.0, 180.0), (-90.0, 90.0)];
    let value = [place.longitude, place.latitude];
    let mut out = String::new();
    let mut turn = 0usize;
    for _ in 0..length {
        let mut digit = 0usize;
        for _ in 0..5 {
            let ((low, high), own) = match (range.get_mut(turn % 2), value.get(turn % 2)) {
                (Some(range), Some(own)) => (range, *own),
                _ => break,
            };
            let middle = (*low + *high) / 2.0;
            let is_upper = own >= middle;
            *(if is_upper { low } else { high }) = middle;
            digit = digit * 2 + usize::from(is_upper);
            turn += 1;
        }
        out.push(LETTERS.get(digit).copied().map_or('0', char::from));
    }
    Ok(out)
}

/// ST_GEOGPOINTFROMGEOHASH: the middle of the box.
pub(super) fn read(text: &str) -> Result<Position, String> {
    let mut range = [(-180.0, 180.0), (-90.0, 90.0)];
    let mut turn = 0usize;
    for letter in text.to_ascii_lowercase().bytes() {
        let digit = LETTERS.iter().position(|own| *own == letter);
        let digit = digit.ok_or_else(|| format!("Invalid GeoHash: {text}"))?;
        for bit in (0..5).rev() {
            if let Some((low, high)) = range.get_mut(turn % 2) {
                let middle = (*low + *high) / 2.0;
                *(if digit >> bit & 1 == 1 { low } else { high }) = middle;
            }
            turn += 1;
        }
    }
    let [(west, east), (south, north)] = range;
    Position::new((west + east) / 2.0, (south + north) / 2.0)
}
