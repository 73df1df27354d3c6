-- Macros that make DuckDB's functions work like BigQuery's. Only translated statements call them.
-- DuckDB knows `typeof` when it plans a query. So a CASE over `typeof` costs nothing for each row.
CREATE OR REPLACE TEMP MACRO bq_string(x) AS CASE
  WHEN typeof(x) = 'VARCHAR' THEN x::VARCHAR
  WHEN typeof(x) LIKE 'DECIMAL%' THEN CASE WHEN contains(x::VARCHAR, '.') THEN rtrim(rtrim(x::VARCHAR, '0'), '.') ELSE x::VARCHAR END
  WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN make_timestamp(epoch_us(TRY_CAST(x AS TIMESTAMPTZ)))::VARCHAR || '+00'
  WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN regexp_replace(x::VARCHAR, '\.0$', '')
  WHEN typeof(x) = 'BLOB' THEN decode(TRY_CAST(x AS BLOB))
  ELSE x::VARCHAR END;
CREATE OR REPLACE TEMP MACRO bq_safe_string(x) AS bq_string(x);
CREATE OR REPLACE TEMP MACRO bq_bytes(x) AS CASE WHEN typeof(x) = 'BLOB' THEN TRY_CAST(x AS BLOB) ELSE encode(x::VARCHAR) END;
CREATE OR REPLACE TEMP MACRO bq_safe_bytes(x) AS bq_bytes(x);
CREATE OR REPLACE TEMP MACRO bq_safe_int64(x) AS CASE
  WHEN typeof(x) = 'VARCHAR' THEN CASE WHEN regexp_full_match(x::VARCHAR, '\s*[+-]?[0-9]+\s*') OR regexp_full_match(x::VARCHAR, '\s*[+-]?0[xX][0-9a-fA-F]+\s*') THEN TRY_CAST(x AS BIGINT) END
  WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN TRY_CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT)
  ELSE TRY_CAST(x AS BIGINT) END;
CREATE OR REPLACE TEMP MACRO bq_int64(x) AS CASE WHEN x IS NOT NULL AND bq_safe_int64(x) IS NULL THEN error('Bad int64 value: ' || x::VARCHAR) ELSE bq_safe_int64(x) END;
CREATE OR REPLACE TEMP MACRO bq_safe_float64(x) AS TRY_CAST(x AS DOUBLE);
CREATE OR REPLACE TEMP MACRO bq_float64(x) AS CASE WHEN x IS NOT NULL AND TRY_CAST(x AS DOUBLE) IS NULL THEN error('Bad double value: ' || x::VARCHAR) ELSE TRY_CAST(x AS DOUBLE) END;
CREATE OR REPLACE TEMP MACRO bq_safe_numeric(x) AS TRY_CAST(x AS DECIMAL(38,9));
CREATE OR REPLACE TEMP MACRO bq_numeric(x) AS CASE WHEN x IS NOT NULL AND TRY_CAST(x AS DECIMAL(38,9)) IS NULL THEN error('Invalid NUMERIC value: ' || x::VARCHAR) ELSE TRY_CAST(x AS DECIMAL(38,9)) END;
CREATE OR REPLACE TEMP MACRO bq_safe_bignumeric(x) AS TRY_CAST(x AS DECIMAL(38,18));
CREATE OR REPLACE TEMP MACRO bq_bignumeric(x) AS CASE WHEN x IS NOT NULL AND TRY_CAST(x AS DECIMAL(38,18)) IS NULL THEN error('Invalid BIGNUMERIC value: ' || x::VARCHAR) ELSE TRY_CAST(x AS DECIMAL(38,18)) END;
CREATE OR REPLACE TEMP MACRO bq_safe_bool(x) AS CASE WHEN typeof(x) = 'VARCHAR' THEN CASE lower(x::VARCHAR) WHEN 'true' THEN true WHEN 'false' THEN false END ELSE TRY_CAST(x AS BOOLEAN) END;
CREATE OR REPLACE TEMP MACRO bq_bool(x) AS CASE WHEN x IS NOT NULL AND bq_safe_bool(x) IS NULL THEN error('Bad bool value: ' || x::VARCHAR) ELSE bq_safe_bool(x) END;
CREATE OR REPLACE TEMP MACRO bq_safe_timestamp(x) AS CASE WHEN typeof(x) = 'DATE' OR typeof(x) = 'TIMESTAMP' THEN timezone('UTC', TRY_CAST(x AS TIMESTAMP)) ELSE TRY_CAST(x AS TIMESTAMPTZ) END;
CREATE OR REPLACE TEMP MACRO bq_timestamp(x) AS CASE WHEN x IS NOT NULL AND bq_safe_timestamp(x) IS NULL THEN error('Invalid timestamp: ''' || x::VARCHAR || '''') ELSE bq_safe_timestamp(x) END, (x, zone) AS timezone(zone, x::TIMESTAMP);
CREATE OR REPLACE TEMP MACRO bq_safe_datetime(x) AS CASE WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN timezone('UTC', TRY_CAST(x AS TIMESTAMPTZ)) ELSE TRY_CAST(x AS TIMESTAMP) END;
CREATE OR REPLACE TEMP MACRO bq_datetime(x) AS CASE WHEN x IS NOT NULL AND bq_safe_datetime(x) IS NULL THEN error('Invalid datetime string "' || x::VARCHAR || '"') ELSE bq_safe_datetime(x) END,
  (x, zone) AS timezone(zone, x::TIMESTAMPTZ),
  (y, m, d, h, i, s) AS make_timestamp(y, m, d, h, i, s);
CREATE OR REPLACE TEMP MACRO bq_safe_date(x) AS CASE WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN TRY_CAST(timezone('UTC', TRY_CAST(x AS TIMESTAMPTZ)) AS DATE) ELSE TRY_CAST(x AS DATE) END;
CREATE OR REPLACE TEMP MACRO bq_date(x) AS CASE WHEN x IS NOT NULL AND bq_safe_date(x) IS NULL THEN error('Invalid date: ''' || x::VARCHAR || '''') ELSE bq_safe_date(x) END,
  (x, zone) AS timezone(zone, x::TIMESTAMPTZ)::DATE,
  (y, m, d) AS make_date(y, m, d);
CREATE OR REPLACE TEMP MACRO bq_safe_time(x) AS CASE WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN TRY_CAST(timezone('UTC', TRY_CAST(x AS TIMESTAMPTZ)) AS TIME) ELSE TRY_CAST(x AS TIME) END;
CREATE OR REPLACE TEMP MACRO bq_time(x) AS CASE WHEN x IS NOT NULL AND bq_safe_time(x) IS NULL THEN error('Invalid time string "' || x::VARCHAR || '"') ELSE bq_safe_time(x) END;
CREATE OR REPLACE TEMP MACRO bq_json(x) AS x::JSON;
CREATE OR REPLACE TEMP MACRO bq_safe_json(x) AS TRY_CAST(x AS JSON);
CREATE OR REPLACE TEMP MACRO bq_error(x) AS error(x);

CREATE OR REPLACE TEMP MACRO bq_div(a, b) AS CASE WHEN b = 0 THEN error('division by zero: ' || a || ' / ' || b) ELSE a / b END;
CREATE OR REPLACE TEMP MACRO bq_int_div(a, b) AS CASE WHEN b = 0 THEN error('division by zero: DIV(' || a || ', ' || b || ')') ELSE a // b END;
CREATE OR REPLACE TEMP MACRO bq_mod(a, b) AS CASE WHEN b = 0 THEN error('division by zero: MOD(' || a || ', ' || b || ')') ELSE a % b END;
CREATE OR REPLACE TEMP MACRO bq_safe_divide(a, b) AS CASE WHEN b = 0 THEN NULL ELSE a / b END;
CREATE OR REPLACE TEMP MACRO bq_ieee_divide(a, b) AS a::DOUBLE / b::DOUBLE;
CREATE OR REPLACE TEMP MACRO bq_safe_add(a, b) AS TRY(a + b);
CREATE OR REPLACE TEMP MACRO bq_safe_subtract(a, b) AS TRY(a - b);
CREATE OR REPLACE TEMP MACRO bq_safe_multiply(a, b) AS TRY(a * b);
CREATE OR REPLACE TEMP MACRO bq_log(x) AS ln(x), (x, base) AS ln(x) / ln(base);

CREATE OR REPLACE TEMP MACRO bq_md5(x) AS unhex(md5(x));
CREATE OR REPLACE TEMP MACRO bq_sha1(x) AS unhex(sha1(x));
CREATE OR REPLACE TEMP MACRO bq_sha256(x) AS unhex(sha256(x));
CREATE OR REPLACE TEMP MACRO bq_to_hex(x) AS lower(hex(x));
CREATE OR REPLACE TEMP MACRO bq_from_hex(x) AS unhex(x);
CREATE OR REPLACE TEMP MACRO bq_to_base64(x) AS base64(x);
CREATE OR REPLACE TEMP MACRO bq_from_base64(x) AS from_base64(x);
CREATE OR REPLACE TEMP MACRO bq_generate_uuid() AS uuid()::VARCHAR;

CREATE OR REPLACE TEMP MACRO bq_regexp_contains(s, r) AS regexp_matches(s, r);
CREATE OR REPLACE TEMP MACRO bq_regexp_extract(s, r, g) AS CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r, g) END;
CREATE OR REPLACE TEMP MACRO bq_regexp_extract_all(s, r, g) AS regexp_extract_all(s, r, g);
CREATE OR REPLACE TEMP MACRO bq_regexp_replace(s, r, t) AS regexp_replace(s, r, t, 'g');
CREATE OR REPLACE TEMP MACRO bq_substr(s, p) AS substr(s, CASE WHEN p = 0 THEN 1 ELSE p END), (s, p, n) AS substr(s, CASE WHEN p = 0 THEN 1 ELSE p END, n);
CREATE OR REPLACE TEMP MACRO bq_split(s) AS string_split(s, ','), (s, d) AS string_split(s, d);
CREATE OR REPLACE TEMP MACRO bq_strpos(s, t) AS strpos(s, t);
CREATE OR REPLACE TEMP MACRO bq_lpad(s, n) AS lpad(s, n::INTEGER, ' '), (s, n, p) AS lpad(s, n::INTEGER, p);
CREATE OR REPLACE TEMP MACRO bq_rpad(s, n) AS rpad(s, n::INTEGER, ' '), (s, n, p) AS rpad(s, n::INTEGER, p);
CREATE OR REPLACE TEMP MACRO bq_initcap(s) AS list_aggregate(list_transform(regexp_extract_all(s, '\w+|\W+'), lambda w: upper(w[1]) || lower(w[2:])), 'string_agg', '');
CREATE OR REPLACE TEMP MACRO bq_contains_substr(s, t) AS contains(lower(s::VARCHAR), lower(t));
CREATE OR REPLACE TEMP MACRO bq_byte_length(x) AS CASE WHEN typeof(x) = 'BLOB' THEN octet_length(TRY_CAST(x AS BLOB)) ELSE octet_length(encode(x::VARCHAR)) END;

CREATE OR REPLACE TEMP MACRO bq_array_length(a) AS len(a);
CREATE OR REPLACE TEMP MACRO bq_array_reverse(a) AS list_reverse(a);
CREATE OR REPLACE TEMP MACRO bq_array_to_string(a, d) AS array_to_string(a, d), (a, d, n) AS array_to_string(list_transform(a, lambda e: coalesce(e, n)), d);
CREATE OR REPLACE TEMP MACRO bq_offset(a, i) AS CASE WHEN i < 0 OR i >= len(a) THEN error('Array index ' || i || ' is out of bounds') ELSE list_extract(a, i + 1) END;
CREATE OR REPLACE TEMP MACRO bq_safe_offset(a, i) AS CASE WHEN i >= 0 THEN list_extract(a, i + 1) END;
CREATE OR REPLACE TEMP MACRO bq_ordinal(a, i) AS CASE WHEN i < 1 OR i > len(a) THEN error('Array index ' || i || ' is out of bounds') ELSE list_extract(a, i) END;
CREATE OR REPLACE TEMP MACRO bq_safe_ordinal(a, i) AS CASE WHEN i >= 1 THEN list_extract(a, i) END;
CREATE OR REPLACE TEMP MACRO bq_each(a) AS unnest(a);
CREATE OR REPLACE TEMP MACRO bq_positions(a) AS unnest(range(len(a)));

CREATE OR REPLACE TEMP MACRO bq_current_date() AS timezone('UTC', now())::DATE, (zone) AS timezone(zone, now())::DATE;
CREATE OR REPLACE TEMP MACRO bq_current_datetime() AS timezone('UTC', now()), (zone) AS timezone(zone, now());
CREATE OR REPLACE TEMP MACRO bq_current_timestamp() AS now();
CREATE OR REPLACE TEMP MACRO bq_unix_seconds(x) AS epoch_us(x) // 1000000;
CREATE OR REPLACE TEMP MACRO bq_unix_millis(x) AS epoch_ms(x);
CREATE OR REPLACE TEMP MACRO bq_unix_micros(x) AS epoch_us(x);
CREATE OR REPLACE TEMP MACRO bq_unix_date(x) AS date_diff('day', DATE '1970-01-01', x);
CREATE OR REPLACE TEMP MACRO bq_timestamp_seconds(x) AS make_timestamptz(x::BIGINT * 1000000);
CREATE OR REPLACE TEMP MACRO bq_timestamp_millis(x) AS make_timestamptz(x::BIGINT * 1000);
CREATE OR REPLACE TEMP MACRO bq_timestamp_micros(x) AS make_timestamptz(x::BIGINT);
CREATE OR REPLACE TEMP MACRO bq_date_from_unix_date(x) AS DATE '1970-01-01' + x::INTEGER;
CREATE OR REPLACE TEMP MACRO bq_interval(n, part) AS CASE part
  WHEN 'MICROSECOND' THEN to_microseconds(n::BIGINT) WHEN 'MILLISECOND' THEN to_milliseconds(n::BIGINT)
  WHEN 'SECOND' THEN to_seconds(n::BIGINT) WHEN 'MINUTE' THEN to_minutes(n::BIGINT) WHEN 'HOUR' THEN to_hours(n::BIGINT)
  WHEN 'DAY' THEN to_days(n::INTEGER) WHEN 'WEEK' THEN to_weeks(n::INTEGER) WHEN 'MONTH' THEN to_months(n::INTEGER)
  WHEN 'QUARTER' THEN to_months((n * 3)::INTEGER) WHEN 'YEAR' THEN to_years(n::INTEGER)
  ELSE error('Unsupported interval part ' || part) END;
CREATE OR REPLACE TEMP MACRO bq_date_add(d, i) AS (d + i)::DATE;
CREATE OR REPLACE TEMP MACRO bq_date_sub(d, i) AS (d - i)::DATE;
CREATE OR REPLACE TEMP MACRO bq_timestamp_add(t, i) AS t + i;
CREATE OR REPLACE TEMP MACRO bq_timestamp_sub(t, i) AS t - i;
-- In BigQuery, WEEK begins on Sunday, and WEEK(MONDAY) on Monday. In DuckDB, a week begins on Monday.
CREATE OR REPLACE TEMP MACRO bq_week_shift(part) AS CASE part WHEN 'WEEK' THEN 1 WHEN 'WEEK(SUNDAY)' THEN 1 WHEN 'WEEK(SATURDAY)' THEN 2 WHEN 'WEEK(FRIDAY)' THEN 3 WHEN 'WEEK(THURSDAY)' THEN 4 WHEN 'WEEK(WEDNESDAY)' THEN 5 WHEN 'WEEK(TUESDAY)' THEN 6 ELSE 0 END;
CREATE OR REPLACE TEMP MACRO bq_part(part) AS CASE WHEN part LIKE 'WEEK(%' OR part = 'ISOWEEK' THEN 'week' ELSE lower(part) END;
CREATE OR REPLACE TEMP MACRO bq_trunc(t, part) AS date_trunc(bq_part(part), t + to_days(bq_week_shift(part))) - to_days(bq_week_shift(part));
CREATE OR REPLACE TEMP MACRO bq_date_trunc(d, part) AS bq_trunc(bq_date(d)::TIMESTAMP, part)::DATE;
CREATE OR REPLACE TEMP MACRO bq_datetime_trunc(t, part) AS bq_trunc(t::TIMESTAMP, part);
CREATE OR REPLACE TEMP MACRO bq_timestamp_trunc(t, part) AS timezone('UTC', bq_trunc(timezone('UTC', t::TIMESTAMPTZ), part)), (t, part, zone) AS timezone(zone, bq_trunc(timezone(zone, t::TIMESTAMPTZ), part));
CREATE OR REPLACE TEMP MACRO bq_date_diff(a, b, part) AS date_diff(bq_part(part), b + to_days(bq_week_shift(part)), a + to_days(bq_week_shift(part)));
CREATE OR REPLACE TEMP MACRO bq_timestamp_diff(a, b, part) AS date_sub(lower(part), b, a);
CREATE OR REPLACE TEMP MACRO bq_last_day(d) AS last_day(d::DATE), (d, part) AS (date_trunc(bq_part(part), d::TIMESTAMP + to_days(bq_week_shift(part))) - to_days(bq_week_shift(part)) + CASE bq_part(part) WHEN 'year' THEN to_years(1) WHEN 'quarter' THEN to_months(3) WHEN 'month' THEN to_months(1) ELSE to_days(7) END - to_days(1))::DATE;
CREATE OR REPLACE TEMP MACRO bq_extract(part, t) AS CASE part
  WHEN 'DAYOFWEEK' THEN date_part('dayofweek', t) + 1
  WHEN 'WEEK' THEN strftime(t, '%U')::BIGINT
  WHEN 'WEEK(SUNDAY)' THEN strftime(t, '%U')::BIGINT
  WHEN 'WEEK(MONDAY)' THEN strftime(t, '%W')::BIGINT
  WHEN 'ISOWEEK' THEN date_part('week', t)
  WHEN 'DAYOFYEAR' THEN date_part('dayofyear', t)
  WHEN 'MILLISECOND' THEN date_part('millisecond', t) % 1000
  WHEN 'MICROSECOND' THEN date_part('microsecond', t) % 1000000
  ELSE date_part(lower(part), t) END::BIGINT;
CREATE OR REPLACE TEMP MACRO bq_format_date(f, d) AS strftime(d, f);
CREATE OR REPLACE TEMP MACRO bq_format_timestamp(f, t) AS strftime(timezone('UTC', t), f), (f, t, zone) AS strftime(timezone(zone, t), f);
CREATE OR REPLACE TEMP MACRO bq_parse_date(f, s) AS strptime(s, f)::DATE;
CREATE OR REPLACE TEMP MACRO bq_safe_parse_date(f, s) AS try_strptime(s, f)::DATE;
CREATE OR REPLACE TEMP MACRO bq_parse_datetime(f, s) AS strptime(s, f)::TIMESTAMP;
CREATE OR REPLACE TEMP MACRO bq_safe_parse_datetime(f, s) AS try_strptime(s, f)::TIMESTAMP;
CREATE OR REPLACE TEMP MACRO bq_parse_timestamp(f, s) AS strptime(s, f)::TIMESTAMPTZ, (f, s, zone) AS timezone(zone, strptime(s, f)::TIMESTAMP);
CREATE OR REPLACE TEMP MACRO bq_safe_parse_timestamp(f, s) AS try_strptime(s, f)::TIMESTAMPTZ;

CREATE OR REPLACE TEMP MACRO bq_json_value(j, p) AS json_extract_string(j, p), (j) AS json_extract_string(j, '$');
CREATE OR REPLACE TEMP MACRO bq_json_query(j, p) AS json_extract(j, p);
CREATE OR REPLACE TEMP MACRO bq_to_json_string(x) AS to_json(x)::VARCHAR;

-- Fields of CSV files. DuckDB's conversion accepts too much, and does not know a quoted empty value.
CREATE OR REPLACE TEMP MACRO bq_csv_int64(v, place) AS CASE
  WHEN v IS NULL OR v = '' THEN NULL
  WHEN rtrim(v, '0123456789') IN ('', '-') THEN v::BIGINT
  WHEN regexp_full_match(v, '\s*[+-]?[0-9]+\s*') THEN trim(v)::BIGINT
  ELSE error('Could not parse ''' || v || ''' as INT64 for field ' || place) END;
CREATE OR REPLACE TEMP MACRO bq_csv_value(v, parsed, type, place) AS CASE WHEN parsed IS NULL AND v <> '' THEN error('Could not parse ''' || v || ''' as ' || type || ' for field ' || place) ELSE parsed END;

CREATE OR REPLACE TEMP MACRO bq_information_schema_tables(dataset) AS TABLE
  SELECT table_schema, table_name, CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type
  FROM information_schema.tables WHERE table_catalog = current_database() AND table_schema <> 'segue_catalog' AND table_schema = coalesce(dataset, table_schema);
CREATE OR REPLACE TEMP MACRO bq_information_schema_columns(dataset) AS TABLE
  SELECT table_schema, table_name, column_name, ordinal_position::BIGINT AS ordinal_position, is_nullable,
    CASE WHEN data_type LIKE 'DECIMAL(%,9)' THEN 'NUMERIC' WHEN data_type = 'BIGINT' THEN 'INT64' WHEN data_type = 'DOUBLE' THEN 'FLOAT64'
      WHEN data_type = 'VARCHAR' THEN 'STRING' WHEN data_type = 'BLOB' THEN 'BYTES' WHEN data_type = 'BOOLEAN' THEN 'BOOL'
      WHEN data_type = 'TIMESTAMP WITH TIME ZONE' THEN 'TIMESTAMP' WHEN data_type = 'TIMESTAMP' THEN 'DATETIME' ELSE data_type END AS data_type
  FROM information_schema.columns WHERE table_catalog = current_database() AND table_schema <> 'segue_catalog' AND table_schema = coalesce(dataset, table_schema);
CREATE OR REPLACE TEMP MACRO bq_information_schema_schemata(dataset) AS TABLE
  SELECT schema_name FROM information_schema.schemata WHERE catalog_name = current_database() AND schema_name NOT IN ('main', 'segue_catalog', 'information_schema', 'pg_catalog');
