//! Functions of GEOGRAPHY. A value is its WKT, a text for the functions in Rust.

use super::Function;

/// The arguments that have a name, after the first argument, each with its value if the call leaves it out.
pub(super) const NAMED: &[(&str, &[(&str, &str)])] = &[
    ("S2_CELLIDFROMPOINT", &[("level", "30")]),
    ("ST_GEOGFROMGEOJSON", &[("make_valid", "FALSE")]),
    ("ST_GEOGFROMTEXT", &[("oriented", "FALSE"), ("planar", "FALSE"), ("make_valid", "FALSE")]),
    ("ST_GEOGFROMWKB", &[("oriented", "FALSE"), ("planar", "FALSE"), ("make_valid", "FALSE")]),
];

pub(super) const TABLE: &[Function] = &[
    (
        "S2_CELLIDFROMPOINT",
        &[
            ("O:I", "CAST(bqf('st_cellid', {0}, '30') AS BIGINT)"),
            ("OI:I", "CAST(bqf('st_cellid', {0}, {1t}) AS BIGINT)"),
        ],
    ),
    ("ST_ANGLE", &[("OOO:F", "CAST(bqf('st_angle', {0}, {1}, {2}) AS DOUBLE)")]),
    (
        "ST_AREA",
        &[
            ("O:F", "CAST(bqf('st_area', {0}) AS DOUBLE)"),
            ("OL:F", "CAST(bqf('st_area', {0}, {1t}) AS DOUBLE)"),
        ],
    ),
    ("ST_ASBINARY", &[("O:B", "unhex(bqf('st_asbinary', {0}))")]),
    ("ST_ASGEOJSON", &[("O:S", "bqf('st_asgeojson', {0})")]),
    ("ST_ASTEXT", &[("O:S", "bqf('st_astext', {0})")]),
    ("ST_AZIMUTH", &[("OO:F", "CAST(bqf('st_azimuth', {0}, {1}) AS DOUBLE)")]),
    ("ST_CENTROID", &[("O:O", "bqf('st_centroid', {0})")]),
    ("ST_CONTAINS", &[("OO:L", "CAST(bqf('st_contains', {0}, {1}) AS BOOLEAN)")]),
    ("ST_COVEREDBY", &[("OO:L", "CAST(bqf('st_covers', {1}, {0}) AS BOOLEAN)")]),
    ("ST_COVERS", &[("OO:L", "CAST(bqf('st_covers', {0}, {1}) AS BOOLEAN)")]),
    ("ST_DIMENSION", &[("O:I", "CAST(bqf('st_dimension', {0}) AS BIGINT)")]),
    ("ST_DISJOINT", &[("OO:L", "(NOT CAST(bqf('st_intersects', {0}, {1}) AS BOOLEAN))")]),
    (
        "ST_DISTANCE",
        &[
            ("OO:F", "CAST(bqf('st_distance', {0}, {1}) AS DOUBLE)"),
            ("OOL:F", "CAST(bqf('st_distance', {0}, {1}, {2t}) AS DOUBLE)"),
        ],
    ),
    (
        "ST_DUMP",
        &[
            ("O:o", "CAST(CAST(bqf('st_dump', {0}) AS JSON) AS VARCHAR[])"),
            ("OI:o", "CAST(CAST(bqf('st_dump', {0}, {1t}) AS JSON) AS VARCHAR[])"),
        ],
    ),
    (
        "ST_DWITHIN",
        &[
            ("OOF:L", "CAST(bqf('st_dwithin', {0}, {1}, {2t}) AS BOOLEAN)"),
            ("OOFL:L", "CAST(bqf('st_dwithin', {0}, {1}, {2t}, {3t}) AS BOOLEAN)"),
        ],
    ),
    ("ST_ENDPOINT", &[("O:O", "bqf('st_endpoint', {0})")]),
    ("ST_EQUALS", &[("OO:L", "CAST(bqf('st_equals', {0}, {1}) AS BOOLEAN)")]),
    ("ST_EXTERIORRING", &[("O:O", "bqf('st_exteriorring', {0})")]),
    ("ST_GEOGFROM", &[("S:O", "bqf('st_geogfrom', {0})"), ("B:O", "bqf('st_geogfromwkb', {0h})")]),
    (
        "ST_GEOGFROMGEOJSON",
        &[("S:O", "bqf('st_geogfromgeojson', {0})"), ("SL:O", "bqf('st_geogfromgeojson', {0}, {1t})")],
    ),
    (
        "ST_GEOGFROMTEXT",
        &[
            ("S:O", "bqf('st_geogfromtext', {0})"),
            ("SL:O", "bqf('st_geogfromtext', {0}, {1t})"),
            ("SLLL:O", "bqf('st_geogfromtext', {0}, {1t}, {2t}, {3t})"),
        ],
    ),
    (
        "ST_GEOGFROMWKB",
        &[
            ("B:O", "bqf('st_geogfromwkb', {0h})"),
            ("BLLL:O", "bqf('st_geogfromwkb', {0h}, {1t}, {2t}, {3t})"),
            ("S:O", "bqf('st_geogfromwkb', {0})"),
            ("SLLL:O", "bqf('st_geogfromwkb', {0}, {1t}, {2t}, {3t})"),
        ],
    ),
    ("ST_GEOGPOINT", &[("FF:O", "bqf('st_geogpoint', {0t}, {1t})")]),
    ("ST_GEOGPOINTFROMGEOHASH", &[("S:O", "bqf('st_geogpointfromgeohash', {0})")]),
    ("ST_GEOHASH", &[("O:S", "bqf('st_geohash', {0})"), ("OI:S", "bqf('st_geohash', {0}, {1t})")]),
    ("ST_GEOMETRYTYPE", &[("O:S", "bqf('st_geometrytype', {0})")]),
    ("ST_INTERIORRINGS", &[("O:o", "CAST(CAST(bqf('st_interiorrings', {0}) AS JSON) AS VARCHAR[])")]),
    ("ST_INTERSECTS", &[("OO:L", "CAST(bqf('st_intersects', {0}, {1}) AS BOOLEAN)")]),
    ("ST_ISCLOSED", &[("O:L", "CAST(bqf('st_isclosed', {0}) AS BOOLEAN)")]),
    ("ST_ISCOLLECTION", &[("O:L", "CAST(bqf('st_iscollection', {0}) AS BOOLEAN)")]),
    ("ST_ISRING", &[("O:L", "CAST(bqf('st_isring', {0}) AS BOOLEAN)")]),
    ("ST_ISEMPTY", &[("O:L", "CAST(bqf('st_isempty', {0}) AS BOOLEAN)")]),
    (
        "ST_LENGTH",
        &[
            ("O:F", "CAST(bqf('st_length', {0}) AS DOUBLE)"),
            ("OL:F", "CAST(bqf('st_length', {0}, {1t}) AS DOUBLE)"),
        ],
    ),
    ("ST_LINEINTERPOLATEPOINT", &[("OF:O", "bqf('st_lineinterpolatepoint', {0}, {1t})")]),
    ("ST_LINELOCATEPOINT", &[("OO:F", "CAST(bqf('st_linelocatepoint', {0}, {1}) AS DOUBLE)")]),
    (
        "ST_MAKEPOLYGON",
        &[
            ("O:O", "bqf('st_makepolygon', {0}, '[]')"),
            ("Oo:O", "bqf('st_makepolygon', {0}, CAST(to_json({1}) AS VARCHAR))"),
        ],
    ),
    (
        "ST_MAKELINE",
        &[
            ("OO:O", "bqf('st_makeline', CAST(to_json([{0}, {1}]) AS VARCHAR))"),
            ("o:O", "bqf('st_makeline', CAST(to_json({0}) AS VARCHAR))"),
        ],
    ),
    (
        "ST_MAXDISTANCE",
        &[
            ("OO:F", "CAST(bqf('st_maxdistance', {0}, {1}) AS DOUBLE)"),
            ("OOL:F", "CAST(bqf('st_maxdistance', {0}, {1}, {2t}) AS DOUBLE)"),
        ],
    ),
    ("ST_NPOINTS", &[("O:I", "CAST(bqf('st_numpoints', {0}) AS BIGINT)")]),
    ("ST_NUMGEOMETRIES", &[("O:I", "CAST(bqf('st_numgeometries', {0}) AS BIGINT)")]),
    ("ST_NUMPOINTS", &[("O:I", "CAST(bqf('st_numpoints', {0}) AS BIGINT)")]),
    (
        "ST_PERIMETER",
        &[
            ("O:F", "CAST(bqf('st_perimeter', {0}) AS DOUBLE)"),
            ("OL:F", "CAST(bqf('st_perimeter', {0}, {1t}) AS DOUBLE)"),
        ],
    ),
    ("ST_POINTN", &[("OI:O", "bqf('st_pointn', {0}, {1t})")]),
    ("ST_STARTPOINT", &[("O:O", "bqf('st_startpoint', {0})")]),
    ("ST_TOUCHES", &[("OO:L", "CAST(bqf('st_touches', {0}, {1}) AS BOOLEAN)")]),
    (
        "ST_UNION",
        &[
            (
                "OO:O",
                "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN bqf('st_union', CAST(to_json([{0}, {1}]) AS VARCHAR)) END",
            ),
            ("o:O", "bqf('st_union', CAST(to_json({0}) AS VARCHAR))"),
        ],
    ),
    ("ST_WITHIN", &[("OO:L", "CAST(bqf('st_contains', {1}, {0}) AS BOOLEAN)")]),
    ("ST_X", &[("O:F", "CAST(bqf('st_x', {0}) AS DOUBLE)")]),
    ("ST_Y", &[("O:F", "CAST(bqf('st_y', {0}) AS DOUBLE)")]),
];
