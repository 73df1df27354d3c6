-- Macros that make DuckDB's functions work like BigQuery's. Only translated statements call them. The types of the
-- arguments are known when a statement is translated, so no macro asks for them.
-- An error that TRY can catch, which DuckDB's own error() is not. Its value fits to any type.
CREATE OR REPLACE TEMP MACRO bq_error(m) AS CASE WHEN bqf('error', m) = '' THEN NULL END;
-- The same for a message without a value of the row. DuckDB would compute it before the first row, also in a branch of
-- CASE that no row takes. So the message gets nothing of a value `x` of the row.
CREATE OR REPLACE TEMP MACRO bq_error_of(x, m) AS bq_error(m || coalesce(left(CAST(x AS VARCHAR), 0), ''));
CREATE OR REPLACE TEMP MACRO bqf_int64(x) AS bqf_parse('int64', x);
CREATE OR REPLACE TEMP MACRO bqf_safe_int64(x) AS bqf_parse('safe_int64', x);
CREATE OR REPLACE TEMP MACRO bqf_float64(x) AS CAST(bqf('float64', x) AS DOUBLE);
CREATE OR REPLACE TEMP MACRO bqf_safe_float64(x) AS TRY(CAST(bqf('float64', x) AS DOUBLE));
CREATE OR REPLACE TEMP MACRO bqf_numeric(x) AS CAST(bqf('numeric', x) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bqf_safe_numeric(x) AS TRY(CAST(bqf('numeric', x) AS DECIMAL(38,9)));
CREATE OR REPLACE TEMP MACRO bqf_bignumeric(x) AS CAST(bqf('bignumeric', x) AS BIGNUM);
CREATE OR REPLACE TEMP MACRO bqf_safe_bignumeric(x) AS TRY(CAST(bqf('bignumeric', x) AS BIGNUM));
CREATE OR REPLACE TEMP MACRO bqf_date(x) AS CAST(make_timestamp(bqf_parse('date', x)) AS DATE);
CREATE OR REPLACE TEMP MACRO bqf_safe_date(x) AS CAST(make_timestamp(bqf_parse('safe_date', x)) AS DATE);
CREATE OR REPLACE TEMP MACRO bqf_datetime(x) AS make_timestamp(bqf_parse('datetime', x));
CREATE OR REPLACE TEMP MACRO bqf_safe_datetime(x) AS make_timestamp(bqf_parse('safe_datetime', x));
CREATE OR REPLACE TEMP MACRO bqf_timestamp(x) AS make_timestamptz(bqf_parse('timestamp', x));
CREATE OR REPLACE TEMP MACRO bqf_safe_timestamp(x) AS make_timestamptz(bqf_parse('safe_timestamp', x));
CREATE OR REPLACE TEMP MACRO bqf_time(x) AS CAST(make_timestamp(bqf_parse('time', x)) AS TIME);
CREATE OR REPLACE TEMP MACRO bqf_safe_time(x) AS CAST(make_timestamp(bqf_parse('safe_time', x)) AS TIME);
CREATE OR REPLACE TEMP MACRO bq_text_to_bool(x) AS CASE lower(x) WHEN 'true' THEN true WHEN 'false' THEN false ELSE CASE WHEN x IS NOT NULL THEN bq_error('Bad bool value: ' || x) END END;
CREATE OR REPLACE TEMP MACRO bq_safe_text_to_bool(x) AS CASE lower(x) WHEN 'true' THEN true WHEN 'false' THEN false END;
CREATE OR REPLACE TEMP MACRO bq_bytes_text(x) AS decode(x);
CREATE OR REPLACE TEMP MACRO bq_safe_bytes_text(x) AS TRY(decode(x));
CREATE OR REPLACE TEMP MACRO bq_float_to_int64(x) AS CAST(round(x) AS BIGINT);
CREATE OR REPLACE TEMP MACRO bq_safe_float_to_int64(x) AS TRY_CAST(round(x) AS BIGINT);
CREATE OR REPLACE TEMP MACRO bq_float_to_numeric(x) AS CAST(bqf('bignumeric_numeric_of_float', CAST(x AS VARCHAR)) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bq_safe_float_to_numeric(x) AS TRY(bq_float_to_numeric(x));
CREATE OR REPLACE TEMP MACRO bq_float_to_bignumeric(x) AS CAST(bqf('bignumeric_of_float', CAST(x AS VARCHAR)) AS BIGNUM);
CREATE OR REPLACE TEMP MACRO bq_safe_float_to_bignumeric(x) AS TRY(bq_float_to_bignumeric(x));
CREATE OR REPLACE TEMP MACRO bq_decimal_text(x) AS CASE WHEN contains(CAST(x AS VARCHAR), '.') THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.') ELSE CAST(x AS VARCHAR) END;
-- A second has no, three or six digits after the point.
CREATE OR REPLACE TEMP MACRO bq_datetime_text(x) AS CASE WHEN epoch_us(x) % 1000000 = 0 THEN CAST(x AS VARCHAR) WHEN epoch_us(x) % 1000 = 0 THEN strftime(x, '%Y-%m-%d %H:%M:%S.%g') ELSE strftime(x, '%Y-%m-%d %H:%M:%S.%f') END;
CREATE OR REPLACE TEMP MACRO bq_timestamp_text(x) AS bq_datetime_text(make_timestamp(epoch_us(x))) || '+00';
CREATE OR REPLACE TEMP MACRO bq_timestamp_json(x) AS replace(bq_datetime_text(make_timestamp(epoch_us(x))), ' ', 'T') || 'Z';
CREATE OR REPLACE TEMP MACRO bq_time_text(x) AS substr(bq_datetime_text(DATE '2000-01-01' + x), 12);
CREATE OR REPLACE TEMP MACRO bq_collation_key(x) AS regexp_extract(icu_sort_key(x, 'und'), '^((?:..)*?01(?:..)*?)01', 1);
CREATE OR REPLACE TEMP MACRO bq_collated_least(l) AS CASE WHEN len(l) > 0 THEN list_reduce(l, lambda a, b: CASE WHEN bq_collation_key(b) < bq_collation_key(a) THEN b ELSE a END) END;
CREATE OR REPLACE TEMP MACRO bq_collated_greatest(l) AS CASE WHEN len(l) > 0 THEN list_reduce(l, lambda a, b: CASE WHEN bq_collation_key(b) > bq_collation_key(a) THEN b ELSE a END) END;
CREATE OR REPLACE TEMP MACRO bq_longest(x, length, n) AS CASE WHEN length > n THEN bq_error('maximum length ' || n || ' but got a value with length ' || length) ELSE x END;
CREATE OR REPLACE TEMP MACRO bq_safe_longest(x, length, n) AS CASE WHEN length <= n THEN x END;
CREATE OR REPLACE TEMP MACRO bq_json_int(x) AS CASE WHEN x BETWEEN -9007199254740992 AND 9007199254740992 THEN CAST(x AS VARCHAR) ELSE '"' || CAST(x AS VARCHAR) || '"' END;

CREATE OR REPLACE TEMP MACRO bqf_numeric_multiply(a, b) AS CAST(bqf('numeric_multiply', CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bqf_numeric_divide(a, b) AS CAST(bqf('numeric_divide', CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bqf_numeric_round(a, n) AS CAST(bqf('numeric_round', CAST(a AS VARCHAR), CAST(n AS VARCHAR)) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bqf_numeric_trunc(a, n) AS CAST(bqf('numeric_trunc', CAST(a AS VARCHAR), CAST(n AS VARCHAR)) AS DECIMAL(38,9));
-- Functions of `functions/decimal_math`.
CREATE OR REPLACE TEMP MACRO bqf_numeric_math(f, a) AS CAST(bqf('math_numeric_' || f, CAST(a AS VARCHAR)) AS DECIMAL(38,9)), (f, a, b) AS CAST(bqf('math_numeric_' || f, CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bqf_big_math(f, a) AS CAST(bqf('math_bignumeric_' || f, CAST(a AS VARCHAR)) AS BIGNUM), (f, a, b) AS CAST(bqf('math_bignumeric_' || f, CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS BIGNUM);
-- A function of `functions/bignumeric`. BIGNUM is the whole number of the smallest unit of a BIGNUMERIC.
CREATE OR REPLACE TEMP MACRO bqf_big(f, a) AS CAST(bqf('bignumeric_' || f, CAST(a AS VARCHAR)) AS BIGNUM), (f, a, b) AS CAST(bqf('bignumeric_' || f, CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS BIGNUM);
CREATE OR REPLACE TEMP MACRO bqf_big_round_as(a, n, m) AS CAST(bqf('bignumeric_round_as', CAST(a AS VARCHAR), CAST(n AS VARCHAR), m) AS BIGNUM);
CREATE OR REPLACE TEMP MACRO bq_numeric_round_as(a, n, m) AS CAST(bqf('bignumeric_numeric', bqf('bignumeric_round_as', CAST(bqf_bignumeric(CAST(a AS VARCHAR)) AS VARCHAR), CAST(n AS VARCHAR), m)) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bq_bignumeric_of(x) AS bqf_bignumeric(CAST(x AS VARCHAR));
CREATE OR REPLACE TEMP MACRO bq_bignumeric_text(x) AS bqf('bignumeric_text', CAST(x AS VARCHAR));
CREATE OR REPLACE TEMP MACRO bq_bignumeric_to_float(x) AS CAST(bq_bignumeric_text(x) AS DOUBLE);
CREATE OR REPLACE TEMP MACRO bq_bignumeric_to_int64(x) AS CAST(bqf('bignumeric_int64', CAST(x AS VARCHAR)) AS BIGINT);
CREATE OR REPLACE TEMP MACRO bq_safe_bignumeric_to_int64(x) AS TRY(bq_bignumeric_to_int64(x));
CREATE OR REPLACE TEMP MACRO bq_bignumeric_to_numeric(x) AS CAST(bqf('bignumeric_numeric', CAST(x AS VARCHAR)) AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bq_safe_bignumeric_to_numeric(x) AS TRY(bq_bignumeric_to_numeric(x));

CREATE OR REPLACE TEMP MACRO bq_int_div(a, b) AS CASE WHEN b = 0 THEN bq_error('division by zero: DIV(' || a || ', ' || b || ')') ELSE a // b END;
CREATE OR REPLACE TEMP MACRO bq_mod(a, b) AS CASE WHEN b = 0 THEN bq_error('division by zero: MOD(' || a || ', ' || b || ')') ELSE a % b END;
CREATE OR REPLACE TEMP MACRO bq_int_mod(a, b) AS CASE WHEN b = -1 AND a IS NOT NULL THEN 0 ELSE bq_mod(a, nullif(b, -1)) END;
-- The bounds of a bucket array must be in order, and each must be a value.
CREATE OR REPLACE TEMP MACRO bq_range_bucket(x, a) AS CASE WHEN x IS NULL OR a IS NULL THEN NULL WHEN list_count(a) < len(a) THEN bq_error_of(len(a), 'Elements in input array to RANGE_BUCKET cannot be NULL.') WHEN list_sort(a) IS DISTINCT FROM a THEN bq_error_of(len(a), 'Elements in input array to RANGE_BUCKET must be in ascending order.') ELSE CAST(len(list_filter(a, lambda e: e <= x)) AS BIGINT) END;
-- DuckDB's sum of decimals can have more digits than its type.
CREATE OR REPLACE TEMP MACRO bq_numeric_sum(s) AS CASE WHEN s > CAST('99999999999999999999999999999.999999999' AS DECIMAL(38,9)) OR s < CAST('-99999999999999999999999999999.999999999' AS DECIMAL(38,9)) THEN bq_error_of(s, 'numeric overflow: SUM') ELSE CAST(s AS DECIMAL(38,9)) END;
CREATE OR REPLACE TEMP MACRO bq_json_key(k) AS CASE WHEN k IS NULL THEN bq_error_of(k, 'Invalid input to JSON_OBJECT: A key cannot be NULL') ELSE k END;
CREATE OR REPLACE TEMP MACRO bq_floor_div(a, b) AS CASE WHEN a % b < 0 THEN a // b - 1 ELSE a // b END;
CREATE OR REPLACE TEMP MACRO bq_shift_left(a, n) AS CASE WHEN n < 0 THEN bq_error_of(n, 'Bitwise shift by negative offset.') WHEN n >= 64 THEN 0 ELSE CAST(bqf('int_shift_left', CAST(a AS VARCHAR), CAST(n AS VARCHAR)) AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO bq_shift_right(a, n) AS CASE WHEN n < 0 THEN bq_error_of(n, 'Bitwise shift by negative offset.') WHEN n >= 64 THEN 0 ELSE CAST(bqf('int_shift_right', CAST(a AS VARCHAR), CAST(n AS VARCHAR)) AS BIGINT) END;

-- The logic of three values over a list of truth values.
CREATE OR REPLACE TEMP MACRO bq_any(l) AS CASE WHEN l IS NULL OR len(l) = 0 THEN false WHEN list_contains(l, true) THEN true WHEN list_count(l) < len(l) THEN NULL ELSE false END;
CREATE OR REPLACE TEMP MACRO bq_all(l) AS CASE WHEN l IS NULL OR len(l) = 0 THEN true WHEN list_contains(l, false) THEN false WHEN list_count(l) < len(l) THEN NULL ELSE true END;
CREATE OR REPLACE TEMP MACRO bq_in_array(x, a) AS CASE WHEN a IS NULL OR len(a) = 0 THEN false WHEN x IS NULL THEN NULL WHEN list_contains(a, x) THEN true WHEN list_count(a) < len(a) THEN NULL ELSE false END;

CREATE OR REPLACE TEMP MACRO bq_left(s, n) AS CASE WHEN n < 0 THEN bq_error_of(n, 'Second argument in LEFT() cannot be negative') ELSE left(s, n) END;
CREATE OR REPLACE TEMP MACRO bq_right(s, n) AS CASE WHEN n < 0 THEN bq_error_of(n, 'Second argument in RIGHT() cannot be negative') ELSE right(s, n) END;
CREATE OR REPLACE TEMP MACRO bq_from(s, p) AS CASE WHEN p > 0 THEN p WHEN p = 0 THEN 1 ELSE greatest(length(s) + p + 1, 1) END;
CREATE OR REPLACE TEMP MACRO bq_substr(s, p) AS substr(s, bq_from(s, p)), (s, p, n) AS CASE WHEN n < 0 THEN bq_error_of(n, 'Third argument in SUBSTR() cannot be negative') ELSE substr(s, bq_from(s, p), n) END;
-- DuckDB maps each letter to one letter, BigQuery to as many as Unicode says: ß to SS.
CREATE OR REPLACE TEMP MACRO bq_upper(s) AS CASE WHEN strlen(s) = length(s) THEN upper(s) ELSE bqf('upper', s) END;
CREATE OR REPLACE TEMP MACRO bq_lower(s) AS CASE WHEN strlen(s) = length(s) THEN lower(s) ELSE bqf('lower', s) END;
CREATE OR REPLACE TEMP MACRO bq_split(s, d) AS CASE WHEN d IS NOT NULL THEN string_split(s, d) END;
CREATE OR REPLACE TEMP MACRO bq_regexp_extract(s, r, g) AS CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r, g) END;

CREATE OR REPLACE TEMP MACRO bq_offset(a, i) AS CASE WHEN a IS NULL THEN NULL WHEN i < 0 OR i >= len(a) THEN bq_error_of(len(a), 'Array index ' || i || ' is out of bounds') ELSE list_extract(a, i + 1) END;
CREATE OR REPLACE TEMP MACRO bq_safe_offset(a, i) AS CASE WHEN i >= 0 THEN list_extract(a, i + 1) END;
CREATE OR REPLACE TEMP MACRO bq_ordinal(a, i) AS CASE WHEN a IS NULL THEN NULL WHEN i < 1 OR i > len(a) THEN bq_error_of(len(a), 'Array index ' || i || ' is out of bounds') ELSE list_extract(a, i) END;
CREATE OR REPLACE TEMP MACRO bq_safe_ordinal(a, i) AS CASE WHEN i >= 1 THEN list_extract(a, i) END;
CREATE OR REPLACE TEMP MACRO bq_array_first(a) AS CASE WHEN len(a) = 0 THEN bq_error_of(len(a), 'ARRAY_FIRST cannot get the first element of an empty array') ELSE list_extract(a, 1) END;
CREATE OR REPLACE TEMP MACRO bq_array_last(a) AS CASE WHEN len(a) = 0 THEN bq_error_of(len(a), 'ARRAY_LAST cannot get the last element of an empty array') ELSE list_extract(a, len(a)) END;
CREATE OR REPLACE TEMP MACRO bq_array_includes(a, x) AS CASE WHEN a IS NOT NULL AND x IS NOT NULL THEN list_contains(a, x) END;
CREATE OR REPLACE TEMP MACRO bq_array_includes_any(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN list_has_any(list_filter(a, lambda e: e IS NOT NULL), list_filter(b, lambda e: e IS NOT NULL)) END;
CREATE OR REPLACE TEMP MACRO bq_array_includes_all(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN list_count(b) = len(b) AND list_has_all(a, b) END;
CREATE OR REPLACE TEMP MACRO bq_array_is_distinct(a) AS CASE WHEN a IS NOT NULL THEN list_unique(a) + CASE WHEN list_count(a) < len(a) THEN 1 ELSE 0 END = len(a) END;
CREATE OR REPLACE TEMP MACRO bq_concat_all(l) AS CASE WHEN list_count(l) = len(l) THEN flatten(l) END;
-- Offsets count from 0, and negative ones from the end.
CREATE OR REPLACE TEMP MACRO bq_array_slice(a, i, j) AS CASE WHEN i IS NOT NULL AND j IS NOT NULL THEN list_slice(a, CASE WHEN i >= 0 THEN i + 1 ELSE greatest(len(a) + i + 1, 1) END, CASE WHEN j >= 0 THEN j + 1 ELSE len(a) + j + 1 END) END;
CREATE OR REPLACE TEMP MACRO bq_array_to_string(a, d) AS CASE WHEN d IS NOT NULL THEN array_to_string(list_filter(a, lambda e: e IS NOT NULL), d) END, (a, d, n) AS CASE WHEN d IS NOT NULL THEN array_to_string(list_filter(list_transform(a, lambda e: coalesce(e, n)), lambda e: e IS NOT NULL), d) END;
CREATE OR REPLACE TEMP MACRO bq_generate(a, b, s) AS CASE WHEN s = 0 THEN bq_error_of(s, 'Sequence step cannot be 0.') WHEN a IS NULL OR b IS NULL OR s IS NULL THEN NULL ELSE generate_series(a, b, s) END;
CREATE OR REPLACE TEMP MACRO bq_steps(a, b, s) AS CASE WHEN s = 0 THEN bq_error_of(s, 'Sequence step cannot be 0.') WHEN a IS NULL OR b IS NULL OR s IS NULL THEN NULL ELSE range(greatest(CAST(floor((b - a) / s + 0.0000000001) AS BIGINT) + 1, 0)) END;
CREATE OR REPLACE TEMP MACRO bq_generate_float(a, b, s) AS list_transform(bq_steps(a, b, s), lambda e: a + e * s);
CREATE OR REPLACE TEMP MACRO bq_generate_numeric(a, b, s) AS list_transform(bq_steps(CAST(a AS DOUBLE), CAST(b AS DOUBLE), CAST(s AS DOUBLE)), lambda e: CAST(a + CAST(e AS DECIMAL(18,0)) * CAST(s AS DECIMAL(18,9)) AS DECIMAL(38,9)));
CREATE OR REPLACE TEMP MACRO bq_generate_bignumeric(a, b, s) AS list_transform(CAST(CAST(bqf('bignumeric_array', CAST(a AS VARCHAR), CAST(b AS VARCHAR), CAST(s AS VARCHAR)) AS JSON) AS VARCHAR[]), lambda e: CAST(e AS BIGNUM));
CREATE OR REPLACE TEMP MACRO bq_quantiles(l, n) AS CASE WHEN len(l) > 0 THEN list_transform(range(n + 1), lambda i: list_extract(l, CAST(round(i * (len(l) - 1) / n) AS BIGINT) + 1)) END;
CREATE OR REPLACE TEMP MACRO bq_top_sum(l, n) AS list_transform(list_slice(list_reverse_sort(list_transform(list_transform(list_distinct(list_transform(l, lambda e: struct_pack(v := struct_extract(e, 'value')))), lambda d: struct_pack(c := list_sum(list_transform(list_filter(l, lambda e: struct_extract(e, 'value') IS NOT DISTINCT FROM struct_extract(d, 'v')), lambda e: struct_extract(e, 'sum'))), v := struct_extract(d, 'v'))), lambda s: struct_pack(k := struct_extract(s, 'c') IS NOT NULL, c := struct_extract(s, 'c'), v := struct_extract(s, 'v')))), 1, n), lambda r: struct_pack(value := struct_extract(r, 'v'), sum := struct_extract(r, 'c')));
CREATE OR REPLACE TEMP MACRO bq_weight(w) AS CASE WHEN w < 0 OR w <> w OR CAST(w AS DOUBLE) = CAST('nan' AS DOUBLE) THEN bq_error_of(w, 'APPROX_TOP_SUM has a weight that is negative or NaN') ELSE w END;
CREATE OR REPLACE TEMP MACRO bq_top_count(l, n) AS list_transform(list_slice(list_reverse_sort(list_transform(list_distinct(list_transform(l, lambda e: struct_pack(v := struct_extract(e, 'value')))), lambda d: struct_pack(c := len(list_filter(l, lambda e: struct_extract(e, 'value') IS NOT DISTINCT FROM struct_extract(d, 'v'))), v := struct_extract(d, 'v')))), 1, n), lambda r: struct_pack(value := struct_extract(r, 'v'), count := struct_extract(r, 'c')));
-- How many values an approximate function returns.
CREATE OR REPLACE TEMP MACRO bq_many(n, name) AS CASE WHEN n IS NULL THEN bq_error_of(n, 'The second argument to ' || name || ' function must not be NULL') WHEN n <= 0 THEN bq_error_of(n, 'The second argument to ' || name || ' function must be positive') WHEN n > 100000 THEN bq_error_of(n, 'The second argument to ' || name || ' function cannot be greater than 100000') ELSE n END;
-- The values `v` of the rows where `b` is the extreme one.
CREATE OR REPLACE TEMP MACRO bq_having(l, extreme) AS list_transform(list_filter(l, lambda e: e.b = extreme), lambda e: e.v);
-- The elements that are not NULL, in their order, each at its first place.
CREATE OR REPLACE TEMP MACRO bq_first_ones(l) AS list_filter(l, lambda e, i: list_position(l, e) = i);
CREATE OR REPLACE TEMP MACRO bq_float_list_sum(l) AS bqf_float_sum(list_sum(l), len(list_filter(l, lambda e: NOT isfinite(e))) > 0);
CREATE OR REPLACE TEMP MACRO bq_not_empty(l) AS CASE WHEN len(l) > 0 THEN l END;
CREATE OR REPLACE TEMP MACRO bq_partition_time(t, unit) AS CASE WHEN t IS NULL OR date_trunc(unit, t) = t THEN t ELSE bq_error_of(t, '_PARTITIONTIME must be the beginning of a partition of one ' || unit) END;

-- Results outside of the years 1 to 9999 are errors.
-- A time in UTC as the time of a zone, and the other way round. A zone is a name, or an offset such as +05:30.
CREATE OR REPLACE TEMP MACRO bq_local(z, t) AS timezone(bqf('zone_name', z), t) + to_microseconds(CAST(bqf('zone_offset', z) AS BIGINT));
-- A local time that occurs twice is the first one.
CREATE OR REPLACE TEMP MACRO bq_utc_first(z, t) AS make_timestamptz(CAST(bqf('timestamp_in', CAST(t AS VARCHAR), z) AS BIGINT));
CREATE OR REPLACE TEMP MACRO bq_utc(z, t) AS timezone(bqf('zone_name', z), t - to_microseconds(CAST(bqf('zone_offset', z) AS BIGINT)));
CREATE OR REPLACE TEMP MACRO bq_check_date(d) AS CASE WHEN d > DATE '9999-12-31' OR d < DATE '0001-01-01' THEN bq_error_of(d, 'DATE overflow: the result is outside of 0001-01-01 to 9999-12-31') ELSE d END;
CREATE OR REPLACE TEMP MACRO bq_check_datetime(t) AS CASE WHEN t >= TIMESTAMP '10000-01-01' OR t < TIMESTAMP '0001-01-01' THEN bq_error_of(t, 'DATETIME overflow: the result is outside of 0001-01-01 to 9999-12-31') ELSE t END;
CREATE OR REPLACE TEMP MACRO bq_check_timestamp(t) AS CASE WHEN t >= TIMESTAMPTZ '10000-01-01 00:00:00+00' OR t < TIMESTAMPTZ '0001-01-01 00:00:00+00' THEN bq_error_of(t, 'TIMESTAMP overflow: the result is outside of 0001-01-01 to 9999-12-31') ELSE t END;
CREATE OR REPLACE TEMP MACRO bq_make_date(y, m, d) AS bq_check_date(make_date(y, m, d));
CREATE OR REPLACE TEMP MACRO bq_not_clock(h, i, s) AS h < 0 OR h > 23 OR i < 0 OR i > 59 OR s < 0 OR s > 59;
CREATE OR REPLACE TEMP MACRO bq_make_datetime(y, m, d, h, i, s) AS CASE WHEN y + m + d + h + i + s IS NULL THEN NULL WHEN bq_not_clock(h, i, s) THEN bq_error_of(h, 'Input calculates to invalid datetime: ' || y || '-' || m || '-' || d || ' ' || h || ':' || i || ':' || s) ELSE bq_check_datetime(make_timestamp(y, m, d, h, i, CAST(s AS DOUBLE))) END;
CREATE OR REPLACE TEMP MACRO bq_make_time(h, i, s) AS CASE WHEN h + i + s IS NULL THEN NULL WHEN bq_not_clock(h, i, s) THEN bq_error_of(h, 'Input calculates to invalid time: ' || h || ':' || i || ':' || s) ELSE make_time(h, i, CAST(s AS DOUBLE)) END;
CREATE OR REPLACE TEMP MACRO bq_interval(n, part) AS CASE part
  WHEN 'MICROSECOND' THEN to_microseconds(n) WHEN 'MILLISECOND' THEN to_milliseconds(n)
  WHEN 'SECOND' THEN to_seconds(n) WHEN 'MINUTE' THEN to_minutes(n) WHEN 'HOUR' THEN to_hours(n)
  WHEN 'DAY' THEN to_days(CAST(n AS INTEGER)) WHEN 'WEEK' THEN to_days(CAST(n * 7 AS INTEGER)) WHEN 'MONTH' THEN to_months(CAST(n AS INTEGER))
  WHEN 'QUARTER' THEN to_months(CAST(n * 3 AS INTEGER)) WHEN 'YEAR' THEN to_months(CAST(n * 12 AS INTEGER))
  ELSE bq_error('Unsupported date part ' || part) END;
-- DuckDB's driver reads the time of an interval as nanoseconds of 64 bits.
CREATE OR REPLACE TEMP MACRO bq_make_interval(m, d, t) AS CASE WHEN abs(m) > 120000 OR abs(d) > 3660000 THEN bq_error_of(m + d, 'Interval overflow: an interval has at most 10000 years and 3660000 days') WHEN abs(t) > 9223372036854775 THEN bq_error_of(t, 'An interval of more than 2562047 hours is not supported by the embedded warehouse') ELSE to_months(CAST(m AS INTEGER)) + to_days(CAST(d AS INTEGER)) + to_microseconds(t) END;
CREATE OR REPLACE TEMP MACRO bq_interval_part(part, i) AS CAST(CASE part
  WHEN 'second' THEN datepart('second', i) WHEN 'millisecond' THEN datepart('millisecond', i) % 1000 WHEN 'microsecond' THEN datepart('microsecond', i) % 1000000 ELSE datepart(part, i) END AS BIGINT);
CREATE OR REPLACE TEMP MACRO bq_interval_days(i) AS datepart('day', i);
CREATE OR REPLACE TEMP MACRO bq_interval_micros(i) AS datepart('hour', i) * 3600000000 + datepart('minute', i) * 60000000 + datepart('microsecond', i);
CREATE OR REPLACE TEMP MACRO bq_interval_months(i) AS datepart('year', i) * 12 + datepart('month', i);
CREATE OR REPLACE TEMP MACRO bq_check_interval(i) AS bq_make_interval(bq_interval_months(i), bq_interval_days(i), bq_interval_micros(i));
CREATE OR REPLACE TEMP MACRO bq_interval_multiply(i, n) AS bq_make_interval(bq_interval_months(i) * n, bq_interval_days(i) * n, bq_interval_micros(i) * n);
-- The rest of the months counts as days, and the rest of the days as a time.
CREATE OR REPLACE TEMP MACRO bq_interval_divide(m, d, t, n) AS bq_make_interval(m // n, (d + m % n * 30) // n, (t + (d + m % n * 30) % n * 86400000000) // n);
CREATE OR REPLACE TEMP MACRO bq_interval_div(i, n) AS CASE WHEN n = 0 THEN bq_error_of(n, 'Interval division by zero') ELSE bq_interval_divide(bq_interval_months(i), bq_interval_days(i), bq_interval_micros(i), n) END;
-- Days and times, and months and days, get the same sign.
CREATE OR REPLACE TEMP MACRO bq_same_hours(m, d, t) AS CASE WHEN d > 0 AND t < 0 THEN bq_make_interval(m, d - 1, t + 86400000000) WHEN d < 0 AND t > 0 THEN bq_make_interval(m, d + 1, t - 86400000000) ELSE bq_make_interval(m, d, t) END;
CREATE OR REPLACE TEMP MACRO bq_same_days(m, d, t) AS CASE WHEN m > 0 AND d < 0 THEN bq_make_interval(m - 1, d + 30, t) WHEN m < 0 AND d > 0 THEN bq_make_interval(m + 1, d - 30, t) ELSE bq_make_interval(m, d, t) END;
CREATE OR REPLACE TEMP MACRO bq_same_all(m, d, t) AS CASE WHEN m > 0 AND (d < 0 OR (d = 0 AND t < 0)) THEN bq_same_hours(m - 1, d + 30, t) WHEN m < 0 AND (d > 0 OR (d = 0 AND t > 0)) THEN bq_same_hours(m + 1, d - 30, t) ELSE bq_same_hours(m, d, t) END;
CREATE OR REPLACE TEMP MACRO bq_all_days(i) AS bq_interval_days(i) + bq_interval_micros(i) // 86400000000;
CREATE OR REPLACE TEMP MACRO bq_justify_hours(i) AS bq_same_hours(bq_interval_months(i), bq_all_days(i), bq_interval_micros(i) % 86400000000);
CREATE OR REPLACE TEMP MACRO bq_justify_days(i) AS bq_same_days(bq_interval_months(i) + bq_interval_days(i) // 30, bq_interval_days(i) % 30, bq_interval_micros(i));
CREATE OR REPLACE TEMP MACRO bq_justify_interval(i) AS bq_same_all(bq_interval_months(i) + bq_all_days(i) // 30, bq_all_days(i) % 30, bq_interval_micros(i) % 86400000000);
CREATE OR REPLACE TEMP MACRO bq_time_add(t, n, part) AS CAST(DATE '2000-01-01' + t + bq_interval(n, part) AS TIME);
-- In BigQuery, WEEK begins on Sunday, and WEEK(MONDAY) on Monday. In DuckDB, a week begins on Monday.
CREATE OR REPLACE TEMP MACRO bq_week_shift(part) AS CASE part WHEN 'WEEK' THEN 1 WHEN 'WEEK(SUNDAY)' THEN 1 WHEN 'WEEK(SATURDAY)' THEN 2 WHEN 'WEEK(FRIDAY)' THEN 3 WHEN 'WEEK(THURSDAY)' THEN 4 WHEN 'WEEK(WEDNESDAY)' THEN 5 WHEN 'WEEK(TUESDAY)' THEN 6 ELSE 0 END;
CREATE OR REPLACE TEMP MACRO bq_part(part) AS CASE WHEN part LIKE 'WEEK(%' OR part = 'ISOWEEK' THEN 'week' ELSE lower(part) END;
CREATE OR REPLACE TEMP MACRO bq_trunc(t, part) AS CASE WHEN part = 'ISOYEAR' THEN date_trunc('week', CAST(make_date(CAST(isoyear(t) AS INTEGER), 1, 4) AS TIMESTAMP)) ELSE date_trunc(bq_part(part), t + to_days(bq_week_shift(part))) - to_days(bq_week_shift(part)) END;
-- The number of boundaries between two times. Both are moved to the start of a week before weeks are counted.
CREATE OR REPLACE TEMP MACRO bq_week_number(t, part) AS date_diff('day', DATE '0001-01-01', CAST(date_trunc('week', CAST(t AS TIMESTAMP) + to_days(bq_week_shift(part))) AS DATE)) // 7;
CREATE OR REPLACE TEMP MACRO bq_date_diff(a, b, part) AS CASE
  WHEN part LIKE 'WEEK%' OR part = 'ISOWEEK' THEN bq_week_number(a, part) - bq_week_number(b, part)
  WHEN part = 'ISOYEAR' THEN isoyear(a) - isoyear(b)
  ELSE date_diff(lower(part), b, a) END;
CREATE OR REPLACE TEMP MACRO bq_timestamp_diff(a, b, part) AS (epoch_us(a) - epoch_us(b)) // CASE part WHEN 'MICROSECOND' THEN 1 WHEN 'MILLISECOND' THEN 1000 WHEN 'SECOND' THEN 1000000 WHEN 'MINUTE' THEN 60000000 WHEN 'HOUR' THEN 3600000000 ELSE 86400000000 END;
CREATE OR REPLACE TEMP MACRO bq_last_day(t, part) AS bq_check_date(CAST(bq_trunc(CASE WHEN part = 'ISOYEAR' THEN bq_trunc(t, part) + to_days(380) ELSE bq_trunc(t, part) + CASE bq_part(part) WHEN 'year' THEN to_years(1) WHEN 'quarter' THEN to_months(3) WHEN 'month' THEN to_months(1) ELSE to_days(7) END END, part) - to_days(1) AS DATE));
CREATE OR REPLACE TEMP MACRO bq_week_of_year(t, part) AS (date_part('dayofyear', t) + 6 - (date_part('isodow', t) - 1 + bq_week_shift(part)) % 7) // 7;
CREATE OR REPLACE TEMP MACRO bq_date_array(a, b, n, part) AS CASE WHEN n = 0 THEN bq_error_of(n, 'Sequence step cannot be 0.') WHEN a IS NULL OR b IS NULL OR n IS NULL THEN NULL ELSE list_filter(list_transform(range(greatest(CASE WHEN n > 0 THEN date_diff('day', a, b) ELSE date_diff('day', b, a) END // CASE part WHEN 'DAY' THEN abs(n) WHEN 'WEEK' THEN abs(n) * 7 WHEN 'MONTH' THEN abs(n) * 28 WHEN 'QUARTER' THEN abs(n) * 90 ELSE abs(n) * 365 END + 1, 0)), lambda e: CAST(a + bq_interval(e * n, part) AS DATE)), lambda d: CASE WHEN n > 0 THEN d <= b ELSE d >= b END) END;
CREATE OR REPLACE TEMP MACRO bq_timestamp_array(a, b, n, part) AS CASE WHEN n = 0 THEN bq_error_of(n, 'Sequence step cannot be 0.') WHEN a IS NULL OR b IS NULL OR n IS NULL THEN NULL ELSE list_transform(generate_series(epoch_us(a), epoch_us(b), n * CASE part WHEN 'MICROSECOND' THEN 1 WHEN 'MILLISECOND' THEN 1000 WHEN 'SECOND' THEN 1000000 WHEN 'MINUTE' THEN 60000000 WHEN 'HOUR' THEN 3600000000 ELSE 86400000000 END), lambda e: make_timestamptz(e)) END;

-- A bound of a range is infinite if there is none.
CREATE OR REPLACE TEMP MACRO bq_bounded(b) AS CASE WHEN isfinite(b) THEN b END;
CREATE OR REPLACE TEMP MACRO bq_range(a, b) AS CASE WHEN a >= b THEN bq_error_of(a, 'Range start element must be less than range end element') ELSE {'[start': a, 'end)': b} END;
-- Numbers from 0, at least as many as a range has steps. BigQuery's documentation does not say where a step by months from the 29th to 31st ends.
CREATE OR REPLACE TEMP MACRO bq_range_steps(a, b, n, part, unit) AS CASE
  WHEN a IS NULL OR n IS NULL THEN NULL
  WHEN NOT isfinite(a) OR NOT isfinite(b) THEN bq_error_of(a, 'GENERATE_RANGE_ARRAY needs a range with both bounds')
  WHEN n <= 0 THEN bq_error_of(n, 'GENERATE_RANGE_ARRAY needs a positive interval')
  WHEN unit = 'day' AND date_part('day', CAST(a AS TIMESTAMP)) > 28 THEN bq_error_of(a, 'GENERATE_RANGE_ARRAY by months from a day after the 28th is not supported by the embedded warehouse')
  ELSE range(CAST(ceil((epoch_us(CAST(b AS TIMESTAMP)) - epoch_us(CAST(a AS TIMESTAMP))) / (n * CASE part WHEN 'SECOND' THEN 1000000.0 WHEN 'MINUTE' THEN 60000000.0 WHEN 'HOUR' THEN 3600000000.0 WHEN 'DAY' THEN 86400000000.0 WHEN 'WEEK' THEN 604800000000.0 WHEN 'MONTH' THEN 2419200000000.0 WHEN 'QUARTER' THEN 7776000000000.0 ELSE 31536000000000.0 END)) AS BIGINT)) END;

CREATE OR REPLACE TEMP MACRO bq_place_of(n) AS CASE WHEN n IS NULL THEN bq_error_of(n, 'The N value for NTH_VALUE must not be NULL') WHEN n < 1 THEN bq_error_of(n, 'The N value for NTH_VALUE must be positive') ELSE n END;
CREATE OR REPLACE TEMP MACRO bq_buckets_of(n) AS CASE WHEN n IS NULL THEN bq_error_of(n, 'The number of buckets of NTILE must not be NULL') ELSE n END;
CREATE OR REPLACE TEMP MACRO bq_no_months(i) AS CASE WHEN date_part('year', i) <> 0 OR date_part('month', i) <> 0 THEN bq_error_of(i, 'TIMESTAMP +/- INTERVAL is not supported for intervals with non-zero MONTH or YEAR part') ELSE i END;
CREATE OR REPLACE TEMP MACRO bq_offset_of(n) AS CASE WHEN n IS NULL THEN bq_error_of(n, 'Offset of LEAD and LAG must not be NULL') WHEN n < 0 THEN bq_error_of(n, 'Offset of LEAD and LAG cannot be negative') ELSE n END;
CREATE OR REPLACE TEMP MACRO bq_fraction(f) AS CASE WHEN f < 0 OR f > 1 THEN bq_error_of(f, 'The percentile must be between 0 and 1') ELSE f END;
CREATE OR REPLACE TEMP MACRO bq_percentile_cont(l, f) AS CASE WHEN f * (len(l) - 1) = floor(f * (len(l) - 1)) THEN list_extract(l, CAST(floor(bq_fraction(f) * (len(l) - 1)) AS BIGINT) + 1) WHEN list_extract(l, CAST(floor(bq_fraction(f) * (len(l) - 1)) AS BIGINT) + 1) IS NULL THEN list_extract(l, CAST(floor(f * (len(l) - 1)) AS BIGINT) + 2) WHEN list_extract(l, CAST(floor(f * (len(l) - 1)) AS BIGINT) + 1) = list_extract(l, CAST(floor(f * (len(l) - 1)) AS BIGINT) + 2) THEN list_extract(l, CAST(floor(f * (len(l) - 1)) AS BIGINT) + 1) ELSE list_extract(l, CAST(floor(f * (len(l) - 1)) AS BIGINT) + 1) * (1 - (f * (len(l) - 1) - floor(f * (len(l) - 1)))) + list_extract(l, CAST(floor(f * (len(l) - 1)) AS BIGINT) + 2) * (f * (len(l) - 1) - floor(f * (len(l) - 1))) END;
-- Of two neighbors of which the first is NULL, the second counts.
CREATE OR REPLACE TEMP MACRO bq_percentile_place(l, f) AS string_split(bqf('percentile_place', CAST(f AS VARCHAR), CAST(len(l) AS VARCHAR)), ' ');
CREATE OR REPLACE TEMP MACRO bq_percentile_decimal(l, f, middle, p) AS CASE WHEN p[2] = '1' THEN list_extract(l, CAST(p[1] AS BIGINT)) WHEN list_extract(l, CAST(p[1] AS BIGINT)) IS NULL THEN list_extract(l, CAST(p[1] AS BIGINT) + 1) ELSE middle END;
CREATE OR REPLACE TEMP MACRO bq_percentile_between(name, l, f, p) AS bqf(name, CAST(f AS VARCHAR), CAST(len(l) AS VARCHAR), CAST(list_extract(l, CAST(p[1] AS BIGINT)) AS VARCHAR), CAST(list_extract(l, CAST(p[1] AS BIGINT) + 1) AS VARCHAR));
CREATE OR REPLACE TEMP MACRO bq_percentile_numeric(l, f) AS bq_percentile_decimal(l, f, CAST(bq_percentile_between('percentile_numeric', l, f, bq_percentile_place(l, f)) AS DECIMAL(38,9)), bq_percentile_place(l, f));
CREATE OR REPLACE TEMP MACRO bq_percentile_bignumeric(l, f) AS bq_percentile_decimal(l, f, CAST(bq_percentile_between('percentile_bignumeric', l, bq_bignumeric_text(f), bq_percentile_place(l, bq_bignumeric_text(f))) AS BIGNUM), bq_percentile_place(l, bq_bignumeric_text(f)));
-- A product of decimals is exact, where 0.07 * 100 as DOUBLE is more than 7.
CREATE OR REPLACE TEMP MACRO bq_percentile_disc_numeric(l, f) AS list_extract(l, greatest(CASE WHEN bq_fraction(CAST(f AS DOUBLE)) >= 0 THEN CAST(ceil(CAST(f AS DECIMAL(10,9)) * len(l)) AS BIGINT) END, 1));
CREATE OR REPLACE TEMP MACRO bq_percentile_disc(l, f) AS list_extract(l, greatest(CAST(ceil(bq_fraction(f) * len(l)) AS BIGINT), 1));

-- Fields of CSV files. DuckDB's conversion accepts too much, and does not know a quoted empty value.
CREATE OR REPLACE TEMP MACRO bq_csv_int64(v, place) AS CASE
  WHEN v IS NULL OR v = '' THEN NULL
  WHEN rtrim(v, '0123456789') IN ('', '-') THEN v::BIGINT
  WHEN regexp_full_match(v, '\s*[+-]?[0-9]+\s*') THEN trim(v)::BIGINT
  ELSE bq_error('Could not parse ''' || v || ''' as INT64 for field ' || place) END;
CREATE OR REPLACE TEMP MACRO bq_csv_value(v, parsed, type, place) AS CASE WHEN parsed IS NULL AND v <> '' THEN bq_error('Could not parse ''' || v || ''' as ' || type || ' for field ' || place) ELSE parsed END;
